/* Restricts a statement to reading, and to its limits.
 *
 *   authorizer       sees every step of a statement when it is prepared: SELECT, the tables that may be read and the
 *                    functions of a list pass; everything else is refused
 *   time             a watch thread sets the flag that cursors check, and interrupts SQLite, when the time is up: a
 *                    cursor may search for long within one step, in which SQLite checks nothing
 *   the caller's     the same thread passes it on; without a time limit cursors and the progress handler check it
 *   flag             directly
 *   memory           sqlite3_hard_heap_limit64, the only limit that counts all of SQLite's memory: sorters, aggregates,
 *                    texts, temporary tables. It applies to the process, not to a connection, so it is set while
 *                    statements run, to the largest limit of any of them, and then restored. group_concat and the like
 *                    report only at their end that a text did not fit, and that end may never come: so the largest
 *                    request for memory is checked on the way
 *   disk             none: query/sql/temp.h */
#include "query/sql/guard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3ext.h>

#include "base/clock.h"
#include "base/thread.h"

#define STEPS_BETWEEN  2000 /* of SQLite's machine, between two checks of the flags */
#define POLL_NS        (20 * (CLOCK_NS_PER_S / 1000))
#define STUCK_NS       CLOCK_NS_PER_S /* within one step, after SQLite was interrupted */
#define STATEMENT_MAX  1000000
#define PATTERN_MAX    4096
#define EXPRESSION_MAX 500
#define PROGRAM_MAX    1000000

/* ---- what is allowed ---- */

static const char *const allowed_functions[] = {"->",
                                                "->>",
                                                "abs",
                                                "acos",
                                                "acosh",
                                                "age",
                                                "ago",
                                                "asin",
                                                "asinh",
                                                "atan",
                                                "atan2",
                                                "atanh",
                                                "avg",
                                                "body_get",
                                                "ceil",
                                                "ceiling",
                                                "char",
                                                "coalesce",
                                                "concat",
                                                "concat_ws",
                                                "cos",
                                                "cosh",
                                                "count",
                                                "cume_dist",
                                                "current_date",
                                                "current_time",
                                                "current_timestamp",
                                                "date",
                                                "datetime",
                                                "degrees",
                                                "dense_rank",
                                                "exp",
                                                "first_value",
                                                "floor",
                                                "format",
                                                "glob",
                                                "group_concat",
                                                "hex",
                                                "if",
                                                "ifnull",
                                                "iif",
                                                "instr",
                                                "iso",
                                                "json",
                                                "json_array",
                                                "json_array_length",
                                                "json_error_position",
                                                "json_extract",
                                                "json_group_array",
                                                "json_group_object",
                                                "json_insert",
                                                "json_object",
                                                "json_patch",
                                                "json_pretty",
                                                "json_quote",
                                                "json_remove",
                                                "json_replace",
                                                "json_set",
                                                "json_type",
                                                "json_valid",
                                                "julianday",
                                                "lag",
                                                "last_value",
                                                "lead",
                                                "length",
                                                "like",
                                                "likelihood",
                                                "likely",
                                                "ln",
                                                "log",
                                                "log10",
                                                "log2",
                                                "lower",
                                                "ltrim",
                                                "max",
                                                "median",
                                                "min",
                                                "mod",
                                                "nth_value",
                                                "ntile",
                                                "nullif",
                                                "octet_length",
                                                "p50",
                                                "p90",
                                                "p95",
                                                "p99",
                                                "percent_rank",
                                                "pi",
                                                "pow",
                                                "power",
                                                "printf",
                                                "quantile",
                                                "quote",
                                                "radians",
                                                "random",
                                                "rank",
                                                "replace",
                                                "round",
                                                "row_number",
                                                "rtrim",
                                                "sign",
                                                "sin",
                                                "sinh",
                                                "sqlite_version",
                                                "sqrt",
                                                "strftime",
                                                "string_agg",
                                                "substr",
                                                "substring",
                                                "sum",
                                                "tan",
                                                "tanh",
                                                "time",
                                                "timediff",
                                                "total",
                                                "trim",
                                                "trunc",
                                                "ts",
                                                "typeof",
                                                "unhex",
                                                "unicode",
                                                "unixepoch",
                                                "unlikely",
                                                "upper",
                                                "zeroblob",
                                                NULL};

