/* Promotions: the legal steps, and that no other leads to `promoted`. */
#include "base/clock.h"
#include "projections/decide/decide.h"
#include "projections/rows/list.h"
#include "tests/projections/state_box.h"

#define D1 "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2 "sha256:2222222222222222222222222222222222222222222222222222222222222222"

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
    snprintf(kind, sizeof(kind), "promotion.%s", step);
    return box_event(&b, kind, "promotion/p", json);
}

static void expect(const char *state, int64_t violations) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "promotions", "p", NULL));
    box_text(&b, "state", state);
    box_int(&b, "violations", violations);
}

static void expect_violation(const char *state, int64_t violations, const char *words) {
    expect(state, violations);
    box_text(&b, "violation", words);
}

/* Up to the point where the gate is asked. */
static void go_to_the_gate(void) {
    say("planned",
        "{\"what\":\"model\",\"model\":\"m\",\"digest\":\"" D1 "\",\"digest_before\":\"" D2 "\",\"version\":\"2\"}");
    say("simulated", "{\"verdict\":\"pass\"}");
    say("verifying", "{\"digest\":\"" D1 "\"}");
}

static void the_legal_way_leads_to_promoted_and_each_step_is_evidence(void **state) {
    (void)state;
    uint64_t planned =
        say("planned", "{\"what\":\"model\",\"model\":\"m\",\"digest\":\"" D1 "\",\"version\":\"2\",\"at\":50}");
    expect("planned", 0);
    box_text(&b, "what", "model");
    box_text(&b, "digest", D1);
    uint64_t debating = say("debating", "{\"digest\":\"" D1 "\",\"at\":60}");
    expect("debating", 0);
    uint64_t simulated = say("simulated", "{\"verdict\":\"warn\",\"at\":70}");
    expect("simulated", 0);
    box_text(&b, "simulated", "warn");
    uint64_t verifying = say("verifying", "{\"at\":70}");
    expect("verifying", 0);
    uint64_t gated = say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    expect("verifying", 0);
    box_text(&b, "gate", "pass");
    box_int(&b, "gate_seq", (int64_t)gated);
    uint64_t promoted = say("promoted", "{\"digest\":\"" D1 "\",\"digest_before\":\"" D2 "\",\"at\":77}");
    expect("promoted", 0);
    box_text(&b, "digest_before", D2);
    box_int(&b, "since", 77);
    box_int(&b, "since_seq", (int64_t)promoted);
    box_evidence(&b, 6, planned, debating, simulated, verifying, gated, promoted);
    say("rolled_back", "{\"digest\":\"" D2 "\",\"digest_before\":\"" D1 "\",\"reason\":\"regression\"}");
    expect("idle", 0);
    box_text(&b, "reason", "regression");
    planned = say("planned", "{\"digest\":\"" D2 "\"}");
    expect("planned", 0);
    box_evidence(&b, 1, planned);
    assert_false(row_has(&b.row, box_column(&b, "gate")));
    assert_false(row_has(&b.row, box_column(&b, "reason")));
}

static void steps_forward_that_are_not_legal_lead_nowhere(void **state) {
    (void)state;
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect_violation(
        "idle", 1,
        "it is not planned, and may not be promoted: plan it first: ledger promote plan p WHAT/NAME --digest DIGEST");
    say("simulated", NULL);
    expect_violation(
        "idle", 2,
        "it is not planned, and may not be simulated: plan it first: ledger promote plan p WHAT/NAME --digest DIGEST");
    say("planned", "{\"digest\":\"" D1 "\"}");
    say("verifying", NULL);
    expect_violation("planned", 3,
                     "it is planned, and may not be verified: simulate it first: ledger promote simulate p -- COMMAND");
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect("planned", 4);
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    expect_violation(
        "planned", 5,
        "it is planned, and may not be judged by the gate: simulate it first: ledger promote simulate p -- COMMAND");
    assert_false(row_has(&b.row, box_column(&b, "gate")));
    char words[240];
    uint64_t trial = say("simulated", "{\"verdict\":\"fail\"}");
    say("verifying", NULL);
    snprintf(words, sizeof(words), "it is simulated, and may not be verified: the trial failed (event %llu)",
             (unsigned long long)trial);
    expect_violation("simulated", 6, words);
    say("rolled_back", NULL);
    expect_violation("simulated", 7, "it is simulated, and may not be rolled back: only what is promoted goes back");
    say("planned", "{\"digest\":\"" D2 "\"}");
    expect_violation("planned", 8, "it is simulated, and may not be planned: abort it first: ledger promote abort p");
    box_text(&b, "digest", D2);
}

