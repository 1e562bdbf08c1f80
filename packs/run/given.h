/* What a run is given: each input of the pack, from the words NAME=VALUE of a command line. A file is opened beneath the workspace
 * or, by an absolute path outside of it, from the root; through no symbolic link; and copied, so that every step reads the bytes
 * whose digest was recorded. */
#ifndef PACKS_RUN_GIVEN_H
#define PACKS_RUN_GIVEN_H

#include "packs/manifest/manifest.h"
#include "packs/run/own.h"
#include "packs/run/place.h"

#define GIVEN_FILE_MAX ((uint64_t)1 << 30) /* bytes of a file whose input has no size_max */

struct given {
    const struct manifest_input *input;
    const char *value; /* as given, borrowed; NULL: it was not */
    bool file;
    char path[FILE_PATH_MAX]; /* of a file, as a scope names it: relative to the workspace, or absolute */
    struct place_copy copy;   /* of a file */
};
struct given_list {
    struct given *items; /* one for each input of the pack, in its order */
    size_t n;
};

/* Reads the words; touches no file but to look where it is. ERR_INVALID names the word and what is expected. Done with
 * given_done, also after a failure. */
int given_read(const struct manifest_pack *pack, const char *const *words, size_t n, int workspace, struct given_list *ret,
               struct err *err);
void given_done(struct given_list *list);
/* Copies the files into the run's directory. `stop` as in place.h. ERR_INVALID also for what is the ledger's own. */
int given_copy(struct given_list *list, int workspace, const struct own *own, const struct place *place,
               const volatile int *stop, struct err *err);
/* NULL: the pack has no such input. */
const struct given *given_find(const struct given_list *list, struct bytes name);
/* Whether a condition that is about an input holds; true of any other. */
bool given_allows(const struct given_list *list, const struct manifest_when *when);
/* Whether the step can be taken as far as inputs go: its condition, and those that it reads. */
bool given_feeds(const struct given_list *list, const struct manifest_step *step);

/* How a scope names a path that a person typed: relative to the workspace where it is in there, without "." and doubled
 * slashes. ERR_INVALID: it has "..", or is too long. */
int given_scope(int workspace, const char *path, char ret[FILE_PATH_MAX], struct err *err);
/* Opens what a scope names, with O_PATH and through no link. */
int given_open(int workspace, const char *scope, int *ret, struct err *err);

#endif
