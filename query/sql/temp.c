/* SQLite sorts best in runs that it spills and merges. In place of temporary files it gets pieces of memory here: private
 * fields stay in the process, and sqlite3_hard_heap_limit64 bounds them with everything else. A named file is refused, so
 * such a connection never uses the disk.
 *
 *   pieces:  [ 64 KiB ][ 64 KiB ][ 64 KiB ]...   size <= n * PIECE */
#include "query/sql/temp.h"

#include <pthread.h>
#include <string.h>

#include <sqlite3ext.h>

#include "query/sql/state.h"

#define PIECE ((sqlite3_int64)64 << 10)

struct temp_file {
    sqlite3_file base; /* SQLite knows this part */
    uint8_t **piece;
    sqlite3_int64 n, cap, size;
};

static struct temp_file *file_of(sqlite3_file *base) {
    return (struct temp_file *)(void *)base;
}

static void keep(struct temp_file *f, sqlite3_int64 n) {
    while (f->n > n) {
        sqlite3_free(f->piece[--f->n]);
    }
}

static int temp_close(sqlite3_file *base) {
    struct temp_file *f = file_of(base);
    keep(f, 0);
    sqlite3_free(f->piece);
    f->piece = NULL;
    return SQLITE_OK;
}

static int grow(struct temp_file *f, sqlite3_int64 size) {
    while (f->n * PIECE < size) {
        if (f->n == f->cap) {
            sqlite3_int64 cap = f->cap > 0 ? 2 * f->cap : 16;
            uint8_t **more = sqlite3_realloc64(f->piece, (sqlite3_uint64)cap * sizeof(*more));
            if (more == NULL) return SQLITE_IOERR_NOMEM;
            f->piece = more;
            f->cap = cap;
        }
        uint8_t *piece = sqlite3_malloc64((sqlite3_uint64)PIECE);
        if (piece == NULL) return SQLITE_IOERR_NOMEM;
        memset(piece, 0, (size_t)PIECE);
        f->piece[f->n++] = piece;
    }
    f->size = size > f->size ? size : f->size;
    return SQLITE_OK;
}

/* Bytes from `at` on that are in one piece, at most n. */
static size_t within(sqlite3_int64 at, sqlite3_int64 n) {
    sqlite3_int64 left = PIECE - at % PIECE;
    return (size_t)(n < left ? n : left);
}

static int temp_write(sqlite3_file *base, const void *p, int n, sqlite3_int64 at) {
    struct temp_file *f = file_of(base);
    int rc = grow(f, at + n);
    for (sqlite3_int64 done = 0; rc == SQLITE_OK && done < n;) {
        size_t some = within(at + done, n - done);
        memcpy(f->piece[(at + done) / PIECE] + (at + done) % PIECE, (const uint8_t *)p + done, some);
        done += (sqlite3_int64)some;
    }
    return rc;
}

static int temp_read(sqlite3_file *base, void *p, int n, sqlite3_int64 at) {
    const struct temp_file *f = file_of(base);
    sqlite3_int64 there = at >= f->size ? 0 : f->size - at < n ? f->size - at : n;
    for (sqlite3_int64 done = 0; done < there;) {
        size_t some = within(at + done, there - done);
        memcpy((uint8_t *)p + done, f->piece[(at + done) / PIECE] + (at + done) % PIECE, some);
        done += (sqlite3_int64)some;
    }
    memset((uint8_t *)p + there, 0, (size_t)(n - there));
    return there == n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int temp_truncate(sqlite3_file *base, sqlite3_int64 size) {
    struct temp_file *f = file_of(base);
    if (size < f->size) {
        keep(f, (size + PIECE - 1) / PIECE);
        if (size % PIECE != 0) { /* what was after it must not reappear when it grows */
            memset(f->piece[f->n - 1] + size % PIECE, 0, (size_t)(PIECE - size % PIECE));
        }
        f->size = size;
    }
    return SQLITE_OK;
}

static int temp_size(sqlite3_file *base, sqlite3_int64 *ret) {
    *ret = file_of(base)->size;
    return SQLITE_OK;
}

static int temp_sync(sqlite3_file *base, int flags) {
    (void)base, (void)flags;
    return SQLITE_OK;
}

static int temp_lock(sqlite3_file *base, int level) {
    (void)base, (void)level;
    return SQLITE_OK;
}

static int temp_is_locked(sqlite3_file *base, int *ret) {
    (void)base;
    *ret = 0;
    return SQLITE_OK;
}

static int temp_control(sqlite3_file *base, int what, void *arg) {
    (void)base, (void)what, (void)arg;
    return SQLITE_NOTFOUND;
}

static int temp_zero(sqlite3_file *base) {
    (void)base;
    return 0;
}

static int temp_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *ret_flags) {
    static const sqlite3_io_methods methods = {.iVersion = 1,
                                               .xClose = temp_close,
                                               .xRead = temp_read,
                                               .xWrite = temp_write,
                                               .xTruncate = temp_truncate,
                                               .xSync = temp_sync,
                                               .xFileSize = temp_size,
                                               .xLock = temp_lock,
                                               .xUnlock = temp_lock,
                                               .xCheckReservedLock = temp_is_locked,
                                               .xFileControl = temp_control,
                                               .xSectorSize = temp_zero,
                                               .xDeviceCharacteristics = temp_zero};
    (void)vfs;
    *file_of(base) = (struct temp_file){.base.pMethods = name == NULL ? &methods : NULL};
    if (ret_flags != NULL) {
        *ret_flags = flags;
    }
    return name == NULL ? SQLITE_OK : SQLITE_CANTOPEN;
}

/* Connections keep the pointer. It is on SQLite's list only while one is opened, since the list may outlive this
 * library. */
static struct {
    pthread_mutex_t lock;
    sqlite3_vfs vfs;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

int sql_temp_open(sqlite3 **ret) {
    static const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY | SQLITE_OPEN_NOMUTEX;
    int rc = SQLITE_OK;
    pthread_mutex_lock(&own.lock);
    if (own.vfs.zName == NULL) {
        const sqlite3_vfs *system = sqlite3_vfs_find(NULL);
        if (system == NULL) {
            rc = SQLITE_ERROR;
        } else {
            own.vfs = *system; /* time and randomness are its own */
            own.vfs.zName = "ledger-memory";
            own.vfs.szOsFile = (int)sizeof(struct temp_file);
            own.vfs.xOpen = temp_open;
        }
    }
    rc = rc != SQLITE_OK ? rc : sqlite3_vfs_register(&own.vfs, 0);
    if (rc == SQLITE_OK) {
        rc = sqlite3_open_v2(":memory:", ret, flags, own.vfs.zName);
        sqlite3_vfs_unregister(&own.vfs);
    }
    pthread_mutex_unlock(&own.lock);
    return rc;
}
