/* A thread that does what no append may wait for: what other processes may hold up for as long as they like, such as
 * opening the database of hints, comparing its segments with the evidence, and building those that commits have
 * completed. Who appends asks for that and continues; what it gets to see is ledger->segments. */
#ifndef LEDGER_DEDUP_KEEPER_H
#define LEDGER_DEDUP_KEEPER_H

#include "ledger/core/core.h"

/* What the thread does when it is asked. `last`: nobody appends any more. */
typedef int keeper_work_fn(struct ledger *ledger, bool last);

/* NULL on no memory; the thread starts with the first request. */
struct keeper *keeper_new(struct ledger *ledger, keeper_work_fn *work);
/* Waits for the thread, which ends what it was asked for. NULL is fine. */
void keeper_free(struct keeper *keeper);

/* Asks it to work. Never waits. Right after a failure nothing is asked for. */
void keeper_ask(struct ledger *ledger);
/* Waits for what was asked for while the thread gets on with it; no longer when somebody else holds it up. */
void keeper_wait(struct ledger *ledger);
/* For the work: it gets on. */
void keeper_step(struct ledger *ledger);

#endif
