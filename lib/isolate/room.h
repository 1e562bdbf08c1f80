/* Verifies a ledger in a child process, so that a damaged file cannot end the calling process.
 *
 * Sees: query, projections, ledger, base. Begin with isolate.h.
 *   isolate  the child, what it leaves, and how it ended (decision 012)
 *   check    the index and projections replayed and compared */
#ifndef LIB_ISOLATE_ROOM_H
#define LIB_ISOLATE_ROOM_H

#endif
