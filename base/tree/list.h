/* Inside the room: a line of the list of a copy (copy.h). */
#ifndef BASE_TREE_LIST_H
#define BASE_TREE_LIST_H

#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"

struct tree_entry {
    char type;
    unsigned mode;
    uint64_t uid, gid, size;
    int64_t mtime;
    bool has_digest;
    uint8_t digest[HASH_LEN];
    char target[FILE_PATH_MAX]; /* of a link */
};

/* Type, mode, owner, time and size. */
void tree_entry_stat(struct tree_entry *e, const struct stat *st);
void tree_entry_put(struct buf *out, const struct tree_entry *e, struct bytes path);

#endif
