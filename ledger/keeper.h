/* A thread that does for key segments what no append may wait for: it opens derived data, which other processes may hold up
 * for as long as they like, compares its segments with the evidence, and builds those that commits have completed. Who
 * appends asks for that and goes on; what it gets to see is ledger->segments. */
#ifndef LEDGER_KEEPER_H
#define LEDGER_KEEPER_H

#include "ledger/core.h"

struct keeper *keeper_new(struct ledger *ledger); /* NULL on no memory; the thread starts with the first request */
/* Waits for the thread, which ends what it was asked for. NULL is fine. */
void keeper_free(struct keeper *keeper);

/* Asks it to open derived data and to build what is missing. Never waits. Right after a failure nothing is asked for. */
void keeper_ask(struct ledger *ledger);
/* Waits for what was asked for while the thread gets on with it; no longer when somebody else holds it up. */
void keeper_wait(struct ledger *ledger);

#endif
