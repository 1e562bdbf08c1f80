/* Limits of statements that their answers do not show: no temporary files, one heap for concurrent statements, a time limit
 * that does not run while the caller is busy, and a watch that receives no signals. */
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "query/sql/sql.h"
#include "tests/query/random_log.h"

#define MIB ((uint64_t)1 << 20)

static int start(void **state) {
    (void)state;
    random_start();
    scratch_in_memory();
    scratch_new(&s, (uint64_t)256 << 20);
    log_fill(s.ledger, 1200);
    return 0;
}

static int finish(void **state) {
    (void)state;
    scratch_done(&s);
    return 0;
}

static struct sql *limited(struct sql_options options) {
    struct sql *ret = NULL;
    must(sql_open(s.ledger, &options, &ret, &why));
    return ret;
}

static int count_row(void *ctx, const struct sql_row *row, struct err *err) {
    (void)row;
    (void)err;
    ++*(size_t *)ctx;
    return 0;
}

/* ---- temporary data ---- */

/* 36 MB that are all different, which SQLite would prefer to spill to disk. */
#define ASIDE "SELECT a.leaf || b.leaf || hex(zeroblob(3000)) AS x FROM events a, events b WHERE a.seq < 5"

static int no_file(void *ctx, const struct sql_row *row, struct err *err) {
    DIR *dir = opendir("/proc/self/fd");
    (void)row;
    (void)err;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char to[512];
        ssize_t n = readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1);
        to[n > 0 ? n : 0] = '\0';
        if (strstr(to, "etilqs") != NULL) {
            fail_msg("%s", to);
        }
    }
    closedir(dir);
    ++*(size_t *)ctx;
    return 1; /* one row is enough */
}

static void what_is_sorted_grouped_or_distinct_stays_in_memory(void **state) {
    static const char *const statements[] = {ASIDE " ORDER BY x DESC", "SELECT DISTINCT x FROM (" ASIDE ") ORDER BY 1",
                                             "SELECT x, count(*) FROM (" ASIDE ") GROUP BY x",
                                             "SELECT x, row_number() OVER (ORDER BY x) FROM (" ASIDE ")"};
    struct sql *wide = limited((struct sql_options){.memory = 256 * MIB}),
               *narrow = limited((struct sql_options){.memory = 4 * MIB});
    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        size_t rows = 0;
        assert_int_equal(sql_run(wide, bytes_of(statements[i]), NULL, no_file, &rows, &why), 1);
        assert_int_equal(rows, 1);
        must_fail(sql_run(narrow, bytes_of(statements[i]), NULL, count_row, &rows, &why), ERR_LIMIT,
                  "the statement needs more than its limit of 4 MiB of memory");
    }
    sql_close(wide);
    sql_close(narrow);
}

struct sorted {
    size_t rows;
    char before[128];
};

static int in_order(void *ctx, const struct sql_row *row, struct err *err) {
    struct sorted *sorted = ctx;
    struct bytes x = row->values[0].text;
    (void)err;
    assert_int_equal(x.n, 64 + 64 + 6000);
    assert_true(sorted->rows++ == 0 || memcmp(sorted->before, x.p, 128) > 0);
    assert_true(x.p[128] == '0' && x.p[x.n - 1] == '0');
    memcpy(sorted->before, x.p, 128);
    return 0;
}

static void what_is_put_aside_comes_back_in_order(void **state) {
    static const char *const statements[] = {ASIDE " ORDER BY x DESC",
                                             "SELECT DISTINCT x FROM (" ASIDE ") ORDER BY 1 DESC"};
    struct sql *q = limited((struct sql_options){.memory = 256 * MIB}); /* a run is an eighth */
    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        struct sorted sorted = {0};
        must(sql_run(q, bytes_of(statements[i]), NULL, in_order, &sorted, &why));
        assert_int_equal(sorted.rows, 5 * 1201);
    }
    sql_close(q);
}

/* ---- concurrent statements ---- */

static int64_t heap_limit(void) {
    void *library = dlopen("libsqlite3.so.0", RTLD_NOW | RTLD_NOLOAD), *symbol;
    int64_t (*limit)(int64_t n);
    assert_non_null(library);
    symbol = dlsym(library, "sqlite3_hard_heap_limit64");
    assert_non_null(symbol);
    memcpy(&limit, &symbol, sizeof(symbol));
    int64_t ret = limit(-1);
    dlclose(library);
    return ret;
}

struct other {
    struct sql *sql;
    pthread_t thread;
    pthread_barrier_t began, ends;
    struct err why;
    int code;
};

