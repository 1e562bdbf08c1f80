/* The directory DIR/packs of a ledger. A copy is made under a temporary name, synced, compared with the digest that was
 * planned, and renamed; so a name sha256-<tree digest> is there with all its files or not at all. */
#ifndef PACKS_DEPOT_DEPOT_H
#define PACKS_DEPOT_DEPOT_H

#include "base/file.h"
#include "base/hash.h"
#include "packs/depot/compare.h"
#include "packs/tree/content.h"

#define DEPOT_DIGEST_TEXT 72 /* "sha256:" and 64 hex digits, with NUL */

struct depot {
    char dir[FILE_PATH_MAX]; /* DIR/packs */
    int lock;                /* -1: not held */
};

/* "sha256:..." of a digest, and back: ERR_INVALID. */
void depot_digest_text(char ret[DEPOT_DIGEST_TEXT], const uint8_t digest[HASH_LEN]);
int depot_digest_parse(struct bytes text, uint8_t ret[HASH_LEN], struct err *err);
/* Where the copy of this digest is, whether it exists or not. */
int depot_path(const char *ledger_dir, const uint8_t digest[HASH_LEN], char ret[FILE_PATH_MAX], struct err *err);

/* Opens the directory of a copy and holds it: while the descriptor, or one that was made from it, is open, the copy is neither
 * removed nor replaced. ERR_NOTFOUND: there is none. */
int depot_hold(const char *path, int *ret, struct err *err);

/* Creates the directory if necessary and locks it: one process at a time installs, upgrades or removes. Waits at most
 * wait_ns (0: no limit), then ERR_BUSY. The lock ends with depot_close or with the process. */
int depot_open(const char *ledger_dir, uint64_t wait_ns, struct depot *ret, struct err *err);
void depot_close(struct depot *depot); /* zeroed, or failed to open, is fine when lock is -1 */

/* Reads `from` and copies it. ERR_CONFLICT: it is not what is wanted, so it was changed since that was computed. A copy
 * that exists already is read; if it is not right it is replaced, or ERR_BUSY where somebody holds it. Durable when it returns 0; on failure nothing is left but,
 * after a kill, a leftover. */
int depot_put(struct depot *depot, const char *from, const struct compare_want *want, struct err *err);
/* Removes a copy: first its name, then its files. One that does not exist is fine. ERR_BUSY: somebody holds it. */
int depot_remove(struct depot *depot, const uint8_t digest[HASH_LEN], struct err *err);
/* Removes leftovers: temporary names, and copies for which `keep` says false. `told` (may be NULL) gets each name; `held`: it stays,
 * because somebody holds it. */
typedef bool depot_keep_fn(void *ctx, const uint8_t digest[HASH_LEN]);
typedef void depot_told_fn(void *ctx, const char *name, bool held);
int depot_sweep(struct depot *depot, depot_keep_fn *keep, depot_told_fn *told, void *ctx, struct err *err);

#endif
