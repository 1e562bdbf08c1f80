/* The insides of the LMDB door, and the one place that includes its header.
 *
 * A handle represents a database; an environment is one directory of it. In a database with generations, the record
 * "superseded" in the first table says that another directory has replaced it: the handle then moves on to that one, and
 * the old environment is closed with the last transaction that reads it. */
#ifndef LEDGER_STORE_DB_ENV_H
#define LEDGER_STORE_DB_ENV_H

#include <lmdb.h>
#include <pthread.h>

#include "base/file.h"
#include "ledger/store/db_options.h"
#include "ledger/store/db_readers.h"
#include "ledger/store/db_table.h"

#define DB_TABLES_MAX 16
#define DB_READERS    512
#define DB_PAGE       4096
#define DB_OVERFLOW   2000 /* values from about this size have pages of their own */

struct db_env {
    MDB_env *env;
    MDB_dbi dbi[DB_TABLES_MAX];
    struct db_write_lock write_lock; /* not used when it is `loose` */
    struct db_table *table;
    bool loose; /* opened without LMDB's locks, to read the files: not in the list of open environments */
    uint64_t generation, map_bytes;
    uint64_t file;    /* data.mdb's inode */
    bool unheld;      /* LMDB has no lock file, so nothing holds a snapshot: see db_fault.h */
    bool scratch;     /* temporary, and used by this process only */
    uint64_t opened;  /* db_newest_of when it was opened */
    uint64_t users;   /* the handle and its transactions; under the handle's lock */
    uint64_t look_at; /* page number; under the write lock: see look_for_dead */
    char path[FILE_PATH_MAX];
    dev_t dev;
    ino_t ino;
    struct db_env *next_open; /* list of environments open in this process */
};

struct db {
    pthread_mutex_t lock;
    struct db_env *now; /* NULL: retired, or could not be opened again */
    bool retired;
    unsigned forks; /* db_forks when it was opened */
    struct db_options options;
    char base[FILE_PATH_MAX]; /* the directory of generation 0 */
};

struct db_txn {
    struct db *db;
    struct db_env *env;
    MDB_txn *txn;         /* NULL: a renewal has failed */
    struct db_txn *under; /* of db_look: the write transaction that keeps other writers out */
    bool write, reserved, full;
    uint64_t growth; /* bytes of pages that its puts may take at most */
};

struct db_cursor {
    struct db_txn *txn;
    MDB_cursor *cur;
};

/* A call that reads pages of `e`: a signal that kills the thread within it is the database's fault. */
#define DB_CALL(e, call) (db_enter(e), db_leave(call))
extern _Thread_local const struct db_env *db_inside __attribute__((tls_model("initial-exec")));

static inline void db_enter(const struct db_env *e) {
    db_inside = e;
}

static inline int db_leave(int rc) {
    db_inside = NULL;
    return rc;
}

/* The open environments, for db_fault_of; async-signal-safe. NULL: the slot is free. */
#define DB_MAPS_MAX 64 /* further ones are not recognized by address */
const struct db_env *db_map_at(size_t i);
/* The newest transaction's number where snapshots cannot be held, else 0. */
uint64_t db_newest_of(const struct db_env *e);
/* It was written to since it was opened, where snapshots cannot be held; the same of any that is closed by now. */
bool db_env_is_unheld(const struct db_env *e);
bool db_maps_unheld(void);

/* Changes with each fork, in the child. */
unsigned db_forks(void);
/* Translates one of LMDB's codes into an error. docs/storage.md has the table with its reasons. */
int db_fail(struct db_env *e, int rc, const char *doing, struct err *err);
/* *ret_commits: how many commits the oldest snapshot lags behind; 0: it is the newest, or nobody reads. */
int db_list_readers(struct db_env *e, struct db_readers *ret, uint64_t *ret_commits);
/* Takes a reference to the current environment, for db_let_go; NULL: retired. */
struct db_env *db_hold(struct db *db);
void db_let_go(struct db *db, struct db_env *e);
int db_open_env(const struct db *db, uint64_t generation, bool create, struct db_env **ret, struct err *err);
/* The oldest existing generation from `from` on: it records whether a newer one has replaced it. */
int db_open_generation(const struct db *db, uint64_t from, bool create, struct db_env **ret, struct err *err);
/* The files of `of` as the next process to open them will find them: an environment that takes nothing from the lock table,
 * for reading while the write lock is held. Free with db_close_env. */
int db_open_loose(const struct db *db, const struct db_env *of, struct db_env **ret, struct err *err);
void db_close_env(struct db_env *e);
/* Its directory may be opened again while this one is still in use. */
void db_env_forget(const struct db_env *e);
/* Locks an environment that nobody has open, so that nobody can open it before *ret_fd (-1: it has no lock file) is closed.
 * The caller holds the open lock: a process that took it next would trust the lock table. ERR_BUSY with the process that
 * has it open (0: unknown). With ret_fd NULL it only asks. */
int db_lock_alone(const char *dir, int *ret_fd, uint64_t *ret_pid, struct err *err);
/* Takes the write lock and makes sure that LMDB's own lock is free. A damaged lock table, or a program that does not take
 * our lock, would make LMDB wait for ever: the wait happens here, with a limit and a message. 1: the table is damaged. */
int db_lock_write(const struct db *db, struct db_env *e, struct err *err);
/* Reopens the environment when nobody else uses it, in this process or another: LMDB then recreates its lock table.
 * ERR_BUSY: somebody else has it open for as long as `db` may wait. Consumes the caller's reference to `e`. */
int db_open_again(struct db *db, struct db_env *e, struct err *err);
/* After a commit: extends a file that is too short (docs/storage.md, on the file's length). */
void db_make_whole(struct db_env *e);

#endif
