/* Changes of sources.conf: a section at its end, or the removal of one. Everything else stays byte for byte as it was. */
#ifndef CAPTURE_SOURCES_EDIT_H
#define CAPTURE_SOURCES_EDIT_H

#include "base/file.h"
#include "capture/sources/conf.h"

/* A change that was read, made and checked, and not yet written. */
struct sources_edit {
    int lock;                 /* held until sources_edit_done: two commands never lose each other's change */
    char path[FILE_PATH_MAX]; /* of sources.conf */
    bool existed;
    bool no_empty; /* set by the caller before sources_edit_write */
    struct buf before, after;
    struct bytes section; /* what was inserted or removed; borrowed */
};

/* Appends [name] with these lines of "key = value". ERR_CONFLICT: the name is taken. ERR_INVALID: the section is wrong, or the
 * file is. On failure nothing is held. */
int sources_edit_add(struct sources_edit *edit, const char *dir, const char *name, struct bytes lines, struct err *err);
/* Cuts the section out, with the comments inside it. ERR_NOTFOUND: there is none. */
int sources_edit_remove(struct sources_edit *edit, const char *dir, const char *name, struct err *err);
/* Checks what the section names on this machine (sources_entry_check). */
int sources_edit_check(const struct sources_edit *edit, const char *name, struct err *err);
/* Writes the file, mode 0600; with `no_empty` one that would be empty is removed. */
int sources_edit_write(struct sources_edit *edit, struct err *err);
/* Puts the file back as it was before sources_edit_write. */
int sources_edit_revert(struct sources_edit *edit, struct err *err);
void sources_edit_done(struct sources_edit *edit);

#endif
