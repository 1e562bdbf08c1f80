/* A round over a ledger, with made-up probes: which of them look, what is recorded, and when nothing is. */
#include <signal.h>

#include "base/clock.h"
#include "base/mp.h"
#include "doctor/round/round.h"
#include "tests/projections/state_box.h"

#define MINUTE_NS (60 * CLOCK_NS_PER_S)

static uint64_t clock_now;
uint64_t __wrap_clock_wall_ns(void);
uint64_t __wrap_clock_wall_ns(void) {
    return clock_now;
}

/* What the probes see: set before the fork. */
static const char *status_of_a = "ok", *digest_of_odd = "sha256:nonsense";

static void say(struct probe_out *out, const char *check, const char *target, const char *status) {
    struct probe_check c = PROBE_CHECK(check, status);
    c.target = target;
    c.detail = "seen";
    probe_say(out, &c);
}

static int look_a(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "alpha", "one", status_of_a);
    say(out, "alpha", "two", "ok");
    return 0;
}

static int look_seldom(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "seldom", "it", "ok");
    return 0;
}

static int look_hang(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)out;
    (void)err;
    return pause();
}

static int look_crash(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "crash", "it", "ok");
    return raise(SIGSEGV);
}

static int look_fail(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)out;
    return err_set(err, ERR_NET, "no route to '%s'", "somewhere");
}

static int look_odd(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct probe_check c = PROBE_CHECK("odd", "ok");
    (void)box;
    (void)err;
    c.digest = digest_of_odd;
    probe_say(out, &c);
    return 0;
}

static const char *key_file = "epoch-0.key";

static int look_keys(const struct probe_box *box, struct probe_out *out, struct err *err) {
    (void)box;
    (void)err;
    say(out, "ledger-keys", key_file, "ok");
    return 0;
}

static const struct probe keys = {"keys", "keys", 60000, 0, "", look_keys};
static const struct probe verifies = {"chain", "chain trust", 1000, 0, "", NULL};
static const struct probe a = {"a", "alpha beta", 60000, 0, "", look_a};
static const struct probe seldom = {"seldom", "seldom", 60000, 60 * MINUTE_NS, "", look_seldom};
static const struct probe hangs = {"hangs", "hang", 50, 0, "", look_hang};
static const struct probe crashes = {"crashes", "crash", 60000, 0, "", look_crash};
static const struct probe fails = {"fails", "fail", 60000, 60 * MINUTE_NS, "", look_fail};
static const struct probe odd = {"odd", "odd", 60000, 0, "", look_odd};

/* ---- a round ---- */

static struct box box;
static enum log_verdict verdict;
static int verify_rc;
static volatile int stop;
static bool stop_in_verify;
static struct round_result result;

static int open_it(void *ctx, bool append, struct ledger **ret, struct err *err) {
    const struct log_open_options options = {.read_only = !append};
    return log_open(ctx, &options, ret, err);
}

static int verify(void *ctx, struct log_report *ret, struct err *err) {
    (void)ctx;
    memset(ret, 0, sizeof(*ret));
    ret->verdict = verdict;
    ret->head.size = 10;
    snprintf(ret->origin, sizeof(ret->origin), "example.org/box");
    stop = stop_in_verify;
    return verify_rc == 0 ? 0 : err_set(err, verify_rc, "the verification did not come about");
}

/* The doctor's events among these: the ledger itself records what its clock does. */
static uint64_t count_own(uint64_t from, uint64_t to) {
    struct log_reader *reader = NULL;
    struct log_event event;
    uint64_t n = 0;
    assert_int_equal(log_reader_open(box.ledger, from, to, &reader, &box.err), 0);
    while (log_reader_next(reader, &event, &box.err) == 0) {
        n += bytes_has_prefix(event.kind, "doctor.");
    }
    log_reader_close(reader);
    return n;
}

/* Runs the probes up to a NULL; returns how many events were appended. */
static uint64_t look(const char *only, int all, ...) {
    static struct probe probes[8]; /* the results point to them */
    size_t n = 0;
    va_list args;
    const struct probe_box seen = {.dir = box.path, .root = "/", .now = clock_now, .open = open_it, .ctx = box.path};
    const struct bytes clause = bytes_of(only);
    va_start(args, all);
    for (const struct probe *p; (p = va_arg(args, const struct probe *)) != NULL;) {
        probes[n++] = *p;
    }
    va_end(args);
    const struct round_options options = {.box = &seen,
                                          .probes = probes,
                                          .n_probes = n,
                                          .clauses = &clause,
                                          .n_clauses = only != NULL,
                                          .all = all != 0,
                                          .actor = "user:test",
                                          .verify = verify,
                                          .stop = &stop};
    struct log_head before, after;
    assert_int_equal(log_head(box.ledger, &before, &box.err), 0);
    log_close(box.ledger); /* a round starts its children with no ledger open */
    int rc = round_run(&options, &result, &box.err);
    assert_int_equal(log_open(box.path, NULL, &box.ledger, &box.err), 0);
    assert_int_equal(log_head(box.ledger, &after, &box.err), 0);
    if (rc != 0) fail_msg("%s", box.err.msg);
    assert_int_equal(count_own(before.size, after.size), result.appended);
    return result.appended;
}

