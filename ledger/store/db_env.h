/* The insides of the LMDB door, and the one place that includes its header.
 *
 * A handle stands for a database; an environment is one directory of it. Where a database has generations, the record
 * "superseded" in the first table says that another directory has taken over: then the handle moves on to it, and the old
 * environment is closed with the last transaction that reads it. */
#ifndef LEDGER_STORE_DB_ENV_H
#define LEDGER_STORE_DB_ENV_H

#include <lmdb.h>
#include <pthread.h>

#include "base/file.h"
#include "ledger/store/db.h"
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
    bool loose; /* opened without LMDB's locks, to look at the files: in no list, and no other handle knows of it */
    uint64_t generation, map_bytes;
    uint64_t file;    /* data.mdb's inode */
    bool unheld;      /* LMDB has no lock file, so nothing holds a snapshot: see db_fault.h */
    bool scratch;     /* this process made it and nobody else knows it */
    uint64_t opened;  /* what db_newest_of said then */
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
    struct db_options options;
    char base[FILE_PATH_MAX]; /* the directory of generation 0 */
};

struct db_txn {
    struct db *db;
    struct db_env *env;
    MDB_txn *txn;         /* NULL: a renewal has failed */
    struct db_txn *under; /* of db_look: the write transaction that keeps others out */
    bool write, reserved, full;
    uint64_t growth; /* bytes of pages that its puts may take at most */
};

struct db_cursor {
    struct db_txn *txn;
    MDB_cursor *cur;
};

/* A call that goes over pages of `e`: what kills the thread within it is the database's fault. */
#define DB_CALL(e, call) (db_enter(e), db_leave(call))
extern _Thread_local const struct db_env *db_inside __attribute__((tls_model("initial-exec")));

static inline void db_enter(const struct db_env *e) {
    db_inside = e;
}

static inline int db_leave(int rc) {
    db_inside = NULL;
    return rc;
}

/* The environments that are open, for db_fault_of: a handler may call these. NULL: none is in this place. */
#define DB_MAPS_MAX 64 /* more are not told from the rest of memory */
const struct db_env *db_map_at(size_t i);
/* The newest transaction's number where nothing can hold a snapshot, else 0. */
uint64_t db_newest_of(const struct db_env *e);
/* It was written to since it was opened where nothing could hold a snapshot; the same of one that is closed by now. */
bool db_env_is_unheld(const struct db_env *e);
bool db_maps_unheld(void);

/* An error out of one of LMDB's codes. docs/storage.md has the table with its reasons. */
int db_fail(struct db_env *e, int rc, const char *doing, struct err *err);
/* *ret_commits: how many commits the oldest snapshot is behind; 0 when it is the newest, or there is none. */
int db_list_readers(struct db_env *e, struct db_readers *ret, uint64_t *ret_commits);
/* The environment of now, to be given back; NULL: retired. */
struct db_env *db_hold(struct db *db);
void db_let_go(struct db *db, struct db_env *e);
int db_open_env(const struct db *db, uint64_t generation, bool create, struct db_env **ret, struct err *err);
/* The oldest generation from `from` on that is there: it knows whether a newer one has taken over. */
int db_open_generation(const struct db *db, uint64_t from, bool create, struct db_env **ret, struct err *err);
/* The files of `of` as whoever opens them next will find them: an environment that takes nothing from the table of locks,
 * for reading while the write lock is held. Free with db_close_env. */
int db_open_loose(const struct db *db, const struct db_env *of, struct db_env **ret, struct err *err);
void db_close_env(struct db_env *e);
/* Its directory may be opened again while this one is still in use. */
void db_env_forget(const struct db_env *e);
/* A lock on an environment that nobody has open, and that nobody can open before *ret_fd (-1: it has no lock file) is
 * closed; with the open lock held, for who takes it next would believe the table of locks. ERR_BUSY with the process that
 * has it open (0: not known). With ret_fd NULL it only asks. */
int db_lock_alone(const char *dir, int *ret_fd, uint64_t *ret_pid, struct err *err);
/* Takes the write lock, and sees to it that LMDB's own lock is free: what a damaged table of locks, or a program that takes
 * no lock of ours, would make LMDB wait for ever is waited for here, and said. 1: the table is damaged. */
int db_lock_write(const struct db *db, struct db_env *e, struct err *err);
/* Opens the environment anew when nobody else uses it, in this process or in another one: LMDB makes its table of locks
 * anew then. ERR_BUSY: somebody else has it open, all the time that `db` may wait. Takes the caller's hold of `e`. */
int db_open_again(struct db *db, struct db_env *e, struct err *err);
/* After a commit: see docs/storage.md on the file's length. */
void db_make_whole(struct db_env *e);

#endif
