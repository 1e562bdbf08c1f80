/* A file of settings: opened without following links, read whole, replaced by rename if nobody else changed it meanwhile. */
#ifndef BASE_EDIT_TARGET_H
#define BASE_EDIT_TARGET_H

#include <sys/stat.h>

#include "base/file.h"
#include "base/hash.h"

struct target {
    char path[FILE_PATH_MAX]; /* for messages */
    char name[256];           /* its last part */
    int dir;                  /* the directory that holds it; -1: none */
    bool exists;
    struct stat st;
    struct buf text;
    uint8_t digest[HASH_LEN]; /* of the text, which is empty without a file */
};

/* Opens `below`, a relative path of at least one part, in the directory `base`, of which alone links are followed. With `make`, missing
 * directories are made (0700). Without the file, or a directory above it, `exists` is false, and `dir` may be -1.
 * ERR_CONFLICT, and what is wrong: a symbolic link on the way, not a regular file, of another user, that others can write to, or that
 * its owner cannot, or with other names (hard links). ERR_LIMIT: more than EDIT_TEXT_MAX bytes. Release with target_done in any case. */
int target_open(struct target *target, const char *base, const char *below, bool make, struct err *err);
void target_done(struct target *target);
/* Puts this text in the place of what was read, or creates the file with mode 0600: durable, complete or not at all. Owner's group and
 * mode stay. ERR_CONFLICT: it was changed, removed or created since it was read. */
int target_replace(struct target *target, struct bytes text, struct err *err);
/* Removes what a killed target_replace left beside the file: a regular file of this user's that no live one holds. ERR_BUSY: one does. */
int target_sweep(const struct target *target, struct err *err);
/* Removes the file. The same conditions. */
int target_remove(struct target *target, struct err *err);

#endif
