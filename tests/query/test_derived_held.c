/* Recording never waits for derived data: a writer of derived data is stopped inside each of its write transactions, in
 * another process and in a thread of this one, while appends continue, exactly, with keys and without, and the ledger can
 * be closed. When the writer continues, all derived data is correct. */
#include "tests/query/same_answers.h"

#include <pthread.h>
#include <signal.h>

#include "ledger/dedup/segments.h"
#include "ledger/derived/derived.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"

#define READ_ONLY  0x20000 /* MDB_RDONLY */
#define SEGMENT    4096
#define BULK       10000
#define SINGLES    20
#define POINTS     16  /* at most this many stops, with LEDGER_TEST_FULL; further ones would repeat these */
#define POINTS_FEW 4   /* of a process that does one thing again and again, and without it */
#define BOUND_S    120 /* for what takes less than a second on an idle machine */

/* ---- a process that stops inside a write transaction on derived data ---- */

static int points(void) {
    return getenv("LEDGER_TEST_FULL") != NULL ? POINTS : POINTS_FEW;
}

static bool armed;
static _Atomic unsigned seen;
static unsigned stop_at;

int mdb_env_get_path(void *env, const char **ret);
int __real_mdb_txn_begin(void *env, void *parent, unsigned flags, void *ret);
int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void *ret);

int __wrap_mdb_txn_begin(void *env, void *parent, unsigned flags, void *ret) {
    const char *path;
    int rc = __real_mdb_txn_begin(env, parent, flags, ret);
    if (armed && rc == 0 && (flags & READ_ONLY) == 0 && mdb_env_get_path(env, &path) == 0 &&
        strstr(path, "/derived") != NULL && ++seen == stop_at) {
        raise(SIGSTOP);
    }
    return rc;
}

typedef int work_fn(struct ledger *ledger, struct err *err);

static pid_t start_work(work_fn *work, unsigned at) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct ledger *ledger;
        struct err err = {0};
        stop_at = at;
        armed = true;
        int rc = log_open(s.dir, NULL, &ledger, &err);
        if (rc == 0) rc = work(ledger, &err);
        if (rc == 0) {
            log_close(ledger);
        } else {
            fprintf(stderr, "%s\n", err.msg);
        }
        _exit(rc == 0 ? 0 : 1);
    }
    return pid;
}

/* ---- recording meanwhile ---- */

static uint64_t n_keyed; /* this many keys are in the log */

static void append_bulk(bool keyed) {
    static struct log_receipt receipts[BULK];
    struct log_batch *batch;
    uint64_t size = scratch_size(&s);
    must(log_batch_new(s.ledger, &batch, &why));
    must(scratch_add(batch, n_keyed, n_keyed + BULK, keyed, &why));
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    for (size_t i = 0; i < BULK; i++) {
        assert_true(receipts[i].seq == size + i && !receipts[i].duplicate);
    }
    n_keyed += keyed ? BULK : 0;
    log_batch_free(batch);
}

/* Keys of all ages are known. */
static void append_known(void) {
    struct log_batch *batch;
    struct log_receipt receipts[64];
    uint64_t size = scratch_size(&s);
    must(log_batch_new(s.ledger, &batch, &why));
    for (uint64_t i = 0; i < 64; i++) {
        uint64_t key = n_keyed * i / 64;
        must(scratch_add(batch, key, key + 1, true, &why));
    }
    must(log_batch_commit(batch, receipts, NULL, NULL, &why));
    for (size_t i = 0; i < 64; i++) {
        assert_true(receipts[i].duplicate);
    }
    assert_int_equal(scratch_size(&s), size);
    log_batch_free(batch);
}

static void append_singles(void) {
    char key[32];
    for (unsigned i = 0; i < SINGLES; i++) {
        snprintf(key, sizeof(key), "key-%llu", (unsigned long long)n_keyed);
        assert_false(scratch_append(&s, i, i % 2 == 0 ? NULL : key).duplicate);
        n_keyed += i % 2;
    }
}

static void record(void) {
    struct log_receipt r;
    append_bulk(false);
    append_bulk(true);
    append_known();
    append_singles();
    must(log_key_rotate(s.ledger, "user:test", "a test", &r, &why));
    append_singles();
}

