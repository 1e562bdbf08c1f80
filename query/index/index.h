/* Making the index. It lies in the derived environment: a record of columns for each full segment, and for what follows the
 * last one records of smaller segments. A record says itself what it was made from, so any of them may be missing, stale or
 * another ledger's: what does not fit is not used and is made anew by the next build. */
#ifndef QUERY_INDEX_INDEX_H
#define QUERY_INDEX_INDEX_H

#include "query/columns/columns.h"

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
