/* The scanner judges nothing: base/json parses the document first, comments blanked, so that here every string ends and every
 * bracket has its partner. Places in the blanked copies are places in the document. */
#include "base/edit/scan.h"

#include <string.h>

#include "base/json.h"

static bool is_blank(uint8_t c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

size_t edit_scan_skip(const struct buf *text, size_t at) {
    while (at < text->n && is_blank(text->p[at])) {
        at++;
    }
    return at;
}

/* After the string that begins at `at`. */
static size_t skip_string(const struct buf *text, size_t at) {
    for (at++; at < text->n && text->p[at] != '"'; at++) {
        at += text->p[at] == '\\';
    }
    return at < text->n ? at + 1 : text->n;
}

/* The comment that begins at `at` becomes blanks; line ends stay. Returns where it ends, SIZE_MAX: never. */
static size_t blank_comment(struct buf *text, size_t at) {
    bool line = text->p[at + 1] == '/';
    text->p[at] = text->p[at + 1] = ' ';
    for (at += 2; at < text->n; at++) {
        uint8_t c = text->p[at];
        if (line && (c == '\n' || c == '\r')) return at;
        if (!line && c == '*' && at + 1 < text->n && text->p[at + 1] == '/') {
            text->p[at] = text->p[at + 1] = ' ';
            return at + 2;
        }
        if (c != '\n' && c != '\r') {
            text->p[at] = ' ';
        }
    }
    return line ? at : SIZE_MAX;
}

static int blank_comments(struct buf *text, struct err *err) {
    for (size_t at = 0; at < text->n;) {
        if (text->p[at] == '"') {
            at = skip_string(text, at);
        } else if (text->p[at] == '/' && at + 1 < text->n && (text->p[at + 1] == '/' || text->p[at + 1] == '*')) {
            size_t end = blank_comment(text, at);
            if (end == SIZE_MAX) return err_set(err, ERR_INVALID, "byte %zu: the comment does not end", at);
            at = end;
        } else {
            at++;
        }
    }
    return 0;
}

/* A comma after a value and before a closing bracket. */
static void blank_last_commas(struct buf *text) {
    uint8_t before = '[';
    for (size_t at = 0; at < text->n;) {
        uint8_t c = text->p[at];
        size_t next = c == '"' ? skip_string(text, at) : at + 1;
        if (c == ',' && strchr("[{,:", before) == NULL) {
            size_t after = edit_scan_skip(text, next);
            if (after < text->n && (text->p[after] == ']' || text->p[after] == '}')) {
                text->p[at] = ' ';
            }
        }
        before = is_blank(c) ? before : c;
        at = next;
    }
}

int edit_scan_init(struct edit_scan *scan, struct bytes text, enum edit_json how, struct err *err) {
    scan->bare = (struct buf){.max = EDIT_TEXT_MAX};
    scan->plain = (struct buf){.max = EDIT_TEXT_MAX};
    buf_put_bytes(&scan->bare, text);
    int rc = buf_check(&scan->bare, "the document", err);
    if (rc == 0 && edit_bom(text) > 0) { /* editors write one, and agents read past it */
        memcpy(scan->bare.p, "  \r", 3); /* what follows begins a line */
    }
    if (rc == 0 && how == EDIT_JSONC) rc = blank_comments(&scan->bare, err);
    buf_put_bytes(&scan->plain, bytes_of_buf(&scan->bare));
    if (rc == 0) rc = buf_check(&scan->plain, "the document", err);
    if (rc == 0 && how == EDIT_JSONC) {
        blank_last_commas(&scan->plain);
    }
    size_t root = edit_scan_skip(&scan->plain, 0);
    if (rc == 0 && root < scan->plain.n) rc = json_check(bytes_of_buf(&scan->plain), err);
    if (rc == 0 && root < scan->plain.n && scan->plain.p[root] != '{') {
        rc = err_set(err, ERR_INVALID, "it is not a JSON object");
    }
    return rc;
}

void edit_scan_done(struct edit_scan *scan) {
    buf_done(&scan->bare);
    buf_done(&scan->plain);
}

/* After the value that begins at `at`. */
static size_t skip_value(const struct buf *text, size_t at) {
    size_t depth = 0;
    if (text->p[at] != '"' && text->p[at] != '{' && text->p[at] != '[') {
        while (at < text->n && !is_blank(text->p[at]) && strchr(",]}", text->p[at]) == NULL) {
            at++;
        }
        return at;
    }
    do {
        uint8_t c = text->p[at];
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        at = c == '"' ? skip_string(text, at) : at + 1;
    } while (depth > 0 && at < text->n);
    return at;
}

bool edit_scan_root(const struct edit_scan *scan, struct edit_scan_value *ret) {
    size_t at = edit_scan_skip(&scan->plain, 0);
    if (at == scan->plain.n) return false;
    *ret = (struct edit_scan_value){at, skip_value(&scan->plain, at), at};
    return true;
}

bool edit_scan_is(const struct edit_scan *scan, const struct edit_scan_value *value, char open) {
    return scan->plain.p[value->start] == open;
}

bool edit_scan_next(const struct edit_scan *scan, const struct edit_scan_value *of, size_t *at,
                    struct edit_scan_value *ret) {
    const struct buf *text = &scan->plain;
    size_t i = edit_scan_skip(text, *at == 0 ? of->start + 1 : *at);
    i = i < of->end && text->p[i] == ',' ? edit_scan_skip(text, i + 1) : i;
    if (i + 1 >= of->end) return false;
    ret->name = ret->start = i;
    if (edit_scan_is(scan, of, '{')) {
        i = edit_scan_skip(text, skip_string(text, i));
        ret->start = edit_scan_skip(text, i + 1);
    }
    ret->end = *at = skip_value(text, ret->start);
    return true;
}

bool edit_scan_member(const struct edit_scan *scan, const struct edit_scan_value *of, const char *name,
                      struct edit_scan_value *ret) {
    size_t n = strlen(name);
    struct edit_scan_value member;
    if (!edit_scan_is(scan, of, '{')) return false;
    for (size_t at = 0; edit_scan_next(scan, of, &at, &member);) {
        const uint8_t *p = scan->plain.p + member.name;
        if (member.start - member.name >= n + 2 && memcmp(p + 1, name, n) == 0 && p[n + 1] == '"') {
            *ret = member;
            return true;
        }
    }
    return false;
}

struct bytes edit_scan_bytes(const struct edit_scan *scan, const struct edit_scan_value *value) {
    return (struct bytes){scan->plain.p + value->start, value->end - value->start};
}
