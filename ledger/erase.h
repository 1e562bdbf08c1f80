/* Erasures that are recorded, but whose old bytes may still be on the disk. */
#ifndef LEDGER_ERASE_H
#define LEDGER_ERASE_H

#include "ledger/core.h"

/* Removes what an earlier erasure left because somebody had it open; at opening. Says nothing when it cannot. */
void erase_tidy(struct ledger *ledger);

#endif
