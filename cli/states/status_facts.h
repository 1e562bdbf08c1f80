/* What the first screen says: gathered here, printed by cli/states/status.c. */
#ifndef CLI_STATES_STATUS_FACTS_H
#define CLI_STATES_STATUS_FACTS_H

#include "cli/view/asof.h"
#include "projections/view/decision.h"

#define STATUS_SOURCES 64  /* sources listed one by one */
#define STATUS_ROWS    16  /* packs and routes that are not ready; clauses that do not pass */
#define STATUS_FAILED  3   /* runs */
#define STATUS_RUNS    200 /* the last runs to end, which are searched for failed ones */
#define STATUS_NEXT    3

struct status_source {
    char name[64];
    uint64_t events, seq, time; /* the newest one's */
};

/* A clause, a pack, a route, a run: its name, its state, why. */
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
    struct err damage;                           /* the first read error; no message: everything could be read */
    struct status_source source[STATUS_SOURCES]; /* newest first */
    size_t n_sources;
    struct buf verdict, reason;
    int64_t passed, warned, failed, unknown;
    struct status_item clause[STATUS_ROWS];
    size_t n_clauses;
    struct status_item waiting[STATUS_ROWS]; /* packs and routes that are not ready */
    size_t n_waiting, more_waiting;
    struct status_item run[STATUS_FAILED];
    size_t n_runs, looked;    /* looked: ended runs that were searched for the failed ones */
    struct decision lockdown; /* no: every guard refuses */
    int64_t unpermitted;      /* uses that were not permitted */
    struct buf violation;     /* the newest of them: whose, and why not */
    int64_t violation_seq;
    struct status_step next[STATUS_NEXT];
    size_t n_next;
};

/* Continues where evidence cannot be read, and reports it in `damage`: the answer lacks the lost events. Costs a count
 * over the column of sources, a look at the newest events of each, and the rows of verdict, packs and routes. The caller
 * frees with status_done in any case. */
int status_gather(struct status *status, struct asof *view, struct err *err);
void status_done(struct status *status);

/* The first steps for a box on which nothing has been recorded yet. */
void status_begin(struct status *status);

#endif
