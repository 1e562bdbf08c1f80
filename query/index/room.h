/* The index: records of columns in derived data, written after the appends, read by plans. It may be dropped at any time;
 * then answers take longer and stay the same.
 *
 * Sees: projections, ledger, base, condition, columns. Begin with index.h and view.h, then plan.h.
 *
 *   index   building, checking and dropping (query_index_*)
 *   follow  a thread that indexes what this handle commits
 *   view    looking in: only segments that were made from the ledger's own events
 *   record  one record, held against the tree and against its voucher
 *   size    how many events a segment has
 *   plan    what the index says of one segment: which events may fulfil the conditions
 *   plan_term   one condition over one column
 *
 * Words. "Covered" events have an index. A segment is "vouched for" when it is proven to be of the tree that was
 * signed; a proven query uses no other. */
#ifndef QUERY_INDEX_ROOM_H
#define QUERY_INDEX_ROOM_H

#endif