static const char *const allowed_tables[] = {"events",
                                             "json_each",
                                             "json_tree",
                                             "sqlite_master",
                                             "sqlite_schema",
                                             "sqlite_temp_master",
                                             "sqlite_temp_schema",
                                             "pragma_table_xinfo",
                                             NULL};

static const char *name_of_action(int action) {
    switch (action) {
    case SQLITE_ATTACH:
        return "ATTACH";
    case SQLITE_DETACH:
        return "DETACH";
    case SQLITE_PRAGMA:
        return "PRAGMA";
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
        return "a transaction";
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return "writing";
    case SQLITE_ALTER_TABLE:
    case SQLITE_REINDEX:
    case SQLITE_ANALYZE:
        return "changing the schema";
    default:
        return "CREATE or DROP";
    }
}

static bool is_in(const char *const *list, const char *name) {
    for (; name != NULL && *list != NULL; list++) {
        if (sqlite3_stricmp(*list, name) == 0) return true;
    }
    return false;
}

const char *const *sql_guard_functions(void) {
    return allowed_functions;
}

static int authorize(void *ctx, int action, const char *a, const char *b, const char *schema, const char *from) {
    struct sql_guard *guard = ctx;
    char what[200];
    (void)schema;
    (void)from;
    /* Without a column it is a subquery's name, or rows of a table are counted: no other tables can be connected. */
    bool read = action == SQLITE_READ && (is_in(allowed_tables, a) || sql_states_is(a) || b == NULL || b[0] == '\0');
    guard->selects = guard->selects || action == SQLITE_SELECT;
    /* pragma_table_xinfo('events') arrives like this; a PRAGMA of the statement's own selects nothing and is refused for
     * that */
    bool columns = action == SQLITE_PRAGMA && a != NULL && sqlite3_stricmp(a, "table_xinfo") == 0;
    if (action == SQLITE_SELECT || action == SQLITE_RECURSIVE || read || columns ||
        (action == SQLITE_FUNCTION && is_in(allowed_functions, b))) {
        return SQLITE_OK;
    }
    if ((action == SQLITE_INSERT || action == SQLITE_UPDATE) && sqlite3_strnicmp(a, "sqlite_", 7) == 0) {
        /* a virtual table that is not connected tries to declare itself */
        snprintf(what, sizeof(what), "CREATE, or reading another table,");
    } else if (action == SQLITE_READ) {
        snprintf(what, sizeof(what), "the table '%.100s'", a == NULL ? "" : a);
    } else if (action == SQLITE_FUNCTION) {
        snprintf(what, sizeof(what), "the function '%.100s'", b == NULL ? "" : b);
    } else {
        snprintf(what, sizeof(what), "%s", name_of_action(action));
    }
    if (guard->refused[0] == '\0') {
        snprintf(guard->refused, sizeof(guard->refused), "%s", what);
    }
    return SQLITE_DENY;
}

/* ---- installing ---- */

