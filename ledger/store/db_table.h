/* LMDB's table of locks, lock.mdb, as far as one must know it to trust it: LMDB believes whatever a program that was ended
 * while it made the table has left there. Nothing here writes to it. */
#ifndef LEDGER_STORE_DB_TABLE_H
#define LEDGER_STORE_DB_TABLE_H

#include "base/bytes.h"
#include "base/err.h"

struct db_table; /* a view of the file's first page; NULL: there is none to look at */

/* The table of the environment in `dir`, under the open lock and before LMDB opens it: the file is made when it is missing,
 * and its room on the disk is taken, because LMDB writes it through a mapping, where a full disk is a SIGBUS. No descriptor
 * stays open: closing it would drop LMDB's locks. *ret is NULL where the file cannot be written, which LMDB may or may not
 * do without. 1: the process *ret_pid (0: not known) is making the table now, or taking it away. */
int db_table_open(const char *dir, uint64_t bytes, struct db_table **ret, uint64_t *ret_pid, struct err *err);
void db_table_close(struct db_table *table);

/* A process that has the environment in `dir` open; 0: not known. Not while this process has. */
uint64_t db_table_user(const char *dir);

/* Whether LMDB's mutexes are what it makes, and the newest transaction that it knows is not older than one before `newest`,
 * which was read from the file before. */
bool db_table_is_sound(const struct db_table *table, uint64_t newest);
/* Whether somebody has LMDB's lock for writing, *ret_thread (0: not known): with our own write lock held, a program that
 * does not take that, or nobody at all any more. */
bool db_table_is_held(const struct db_table *table, uint64_t *ret_thread);

#endif
