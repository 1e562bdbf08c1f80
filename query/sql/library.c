/* libsqlite3 is not linked but loaded at the first statement, so that programs that use no SQL do not pay for it. Its
 * functions are obtained as extensions obtain them: a connection is opened with an automatic extension, which receives the
 * table of all functions and keeps it. */
#include "query/sql/library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <sqlite3ext.h>

#include "base/file.h"
#include "query/sql/state.h"

static int take_functions(sqlite3 *db, char **ret_why, const struct sqlite3_api_routines *functions) {
    (void)db;
    (void)ret_why;
    sqlite3_api = functions;
    return SQLITE_OK;
}

/* The few functions called before the table is available. */
struct first_functions {
    int (*version)(void);
    int (*add)(void (*entry)(void));
    int (*cancel)(void (*entry)(void));
    int (*open)(const char *name, sqlite3 **ret, int flags, const char *vfs);
    int (*close)(sqlite3 *db);
};

static bool find(void *library, const char *name, void *ret_function) {
    void *symbol = dlsym(library, name);
    memcpy(ret_function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static int take_from(void *library, struct err *err) {
    struct first_functions f;
    sqlite3 *db = NULL;
    if (!find(library, "sqlite3_libversion_number", &f.version) || !find(library, "sqlite3_auto_extension", &f.add) ||
        !find(library, "sqlite3_cancel_auto_extension", &f.cancel) || !find(library, "sqlite3_open_v2", &f.open) ||
        !find(library, "sqlite3_close", &f.close)) {
        return err_set(err, ERR_VERSION, "this libsqlite3 does not support extensions");
    }
    if (f.version() < SQL_VERSION_MIN) {
        return err_set(err, ERR_VERSION, "libsqlite3 is version %d.%d; " SQL_VERSION_MIN_TEXT " or newer is needed",
                       f.version() / 1000000, f.version() / 1000 % 1000);
    }
    f.add((void (*)(void))take_functions);
    int rc = f.open(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_MEMORY, NULL);
    f.close(db);
    f.cancel((void (*)(void))take_functions);
    return rc == SQLITE_OK && sqlite3_api != NULL ? 0 : err_set(err, ERR_IO, "libsqlite3 does not provide its functions");
}

static struct {
    pthread_mutex_t lock;
    bool done;
} loading = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int load(struct err *err) {
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (sqlite3_api != NULL) return 0; /* this is the extension: its program provided them */
    if (library != NULL) return take_from(library, err);
    int rc = file_check_descriptors(err);
    if (rc != 0) {
        err_prefix(err, "SQL needs libsqlite3, which cannot be loaded now");
        return rc;
    }
    return err_set(err, ERR_NOTFOUND, "SQL needs libsqlite3, which is not installed (Debian package libsqlite3-0)");
}

/* A failure is not remembered: its reason may have passed. */
int sql_library_load(struct err *err) {
    pthread_mutex_lock(&loading.lock);
    int rc = loading.done ? 0 : load(err);
    loading.done = rc == 0;
    pthread_mutex_unlock(&loading.lock);
    return rc;
}

/* ---- forks ---- */

static atomic_uint inside; /* threads that are */
static _Thread_local unsigned inside_here;
static atomic_bool stuck; /* since a fork */

static void after_fork_in_child(void) {
    if (atomic_load(&inside) > inside_here) {
        atomic_store(&stuck, true);
    }
    atomic_store(&inside, inside_here);
}

static void watch_forks(void) {
    pthread_atfork(NULL, NULL, after_fork_in_child);
}

int sql_library_enter(struct err *err) {
    static pthread_once_t watched = PTHREAD_ONCE_INIT;
    pthread_once(&watched, watch_forks);
    if (atomic_load(&stuck)) {
        return err_set(err, ERR_INVALID,
                       "this process was forked while another thread was running SQL, so it cannot: SQLite may be locked "
                       "for ever");
    }
    atomic_fetch_add(&inside, 1);
    inside_here++;
    return 0;
}

void sql_library_leave(void) {
    inside_here--;
    atomic_fetch_sub(&inside, 1);
}
