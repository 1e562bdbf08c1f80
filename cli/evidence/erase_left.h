/* Which earlier exports disclosed what an erasure removes: it does not reach those copies. */
#ifndef CLI_EVIDENCE_ERASE_LEFT_H
#define CLI_EVIDENCE_ERASE_LEFT_H

#include "cli/evidence/erase_plan.h"

struct erase_export {
    uint64_t seq, time;             /* of the event ledger.exported */
    uint64_t events;                /* of the plan, disclosed with a field that is erased */
    uint64_t maybe;                 /* of the plan, possibly disclosed: the export's event does not say which were chosen */
    char recipient[128], path[256]; /* empty: unknown */
};
struct erase_left {
    struct erase_export *export; /* by seq; owned */
    size_t n, cap;
};
/* Reads the log's ledger.exported events and compares the plan's events with them. */
int erase_left_find(struct erase_left *left, const struct erase_plan *plan, struct ledger *ledger, struct err *err);
void erase_left_done(struct erase_left *left); /* a zeroed one is fine */

#endif
