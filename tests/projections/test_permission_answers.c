/* The effect of a request, an answer to it and a use on earlier decisions. */
#include "projections/decide/decide.h"
#include "projections/permissions/permitted.h"
#include "projections/permissions/row.h"
#include "tests/projections/state_box.h"

#define NOW 0 /* the time of the newest event */

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

/* With group exec, scope /a and further members. */
static uint64_t say(const char *step, const char *more) {
    char kind[64], json[240];
    snprintf(kind, sizeof(kind), "permission.%s", step);
    snprintf(json, sizeof(json), "{\"group\":\"exec\",\"scope\":\"/a\"%s}", more);
    return box_event(&b, kind, "pack/p", json);
}

static void look(uint64_t now) {
    box_view(&b, LOG_NO_SEQ, now);
    assert_true(box_row(&b, "permissions", "pack/p", "exec", "/a", NULL));
}

static void expect(const char *state, const char *tier) {
    look(NOW);
    box_text(&b, "state", state);
    box_text(&b, "tier", tier);
}

/* What is reported for a use at that tier; NULL: it is permitted. */
static const char *told(const char *tier) {
    static struct decision found;
    const struct decide_use use = {
        .group = bytes_of("exec"), .scope = bytes_of("/a"), .tier = bytes_of(tier), .of_session = true, .one = true};
    box_view(&b, LOG_NO_SEQ, NOW);
    assert_int_equal(decide_is_permitted(b.view, bytes_of("pack/p"), &use, &found, &b.err), 0);
    return found.yes ? NULL : found.reason;
}

static void refused(const char *tier, const char *words) {
    const char *got = told(tier);
    if (got == NULL || strstr(got, words) == NULL) {
        fail_msg("not '%s', but %s", words, got == NULL ? "permitted" : got);
    }
}

/* ---- requests ---- */

static void a_grant_takes_the_tier_of_the_request_that_it_names_and_of_no_other(void **state) {
    static const struct {
        const char *kind, *grant, *tier;
    } rows[] = {
        {"granted", ",\"request\":\"small\"", ""},
        {"granted", ",\"request\":\"none\"", ""},
        {"granted", ",\"request\":\"big\"", "T3"},
        {"granted", "", "T3"},
        {"decided", ",\"decision\":\"allow\",\"lifetime\":\"permanent\",\"request\":\"small\"", ""},
        {"decided", ",\"decision\":\"allow\",\"lifetime\":\"permanent\",\"request\":\"big\",\"call\":\"c9\"", "T3"},
        {"decided", ",\"decision\":\"allow\",\"lifetime\":\"permanent\",\"call\":\"c9\"", ""},
        {"decided", ",\"decision\":\"allow\",\"lifetime\":\"permanent\",\"call\":\"c2\"", "T3"},
        {"decided", ",\"decision\":\"allow\",\"lifetime\":\"permanent\"", "T3"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        box_close(&b);
        box_open(&b);
        say("requested", ",\"tier\":\"T0\",\"request\":\"small\"");
        uint64_t big = say("requested", ",\"tier\":\"T3\",\"request\":\"big\",\"call\":\"c2\"");
        uint64_t granted = say(rows[i].kind, rows[i].grant);
        expect("granted", rows[i].tier);
        if (rows[i].tier[0] == '\0') {
            box_evidence(&b, 1, granted);
            refused("T1", "granted without a tier, which reaches T0");
        } else {
            box_evidence(&b, 2, big, granted);
        }
    }
}

static void a_request_without_an_id_is_answered_by_what_names_none(void **state) {
    (void)state;
    say("requested", ",\"tier\":\"T2\"");
    say("granted", ",\"request\":\"r\"");
    expect("granted", "");
    say("requested", ",\"tier\":\"T2\"");
    say("granted", "");
    expect("granted", "T2");
    say("granted", ""); /* was no longer the newest step */
    expect("granted", "");
}

static void a_request_after_a_decision_gives_its_tier_to_the_grant_that_follows(void **state) {
    static const char *const before[] = {"granted", "denied", "revoked"};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        box_close(&b);
        box_open(&b);
        say(before[i], ",\"tier\":\"T1\"");
        say("requested", ",\"tier\":\"T2\"");
        expect(before[i], "T1");
        say("granted", "");
        expect("granted", "T2");
    }
    box_close(&b);
    box_open(&b);
    say("granted", ",\"tier\":\"T1\",\"session\":\"s\"");
    box_event_of(&b, "run.finished", "run/s", "s", NULL);
    say("requested", ",\"tier\":\"T2\"");
    expect("requested", "T2");
    say("granted", "");
    expect("granted", "T2");
}

