/* Erasures that are recorded, but whose old bytes may still be on the disk. */
#ifndef LEDGER_ERASE_H
#define LEDGER_ERASE_H

#include "ledger/core.h"

/* Removes what an earlier erasure left because somebody had it open; at opening. Says nothing when it cannot. */
void erase_tidy(struct ledger *ledger);
/* Whether pages of this generation may still hold what was erased. */
int erase_pending(struct db_txn *txn, bool *ret, struct err *err);

#endif
