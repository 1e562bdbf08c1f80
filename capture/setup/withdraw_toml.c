/* Taking tables back from TOML that somebody changed meanwhile: each insertion whole while it is there, whatever its line ends; else
 * its hook or its exporters alone. What is still found after that is named, and nothing is removed. */
#include <stdio.h>
#include <string.h>

#include "base/edit/toml.h"
#include "capture/setup/insert.h"

/* The statement after an insertion belongs to it if it is a pair: somebody has extended our table. */
static bool is_extended(struct bytes text, size_t at) {
    struct edit_toml_item item;
    return edit_toml_next(text, &at, &item, NULL) != 0 ? at < text.n : item.what == EDIT_TOML_PAIR;
}

/* The insertion with these line ends. */
static void with_line_ends(struct bytes inserted, const char *eol, struct buf *out) {
    buf_clear(out);
    for (size_t i = 0; i < inserted.n; i++) {
        if (inserted.p[i] == '\n') {
            buf_put_str(out, eol);
        } else if (inserted.p[i] != '\r') {
            buf_put_u8(out, inserted.p[i]);
        }
    }
}

static void withdraw_block(struct bytes block, struct buf *text) {
    struct bytes all = bytes_of_buf(text);
    const uint8_t *found = block.n > 0 && all.n > 0 ? memmem(all.p, all.n, block.p, block.n) : NULL;
    if (found == NULL) return;
    size_t at = (size_t)(found - all.p);
    bool line = at == 0 || all.p[at - 1] == '\n' || block.p[0] == '\n' || block.p[0] == '\r';
    bool table = bytes_find(block, '[') != NULL && edit_find(block, 0, SETUP_NOTIFY) == SIZE_MAX;
    if (line && (!table || !is_extended(all, at + block.n))) {
        edit_cut(text, at, block.n);
    }
}

/* Removes each insertion that is still there as it was but for line ends. */
static int withdraw_blocks(const struct setup_record *record, struct buf *text, struct err *err) {
    struct buf block = {.max = EDIT_TEXT_MAX};
    int rc = 0;
    for (size_t i = record->edit.n; rc == 0 && i > 0; i--) {
        const struct edit_splice *s = &record->edit.splices[i - 1];
        if (s->moved) continue;
        const struct bytes inserted = {record->edit.inserted.p + s->from, s->n};
        with_line_ends(inserted, "\n", &block);
        withdraw_block(bytes_of_buf(&block), text);
        with_line_ends(inserted, "\r\n", &block);
        withdraw_block(bytes_of_buf(&block), text);
        rc = buf_check(&block, "an insertion", err);
    }
    buf_done(&block);
    return rc;
}

static bool is_same_list(struct bytes a, struct bytes b) {
    struct bytes x, y;
    for (size_t i = 0, j = 0;;) {
        bool more = edit_toml_element(a, &i, &x);
        if (more != edit_toml_element(b, &j, &y)) return false;
        if (!more || !bytes_eq(x, y)) return !more;
    }
}

/* The program for the end of a turn, however its line is laid out now. */
static void withdraw_notify(const struct setup_record *record, struct buf *text) {
    struct bytes inserted = bytes_of_buf(&record->edit.inserted);
    size_t from = edit_find(inserted, 0, SETUP_NOTIFY);
    struct edit_toml_item item;
    if (from == SIZE_MAX) return;
    from += strlen(SETUP_NOTIFY);
    struct bytes list = {inserted.p + from, inserted.n - from};
    for (size_t at = 0; edit_toml_next(bytes_of_buf(text), &at, &item, NULL) == 0 && item.what == EDIT_TOML_PAIR;) {
        if (strcmp(item.key, "notify") == 0 && is_same_list(item.value, list)) {
            edit_cut(text, item.start, item.end - item.start);
            return;
        }
    }
}

struct span {
    size_t start, end;
};

/* The first handler with the mark: its table, and the group's head before it if it is the group's only one. */
static int find_handler(struct bytes text, const char *mark, struct span *ret, bool *ret_found, struct err *err) {
    struct edit_toml_item item;
    struct span group = {0}, table = {0};
    size_t at = 0, in_group = 0;
    bool hook = false, done = false;
    int rc;
    *ret_found = false;
    while ((rc = edit_toml_next(text, &at, &item, err)) == 0 && !done) {
        if (item.what == EDIT_TOML_PAIR) {
            table.end = item.end;
            if (hook && strcmp(item.key, "command") == 0 && !*ret_found && edit_find(item.value, 0, mark) != SIZE_MAX) {
                *ret_found = true;
            }
            if (!hook && !*ret_found) {
                group.end = 0; /* it has settings of its own */
            }
            ret->end = *ret_found ? item.end : ret->end;
            continue;
        }
        bool head = item.what == EDIT_TOML_ARRAY && strncmp(item.key, "hooks.", 6) == 0;
        bool handler = head && strlen(item.key) > 6 && strcmp(item.key + strlen(item.key) - 6, ".hooks") == 0;
        if (*ret_found) {
            done = true;
            in_group += handler; /* another one follows in the same group */
            break;
        }
        hook = handler;
        in_group = handler ? in_group + 1 : 0;
        table = (struct span){item.start, item.end};
        if (head && !handler) {
            group = table;
        } else if (!head) {
            group.end = 0;
        }
    }
    if (rc < 0) return rc;
    ret->start = in_group == 1 && group.end != 0 ? group.start : table.start;
    return 0;
}

