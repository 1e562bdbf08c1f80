/* The reader follows TOML 1.0's grammar: keys, four kinds of strings, arrays over several lines, inline tables on one. Numbers
 * and dates are only told from what cannot be one; names that are defined twice are found by toml_names.
 *
 * Depth is bounded, and every step moves forward. */
#include "base/edit/toml.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

#define DEPTH_MAX 128 /* each level is a call */

struct reader {
    struct bytes text;
    size_t at;
    const char *wrong; /* what is wrong at `at`; NULL: nothing */
};

static int look(const struct reader *r, size_t ahead) {
    return r->at + ahead < r->text.n ? r->text.p[r->at + ahead] : -1;
}

static bool fail(struct reader *r, const char *why) {
    r->wrong = r->wrong != NULL ? r->wrong : why;
    return false;
}

static bool has(const struct reader *r, const char *word) {
    size_t n = strlen(word);
    return r->text.n - r->at >= n && memcmp(r->text.p + r->at, word, n) == 0;
}

static void skip_blanks(struct reader *r) {
    while (look(r, 0) == ' ' || look(r, 0) == '\t') {
        r->at++;
    }
}

static bool at_line_end(const struct reader *r) {
    return look(r, 0) == '\n' || has(r, "\r\n");
}

/* To the end of the line, or of the text. */
static bool skip_comment(struct reader *r) {
    while (look(r, 0) >= 0 && !at_line_end(r)) {
        int c = look(r, 0);
        if ((c < ' ' && c != '\t') || c == 127) return fail(r, "a control character in a comment");
        r->at++;
    }
    return true;
}

/* Blanks, comments and line ends. */
static bool skip_lines(struct reader *r) {
    for (;;) {
        skip_blanks(r);
        if (look(r, 0) == '#') {
            if (!skip_comment(r)) return false;
        } else if (at_line_end(r)) {
            r->at += look(r, 0) == '\r' ? 2 : 1;
        } else {
            return true;
        }
    }
}

static bool skip_escape(struct reader *r) {
    int c = look(r, 1);
    size_t digits = c == 'u' ? 4 : c == 'U' ? 8 : 0;
    if (c < 0 || c == 0 || strchr("btnfr\"\\uU", c) == NULL) return fail(r, "an unknown escape in a string");
    r->at += 2;
    for (; digits > 0; digits--, r->at++) {
        c = look(r, 0);
        if (c <= 0 || strchr("0123456789abcdefABCDEF", c) == NULL) return fail(r, "an unfinished escape in a string");
    }
    return true;
}

static bool skip_long_string(struct reader *r, const char *quotes) {
    bool basic = quotes[0] == '"';
    for (r->at += 3; !has(r, quotes);) {
        int c = look(r, 0);
        if (c < 0) return fail(r, "a string that does not end");
        if ((c < ' ' && c != '\t' && c != '\n' && !has(r, "\r\n")) || c == 127)
            return fail(r, "a control character in a string");
        if (basic && c == '\\' && (look(r, 1) == ' ' || look(r, 1) == '\t' || look(r, 1) == '\n' || look(r, 1) == '\r')) {
            size_t from = ++r->at;
            skip_blanks(r);
            if (!at_line_end(r)) {
                r->at = from;
                return fail(r, "an unknown escape in a string");
            }
        } else if (basic && c == '\\') {
            if (!skip_escape(r)) return false;
        } else {
            r->at++;
        }
    }
    r->at += 3;
    for (int i = 0; i < 2 && look(r, 0) == quotes[0]; i++) { /* up to two quotes before the closing ones */
        r->at++;
    }
    return true;
}

static bool skip_string(struct reader *r) {
    int quote = look(r, 0);
    for (r->at++; look(r, 0) != quote;) {
        int c = look(r, 0);
        if (c < 0 || c == '\n' || c == '\r') return fail(r, "a string that does not end");
        if ((c < ' ' && c != '\t') || c == 127) return fail(r, "a control character in a string");
        if (quote == '"' && c == '\\') {
            if (!skip_escape(r)) return false;
        } else {
            r->at++;
        }
    }
    r->at++;
    return true;
}

