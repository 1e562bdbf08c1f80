/* Store: the database. LMDB behind a single interface, and what LMDB does not do itself: locks that name their
 * holder, truncated files, pages that another process may have reused, generations of a database, files that must be
 * wiped.
 *
 * Sees: base only. Nothing here knows what an event is.
 *
 * Begin with db.h: a handle, transactions, cursors, tables by number. Then docs/storage.md, which says what was
 * measured and which rule follows from it.
 *
 *   db          handles, which represent a database through all its generations
 *   db_txn      transactions        db_records  the records in them    db_copy  a copy of the records, not of the
 *               pages
 *   db_env      one directory that LMDB has open; db_env.h is the one place that includes lmdb.h
 *   db_lock     the open lock, the write lock and the turnstile       db_table  what LMDB's own table of locks says
 *   db_readers  LMDB's table of readers         db_dead  those in it whose processes are gone
 *   db_files    which files may be opened at all
 *   db_pages    reading pages without LMDB, to check them             db_fault  what caused a SIGBUS
 *   generation  names of generations                                  burial    wiping those that were superseded
 *   scratch     a nameless database, for data that is soon thrown away
 *
 * Words. Environment: one directory of LMDB. Generation: a whole copy of a database that takes its place, so that
 * erased content is in none of its pages. Superseded: the record that says so. Open lock, write lock: see db_lock.h;
 * the write lock is the one that makes writers of the whole machine take turns. */
#ifndef LEDGER_STORE_ROOM_H
#define LEDGER_STORE_ROOM_H

#endif
