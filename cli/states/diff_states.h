/* What changed in the states between two moments. Two views are merged by key; for what differs, a walk from one to the
 * other (projections/walk/walk.h) knows what each step changed. The result is the sum of the steps between. */
#ifndef CLI_STATES_DIFF_STATES_H
#define CLI_STATES_DIFF_STATES_H

#include "cli/log/damage.h"
#include "cli/view/asof.h"
#include "projections/walk/walk.h"

/* HEARD: the row came, but its event does not say that the entity itself came into being: an upgrade, a removal, an
 * inventory of a package without earlier events. The entity existed before, or its beginning is unknown. */
enum diff_what { DIFF_APPEARED, DIFF_HEARD, DIFF_WENT, DIFF_CHANGED };

/* Columns of a row that got their present values by the same event or at the same moment. For a row that came, one change
 * is APPEARED, with the columns that have not changed since; columns set later are changes of it. */
struct diff_change {
    enum diff_what what;
    size_t table;
    const struct row *row;  /* the newer one; for a row that went, the older one */
    const struct row *old;  /* as it was; NULL: it did not exist */
    const struct row *came; /* for a row that came: its columns at that time; NULL: unknown */
    const size_t *columns;  /* that changed, the state first; for a row that appeared, the informative ones */
    size_t n;
    struct walk_cause cause; /* the last step that did it; unknown for what is stale or cannot be read */
};

typedef int diff_fn(void *ctx, const struct diff_change *change, struct err *err);
struct diff_plan {
    struct ledger *ledger;
    struct state_view *from, *to; /* of the same tables; `from` is not later than `to` */
    const bool *tables;           /* which tables to compare, by number */
    const volatile int *stop;
    struct damage *damage; /* events that could not be read: their effects are unknown */
    diff_fn *each;
    void *ctx;
    /* Called before the first change with the events that are causes, ascending. May be NULL. */
    int (*seqs)(void *ctx, const uint64_t *seqs, size_t n, struct err *err);
};
/* Do its rows stand for entities that come and go, with a history of their own? A judgement exists from when it is made.
 * The event that brought such a row may say that the entity existed before (diff_events.h). */
bool diff_comes(const struct state_table *table);
/* Calls `each` for each change, table by table, in the order of the keys. Never passes DIFF_HEARD: that takes a look at
 * the events. */
int diff_run(const struct diff_plan *plan, struct err *err);

#endif
