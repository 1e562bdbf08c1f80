/* Which exports had shown before what an erasure takes away: those copies no erasure reaches. */
#ifndef CLI_EVIDENCE_ERASE_LEFT_H
#define CLI_EVIDENCE_ERASE_LEFT_H

#include "cli/evidence/erase_plan.h"

struct erase_export {
    uint64_t seq, time;             /* of the event ledger.exported */
    uint64_t events;                /* of the plan that it disclosed, with a field that goes */
    uint64_t maybe;                 /* of the plan that it may have disclosed: its event does not say which were chosen */
    char recipient[128], path[256]; /* empty: not known */
};
struct erase_left {
    struct erase_export *export; /* by seq; owned */
    size_t n, cap;
};
/* Reads the log's events ledger.exported, and the plan's events against what they say. */
int erase_left_find(struct erase_left *left, const struct erase_plan *plan, struct ledger *ledger, struct err *err);
void erase_left_done(struct erase_left *left); /* a zeroed one is fine */

#endif