static bool is_bare(int c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool read_key(struct reader *r, char key[EDIT_TOML_KEY_MAX]) {
    size_t n = 0;
    for (;;) {
        skip_blanks(r);
        size_t from = r->at;
        bool quoted = look(r, 0) == '"' || look(r, 0) == '\'';
        if (quoted && !skip_string(r)) return false;
        while (!quoted && is_bare(look(r, 0))) {
            r->at++;
        }
        if (r->at == from) return fail(r, "a name is missing");
        size_t len = r->at - from - 2 * quoted;
        int put = snprintf(key + n, EDIT_TOML_KEY_MAX - n, "%s%.*s", n > 0 ? "." : "", (int)(len > 200 ? 200 : len),
                           (const char *)r->text.p + from + quoted);
        n = n + (size_t)put < EDIT_TOML_KEY_MAX ? n + (size_t)put : EDIT_TOML_KEY_MAX - 1;
        skip_blanks(r);
        if (look(r, 0) != '.') return true;
        r->at++;
    }
}

/* A number, a date, a word. */
static bool skip_plain(struct reader *r) {
    static const char *const words[] = {"true", "false", "inf", "nan", "+inf", "-inf", "+nan", "-nan"};
    size_t from = r->at;
    while (is_bare(look(r, 0)) || (look(r, 0) > 0 && strchr("+.:", look(r, 0)) != NULL)) {
        r->at++;
    }
    if (r->at - from == 10 && look(r, 0) == ' ' && look(r, 1) >= '0' && look(r, 1) <= '2' && look(r, 3) == ':') {
        for (r->at++;
             is_bare(look(r, 0)) || (look(r, 0) > 0 && strchr("+.:", look(r, 0)) != NULL);) { /* a date and a time */
            r->at++;
        }
    }
    struct bytes word = {r->text.p + from, r->at - from};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (bytes_is(word, words[i])) return true;
    }
    size_t digit = word.n > 1 && (word.p[0] == '+' || word.p[0] == '-');
    if (word.n > digit && word.p[digit] >= '0' && word.p[digit] <= '9') return true;
    r->at = from;
    return fail(r, "a value is missing, or is not one of TOML");
}

static bool skip_value(struct reader *r, unsigned depth);

static bool skip_array(struct reader *r, unsigned depth) {
    for (r->at++;;) {
        if (!skip_lines(r)) return false;
        if (look(r, 0) != ']' && (!skip_value(r, depth + 1) || !skip_lines(r))) return false;
        if (look(r, 0) == ']') break;
        if (look(r, 0) != ',') return fail(r, "a list that does not end, or a comma is missing in it");
        r->at++;
    }
    r->at++;
    return true;
}

static bool skip_inline_table(struct reader *r, unsigned depth) {
    char key[EDIT_TOML_KEY_MAX];
    r->at++;
    skip_blanks(r);
    for (bool first = true; !(first && look(r, 0) == '}'); first = false) {
        if (!read_key(r, key)) return false;
        if (look(r, 0) != '=') return fail(r, "an equals sign is missing");
        r->at++;
        skip_blanks(r);
        if (!skip_value(r, depth + 1)) return false;
        skip_blanks(r);
        if (look(r, 0) == '}') break;
        if (look(r, 0) != ',') return fail(r, "an inline table that does not end on its line, or a comma is missing in it");
        r->at++;
    }
    r->at++;
    return true;
}

static bool skip_value(struct reader *r, unsigned depth) {
    if (depth > DEPTH_MAX) return fail(r, "values nested too deeply");
    if (has(r, "\"\"\"")) return skip_long_string(r, "\"\"\"");
    if (has(r, "'''")) return skip_long_string(r, "'''");
    if (look(r, 0) == '"' || look(r, 0) == '\'') return skip_string(r);
    if (look(r, 0) == '[') return skip_array(r, depth);
    if (look(r, 0) == '{') return skip_inline_table(r, depth);
    return skip_plain(r);
}

bool edit_toml_member(struct bytes table, const char *key, struct bytes *ret) {
    struct reader r = {.text = table, .at = 1};
    char name[EDIT_TOML_KEY_MAX];
    if (table.n == 0 || table.p[0] != '{') return false;
    for (;; r.at++) {
        skip_blanks(&r);
        if (!read_key(&r, name) || look(&r, 0) != '=') return false;
        r.at++;
        skip_blanks(&r);
        size_t from = r.at;
        if (!skip_value(&r, 0)) return false;
        if (strcmp(name, key) == 0) {
            *ret = (struct bytes){table.p + from, r.at - from};
            return true;
        }
        skip_blanks(&r);
        if (look(&r, 0) != ',') return false;
    }
}

