/* Answers: rows and counts, from conditions, the index and the events themselves.
 *
 * Sees: projections, ledger, base, condition, columns, index. Begin with query.h (the contract), then cursor.h.
 *
 *   rows    query_open, query_next and the values of a row
 *   cursor  the walk: segment by segment, from the plan or by reading every event
 *   count   counts by combinations of values, from columns where they are built
 *   tally   the table of counts in memory
 *   clocks  how many events two clocks place differently
 *
 * Words. A "row" is an event that satisfies the conditions. Values from columns are used only where the columns are checked
 * against the log; otherwise the event is read and its leaf compared. */
#ifndef QUERY_ROWS_ROOM_H
#define QUERY_ROWS_ROOM_H

#endif