int sql_guard_install(struct sql_guard *guard, sqlite3 *db, uint64_t memory, struct err *err) {
    static const struct {
        int id, value;
    } limits[] = {{SQLITE_LIMIT_SQL_LENGTH, STATEMENT_MAX},
                  {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, PATTERN_MAX},
                  {SQLITE_LIMIT_EXPR_DEPTH, EXPRESSION_MAX},
                  {SQLITE_LIMIT_VDBE_OP, PROGRAM_MAX},
                  {SQLITE_LIMIT_ATTACHED, 0},
                  {SQLITE_LIMIT_TRIGGER_DEPTH, 0},
                  {SQLITE_LIMIT_WORKER_THREADS, 0}};
    static const struct {
        int id, value;
    } switches[] = {{SQLITE_DBCONFIG_DEFENSIVE, 1},
                    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
                    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
                    {SQLITE_DBCONFIG_DQS_DML, 0}, /* "x" is a column, never a text: a misspelt one is reported */
                    {SQLITE_DBCONFIG_DQS_DDL, 0}};
    char cache[64];
    pthread_condattr_t attr;
    *guard = (struct sql_guard){.db = db};
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&guard->lock, NULL);
    pthread_cond_init(&guard->wake, &attr);
    pthread_condattr_destroy(&attr);
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        sqlite3_limit(db, limits[i].id, limits[i].value);
    }
    int rc = SQLITE_OK;
    for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]) && rc == SQLITE_OK; i++) {
        rc = sqlite3_db_config(db, switches[i].id, switches[i].value, (int *)NULL);
    }
    /* A sorter sets a run aside once it holds this much. */
    snprintf(cache, sizeof(cache), "PRAGMA cache_size = -%llu; PRAGMA query_only = 1",
             (unsigned long long)(memory / 8 / 1024 + 1));
    rc = rc != SQLITE_OK ? rc : sqlite3_exec(db, cache, NULL, NULL, NULL);
    rc = rc != SQLITE_OK ? rc : sqlite3_set_authorizer(db, authorize, guard);
    if (rc != SQLITE_OK) {
        return err_set(err, ERR_IO, "SQLite cannot be set up: %s", sqlite3_errmsg(db));
    }
    return 0;
}

/* ---- limits while a statement runs ---- */

bool sql_guard_stopped(const struct sql_guard *guard) {
    return guard->asked_stop != NULL && __atomic_load_n(guard->asked_stop, __ATOMIC_RELAXED) != 0;
}

bool sql_guard_late(const struct sql_guard *guard) {
    uint64_t deadline = __atomic_load_n(&guard->deadline_ns, __ATOMIC_RELAXED);
    return deadline != 0 && clock_monotonic_ns() >= deadline;
}

static int look(void *ctx) {
    const struct sql_guard *guard = ctx;
    return sql_guard_stopped(guard) || sql_guard_late(guard);
}

bool sql_guard_greedy(const struct sql_guard *guard) {
    sqlite3_int64 last = 0, largest = 0;
    return sqlite3_status64(SQLITE_STATUS_MALLOC_SIZE, &last, &largest, 0) == SQLITE_OK &&
           (uint64_t)largest > guard->memory;
}

static int progress(void *ctx) {
    return look(ctx) || sql_guard_greedy(ctx);
}

/* Cursors read the flag as query/query.h has it, a volatile int; ThreadSanitizer would want an atomic one. */
__attribute__((no_sanitize("thread"))) static void raise_flag(struct sql_guard *guard) {
    guard->stop = 1;
}

void sql_guard_step(struct sql_guard *guard) {
    __atomic_add_fetch(&guard->steps, 1, __ATOMIC_RELAXED);
}

/* SQLite's functions on long texts never check for an interrupt: instr on two texts of 50 MB takes hours. */
static bool is_stuck(const struct sql_guard *guard, uint64_t *told, uint64_t *step) {
    uint64_t now = clock_monotonic_ns(), at = __atomic_load_n(&guard->steps, __ATOMIC_RELAXED);
    if (at != *step || at % 2 == 0) {
        *step = at;
        *told = now;
    }
    return now - *told >= STUCK_NS;
}

/* The time limit covers SQLite's time only. When the caller has not asked for the next step since the last check, because
 * nobody reads its output, the deadline moves by the time that passed. */
static void put_off(struct sql_guard *guard, uint64_t *step, uint64_t *looked) {
    uint64_t now = clock_monotonic_ns(), at = __atomic_load_n(&guard->steps, __ATOMIC_RELAXED);
    if (at == *step && at > 0 && at % 2 == 0 && guard->deadline_ns != 0) {
        __atomic_add_fetch(&guard->deadline_ns, now - *looked, __ATOMIC_RELAXED);
    }
    *step = at;
    *looked = now;
}

