/* What probes and people observed of the box: checks, and the clauses that rest on the checks of probes. */
#include "projections/verdict/probed.h"
#include "tests/projections/state_box.h"

#define DAY_NS (INT64_C(86400) * 1000000000)

static struct box box;

static int setup(void **state) {
    (void)state;
    box_open(&box);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    box_close(&box);
    return 0;
}

static uint64_t observe(const char *check, const char *fields) {
    char json[512], subject[128];
    snprintf(subject, sizeof(subject), "check/%s", check);
    snprintf(json, sizeof(json), "{\"check\":\"%s\"%s}", check, fields);
    return box_event(&box, "doctor.observed", subject, json);
}

/* The clause now: its state ("": it does not apply), its words (NULL: any), its remedy. */
static void is(const char *id, const char *state, const char *reason, const char *remedy) {
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "clauses", "", id, NULL));
    box_text(&box, "state", state);
    if (reason != NULL) box_text(&box, "reason", reason);
    box_text(&box, "remedy", remedy);
}

/* The same, `days` days and a nanosecond after the newest event. */
static void is_later(const char *id, int64_t days, const char *state) {
    box_view(&box, LOG_NO_SEQ, 0);
    box_view(&box, LOG_NO_SEQ, state_now(box.view) + (uint64_t)(days * DAY_NS) + 1);
    assert_true(box_row(&box, "clauses", "", id, NULL));
    box_text(&box, "state", state);
}

/* ---- checks and remedies ---- */

static void a_check_keeps_the_newest_observation_of_each_target(void **state) {
    (void)state;
    observe("disk-space", ",\"target\":\"/\",\"status\":\"ok\",\"value\":41,\"unit\":\"%\",\"at\":100");
    uint64_t seq =
        observe("disk-space", ",\"target\":\"/\",\"status\":\"full\",\"value\":99.5,\"limit\":\"90 %\",\"at\":200");
    observe("disk-space", ",\"target\":\"/home\",\"status\":\"ok\",\"at\":300");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "checks", "disk-space", "/", NULL));
    box_text(&box, "status", "full");
    assert_true(row_real(&box.row, box_column(&box, "value")) == 99.5);
    assert_false(row_has(&box.row, box_column(&box, "limit")));
    box_text(&box, "limit_text", "90 %");
    box_text(&box, "unit", "");
    box_int(&box, "since_seq", (int64_t)seq);
    box_int(&box, "count", 2);
    box_evidence(&box, 1, seq);
}

static void an_observation_that_is_older_than_what_is_known_changes_nothing(void **state) {
    (void)state;
    uint64_t seq = observe("endpoint", ",\"status\":\"ok\",\"at\":200");
    observe("endpoint", ",\"status\":\"unreachable\",\"at\":100");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "checks", "endpoint", "", NULL));
    box_text(&box, "status", "ok");
    box_int(&box, "late", 1);
    box_evidence(&box, 1, seq);
}