static int begin(void **unused) {
    (void)unused;
    clock_now = UINT64_C(1800000000) * CLOCK_NS_PER_S;
    verdict = LOG_GOOD;
    verify_rc = 0;
    stop = 0;
    stop_in_verify = false;
    status_of_a = "ok";
    box_open(&box);
    return 0;
}

static int end(void **unused) {
    (void)unused;
    box_close(&box);
    return 0;
}

static void check_is(const char *check, const char *target, const char *status) {
    box_view(&box, LOG_NO_SEQ, 0);
    if (status == NULL) {
        assert_false(box_row(&box, "checks", check, target, NULL));
    } else {
        assert_true(box_row(&box, "checks", check, target, NULL));
        box_text(&box, "status", status);
    }
    box_forget(&box);
}

/* ---- ---- */

static void what_was_seen_is_recorded_and_judged_once(void **unused) {
    (void)unused;
    assert_int_equal(look(NULL, false, &a, NULL), 4); /* two checks, the probe's own, the verdict */
    check_is("alpha", "one", "ok");
    check_is("alpha", "two", "ok");
    check_is("probe", "a", "ok");
    assert_int_equal(result.n, 1);
    assert_int_equal(result.looks[0].end, CHILD_OK);
    assert_int_equal(result.looks[0].said, 2);
    assert_int_equal(result.looks[0].news, 2);
    assert_int_equal(look(NULL, false, &a, NULL), 0);
    assert_int_equal(result.looks[0].said, 2);
    assert_int_equal(result.looks[0].news, 0);
    status_of_a = "missing";
    assert_int_equal(look(NULL, false, &a, NULL), 2); /* it, and another verdict */
    check_is("alpha", "one", "missing");
    clock_now += 13 * 60 * MINUTE_NS;
    assert_true(look(NULL, false, &a, NULL) >= 3); /* what is old is recorded again */
    assert_int_equal(result.looks[0].news, 2);
}

static void the_recorded_verdict_is_that_of_the_states(void **unused) {
    (void)unused;
    look(NULL, false, &a, NULL);
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "verdicts", "", NULL));
    struct bytes verdict_now = row_text(&box.row, box_column(&box, "verdict"));
    assert_true(bytes_eq(row_text(&box.row, box_column(&box, "given")), verdict_now));
    box_forget(&box);
}

static void a_probe_is_due_when_its_last_look_is_old_or_failed(void **unused) {
    (void)unused;
    look(NULL, false, &seldom, NULL);
    assert_int_equal(result.n, 1);
    clock_now += 59 * MINUTE_NS;
    assert_int_equal(look(NULL, false, &seldom, NULL), 0);
    assert_int_equal(result.n, 0);
    clock_now += MINUTE_NS;
    look(NULL, false, &seldom, NULL);
    assert_int_equal(result.n, 1);
    assert_true(look(NULL, true, &seldom, NULL) > 0); /* all: it looked, so its time is recorded */
    assert_int_equal(result.n, 1);
    clock_now -= 30 * MINUTE_NS; /* a clock that went back */
    assert_int_equal(look(NULL, false, &seldom, NULL), 0);
    look(NULL, false, &fails, NULL);
    look(NULL, false, &fails, NULL);
    assert_int_equal(result.n, 1);
}

static void a_clock_that_went_back_makes_nothing_new(void **unused) {
    (void)unused;
    look(NULL, false, &a, NULL);
    clock_now -= 60 * MINUTE_NS;
    look(NULL, false, &a, NULL); /* whatever it says about the clock */
    assert_int_equal(result.looks[0].news, 0);
    assert_int_equal(look(NULL, false, &a, NULL), 0);
    status_of_a = "missing";
    look(NULL, false, &a, NULL);
    check_is("alpha", "one", "missing");
}

static void only_the_probes_of_a_clause_look_and_nothing_is_judged(void **unused) {
    (void)unused;
    assert_int_equal(look("beta", false, &a, &seldom, &hangs, NULL), 3);
    assert_int_equal(result.n, 1);
    assert_string_equal(result.looks[0].probe->name, "a");
    check_is("seldom", "it", NULL);
    assert_int_equal(look("bet", false, &a, NULL), 0); /* a whole word */
    assert_int_equal(result.n, 0);
    look("seldom", false, &seldom, NULL);
    look("seldom", false, &seldom, NULL); /* due or not */
    assert_int_equal(result.n, 1);
}

