/* What is the ledger's own: its directory, its keys, the file with an endpoint's key, the user's trust file. No step is given any of it, whatever was
 * granted. The pack, the inputs and /out are in that directory too, and are bound by descriptors of their own. */
#ifndef PACKS_RUN_OWN_H
#define PACKS_RUN_OWN_H

#include "base/file.h"

#include <sys/types.h>

#define OWN_MAX 4

struct own {
    struct own_place {
        char path[FILE_PATH_MAX]; /* without links */
        const char *what;
        bool file;
        dev_t dev;
        ino_t ino;
    } place[OWN_MAX];
    size_t n;
};
/* By the ledger's configuration, and the user's trust file (NULL: none); what is not there is left out. */
int own_find(const char *ledger_dir, const char *trust, struct own *ret, struct err *err);
/* ERR_INVALID: the open file or directory is of the ledger's own. */
int own_check(const struct own *own, int fd, struct err *err);

/* Calls `mask` for each place of the ledger's own below the directory `fd`, which a step that runs as this user sees at
 * `inside`. Where the user cannot get that far, for the directory that stops it; uid 0 gets everywhere. */
typedef int own_mask_fn(void *ctx, const char *path, bool file, struct err *err);
int own_masks(const struct own *own, int fd, const char *inside, uid_t uid, gid_t gid, own_mask_fn *mask, void *ctx,
              struct err *err);

#endif