static void a_request_hides_no_refusal(void **state) {
    static const char *const refusals[] = {"denied", "revoked"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        box_close(&b);
        box_open(&b);
        say("granted", ",\"tier\":\"T1\"");
        uint64_t no = say(refusals[i], "");
        uint64_t asked = say("requested", ",\"tier\":\"T1\"");
        look(NOW);
        box_text(&b, "state", refusals[i]);
        box_text(&b, "reason", "asked for again by event 3");
        box_evidence(&b, 2, no, asked);
        say("expired", "");
        look(NOW);
        box_text(&b, "state", refusals[i]);
        assert_false(row_has(&b.row, PERMISSIONS_REASON));
        refused("T0", refusals[i]);
    }
    say("granted", ",\"expires\":1000"); /* over, so earlier refusals count */
    say("requested", "");
    look(NOW);
    box_text(&b, "state", "revoked");
    box_text(&b, "reason", "by event 2: what event 5 granted since does not hold; asked for again by event 6");
}

static void what_is_over_is_named_before_a_request(void **state) {
    (void)state;
    uint64_t granted = say("granted", ",\"tier\":\"T1\",\"expires\":1000");
    uint64_t asked = say("requested", ",\"tier\":\"T1\"");
    refused("T0", ": expired");
    expect("requested", "T1");
    box_evidence(&b, 2, granted, asked);
    say("granted", ",\"tier\":\"T1\",\"lifetime\":\"once\"");
    say("used", ",\"tier\":\"T1\"");
    say("requested", ",\"tier\":\"T1\"");
    refused("T0", ": expired");
    expect("requested", "T1");
}

/* ---- answers ---- */

static void an_answer_to_one_call_leaves_a_grant_that_stands(void **state) {
    static const char *const answers[] = {",\"decision\":\"allow\",\"tier\":\"T1\",\"request\":\"r1\"",
                                          ",\"decision\":\"allow\",\"tier\":\"T1\",\"call\":\"c1\"",
                                          ",\"decision\":\"allow\",\"tier\":\"T3\",\"call\":\"c1\",\"lifetime\":\"once\"",
                                          ",\"decision\":\"allow\",\"call\":\"c1\",\"session\":\"s\"",
                                          ",\"decision\":\"allow\",\"tier\":\"T2\"",
                                          ",\"decision\":\"allow\",\"tier\":\"T1\",\"session\":\"s\""};
    (void)state;
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        box_close(&b);
        box_open(&b);
        uint64_t granted = say("granted", ",\"tier\":\"T2\"");
        say("used", ",\"tier\":\"T1\"");
        say("decided", answers[i]);
        expect("granted", "T2");
        box_int(&b, "decided_seq", (int64_t)granted);
        box_int(&b, "uses", 1);
        assert_false(row_has(&b.row, PERMISSIONS_LIFETIME));
        assert_null(told("T2"));
    }
}

