/* What a walk tracks, and what it finds: the cause of what a row says. */
#ifndef PROJECTIONS_WALK_WALK_PLAN_H
#define PROJECTIONS_WALK_WALK_PLAN_H

#include "projections/rows/row.h"
#include "projections/store/options.h"

struct walk_cause {
    bool known;   /* false: it was so when the walk began */
    uint64_t seq; /* the event; LOG_NO_SEQ: time alone */
    uint64_t at;  /* when: the event's own time where its body gives one, else when it was written; or the moment of time */
};

#define WALK_HASH     16
#define WALK_PRESENCE (UINT64_C(1) << 63)

/* What an earlier walk knows of a row's first reported column. */
struct walk_known {
    struct bytes key;        /* borrowed */
    uint8_t hash[WALK_HASH]; /* of its value */
    struct walk_cause cause;
};

/* What a walk passes on as it advances, with the plan's `ctx`. Each member may be NULL. A failure ends the walk. */
struct walk_notes {
    /* That event changed a stored row. */
    int (*stored)(void *ctx, size_t table, struct bytes key, uint64_t seq, struct err *err);
    /* A tracked row, as it is now; NULL: there is none. Possibly several times in a step. */
    int (*judged)(void *ctx, size_t table, struct bytes key, const struct row *row);
    /* The step is over: an event, or a moment of time. */
    int (*step)(void *ctx, const struct walk_cause *cause, struct err *err);
};

struct walk_plan {
    struct ledger *ledger;
    struct state_options options; /* used: base, projections, stop and tuning */
    uint64_t from, from_now; /* where it begins: this many events, judged at this time; 0: the time of the newest of them */
    /* The columns of a table's rows whose changes are reported, a bit each; 0: the table is not tracked. WALK_PRESENCE
     * alone: only whether rows exist. */
    uint64_t (*columns)(void *ctx, const struct state_table *table);
    /* Only these rows; NULL: all of the tables. */
    bool (*wants)(void *ctx, const struct state_table *table, struct bytes key);
    void *ctx;
    uint64_t work;                  /* rows that judges may read before walk_to ends early; 0: any number */
    const struct walk_known *known; /* of rows of known_table, where the walk begins; may be NULL */
    size_t n_known;
    const struct state_table *known_table;
    bool brief;                     /* only answers are needed, not their words: a judge may count rows (watch.h) */
    bool keep_came;                 /* walk_came will be called: costs memory for each row that appears */
    const struct walk_notes *notes; /* what is reported meanwhile; NULL: nothing. Borrowed */
};

#endif