static void what_was_done_about_a_check_is_kept(void **state) {
    (void)state;
    box_event(&box, "doctor.remedied", "check/disk-space",
              "{\"check\":\"disk-space\",\"remedy\":\"prune\",\"outcome\":\"error\",\"exit_code\":1}");
    uint64_t seq = box_event(&box, "doctor.remedied", "check/disk-space",
                             "{\"check\":\"disk-space\",\"remedy\":\"prune\",\"tier\":\"T2\",\"outcome\":\"ok\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "repairs", "disk-space", "", "", NULL));
    box_text(&box, "outcome", "ok");
    box_text(&box, "tier", "T2");
    box_int(&box, "count", 2);
    assert_false(row_has(&box.row, box_column(&box, "exit_code")));
    box_evidence(&box, 1, seq);
}

/* ---- clauses that rest on probes ---- */

/* Of every status what follows; a clause looks at its own checks only, and `checks` at none of them. */
static const struct status {
    const char *clause, *check, *fields, *state, *reason, *remedy, *first;
} statuses[] = {
    {"chain", "ledger-chain", "\"status\":\"ok\",\"target\":\"o\"", "pass", "it verified", "", ""},
    {"chain", "ledger-chain", "\"status\":\"ok\",\"target\":\"o\",\"value\":1", "pass", "1 event verified", "", ""},
    {"chain", "ledger-chain", "\"status\":\"ok\",\"target\":\"o\",\"value\":0,\"limit\":18", "pass", "18 events verified",
     "", ""},
    {"chain", "ledger-chain", "\"status\":\"invalid\",\"target\":\"o\",\"limit\":18", "fail", "it does not verify",
     "ledger doctor", "look at it: ledger verify; what was changed comes back from a backup alone"},
    {"chain", "ledger-chain", "\"status\":\"contradicts\",\"target\":\"o\"", "fail",
     "it verifies, and contradicts what it was before", "ledger doctor",
     "compare it with a checkpoint that was kept elsewhere: ledger verify --checkpoint FILE"},
    {"chain", "ledger-chain", "\"status\":\"error\"", "unknown", "it could not be verified", "ledger doctor", ""},
    {"chain", "ledger-chain", "\"status\":\"so-so\"", "unknown", "ledger-chain: so-so", "ledger doctor", ""},
    {"chain", "ledger-chain", "\"status\":\"ok\",\"offline\":true", "unknown", "ledger-chain: ok (there was no network)",
     "ledger doctor", ""},
    {"trust", "ledger-trust", "\"status\":\"ok\"", "pass", "it agrees with the trust file", "", ""},
    {"trust", "ledger-trust", "\"status\":\"not_anchored\"", "warn", "the trust file does not know it", "ledger doctor",
     "trust it, if it is the one that you know: ledger trust add"},
    {"trust", "ledger-trust", "\"status\":\"contradicts\"", "fail", "it contradicts the trust file", "ledger doctor",
     "compare it with a checkpoint that was kept elsewhere: ledger verify --checkpoint FILE"},
    {"trust", "ledger-trust", "\"status\":\"error\"", "unknown", "it could not be compared with the trust file",
     "ledger doctor", ""},
    {"keys", "ledger-keys", "\"status\":\"ok\",\"target\":\"a\"", "pass", "1 file, which only its owner can read", "", ""},
    {"keys", "ledger-keys", "\"status\":\"exposed\",\"target\":\"a\"", "fail", "a is open to others", "ledger doctor --fix",
     ""},
    {"keys", "ledger-keys", "\"status\":\"denied\",\"target\":\"a\"", "fail", "a is not a file of its owner",
     "ledger doctor", "bring the key file back from where it was kept, readable by its owner alone"},
    {"keys", "ledger-keys", "\"status\":\"missing\",\"target\":\"a\"", "warn", "a is missing", "ledger doctor",
     "bring the key file back from where it was kept, readable by its owner alone"},
    {"keys", "ledger-keys", "\"status\":\"error\",\"target\":\"a\"", "unknown", "a could not be looked at", "ledger doctor",
     ""},
    {"index", "ledger-index", "\"status\":\"ok\",\"value\":9,\"limit\":9", "pass", "it has all events", "", ""},
    {"index", "ledger-index", "\"status\":\"behind\",\"value\":2,\"limit\":9", "pass",
     "it lags by 7 events, and catches up when it is read", "", ""},
    {"index", "ledger-index", "\"status\":\"behind\",\"value\":2", "pass", "it lags, and catches up when it is read", "",
     ""},
    {"index", "ledger-index", "\"status\":\"damaged\"", "fail", "it is damaged", "ledger doctor --fix", ""},
    {"index", "ledger-index", "\"status\":\"missing\"", "warn", "there is none", "ledger doctor --fix", ""},
    {"index", "ledger-index", "\"status\":\"error\"", "unknown", "it could not be looked at", "ledger doctor", ""},
    {"readers", "ledger-readers", "\"status\":\"ok\",\"value\":0", "pass", "none is stuck", "", ""},
    {"readers", "ledger-readers", "\"status\":\"dead\"", "warn",
     "some have ended, and what they read is still held for them", "ledger doctor --fix", ""},
    {"readers", "ledger-readers", "\"status\":\"dead\",\"value\":3", "warn",
     "3 have ended, and what they read is still held for them", "ledger doctor --fix", ""},
    {"readers", "ledger-readers", "\"status\":\"stuck\"", "warn",
     "one has been reading the same snapshot for long, so that the database grows", "ledger doctor",
     "end that process, or wait for it"},
    {"readers", "ledger-readers", "\"status\":\"stuck\",\"value\":77", "warn",
     "process 77 has been reading the same snapshot for long, so that the database grows", "ledger doctor",
     "end that process, or wait for it"},
    {"readers", "ledger-readers", "\"status\":\"error\"", "unknown", "they could not be looked at", "ledger doctor", ""},
    {"quota", "ledger-quota", "\"status\":\"ok\",\"value\":5,\"limit\":10,\"unit\":\"bytes\"", "pass",
     "there is room: 5 of 10 bytes are used", "", ""},
    {"quota", "ledger-quota", "\"status\":\"low\",\"value\":8,\"limit\":10,\"unit\":\"bytes\"", "warn",
     "little room is left: 8 of 10 bytes are used", "ledger doctor", "make room, or raise the quota"},
    {"quota", "ledger-quota", "\"status\":\"full\",\"value\":8", "fail", "no room is left", "ledger doctor",
     "make room, or raise the quota"},
    {"quota", "ledger-quota", "\"status\":\"error\"", "unknown", "it could not be looked at", "ledger doctor", ""},
    {"time", "time-sync", "\"status\":\"ok\"", "pass", "the clock is synchronised", "", ""},
    {"time", "time-sync", "\"status\":\"unsynchronised\"", "warn", "the clock is not synchronised", "ledger doctor",
     "switch on a time service"},
    {"time", "time-sync", "\"status\":\"unknown\"", "unknown", "whether the clock is synchronised cannot be seen here",
     "ledger doctor", ""},
    {"probes", "probe", "\"status\":\"ok\",\"target\":\"disk\"", "pass", "1 probe looked", "", ""},
    {"probes", "probe", "\"status\":\"timeout\",\"target\":\"disk\"", "unknown", "disk did not end in time",
     "ledger doctor", ""},
    {"probes", "probe", "\"status\":\"crashed\",\"target\":\"disk\",\"value\":\"signal 11\"", "unknown",
     "disk crashed: signal 11", "ledger doctor", ""},
    {"probes", "probe", "\"status\":\"garbage\",\"target\":\"disk\"", "unknown", "disk gave an answer that cannot be read",
     "ledger doctor", ""},
    {"probes", "probe", "\"status\":\"error\",\"target\":\"disk\",\"value\":\"no such file\"", "unknown",
     "disk could not look: no such file", "ledger doctor", ""},
};

static void each_status_has_its_answer(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        const struct status *s = &statuses[i];
        char fields[256];
        snprintf(fields, sizeof(fields), ",%s", s->fields);
        observe(s->check, fields);
        is(s->clause, s->state, s->reason, s->remedy);
        box_text(&box, "first", s->first);
    }
    is("checks", "pass", "0 other checks were made", "");
}

