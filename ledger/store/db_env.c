/* Environments: the error table, opening, what must be held before anything is written, and which of them are open in this
 * process. docs/storage.md says what each rule here was measured against. */
#include "ledger/store/db_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "ledger/store/db_files.h"
#include "ledger/store/db_pages.h"
#include "ledger/store/generation.h"

#define LENGTH_LOOKS    5
#define LENGTH_PAUSE_NS 2000000
#define DB_STALE_MIN    100                     /* commits: only a forgotten reader lags behind so far */
#define DB_LOCK_BYTES   ((DB_READERS + 2) * 64) /* of a lock file: a cache line each, and two for itself */

/* LMDB does not notice when one environment is opened twice in a process; closing one then breaks the other's locks. */
static pthread_mutex_t open_lock = PTHREAD_MUTEX_INITIALIZER;
static struct db_env *open_list;

/* ---- forks: a child has no database open, and LMDB's handles of its parent would release the parent's locks ---- */

static atomic_uint forks; /* between this process and the first one that opened a database */

static void before_fork(void) {
    pthread_mutex_lock(&open_lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&open_lock);
}

static void after_fork_in_child(void) {
    open_list = NULL;
    db_inside = NULL;
    atomic_fetch_add(&forks, 1);
    pthread_mutex_unlock(&open_lock);
}