bool edit_toml_element(struct bytes array, size_t *at, struct bytes *ret) {
    struct reader r = {.text = array, .at = *at == 0 ? 1 : *at};
    if (array.n == 0 || array.p[0] != '[' || !skip_lines(&r)) return false;
    if (*at != 0 && look(&r, 0) == ',') {
        r.at++;
        if (!skip_lines(&r)) return false;
    }
    size_t from = r.at;
    if (look(&r, 0) == ']' || !skip_value(&r, 0)) return false;
    *ret = (struct bytes){array.p + from, r.at - from};
    *at = r.at;
    return true;
}

static bool read_head(struct reader *r, struct edit_toml_item *ret) {
    bool array = look(r, 1) == '[';
    ret->what = array ? EDIT_TOML_ARRAY : EDIT_TOML_TABLE;
    r->at += array ? 2 : 1;
    size_t from = r->at;
    if (!read_key(r, ret->key)) return false;
    ret->name = (struct bytes){r->text.p + from, r->at - from};
    if (!has(r, array ? "]]" : "]")) return fail(r, "the head of a table does not end");
    r->at += array ? 2 : 1;
    return true;
}

static bool read_pair(struct reader *r, struct edit_toml_item *ret) {
    ret->what = EDIT_TOML_PAIR;
    size_t from = r->at;
    if (!read_key(r, ret->key)) return false;
    ret->name = (struct bytes){r->text.p + from, r->at - from};
    if (look(r, 0) != '=') return fail(r, "an equals sign is missing");
    r->at++;
    skip_blanks(r);
    from = r->at;
    if (!skip_value(r, 0)) return false;
    ret->value = (struct bytes){r->text.p + from, r->at - from};
    return true;
}

static int report(const struct reader *r, struct err *err) {
    size_t line = 1;
    for (size_t i = 0; i < r->at && i < r->text.n; i++) {
        line += r->text.p[i] == '\n';
    }
    return err_set(err, ERR_INVALID, "line %zu: %s", line, r->wrong);
}

int edit_toml_next(struct bytes text, size_t *at, struct edit_toml_item *ret, struct err *err) {
    size_t bom = edit_bom(text);
    struct reader r = {.text = text, .at = *at > bom ? *at : bom};
    struct edit_toml_item item = {0};
    if (!skip_lines(&r)) return report(&r, err);
    if (r.at == text.n) {
        *at = r.at;
        return 1;
    }
    size_t start = r.at;
    while (start > bom && text.p[start - 1] != '\n') {
        start--;
    }
    bool good = look(&r, 0) == '[' ? read_head(&r, &item) : read_pair(&r, &item);
    if (good) {
        skip_blanks(&r);
        good = look(&r, 0) != '#' || skip_comment(&r);
    }
    if (good && r.at < text.n && !at_line_end(&r)) {
        good = fail(&r, "more on the line than one statement");
    }
    if (!good) return report(&r, err);
    if (r.at < text.n) {
        r.at += look(&r, 0) == '\r' ? 2 : 1;
    }
    item.start = start;
    item.end = *at = r.at;
    *ret = item;
    return 0;
}

int edit_toml_check(struct bytes text, struct err *err) {
    struct edit_toml_item item;
    size_t at = 0, good = text_utf8_valid(text.p, text.n);
    int rc;
    if (good < text.n) return err_set(err, ERR_INVALID, "byte %zu: it is not UTF-8", good);
    struct toml_names names = {0};
    while ((rc = edit_toml_next(text, &at, &item, err)) == 0) {
        rc = toml_names_add(&names, item.what, item.name);
        if (rc == 0) continue;
        struct reader r = {.text = text, .at = item.start, .wrong = "a name that is defined already"};
        rc = rc == ERR_NOMEM ? err_set(err, rc, "out of memory") : report(&r, err);
        break;
    }
    toml_names_done(&names);
    return rc == 1 ? 0 : rc;
}
