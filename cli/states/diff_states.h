/* What changed in the states between two moments: two views, merged by keys, and for what differs a walk from the one
 * to the other (projections/walk/walk.h), which knows what each step changed. So what is told is the sum of the steps
 * between. */
#ifndef CLI_STATES_DIFF_STATES_H
#define CLI_STATES_DIFF_STATES_H

#include "cli/log/damage.h"
#include "cli/view/asof.h"
#include "projections/walk/walk.h"

/* HEARD: the row came, but the event that made it come does not say that the thing itself did: an upgrade, a removal, an
 * inventory of a package that nothing was told of before. It was there already, or nobody knows since when. */
enum diff_what { DIFF_APPEARED, DIFF_HEARD, DIFF_WENT, DIFF_CHANGED };

/* A row's columns that got their present values by the same event, or at the same moment. Of a row that came there is one
 * that appeared, with the columns that are since then what they are; those that became so later are changes of it. */
struct diff_change {
    enum diff_what what;
    size_t table;
    const struct row *row;  /* the newer one; of what went, the older one */
    const struct row *old;  /* as it was; NULL: it was not there */
    const struct row *came; /* of a row that came: its columns as they were then; NULL: nobody can tell */
    const size_t *columns;  /* that changed, the state first; of what appeared, those that say something of it */
    size_t n;
    struct walk_cause cause; /* the last step that did it; not known: of what is stale, or cannot be read */
};

/* Is a table told of unless others are asked for? Not those whose rows come with the work that is done, not those that only
 * help others, and not the keys that are changed by the day. */
bool diff_shows(const struct state_table *table);
/* Is a change of this column a change of the thing? Counters, times, seqs, measurements and who did it are not: they differ
 * with every event. */
bool diff_matters(const struct state_table *table, size_t column);

typedef int diff_fn(void *ctx, const struct diff_change *change, struct err *err);
struct diff_plan {
    struct ledger *ledger;
    struct state_view *from, *to; /* of the same tables; `from` is not later than `to` */
    const bool *tables;           /* that are compared, by number */
    const volatile int *stop;
    struct damage *damage; /* events that could not be read: what they made is not known */
    diff_fn *each;
    void *ctx;
    /* Before the first change: the events that are causes, ascending. May be NULL. */
    int (*seqs)(void *ctx, const uint64_t *seqs, size_t n, struct err *err);
};
/* Do its rows stand for things that come and go, with a history of their own? A judgement comes when it is made. Of these
 * the event that brought a row may say that the thing was there before (diff_events.h). */
bool diff_comes(const struct state_table *table);
/* Calls `each` for what changed, table by table, in the order of the keys. Never with DIFF_HEARD: who reads the events
 * knows. */
int diff_run(const struct diff_plan *plan, struct err *err);

#endif