static void the_gate_must_let_this_digest_pass(void **state) {
    (void)state;
    go_to_the_gate();
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect_violation("verifying", 1, "it is being verified, and may not be promoted: the gate has not answered");
    say("gated", "{\"decision\":\"hold\",\"digest\":\"" D1 "\"}");
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect_violation("verifying", 2, "it is being verified, and may not be promoted: the gate has answered hold");
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D2 "\"}");
    expect_violation("verifying", 3,
                     "it is being verified, and may not be judged by the gate: it names sha256:222222222222, the candidate "
                     "is sha256:111111111111");
    box_text(&b, "gate", "hold");
    say("gated", "{\"decision\":\"pass\"}");
    expect_violation("verifying", 4,
                     "it is being verified, and may not be judged by the gate: it does not name the candidate's digest");
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    say("promoted", NULL);
    expect_violation("verifying", 5,
                     "it is being verified, and may not be promoted: it does not name the candidate's digest");
    say("promoted", "{\"digest\":\"" D2 "\"}");
    expect("verifying", 6);
    say("verifying", NULL); /* again: the answer was to the previous verification */
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect_violation("verifying", 7, "it is being verified, and may not be promoted: the gate has not answered");
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    say("gated", "{\"decision\":\"refuse\"}"); /* what counts against it is accepted as it is */
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect_violation("verifying", 8, "it is being verified, and may not be promoted: the gate has answered refuse");
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect("promoted", 8);
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect_violation("promoted", 9, "it is promoted, and may not be promoted again: nothing is left to do");
    say("planned", "{\"digest\":\"" D2 "\"}");
    expect("promoted", 10);
    box_text(&b, "digest", D1);
}

static void aborting_always_takes_effect(void **state) {
    (void)state;
    say("aborted", "{\"reason\":\"withdrawn\"}");
    expect_violation("aborted", 1, "it is not planned, and may not be aborted: there is nothing to abort");
    go_to_the_gate();
    say("aborted", "{\"digest\":\"" D2 "\",\"reason\":\"failed\"}");
    expect("aborted", 1);
    box_text(&b, "reason", "failed");
    say("aborted", NULL);
    expect("aborted", 2);
    go_to_the_gate();
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    say("promoted", "{\"digest\":\"" D1 "\"}");
    expect("promoted", 2);
    say("aborted", NULL);
    expect("aborted", 3);
}

static void a_tripcode_stops_what_is_under_way_as_long_as_it_holds(void **state) {
    (void)state;
    say("tripped", "{\"code\":\"red\",\"expires\":5000,\"at\":100}");
    expect("idle", 0);
    say("planned", "{\"digest\":\"" D1 "\",\"at\":4999}");
    expect_violation("idle", 1, "it is not planned, and may not be planned: tripcode 'red' holds");
    say("planned", "{\"digest\":\"" D1 "\",\"at\":5000}");
    expect("planned", 1);
    say("tripped", "{\"code\":\"black\"}"); /* without an end */
    expect("aborted", 1);
    box_text(&b, "reason", "tripped");
    box_text(&b, "tripped", "black");
    say("planned", "{\"digest\":\"" D1 "\"}");
    expect("aborted", 2);
}

