/* Removing superseded generations of a database. */
#ifndef LEDGER_STORE_BURIAL_H
#define LEDGER_STORE_BURIAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Overwrites and removes generations before `generation`, and finishes interrupted removals. ERR_BUSY: some process
 * (*ret_pid; 0: unknown) has one of them open. */
int burial_run(const char *base, bool own_lock, uint64_t generation, uint64_t *ret_pid, struct err *err);
/* Whether any of them still exists; *ret_pid: another process that has it open, 0: none known. */
bool burial_left(const char *base, uint64_t generation, uint64_t *ret_pid);

#endif
