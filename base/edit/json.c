/* Where a value goes in a document, and how it is laid out there: as its neighbours are.
 *
 * A new member goes after the last one, and after a comment on that line. The comma is an insertion of its own, so that the comment
 * stays with the value that it explains:
 *
 *   "a": 1  // why         "a": 1,  // why
 * }                   ->   "b": 2
 *                        } */
#include "base/edit/json.h"

#include <string.h>

int edit_json_check(struct bytes text, enum edit_json how, struct err *err) {
    struct edit_scan scan;
    int rc = edit_scan_init(&scan, text, how, err);
    edit_scan_done(&scan);
    return rc;
}

/* ---- layout ---- */

struct layout {
    const char *eol;
    struct bytes unit; /* of indentation */
    struct bytes indent;
    bool flat; /* on one line */
};

static void new_line(const struct layout *l, size_t depth, struct buf *out) {
    buf_put_str(out, l->eol);
    buf_put_bytes(out, l->indent);
    for (size_t i = 0; i < depth; i++) {
        buf_put_bytes(out, l->unit);
    }
}

/* Appends compact JSON in this layout. */
static void lay_out(const struct layout *l, const char *value, struct buf *out) {
    size_t depth = 0;
    bool text = false;
    for (const char *p = value; *p != '\0'; p++) {
        if (text || *p == '"') {
            text = *p == '"' ? !text : text;
            buf_put_u8(out, (uint8_t)*p);
            if (text && *p == '\\' && p[1] != '\0') {
                buf_put_u8(out, (uint8_t) * ++p);
            }
            continue;
        }
        if ((*p == '{' || *p == '[') && (p[1] == '}' || p[1] == ']')) {
            buf_put(out, p++, 2);
            continue;
        }
        if (*p == '}' || *p == ']') {
            depth--;
            if (!l->flat) {
                new_line(l, depth, out);
            }
        }
        buf_put_u8(out, (uint8_t)*p);
        if (*p == ':' || (*p == ',' && l->flat)) {
            buf_put_u8(out, ' ');
        }
        depth += *p == '{' || *p == '[';
        if (!l->flat && (*p == '{' || *p == '[' || *p == ',')) {
            new_line(l, depth, out);
        }
    }
}

/* The blanks at the beginning of the line that `at` is in; whole: only if nothing else is before `at` there. */
static struct bytes indent_at(const struct buf *text, size_t at, bool whole) {
    size_t line = at, end;
    while (line > 0 && text->p[line - 1] != '\n' && text->p[line - 1] != '\r') {
        line--;
    }
    for (end = line; end < at && (text->p[end] == ' ' || text->p[end] == '\t'); end++) {
    }
    if (whole && (end != at || line == 0)) return (struct bytes){NULL, 0};
    return (struct bytes){text->p + line, end - line};
}

static bool has_line_end(const struct buf *text, size_t from, size_t to) {
    struct bytes part = {text->p + from, to - from};
    return bytes_find(part, '\n') != NULL || bytes_find(part, '\r') != NULL;
}

/* The layout of a document, but for `indent` and `flat`. */
static struct layout layout_of(const struct edit_scan *scan, const struct edit_scan_value *root) {
    struct layout l = {.eol = "\n", .unit = bytes_of("  ")};
    struct edit_scan_value first;
    size_t at = 0;
    const uint8_t *line = bytes_find(bytes_of_buf(&scan->bare), '\n');
    if (line != NULL && line > scan->bare.p && line[-1] == '\r') {
        l.eol = "\r\n";
    }
    if (edit_scan_next(scan, root, &at, &first)) {
        struct bytes indent = indent_at(&scan->bare, first.name, true), outer = indent_at(&scan->bare, root->start, false);
        if (indent.n > outer.n) {
            l.unit = (struct bytes){indent.p, indent.n - outer.n};
        }
    }
    return l;
}

/* ---- insertion ---- */

/* After blanks and a comment on the same line, if there is a comment; else `at`. */
static size_t after_comment(const struct edit *edit, size_t at) {
    struct bytes text = bytes_of_buf(&edit->text);
    size_t i = at;
    while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t')) {
        i++;
    }
    if (i + 1 >= text.n || text.p[i] != '/') return at;
    if (text.p[i + 1] == '*') {
        size_t end = edit_find(text, i + 2, "*/");
        return end != SIZE_MAX ? end + 2 : at;
    }
    while (i < text.n && text.p[i] != '\n' && text.p[i] != '\r') {
        i++;
    }
    return i;
}

static int insert_first(struct edit *edit, const struct edit_scan *scan, const struct edit_scan_value *into,
                        struct layout *l, bool flat, struct buf *entry, const char *value, struct err *err) {
    struct bytes outer = indent_at(&scan->bare, into->start, false);
    size_t at = into->end - 1;
    struct buf indent = {.max = EDIT_TEXT_MAX};
    buf_put_bytes(&indent, outer);
    buf_put_bytes(&indent, l->unit);
    l->indent = bytes_of_buf(&indent);
    l->flat = flat;
    while (at > into->start + 1 && strchr(" \t\r\n", edit->text.p[at - 1]) != NULL) {
        at--;
    }
    if (!flat) {
        new_line(l, 0, entry);
    }
    lay_out(l, value, entry);
    if (!flat && !has_line_end(&edit->text, at, into->end - 1)) {
        buf_put_str(entry, l->eol);
        buf_put_bytes(entry, outer);
    }
    int rc = edit_insert(edit, at, bytes_of_buf(entry), err);
    buf_done(&indent);
    return rc;
}

