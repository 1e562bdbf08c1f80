/* Readers of both databases: the dead are told from the living without being cleared, and cleared when asked to. */
#include "tests/ledger/scratch.h"

#include <lmdb.h>
#include <signal.h>

#include "ledger/derived/derived.h"

static struct scratch s;
static pid_t
    keepers[2]; /* processes that only have the databases open: LMDB empties the table of one that nobody has open */

static const char *const dirs[] = {[LOG_EVIDENCE] = "box/evidence", [LOG_DERIVED_DATA] = "box/derived"};

static void open_keeping(bool keep) {
    struct log_open_options o = {.keep_readers = keep};
    must(log_open(s.dir, &o, &s.ledger, &why));
}

/* A process that knows nothing of ledgers and holds a snapshot, if it `reads`, until it is killed. The ledger is closed
 * meanwhile: a handle must not be used across a fork. */
static pid_t process_new(const char *dir, bool reads) {
    int tell[2];
    char byte = 0;
    assert_null(s.ledger);
    assert_int_equal(pipe(tell), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        MDB_env *env;
        MDB_txn *txn;
        if (mdb_env_create(&env) != 0 || mdb_env_open(env, dir, MDB_RDONLY, 0600) != 0 ||
            (reads && mdb_txn_begin(env, NULL, MDB_RDONLY, &txn) != 0) || write(tell[1], &byte, 1) != 1) {
            _exit(9);
        }
        for (;;) {
            pause();
        }
    }
    close(tell[1]);
    assert_int_equal(read(tell[0], &byte, 1), 1);
    close(tell[0]);
    return pid;
}

static pid_t reader_new(const char *dir) {
    return process_new(dir, true);
}

static void reader_kill(pid_t pid) {
    int status;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
}

static int start(void **state) {
    struct db *db;
    (void)state;
    scratch_new(&s, 0);
    must(derived_open(s.ledger, true, &db, &why));
    scratch_close(&s);
    for (int i = 0; i < 2; i++) {
        keepers[i] = process_new(scratch_at(&s, dirs[i]), false);
    }
    return 0;
}

static int finish(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        reader_kill(keepers[i]);
    }
    scratch_done(&s);
    return 0;
}

static void are(enum log_database which, uint64_t live, uint64_t dead, uint64_t lag, uint64_t pid) {
    struct log_readers r;
    must(log_readers_look(s.ledger, which, &r, &why));
    if (r.live != live || r.dead != dead || r.oldest_lag != lag || r.oldest_pid != pid) {
        fail_msg("%s: %llu live, %llu dead, %llu behind by %llu", dirs[which], (unsigned long long)r.live,
                 (unsigned long long)r.dead, (unsigned long long)r.oldest_pid, (unsigned long long)r.oldest_lag);
    }
}

static uint64_t cleared(enum log_database which) {
    uint64_t n = 99;
    must(log_readers_clear(s.ledger, which, &n, &why));
    return n;
}

static void a_killed_reader_is_seen_until_it_is_cleared(void **state) {
    (void)state;
    for (enum log_database which = LOG_EVIDENCE; which <= LOG_DERIVED_DATA; which++) {
        enum log_database other = which == LOG_EVIDENCE ? LOG_DERIVED_DATA : LOG_EVIDENCE;
        reader_kill(reader_new(scratch_at(&s, dirs[which])));
        open_keeping(true);
        are(which, 0, 1, 0, 0);
        are(other, 0, 0, 0, 0);
        are(which, 0, 1, 0, 0); /* looking has cleared nothing */
        assert_int_equal(cleared(other), 0);
        are(which, 0, 1, 0, 0);
        assert_int_equal(cleared(which), 1);
        are(which, 0, 0, 0, 0);
        assert_int_equal(cleared(which), 0);
        assert_int_equal(scratch_size(&s), 1); /* nothing was written */
        scratch_close(&s);
    }
}

static void opening_clears_the_dead_unless_it_keeps_them(void **state) {
    (void)state;
    for (enum log_database which = LOG_EVIDENCE; which <= LOG_DERIVED_DATA; which++) {
        reader_kill(reader_new(scratch_at(&s, dirs[which])));
        reader_kill(reader_new(scratch_at(&s, dirs[which])));
        for (int i = 0; i < 2; i++) {
            open_keeping(true);
            are(which, 0, 2, 0, 0);
            scratch_close(&s);
        }
        open_keeping(false);
        are(which, 0, 0, 0, 0);
        scratch_close(&s);
    }
}

static void the_first_to_open_a_database_finds_no_reader(void **state) {
    (void)state;
    for (int i = 0; i < 2; i++) {
        reader_kill(reader_new(scratch_at(&s, dirs[i])));
        reader_kill(keepers[i]);
    }
    open_keeping(true);
    for (enum log_database which = LOG_EVIDENCE; which <= LOG_DERIVED_DATA; which++) {
        are(which, 0, 0, 0, 0);
    }
    scratch_close(&s);
    for (int i = 0; i < 2; i++) {
        keepers[i] = process_new(scratch_at(&s, dirs[i]), false);
    }
}