static void rows_differ(void *ctx, const struct projection *projection, const char *reason) {
    (void)ctx;
    fail_msg("%s: %s", projection->name, reason);
}

static void all_is_right(void) {
    const struct state_options none = {0};
    uint64_t rows;
    scratch_open(&s);
    append_known();
    must(query_index_build(s.ledger, NULL, &why));
    assert_int_equal(check(), 0);
    must(rebuild_check(s.ledger, &none, UINT32_MAX, rows_differ, NULL, &rows, NULL, &why));
    scratch_verify_good(s.ledger);
    scratch_close(&s);
}

/* In a process that dies if it is blocked. `whole`: it closes the ledger, which may take a while. */
static void record_while(pid_t stopped, bool whole) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        alarm(BOUND_S);
        scratch_open(&s);
        must(query_index_follow(s.ledger, &why));
        record();
        if (whole) {
            scratch_close(&s);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0) {
        kill(stopped, SIGKILL);
        fail_msg("what recorded meanwhile ended with status 0x%x", (unsigned)status);
    }
    n_keyed += BULK + SINGLES;
}

static void held_at_each_point(work_fn *work, unsigned most) {
    unsigned at = 1;
    for (bool more = true; more && at <= most; at++) {
        int status;
        pid_t pid = start_work(work, at);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        more = WIFSTOPPED(status);
        if (more) {
            record_while(pid, at == 1);
            kill(pid, SIGCONT);
            assert_int_equal(waitpid(pid, &status, 0), pid);
        }
        assert_int_equal(status, 0);
    }
    assert_true(at > 2); /* it was stopped at least once */
    all_is_right();
}

/* ---- writers of derived data ---- */

static int append(struct ledger *ledger, uint64_t n, struct err *err) {
    struct log_batch *batch = NULL;
    int rc = log_batch_new(ledger, &batch, err);
    for (uint64_t once; rc == 0 && n > 0; n -= once) {
        once = n < 16384 ? n : 16384;
        rc = scratch_add(batch, 0, once, false, err);
        if (rc == 0) rc = log_batch_commit(batch, NULL, NULL, NULL, err);
    }
    log_batch_free(batch);
    return rc;
}

static int follow(struct ledger *ledger, struct err *err) {
    int rc = query_index_follow(ledger, err);
    if (rc == 0) rc = append(ledger, SEGMENT + 2000, err);
    return rc;
}

static int index_all(struct ledger *ledger, struct err *err) {
    int rc = append(ledger, SEGMENT + 2000, err);
    if (rc == 0) rc = query_index_build(ledger, NULL, err);
    return rc;
}

static int index_in_other_segments(struct ledger *ledger, struct err *err) {
    static uint32_t events;
    events = scratch_size(&(struct scratch){.ledger = ledger}) % 2 == 0 ? 16384 : 8192;
    int rc = index_build(ledger, events, UINT64_MAX, NULL, NULL, err);
    return rc == ERR_BUSY ? 0 : rc; /* others have started another one */
}

static int index_drop(struct ledger *ledger, struct err *err) {
    return query_index_drop(ledger, err);
}

static int make_derived(struct ledger *ledger, struct err *err) {
    struct db *db;
    return derived_open(ledger, true, &db, err);
}

static int rebuild(struct ledger *ledger, struct err *err) {
    return rebuild_run(ledger, &(struct state_options){0}, UINT32_MAX, err);
}

static int catch_up(struct ledger *ledger, struct err *err) {
    return rebuild_catch_up(ledger, &(struct state_options){0}, err);
}

/* Up to the end of a segment of keys, and one more. */
static int complete_a_key_segment(struct ledger *ledger, struct err *err) {
    struct log_head head;
    int rc = log_head(ledger, &head, err);
    if (rc == 0) rc = append(ledger, CORE_SEGMENT - head.size % CORE_SEGMENT + 1, err);
    return rc;
}

static void held_by_a_follower(void **state) {
    (void)state;
    held_at_each_point(follow, POINTS_FEW);
}

static void held_by_who_builds_the_index(void **state) {
    (void)state;
    held_at_each_point(index_all, POINTS_FEW);
    held_at_each_point(index_in_other_segments, POINTS_FEW);
}

static void held_by_who_drops_the_index(void **state) {
    (void)state;
    held_at_each_point(index_drop, points());
}

