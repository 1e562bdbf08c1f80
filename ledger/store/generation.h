/* Generations of a database: "<base>" is the first, "<base>.<n>" those after it. Only records are copied, so that what
 * was erased is in none of their pages; and the files of those before go when nobody has them open any more. */
#ifndef LEDGER_STORE_GENERATION_H
#define LEDGER_STORE_GENERATION_H

#include "base/file.h"

#define GENERATION_TRIES 100 /* generations that vanish while somebody looks for the oldest one, or opens it */

#define GENERATION_OLD_SUFFIX ".old"

/* Calls `each` for every name of one of these forms; it returns 0 to continue. */
enum generation_form { GENERATION_NONE, GENERATION_WHOLE, GENERATION_NEW, GENERATION_OLD };
typedef int generation_each_fn(void *ctx, enum generation_form form, uint64_t n, const char *path, struct err *err);
int generation_each(const char *base, generation_each_fn *each, void *ctx, struct err *err);

int generation_path(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err);
/* The lowest from `from` on that is there. 1: there is none, *ret is left alone. */
int generation_find(const char *base, uint64_t from, uint64_t *ret, struct err *err);
/* Removes what is above `generation`, and copies that were not finished. The write lock must be held: nobody uses them. */
int generation_sweep(const char *base, uint64_t generation, struct err *err);
/* Overwrites and removes the files of one that nobody has open and nobody finds. Another process may do the same at the
 * same time. */
int generation_wipe(const char *dir, struct err *err);
/* The directory in which the copy for a generation is made: generation_sweep removes it. */
int generation_tmp(const char *base, uint64_t generation, char ret[FILE_PATH_MAX], struct err *err);

#endif
