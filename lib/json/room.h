/* JSON that both the library and the commands print.
 *
 * Sees: export, query, projections, ledger, base. Begin with report.h.
 *   report    what a verification found
 *   question  what a bundle was asked for, and what it leaves out
 *   cell      values of states */
#ifndef LIB_JSON_ROOM_H
#define LIB_JSON_ROOM_H

#endif
