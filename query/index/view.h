/* The index as readers see it: for each seq the largest segment that was made from the ledger's own events. */
#ifndef QUERY_INDEX_VIEW_H
#define QUERY_INDEX_VIEW_H

#include "ledger/core/core.h"
#include "query/columns/columns.h"

struct index_view {
    struct ledger *ledger;
    struct db_txn *derived;  /* NULL: there is no index */
    struct core_view *truth; /* what records are held against */
    uint32_t events, least;  /* of a full segment, of the smallest one */
    uint64_t generation;     /* of the evidence that derived data is beside */
    bool awake;              /* there are snapshots */
    bool erasing;            /* what was erased may be in it: nothing is given */
    bool builds;             /* except to who builds or checks it */
    bool proven;             /* only segments that somebody vouches for are given, as far as they are proven */
    struct vouched vouched;  /* of the segment at hand */
};
/* An index that cannot be opened is none, nor is one while an erasure is not finished: only ERR_NOMEM and the like are
 * errors. */
int index_view_open(struct ledger *ledger, struct index_view *ret, struct err *err);
/* For who builds or checks it, in derived data that is open (NULL: there is none): it is also given what may be erased.
 * When *why says that it cannot be read, it is none. */
int index_view_over(struct ledger *ledger, struct db *db, struct index_view *ret, struct err *why, struct err *err);
void index_view_close(struct index_view *view);
/* The largest segment that holds event `seq` and was made from the ledger's own events. False: there is none. Borrowed
 * until the next call or index_view_rest. With view->proven: and that somebody vouches for (ledger/dedup/vouch.h). */
bool index_view_get(struct index_view *view, uint64_t seq, struct columns_record *ret);
/* Lets go of the databases' snapshots. */
void index_view_rest(struct index_view *view);

#endif
