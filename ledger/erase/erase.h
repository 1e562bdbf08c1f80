/* Erasures that are recorded, but whose old bytes may still be on the disk. */
#ifndef LEDGER_ERASE_ERASE_H
#define LEDGER_ERASE_ERASE_H

#include "ledger/core/core.h"

/* Removes what an earlier erasure left because somebody had it open; at opening. Says nothing when it cannot. */
void erase_tidy(struct ledger *ledger);
/* Whether files of a generation before this one are there; *ret_pid as in burial_left. */
bool erase_left(struct ledger *ledger, uint64_t *ret_pid);
/* Files of artifacts that were erased, and those that no artifact has or will have, go. */
int erase_artifacts(struct ledger *ledger, struct err *err);

/* Whether derived data that is beside this generation of the evidence may be read by who sees `evidence`, a transaction
 * that began after the one that reads it. False while an erasure is not finished: it may still say what was erased. */
bool erase_is_done(struct db_txn *evidence, uint64_t generation);
/* For who compares derived data with events, after reading both. *ret: something was erased and there is no new generation
 * yet, so what was derived before may still say it: that is not a fault. ERR_BUSY: the evidence has left `generation`. */
int erase_excuses(struct ledger *ledger, uint64_t generation, bool *ret, struct err *err);

#endif
