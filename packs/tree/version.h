/* The digest by which a version is known, whatever it is: a file or a whole directory. */
#ifndef PACKS_TREE_VERSION_H
#define PACKS_TREE_VERSION_H

#include "base/file.h"

#define VERSION_DIGEST_MAX 80

/* "sha256:..." of a file's content, or of a directory as packs/tree/content.h defines it; links on the way are followed.
 * ERR_NOTFOUND: nothing is there. ERR_INVALID: it is neither, or the directory holds what a version may not. `ret_bytes` may be
 * NULL. */
int version_digest(const char *path, char ret[VERSION_DIGEST_MAX], uint64_t *ret_bytes, struct err *err);

#endif
