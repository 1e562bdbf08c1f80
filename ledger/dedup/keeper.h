/* A thread for work that appends must not wait for, because other processes can block it indefinitely: opening the database
 * of hints, comparing its segments with the evidence, and building those that commits have completed. An append requests
 * the work and continues; it sees the result in ledger->segments. */
#ifndef LEDGER_DEDUP_KEEPER_H
#define LEDGER_DEDUP_KEEPER_H

#include "ledger/core/core.h"

/* The work of one request. `last`: there are no more appends. */
typedef int keeper_work_fn(struct ledger *ledger, bool last);

/* NULL on no memory; the thread starts with the first request. */
struct keeper *keeper_new(struct ledger *ledger, keeper_work_fn *work);
/* Waits for the thread, which finishes its request. NULL is fine. */
void keeper_free(struct keeper *keeper);

/* Requests the work. Never waits. Right after a failure it does nothing. */
void keeper_ask(struct ledger *ledger);
/* Waits for the requested work as long as the thread makes progress; not while another process blocks it. */
void keeper_wait(struct ledger *ledger);
/* For the work: reports progress. */
void keeper_step(struct ledger *ledger);

#endif
