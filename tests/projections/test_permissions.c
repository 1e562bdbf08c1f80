/* Permissions: what was asked, granted and taken back, when it ends, and who used it without. */
#include "tests/projections/state_box.h"

static struct box b;

static int start(void **state) {
    (void)state;
    box_open(&b);
    return 0;
}

static int finish(void **state) {
    (void)state;
    box_close(&b);
    return 0;
}

static uint64_t say(const char *step, const char *json) {
    char kind[64];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    return box_event(&b, kind, "pack/p", json);
}

/* The row of pack/p, exec and this scope, as of now. */
static void look(const char *scope) {
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", scope, NULL));
}

static void expect(const char *scope, const char *state, int64_t violations) {
    look(scope);
    box_text(&b, "state", state);
    box_int(&b, "violations", violations);
}

static void a_grant_has_its_own_tier_or_that_of_its_request_never_an_older_one(void **state) {
    (void)state;
    say("denied", "{\"group\":\"exec\",\"tier\":\"T2\"}");
    say("granted", "{\"group\":\"exec\"}");
    expect("", "granted", 0);
    assert_false(row_has(&b.row, box_column(&b, "tier")));
    say("requested", "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T1\"}");
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "granted", 0);
    box_text(&b, "tier", "T1");
    say("expired", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "expired", 0);
    box_text(&b, "tier", "T1");
    say("requested", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "requested", 0);
    assert_false(row_has(&b.row, box_column(&b, "tier")));
}

static void a_request_is_granted_used_and_revoked(void **state) {
    (void)state;
    uint64_t asked =
        say("requested", "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T1\",\"request\":\"r1\",\"required\":true}");
    expect("/a", "requested", 0);
    box_text(&b, "who", "pack/p");
    box_text(&b, "request", "r1");
    box_evidence(&b, 1, asked);
    uint64_t granted = say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T2\",\"at\":5000}");
    expect("/a", "granted", 0);
    box_text(&b, "tier", "T2");
    box_text(&b, "by", "user:test");
    box_int(&b, "since", 5000);
    box_int(&b, "decided_seq", (int64_t)granted);
    box_evidence(&b, 2, asked, granted);
    assert_true(row_bool(&b.row, box_column(&b, "required")));
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":3,\"at\":6000}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "granted", 0);
    box_int(&b, "uses", 4);
    uint64_t revoked = say("revoked", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "revoked", 0);
    box_evidence(&b, 1, revoked);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "revoked", 1);
    box_text(&b, "violation", "used, but it was revoked");
}

static void a_request_ends_neither_a_grant_nor_a_denial(void **state) {
    (void)state;
    uint64_t granted = say("granted", "{\"group\":\"exec\"}");
    say("requested", "{\"group\":\"exec\",\"request\":\"again\"}");
    expect("", "granted", 0);
    box_evidence(&b, 1, granted);
    uint64_t denied = say("denied", "{\"group\":\"exec\"}");
    say("requested", "{\"group\":\"exec\"}");
    expect("", "requested", 0);
    box_text(&b, "decision", "denied");
    box_int(&b, "decided_seq", (int64_t)denied);
    say("used", "{\"group\":\"exec\"}");
    expect("", "requested", 1);
    box_text(&b, "violation", "used, but it was denied");
}

static void a_grant_ends_when_its_time_has_come(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"at\":1000,\"expires\":2000,\"lifetime\":\"until\"}");
    box_view(&b, LEDGER_NO_SEQ, 1999);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", "", NULL));
    box_text(&b, "state", "granted");
    box_view(&b, LEDGER_NO_SEQ, 2000);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", "", NULL));
    box_text(&b, "state", "expired");
    box_text(&b, "step", "granted");
    box_int(&b, "since", 2000);
    say("used", "{\"group\":\"exec\",\"at\":1500}"); /* told later, done in time */
    expect("", "expired", 0);
    say("used", "{\"group\":\"exec\",\"at\":2000}");
    expect("", "expired", 1);
    box_text(&b, "violation", "used, but it was expired");
    say("expired", "{\"group\":\"exec\"}");
    expect("", "expired", 1);
    say("requested", "{\"group\":\"exec\"}");
    expect("", "requested", 1);
    say("granted", "{\"group\":\"exec\"}"); /* without an end this time */
    expect("", "granted", 1);
    box_int(&b, "uses", 0);
    assert_false(row_has(&b.row, box_column(&b, "expires")));
}

static void once_is_once(void **state) {
    (void)state;
    uint64_t granted = say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"lifetime\":\"once\"}");
    expect("/a", "granted", 0);
    uint64_t use = say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"at\":7000}");
    expect("/a", "expired", 0);
    box_int(&b, "since", 7000);
    box_evidence(&b, 2, granted, use);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\"}");
    expect("/a", "expired", 1);
    say("granted", "{\"group\":\"exec\",\"scope\":\"/a\",\"lifetime\":\"once\"}");
    expect("/a", "granted", 1);
    say("used", "{\"group\":\"exec\",\"scope\":\"/a\",\"count\":2}");
    expect("/a", "expired", 2);
    box_text(&b, "violation", "used 2 times, but it was granted for once");
}