static void *watch(void *ctx) {
    struct sql_guard *guard = ctx;
    uint64_t told = 0, step = 0, last_step = 0, looked = clock_monotonic_ns();
    pthread_mutex_lock(&guard->lock);
    while (!guard->done) {
        put_off(guard, &last_step, &looked);
        if (guard->stop == 0 && look(guard)) {
            raise_flag(guard);
            sqlite3_interrupt(guard->db);
        }
        if (guard->stop != 0 && guard->stuck == NULL) break;
        if (guard->stop != 0 && is_stuck(guard, &told, &step)) {
            guard->stuck(guard->stuck_ctx);
            break;
        }
        uint64_t until = guard->deadline_ns, soon = clock_monotonic_ns() + POLL_NS;
        until = until == 0 || guard->stop != 0 || soon < until ? soon : until;
        struct timespec at = {(time_t)(until / CLOCK_NS_PER_S), (long)(until % CLOCK_NS_PER_S)};
        pthread_cond_timedwait(&guard->wake, &guard->lock, &at);
    }
    pthread_mutex_unlock(&guard->lock);
    return NULL;
}

static int start_watch(struct sql_guard *guard, struct err *err) {
    int rc = thread_start(&guard->thread, watch, guard);
    guard->watching = rc == 0;
    return rc == 0 ? 0 : err_errno(err, rc, "the thread that watches the time limit cannot start");
}

/* SQLite's limit applies to the process: it is set while statements run, to the largest limit of any of them. */
static struct {
    pthread_mutex_t lock;
    size_t users;
    uint64_t memory;
    sqlite3_int64 hard_before, soft_before;
} heap = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void limit_heap(uint64_t memory) {
    pthread_mutex_lock(&heap.lock);
    if (heap.users++ == 0) {
        heap.soft_before = sqlite3_soft_heap_limit64(-1); /* the hard limit lowers it */
        heap.hard_before = sqlite3_hard_heap_limit64((sqlite3_int64)memory);
        heap.memory = memory;
    } else if (memory > heap.memory) {
        sqlite3_hard_heap_limit64((sqlite3_int64)memory);
        heap.memory = memory;
    }
    pthread_mutex_unlock(&heap.lock);
}

static void unlimit_heap(void) {
    pthread_mutex_lock(&heap.lock);
    if (--heap.users == 0) {
        sqlite3_hard_heap_limit64(heap.hard_before);
        sqlite3_soft_heap_limit64(heap.soft_before);
    }
    pthread_mutex_unlock(&heap.lock);
}

int sql_guard_begin(struct sql_guard *guard, uint64_t time_ns, uint64_t memory, const volatile int *stop,
                    const volatile int **ret_stop, struct err *err) {
    uint64_t now = clock_monotonic_ns();
    guard->refused[0] = '\0';
    guard->selects = false;
    guard->asked_stop = stop;
    guard->stop = 0;
    guard->steps = 0;
    guard->done = false;
    guard->memory = memory;
    guard->deadline_ns = time_ns == 0 ? 0 : time_ns < INT64_MAX - now ? now + time_ns : INT64_MAX;
    *ret_stop = stop;
    if (time_ns != 0 || (stop != NULL && guard->stuck != NULL)) {
        *ret_stop = &guard->stop;
        int rc = start_watch(guard, err);
        if (rc != 0) return rc;
    }
    limit_heap(memory);
    guard->limited = true;
    sqlite3_int64 last = 0, largest = 0;
    sqlite3_status64(SQLITE_STATUS_MALLOC_SIZE, &last, &largest, 1);
    sqlite3_progress_handler(guard->db, STEPS_BETWEEN, progress, guard);
    return 0;
}

void sql_guard_end(struct sql_guard *guard) {
    if (guard->watching) {
        pthread_mutex_lock(&guard->lock);
        guard->done = true;
        pthread_cond_signal(&guard->wake);
        pthread_mutex_unlock(&guard->lock);
        pthread_join(guard->thread, NULL);
        guard->watching = false;
    }
    sqlite3_progress_handler(guard->db, 0, NULL, NULL);
    if (guard->limited) {
        unlimit_heap();
        guard->limited = false;
    }
}

void sql_guard_done(struct sql_guard *guard) {
    if (guard->db != NULL) {
        pthread_cond_destroy(&guard->wake);
        pthread_mutex_destroy(&guard->lock);
        guard->db = NULL;
    }
}
