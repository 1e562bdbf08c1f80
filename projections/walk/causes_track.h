/* The internals of causes.c: the rows that it follows, and their changes. */
#ifndef PROJECTIONS_WALK_CAUSES_TRACK_H
#define PROJECTIONS_WALK_CAUSES_TRACK_H

#include "projections/view/state.h"
#include "projections/walk/walk_plan.h"

struct track_row {
    size_t table;
    struct bytes key;        /* owned */
    bool judged;             /* asked by the judge, or by judges that it asked: all its changes are direct */
    bool read, read_in_line; /* read by these; its key is in a range that they read */
    uint64_t touched;        /* the newest event that changed it as stored, plus 1; 0: none */
    /* In a walk. */
    bool due, now_touched;
    struct bytes last, now; /* owned: its cells, before this step and in it; empty: there is no such row */
    size_t newest;          /* its newest change, plus 1 */
};

struct track_change {
    size_t row;
    uint64_t columns;           /* a bit each, and WALK_PRESENCE; 0: all of them changed again later */
    struct bytes before, after; /* owned */
    struct walk_cause cause;
    size_t step, older; /* older: of the same row, plus 1 */
    bool direct;
};

struct track {
    const struct state_view *view; /* whose tables are numbered */
    struct track_row *rows;        /* by table and key, once track_sort was called */
    size_t n, room;
    struct track_change *changes; /* in their order */
    size_t n_changes, changes_room;
    size_t *due; /* rows of this step */
    size_t n_due, due_room;
    size_t steps, bytes;
    bool begun, full;
    struct row sides[2];
    struct buf scratch;
};

void track_init(struct track *track, const struct state_view *view);
void track_done(struct track *track);
/* Forgets the walk, and keeps the rows. */
void track_again(struct track *track);

/* Could a change of its rows be a cause? */
bool track_counts(const struct state_table *table);
int track_want(struct track *track, size_t table, struct bytes key, bool judged, uint64_t touched, struct err *err);
void track_sort(struct track *track);

/* As walk_notes has them; ctx is the track. The rows are as of where the walk begins until `begun` is set. */
int track_stored(void *ctx, size_t table, struct bytes key, uint64_t seq, struct err *err);
int track_judged(void *ctx, size_t table, struct bytes key, const struct row *row);
int track_step(void *ctx, const struct walk_cause *cause, struct err *err);

/* One side of a change: initialises *ret, which owns what it holds. */
int track_side(const struct track *track, const struct track_change *change, bool after, struct row *ret, struct err *err);

#endif
