/* The index as it lies in the derived environment: a record of columns for each full segment, and for what follows the last
 * one records of smaller segments. A record says itself what it was made from, so any of them may be missing, stale or
 * another ledger's: what does not fit is not used and is made anew by the next build. */
#ifndef QUERY_INDEX_H
#define QUERY_INDEX_H

#include "ledger/core.h"
#include "query/columns.h"

/* ---- reading ---- */

struct index_view {
    struct ledger *ledger;
    struct db_txn *derived;  /* NULL: there is no index */
    struct core_view *truth; /* what records are held against */
    uint32_t events, least;  /* of a full segment, of the smallest one */
    uint64_t generation;     /* of the evidence that derived data stands beside */
    bool awake;              /* there are snapshots */
    bool erasing;            /* what was erased may stand in it: nothing is given */
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
 * until the next call or index_view_rest. With view->proven: and that somebody vouches for (ledger/vouch.h). */
bool index_view_get(struct index_view *view, uint64_t seq, struct columns_record *ret);
/* Lets go of the databases' snapshots. */
void index_view_rest(struct index_view *view);
/* The next smaller size of segments; 0: there is none. */
static inline uint32_t index_smaller(uint32_t events) {
    return events / COLUMNS_STEP >= COLUMNS_EVENTS_MIN ? events / COLUMNS_STEP : 0;
}

/* ---- building ---- */

/* query_index_build with full segments of so many events, a power of two from COLUMNS_EVENTS_MIN to COLUMNS_EVENTS; 0: as
 * it is, or COLUMNS_EVENTS. A change of their size drops the index. At most `most` events are read, in whole segments.
 * *ret_broken (may be NULL): the derived environment is damaged. */
int index_build(struct ledger *ledger, uint32_t events, uint64_t most, const struct query_index_progress *progress,
                bool *ret_broken, struct err *err);

/* Putting segments that were collected otherwise. */
struct index_writer;
/* `generation`: of the evidence, when what will be put was read; ERR_BUSY when it has moved on since. *ret_events: of a
 * full segment. */
int index_writer_open(struct ledger *ledger, uint64_t generation, uint32_t *ret_events, struct index_writer **ret,
                      struct err *err);
/* Puts a segment unless it is there, and removes the smaller ones in it. `proven`: its events are those of the tree that
 * was signed, so that it may be vouched for (proven_leaf). */
int index_writer_put(struct index_writer *writer, const struct columns_plain *plain, bool proven, struct err *err);
int index_writer_commit(struct index_writer *writer, struct err *err); /* frees it */
void index_writer_abort(struct index_writer *writer);                  /* the same; NULL is fine */

#endif
