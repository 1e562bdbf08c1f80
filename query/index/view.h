/* The index as readers see it: for each seq the largest segment that was made from the ledger's own events. */
#ifndef QUERY_INDEX_VIEW_H
#define QUERY_INDEX_VIEW_H

#include "ledger/core/core.h"
#include "query/columns/columns.h"

struct index_view {
    struct ledger *ledger;
    struct db_txn *derived;  /* NULL: there is no index */
    struct core_view *truth; /* what records are compared with */
    uint32_t events, least;  /* of a full segment, of the smallest one */
    uint64_t generation;     /* of the evidence that derived data is beside */
    bool awake;              /* snapshots are open */
    bool erasing;            /* it may hold erased content: nothing is returned */
    bool builds;             /* except for building and checking */
    bool proven;             /* only segments with a voucher are returned, as far as they are proven */
    struct vouched vouched;  /* of the current segment */
};
/* An index that cannot be opened counts as absent, and so does one during an unfinished erasure: only ERR_NOMEM and the
 * like are errors. */
int index_view_open(struct ledger *ledger, struct index_view *ret, struct err *err);
/* For building and checking, in open derived data (NULL: none): content that may be erased is returned too. When *why says
 * that it cannot be read, it counts as absent. */
int index_view_over(struct ledger *ledger, struct db *db, struct index_view *ret, struct err *why, struct err *err);
void index_view_close(struct index_view *view);
/* The largest segment that holds event `seq` and was made from the ledger's own events. False: there is none. Borrowed
 * until the next call or index_view_rest. With view->proven it must have a voucher too (ledger/dedup/vouch.h). */
bool index_view_get(struct index_view *view, uint64_t seq, struct columns_record *ret);
/* Releases the databases' snapshots. */
void index_view_rest(struct index_view *view);

#endif
