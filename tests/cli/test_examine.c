/* What the exit of a verifying process means: only a process that dies while reading the database's pages gives a verdict
 * about them. */
#include "tests/ledger/judge.h"

#include <signal.h>
#include <time.h>

#include "base/fault.h"
#include "cli/call/fault.h"
#include "cli/evidence/examine.h"

/* What the child does instead of verifying, or before it. */
static enum {
    VERIFY,
    KILL,
    TERMINATE,
    ABORT,
    DEREFERENCE,
    FAULT_FROM_OUTSIDE,
    CUT_THE_FILE,
    READ_BEHIND_THE_END,
    ASSERT_IN_LMDB,
    CRASH_IN_LMDB,
    STOP,
    SPIN,
    SLEEP,
    EXIT
} doing;
static bool in_lmdb;

int __real_log_verify(struct ledger *ledger, const struct log_verify_options *options, struct log_report *ret,
                      struct err *err);
int __wrap_log_verify(struct ledger *ledger, const struct log_verify_options *options, struct log_report *ret,
                      struct err *err);
int __real_mdb_cursor_get(void *cursor, void *key, void *value, int op);
int __wrap_mdb_cursor_get(void *cursor, void *key, void *value, int op);

static void pause_ms(long ms) {
    const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&pause, NULL);
}

/* A sanitizer would end the process in its own way. */
__attribute__((no_sanitize("undefined", "address", "thread"))) static void dereference(void) {
    int *volatile nowhere = NULL;
    *(volatile int *)nowhere = 1;
}

static void read_behind(struct ledger *ledger) {
    struct db_txn *txn;
    struct bytes record;
    must(db_begin(ledger->evidence, false, &txn, &why));
    must(db_get_u64(txn, T_BUNDLE, 0, &record, &why));
    volatile const uint8_t *p = record.p;
    for (size_t at = 0; at < SCRATCH_MAP; at += 4096) {
        (void)p[at];
    }
}

int __wrap_mdb_cursor_get(void *cursor, void *key, void *value, int op) {
    if (in_lmdb && doing == ASSERT_IN_LMDB) {
        abort();
    }
    if (in_lmdb) {
        dereference();
    }
    return __real_mdb_cursor_get(cursor, key, value, op);
}

int __wrap_log_verify(struct ledger *ledger, const struct log_verify_options *options, struct log_report *ret,
                      struct err *err) {
    switch (doing) {
    case KILL:
        raise(SIGKILL);
        break;
    case TERMINATE:
        raise(SIGTERM);
        break;
    case ABORT:
        abort();
    case DEREFERENCE:
        dereference();
        break;
    case FAULT_FROM_OUTSIDE:
        kill(getpid(), SIGBUS);
        break;
    case CUT_THE_FILE:
        assert_int_equal(truncate(scratch_at(&s, "box/evidence/data.mdb"), 16384), 0);
        break;
    case READ_BEHIND_THE_END: /* not by LMDB: by the caller that got a record from it */
        read_behind(ledger);
        break;
    case ASSERT_IN_LMDB:
    case CRASH_IN_LMDB:
        in_lmdb = true;
        break;
    case STOP:
        raise(SIGSTOP);
        break;
    case SPIN:
        for (volatile int forever = 1; forever;) {
        }
        break;
    case SLEEP:
        for (volatile int forever = 1; forever;) {
            pause_ms(1000);
        }
        break;
    case EXIT:
        _exit(0);
    default:
        break;
    }
    return __real_log_verify(ledger, options, ret, err);
}

/* With `doing`; the ledger is closed meanwhile. */
static int examine(unsigned stalled_seconds) {
    static struct rivals rivals;
    struct cli cli = {.quiet = true};
    const struct examine_options o = {.dir = s.dir, .stalled_seconds = stalled_seconds, .cli = &cli};
    memset(&report, 0, sizeof(report));
    memset(&why, 0, sizeof(why));
    return examine_ledger(&o, &report, &rivals, &why);
}

static int begin(void **state) {
    start(state);
    scratch_fill(&s, 0, 600, true);
    scratch_close(&s);
    doing = VERIFY;
    return 0;
}

static int end(void **state) {
    return finish(state);
}

static void no_verdict(int what, const char *words) {
    doing = what;
    int rc = examine(0);
    if (rc == 0) {
        fail_msg("verdict %d: %s", (int)report.verdict, report.findings[0].reason);
    }
    assert_int_equal(rc, ERR_IO);
    if (strstr(why.msg, words) == NULL) {
        fail_msg("'%s' lacks '%s'", why.msg, words);
    }
}

static void a_verifying_process_that_is_ended_gives_no_verdict(void **state) {
    (void)state;
    no_verdict(KILL, "SIGKILL");
    no_verdict(TERMINATE, "SIGTERM");
    no_verdict(EXIT, "without an answer");
    no_verdict(FAULT_FROM_OUTSIDE, "SIGBUS");
}