static int meet(void *ctx, const struct sql_row *row, struct err *err) {
    struct other *other = ctx;
    (void)row;
    (void)err;
    pthread_barrier_wait(&other->began);
    pthread_barrier_wait(&other->ends);
    return 0;
}

static void *run_other(void *ctx) {
    struct other *other = ctx;
    other->code = sql_run(other->sql, bytes_of("SELECT 1"), NULL, meet, other, &other->why);
    return NULL;
}

/* The first one begins before the other and ends before it: then the other's limit must still apply, and afterwards none.
 */
static int overlap(void *ctx, const struct sql_row *row, struct err *err) {
    struct other *other = ctx;
    (void)row;
    (void)err;
    assert_int_equal(heap_limit(), 8 * MIB);
    assert_int_equal(pthread_create(&other->thread, NULL, run_other, other), 0);
    pthread_barrier_wait(&other->began);
    return 0;
}

static void statements_at_once_have_the_largest_of_their_limits_and_leave_none(void **state) {
    struct sql *first = limited((struct sql_options){.memory = 8 * MIB});
    struct other other = {.sql = limited((struct sql_options){.memory = 16 * MIB})};
    (void)state;
    pthread_barrier_init(&other.began, NULL, 2);
    pthread_barrier_init(&other.ends, NULL, 2);
    must(sql_run(first, bytes_of("SELECT 1"), NULL, overlap, &other, &why));
    assert_int_equal(heap_limit(), 16 * MIB);
    pthread_barrier_wait(&other.ends);
    pthread_join(other.thread, NULL);
    assert_int_equal(other.code, 0);
    assert_int_equal(heap_limit(), 0);
    sql_close(first);
    sql_close(other.sql);
    pthread_barrier_destroy(&other.began);
    pthread_barrier_destroy(&other.ends);
}

/* ---- time ---- */

static int linger(void *ctx, const struct sql_row *row, struct err *err) {
    (void)row;
    (void)err;
    if ((*(size_t *)ctx)++ == 1) {
        usleep(2500000);
    }
    return 0;
}

static void time_in_which_the_caller_is_busy_does_not_count(void **state) {
    struct sql *q = limited((struct sql_options){.time_ns = 2000000000});
    size_t rows = 0;
    (void)state;
    must(sql_run(q, bytes_of("SELECT seq FROM events"), NULL, linger, &rows, &why));
    assert_int_equal(rows, 1201);
    sql_close(q);
}

/* ---- signals ---- */

static int others_block_signals(void *ctx, const struct sql_row *row, struct err *err) {
    DIR *dir = opendir("/proc/self/task");
    (void)row;
    (void)err;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        char path[300], line[256];
        unsigned long long blocked = 0;
        bool waits = false; /* it has started: threads start with all signals blocked */
        if (e->d_name[0] == '.' || strtol(e->d_name, NULL, 10) == (long)getpid()) continue;
        snprintf(path, sizeof(path), "/proc/self/task/%s/status", e->d_name);
        while (!waits) {
            FILE *f = fopen(path, "re");
            assert_non_null(f);
            while (fgets(line, sizeof(line), f) != NULL) {
                waits = waits || strncmp(line, "State:\tS", 8) == 0;
                if (strncmp(line, "SigBlk:", 7) == 0) {
                    blocked = strtoull(line + 7, NULL, 16);
                }
            }
            fclose(f);
        }
        assert_true((blocked >> (SIGINT - 1) & 1) == 1 && (blocked >> (SIGTERM - 1) & 1) == 1);
        ++*(size_t *)ctx;
    }
    closedir(dir);
    return 0;
}

static void the_watch_takes_no_signals(void **state) {
    struct sql *q = limited((struct sql_options){.time_ns = 60000000000});
    size_t threads = 0;
    sigset_t none;
    (void)state;
    sigemptyset(&none);
    assert_int_equal(pthread_sigmask(SIG_SETMASK, &none, NULL), 0); /* what a thread would inherit */
    must(sql_run(q, bytes_of("SELECT 1"), NULL, others_block_signals, &threads, &why));
    assert_true(threads > 0);
    sql_close(q);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sorted_grouped_or_distinct_stays_in_memory),
        cmocka_unit_test(what_is_put_aside_comes_back_in_order),
        cmocka_unit_test(statements_at_once_have_the_largest_of_their_limits_and_leave_none),
        cmocka_unit_test(time_in_which_the_caller_is_busy_does_not_count),
        cmocka_unit_test(the_watch_takes_no_signals),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