/* Cuts statements, and the blank line that was inserted before them. */
static void cut_lines(struct buf *text, struct span span, bool blank_too) {
    size_t at = span.start;
    if (blank_too && at > 0 && text->p[at - 1] == '\n') {
        size_t before = at - 1 - (at > 1 && text->p[at - 2] == '\r');
        at = before == 0 || text->p[before - 1] == '\n' ? before : at;
    }
    edit_cut(text, at, span.end - at);
}

/* ---- telemetry ---- */

/* Is it this value but for blanks? */
static bool is_value(struct bytes value, const char *wanted) {
    size_t at = 0;
    for (;; wanted++) {
        while (at < value.n && (value.p[at] == ' ' || value.p[at] == '\t')) {
            at++;
        }
        if (*wanted == ' ') continue;
        if (*wanted == '\0' || at == value.n) return *wanted == '\0' && at == value.n;
        if (value.p[at++] != (uint8_t)*wanted) return false;
    }
}

static bool is_exporter(const struct edit_toml_item *item, const char *otlp) {
    const char *what = strcmp(item->key, "exporter") == 0         ? "logs"
                       : strcmp(item->key, "trace_exporter") == 0 ? "traces"
                                                                  : NULL;
    char wanted[400];
    if (what == NULL) return false;
    snprintf(wanted, sizeof(wanted), SETUP_EXPORTER, otlp, what);
    return is_value(item->value, wanted);
}

/* Our exporters out of [otel]; its head too if nothing else is in it. */
static void withdraw_otel(const struct setup_record *record, struct buf *text) {
    struct edit_toml_item item;
    struct span head = {0};
    bool in = false, cut = false;
    size_t at = 0, others = 0, end = 0;
    while (edit_toml_next(bytes_of_buf(text), &at, &item, NULL) == 0) {
        if (item.what != EDIT_TOML_PAIR) {
            end = in ? item.start : end;
            in = item.what == EDIT_TOML_TABLE && strcmp(item.key, "otel") == 0;
            head = in ? (struct span){item.start, item.end} : head;
        } else if (in && is_exporter(&item, record->otlp)) {
            edit_cut(text, item.start, item.end - item.start);
            at = item.start;
            cut = true;
        } else {
            others += in;
        }
    }
    end = in ? text->n : end;
    if (cut && others == 0 && head.end <= end &&
        bytes_find((struct bytes){text->p + head.end, end - head.end}, '#') == NULL) {
        cut_lines(text, head, true);
    }
}

/* ---- all of it ---- */

/* ERR_CONFLICT with the lines of `all`, the settings as they are, in which something of ours would be left. */
static int check_left(struct bytes all, struct bytes text, const char *mark, const struct setup_record *record,
                      struct err *err) {
    struct edit_toml_item item;
    char endpoint[300] = "", lines[128] = "";
    size_t at = 0, n = 0;
    if (record != NULL && record->otlp[0] != '\0') {
        snprintf(endpoint, sizeof(endpoint), "http://%s/v1/", record->otlp);
    }
    while (edit_toml_next(text, &at, &item, NULL) == 0) {
        if (item.what != EDIT_TOML_PAIR || (edit_find(item.value, 0, mark) == SIZE_MAX &&
                                            (endpoint[0] == '\0' || edit_find(item.value, 0, endpoint) == SIZE_MAX))) {
            continue;
        }
        const uint8_t *there = memmem(all.p, all.n, text.p + item.start, item.end - item.start);
        size_t line = 1;
        for (const uint8_t *p = all.p; there != NULL && p < there; p++) {
            line += *p == '\n';
        }
        if (n < 100) {
            n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s%zu", n > 0 ? ", " : "", line);
        }
    }
    if (n == 0) return 0;
    return err_set(err, ERR_CONFLICT,
                   "what setup inserted was rewritten (line %s); nothing was removed: remove that, then undo again", lines);
}

static int withdraw_all(const char *mark, const struct setup_record *record, struct buf *text, struct err *err) {
    bool found = true;
    int rc = record != NULL ? withdraw_blocks(record, text, err) : 0;
    if (rc == 0 && record != NULL) withdraw_notify(record, text);
    while (rc == 0 && found) {
        struct span span = {0};
        rc = find_handler(bytes_of_buf(text), mark, &span, &found, err);
        if (rc == 0 && found) {
            cut_lines(text, span, record != NULL);
        }
    }
    if (rc == 0 && record != NULL && record->otlp[0] != '\0') {
        withdraw_otel(record, text);
    }
    return rc;
}

int setup_withdraw_toml(const char *own, const struct setup_record *record, struct buf *text, bool *ret_empty,
                        struct err *err) {
    struct edit_toml_item item;
    struct buf all = {.max = EDIT_TEXT_MAX};
    size_t at = 0;
    buf_put_bytes(&all, bytes_of_buf(text));
    int rc = buf_check(&all, "the settings", err);
    if (rc == 0) rc = withdraw_all(own, record, text, err);
    if (rc == 0) rc = check_left(bytes_of_buf(&all), bytes_of_buf(text), own, record, err);
    *ret_empty = edit_toml_next(bytes_of_buf(text), &at, &item, NULL) == 1 && bytes_find(bytes_of_buf(text), '#') == NULL;
    buf_done(&all);
    return rc;
}