static void watch_forks(void) {
    pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

unsigned db_forks(void) {
    return atomic_load_explicit(&forks, memory_order_relaxed);
}

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

static bool meta_pages_differ(const char *dir) {
    char path[FILE_PATH_MAX];
    return file_join(path, dir, "data.mdb", NULL) == 0 && db_pages_versions_differ(path);
}

int db_fail(struct db_env *e, int rc, const char *doing, struct err *err) {
    const char *path = e->path;
    char forbidden[FILE_PATH_MAX / 4];
    switch (rc) {
    case MDB_NOTFOUND:
        return err_set(err, ERR_NOTFOUND, "'%s': %s: not there", path, doing);
    case MDB_KEYEXIST:
        return err_set(err, ERR_CONFLICT, "'%s': %s: the key exists already", path, doing);
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
        if (meta_pages_differ(path)) {
            return err_set(err, ERR_CORRUPT, "'%s': %s: its meta pages name different versions of LMDB", path, doing);
        }
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
        db_files_forbidden(path, forbidden, sizeof(forbidden));
        return err_set(err, ERR_IO,
                       "'%s': %s: %s%s%s (the directory and its files must be writable by this user, lock.mdb too, even to "
                       "read)",
                       path, doing, strerror(rc), forbidden[0] == '\0' ? "" : ": ", forbidden);
    default:
        if (rc < 0) return err_set(err, ERR_IO, "'%s': %s: %s", path, doing, mdb_strerror(rc));
        return err_errno(err, rc, "'%s': %s", path, doing);
    }
}

/* ---- for signal handlers ----
 *
 * Entries are added and removed atomically. A thread inside LMDB notes in which database; that costs two stores a call. */

_Thread_local const struct db_env *db_inside;
static const struct db_env *_Atomic maps[DB_MAPS_MAX];
static atomic_bool unheld; /* of a database that is closed by now */

const struct db_env *db_map_at(size_t i) {
    return atomic_load(&maps[i]);
}

bool db_maps_unheld(void) {
    return atomic_load(&unheld);
}

uint64_t db_newest_of(const struct db_env *e) {
    MDB_envinfo info;
    return e->unheld && mdb_env_info(e->env, &info) == 0 ? info.me_last_txnid : 0;
}

bool db_env_is_unheld(const struct db_env *e) {
    return db_newest_of(e) != e->opened;
}

static void add_map(const struct db_env *e) {
    for (size_t i = 0; i < DB_MAPS_MAX; i++) {
        const struct db_env *none = NULL;
        if (atomic_compare_exchange_strong(&maps[i], &none, e)) return;
    }
}

static void remove_map(const struct db_env *e) {
    for (size_t i = 0; i < DB_MAPS_MAX; i++) {
        const struct db_env *it = e;
        if (atomic_compare_exchange_strong(&maps[i], &it, NULL)) {
            if (db_env_is_unheld(e)) {
                atomic_store(&unheld, true);
            }
            return;
        }
    }
}

/* ---- opening ---- */

static int register_open(struct db_env *e, struct err *err) {
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    struct stat st;
    pthread_once(&watched, watch_forks);
    if (stat(e->path, &st) != 0) return err_errno(err, errno, "'%s'", e->path);
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

void db_env_forget(const struct db_env *e) {
    pthread_mutex_lock(&open_lock);
    for (struct db_env **p = &open_list; *p != NULL; p = &(*p)->next_open) {
        if (*p == e) {
            *p = e->next_open;
            break;
        }
    }
    pthread_mutex_unlock(&open_lock);
}

/* How many pages the newest meta page counts and the file does not have; the lengths in bytes. */
static int missing_pages(struct db_env *e, uint64_t *ret_needed, uint64_t *ret_bytes, uint64_t *ret_missing, int *ret_fd,
                         struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    int fd;
    int rc = mdb_env_info(e->env, &info);
    if (rc == 0) rc = mdb_env_stat(e->env, &st);
    if (rc == 0) rc = mdb_env_get_fd(e->env, &fd);
    if (rc != 0) return db_fail(e, rc, "reading its state", err);
    if (fstat(fd, &file) != 0) return err_errno(err, errno, "'%s/data.mdb'", e->path);
    uint64_t pages = (uint64_t)info.me_last_pgno + 1, there = st.ms_psize == 0 ? 0 : (uint64_t)file.st_size / st.ms_psize;
    *ret_needed = pages * st.ms_psize;
    *ret_bytes = (uint64_t)file.st_size;
    *ret_missing = pages > there ? pages - there : 0;
    *ret_fd = fd;
    return 0;
}

static bool lacks_only_free(const struct db_env *e, int fd, uint64_t needed, uint64_t bytes) {
    MDB_stat st;
    return mdb_env_stat(e->env, &st) == 0 && db_pages_are_free(fd, st.ms_psize, bytes / st.ms_psize, needed / st.ms_psize);
}

/* A file that is shorter than its newest meta page says opens without an error and kills the reader with SIGBUS later,
 * unless the missing pages are unused (db_make_whole). Another process may be writing: then both are read again. */
static int check_length(struct db_env *e, struct err *err) {
    const struct timespec pause = {.tv_nsec = LENGTH_PAUSE_NS};
    uint64_t needed = 0, bytes = 0, missing = 0;
    int fd = -1;
    for (int i = 0; i < LENGTH_LOOKS; i++) {
        int rc = missing_pages(e, &needed, &bytes, &missing, &fd, err);
        if (rc == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
            rc = err_errno(err, errno, "'%s/data.mdb'", e->path);
        }
        if (rc != 0 || missing == 0 || lacks_only_free(e, fd, needed, bytes)) return rc;
        nanosleep(&pause, NULL);
    }
    return err_set(err, ERR_CORRUPT, "'%s/data.mdb' is cut short: %llu bytes, its pages need %llu", e->path,
                   (unsigned long long)bytes, (unsigned long long)needed);
}

/* LMDB does not write a page that was allocated and freed within one transaction, not even the last page: then the file
 * ends before it. Nobody reads such a page, and check_length tells such a file from a truncated one; but older versions of
 * this program refuse it, so it is extended where possible. Another process may be writing there by now: fallocate makes a
 * file longer and changes none of its content. */
void db_make_whole(struct db_env *e) {
    uint64_t needed, bytes, missing;
    int fd;
    if (missing_pages(e, &needed, &bytes, &missing, &fd, NULL) != 0 || missing == 0) return;
    if (fallocate(fd, 0, (off_t)bytes, (off_t)(needed - bytes)) == 0) {
        fdatasync(fd);
    }
}

static int open_tables_in(const struct db *db, struct db_env *e, bool create, struct err *err) {
    MDB_txn *txn = NULL;
    int rc = DB_CALL(e, mdb_txn_begin(e->env, NULL, create ? 0 : MDB_RDONLY, &txn));
    if (rc != 0) return db_fail(e, rc, "opening its tables", err);
    for (size_t i = 0; i < db->options.n_tables && rc == 0; i++) {
        rc = DB_CALL(e, mdb_dbi_open(txn, db->options.tables[i], create ? MDB_CREATE : 0, &e->dbi[i]));
    }
    if (rc == MDB_NOTFOUND) {
        mdb_txn_abort(txn);
        return err_set(err, db->options.begun ? ERR_NOTFOUND : ERR_CORRUPT, "'%s': a table is missing", e->path);
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return db_fail(e, rc, "opening its tables", err);
    }
    rc = DB_CALL(e, mdb_txn_commit(txn)); /* keeps the table handles */
    return rc == 0 ? 0 : db_fail(e, rc, "opening its tables", err);
}

int db_lock_write(const struct db *db, struct db_env *e, struct err *err) {
    struct db_waiter waiter = {.wait = &db->options.wait, .path = e->path};
    struct db_holder holder = {.fd = -1, .doing = "which is writing without taking this program's lock"};
    int rc = db_write_lock_take(&e->write_lock, &waiter, err);
    if (rc != 0) return rc;
    while (rc == 0 && db_table_is_held(e->table, &holder.pid)) { /* not by us: nobody writes but under our lock */
        rc = holder.pid == 0 ? 1 : db_waiter_pause(&waiter, &holder, err);
    }
    if (rc != 0) {
        db_write_lock_give(&e->write_lock);
    }
    return rc;
}

static int open_tables(const struct db *db, struct db_env *e, bool create, struct err *err) {
    if (!create) return open_tables_in(db, e, false, err);
    int rc = db_lock_write(db, e, err);
    if (rc == 1) return err_set(err, ERR_BUSY, "'%s': its table of locks is damaged", e->path);
    if (rc == 0) {
        rc = open_tables_in(db, e, true, err);
        db_write_lock_give(&e->write_lock);
    }
    return rc;
}

/* The whole quota is mapped at once. Valgrind says EINVAL. */
static int fail_map(const struct db_env *e, int rc, struct err *err) {
    return err_set(err, ERR_NOMEM,
                   "'%s': opening it: %s: no address space for a map of %llu bytes (map_bytes in the ledger's config or in "
                   "the options of opening makes it smaller, 'ulimit -v' limits it)",
                   e->path, strerror(rc), (unsigned long long)e->map_bytes);
}

static int open_lmdb(const struct db *db, struct db_env *e, unsigned flags, struct err *err) {
    int rc = db_files_check(e->path, err);
    if (rc != 0) return rc;
    rc = mdb_env_create(&e->env);
    if (rc == 0) rc = mdb_env_set_mapsize(e->env, db->options.map_bytes);
    if (rc == 0) rc = mdb_env_set_maxdbs(e->env, DB_TABLES_MAX);
    if (rc == 0) rc = mdb_env_set_maxreaders(e->env, DB_READERS);
    if (rc == 0) rc = mdb_env_open(e->env, e->path, flags, 0600);
    if (rc == 0) rc = mdb_env_get_fd(e->env, &e->write_lock.data);
    if (rc != 0) {
        rc = rc == ENOMEM || rc == EINVAL ? fail_map(e, rc, err) : db_fail(e, rc, "opening it", err);
    } else {
        rc = db_files_check_open(e->path, e->write_lock.data, err);
    }
    if (rc != 0) {
        mdb_env_close(e->env);
        e->env = NULL;
    }
    return rc;
}

/* LMDB trusts the lock table that it finds, unless nobody else has the database open: then it recreates it, which would do
 * harm if it were killed meanwhile while another process waits. So only one process opens at a time. 1: not now, because
 * of *ret_holder. */
static int open_once(const struct db *db, struct db_env *e, struct db_waiter *waiter, struct db_holder *ret_holder,
                     struct err *err) {
    const unsigned flags = MDB_NOTLS | (db->options.read_only ? MDB_RDONLY : 0) |
                           (db->options.relaxed ? MDB_NOMETASYNC : 0) | (db->options.unsynced ? MDB_NOSYNC : 0);
    MDB_envinfo info;
    int fd;
    int rc = db_open_lock(e->path, db->options.own_lock, waiter, &fd, err);
    if (rc != 0) return rc;
    *ret_holder = (struct db_holder){.fd = -1, .doing = "which is opening or removing the database"};
    rc = db_table_open(e->path, DB_LOCK_BYTES, &e->table, &ret_holder->pid, err);
    if (rc == 0) rc = open_lmdb(db, e, flags, err);
    if (rc == 0 && mdb_env_info(e->env, &info) == 0 && !db_table_is_sound(e->table, info.me_last_txnid)) {
        mdb_env_close(e->env);
        e->env = NULL;
        ret_holder->pid = db_table_user(e->path);
        ret_holder->doing =
            "which has it open with a damaged table of locks (lock.mdb, created anew once no process has it open)";
        rc = 1;
    }
    db_open_unlock(fd);
    if (rc != 0) {
        db_table_close(e->table);
        e->table = NULL;
    }
    return rc;
}

static int open_with_locks(const struct db *db, struct db_env *e, struct err *err) {
    struct db_waiter waiter = {.wait = &db->options.wait, .path = e->path};
    struct db_holder holder;
    int rc = 1;
    while (rc == 1) {
        rc = open_once(db, e, &waiter, &holder, err);
        if (rc == 1 && (rc = db_waiter_pause(&waiter, &holder, err)) == 0) rc = 1;
    }
    return rc;
}

/* LMDB works without its lock file on a read-only mount. */
static void note_map(const struct db *db, struct db_env *e) {
    struct statvfs vfs;
    struct stat st;
    int fd;
    e->file = mdb_env_get_fd(e->env, &fd) == 0 && fstat(fd, &st) == 0 ? st.st_ino : 0;
    e->unheld = db->options.read_only && statvfs(e->path, &vfs) == 0 && (vfs.f_flag & ST_RDONLY) != 0;
    e->scratch = db->options.scratch;
    e->opened = db_newest_of(e);
    add_map(e);
}

static int open_files(const struct db *db, struct db_env *e, bool create, struct err *err) {
    struct stat st;
    char file[FILE_PATH_MAX];
    int rc = file_join(file, e->path, "data.mdb", err);
    if (rc == 0) rc = db_files_check(e->path, err);
    if (rc != 0) return rc;
    if (!create) {
        if (stat(file, &st) != 0) return err_errno(err, errno, "'%s'", file);
        if (st.st_size < 8192) { /* LMDB would take an empty file for a new environment */
            return err_set(err, db->options.begun && st.st_size == 0 ? ERR_NOTFOUND : ERR_CORRUPT,
                           "'%s' is cut short: %lld bytes", file, (long long)st.st_size);
        }
    }
    rc = open_with_locks(db, e, err);
    if (rc == 0) {
        note_map(db, e);
    }
    if (rc == 0) rc = check_length(e, err);
    return rc;
}

void db_close_env(struct db_env *e) {
    if (e->env != NULL) {
        remove_map(e);
        mdb_env_close(e->env);
    }
    db_table_close(e->table);
    db_write_lock_done(&e->write_lock);
    if (!e->loose) {
        db_env_forget(e);
    }
    free(e);
}

int db_open_env(const struct db *db, uint64_t generation, bool create, struct db_env **ret, struct err *err) {
    struct db_env *e = calloc(1, sizeof(*e));
    if (e == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    e->generation = generation;
    e->map_bytes = db->options.map_bytes;
    e->users = 1;
    db_write_lock_init(&e->write_lock);
    int rc = generation_path(db->base, generation, e->path, err);
    if (rc == 0) rc = file_check_local(e->path, err);
    if (rc == 0) rc = register_open(e, err);
    if (rc != 0) {
        db_write_lock_done(&e->write_lock);
        free(e);
        return rc;
    }
    rc = open_files(db, e, create, err);
    if (rc == 0) {
        int dead;
        if (!db->options.keep_readers) {
            mdb_reader_check(e->env, &dead);
        }
        rc = open_tables(db, e, create, err);
    }
    if (rc != 0) {
        db_close_env(e);
        return rc;
    }
    *ret = e;
    return 0;
}

int db_open_loose(const struct db *db, const struct db_env *of, struct db_env **ret, struct err *err) {
    struct db_env *e = calloc(1, sizeof(*e));
    if (e == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memcpy(e->path, of->path, sizeof(e->path));
    e->generation = of->generation;
    e->map_bytes = of->map_bytes;
    e->loose = true;
    db_write_lock_init(&e->write_lock);
    int rc = open_lmdb(db, e, MDB_NOTLS | MDB_RDONLY | MDB_NOLOCK, err);
    if (rc == 0) rc = check_length(e, err);
    if (rc == 0) rc = open_tables_in(db, e, false, err);
    if (rc != 0) {
        db_close_env(e);
        return rc;
    }
    *ret = e;
    return 0;
}

int db_open_again(struct db *db, struct db_env *e, struct err *err) {
    struct db_env *next = NULL;
    int rc = 0;
    pthread_mutex_lock(&db->lock);
    if (db->now == e && e->users > 2) { /* the handle's and the caller's */
        rc = err_set(err, ERR_BUSY, "'%s': its table of locks is damaged, and this process reads it: open it again",
                     e->path);
    } else if (db->now == e) {
        uint64_t generation = e->generation;
        db->now = NULL;
        db_close_env(e);
        rc = db_open_env(db, generation, false, &next, err);
        db->now = next;
        e = NULL;
    }
    pthread_mutex_unlock(&db->lock);
    if (e != NULL) {
        db_let_go(db, e);
    }
    return rc;
}

/* A generation that is being removed may disappear before it is open. */
int db_open_generation(const struct db *db, uint64_t from, bool create, struct db_env **ret, struct err *err) {
    char path[FILE_PATH_MAX];
    for (int left = GENERATION_TRIES;; left--) {
        uint64_t generation = from;
        int rc = generation_find(db->base, from, &generation, err);
        rc = rc < 0 ? rc : db_open_env(db, generation, create, ret, err);
        bool vanished = rc != 0 && left > 0 && generation_path(db->base, generation, path, NULL) == 0 &&
                        !file_exists(path) && generation_find(db->base, from, &generation, NULL) == 0;
        if (!vanished) return rc;
    }
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
        db_close_env(e);
    }
}

int db_lock_alone(const char *dir, int *ret_fd, uint64_t *ret_pid, struct err *err) {
    char path[FILE_PATH_MAX];
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1}; /* LMDB's own: see mdb_env_excl_lock */
    struct stat st;
    int rc = file_join(path, dir, "lock.mdb", err), fd = -1;
    if (rc != 0 || stat(dir, &st) != 0) {
        if (rc == 0) rc = err_errno(err, errno, "'%s'", dir);
        return rc;
    }
    pthread_mutex_lock(&open_lock);
    for (const struct db_env *o = open_list; o != NULL && rc == 0; o = o->next_open) {
        rc = o->dev == st.st_dev && o->ino == st.st_ino ? ERR_BUSY : 0; /* closing our file would drop its lock */
    }
    if (rc != 0) {
        *ret_pid = (uint64_t)getpid();
    } else if ((fd = open(path, (ret_fd != NULL ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)) < 0 &&
               errno != ENOENT) {
        rc = err_errno(err, errno, "'%s'", path);
    } else if (fd >= 0 && (ret_fd == NULL || fcntl(fd, F_SETLK, &lock) != 0)) {
        lock.l_type = F_WRLCK;
        bool held = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
        *ret_pid = held && lock.l_pid > 0 ? (uint64_t)lock.l_pid : 0;
        rc = held || ret_fd != NULL ? ERR_BUSY : 0;
        close(fd);
    }
    pthread_mutex_unlock(&open_lock);
    if (rc == ERR_BUSY) {
        return err_set(err, ERR_BUSY, "'%s' is still open in process %llu", dir, (unsigned long long)*ret_pid);
    }
    if (rc == 0 && ret_fd != NULL) {
        *ret_fd = fd;
    }
    return rc;
}
