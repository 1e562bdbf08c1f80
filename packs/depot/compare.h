/* Whether a copy in the store is still what was installed. */
#ifndef PACKS_DEPOT_COMPARE_H
#define PACKS_DEPOT_COMPARE_H

#include <stdbool.h>

#include "base/hash.h"
#include "packs/tree/content.h"

#define COMPARE_WORDS 128

/* What was installed. pack.sig has no part in the tree digest, which it signs, so it is compared beside it. */
enum compare_signature { COMPARE_ANY /* it is not known what it was */, COMPARE_NONE, COMPARE_THIS };
struct compare_want {
    uint8_t tree[HASH_LEN];
    enum compare_signature signed_by;
    uint8_t signature[HASH_LEN]; /* COMPARE_THIS: digest of pack.sig */
};
/* A tree as it is. */
void compare_want_tree(const struct content *tree, struct compare_want *ret);
/* False: the tree is another, and `ret` says which: "sha256:...", "without its pack.sig". */
bool compare_tree(const struct content *tree, const struct compare_want *want, char ret[COMPARE_WORDS]);

enum compare_depth {
    COMPARE_BYTES, /* reads every byte */
    COMPARE_STATUS /* reads them only where the files' status (size, mode, inode, times) is not what it was when they were last
                      right: for lists, never for what runs */
};
/* False: it is not, and `ret` says what it is now: "sha256:...", "missing", "a directory that cannot be a pack: ...". */
bool compare_copy(const char *path, const struct compare_want *want, enum compare_depth depth, char ret[COMPARE_WORDS]);
/* How deep a look that comes again and again is to go: every byte of a small copy, and of another one where that was last done
 * more than a week before `now` (ns since the epoch). */
enum compare_depth compare_due(const char *path, uint64_t now);
/* Remembers the status beside the copy (PATH.stat), whose bytes are right; best effort. */
void compare_note(const char *path);
void compare_forget(const char *path);

#endif