static void an_append_clears_the_dead(void **state) {
    (void)state;
    reader_kill(reader_new(scratch_at(&s, dirs[LOG_EVIDENCE])));
    open_keeping(true);
    are(LOG_EVIDENCE, 0, 1, 0, 0);
    scratch_append(&s, 1, NULL);
    are(LOG_EVIDENCE, 0, 0, 0, 0);
}

static void a_living_reader_is_named_and_kept(void **state) {
    (void)state;
    pid_t old = reader_new(scratch_at(&s, dirs[LOG_EVIDENCE]));
    open_keeping(true);
    are(LOG_EVIDENCE, 1, 0, 0, 0); /* it has the newest */
    for (uint64_t i = 0; i < 5; i++) {
        scratch_append(&s, i, NULL);
    }
    are(LOG_EVIDENCE, 1, 0, 5, (uint64_t)old);
    assert_int_equal(cleared(LOG_EVIDENCE), 0);
    are(LOG_EVIDENCE, 1, 0, 5, (uint64_t)old);
    scratch_close(&s);
    pid_t young = reader_new(scratch_at(&s, dirs[LOG_EVIDENCE]));
    open_keeping(true);
    are(LOG_EVIDENCE, 2, 0, 5, (uint64_t)old);
    reader_kill(old);
    are(LOG_EVIDENCE, 1, 1, 0, 0); /* what a dead one holds is no lag of a process that could be ended */
    scratch_append(&s, 6, NULL);
    are(LOG_EVIDENCE, 1, 0, 1, (uint64_t)young);
    reader_kill(young);
    assert_int_equal(cleared(LOG_EVIDENCE), 1);
    are(LOG_EVIDENCE, 0, 0, 0, 0);
    scratch_verify_good(s.ledger);
}

static void this_process_is_never_dead(void **state) {
    struct db_txn *txn;
    (void)state;
    open_keeping(true);
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    are(LOG_EVIDENCE, 1, 0, 0, 0);
    scratch_append(&s, 1, NULL);
    are(LOG_EVIDENCE, 1, 0, 1, (uint64_t)getpid());
    assert_int_equal(cleared(LOG_EVIDENCE), 0);
    db_abort(txn);
    are(LOG_EVIDENCE, 0, 0, 0, 0);
}

static void looking_leaves_this_process_its_locks(void **state) {
    int status;
    struct db_txn *txn;
    (void)state;
    open_keeping(true);
    must(db_begin(s.ledger->evidence, false, &txn, &why));
    are(LOG_EVIDENCE, 1, 0, 0, 0);
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) { /* another process still takes this one's reader for alive */
        MDB_env *env;
        int dead = -1;
        bool good = mdb_env_create(&env) == 0 && mdb_env_open(env, scratch_at(&s, dirs[0]), MDB_RDONLY, 0600) == 0 &&
                    mdb_reader_check(env, &dead) == 0 && dead == 0;
        _exit(good ? 0 : 9);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    are(LOG_EVIDENCE, 1, 0, 0, 0);
    db_abort(txn);
}

static void without_derived_data_there_is_nothing_to_look_at(void **state) {
    (void)state;
    must(file_remove_tree(scratch_at(&s, dirs[LOG_DERIVED_DATA]), &why));
    struct log_open_options o = {.keep_readers = true, .read_only = true};
    reader_kill(reader_new(scratch_at(&s, dirs[LOG_EVIDENCE])));
    must(log_open(s.dir, &o, &s.ledger, &why));
    are(LOG_DERIVED_DATA, 0, 0, 0, 0);
    assert_int_equal(cleared(LOG_DERIVED_DATA), 0);
    assert_false(file_exists(scratch_at(&s, dirs[LOG_DERIVED_DATA])));
    are(LOG_EVIDENCE, 0, 1, 0, 0); /* who only reads can look, and clear */
    assert_int_equal(cleared(LOG_EVIDENCE), 1);
}

int main(void) {
    scratch_in_memory();
#define each(test) cmocka_unit_test_setup_teardown(test, start, finish)
    const struct CMUnitTest tests[] = {
        each(a_killed_reader_is_seen_until_it_is_cleared),
        each(opening_clears_the_dead_unless_it_keeps_them),
        each(the_first_to_open_a_database_finds_no_reader),
        each(an_append_clears_the_dead),
        each(a_living_reader_is_named_and_kept),
        each(this_process_is_never_dead),
        each(looking_leaves_this_process_its_locks),
        each(without_derived_data_there_is_nothing_to_look_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