static void what_nobody_looked_at_is_unknown_and_a_quota_that_nobody_saw_does_not_apply(void **state) {
    (void)state;
    is("chain", "unknown", "nobody has looked whether it verifies", "ledger doctor");
    is("trust", "unknown", "nobody has compared it with the trust file", "ledger doctor");
    is("keys", "unknown", "nobody has looked at the key files", "ledger doctor");
    is("index", "unknown", "nobody has looked at the index", "ledger doctor");
    is("readers", "unknown", "nobody has looked for stuck readers", "ledger doctor");
    is("time", "unknown", "nobody has looked whether the clock is synchronised", "ledger doctor");
    is("quota", "", "no quota was seen", "");
    is("probes", "", "no probe has reported", "");
    assert_true(box_row(&box, "verdicts", "", NULL));
    box_int(&box, "unknown", 9);
    int64_t passed = row_int(&box.row, box_column(&box, "passed"));
    observe("ledger-quota", ",\"status\":\"ok\"");
    observe("time-sync", ",\"status\":\"not_applicable\"");
    is("time", "", "time-sync does not apply here", "");
    assert_true(box_row(&box, "verdicts", "", NULL));
    box_int(&box, "unknown", 8);
    box_int(&box, "passed", passed + 1);
}

static void an_answer_lapses_by_itself(void **state) {
    static const struct {
        const char *clause, *check;
        int64_t days;
    } lasting[] = {{"chain", "ledger-chain", 7},     {"trust", "ledger-trust", 7}, {"keys", "ledger-keys", 7},
                   {"index", "ledger-index", 7},     {"probes", "probe", 7},       {"disk", "disk-space", 1},
                   {"readers", "ledger-readers", 1}, {"quota", "ledger-quota", 1}, {"time", "time-sync", 1}};
    (void)state;
    for (size_t i = 0; i < sizeof(lasting) / sizeof(lasting[0]); i++) {
        uint64_t seq = observe(lasting[i].check, ",\"target\":\"ledger\",\"status\":\"ok\"");
        box_view(&box, LOG_NO_SEQ, 0);
        int64_t seen = (int64_t)state_now(box.view), end = seen + lasting[i].days * DAY_NS;
        box_view(&box, LOG_NO_SEQ, (uint64_t)end);
        assert_true(box_row(&box, "clauses", "", lasting[i].clause, NULL));
        box_text(&box, "state", "pass");
        box_int(&box, "since_seq", (int64_t)seq);
        is_later(lasting[i].clause, lasting[i].days + 300, "unknown");
        assert_false(row_has(&box.row, box_column(&box, "since_seq")));
        box_int(&box, "since", end + 1);
        box_text(&box, "remedy", "ledger doctor");
    }
}

