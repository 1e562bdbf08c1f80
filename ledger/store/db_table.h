/* LMDB's table of locks, lock.mdb, as far as one must know it to trust it: LMDB believes whatever a program that died while
 * making the table has left there. Nothing here writes to it. */
#ifndef LEDGER_STORE_DB_TABLE_H
#define LEDGER_STORE_DB_TABLE_H

#include "base/bytes.h"
#include "base/err.h"

struct db_table; /* a view of the file's first page; NULL: none to look at */

/* The table of the environment in `dir`, under the open lock and before LMDB opens it: the file is made when it is missing,
 * and its disk space is allocated, because LMDB writes it through a mapping, where a full disk causes SIGBUS. No descriptor
 * stays open: closing it would drop LMDB's locks. *ret is NULL where the file cannot be written, which LMDB may or may not
 * tolerate. 1: the process *ret_pid (0: unknown) is making or removing the table now. */
int db_table_open(const char *dir, uint64_t bytes, struct db_table **ret, uint64_t *ret_pid, struct err *err);
void db_table_close(struct db_table *table);

/* A process that has the environment in `dir` open; 0: unknown. Not to be called while this process has it open. */
uint64_t db_table_user(const char *dir);

/* Whether LMDB's mutexes are as it makes them, and the newest transaction that it knows is not older than the one before
 * `newest`, which was read from the file beforehand. */
bool db_table_is_sound(const struct db_table *table, uint64_t newest);
/* Whether somebody has LMDB's lock for writing, *ret_thread (0: unknown): while we hold our own write lock, that is a
 * program that does not take ours, or one that no longer exists. */
bool db_table_is_held(const struct db_table *table, uint64_t *ret_thread);

#endif
