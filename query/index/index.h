/* Building the index. It is in the derived environment: a record of columns for each full segment and, after the last one,
 * records of smaller segments. A record states what it was made from, so any of them may be missing, stale or another
 * ledger's: a record that does not match is not used, and the next build replaces it. */
#ifndef QUERY_INDEX_INDEX_H
#define QUERY_INDEX_INDEX_H

#include "query/columns/columns.h"

/* query_index_build with full segments of this many events, a power of two from COLUMNS_EVENTS_MIN to COLUMNS_EVENTS; 0:
 * the present size, or COLUMNS_EVENTS. Changing the size drops the index. Reads at most `most` events, in whole segments.
 * *ret_broken (may be NULL): the derived environment is damaged. */
int index_build(struct ledger *ledger, uint32_t events, uint64_t most, const struct query_index_progress *progress,
                bool *ret_broken, struct err *err);

/* Writing segments that were collected elsewhere. */
struct index_writer;
/* `generation`: of the evidence when the events were read; ERR_BUSY when it has changed since. *ret_events: of a full
 * segment. */
int index_writer_open(struct ledger *ledger, uint64_t generation, uint32_t *ret_events, struct index_writer **ret,
                      struct err *err);
/* Writes a segment unless it exists, and removes the smaller ones in it. `proven`: its events are those of the signed tree,
 * so it may get a voucher (proven_leaf). */
int index_writer_put(struct index_writer *writer, const struct columns_plain *plain, bool proven, struct err *err);
int index_writer_commit(struct index_writer *writer, struct err *err); /* frees it */
void index_writer_abort(struct index_writer *writer);                  /* the same; NULL is fine */

#endif
