/* Store: the database. LMDB after one door, and what LMDB does not do by itself: locks that name their holder, a
 * file that was cut short, pages that another process may have reused, generations of a database, files that must be
 * wiped.
 *
 * Sees: base only. Nothing here knows what an event is.
 *
 * Begin with db.h: a handle, transactions, cursors, tables by number. Then docs/storage.md, which says what was
 * measured and which rule follows from it.
 *
 *   db          handles, which stand for a database through all its generations
 *   db_txn      transactions        db_records  what is in them        db_copy  a copy of the records, not of the
 *               pages
 *   db_env      one directory that LMDB has open; db_env.h is the one place that includes lmdb.h
 *   db_lock     the open lock, the write lock and the turnstile       db_table  what LMDB's own table of locks says
 *   db_pages    reading pages without LMDB, to check them             db_fault  whose fault a SIGBUS is
 *   generation  names of generations                                  burial    wiping those that were superseded
 *   scratch     a database without a name, for data that is thrown away soon
 *
 * Words. Environment: one directory of LMDB. Generation: a whole copy of a database that takes its place, so that
 * erased content is in none of its pages. Superseded: the record that says so. Open lock, write lock: see db_lock.h;
 * the write lock is the one that makes writers of the whole machine take turns. */
#ifndef LEDGER_STORE_ROOM_H
#define LEDGER_STORE_ROOM_H

#endif
