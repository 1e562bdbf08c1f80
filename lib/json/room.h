/* What the library and the commands both give out as JSON.
 *
 * Sees: export, query, projections, ledger, base. Begin with report.h.
 *
 *   report  what a verification found
 *   cell    values of states */
#ifndef LIB_JSON_ROOM_H
#define LIB_JSON_ROOM_H

#endif