static void held_by_who_rebuilds_states(void **state) {
    (void)state;
    held_at_each_point(rebuild, points());
}

static void held_by_who_catches_up_states(void **state) {
    (void)state;
    held_at_each_point(catch_up, points());
}

static void held_by_who_builds_key_segments(void **state) {
    (void)state;
    held_at_each_point(complete_a_key_segment, points());
}

static void held_by_who_makes_it(void **state) {
    (void)state;
    for (unsigned at = 1; at <= 2; at++) {
        int status;
        must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
        pid_t pid = start_work(at == 1 ? make_derived : complete_a_key_segment, at);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
        record_while(pid, true);
        kill(pid, SIGCONT);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
    }
    all_is_right();
}

/* ---- checkers of derived data ---- */

static void told(void *ctx, uint64_t first, const char *reason) {
    (void)ctx;
    fail_msg("event %llu: %s", (unsigned long long)first, reason);
}

/* In a process that dies if it is blocked. */
static void check_while(pid_t stopped) {
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct log_open_options only_reads = {.read_only = true};
        const struct state_options none = {0};
        uint64_t n;
        alarm(BOUND_S);
        must(log_open(s.dir, &only_reads, &s.ledger, &why));
        scratch_verify_good(s.ledger);
        must(query_index_check(s.ledger, NULL, told, NULL, &n, &why));
        must(rebuild_check(s.ledger, &none, UINT32_MAX, rows_differ, NULL, &n, NULL, &why));
        scratch_close(&s);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    kill(stopped, status == 0 ? SIGCONT : SIGKILL);
    assert_int_equal(status, 0);
    assert_int_equal(waitpid(stopped, &status, 0), stopped);
    assert_int_equal(status, 0);
}

static void checking_it_waits_for_no_writer(void **state) {
    work_fn *const writers[] = {rebuild, index_drop, make_derived};
    (void)state;
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        int status;
        if (writers[i] == make_derived) { /* its file is there, its tables are not yet */
            must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
        }
        pid_t pid = start_work(writers[i], 1);
        assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
        assert_true(WIFSTOPPED(status));
        check_while(pid);
    }
    all_is_right();
}

/* ---- in this process ---- */

static void a_thread_that_is_held_up_in_derived_data_holds_up_no_append(void **state) {
    struct db *db;
    struct db_txn *txn;
    (void)state;
    alarm(BOUND_S);
    scratch_open(&s);
    must(query_index_follow(s.ledger, &why));
    must(derived_open(s.ledger, true, &db, &why));
    must(db_begin(db, true, &txn, &why));
    for (int i = 0; i < 8; i++) { /* more than a segment of keys, and many of the index */
        record();
    }
    db_abort(txn);
    scratch_close(&s);
    alarm(0);
    all_is_right();
}

static void a_thread_that_opens_derived_data_holds_up_no_append(void **state) {
    (void)state;
    alarm(BOUND_S);
    scratch_open(&s);
    must(query_index_follow(s.ledger, &why));
    pthread_mutex_lock(&s.ledger->derived->lock); /* as derived_open does for as long as it takes */
    for (int i = 0; i < 5; i++) {
        record();
    }
    pthread_mutex_unlock(&s.ledger->derived->lock);
    scratch_close(&s);
    alarm(0);
    all_is_right();
}

static int start(void **state) {
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)1 << 30);
    scratch_fill(&s, 0, CORE_SEGMENT, true);
    n_keyed = CORE_SEGMENT;
    build(SEGMENT);
    scratch_close(&s);
    return 0;
}

static int finish(void **state) {
    (void)state;
    s.ledger = NULL;
    scratch_done(&s);
    return 0;
}

int main(void) {
    scratch_in_memory();
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(held_by_a_follower),
        each(held_by_who_builds_the_index),
        each(held_by_who_drops_the_index),
        each(held_by_who_rebuilds_states),
        each(held_by_who_catches_up_states),
        each(held_by_who_builds_key_segments),
        each(held_by_who_makes_it),
        each(checking_it_waits_for_no_writer),
        each(a_thread_that_is_held_up_in_derived_data_holds_up_no_append),
        each(a_thread_that_opens_derived_data_holds_up_no_append),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
