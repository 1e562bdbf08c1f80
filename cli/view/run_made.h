/* What a run was made of: its pack's version, its agent, models, tools; a set of values for each trait, gathered from the
 * bodies of its events. Two runs differ in a trait when the sets do.
 *
 * The events that count are those that the states of runs treat as the run's own (projections/machine/runs.c), except
 * those that a correction declares a mistake. */
#ifndef CLI_VIEW_RUN_MADE_H
#define CLI_VIEW_RUN_MADE_H

#include "cli/log/corrected.h"
#include "cli/log/damage.h"

#define RUN_TRAITS 10

struct run_made {
    struct buf values[RUN_TRAITS]; /* joined by ", ", in their order */
    struct buf corrected;          /* struct corrected_one of its events that do not count, in order */
    bool whole;                    /* all of its events could be read */
    char why[ERR_MSG_MAX];         /* else the first error */
};

struct run_made_plan {
    struct ledger *ledger;
    const struct corrected *corrected; /* of the whole ledger */
    uint64_t at;                       /* this many events count */
    const volatile int *stop;
    struct damage *damage; /* notes what cannot be read; may be NULL */
};

/* The caller calls run_made_done in any case. */
int run_made_find(const struct run_made_plan *plan, struct bytes run, struct run_made *ret, struct err *err);
void run_made_done(struct run_made *made); /* a zeroed one is fine */

/* "pack version". */
const char *run_trait(size_t i);
bool run_made_differs(const struct run_made *a, const struct run_made *b, size_t i);
/* The i-th of its events that do not count; NULL: no more. */
const struct corrected_one *run_made_corrected(const struct run_made *made, size_t i);

#endif
