/* What the first screen says: gathered here, printed by cli/states/status.c. */
#ifndef CLI_STATES_STATUS_FACTS_H
#define CLI_STATES_STATUS_FACTS_H

#include "cli/view/asof.h"

#define STATUS_SOURCES 64  /* that are known one by one */
#define STATUS_ROWS    16  /* packs and routes that are not ready; clauses that do not pass */
#define STATUS_FAILED  3   /* runs */
#define STATUS_RUNS    200 /* that ended last: among these the failed ones are looked for */
#define STATUS_NEXT    3

struct status_source {
    char name[64];
    uint64_t events, seq, time; /* the newest one's */
};

/* A clause, a pack, a route, a run: its name, how it is, why. */
struct status_item {
    struct buf name, state, reason, remedy;
    uint64_t seq, time; /* of a run: its end, by its source's clock */
};

struct status_step {
    struct buf command;
    const char *why;
};

struct status {
    struct asof *view;
    struct err damage;                           /* what could not be read first; no message: everything could */
    struct status_source source[STATUS_SOURCES]; /* the newest first */
    size_t n_sources;
    struct buf verdict, reason;
    int64_t passed, warned, failed, unknown;
    struct status_item clause[STATUS_ROWS];
    size_t n_clauses;
    struct status_item waiting[STATUS_ROWS]; /* packs and routes that are not ready */
    size_t n_waiting, more_waiting;
    struct status_item run[STATUS_FAILED];
    size_t n_runs, looked; /* looked: ended runs among which these are the failed ones */
    int64_t unpermitted;   /* uses of permissions that were not permitted */
    struct buf violation;  /* the newest of them: whose, and why not */
    int64_t violation_seq;
    struct status_step next[STATUS_NEXT];
    size_t n_next;
};

/* Goes on where evidence cannot be read, and says so in `damage`: of events that are lost nothing is in the answer.
 * Costs a count over the column of sources, a look at the newest events of each, and the rows of verdict, packs and routes.
 * The caller frees with status_done in any case. */
int status_gather(struct status *status, struct asof *view, struct err *err);
void status_done(struct status *status);

/* The steps of a box on which nothing was recorded yet. */
void status_begin(struct status *status);

#endif
