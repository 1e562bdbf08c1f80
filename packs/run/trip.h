/* What a tripcode of T3 is for: a step as it is about to be taken. */
#ifndef PACKS_RUN_TRIP_H
#define PACKS_RUN_TRIP_H

#include "packs/run/running.h"

#define TRIP_DIGEST 72 /* "sha256:" and 64 hex digits, with NUL */
#define TRIP_TARGET (4 + PLACE_ID)
#define TRIP_KEY    80

struct trip {
    char digest[TRIP_DIGEST], target[TRIP_TARGET], key[TRIP_KEY];
    const char *code; /* the tripcode's id, borrowed; NULL: the run has none left */
};

/* The digest is over, each with a NUL after it: the pack's tree digest, the step's id, the program's digest (of a model: its
 * name), the digest of the arguments (of the prompt), and name and digest of each file or value that the run was given. So it is
 * the same in every run that is given the same. Takes the run's next tripcode, unless it has one. */
void trip_take(struct running *run, const struct manifest_step *step, struct bytes serves, const uint8_t asked[HASH_LEN],
               struct trip *ret);
/* Of a step that was refused: records that the tripcode was (with one), and says in words how one is issued. */
void trip_refused(struct running *run, const struct trip *trip, const struct decision *no, struct buf *words);

#endif