static void an_answer_that_says_more_or_follows_a_refusal_replaces_the_grant(void **state) {
    static const struct {
        const char *grant, *refusal, *answer;
    } rows[] = {
        {",\"tier\":\"T1\"", NULL, ",\"decision\":\"allow\",\"tier\":\"T2\""},
        {",\"tier\":\"T2\",\"session\":\"s\"", NULL, ",\"decision\":\"allow\",\"tier\":\"T2\""},
        {",\"tier\":\"T2\"", NULL, ",\"decision\":\"allow\",\"tier\":\"T2\",\"lifetime\":\"permanent\",\"request\":\"r\""},
        {",\"tier\":\"T2\"", "{\"group\":\"exec\",\"scope\":\"/*\"}", ",\"decision\":\"allow\",\"tier\":\"T2\""},
        {",\"tier\":\"T2\"", "{\"group\":\"exec\",\"scope\":\"/a\"}", ",\"decision\":\"allow\",\"tier\":\"T2\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        box_close(&b);
        box_open(&b);
        say("granted", rows[i].grant);
        if (rows[i].refusal != NULL) {
            box_event(&b, "permission.denied", "pack/p", rows[i].refusal);
            refused("T0", "denied");
        }
        uint64_t answer = say("decided", rows[i].answer);
        assert_null(told("T2"));
        look(NOW);
        box_int(&b, "decided_seq", (int64_t)answer);
    }
}

static void an_answer_that_is_spent_was_not_used(void **state) {
    (void)state;
    uint64_t answer = say("decided", ",\"decision\":\"allow\",\"tier\":\"T1\",\"request\":\"r1\"");
    expect("expired", "T1");
    assert_false(row_has(&b.row, PERMISSIONS_USES));
    box_evidence(&b, 1, answer);
    refused("T0", ": expired");
}

/* ---- what ends a grant ---- */

static void a_use_in_the_future_is_judged_there_and_ends_nothing(void **state) {
    (void)state;
    say("granted", ",\"tier\":\"T1\",\"expires\":4000000000000000000");
    say("used", ",\"tier\":\"T1\",\"at\":4000000000000000001");
    say("requested", ",\"at\":4000000000000000001");
    expect("granted", "T1");
    box_int(&b, "unpermitted", 1);
    box_text(&b, "violation", "used, but it was expired");
    assert_null(told("T1"));
    say("used", ",\"tier\":\"T1\"");
    look(NOW);
    box_int(&b, "uses", 1);
    look(4000000000000000000);
    box_text(&b, "state", "requested");
}

static void a_grant_for_a_session_without_a_name_holds_in_none(void **state) {
    static const char *const grants[] = {"{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T3\",\"session\":\"\"}",
                                         "{\"group\":\"exec\",\"scope\":\"/a\",\"tier\":\"T3\",\"session\":null}"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        box_odd(&b, "permission.granted", "pack/p", grants[i]);
        refused("T0", "granted for a session that it does not name");
        look(NOW);
        box_text(&b, "state", "expired");
        box_text(&b, "reason", "no use has it: granted for a session that it does not name");
    }
}

/* The judge names the grant, whichever of the two the request belongs to. */
static void a_use_is_nearer_to_a_grant_of_the_server_than_to_a_request_of_the_tool(void **state) {
    static const char *const holders[] = {"server/srv", "tool/mcp__srv__fetch"};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        const char *group = i == 0 ? "exec" : "gpu";
        char use[64], grant[64];
        snprintf(use, sizeof(use), "{\"group\":\"%s\",\"scope\":\"/a\"}", group);
        snprintf(grant, sizeof(grant), "{\"group\":\"%s\",\"scope\":null}", group);
        box_odd(&b, "permission.granted", holders[i], grant);
        box_event(&b, "permission.requested", holders[1 - i], use);
        box_event(&b, "permission.used", holders[1], use);
        box_view(&b, LOG_NO_SEQ, 0);
        assert_true(box_row(&b, "permissions", holders[1], group, "/a", NULL));
        box_text(&b, "violation", "used, but it was granted, but for a scope that is not known");
    }
}

/* ---- no group ---- */

static void what_names_no_group_permits_nothing_and_says_so(void **state) {
    (void)state;
    box_event(&b, "permission.decided", "tool/Bash", "{\"decision\":\"allow\",\"tier\":\"T3\",\"lifetime\":\"permanent\"}");
    box_event(&b, "permission.used", "tool/Bash", "{\"tier\":\"T1\",\"count\":2}");
    box_view(&b, LOG_NO_SEQ, NOW);
    assert_true(box_row(&b, "permissions", "tool/Bash", "", "", NULL));
    box_text(&b, "state", "expired");
    box_text(&b, "reason", "no use has it: it names no group, so which permission it is cannot be told");
    box_int(&b, "unpermitted", 2);
    assert_false(row_has(&b.row, PERMISSIONS_USES));
    box_text(&b, "violation", "used, but the use names no group: which permission it uses cannot be told");
    uint64_t no = box_event(&b, "permission.decided", "tool/Bash", "{\"decision\":\"deny\"}");
    uint64_t yes = box_event(&b, "permission.decided", "tool/Bash",
                             "{\"decision\":\"allow\",\"tier\":\"T3\",\"lifetime\":\"permanent\"}");
    box_view(&b, LOG_NO_SEQ, NOW);
    assert_true(box_row(&b, "permissions", "tool/Bash", "", "", NULL));
    box_text(&b, "state", "denied");
    box_text(&b, "reason", "by event 3: what event 4 granted since does not hold");
    box_evidence(&b, 2, no, yes);
}

/* ---- erased bodies ---- */

static void erase(uint64_t seq) {
    const struct log_erase_options options = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    struct log_receipt receipt;
    assert_int_equal(log_erase(b.ledger, &options, &receipt, &b.err), 0);
}

