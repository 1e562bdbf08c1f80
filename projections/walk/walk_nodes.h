/* The internals of a walk: nodes, their dependencies, and the notes taken while judges read. */
#ifndef PROJECTIONS_WALK_WALK_NODES_H
#define PROJECTIONS_WALK_WALK_NODES_H

#include "projections/rows/rows.h"
#include "projections/view/view.h"
#include "projections/view/watch.h"
#include "projections/walk/walk_plan.h"

struct walk_track {
    uint8_t hash[WALK_HASH]; /* of the column's value */
    struct walk_cause cause;
};

struct walk_node {
    size_t table;
    struct bytes key; /* owned */
    bool wanted, there, dirty;
    bool sums;                /* its judge counts rows: it is judged when nothing else is dirty */
    uint8_t answer;           /* of a part; WATCH_ANSWERS: none */
    uint32_t part_of;         /* number + 1 of the sum that this row is counted in; 0: a row with its judge */
    uint8_t value[WALK_HASH]; /* of what other judges may use */
    int64_t deadline;         /* when the judge's answer may change; INT64_MAX: never */
    int64_t past;             /* the newest moment it found past; INT64_MIN: none */
    struct walk_cause presence;
    struct bytes came;         /* owned: the cells of the reported columns when it appeared, an array; see walk_came */
    struct walk_track *tracks; /* one for each reported column, in order; NULL: not wanted */
};

/* The answers that a judge counts. Each row is a part: a node of its own, so that a change costs what it changes. */
struct walk_sum {
    size_t node, table; /* node: the row whose judge counts */
    struct watch_question question;
    size_t n[WATCH_ANSWERS];
};

struct walk_edge {
    uint32_t node, next;
};
struct walk_slot {
    uint64_t hash;
    uint32_t value; /* number + 1; 0: free */
};
struct walk_map {
    struct walk_slot *slots;
    size_t n, room;
};

struct walk_nodes {
    struct watch watch;           /* first: what the view records */
    struct state_view *view;      /* the current one; changes at boundaries */
    const struct walk_plan *plan; /* borrowed */
    const uint64_t *columns;      /* of each table of the view */
    struct walk_cause cause;      /* the current cause */
    struct walk_node *nodes;
    size_t n, room, current; /* current: the node whose judge runs; SIZE_MAX: none */
    struct walk_map by_key, deps, pairs;
    struct walk_edge *edges;
    size_t n_edges, edges_room;
    uint32_t *queue; /* dirty ones */
    size_t queued, queue_room;
    uint32_t *later; /* dirty ones that have sums */
    size_t n_later, later_room;
    bool parts_are_right; /* nothing that a part rests on is dirty */
    struct walk_sum *sums;
    size_t n_sums, sums_room;
    int64_t deadline; /* not later than the earliest of all nodes */
    struct buf scratch;
    struct row rows[2];
    uint64_t looked; /* rows that judges have read */
    int rc;          /* a failure that could not be returned where it occurred */
};

void walk_nodes_init(struct walk_nodes *nodes, const struct walk_plan *plan, const uint64_t *columns);
void walk_nodes_done(struct walk_nodes *nodes);
/* SIZE_MAX: there is none. */
size_t walk_nodes_find(const struct walk_nodes *nodes, size_t table, struct bytes key);
/* Creates it when absent; ERR_NOMEM. */
int walk_nodes_add(struct walk_nodes *nodes, size_t table, struct bytes key, bool wanted, size_t *ret, struct err *err);
void walk_nodes_dirty(struct walk_nodes *nodes, size_t node);
/* A stored row of the view's table changed; empty: it was removed. */
void walk_nodes_changed(struct walk_nodes *nodes, size_t table, struct bytes key, struct bytes before, struct bytes after);
/* Has a judge read this row, not as its own; or, if it came or went, the keys that begin like its key? */
bool walk_nodes_read(const struct walk_nodes *nodes, size_t table, struct bytes key, bool came_or_went);
/* A projection stopped. */
void walk_nodes_stopped(struct walk_nodes *nodes);
/* Judges all dirty nodes again, until none is dirty. */
int walk_nodes_settle(struct walk_nodes *nodes, struct err *err);
/* The hash of a column's value; false: no memory. */
bool walk_hash(const struct row *row, size_t column, uint8_t ret[WALK_HASH]);
/* Marks dirty the nodes whose deadline has come by the view's time, and finds the next deadline. */
void walk_nodes_due(struct walk_nodes *nodes);

#endif