static void a_use_counts_for_what_covers_it(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/*\",\"lifetime\":\"once\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/b\"}");
    expect("/srv/*", "expired", 0);
    assert_false(box_row(&b, "permissions", "pack/p", "exec", "/srv/a/b", NULL));
    say("granted", "{\"group\":\"exec\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/b\"}"); /* by the newer one, of everything */
    expect("", "granted", 0);
    box_int(&b, "uses", 1);
    say("denied", "{\"group\":\"exec\",\"scope\":\"/srv/a/?\"}");
    say("used", "{\"group\":\"exec\",\"scope\":\"/srv/a/b\"}");
    expect("/srv/a/?", "denied", 1);
    say("used", "{\"group\":\"gpu\",\"scope\":\"0\"}");
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "pack/p", "gpu", "0", NULL));
    assert_false(row_has(&b.row, box_column(&b, "state")));
    box_text(&b, "violation", "used, but nobody granted it");
}

static void taking_back_is_always_possible_and_shows_when_there_was_nothing(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"scope\":\"/srv/*\"}");
    say("revoked", "{\"group\":\"exec\",\"scope\":\"/srv/secret\"}"); /* a part of it */
    expect("/srv/secret", "revoked", 0);
    say("revoked", "{\"group\":\"exec\"}"); /* all of it */
    expect("", "revoked", 0);
    say("revoked", "{\"group\":\"exec\"}");
    expect("", "revoked", 0);
    say("revoked", "{\"group\":\"exec\",\"scope\":\"/opt\"}");
    expect("/opt", "revoked", 1);
    box_text(&b, "violation", "revoked, but it was never granted");
    say("denied", "{\"group\":\"exec\",\"scope\":\"/usr\"}");
    say("expired", "{\"group\":\"exec\",\"scope\":\"/usr\"}");
    expect("/usr", "denied", 1);
    say("expired", "{\"group\":\"exec\",\"scope\":\"/var\"}");
    expect("/var", "expired", 1);
}

static void a_session_takes_its_grants_with_it(void **state) {
    (void)state;
    say("granted", "{\"group\":\"exec\",\"lifetime\":\"session\",\"session\":\"s1\"}");
    box_event_of(&b, "run.started", "run/s1", "s1", NULL);
    expect("", "granted", 0);
    uint64_t end = box_event_of(&b, "run.finished", "run/s1", "s1", "{\"at\":9000}");
    expect("", "expired", 0);
    box_int(&b, "since", 9000);
    box_evidence(&b, 2, (uint64_t)1, end);
}

static void an_answer_holds_as_long_as_it_says_or_once(void **state) {
    (void)state;
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"allow\",\"group\":\"exec\",\"request\":\"r\"}");
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "expired"); /* it was the answer to that request */
    box_text(&b, "lifetime", "once");
    box_event(&b, "permission.decided", "tool/bash",
              "{\"decision\":\"allow\",\"group\":\"exec\",\"request\":\"r\",\"lifetime\":\"permanent\"}");
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "granted");
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"unknown\",\"group\":\"exec\"}");
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"ask\",\"group\":\"exec\"}");
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "granted");
    box_event(&b, "permission.decided", "tool/bash", "{\"decision\":\"abort\",\"group\":\"exec\"}");
    box_event(&b, "permission.decided", "tool/odd", "{\"decision\":\"deny\"}");
    box_view(&b, LEDGER_NO_SEQ, 0);
    assert_true(box_row(&b, "permissions", "tool/bash", "exec", "", NULL));
    box_text(&b, "state", "denied");
    assert_true(box_row(&b, "permissions", "tool/odd", "", "", NULL));
    box_text(&b, "state", "denied");
    box_int(&b, "violations", 0);
}

/* One that is not found by its uses must not stay granted after them. */
static void too_many_patterns_hold_nothing_once(void **state) {
    (void)state;
    char json[128];
    for (unsigned i = 0; i < 25; i++) {
        snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"/%u/*\",\"lifetime\":\"once\"}", i);
        say("granted", json);
    }
    expect("/23/*", "granted", 0);
    expect("/24/*", "expired", 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_grant_has_its_own_tier_or_that_of_its_request_never_an_older_one, start, finish),
        cmocka_unit_test_setup_teardown(a_request_is_granted_used_and_revoked, start, finish),
        cmocka_unit_test_setup_teardown(a_request_ends_neither_a_grant_nor_a_denial, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_ends_when_its_time_has_come, start, finish),
        cmocka_unit_test_setup_teardown(once_is_once, start, finish),
        cmocka_unit_test_setup_teardown(a_use_counts_for_what_covers_it, start, finish),
        cmocka_unit_test_setup_teardown(taking_back_is_always_possible_and_shows_when_there_was_nothing, start, finish),
        cmocka_unit_test_setup_teardown(a_session_takes_its_grants_with_it, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_holds_as_long_as_it_says_or_once, start, finish),
        cmocka_unit_test_setup_teardown(too_many_patterns_hold_nothing_once, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
