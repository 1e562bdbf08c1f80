/* Tokenizes the text like SQLite, as far as brackets are concerned. Parameters are refused because nothing gives them a value,
 * and because Tcl's, $name(...), contain brackets and quotes with another meaning. */
#include "cli/log/expression.h"

#include <string.h>

/* The byte after a quoted text or comment that begins at `i`; `i` if none begins there. SIZE_MAX: it does not end. */
static size_t skip_quoted(struct bytes sql, size_t i) {
    static const char opens[] = "'\"`[", closes[] = "'\"`]";
    uint8_t c = sql.p[i], next = i + 1 < sql.n ? sql.p[i + 1] : 0;
    if (c == '-' && next == '-') {
        const uint8_t *end = memchr(sql.p + i, '\n', sql.n - i);
        return end ? (size_t)(end - sql.p) : sql.n;
    }
    if (c == '/' && next == '*') {
        const uint8_t *end = memmem(sql.p + i + 2, sql.n - i - 2, "*/", 2);
        return end ? (size_t)(end - sql.p) + 2 : SIZE_MAX;
    }
    const char *open = c != '\0' ? strchr(opens, c) : NULL;
    if (!open) return i;
    const uint8_t *end = memchr(sql.p + i + 1, closes[open - opens], sql.n - i - 1);
    return end ? (size_t)(end - sql.p) + 1 : SIZE_MAX; /* a doubled quote opens the next text */
}

int expression_check(struct bytes sql, struct err *err) {
    size_t depth = 0;
    for (size_t i = 0; i < sql.n;) {
        size_t after = skip_quoted(sql, i);
        if (after == SIZE_MAX) {
            return err_set(err, ERR_INVALID, "at byte %zu: unterminated quote or comment", i);
        }
        if (after > i) {
            i = after;
            continue;
        }
        if (memchr(";$@#:?", sql.p[i], 6) != NULL || (sql.p[i] == ')' && depth == 0)) {
            return err_set(err, ERR_INVALID, "at byte %zu: '%c' is not allowed in an expression", i, sql.p[i]);
        }
        depth += sql.p[i] == '(' ? 1 : 0;
        depth -= sql.p[i] == ')' ? 1 : 0;
        i++;
    }
    return depth == 0 ? 0 : err_set(err, ERR_INVALID, "at byte %zu: a ')' is missing", sql.n);
}
