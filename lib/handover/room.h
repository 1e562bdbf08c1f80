/* Exported evidence: what it covers, and the order in which it is written, recorded and given its name.
 *
 * Sees: export, query, projections, ledger, base. Begin with handover.h.
 *   handover  written, recorded, named
 *   narrow    the range that conditions cover */
#ifndef LIB_HANDOVER_ROOM_H
#define LIB_HANDOVER_ROOM_H

#endif