static int insert_last(struct edit *edit, const struct edit_scan *scan, const struct edit_scan_value *into,
                       const struct edit_scan_value *first, const struct edit_scan_value *last, struct layout *l,
                       struct buf *entry, const char *value, struct err *err) {
    size_t at = last->end, comma = edit_scan_skip(&scan->bare, last->end);
    int rc = 0;
    l->flat = !has_line_end(&scan->bare, into->start, first->name);
    l->indent = indent_at(&scan->bare, first->name, false);
    if (comma < into->end && scan->bare.p[comma] == ',') {
        at = comma + 1;
    } else {
        rc = edit_insert(edit, at++, bytes_of(","), err);
    }
    if (l->flat) {
        buf_put_u8(entry, ' ');
    } else {
        at = after_comment(edit, at);
        new_line(l, 0, entry);
    }
    lay_out(l, value, entry);
    return rc == 0 ? edit_insert(edit, at, bytes_of_buf(entry), err) : rc;
}

/* `value`: an element, or a member with its name. */
static int insert(struct edit *edit, const struct edit_scan *scan, const struct edit_scan_value *root,
                  const struct edit_scan_value *into, const char *value, struct err *err) {
    struct buf entry = {.max = EDIT_TEXT_MAX};
    struct layout l = layout_of(scan, root);
    struct edit_scan_value first, last;
    size_t at = 0, inner = 0;
    int rc;
    if (edit_scan_next(scan, into, &at, &first)) {
        last = first;
        while (edit_scan_next(scan, into, &at, &last)) {
        }
        rc = insert_last(edit, scan, into, &first, &last, &l, &entry, value, err);
    } else {
        bool alone = !edit_scan_next(scan, root, &inner, &first);
        bool flat = !alone && !has_line_end(&scan->bare, root->start, root->end);
        rc = insert_first(edit, scan, into, &l, flat, &entry, value, err);
    }
    buf_done(&entry);
    return rc;
}

/* {"b":[VALUE]} for the names of a path that are missing. */
static void wrap(const char *const *path, size_t n, bool element, const char *value, struct buf *out) {
    for (size_t i = 0; i < n; i++) {
        buf_printf(out, "%s\"%s\":", i > 0 ? "{" : "", path[i]);
    }
    buf_printf(out, element && n > 0 ? "[%s]" : "%s", value);
    for (size_t i = 1; i < n; i++) {
        buf_put_u8(out, '}');
    }
    buf_put_u8(out, '\0');
}

static int put_in(struct edit *edit, const struct edit_scan *scan, const char *const *path, size_t n, bool element,
                  const char *value, size_t *ret_existed, struct err *err) {
    struct buf text = {.max = EDIT_TEXT_MAX};
    struct edit_scan_value root, at, next;
    size_t i = 0;
    int rc = 0;
    if (!edit_scan_root(scan, &root)) {
        wrap(path, n, element, value, &text);
        struct buf whole = {.max = EDIT_TEXT_MAX}, out = {.max = EDIT_TEXT_MAX};
        const struct layout l = {.eol = "\n", .unit = bytes_of("  ")};
        buf_printf(&whole, "{%s}", (const char *)text.p);
        buf_put_u8(&whole, '\0');
        lay_out(&l, (const char *)whole.p, &out);
        buf_put_str(&out, "\n");
        rc = edit_insert(edit, edit->text.n, bytes_of_buf(&out), err);
        buf_done(&whole);
        buf_done(&out);
        buf_done(&text);
        *ret_existed = 0;
        return rc;
    }
    for (at = root; i < n && edit_scan_member(scan, &at, path[i], &next); i++) {
        at = next;
    }
    bool fits = i < n ? edit_scan_is(scan, &at, '{') : edit_scan_is(scan, &at, '[');
    if (i == n && !element) {
        rc = 1;
    } else if (!fits) {
        rc = err_set(err, ERR_CONFLICT, "'%s' is not %s", i > 0 ? path[i - 1] : "the document",
                     i < n ? "an object" : "a list");
    } else {
        wrap(path + i, n - i, element, value, &text);
        rc = buf_check(&text, "what is inserted", err);
        if (rc == 0) rc = insert(edit, scan, &root, &at, (const char *)text.p, err);
        *ret_existed = i;
    }
    buf_done(&text);
    return rc;
}

int edit_json_put(struct edit *edit, enum edit_json how, const char *const *path, size_t n, bool element, const char *value,
                  size_t *ret_existed, struct err *err) {
    struct edit_scan scan;
    int rc = edit_scan_init(&scan, bytes_of_buf(&edit->text), how, err);
    if (rc == 0) rc = put_in(edit, &scan, path, n, element, value, ret_existed, err);
    edit_scan_done(&scan);
    return rc;
}

bool edit_json_get(struct bytes text, enum edit_json how, const char *const *path, size_t n, struct bytes *ret) {
    struct edit_scan scan;
    struct edit_scan_value at;
    size_t i = 0;
    bool found = edit_scan_init(&scan, text, how, NULL) == 0 && edit_scan_root(&scan, &at);
    while (found && i < n) {
        found = edit_scan_member(&scan, &at, path[i++], &at);
    }
    if (found) {
        *ret = (struct bytes){text.p + at.start, at.end - at.start};
    }
    edit_scan_done(&scan);
    return found;
}