static void how_a_probe_ended_is_an_observation(void **unused) {
    (void)unused;
    look(NULL, false, &hangs, &a, &crashes, &fails, NULL);
    assert_int_equal(result.n, 4);
    check_is("probe", "hangs", "timeout");
    check_is("probe", "crashes", "crashed");
    check_is("probe", "fails", "error");
    check_is("probe", "a", "ok");
    check_is("crash", "it", NULL); /* what it said before is not known to be whole */
    check_is("alpha", "one", "ok");
    assert_string_equal(result.looks[3].why, "no route to 'somewhere'");
}

static void what_cannot_be_an_event_is_garbage_and_stops_no_other(void **unused) {
    (void)unused;
    look(NULL, false, &odd, &a, NULL);
    check_is("odd", "", NULL);
    check_is("probe", "odd", "garbage");
    check_is("alpha", "one", "ok");
    assert_int_equal(result.looks[0].end, CHILD_GARBAGE);
    assert_true(result.looks[0].why[0] != '\0');
}

static void what_is_there_no_more_does_not_apply(void **unused) {
    (void)unused;
    look(NULL, false, &keys, NULL);
    key_file = "epoch-1.key";
    look(NULL, false, &keys, &a, NULL);
    check_is("ledger-keys", "epoch-0.key", "not_applicable");
    check_is("ledger-keys", "epoch-1.key", "ok");
    assert_int_equal(look(NULL, false, &keys, &a, NULL), 0);
    look("none", false, &keys, &a, NULL); /* nobody looked */
    check_is("ledger-keys", "epoch-1.key", "ok");
    box_event(&box, "doctor.observed", "check/alpha", "{\"check\":\"alpha\",\"target\":\"three\",\"status\":\"missing\"}");
    look(NULL, false, &a, NULL);
    check_is("alpha", "three", "missing"); /* somebody else's */
}

static void a_ledger_that_does_not_verify_is_left_as_it_is(void **unused) {
    static const enum log_verdict bad[] = {LOG_CONTRADICTS, LOG_INVALID};
    (void)unused;
    for (size_t i = 0; i < 2; i++) {
        verdict = bad[i];
        assert_int_equal(look(NULL, false, &a, &verifies, &hangs, NULL), 0);
        assert_true(result.verified && result.report.verdict == bad[i]);
    }
    verdict = LOG_NOT_ANCHORED;
    assert_true(look(NULL, false, &a, &verifies, NULL) > 0);
    check_is("ledger-trust", "example.org/box", "not_anchored");
    check_is("ledger-chain", "example.org/box", "ok");
}

static void a_verification_that_did_not_come_about_is_no_verdict(void **unused) {
    (void)unused;
    verify_rc = ERR_IO;
    assert_true(look(NULL, false, &verifies, &a, NULL) > 0);
    assert_false(result.verified);
    assert_int_equal(result.looks[0].end, CHILD_FAILED);
    assert_string_equal(result.looks[0].why, "the verification did not come about");
    check_is("probe", "chain", "error");
    check_is("ledger-chain", "example.org/box", NULL);
    check_is("alpha", "one", "ok");
}

static void a_stopped_round_records_nothing(void **unused) {
    (void)unused;
    stop = 1;
    assert_int_equal(look(NULL, false, &a, &hangs, NULL), 0);
    stop = 0;
    stop_in_verify = true;
    verify_rc = ERR_BUSY;
    assert_int_equal(look(NULL, false, &verifies, &a, NULL), 0);
    assert_int_equal(result.looks[0].end, CHILD_STOPPED);
}

static void a_ledger_that_does_not_open_is_an_error(void **unused) {
    struct err err = {0};
    static char nowhere[] = "/nowhere/at/all";
    const struct probe_box seen = {.dir = nowhere, .root = "/", .open = open_it, .ctx = nowhere};
    const struct round_options options = {
        .box = &seen, .probes = &a, .n_probes = 1, .actor = "user:test", .verify = verify};
    (void)unused;
    assert_int_equal(round_run(&options, &result, &err), ERR_NOTFOUND);
    assert_int_equal(result.n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_was_seen_is_recorded_and_judged_once),
        TEST(the_recorded_verdict_is_that_of_the_states),
        TEST(a_probe_is_due_when_its_last_look_is_old_or_failed),
        TEST(a_clock_that_went_back_makes_nothing_new),
        TEST(only_the_probes_of_a_clause_look_and_nothing_is_judged),
        TEST(how_a_probe_ended_is_an_observation),
        TEST(what_cannot_be_an_event_is_garbage_and_stops_no_other),
        TEST(what_is_there_no_more_does_not_apply),
        TEST(a_ledger_that_does_not_verify_is_left_as_it_is),
        TEST(a_verification_that_did_not_come_about_is_no_verdict),
        TEST(a_stopped_round_records_nothing),
        TEST(a_ledger_that_does_not_open_is_an_error),
    };
    if (access("/dev/shm", W_OK) == 0) setenv("TMPDIR", "/dev/shm", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
