/* What changed shortly before a state came about, and could be the cause of it.
 *
 * The answer names changes of other rows, as `ledger diff` has them: at the event, or the moment, since which a row has its
 * state, and within a window before. A change that the row's judge could see is direct; others are only near in time, and
 * count where an event about the row itself made them: what follows from the same cause is no cause.
 *
 *         window                                       since
 *     ──────┬──────────────── changes ──────────────────┬─────> events and time
 *         (n, t)                                (event, or time alone) */
#ifndef PROJECTIONS_WALK_CAUSES_H
#define PROJECTIONS_WALK_CAUSES_H

#include "projections/view/state.h"

#define CAUSES_MAX    5
#define CAUSES_WINDOW (86400 * UINT64_C(1000000000)) /* ns */
#define CAUSES_EVENTS 4096
#define CAUSES_WORK   (UINT64_C(1) << 17)

struct causes_options {
    uint64_t window; /* time before since, ns; at least 1 */
    uint64_t events; /* events before since; the narrower of both counts */
    size_t max;      /* how many are given */
    uint64_t work;   /* rows that judges may read before only the newest part of the window is searched; 0: any number */
};
void causes_options_init(struct causes_options *options); /* as above */

/* The columns of a row that got a value by one event, or at one moment, and no other one in the window since. */
struct cause {
    const struct state_table *table;
    struct row before, after;        /* its keys, and the columns that count; absent: it came, or went */
    size_t columns[ROW_COLUMNS_MAX]; /* that changed, the state first; of a row that came, the informative ones */
    size_t n;
    bool direct;   /* what the judge read when the state came about has changed */
    uint64_t seq;  /* the event; LOG_NO_SEQ: time alone */
    uint64_t time; /* when it was written; or the moment */
    char *kind;    /* of the event; NULL: time alone */
};

struct causes {
    /* Direct ones first; among these and the others, the newest first; of one step, those of states first. */
    struct cause *list;
    size_t n;
    uint64_t more; /* how many further ones there are */
    bool whole;    /* false: not all of the window could be searched, or it is not known since when the state is so */
};

/* The causes of the state of a row of this view, with its since (since_find). It depends on the log alone, so it is the
 * same in every later view in which the row has that since. Costs up to two walks through the window. ERR_BUSY: stopped.
 * Where the log cannot be read there are none, and they are not whole. *ret is the caller's: causes_done. */
int causes_find(struct state_view *view, const struct row *row, const struct causes_options *options, struct causes *ret,
                struct err *err);
void causes_done(struct causes *causes); /* a zeroed one is fine */

#endif
