/* Erasures that are recorded, but whose old bytes may still be on the disk. */
#ifndef LEDGER_ERASE_ERASE_H
#define LEDGER_ERASE_ERASE_H

#include "ledger/core/core.h"

/* When a ledger is opened: removes what an earlier erasure left because a process had it open. Failures are ignored. */
void erase_tidy(struct ledger *ledger);
/* Whether files of an earlier generation still exist; *ret_pid as in burial_left. */
bool erase_left(struct ledger *ledger, uint64_t *ret_pid);
/* Removes the files of erased artifacts, and files that belong to no artifact. */
int erase_artifacts(struct ledger *ledger, struct err *err);

/* Whether derived data beside this generation of the evidence may be read; `evidence` is a transaction that began after the
 * one that reads it. False while an erasure is unfinished: derived data may still hold erased content. */
bool erase_is_done(struct db_txn *evidence, uint64_t generation);
/* For comparing derived data with events, after reading both. *ret: something was erased and there is no new generation
 * yet, so derived data may still hold it, which is not a fault. ERR_BUSY: the evidence has left `generation`. */
int erase_excuses(struct ledger *ledger, uint64_t generation, bool *ret, struct err *err);

#endif
