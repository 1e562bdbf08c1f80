/* Events as a tree by what led to what: by their cause where it is recorded, else by what their bodies say of calls, spans
 * and runs.
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
    struct tree_node *nodes; /* in the order of seqs, once tree_link has run */
    size_t n, cap;
    bool by_seal;         /* placed by the ledger's clock, not by the source's */
    size_t unsettled_max; /* nodes before it is looked whether some were added twice */
    struct buf text;
};

void tree_init(struct tree *tree);
void tree_done(struct tree *tree);
/* An event may be added again. ERR_LIMIT past TREE_MAX. */
int tree_add(struct tree *tree, const struct log_event *event, struct err *err);
/* Marks that events after the last one that was added could not be read. */
int tree_add_unreadable(struct tree *tree, const char *why, struct err *err);
/* Marks what was a mistake, as of `at` events (LOG_NO_SEQ: now): it neither failed nor went well, and its outcome says
 * what corrected it. Before tree_link. */
int tree_mark_corrected(struct tree *tree, struct ledger *ledger, const struct corrected *corrected, uint64_t at,
                        struct err *err);
/* Sorts, drops what was added twice, finds all parents. ERR_LIMIT past TREE_MAX; ERR_NOMEM. */
int tree_link(struct tree *tree, struct err *err);
/* Calls and their returns become one; then first, last, next and depth are set, siblings in the order in which they
 * happened. *ret_root: the first root. */
int tree_order(struct tree *tree, size_t *ret_root, struct err *err);
/* The node that is shown after node i; SIZE_MAX at the end. */
size_t tree_next(const struct tree *tree, size_t i);
/* The node of a seq; SIZE_MAX. */
size_t tree_find(const struct tree *tree, uint64_t seq);
struct bytes tree_text(const struct tree *tree, struct tree_text text);
const char *tree_via_name(enum tree_via via);

/* Adds all events of a run and of the runs that it started. `damaged` is called for what cannot be read; it says whether
 * that is news. */
typedef bool tree_damaged_fn(void *ctx, const struct err *err);
int tree_add_run(struct tree *tree, struct ledger *ledger, struct bytes run, const struct query *base,
                 tree_damaged_fn *damaged, void *ctx, struct err *err);
/* Adds the events of a query. */
int tree_add_query(struct tree *tree, struct ledger *ledger, const struct query *query, tree_damaged_fn *damaged, void *ctx,
                   struct err *err);

#endif