static void what_was_last_seen_is_said_of_an_answer_that_lapsed(void **state) {
    (void)state;
    observe("disk-space", ",\"target\":\"ledger\",\"status\":\"full\",\"at\":1700000000000000000");
    is("disk", "unknown", "disk-space of ledger was last looked at 2023-11-14T22:13:20Z, then: full", "ledger doctor");
    observe("ledger-chain", ",\"target\":\"o\",\"status\":\"ok\",\"at\":1700000000000000000");
    is("chain", "unknown", "it was last verified 2023-11-14T22:13:20Z, then: ok", "ledger doctor");
    observe("disk-space", ",\"target\":\"/srv\",\"status\":\"ok\",\"at\":1700000000000000000");
    observe("disk-space", ",\"target\":\"ledger\",\"status\":\"ok\"");
    is("disk", "unknown", "disk-space of /srv was last looked at 2023-11-14T22:13:20Z, then: ok",
       "ledger append doctor.observed -s check/disk-space check=disk-space target=/srv status=STATUS");
}

static void room_that_a_probe_measures_is_measured_again(void **state) {
    (void)state;
    observe("disk-space", ",\"target\":\"temporary\",\"status\":\"low\"");
    is("disk", "warn", "disk-space of temporary: low", "ledger doctor");
    box_text(&box, "first", "make room");
    observe("disk-space", ",\"target\":\"/srv\",\"status\":\"full\"");
    is("disk", "fail", "disk-space of /srv: full",
       "ledger append doctor.observed -s check/disk-space check=disk-space target=/srv status=ok");
}

/* A ledger that was restored has another origin; the observation of the earlier one does not count any more. */
static void of_several_names_of_one_thing_the_newest_counts(void **state) {
    (void)state;
    observe("ledger-chain", ",\"target\":\"o\",\"status\":\"invalid\"");
    observe("ledger-chain", ",\"target\":\"o/r1\",\"status\":\"ok\"");
    is("chain", "pass", "it verified", "");
    observe("ledger-chain", ",\"target\":\"o\",\"status\":\"invalid\",\"at\":1700000000000000000"); /* late */
    is("chain", "pass", "it verified", "");
}

