/* Generations of a database: "<base>" is the first, "<base>.<n>" those after it. Only records are copied, so that what
 * was erased is in none of their pages; and the files of those before go when nobody has them open any more. */
#ifndef LEDGER_GENERATION_H
#define LEDGER_GENERATION_H

#include "base/file.h"

#define GENERATION_TRIES 100 /* generations that vanish while somebody looks for the oldest one, or opens it */

int generation_path(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err);
/* The lowest from `from` on that is there. 1: there is none, *ret is left alone. */
int generation_find(const char *base, uint64_t from, uint64_t *ret, struct err *err);
/* Removes what is above `generation`, and copies that were not finished. The write lock must be held: nobody uses them. */
int generation_sweep(const char *base, uint64_t generation, struct err *err);
/* Overwrites and removes what is below `generation`, and what was begun to be removed. ERR_BUSY: some process (*ret_pid; 0:
 * not known) has one of them open. */
int generation_bury(const char *base, bool own_lock, uint64_t generation, uint64_t *ret_pid, struct err *err);
/* Whether something of them is still there; *ret_pid: a process other than this one that has it open, 0: none is known. */
bool generation_left(const char *base, uint64_t generation, uint64_t *ret_pid);
/* The directory in which the copy for a generation is made: generation_sweep removes it. */
int generation_tmp(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err);

#endif