static void a_trip_after_the_promotion_is_noted_and_leaves_it(void **state) {
    (void)state;
    go_to_the_gate();
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}");
    say("promoted", "{\"digest\":\"" D1 "\"}");
    say("tripped", "{\"code\":\"red\"}");
    expect("promoted", 0);
    box_text(&b, "tripped", "red");
    say("rolled_back", "{\"digest_before\":\"" D2 "\"}");
    expect_violation("idle", 1,
                     "it is promoted, and may not be rolled back: it undoes another digest than what was promoted");
}

/* ---- what is missing, over random histories ---- */

static uint64_t x;
static size_t way; /* legal steps that were tried */

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

static void say_something(void) {
    static const struct {
        const char *step, *json;
    } steps[] = {{"planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}"},
                 {"planned", "{\"what\":\"model\"}"},
                 {"simulated", "{\"verdict\":\"pass\"}"},
                 {"simulated", "{\"verdict\":\"fail\"}"},
                 {"verifying", "{\"digest\":\"" D1 "\"}"},
                 {"verifying", NULL},
                 {"gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\"}"},
                 {"gated", "{\"decision\":\"pass\",\"digest\":\"" D2 "\"}"},
                 {"gated", "{\"decision\":\"hold\"}"},
                 {"promoted", "{\"digest\":\"" D1 "\"}"},
                 {"aborted", NULL},
                 {"tripped", "{\"code\":\"red\",\"expires\":\"2020-01-01T00:00:00Z\"}"},
                 {"debating", NULL}};
    static const size_t legal[] = {0, 2, 4, 6};
    uint64_t what = below(sizeof(steps) / sizeof(steps[0]) + 3);
    if (below(2) == 0) { /* often on the path that leads to the end */
        what = legal[way++ % (sizeof(legal) / sizeof(legal[0]))];
    }
    if (what < sizeof(steps) / sizeof(steps[0])) {
        say(steps[what].step, steps[what].json);
        return;
    }
    bool pass = below(3) > 0;
    box_event(&b, "eval.started", "eval/e", NULL);
    box_event(&b, "eval.scored", "eval/e",
              pass ? "{\"task\":\"t\",\"metric\":\"acc\",\"value\":1,\"threshold\":1,\"higher_is_better\":true}"
                   : "{\"task\":\"t\",\"metric\":\"acc\",\"value\":0,\"threshold\":1,\"higher_is_better\":true}");
    box_event(&b, "eval.finished", "eval/e", "{\"suite\":\"s\",\"digest\":\"" D1 "\",\"verdict\":\"pass\"}");
}

/* Nothing is missing exactly when the gate of `append --checked` opens; each finding is part of its refusal. */
static void expect_missing_is_what_bars(size_t ret_answers[2]) {
    static const char *const under_way[] = {"planned", "debating", "simulated", "verifying"};
    struct decision d;
    struct list list;
    struct bytes item, reason;
    size_t n = 0;
    bool is_under_way = false;
    box_view(&b, LOG_NO_SEQ, 0);
    assert_int_equal(decide_may_promote(b.view, bytes_of("p"), &d, &b.err), 0);
    if (!box_row(&b, "promotions", "p", NULL)) {
        assert_false(d.yes);
        return;
    }
    for (size_t i = 0; i < sizeof(under_way) / sizeof(under_way[0]); i++) {
        is_under_way = is_under_way || row_is(&b.row, box_column(&b, "state"), under_way[i]);
    }
    const struct cell *cell = &b.row.cells[box_column(&b, "missing")];
    list_open(&list, cell->type == CELL_LIST ? cell->text : (struct bytes){0});
    for (; list_next(&list, &item); n++) {
        assert_true(list_text(item, "reason", &reason));
        assert_true(strlen(d.reason) == sizeof(d.reason) - 1 ||
                    memmem(d.reason, strlen(d.reason), reason.p, reason.n) != NULL);
    }
    assert_true(is_under_way ? (n == 0) == d.yes : n == 0 && !d.yes);
    ret_answers[d.yes] += is_under_way;
}

