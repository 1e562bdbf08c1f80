/* What changed in the states between two moments: two views, merged by keys. */
#ifndef CLI_DIFF_H
#define CLI_DIFF_H

#include "cli/asof.h"

enum diff_what { DIFF_APPEARED, DIFF_WENT, DIFF_CHANGED };

struct diff_change {
    enum diff_what what;
    size_t table;
    const struct row *row; /* the newer one; of what went, the older one */
    const struct row *old; /* of what changed */
    const size_t *columns; /* that changed, the state first; of what appeared, those that say something of it */
    size_t n;
    uint64_t seq; /* the event that did it; LEDGER_NO_SEQ: none did, only the time that judges go by */
};

/* Is a table told of unless others are asked for? Not those whose rows come with the work that is done, and not those that
 * only help others. */
bool diff_shows(const struct state_table *table);
/* Is a change of this column a change of the thing? Counters, times, seqs, measurements and who did it are not: they differ
 * with every event. */
bool diff_matters(const struct state_column *column);

typedef int diff_fn(void *ctx, const struct diff_change *change, struct err *err);
/* Calls `each` for what changed in a table, in the order of the keys. Both views have the same tables. */
int diff_table(struct state_view *from, struct state_view *to, size_t table, const volatile int *stop, diff_fn *each,
               void *ctx, struct err *err);

#endif
