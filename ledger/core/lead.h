/* How far the ledger's time runs ahead of the clock. An event's time is never earlier than that of the event before it, so
 * a single wrong reading of the clock affects all later events until the clock has caught up. */
#ifndef LEDGER_CORE_LEAD_H
#define LEDGER_CORE_LEAD_H

#include "ledger/core/core.h"

struct lead {
    uint64_t ns;  /* newest event's time less the clock; 0: not ahead, by more than a second */
    uint64_t seq; /* the first event whose time the clock has not reached; LOG_NO_SEQ when it cannot be read */
};
/* As of a view. Costs nothing unless time runs ahead; then it reads O(log n) groups. */
void lead_of(struct core_view *view, struct lead *ret);
int lead_now(struct ledger *ledger, struct lead *ret, struct err *err);
/* "its times run 26648 days ahead of the clock since event 7" */
void lead_words(const struct lead *lead, char *ret, size_t max);

#endif