static void what_is_missing_is_what_bars_it(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    size_t answers[2] = {0};
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 29, 31, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        x = seeds[i];
        way = 0;
        for (size_t k = 0; k < 120; k++) {
            say_something();
            expect_missing_is_what_bars(answers);
        }
        box_close(&b);
        box_open(&b);
    }
    assert_true(one != NULL || (answers[0] > 0 && answers[1] > 0));
}

static void a_trial_that_contradicts_itself_has_failed(void **state) {
    static const char *const cases[][2] = {
        {"{\"verdict\":\"pass\",\"runs\":10,\"failed\":10}", ": its verdict is 'pass', and 10 of 10 failed"},
        {"{\"verdict\":\"pass\",\"failed\":1}", ": its verdict is 'pass', and 1 failed"},
        {"{\"runs\":2,\"failed\":3}", ": 3 of 2 failed"},
        {"{\"verdict\":\"pass\",\"runs\":0}", ": its verdict is 'pass', and 0 of 0 failed"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char words[256];
        say("aborted", NULL);
        say("planned", "{\"what\":\"model\",\"digest\":\"" D1 "\"}");
        uint64_t trial = say("simulated", cases[i][0]);
        say("verifying", NULL);
        snprintf(words, sizeof(words), "it is simulated, and may not be verified: the trial failed (event %llu)%s",
                 (unsigned long long)trial, cases[i][1]);
        expect_violation("simulated", (int64_t)i + 2, words);
    }
    say("simulated", "{\"verdict\":\"warn\",\"runs\":10,\"failed\":3}");
    say("verifying", NULL);
    expect("verifying", (int64_t)(sizeof(cases) / sizeof(cases[0])) + 1);
}

static void evidence_has_to_be_there_before_it(void **state) {
    (void)state;
    go_to_the_gate();
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\",\"evidence\":[1,999]}");
    expect_violation("verifying", 1,
                     "it is being verified, and may not be judged by the gate: its evidence names event 999, and there is "
                     "no such event before it");
    assert_false(row_has(&b.row, box_column(&b, "gate")));
    say("gated", "{\"decision\":\"hold\",\"evidence\":[\"one\"]}");
    expect_violation(
        "verifying", 2,
        "it is being verified, and may not be judged by the gate: its evidence holds what is not the number of an event");
    box_text(&b, "gate", "hold"); /* a no is accepted from anybody */
    say("gated", "{\"decision\":\"pass\",\"digest\":\"" D1 "\",\"evidence\":[1,2]}");
    expect("verifying", 2);
    say("promoted", "{\"digest\":\"" D1 "\",\"evidence\":[999]}");
    expect("verifying", 3);
    say("aborted", "{\"evidence\":[999]}");
    expect_violation(
        "aborted", 4,
        "it is being verified, and may not be aborted: its evidence names event 999, and there is no such event before it");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_missing_is_what_bars_it, start, finish),
        cmocka_unit_test_setup_teardown(the_legal_way_leads_to_promoted_and_each_step_is_evidence, start, finish),
        cmocka_unit_test_setup_teardown(steps_forward_that_are_not_legal_lead_nowhere, start, finish),
        cmocka_unit_test_setup_teardown(the_gate_must_let_this_digest_pass, start, finish),
        cmocka_unit_test_setup_teardown(a_trial_that_contradicts_itself_has_failed, start, finish),
        cmocka_unit_test_setup_teardown(evidence_has_to_be_there_before_it, start, finish),
        cmocka_unit_test_setup_teardown(aborting_always_takes_effect, start, finish),
        cmocka_unit_test_setup_teardown(a_tripcode_stops_what_is_under_way_as_long_as_it_holds, start, finish),
        cmocka_unit_test_setup_teardown(a_trip_after_the_promotion_is_noted_and_leaves_it, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
