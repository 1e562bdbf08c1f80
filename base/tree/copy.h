/* Copies of files and directories, with a list that says what they must be.
 *
 *   DIR/list         a line for each entry, directories before what is in them, by name:
 *                    TYPE MODE UID GID MTIME SIZE SHA256 PATH [TARGET]
 *                    TYPE f d l p s c b · MODE octal · MTIME ns · SHA256 of a file's bytes, else '-' · PATH and a link's
 *                    TARGET with bytes up to 0x20, from 0x7f on, and '%', as %XX
 *   DIR/files/PATH   the entry itself; nothing for p s c b (pipes, sockets, devices), which have no content
 *
 * Where the file system can, a file shares its blocks with the original (FICLONE) until either changes; else its bytes are
 * copied. The digest is the SHA-256 of the list. */
#ifndef BASE_TREE_COPY_H
#define BASE_TREE_COPY_H

#include "base/bytes.h"
#include "base/file.h"
#include "base/hash.h"

#define TREE_DEPTH_MAX 128
#define TREE_LIST_MAX  ((size_t)256 << 20)

struct tree_totals {
    uint64_t entries, files, bytes;
    uint64_t cloned; /* files that share their blocks */
};

/* Makes `dir`, which must not exist, and copies these absolute paths into it. Links are copied, never followed; `path` must
 * have no link in it (realpath). Nothing of it may be in another, or hold `dir`. Durable when it returns; after a failure the
 * caller removes `dir`. ERR_CONFLICT: a file changed while it was read. */
int tree_copy(const char *dir, const char *const *paths, size_t n, uint8_t ret_digest[HASH_LEN], struct tree_totals *ret,
              struct err *err);
/* Reads every byte again. ERR_NOTFOUND: there is no such copy, or an entry of it is gone; ERR_TAMPERED: the list does not
 * have that digest, or an entry is not as listed. The message names the first. */
int tree_check(const char *dir, const uint8_t digest[HASH_LEN], struct tree_totals *ret, struct err *err);

#endif
