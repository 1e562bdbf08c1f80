/* Removes entries from a JSON document that was changed since they were inserted. Only what is ours goes: blanks beside it with
 * it, comments stay. */
#include <string.h>

#include "base/edit/json.h"

static bool only_blanks(struct bytes text, size_t from, size_t to) {
    while (from < to && strchr(" \t\r\n", text.p[from]) != NULL) {
        from++;
    }
    return from >= to;
}

/* Removes the `nth` element or member of a container. */
static void cut_nth(struct buf *text, const struct edit_scan *scan, const struct edit_scan_value *of, size_t nth) {
    struct bytes all = bytes_of_buf(text);
    struct edit_scan_value before = {0}, self = {0};
    size_t at = 0;
    for (size_t i = 0; i <= nth; i++) {
        before = self;
        if (!edit_scan_next(scan, of, &at, &self)) return;
    }
    size_t comma = edit_scan_skip(&scan->bare, self.end);
    bool follows = comma < of->end && scan->bare.p[comma] == ',';
    if (nth > 0) {
        size_t own = edit_scan_skip(&scan->bare, before.end);
        bool joined = only_blanks(all, own + 1, self.name);
        size_t from = joined ? own : self.name;
        edit_cut(text, from, self.end - from);
        if (!joined) {
            edit_cut(text, own, 1);
        }
        return;
    }
    size_t end = follows ? comma + 1 : self.end;
    size_t next = edit_scan_skip(&scan->bare, end);
    end = only_blanks(all, end, next) ? next : end;
    size_t from = !follows && only_blanks(all, of->start + 1, self.name) ? of->start + 1 : self.name;
    edit_cut(text, from, end - from);
}

/* The number of the first object of the array whose command has the mark; SIZE_MAX: none. */
static size_t find_mark(const struct edit_scan *scan, const struct edit_scan_value *array, const char *mark,
                        size_t *ret_n) {
    struct edit_scan_value hook, command;
    size_t found = SIZE_MAX, n = 0;
    for (size_t at = 0; edit_scan_is(scan, array, '[') && edit_scan_next(scan, array, &at, &hook); n++) {
        if (found == SIZE_MAX && edit_scan_member(scan, &hook, "command", &command) &&
            edit_find(edit_scan_bytes(scan, &command), 0, mark) != SIZE_MAX) {
            found = n;
        }
    }
    *ret_n = n;
    return found;
}

struct drop {
    const char *inner, *mark;
    edit_json_emptied *emptied;
    void *ctx;
};

/* Removes one object of this array of groups; with it its group and the array when they have nothing else. */
static bool drop_one(struct buf *text, const struct edit_scan *scan, const struct edit_scan_value *hooks, size_t nth_event,
                     const struct edit_scan_value *event, const struct drop *d) {
    struct edit_scan_value group, inner;
    size_t at = 0, n_groups = 0, nth = 0, n_hooks = 0, hook = SIZE_MAX, of = 0;
    struct edit_scan_value found = {0};
    for (; edit_scan_is(scan, event, '[') && edit_scan_next(scan, event, &at, &group); n_groups++) {
        if (hook == SIZE_MAX && edit_scan_member(scan, &group, d->inner, &inner)) {
            hook = find_mark(scan, &inner, d->mark, &n_hooks);
            found = inner;
            nth = n_groups;
            of = n_hooks;
        }
    }
    if (hook == SIZE_MAX) return false;
    struct bytes name = {scan->plain.p + event->name + 1, 0};
    name.n = (size_t)((const uint8_t *)memchr(name.p, '"', event->start - event->name) - name.p);
    if (of > 1) {
        cut_nth(text, scan, &found, hook);
    } else if (n_groups > 1 || !d->emptied(d->ctx, name)) {
        cut_nth(text, scan, event, nth);
    } else {
        cut_nth(text, scan, hooks, nth_event);
    }
    return true;
}

/* One pass over all arrays: removes the first object found. */
static int drop_first(struct buf *text, enum edit_json how, const char *name, const struct drop *d, struct err *err) {
    struct edit_scan scan;
    struct edit_scan_value root, hooks, event;
    bool dropped = false;
    int rc = edit_scan_init(&scan, bytes_of_buf(text), how, err);
    if (rc == 0 && edit_scan_root(&scan, &root) && edit_scan_member(&scan, &root, name, &hooks) &&
        edit_scan_is(&scan, &hooks, '{')) {
        size_t nth = 0;
        for (size_t at = 0; !dropped && edit_scan_next(&scan, &hooks, &at, &event); nth++) {
            dropped = drop_one(text, &scan, &hooks, nth, &event, d);
        }
    }
    edit_scan_done(&scan);
    return rc != 0 ? rc : dropped;
}

int edit_json_drop(struct buf *text, enum edit_json how, const char *name, const char *inner, const char *mark,
                   edit_json_emptied *emptied, void *ctx, struct err *err) {
    const struct drop d = {inner, mark, emptied, ctx};
    int n = 0, rc;
    while ((rc = drop_first(text, how, name, &d, err)) == 1) {
        n++;
    }
    return rc < 0 ? rc : n;
}

int edit_json_count(struct bytes text, enum edit_json how, const char *name, const char *inner, const char *mark,
                    const char *whole, size_t *ret_n, size_t *ret_whole, struct err *err) {
    struct edit_scan scan;
    struct edit_scan_value root, hooks, event, group, list, hook, command;
    *ret_n = *ret_whole = 0;
    int rc = edit_scan_init(&scan, text, how, err);
    bool has = rc == 0 && edit_scan_root(&scan, &root) && edit_scan_member(&scan, &root, name, &hooks) &&
               edit_scan_is(&scan, &hooks, '{');
    for (size_t at = 0; has && edit_scan_next(&scan, &hooks, &at, &event);) {
        for (size_t g = 0; edit_scan_is(&scan, &event, '[') && edit_scan_next(&scan, &event, &g, &group);) {
            if (!edit_scan_member(&scan, &group, inner, &list) || !edit_scan_is(&scan, &list, '[')) continue;
            for (size_t h = 0; edit_scan_next(&scan, &list, &h, &hook);) {
                if (!edit_scan_member(&scan, &hook, "command", &command)) continue;
                struct bytes raw = edit_scan_bytes(&scan, &command);
                *ret_n += edit_find(raw, 0, mark) != SIZE_MAX;
                *ret_whole += bytes_is(raw, whole);
            }
        }
    }
    edit_scan_done(&scan);
    return rc;
}

bool edit_json_drop_member(struct buf *text, enum edit_json how, const char *const *path, size_t n, const char *value) {
    struct edit_scan scan;
    struct edit_scan_value of = {0}, at;
    bool found = edit_scan_init(&scan, bytes_of_buf(text), how, NULL) == 0 && edit_scan_root(&scan, &at);
    for (size_t i = 0; found && i < n; i++) {
        of = at;
        found = edit_scan_member(&scan, &of, path[i], &at);
    }
    if (found && value == NULL) {
        char c = (char)scan.plain.p[at.start];
        found = (c == '{' || c == '[') && only_blanks(bytes_of_buf(text), at.start + 1, at.end - 1);
    } else if (found) {
        found = bytes_is(edit_scan_bytes(&scan, &at), value);
    }
    size_t nth = 0, next = 0;
    struct edit_scan_value member;
    for (; found && edit_scan_next(&scan, &of, &next, &member) && member.start != at.start; nth++) {
    }
    if (found) {
        cut_nth(text, &scan, &of, nth);
    }
    edit_scan_done(&scan);
    return found;
}
