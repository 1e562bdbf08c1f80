/* Events as a tree of causes and effects: by their recorded cause, else by the calls, spans and runs named in their bodies.
 *
 *   run.started
 *   ├─ run.step          span 1
 *   │  ├─ run.tool_called   parent span 1, call a;  its run.tool_returned, call a, is shown with it
 *   │  └─ run.logged        span 1
 *   └─ run.finished */
#ifndef CLI_LOG_TREE_H
#define CLI_LOG_TREE_H

#include "cli/log/corrected.h"
#include "cli/log/tree_node.h"
#include "query/query.h"

#define TREE_MAX 200000 /* events, each counted once */

struct tree {
    struct tree_node *nodes; /* by sequence number, after tree_link */
    size_t n, cap;
    bool by_seal;   /* ordered by the ledger's clock, not the source's */
    uint64_t rests; /* the event under which those are placed that a run rests on and that have no cause; LOG_NO_SEQ */
    size_t unsettled_max; /* number of nodes at which duplicates are next dropped */
    struct buf text;
};

void tree_init(struct tree *tree);
void tree_done(struct tree *tree);
/* Adding an event twice is fine. ERR_LIMIT past TREE_MAX. */
int tree_add(struct tree *tree, const struct log_event *event, struct err *err);
/* Marks that events after the last one added could not be read. */
int tree_add_unreadable(struct tree *tree, const char *why, struct err *err);
/* Marks corrected events, as of `at` events (LOG_NO_SEQ: now): they neither failed nor succeeded, and their outcome names the
 * correction. Before tree_link. */
int tree_mark_corrected(struct tree *tree, struct ledger *ledger, const struct corrected *corrected, uint64_t at,
                        struct err *err);
/* Sorts, drops duplicates, finds all parents. ERR_LIMIT past TREE_MAX; ERR_NOMEM. */
int tree_link(struct tree *tree, struct err *err);
/* Merges calls with their returns; then sets first, last, next and depth, with siblings in the order in which they happened.
 * *ret_root: the first root. */
int tree_order(struct tree *tree, size_t *ret_root, struct err *err);
/* The node shown after node i; SIZE_MAX at the end. */
size_t tree_next(const struct tree *tree, size_t i);
/* The node with that sequence number; SIZE_MAX: none. */
size_t tree_find(const struct tree *tree, uint64_t seq);
struct bytes tree_text(const struct tree *tree, struct tree_text text);
const char *tree_via_name(enum tree_via via);

/* Adds all events of a run and of the runs it started. `damaged` is called for unreadable events; it returns whether this is
 * new. */
typedef bool tree_damaged_fn(void *ctx, const struct err *err);
int tree_add_run(struct tree *tree, struct ledger *ledger, struct bytes run, const struct query *base,
                 tree_damaged_fn *damaged, void *ctx, struct err *err);
/* Adds the events of a query. */
int tree_add_query(struct tree *tree, struct ledger *ledger, const struct query *query, tree_damaged_fn *damaged, void *ctx,
                   struct err *err);

#endif