static void an_erased_use_does_not_bring_back_what_was_granted_once(void **state) {
    (void)state;
    uint64_t once = say("granted", ",\"tier\":\"T1\",\"lifetime\":\"once\"");
    uint64_t use = say("used", ",\"tier\":\"T1\"");
    erase(use);
    refused("T0", ": expired");
    look(NOW);
    box_text(&b, "state", "expired");
    box_evidence(&b, 2, once, use);
    say("used", ",\"tier\":\"T1\"");
    look(NOW);
    box_int(&b, "unpermitted", 1);
    say("granted", ",\"tier\":\"T1\",\"lifetime\":\"once\""); /* after it */
    assert_null(told("T1"));
    say("granted", ",\"tier\":\"T1\"");
    use = say("used", ",\"tier\":\"T1\"");
    erase(use);
    assert_null(told("T1"));
}

static void an_erased_decision_permits_nothing(void **state) {
    static const struct {
        const char *step, *more;
    } rows[] = {
        {"denied", ""},
        {"revoked", ""},
        {"expired", ""},
        {"decided", ",\"decision\":\"deny\""},
        {"decided", ",\"decision\":\"allow\",\"lifetime\":\"permanent\",\"tier\":\"T3\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        box_close(&b);
        box_open(&b);
        say("granted", ",\"tier\":\"T2\"");
        erase(say(rows[i].step, rows[i].more));
        refused("T0", "denied");
        box_view(&b, LOG_NO_SEQ, NOW);
        assert_true(box_row(&b, "permissions", "pack/p", "", "", NULL));
        box_text(&b, "state", "denied");
        say("granted", ",\"tier\":\"T2\"");
        assert_null(told("T2"));
    }
    erase(say("granted", ",\"tier\":\"T3\""));
    assert_null(told("T2"));
    refused("T3", "granted only up to T2");
}

/* ---- the time of a use ---- */

static bool may_use(uint64_t now, const char *json,
                    int (*may)(struct state_view *, const struct log_draft *, struct decision *, struct err *)) {
    struct buf body = {.max = 4096};
    struct log_draft draft;
    struct decision found;
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    log_draft_init(&draft);
    draft.kind = bytes_of("permission.used");
    draft.subject = bytes_of("pack/p");
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, now);
    assert_int_equal(may(b.view, &draft, &found, &b.err), 0);
    buf_done(&body);
    return found.yes;
}

static void no_time_that_a_use_states_makes_it_legal(void **state) {
    static const struct {
        uint64_t now;
        const char *body;
        bool given, taken_now; /* the answers */
    } all[] = {
        {4999, "{\"group\":\"exec\",\"scope\":\"/a\"}", true, true},
        {4999, "{\"group\":\"exec\",\"scope\":\"/a\",\"at\":4000}", true, true},
        {4999, "{\"group\":\"exec\",\"scope\":\"/a\",\"at\":6000}", false, true},
        {5000, "{\"group\":\"exec\",\"scope\":\"/a\",\"at\":4000}", false, false},
        {5000, "{\"group\":\"exec\",\"scope\":\"/a\"}", false, false},
    };
    (void)state;
    say("granted", ",\"expires\":5000");
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        assert_int_equal(may_use(all[i].now, all[i].body, decide_may_append), all[i].given);
        assert_int_equal(may_use(all[i].now, all[i].body, decide_may_append_now), all[i].taken_now);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_grant_takes_the_tier_of_the_request_that_it_names_and_of_no_other, start, finish),
        cmocka_unit_test_setup_teardown(a_request_without_an_id_is_answered_by_what_names_none, start, finish),
        cmocka_unit_test_setup_teardown(a_request_after_a_decision_gives_its_tier_to_the_grant_that_follows, start, finish),
        cmocka_unit_test_setup_teardown(a_request_hides_no_refusal, start, finish),
        cmocka_unit_test_setup_teardown(what_is_over_is_named_before_a_request, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_to_one_call_leaves_a_grant_that_stands, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_that_says_more_or_follows_a_refusal_replaces_the_grant, start, finish),
        cmocka_unit_test_setup_teardown(an_answer_that_is_spent_was_not_used, start, finish),
        cmocka_unit_test_setup_teardown(a_use_in_the_future_is_judged_there_and_ends_nothing, start, finish),
        cmocka_unit_test_setup_teardown(a_grant_for_a_session_without_a_name_holds_in_none, start, finish),
        cmocka_unit_test_setup_teardown(a_use_is_nearer_to_a_grant_of_the_server_than_to_a_request_of_the_tool, start,
                                        finish),
        cmocka_unit_test_setup_teardown(what_names_no_group_permits_nothing_and_says_so, start, finish),
        cmocka_unit_test_setup_teardown(an_erased_use_does_not_bring_back_what_was_granted_once, start, finish),
        cmocka_unit_test_setup_teardown(an_erased_decision_permits_nothing, start, finish),
        cmocka_unit_test_setup_teardown(no_time_that_a_use_states_makes_it_legal, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
