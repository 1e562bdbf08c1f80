/* The LMDB door: environments, transactions, the error table.
 * docs/storage.md says what each rule here was measured against. */
#include "ledger/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "ledger/db_env.h"
#include "ledger/db_readers.h"

#define DB_READERS      512
#define DB_PATH_PAGES   32  /* pages on the way to what a commit changes, in all tables, that it may write anew */
#define DB_STALE_MIN    100 /* commits: no reader of ours stays behind so far, but one that somebody forgot */
#define LENGTH_LOOKS    5
#define LENGTH_PAUSE_NS 2000000
#define DB_LOOK_AFTER   ((uint64_t)16 << 20) /* bytes of growth after which a writer looks for dead readers */

/* LMDB does not notice when one environment is opened twice in a process; closing one then breaks the other's locks. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct db *open_list;

/* ---- errors ---- */

static bool disk_is_full(const char *path) {
    struct statvfs vfs;
    return statvfs(path, &vfs) == 0 && vfs.f_bavail < 16;
}

static bool files_are_limited(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

/* *ret_commits: how many commits the oldest snapshot is behind; 0 when it is the newest, or there is none. */
static int list_readers(struct db *db, struct db_readers *ret, uint64_t *ret_commits) {
    MDB_envinfo info;
    *ret = (struct db_readers){0};
    int rc = mdb_reader_list(db->env, db_readers_line, ret);
    rc = rc < 0 ? rc : mdb_env_info(db->env, &info); /* after it: no snapshot is newer than this */
    *ret_commits = rc == 0 && ret->pid != 0 && info.me_last_txnid > ret->txnid ? info.me_last_txnid - ret->txnid : 0;
    return rc;
}

static int fail_full(struct db *db, const char *doing, struct err *err) {
    struct db_readers readers;
    uint64_t commits = 0;
    char held[128] = "";
    if (list_readers(db, &readers, &commits) == 0 && commits >= DB_STALE_MIN) {
        snprintf(held, sizeof(held), "; process %llu has been reading a snapshot for %llu commits, which keeps old pages",
                 (unsigned long long)readers.pid, (unsigned long long)commits);
    }
    return err_set(err, ERR_FULL,
                   "'%s': %s: the database has reached its quota of %llu bytes (map_bytes in the ledger's config)%s",
                   db->path, doing, (unsigned long long)db->map_bytes, held);
}

/* docs/storage.md has this table with its reasons. */
int db_fail(struct db *db, int rc, const char *doing, struct err *err) {
    const char *path = db->path;
    switch (rc) {
    case MDB_NOTFOUND:
        return err_set(err, ERR_NOTFOUND, "'%s': %s: not there", path, doing);
    case MDB_KEYEXIST:
        return err_set(err, ERR_CONFLICT, "'%s': %s: the key is there already", path, doing);
    case MDB_MAP_FULL:
        return fail_full(db, doing, err);
    case MDB_MAP_RESIZED:
        return err_set(err, ERR_FULL, "'%s': another process uses a larger quota (map_bytes), open the ledger again", path);
    case MDB_TXN_FULL:
        return err_set(err, ERR_LIMIT, "'%s': %s: too many changes for one transaction, use smaller batches", path, doing);
    case MDB_READERS_FULL:
        return err_set(err, ERR_BUSY, "'%s': %s: all %d reader slots are taken", path, doing, DB_READERS);
    case MDB_PANIC:
        return err_set(err, ERR_IO, "'%s': %s: a write failed before, in the middle of a commit: open the ledger again",
                       path, doing);
    case MDB_VERSION_MISMATCH:
        return err_set(err, ERR_VERSION, "'%s': %s: written by another version of LMDB", path, doing);
    case MDB_INVALID:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_BAD_VALSIZE:
    case MDB_CURSOR_FULL:
    case MDB_BAD_TXN: /* an earlier failure in the same transaction, which met damage */
    case MDB_INCOMPATIBLE:
    case MDB_PAGE_FULL:
        return err_set(err, ERR_CORRUPT, "'%s': %s: the database is damaged (%s)", path, doing, mdb_strerror(rc));
    case EIO:
        if (disk_is_full(path)) { /* LMDB reports a short write as EIO */
            return err_set(err, ERR_FULL, "'%s': %s: no space left on the disk", path, doing);
        }
        if (files_are_limited()) {
            return err_set(err, ERR_FULL, "'%s': %s: the limit of file sizes (ulimit -f) is reached", path, doing);
        }
        return err_errno(err, EIO, "'%s': %s", path, doing);
    case EACCES:
    case EROFS:
        return err_set(err, ERR_IO,
                       "'%s': %s: %s (the directory and its files must be writable by this user, lock.mdb too)", path,
                       doing, strerror(rc));
    default:
        if (rc < 0) {
            return err_set(err, ERR_IO, "'%s': %s: %s", path, doing, mdb_strerror(rc));
        }
        return err_errno(err, rc, "'%s': %s", path, doing);
    }
}

/* ---- opening ---- */

static int register_open(struct db *db, struct err *err) {
    struct stat st;
    if (stat(db->path, &st) != 0) {
        return err_errno(err, errno, "'%s'", db->path);
    }
    int rc = 0;
    pthread_mutex_lock(&open_lock);
    for (struct db *o = open_list; o != NULL; o = o->next_open) {
        if (o->dev == st.st_dev && o->ino == st.st_ino) {
            rc = err_set(err, ERR_BUSY, "'%s' is open in this process already", db->path);
        }
    }
    if (rc == 0) {
        db->dev = st.st_dev;
        db->ino = st.st_ino;
        db->next_open = open_list;
        open_list = db;
    }
    pthread_mutex_unlock(&open_lock);
    return rc;
}

static void unregister(struct db *db) {
    pthread_mutex_lock(&open_lock);
    for (struct db **p = &open_list; *p != NULL; p = &(*p)->next_open) {
        if (*p == db) {
            *p = db->next_open;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

/* Pages that the newest meta page counts and the file does not have; bytes. */
static int missing_pages(struct db *db, uint64_t *ret_needed, uint64_t *ret_bytes, uint64_t *ret_missing, int *ret_fd,
                         struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    int fd;
    int rc = mdb_env_info(db->env, &info);
    rc = rc != 0 ? rc : mdb_env_stat(db->env, &st);
    rc = rc != 0 ? rc : mdb_env_get_fd(db->env, &fd);
    if (rc != 0) {
        return db_fail(db, rc, "reading its state", err);
    }
    if (fstat(fd, &file) != 0) {
        return err_errno(err, errno, "'%s/data.mdb'", db->path);
    }
    uint64_t pages = (uint64_t)info.me_last_pgno + 1, there = st.ms_psize == 0 ? 0 : (uint64_t)file.st_size / st.ms_psize;
    *ret_needed = pages * st.ms_psize;
    *ret_bytes = (uint64_t)file.st_size;
    *ret_missing = pages > there ? pages - there : 0;
    *ret_fd = fd;
    return 0;
}

/* A file that is shorter than its newest meta page says opens without complaint and kills the reader with SIGBUS later.
 * Another process may be about to make a new file whole (make_whole), which takes no time. */
static int check_length(struct db *db, struct err *err) {
    const struct timespec pause = {.tv_nsec = LENGTH_PAUSE_NS};
    uint64_t needed = 0, bytes = 0, missing = 0;
    int fd = -1;
    for (int i = 0; i < LENGTH_LOOKS; i++) {
        int rc = missing_pages(db, &needed, &bytes, &missing, &fd, err);
        if (rc == 0 && missing == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            rc = err_errno(err, errno, "'%s/data.mdb'", db->path);
        }
        if (rc != 0 || missing == 0) {
            return rc;
        }
        nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_CORRUPT, "'%s/data.mdb' is cut short: %llu bytes, its pages need %llu", db->path,
                   (unsigned long long)bytes, (unsigned long long)needed);
}

/* LMDB does not write a page that was taken and given back within one transaction, not even when it is the last: then the
 * file ends before it. Nobody reads such a page, but a file of that length cannot be told from one that was cut. Another
 * process may be writing there by now: fallocate makes a file longer and changes nothing that is in it. */
static void make_whole(struct db *db) {
    uint64_t needed, bytes, missing;
    int fd;
    if (missing_pages(db, &needed, &bytes, &missing, &fd, NULL) != 0 || missing == 0) {
        return;
    }
    if (fallocate(fd, 0, (off_t)bytes, (off_t)(needed - bytes)) == 0) {
        fdatasync(fd);
    }
}

static int open_tables(struct db *db, const struct db_options *o, struct err *err) {
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(db->env, NULL, o->create ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return db_fail(db, rc, "opening its tables", err);
    }
    for (size_t i = 0; i < o->n_tables && rc == 0; i++) {
        rc = mdb_dbi_open(txn, o->tables[i], o->create ? MDB_CREATE : 0, &db->dbi[i]);
    }
    if (rc == MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return err_set(err, ERR_CORRUPT, "'%s': a table is missing", db->path);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return db_fail(db, rc, "opening its tables", err);
    }
    rc = mdb_txn_commit(txn); /* keeps the table handles */
    return rc == 0 ? 0 : db_fail(db, rc, "opening its tables", err);
}

static int open_env(struct db *db, const struct db_options *o, struct err *err) {
    struct stat st;
    char file[FILE_PATH_MAX];
    int rc = file_join(file, db->path, "data.mdb", err);
    if (rc != 0) {
        return rc;
    }
    if (!o->create) {
        if (stat(file, &st) != 0) {
            return err_errno(err, errno, "'%s'", file);
        }
        if (st.st_size < 8192) { /* LMDB would take an empty file for a new environment */
            return err_set(err, ERR_CORRUPT, "'%s' is cut short: %lld bytes", file, (long long)st.st_size);
        }
    }
    rc = mdb_env_create(&db->env);
    rc = rc != 0 ? rc : mdb_env_set_mapsize(db->env, db->map_bytes);
    rc = rc != 0 ? rc : mdb_env_set_maxdbs(db->env, DB_TABLES_MAX);
    rc = rc != 0 ? rc : mdb_env_set_maxreaders(db->env, DB_READERS);
    unsigned flags = MDB_NOTLS | (o->read_only ? MDB_RDONLY : 0) | (o->relaxed ? MDB_NOMETASYNC : 0);
    rc = rc != 0 ? rc : mdb_env_open(db->env, db->path, flags, 0600);
    if (rc != 0) {
        return db_fail(db, rc, "opening it", err);
    }
    return check_length(db, err);
}

int db_open(const char *dir, const struct db_options *options, struct db **ret, struct err *err) {
    if (options->n_tables > DB_TABLES_MAX || strlen(dir) >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "'%s': too many tables or too long a path", dir);
    }
    struct db *db = calloc(1, sizeof(*db));
    if (db == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    memcpy(db->path, dir, strlen(dir) + 1);
    db->names = options->tables;
    db->n = options->n_tables;
    db->map_bytes = options->map_bytes;
    db->reserve_bytes = options->reserve_bytes;
    int rc = file_check_local(dir, err);
    rc = rc != 0 ? rc : register_open(db, err);
    if (rc != 0) {
        free(db);
        return rc;
    }
    rc = open_env(db, options, err);
    if (rc == 0) {
        int dead;
        mdb_reader_check(db->env, &dead);
        rc = open_tables(db, options, err);
    }
    if (rc != 0) {
        db_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}

void db_park(struct db *db) {
    unregister(db);
}

void db_close(struct db *db) {
    if (db == NULL) {
        return;
    }
    if (db->env != NULL) {
        mdb_env_close(db->env);
    }
    unregister(db);
    free(db);
}

/* ---- transactions ---- */

static int begin(struct db *db, unsigned flags, MDB_txn **ret, struct err *err) {
    int dead;
    int rc = mdb_txn_begin(db->env, NULL, flags, ret);
    if (rc == MDB_READERS_FULL) {
        mdb_reader_check(db->env, &dead);
        rc = mdb_txn_begin(db->env, NULL, flags, ret);
    }
    return rc == 0 ? 0 : db_fail(db, rc, "beginning a transaction", err);
}

/* What a killed process left in the table of readers keeps every page that was freed since from being used again, and
 * nobody else looks. With the write lock held. */
static void look_for_dead(struct db *db) {
    MDB_envinfo info;
    int dead;
    if (mdb_env_info(db->env, &info) == 0 && info.me_last_pgno >= db->look_at) {
        uint64_t step = db->map_bytes / 16 < DB_LOOK_AFTER ? db->map_bytes / 16 : DB_LOOK_AFTER;
        db->look_at = info.me_last_pgno + step / DB_PAGE;
        mdb_reader_check(db->env, &dead);
    }
}

static int begin_any(struct db *db, bool write, bool reserved, struct db_txn **ret, struct err *err) {
    struct db_txn *txn = calloc(1, sizeof(*txn));
    if (txn == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = begin(db, write ? 0 : MDB_RDONLY, &txn->txn, err);
    if (rc != 0) {
        free(txn);
        return rc;
    }
    if (write) {
        look_for_dead(db);
    }
    txn->db = db;
    txn->write = write;
    txn->reserved = reserved;
    *ret = txn;
    return 0;
}

int db_begin(struct db *db, bool write, struct db_txn **ret, struct err *err) {
    return begin_any(db, write, false, ret, err);
}

int db_begin_reserved(struct db *db, struct db_txn **ret, struct err *err) {
    return begin_any(db, true, true, ret, err);
}

/* The map's last part is for control events: they must still fit when the quota is used up. */
static int check_reserve(struct db_txn *txn, struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    if (txn->reserved || txn->db->reserve_bytes == 0) {
        return 0;
    }
    mdb_env_info(txn->db->env, &info);
    mdb_env_stat(txn->db->env, &st);
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize; /* before this transaction: LMDB tells no more */
    uint64_t may = txn->growth + DB_PATH_PAGES * st.ms_psize;
    if (used + may + txn->db->reserve_bytes <= txn->db->map_bytes) {
        return 0;
    }
    return db_fail(txn->db, MDB_MAP_FULL, "committing", err);
}

int db_commit(struct db_txn *txn, struct err *err) {
    struct db *db = txn->db;
    int rc = txn->write ? check_reserve(txn, err) : 0;
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    bool write = txn->write;
    rc = mdb_txn_commit(txn->txn);
    free(txn);
    if (rc == 0) {
        if (write) {
            make_whole(db);
        }
        return 0;
    }
    MDB_txn *probe;
    int state = mdb_txn_begin(db->env, NULL, MDB_RDONLY, &probe);
    if (state == 0) {
        mdb_txn_abort(probe);
    } else if (state == MDB_PANIC) {
        /* It failed at the meta page: who opens it again may find it done, even on a full disk. */
        return err_set(err, ERR_IO, "'%s': committing: %s; whether it is stored shows when it is opened again", db->path,
                       mdb_strerror(rc));
    }
    return db_fail(db, rc, "committing", err);
}

void db_abort(struct db_txn *txn) {
    if (txn != NULL) {
        mdb_txn_abort(txn->txn);
        if (txn->full) { /* a full map is also what a dead reader looks like */
            int dead;
            mdb_reader_check(txn->db->env, &dead);
        }
        free(txn);
    }
}

void db_rest(struct db_txn *txn) {
    mdb_txn_reset(txn->txn);
}

int db_renew(struct db_txn *txn, struct err *err) {
    mdb_txn_reset(txn->txn);
    int rc = mdb_txn_renew(txn->txn);
    return rc == 0 ? 0 : db_fail(txn->db, rc, "renewing a snapshot", err);
}

int db_copy(struct db *db, int fd, struct err *err) {
    int rc = mdb_env_copyfd2(db->env, fd, MDB_CP_COMPACT);
    return rc == 0 ? 0 : db_fail(db, rc, "copying", err);
}

int db_stats(struct db *db, struct db_stats *ret, struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    struct db_readers readers;
    uint64_t commits = 0;
    int dead = 0, fd;
    int rc = mdb_reader_check(db->env, &dead);
    rc = rc != 0 ? rc : list_readers(db, &readers, &commits);
    rc = rc != 0 ? rc : mdb_env_info(db->env, &info);
    rc = rc != 0 ? rc : mdb_env_stat(db->env, &st);
    rc = rc != 0 ? rc : mdb_env_get_fd(db->env, &fd);
    if (rc != 0) {
        return db_fail(db, rc, "reading its state", err);
    }
    if (fstat(fd, &file) != 0) {
        return err_errno(err, errno, "'%s/data.mdb'", db->path);
    }
    ret->file_bytes = (uint64_t)file.st_size;
    ret->map_bytes = info.me_mapsize;
    ret->used_bytes = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
    ret->readers = readers.n;
    ret->dead_readers = (uint64_t)dead;
    ret->oldest_reader_pid = commits == 0 ? 0 : readers.pid;
    ret->oldest_reader_commits = commits;
    return 0;
}
