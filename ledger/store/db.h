/* LMDB: the one door to it. Named tables in one environment, byte keys, one writer at a time on the machine, readers that
 * never wait. docs/storage.md has what was measured about LMDB and the rules that follow.
 *
 * Rules kept here: one handle per environment and process; network file systems refused; the file's size checked against
 * the newest meta page before anything is read; data file 0600 and close-on-exec; a fixed map as a quota; dead readers
 * cleared as the file grows and when space or reader slots run out; LMDB's codes translated to ERR_*. */
#ifndef LEDGER_STORE_DB_H
#define LEDGER_STORE_DB_H

#include "base/bytes.h"
#include "ledger/store/db_options.h"

#define DB_KEY_MAX 511

struct db;
struct db_txn;
struct db_cursor;

/* In a database with generations, this record in the first table says that one with a higher number has replaced it. It is
 * the last record written, so no two generations are ever written to. A handle looks for it when a transaction begins or is
 * renewed, and moves on; transactions that read the old generation may continue. */
#define DB_SUPERSEDED "superseded"

/* ERR_BUSY: open in this process already. ERR_CORRUPT: unreadable or cut short. ERR_NOTFOUND: absent. */
int db_open(const char *dir, const struct db_options *options, struct db **ret, struct err *err);
void db_close(struct db *db); /* NULL is fine; that of a parent process is left alone */
/* Opened before this process was forked from the one that did: transactions are refused (ERR_INVALID), and ending those of
 * the parent does nothing. */
bool db_is_of_parent(const struct db *db);
int db_check_process(const struct db *db, struct err *err);
/* Its files have been or will be removed: the directory may be opened again while this handle is still in use. */
void db_park(struct db *db);

/* No transaction can begin any more (ERR_NOTFOUND); the files are closed with the last open transaction. */
void db_retire(struct db *db);
uint64_t db_generation(struct db *db);
uint64_t db_txn_generation(const struct db_txn *txn);
/* On a file system where snapshots cannot be held (db_fault.h): changes with each commit of any process. Else 0. */
uint64_t db_newest(struct db *db);
/* The pages that this read transaction reads may have been reused by now. */
bool db_is_unheld(const struct db_txn *txn);

/* One write transaction at a time on the whole machine: begin waits for the other, up to the handle's limit (ERR_BUSY). It
 * is refused (ERR_BUSY) if LMDB would overwrite the newest commit because its lock table does not know it. */
int db_begin(struct db *db, bool write, struct db_txn **ret, struct err *err);
/* A write transaction that may use the reserved part of the map. */
int db_begin_reserved(struct db *db, struct db_txn **ret, struct err *err);
/* ERR_FULL: nothing stored. ERR_IO: may or may not be stored. Frees the transaction in every case. */
int db_commit(struct db_txn *txn, struct err *err);
void db_abort(struct db_txn *txn); /* NULL is fine */
/* Commits when `rc` is 0, else aborts and returns `rc`. */
int db_end(struct db_txn *txn, int rc, struct err *err);
/* A read transaction, ended by db_abort, of the database as the next process to open it will find it: it has an environment
 * of its own, which takes nothing from this handle or from the lock table, and nobody can write meanwhile. For decisions
 * that cannot be undone. The thread must have no write transaction of this database. */
int db_look(struct db *db, struct db_txn **ret, struct err *err);
/* A read transaction releases its snapshot, so that old pages can be reused; borrowed bytes die. Until db_renew it can only
 * be ended. */
void db_rest(struct db_txn *txn);
/* A read transaction releases its snapshot, if it has one, and takes the newest; borrowed bytes die. */
int db_renew(struct db_txn *txn, struct err *err);

/* Borrowed until the transaction ends or, in a write transaction, until its next change. 0, ERR_NOTFOUND (err untouched),
 * or another ERR_*. */
int db_get(struct db_txn *txn, size_t table, struct bytes key, struct bytes *ret, struct err *err);
enum db_put_flag {
    DB_PUT = 0,
    DB_APPEND = 1,
    DB_NEW = 2
}; /* DB_APPEND: the key is the table's largest; DB_NEW: must be
      absent, else ERR_CONFLICT */
int db_put(struct db_txn *txn, size_t table, struct bytes key, struct bytes value, enum db_put_flag flag, struct err *err);
/* Absent is fine. */
int db_del(struct db_txn *txn, size_t table, struct bytes key, struct err *err);
/* Removes all records of a table. Reads only the pages above the leaves, so millions of small records take some
 * milliseconds. */
int db_clear(struct db_txn *txn, size_t table, struct err *err);
/* Removes all records whose keys have this prefix. */
int db_clear_prefix(struct db_txn *txn, size_t table, struct bytes prefix, struct err *err);

/* The same with a be64 key. */
int db_get_u64(struct db_txn *txn, size_t table, uint64_t key, struct bytes *ret, struct err *err);
int db_put_u64(struct db_txn *txn, size_t table, uint64_t key, struct bytes value, enum db_put_flag flag, struct err *err);
int db_del_u64(struct db_txn *txn, size_t table, uint64_t key, struct err *err);

/* Cursors live within their transaction. seek: first key at or after; last: the largest. 0, 1 at the end, ERR_*. */
int db_cursor_open(struct db_txn *txn, size_t table, struct db_cursor **ret, struct err *err);
int db_cursor_seek(struct db_cursor *cursor, struct bytes key, struct bytes *ret_key, struct bytes *ret_value,
                   struct err *err);
int db_cursor_next(struct db_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err);
int db_cursor_last(struct db_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err);
void db_cursor_close(struct db_cursor *cursor);

/* Calls `found` for each name in the environment's root that is not one of our tables. */
int db_strangers(struct db_txn *txn, void (*found)(void *ctx, struct bytes name), void *ctx, struct err *err);
int db_count(struct db_txn *txn, size_t table, uint64_t *ret, struct err *err);
/* Checks every page of the newest snapshot's trees, which LMDB does not: see db_pages.h. ERR_CORRUPT names a page. */
int db_check(struct db *db, struct err *err);
/* Syncs what an environment opened with `unsynced` has committed. */
int db_sync(struct db *db, struct err *err);
/* Creates an environment in `dir`, which is created too, and copies the records of this transaction's snapshot into it,
 * except the record named `without` in the first table (NULL: all); synced. Unlike a copy of pages, it holds no bytes of
 * removed records. */
int db_copy(struct db_txn *from, const char *dir, const char *without, struct err *err);

struct db_reader_counts {
    uint64_t live, dead;                 /* places in the table of readers, those of this process among the live ones */
    uint64_t oldest_pid, oldest_commits; /* as in db_stats, of those that live */
};
/* Clears nothing. Where the kernel does not show this process its own descriptors, nobody is dead. */
int db_look_at_readers(struct db *db, struct db_reader_counts *ret, struct err *err);
/* *ret_dead: how many there were. */
int db_clear_readers(struct db *db, uint64_t *ret_dead, struct err *err);

struct db_stats {
    uint64_t file_bytes, map_bytes, used_bytes;
    uint64_t usable_bytes;          /* of map_bytes, without what is reserved */
    uint64_t readers, dead_readers; /* dead ones were cleared by this call and do not count as readers */
    uint64_t oldest_reader_pid;     /* process that reads the oldest snapshot; 0: all read the newest */
    uint64_t oldest_reader_commits; /* how many commits it is behind */
};
int db_stats(struct db *db, struct db_stats *ret, struct err *err);

#endif
