/* The LMDB door: environments, transactions, the error table; db_records.c has the rest.
 * docs/storage.md says what each rule here was measured against. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "ledger/db_env.h"
#include "ledger/generation.h"

#define DB_PATH_PAGES   32 /* pages on the way to what a commit changes, in all tables, that it may write anew */
#define LENGTH_LOOKS    5
#define LENGTH_PAUSE_NS 2000000
#define DB_STALE_MIN    100 /* commits: no reader of ours stays behind so far, but one that somebody forgot */
#define DB_TRIES        100 /* generations that vanish while they are opened */
#define DB_LOOK_AFTER   ((uint64_t)16 << 20) /* bytes of growth after which a writer looks for dead readers */

/* LMDB does not notice when one environment is opened twice in a process; closing one then breaks the other's locks. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct db_env *open_list;

/* ---- errors ---- */

static bool disk_is_full(const char *path) {
    struct statvfs vfs;
    return statvfs(path, &vfs) == 0 && vfs.f_bavail < 16;
}

static bool files_are_limited(void) {
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

int db_list_readers(struct db_env *e, struct db_readers *ret, uint64_t *ret_commits) {
    MDB_envinfo info;
    *ret = (struct db_readers){0};
    int rc = mdb_reader_list(e->env, db_readers_line, ret);
    rc = rc < 0 ? rc : mdb_env_info(e->env, &info); /* after it: no snapshot is newer than this */
    *ret_commits = rc == 0 && ret->pid != 0 && info.me_last_txnid > ret->txnid ? info.me_last_txnid - ret->txnid : 0;
    return rc;
}

static int fail_full(struct db_env *e, const char *doing, struct err *err) {
    struct db_readers readers;
    uint64_t commits = 0;
    char held[128] = "";
    if (db_list_readers(e, &readers, &commits) == 0 && commits >= DB_STALE_MIN) {
        snprintf(held, sizeof(held), "; process %llu has been reading a snapshot for %llu commits, which keeps old pages",
                 (unsigned long long)readers.pid, (unsigned long long)commits);
    }
    return err_set(err, ERR_FULL,
                   "'%s': %s: the database has reached its quota of %llu bytes (map_bytes in the ledger's config)%s",
                   e->path, doing, (unsigned long long)e->map_bytes, held);
}

int db_fail(struct db_env *e, int rc, const char *doing, struct err *err) {
    const char *path = e->path;
    switch (rc) {
    case MDB_NOTFOUND:
        return err_set(err, ERR_NOTFOUND, "'%s': %s: not there", path, doing);
    case MDB_KEYEXIST:
        return err_set(err, ERR_CONFLICT, "'%s': %s: the key is there already", path, doing);
    case MDB_MAP_FULL:
        return fail_full(e, doing, err);
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

static int register_open(struct db_env *e, struct err *err) {
    struct stat st;
    if (stat(e->path, &st) != 0) {
        return err_errno(err, errno, "'%s'", e->path);
    }
    int rc = 0;
    pthread_mutex_lock(&open_lock);
    for (const struct db_env *o = open_list; o != NULL; o = o->next_open) {
        if (o->dev == st.st_dev && o->ino == st.st_ino) {
            rc = err_set(err, ERR_BUSY, "'%s' is open in this process already", e->path);
        }
    }
    if (rc == 0) {
        e->dev = st.st_dev;
        e->ino = st.st_ino;
        e->next_open = open_list;
        open_list = e;
    }
    pthread_mutex_unlock(&open_lock);
    return rc;
}

static void unregister(const struct db_env *e) {
    pthread_mutex_lock(&open_lock);
    for (struct db_env **p = &open_list; *p != NULL; p = &(*p)->next_open) {
        if (*p == e) {
            *p = e->next_open;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

/* Pages that the newest meta page counts and the file does not have; bytes. */
static int missing_pages(struct db_env *e, uint64_t *ret_needed, uint64_t *ret_bytes, uint64_t *ret_missing, int *ret_fd,
                         struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    int fd;
    int rc = mdb_env_info(e->env, &info);
    rc = rc != 0 ? rc : mdb_env_stat(e->env, &st);
    rc = rc != 0 ? rc : mdb_env_get_fd(e->env, &fd);
    if (rc != 0) {
        return db_fail(e, rc, "reading its state", err);
    }
    if (fstat(fd, &file) != 0) {
        return err_errno(err, errno, "'%s/data.mdb'", e->path);
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
static int check_length(struct db_env *e, struct err *err) {
    const struct timespec pause = {.tv_nsec = LENGTH_PAUSE_NS};
    uint64_t needed = 0, bytes = 0, missing = 0;
    int fd = -1;
    for (int i = 0; i < LENGTH_LOOKS; i++) {
        int rc = missing_pages(e, &needed, &bytes, &missing, &fd, err);
        if (rc == 0 && missing == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            rc = err_errno(err, errno, "'%s/data.mdb'", e->path);
        }
        if (rc != 0 || missing == 0) {
            return rc;
        }
        nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_CORRUPT, "'%s/data.mdb' is cut short: %llu bytes, its pages need %llu", e->path,
                   (unsigned long long)bytes, (unsigned long long)needed);
}

/* LMDB does not write a page that was taken and given back within one transaction, not even when it is the last: then the
 * file ends before it. Nobody reads such a page, but a file of that length cannot be told from one that was cut. Another
 * process may be writing there by now: fallocate makes a file longer and changes nothing that is in it. */
static void make_whole(struct db_env *e) {
    uint64_t needed, bytes, missing;
    int fd;
    if (missing_pages(e, &needed, &bytes, &missing, &fd, NULL) != 0 || missing == 0) {
        return;
    }
    if (fallocate(fd, 0, (off_t)bytes, (off_t)(needed - bytes)) == 0) {
        fdatasync(fd);
    }
}

static int open_tables(const struct db *db, struct db_env *e, bool create, struct err *err) {
    MDB_txn *txn = NULL;
    int rc = mdb_txn_begin(e->env, NULL, create ? 0 : MDB_RDONLY, &txn);
    if (rc != 0) {
        return db_fail(e, rc, "opening its tables", err);
    }
    for (size_t i = 0; i < db->n && rc == 0; i++) {
        rc = mdb_dbi_open(txn, db->names[i], create ? MDB_CREATE : 0, &e->dbi[i]);
    }
    if (rc == MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return err_set(err, ERR_CORRUPT, "'%s': a table is missing", e->path);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return db_fail(e, rc, "opening its tables", err);
    }
    rc = mdb_txn_commit(txn); /* keeps the table handles */
    return rc == 0 ? 0 : db_fail(e, rc, "opening its tables", err);
}

static int open_files(const struct db *db, struct db_env *e, bool create, struct err *err) {
    struct stat st;
    char file[FILE_PATH_MAX];
    int rc = file_join(file, e->path, "data.mdb", err);
    if (rc != 0) {
        return rc;
    }
    if (!create) {
        if (stat(file, &st) != 0) {
            return err_errno(err, errno, "'%s'", file);
        }
        if (st.st_size < 8192) { /* LMDB would take an empty file for a new environment */
            return err_set(err, ERR_CORRUPT, "'%s' is cut short: %lld bytes", file, (long long)st.st_size);
        }
    }
    rc = mdb_env_create(&e->env);
    rc = rc != 0 ? rc : mdb_env_set_mapsize(e->env, db->map_bytes);
    rc = rc != 0 ? rc : mdb_env_set_maxdbs(e->env, DB_TABLES_MAX);
    rc = rc != 0 ? rc : mdb_env_set_maxreaders(e->env, DB_READERS);
    unsigned flags = MDB_NOTLS | (db->read_only ? MDB_RDONLY : 0) | (db->relaxed ? MDB_NOMETASYNC : 0);
    rc = rc != 0 ? rc : mdb_env_open(e->env, e->path, flags, 0600);
    if (rc != 0) {
        return db_fail(e, rc, "opening it", err);
    }
    return check_length(e, err);
}

static void close_env(struct db_env *e) {
    if (e->env != NULL) {
        mdb_env_close(e->env);
    }
    unregister(e);
    free(e);
}

static int open_env(const struct db *db, uint64_t generation, bool create, struct db_env **ret, struct err *err) {
    struct db_env *e = calloc(1, sizeof(*e));
    if (e == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    e->generation = generation;
    e->map_bytes = db->map_bytes;
    e->users = 1;
    int rc = generation_path(db->base, generation, e->path, err);
    rc = rc != 0 ? rc : file_check_local(e->path, err);
    rc = rc != 0 ? rc : register_open(e, err);
    if (rc != 0) {
        free(e);
        return rc;
    }
    rc = open_files(db, e, create, err);
    if (rc == 0) {
        int dead;
        mdb_reader_check(e->env, &dead);
        rc = open_tables(db, e, create, err);
    }
    if (rc != 0) {
        close_env(e);
        return rc;
    }
    *ret = e;
    return 0;
}

/* The oldest generation from `from` on that is there: it knows whether a newer one has taken over. One that is being
 * removed just now may be gone before it is open. */
static int open_generation(const struct db *db, uint64_t from, bool create, struct db_env **ret, struct err *err) {
    char path[FILE_PATH_MAX];
    for (int left = DB_TRIES;; left--) {
        uint64_t generation = from;
        int rc = generation_find(db->base, from, &generation, err);
        rc = rc < 0 ? rc : open_env(db, generation, create, ret, err);
        bool vanished = rc != 0 && left > 0 && generation_path(db->base, generation, path, NULL) == 0 &&
                        !file_exists(path) && generation_find(db->base, from, &generation, NULL) == 0;
        if (!vanished) {
            return rc;
        }
    }
}

int db_open(const char *dir, const struct db_options *options, struct db **ret, struct err *err) {
    if (options->n_tables > DB_TABLES_MAX || strlen(dir) >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "'%s': too many tables or too long a path", dir);
    }
    struct db *db = calloc(1, sizeof(*db));
    if (db == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    memcpy(db->base, dir, strlen(dir) + 1);
    pthread_mutex_init(&db->lock, NULL);
    db->names = options->tables;
    db->n = options->n_tables;
    db->map_bytes = options->map_bytes;
    db->reserve_bytes = options->reserve_bytes;
    db->read_only = options->read_only;
    db->relaxed = options->relaxed;
    db->generations = options->generations;
    int rc = db->generations ? open_generation(db, 0, options->create, &db->now, err)
                             : open_env(db, 0, options->create, &db->now, err);
    if (rc != 0) {
        db_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}

struct db_env *db_hold(struct db *db) {
    pthread_mutex_lock(&db->lock);
    struct db_env *e = db->now;
    if (e != NULL) {
        e->users++;
    }
    pthread_mutex_unlock(&db->lock);
    return e;
}

void db_let_go(struct db *db, struct db_env *e) {
    pthread_mutex_lock(&db->lock);
    bool last = --e->users == 0;
    pthread_mutex_unlock(&db->lock);
    if (last) {
        close_env(e);
    }
}

void db_park(struct db *db) {
    if (db->now != NULL) {
        unregister(db->now);
    }
}

void db_retire(struct db *db) {
    pthread_mutex_lock(&db->lock);
    struct db_env *e = db->now;
    db->now = NULL;
    pthread_mutex_unlock(&db->lock);
    if (e != NULL) {
        db_let_go(db, e);
    }
}

void db_close(struct db *db) {
    if (db != NULL) {
        db_retire(db);
        pthread_mutex_destroy(&db->lock);
        free(db);
    }
}

uint64_t db_generation(struct db *db) {
    struct db_env *e = db_hold(db);
    uint64_t generation = e == NULL ? 0 : e->generation;
    if (e != NULL) {
        db_let_go(db, e);
    }
    return generation;
}

int db_lock_alone(const char *dir, int *ret_fd, uint64_t *ret_pid, struct err *err) {
    char path[FILE_PATH_MAX];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1}; /* LMDB's own: see mdb_env_excl_lock */
    struct stat st;
    int rc = file_join(path, dir, "lock.mdb", err), fd = -1;
    if (rc != 0 || stat(dir, &st) != 0) {
        return rc != 0 ? rc : err_errno(err, errno, "'%s'", dir);
    }
    pthread_mutex_lock(&open_lock);
    for (const struct db_env *o = open_list; o != NULL && rc == 0; o = o->next_open) {
        rc = o->dev == st.st_dev && o->ino == st.st_ino ? ERR_BUSY : 0; /* closing our file would drop its lock */
    }
    if (rc != 0) {
        *ret_pid = (uint64_t)getpid();
    } else if ((fd = open(path, O_RDWR | O_CLOEXEC)) < 0 && errno != ENOENT) {
        rc = err_errno(err, errno, "'%s'", path);
    } else if (fd >= 0 && fcntl(fd, F_SETLK, &lock) != 0) {
        lock.l_type = F_WRLCK;
        *ret_pid = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK && lock.l_pid > 0 ? (uint64_t)lock.l_pid : 0;
        close(fd);
        rc = ERR_BUSY;
    }
    pthread_mutex_unlock(&open_lock);
    if (rc == ERR_BUSY) {
        return err_set(err, ERR_BUSY, "'%s' is still open in process %llu", dir, (unsigned long long)*ret_pid);
    }
    if (rc == 0) {
        *ret_fd = fd;
    }
    return rc;
}

/* ---- transactions ---- */

static int begin_in(struct db_env *e, unsigned flags, MDB_txn **ret, struct err *err) {
    int dead;
    int rc = mdb_txn_begin(e->env, NULL, flags, ret);
    if (rc == MDB_READERS_FULL) {
        mdb_reader_check(e->env, &dead);
        rc = mdb_txn_begin(e->env, NULL, flags, ret);
    }
    return rc == 0 ? 0 : db_fail(e, rc, "beginning a transaction", err);
}

/* What a killed process left in the table of readers keeps every page that was freed since from being used again, and
 * nobody else looks. With the write lock held. */
static void look_for_dead(struct db_env *e) {
    MDB_envinfo info;
    int dead;
    if (mdb_env_info(e->env, &info) == 0 && info.me_last_pgno >= e->look_at) {
        uint64_t step = e->map_bytes / 16 < DB_LOOK_AFTER ? e->map_bytes / 16 : DB_LOOK_AFTER;
        e->look_at = info.me_last_pgno + step / DB_PAGE;
        mdb_reader_check(e->env, &dead);
    }
}

/* Nothing can be committed after that mark, for it is written under the write lock. */
static bool is_superseded(const struct db *db, const struct db_env *e, MDB_txn *txn) {
    static char mark[] = DB_SUPERSEDED;
    MDB_val k = {sizeof(mark) - 1, mark}, v;
    return db->generations && mdb_get(txn, e->dbi[0], &k, &v) == 0;
}

static int move_on(struct db *db, const struct db_env *from, struct err *err) {
    struct db_env *next = NULL, *old = NULL;
    pthread_mutex_lock(&db->lock);
    int rc = db->now == from ? open_generation(db, from->generation + 1, false, &next, err) : 0;
    if (next != NULL) {
        old = db->now;
        db->now = next;
    }
    pthread_mutex_unlock(&db->lock);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "'%s' was superseded, and what took its place is not there", from->path);
    }
    if (old != NULL) {
        db_let_go(db, old);
    }
    return rc;
}

/* Into the environment that is valid now. */
static int enter(struct db *db, bool write, struct db_env **ret_env, MDB_txn **ret, struct err *err) {
    for (;;) {
        MDB_txn *txn;
        struct db_env *e = db_hold(db);
        if (e == NULL) {
            return err_set(err, ERR_NOTFOUND, "'%s' was replaced", db->base);
        }
        int rc = begin_in(e, write ? 0 : MDB_RDONLY, &txn, err);
        if (rc == 0 && !is_superseded(db, e, txn)) {
            *ret_env = e;
            *ret = txn;
            return 0;
        }
        if (rc == 0) {
            mdb_txn_abort(txn);
            rc = move_on(db, e, err);
        }
        db_let_go(db, e);
        if (rc != 0) {
            return rc;
        }
    }
}

static int begin_any(struct db *db, bool write, bool reserved, struct db_txn **ret, struct err *err) {
    struct db_txn *txn = calloc(1, sizeof(*txn));
    if (txn == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = enter(db, write, &txn->env, &txn->txn, err);
    if (rc != 0) {
        free(txn);
        return rc;
    }
    if (write) {
        look_for_dead(txn->env);
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
    mdb_env_info(txn->env->env, &info);
    mdb_env_stat(txn->env->env, &st);
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize; /* before this transaction: LMDB tells no more */
    uint64_t may = txn->growth + DB_PATH_PAGES * st.ms_psize;
    if (used + may + txn->db->reserve_bytes <= txn->db->map_bytes) {
        return 0;
    }
    return db_fail(txn->env, MDB_MAP_FULL, "committing", err);
}

static int after_commit(struct db_env *e, int rc, struct err *err) {
    MDB_txn *probe;
    if (rc == 0) {
        return 0;
    }
    int state = mdb_txn_begin(e->env, NULL, MDB_RDONLY, &probe);
    if (state == 0) {
        mdb_txn_abort(probe);
    } else if (state == MDB_PANIC) {
        /* It failed at the meta page: who opens it again may find it done, even on a full disk. */
        return err_set(err, ERR_IO, "'%s': committing: %s; whether it is stored shows when it is opened again", e->path,
                       mdb_strerror(rc));
    }
    return db_fail(e, rc, "committing", err);
}

int db_commit(struct db_txn *txn, struct err *err) {
    struct db *db = txn->db;
    struct db_env *e = txn->env;
    bool write = txn->write;
    int rc = write ? check_reserve(txn, err) : 0;
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    rc = mdb_txn_commit(txn->txn);
    free(txn);
    if (rc == 0 && write) {
        make_whole(e);
    }
    rc = after_commit(e, rc, err);
    db_let_go(db, e);
    return rc;
}

void db_abort(struct db_txn *txn) {
    if (txn != NULL) {
        mdb_txn_abort(txn->txn);
        if (txn->full) { /* a full map is also what a dead reader looks like */
            int dead;
            mdb_reader_check(txn->env->env, &dead);
        }
        db_let_go(txn->db, txn->env);
        free(txn);
    }
}

void db_rest(struct db_txn *txn) {
    if (txn->txn != NULL) {
        mdb_txn_reset(txn->txn);
    }
}

int db_renew(struct db_txn *txn, struct err *err) {
    if (txn->txn == NULL) {
        return err_set(err, ERR_IO, "'%s': its snapshot could not be renewed before", txn->env->path);
    }
    mdb_txn_reset(txn->txn);
    int rc = mdb_txn_renew(txn->txn);
    if (rc != 0) {
        return db_fail(txn->env, rc, "renewing a snapshot", err);
    }
    if (!is_superseded(txn->db, txn->env, txn->txn)) {
        return 0;
    }
    struct db_env *old = txn->env;
    mdb_txn_abort(txn->txn);
    txn->txn = NULL;
    rc = move_on(txn->db, old, err);
    rc = rc != 0 ? rc : enter(txn->db, false, &txn->env, &txn->txn, err);
    if (rc == 0) {
        db_let_go(txn->db, old);
    }
    return rc;
}

uint64_t db_txn_generation(const struct db_txn *txn) {
    return txn->env->generation;
}