static void do_nothing(int number) {
    (void)number;
}

static void a_child_has_neither_the_handlers_nor_the_mask_of_its_host(void **state) {
    sigset_t blocked, before;
    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, &before);
    signal(SIGTERM, do_nothing);
    no_verdict(TERMINATE, "SIGTERM");
    signal(SIGTERM, SIG_IGN); /* an ignored signal stays ignored, as under nohup */
    doing = TERMINATE;
    must(examine(0));
    signal(SIGTERM, SIG_DFL);
    sigprocmask(SIG_SETMASK, &before, NULL);
}

static void a_fault_of_the_program_gives_no_verdict(void **state) {
    (void)state;
    no_verdict(ABORT, "SIGABRT");
    no_verdict(DEREFERENCE, "SIGSEGV");
}

static void cannot_be_read(int what, const char *name) {
    doing = what;
    must(examine(0));
    assert_int_equal(report.verdict, LOG_INVALID);
    assert_int_equal(report.aspect[LOG_INTEGRITY].state, LOG_ASPECT_FAULT);
    assert_non_null(strstr(report.findings[0].reason, "the database cannot be read"));
    assert_non_null(strstr(report.findings[0].reason, name));
}

static void a_database_that_kills_its_reader_is_invalid(void **state) {
    (void)state;
    cannot_be_read(ASSERT_IN_LMDB, "SIGABRT");
    cannot_be_read(CRASH_IN_LMDB, "SIGSEGV");
    cannot_be_read(READ_BEHIND_THE_END, "SIGBUS");
    cannot_be_read(CUT_THE_FILE, "SIGBUS");
}

/* The exit code of a command that dies like this. */
static int dies_of(int what) {
    fflush(NULL);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dup2(nowhere, STDERR_FILENO);
        fault_catch(fault_exit);
        scratch_open(&s);
        doing = what;
        log_verify(s.ledger, NULL, &report, &why);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void a_command_that_dies_speaks_of_damage_only_where_it_read_the_database(void **state) {
    (void)state;
    assert_int_equal(dies_of(ABORT), EXIT_SYSTEM);
    assert_int_equal(dies_of(DEREFERENCE), EXIT_SYSTEM);
    assert_int_equal(dies_of(FAULT_FROM_OUTSIDE), EXIT_SYSTEM);
    assert_int_equal(dies_of(ASSERT_IN_LMDB), EXIT_INVALID);
    assert_int_equal(dies_of(CRASH_IN_LMDB), EXIT_INVALID);
    assert_int_equal(dies_of(READ_BEHIND_THE_END), EXIT_INVALID);
}

static void a_process_that_is_stopped_goes_on_to_its_verdict(void **state) {
    (void)state;
    doing = STOP;
    fflush(NULL);
    pid_t whole = fork(); /* its group: continued after it was stopped for longer than the limit without progress */
    assert_true(whole >= 0);
    if (whole == 0) {
        setpgid(0, 0);
        int rc = examine(4);
        if (rc != 0) {
            print_error("%s\n", why.msg);
        }
        _exit(rc == 0 && report.verdict == LOG_NOT_ANCHORED ? 0 : 1);
    }
    setpgid(whole, whole);
    pause_ms(7000);
    kill(-whole, SIGCONT);
    int status;
    for (int left = 100; waitpid(whole, &status, WNOHANG) == 0; left--) {
        assert_true(left > 0);
        kill(-whole, SIGCONT); /* on a slow machine it stopped later */
        pause_ms(200);
    }
    assert_int_equal(status, 0);
}

static void a_process_without_progress_gives_no_verdict(void **state) {
    (void)state;
    doing = SPIN;
    must_fail(examine(2), ERR_IO, "no progress for 2 seconds");
    doing = SLEEP;
    must_fail(examine(2), ERR_IO, "no progress for 2 seconds");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_verifying_process_that_is_ended_gives_no_verdict, begin, end),
        cmocka_unit_test_setup_teardown(a_child_has_neither_the_handlers_nor_the_mask_of_its_host, begin, end),
        cmocka_unit_test_setup_teardown(a_fault_of_the_program_gives_no_verdict, begin, end),
        cmocka_unit_test_setup_teardown(a_database_that_kills_its_reader_is_invalid, begin, end),
        cmocka_unit_test_setup_teardown(a_command_that_dies_speaks_of_damage_only_where_it_read_the_database, begin, end),
        cmocka_unit_test_setup_teardown(a_process_that_is_stopped_goes_on_to_its_verdict, begin, end),
        cmocka_unit_test_setup_teardown(a_process_without_progress_gives_no_verdict, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
