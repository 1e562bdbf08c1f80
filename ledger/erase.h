/* Erasures that are recorded, but whose old bytes may still be on the disk. */
#ifndef LEDGER_ERASE_H
#define LEDGER_ERASE_H

#include "ledger/core.h"

/* Removes what an earlier erasure left because somebody had it open; at opening. Says nothing when it cannot. */
void erase_tidy(struct ledger *ledger);
/* Whether files of a generation before this one are there; *ret_pid as in generation_left. */
bool erase_left(struct ledger *ledger, uint64_t *ret_pid);
/* Files of artifacts that were erased, and those that no artifact has or will have, go. */
int erase_artifacts(struct ledger *ledger, struct err *err);

#endif