static void of_several_files_and_probes_each_counts(void **state) {
    (void)state;
    observe("ledger-keys", ",\"target\":\"log.key\",\"status\":\"ok\"");
    observe("ledger-keys", ",\"target\":\"epoch.key\",\"status\":\"ok\"");
    is("keys", "pass", "2 files, which only their owner can read", "");
    observe("ledger-keys", ",\"target\":\"epoch.key\",\"status\":\"exposed\"");
    observe("ledger-keys", ",\"target\":\"log.key\",\"status\":\"missing\"");
    is("keys", "fail", "epoch.key is open to others", "ledger doctor --fix");
    observe("ledger-keys", ",\"target\":\"epoch.key\",\"status\":\"not_applicable\"");
    is("keys", "warn", "log.key is missing", "ledger doctor");
    observe("probe", ",\"target\":\"a\",\"status\":\"ok\"");
    observe("probe", ",\"target\":\"b\",\"status\":\"timeout\"");
    observe("probe", ",\"target\":\"c\",\"status\":\"garbage\"");
    is("probes", "unknown", "b did not end in time; c gave an answer that cannot be read", "ledger doctor");
}

static void stored_rows_count_while_they_are_damaged(void **state) {
    (void)state;
    is("states", "pass", NULL, "");
    observe("ledger-states", ",\"status\":\"damaged\",\"target\":\"runs\"");
    is("states", "fail", "stored rows of runs cannot be read", "ledger doctor --fix");
    is_later("states", 7, "unknown");
    observe("ledger-states", ",\"status\":\"ok\"");
    observe("ledger-states", ",\"status\":\"not_applicable\",\"target\":\"runs\"");
    is("states", "pass", NULL, "");
    is_later("states", 7, "pass");
    observe("ledger-states", ",\"status\":\"error\"");
    is("states", "unknown", "the stored rows could not be looked at", "ledger doctor");
    is("checks", "pass", "0 other checks were made", "");
}

static void nobody_waits_for_a_probe_that_looks_only_when_it_is_asked_to(void **state) {
    (void)state;
    observe("probe", ",\"target\":\"weights\",\"status\":\"timeout\"");
    is("probes", "unknown", "weights did not end in time", "ledger doctor --only models");
    observe("probe", ",\"target\":\"weights\",\"status\":\"ok\"");
    is("probes", "pass", "1 probe looked", "");
    is_later("probes", 8, "");
}

static void an_epoch_key_ages(void **state) {
    (void)state;
    box_view(&box, LOG_NO_SEQ, 0);
    assert_true(box_row(&box, "clauses", "", "epoch", NULL));
    box_text(&box, "state", "pass");
    is_later("epoch", 364, "pass");
    is_later("epoch", 365, "warn");
    box_text(&box, "remedy", "ledger key rotate");
    assert_false(row_has(&box.row, box_column(&box, "since_seq")));
    assert_int_equal(log_key_rotate(box.ledger, "user:test", "old", &(struct log_receipt){0}, &box.err), 0);
    is_later("epoch", 364, "pass");
}

static void what_is_not_kept_is_said_once(void **state) {
    extern const struct projection projection_doctor;
    static const struct projection *const alone[] = {&projection_doctor, NULL};
    struct state_options options;
    (void)state;
    state_options_init(&options);
    options.projections = alone;
    assert_int_equal(state_open(box.ledger, &options, &box.view, &box.err), 0);
    assert_true(box_row(&box, "clauses", "", "epoch", NULL));
    box_text(&box, "state", "unknown");
    box_text(&box, "reason", "epochs are not kept here");
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(a_check_keeps_the_newest_observation_of_each_target),
        TEST(an_observation_that_is_older_than_what_is_known_changes_nothing),
        TEST(what_was_done_about_a_check_is_kept),
        TEST(each_status_has_its_answer),
        TEST(what_nobody_looked_at_is_unknown_and_a_quota_that_nobody_saw_does_not_apply),
        TEST(an_answer_lapses_by_itself),
        TEST(what_was_last_seen_is_said_of_an_answer_that_lapsed),
        TEST(room_that_a_probe_measures_is_measured_again),
        TEST(of_several_names_of_one_thing_the_newest_counts),
        TEST(of_several_files_and_probes_each_counts),
        TEST(stored_rows_count_while_they_are_damaged),
        TEST(nobody_waits_for_a_probe_that_looks_only_when_it_is_asked_to),
        TEST(an_epoch_key_ages),
        TEST(what_is_not_kept_is_said_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
