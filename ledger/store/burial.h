/* Taking away the generations of a database that were superseded. */
#ifndef LEDGER_STORE_BURIAL_H
#define LEDGER_STORE_BURIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Overwrites and removes what is below `generation`, and what was begun to be removed. ERR_BUSY: some process (*ret_pid; 0:
 * not known) has one of them open. */
int burial_run(const char *base, bool own_lock, uint64_t generation, uint64_t *ret_pid, struct err *err);
/* Whether something of them is still there; *ret_pid: a process other than this one that has it open, 0: none is known. */
bool burial_left(const char *base, uint64_t generation, uint64_t *ret_pid);

#endif
