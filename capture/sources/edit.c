/* The whole text is read, changed in memory, read again as sources.conf would be, and only then replaces the file. */
#include "capture/sources/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "capture/sources/place.h"

static int begin(struct sources_edit *edit, const char *dir, struct sources_conf *conf, struct err *err) {
    *edit = (struct sources_edit){.lock = -1};
    buf_init(&edit->before, SOURCES_TEXT_MAX);
    buf_init(&edit->after, SOURCES_TEXT_MAX);
    int rc = file_join(edit->path, dir, SOURCES_CONF, err);
    if (rc == 0) rc = sources_place_lock_conf(dir, &edit->lock, err);
    if (rc == 0) rc = sources_conf_load(conf, dir, err);
    edit->existed = rc == 0 && file_exists(edit->path);
    if (edit->existed) rc = file_read_regular(edit->path, &edit->before, err);
    return rc;
}

/* What was made is what a reader will find. */
static int end(struct sources_edit *edit, int rc, struct err *err) {
    struct sources_conf made = {0};
    if (rc == 0) rc = buf_check(&edit->after, SOURCES_CONF, err);
    if (rc == 0) rc = sources_conf_parse(&made, bytes_of_buf(&edit->after), edit->path, err);
    sources_conf_done(&made);
    if (rc != 0) {
        sources_edit_done(edit);
    }
    return rc;
}

int sources_edit_add(struct sources_edit *edit, const char *dir, const char *name, struct bytes lines, struct err *err) {
    struct sources_conf conf = {0};
    int rc = begin(edit, dir, &conf, err);
    const struct sources_entry *known = rc == 0 ? sources_conf_find(&conf, name) : NULL;
    if (known != NULL) {
        rc = err_set(err, ERR_CONFLICT, "there is a source '%s' already (%s: line %u)", name, edit->path, known->line);
    }
    if (rc == 0) {
        struct buf *out = &edit->after;
        const struct bytes before = bytes_of_buf(&edit->before);
        buf_put_bytes(out, before);
        if (before.n > 0 && before.p[before.n - 1] != '\n') {
            buf_put_u8(out, '\n');
        }
        size_t from = out->n;
        buf_printf(out, "%s[%s]\n", before.n > 0 ? "\n" : "", name);
        buf_put_bytes(out, lines);
        edit->section = (struct bytes){out->p + from, out->fail == 0 ? out->n - from : 0};
    }
    sources_conf_done(&conf);
    return end(edit, rc, err);
}

int sources_edit_remove(struct sources_edit *edit, const char *dir, const char *name, struct err *err) {
    struct sources_conf conf = {0};
    int rc = begin(edit, dir, &conf, err);
    const struct sources_entry *entry = rc == 0 ? sources_conf_find(&conf, name) : NULL;
    if (rc == 0 && entry == NULL) {
        rc = err_set(err, ERR_NOTFOUND, "there is no source '%s' in '%s'", name, edit->path);
    }
    if (rc == 0) {
        const struct bytes all = bytes_of_buf(&edit->before);
        size_t from = (size_t)(entry->text.p - conf.text.p), to = from + entry->text.n;
        to = to < all.n ? to : all.n; /* the reader may have added the last line's end */
        if (to == all.n && from > 1 && all.p[from - 1] == '\n' && all.p[from - 2] == '\n') {
            from--; /* the empty line above the last section was inserted with it */
        }
        edit->section = (struct bytes){all.p + from, to - from};
        buf_put(&edit->after, all.p, from);
        buf_put(&edit->after, all.p + to, all.n - to);
    }
    sources_conf_done(&conf);
    return end(edit, rc, err);
}

int sources_edit_check(const struct sources_edit *edit, const char *name, struct err *err) {
    struct sources_conf conf = {0};
    int rc = sources_conf_parse(&conf, bytes_of_buf(&edit->after), edit->path, err);
    const struct sources_entry *entry = rc == 0 ? sources_conf_find(&conf, name) : NULL;
    if (entry != NULL) rc = sources_entry_check(entry, err);
    sources_conf_done(&conf);
    return rc;
}

static int remove_file(const struct sources_edit *edit, struct err *err) {
    return unlink(edit->path) == 0 || errno == ENOENT ? 0 : err_errno(err, errno, "%s", edit->path);
}

int sources_edit_write(struct sources_edit *edit, struct err *err) {
    if (edit->no_empty && edit->after.n == 0) return remove_file(edit, err);
    return file_write_durable(edit->path, bytes_of_buf(&edit->after), 0600, err);
}

int sources_edit_revert(struct sources_edit *edit, struct err *err) {
    if (edit->existed) return file_write_durable(edit->path, bytes_of_buf(&edit->before), 0600, err);
    return remove_file(edit, err);
}

void sources_edit_done(struct sources_edit *edit) {
    buf_done(&edit->before);
    buf_done(&edit->after);
    if (edit->lock >= 0) {
        close(edit->lock);
        edit->lock = -1;
    }
}
