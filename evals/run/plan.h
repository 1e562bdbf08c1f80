/* Which samples an evaluation consists of. It follows from the suite and from what was asked for, so that a run that is
 * continued later has the same. */
#ifndef EVALS_RUN_PLAN_H
#define EVALS_RUN_PLAN_H

#include "evals/suite/suite.h"

#define RUN_SAMPLES_MAX 10000000
#define RUN_LANES_MAX   256 /* samples in flight */

struct run_choice {
    const char *const *only; /* tags: cases that have one of them */
    size_t only_n;
    bool part;        /* it stays a part of the suite, even where every case is chosen */
    uint64_t repeats; /* of each case; 0: as often as the suite says */
    bool shuffled;
    uint64_t shuffle; /* seed of the order */
};

struct run_item {
    uint32_t at;     /* which case of the suite */
    uint32_t repeat; /* how often it comes before in the order of repeats, from 0 */
};

struct run_plan {
    struct run_item *items;
    size_t n;
    uint64_t total;           /* samples of the whole suite, with the repeats that were asked for where these are more */
    uint8_t digest[HASH_LEN]; /* of the suite, and of which cases are run, in which order, how often, with which seeds */
};

/* ERR_INVALID: a tag that no case has. ERR_LIMIT: more samples than RUN_SAMPLES_MAX. Release with run_plan_done. */
int run_plan_make(const struct suite *suite, const struct run_choice *choice, struct run_plan *ret, struct err *err);
void run_plan_done(struct run_plan *plan);

#endif
