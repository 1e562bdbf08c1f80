/* Each gate opens and closes as its rule says, both ways, and closes on what nobody knows; the same events give the same answers.
 * Snapshots and tripcodes, which are signed and measured, are in tests/cli/promotions_ask_gates.sh. */
#include "base/file.h"
#include "evals/gate/gates.h"
#include "evals/gate/help.h"
#include "tests/projections/state_box.h"

#define D1   "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2   "sha256:2222222222222222222222222222222222222222222222222222222222222222"
#define MANY 80

static struct box b;
static struct gate_answers answers;

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

/* ---- what is recorded ---- */

static void plan(const char *before) {
    char json[512];
    snprintf(json, sizeof(json), "{\"what\":\"model\",\"model\":\"m\",\"digest\":\"" D1 "\"%s%s%s}",
             before != NULL ? ",\"digest_before\":\"" : "", before != NULL ? before : "", before != NULL ? "\"" : "");
    box_event(&b, "promotion.planned", "promotion/p", json);
    box_event(&b, "promotion.simulated", "promotion/p", "{\"verdict\":\"pass\"}");
}

/* What a run of suite s says of each case; lost: cases that fail, from the first on. */
struct said {
    const char *id, *digest;
    int n, lost, errors, violations, changed;
    double latency;
};

static void evaluate(const struct said *s) {
    char subject[64], json[1024];
    snprintf(subject, sizeof(subject), "eval/%s", s->id);
    snprintf(json, sizeof(json), "{\"suite\":\"s\",\"digest\":\"%s\"}", s->digest);
    box_event(&b, "eval.started", subject, json);
    for (int i = 0; i < s->n; i++) {
        bool failed = i < s->lost || i >= s->n - s->errors;
        snprintf(json, sizeof(json),
                 "{\"suite\":\"s\",\"task\":\"s\",\"sample\":\"c%d\",\"doc_digest\":\"" D2 "\",\"latency_ms\":%f,"
                 "\"violations\":%d,\"probe\":%s,\"output_digest\":\"%s\"%s}",
                 i, s->latency, i == 0 ? s->violations : 0, i < 3 ? "true" : "false", i < s->changed ? D1 : D2,
                 !failed       ? ""
                 : i < s->lost ? ",\"failure\":\"assertion\""
                               : ",\"failure\":\"error\"");
        box_event(&b, failed ? "eval.sample_failed" : "eval.sampled", subject, json);
    }
    b.bare = true; /* they are on record */
    box_event(&b, "eval.scored", subject,
              "{\"task\":\"s\",\"metric\":\"acc\",\"value\":1,\"threshold\":0.5,\"higher_is_better\":true}");
    snprintf(json, sizeof(json), "{\"suite\":\"s\",\"digest\":\"%s\",\"verdict\":\"pass\"}", s->digest);
    box_event(&b, "eval.finished", subject, json);
}

/* ---- asking ---- */

static void no_fault(void *ctx, unsigned line, unsigned column, const char *what) {
    (void)ctx;
    fail_msg("%u:%u: %s", line, column, what);
}

static void ask_at(const char *gates, uint64_t verifying, uint64_t now) {
    struct gate_policy policy;
    char text[1024];
    snprintf(text, sizeof(text), "{schema: ledger-gates/v0, name: t, gates: {%s}}", gates);
    assert_int_equal(gate_policy_read(bytes_of(text), no_fault, NULL, &policy, &b.err), 0);
    const struct gate_question question = {
        .ledger = b.ledger, .policy = &policy, .promotion = bytes_of("p"), .verifying = verifying};
    box_view(&b, verifying + 1, now);
    if (gates_ask(b.view, &question, &answers, &b.err) != 0) {
        fail_msg("%s", b.err.msg);
    }
}

static uint64_t ask_after(const char *gates, const char *json) {
    uint64_t verifying = box_event(&b, "promotion.verifying", "promotion/p", json);
    ask_at(gates, verifying, 0);
    return verifying;
}

static const struct gate_answer *find(const char *name) {
    for (size_t i = 0; i < answers.n; i++) {
        if (strcmp(answers.one[i].name, name) == 0) return &answers.one[i];
    }
    fail_msg("gate '%s' was not asked", name);
    return NULL;
}

static void is_open(const char *name) {
    const struct gate_answer *a = find(name);
    if (!a->open) fail_msg("%s is closed: %s", name, a->why);
    assert_string_equal(a->why, "");
}

static void is_closed(const char *name, const char *words) {
    const struct gate_answer *a = find(name);
    if (a->open || strstr(a->why, words) == NULL)
        fail_msg("%s is %s: '%s', not '%s'", name, a->open ? "open" : "closed", a->why, words);
}

static void is_helped_by(const char *name, const char *command) {
    const struct gate_answer *a = find(name);
    struct buf help = {.max = 4096};
    assert_true(box_row(&b, "promotions", "p", NULL));
    gate_help(bytes_of(name), bytes_of(a->value), bytes_of(a->why), &b.row, &help);
    buf_put_u8(&help, 0);
    assert_string_equal((const char *)help.p, command);
    buf_done(&help);
}

#define PAIRED "pass_rate: {margin: 0.05}, latency: {}, violations: {}, probes: {at_least: 3}"

static const struct said live = {"old", D2, MANY, 0, 0, 1, 0, 20};
static const struct said good = {"new", D1, MANY, 0, 0, 1, 0, 10};

static void the_evaluations_of_the_candidate_have_to_count(void **state) {
    (void)state;
    plan(NULL);
    ask_after("", NULL);
    assert_int_equal(answers.n, 1); /* it is always asked */
    is_closed("evaluation", "nothing was evaluated");
    assert_false(gates_all_open(&answers));
    evaluate(&good);
    ask_after("", NULL);
    is_open("evaluation");
    assert_true(gates_all_open(&answers));
    assert_true(find("evaluation")->n_evidence > 0);
}

static void a_trial_has_to_have_a_report(void **state) {
    (void)state;
    plan(NULL);
    ask_after("diff: {}", NULL);
    is_closed("diff", "names no report");
    box_event(&b, "promotion.simulated", "promotion/p", "{\"verdict\":\"pass\",\"report\":\"" D2 "\"}");
    ask_after("diff: {}", NULL);
    is_open("diff");
}

static void an_equal_and_faster_candidate_opens_what_compares(void **state) {
    (void)state;
    plan(D2);
    evaluate(&live);
    evaluate(&good);
    ask_after(PAIRED, NULL);
    is_open("pass_rate");
    is_open("latency");
    is_open("violations");
    is_open("probes");
    assert_true(gates_all_open(&answers));
    assert_int_equal(find("pass_rate")->n_evidence, 2);
}

static void each_comparison_closes_by_its_own_rule(void **state) {
    static const struct {
        struct said candidate;
        const char *gate, *words;
    } cases[] = {
        {{"new", D1, MANY, 1, 0, 1, 0, 10}, "pass_rate", "worse by more than the margin"},
        {{"new", D1, MANY, 0, 0, 1, 0, 20}, "latency", "the median is not lower"},
        {{"new", D1, MANY, 0, 0, 1, 0, 30}, "latency", "the median is not lower"},
        {{"new", D1, MANY, 0, 0, 2, 0, 10}, "violations", "new violations"},
        {{"new", D1, MANY, 0, 0, 1, 1, 10}, "probes", "answer otherwise"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        plan(D2);
        evaluate(&live);
        evaluate(&cases[i].candidate);
        ask_after(PAIRED, NULL);
        is_closed(cases[i].gate, cases[i].words);
        for (size_t k = 0; k < answers.n; k++) { /* and no other */
            assert_int_equal(answers.one[k].open, strcmp(answers.one[k].name, cases[i].gate) != 0);
        }
        box_close(&b);
        box_open(&b);
    }
}

static void a_much_better_candidate_may_be_slower(void **state) {
    static const struct said poor = {"old", D2, MANY, 30, 0, 1, 0, 20}, slow = {"new", D1, MANY, 0, 0, 1, 0, 99};
    (void)state;
    plan(D2);
    evaluate(&poor);
    evaluate(&slow);
    ask_after(PAIRED, NULL);
    is_open("latency");
    is_open("pass_rate");
}

static void few_samples_do_not_tell(void **state) {
    static const struct said old = {"old", D2, 20, 0, 0, 0, 0, 20}, new = {"new", D1, 20, 0, 0, 0, 0, 10};
    (void)state;
    plan(D2);
    evaluate(&old);
    evaluate(&new);
    ask_after(PAIRED, NULL);
    is_closed("pass_rate", "too few cases show that it is not worse");
    is_closed("pass_rate", "where both pass all, it takes 73 cases");
}

static void what_is_not_known_closes(void **state) {
    static const struct said part = {"new", D1, MANY - 1, 0, 0, 0, 0, 10}, none = {"new", D1, 0, 0, 0, 0, 0, 10};
    (void)state;
    plan(D2);
    evaluate(&good);
    ask_after(PAIRED, NULL);
    is_closed("pass_rate", "no evaluation of what is live");
    is_closed("latency", "no evaluation of what is live");
    is_closed("violations", "no evaluation of what is live");
    is_closed("probes", "no evaluation of what is live");
    evaluate(&live);
    evaluate(&part); /* a case was not run */
    ask_after(PAIRED, NULL);
    is_closed("pass_rate", "1 of the cases of what is live");
    evaluate(&none);
    ask_after(PAIRED, NULL);
    is_closed("pass_rate", "not the candidate"); /* what has no samples on record does not count */
}

static void the_first_version_is_compared_with_nothing(void **state) {
    (void)state;
    plan(NULL);
    evaluate(&good);
    ask_after(PAIRED, NULL);
    is_open("pass_rate");
    is_open("probes");
    assert_string_equal(find("pass_rate")->value, "nothing was live before");
}

static void a_policy_has_to_match(void **state) {
    (void)state;
    plan(NULL);
    ask_after("policy: {name: guards, digest: '" D1 "'}", NULL);
    is_closed("policy", "not declared");
    box_event(&b, "policy.declared", "policy/guards", "{\"policy\":\"guards\",\"digest\":\"" D2 "\"}");
    ask_after("policy: {name: guards, digest: '" D1 "'}", NULL);
    is_closed("policy", "not declared with that digest");
    box_event(&b, "policy.declared", "policy/guards", "{\"policy\":\"guards\",\"digest\":\"" D1 "\"}");
    ask_after("policy: {name: guards, digest: '" D1 "'}", NULL);
    is_open("policy");
}

static void room_is_judged_from_the_event(void **state) {
    (void)state;
    plan(NULL);
    ask_after("disk: {free_bytes: 1000}", NULL);
    is_closed("disk", "nobody measured");
    ask_after("disk: {free_bytes: 1000}", "{\"free_bytes\":999}");
    is_closed("disk", "too little room");
    ask_after("disk: {free_bytes: 1000}", "{\"free_bytes\":1000}");
    is_open("disk");
}

/* What a doctor sees on a box that is well. */
static void observe_all_well(void) {
    static const char *const checks[] = {"ledger-chain",   "ledger-trust", "ledger-keys", "ledger-index",
                                         "ledger-readers", "disk-space",   "time-sync"};
    char subject[64], body[128];
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        snprintf(subject, sizeof(subject), "check/%s", checks[i]);
        snprintf(body, sizeof(body), "{\"check\":\"%s\",\"target\":\"/\",\"status\":\"ok\"}", checks[i]);
        box_event(&b, "doctor.observed", subject, body);
    }
}

static void health_has_to_have_lasted(void **state) {
    (void)state;
    plan(NULL);
    ask_after("health: {seconds: 0}", NULL);
    is_closed("health", "not healthy");
    is_helped_by("health", "ledger doctor");
    box_event(&b, "runtime.observed", "runtime/ollama", "{\"runtime\":\"ollama\",\"endpoint\":\"http://127.0.0.1:11434\"}");
    box_event(&b, "hardware.profiled", "host/local", "{\"memory_bytes\":34359738368}");
    observe_all_well();
    uint64_t verifying = ask_after("health: {seconds: 0}", NULL);
    is_open("health");
    uint64_t now = state_now(b.view);
    ask_at("health: {seconds: 600}", verifying, now);
    is_closed("health", "healthy for 0 s only; long enough is in 600 s");
    is_helped_by("health", "ledger promote verify p");
    ask_at("health: {seconds: 600}", verifying, now + UINT64_C(601000000000));
    is_open("health");
    box_event(&b, "runtime.unreachable", "runtime/ollama",
              "{\"runtime\":\"ollama\",\"endpoint\":\"http://127.0.0.1:11434\",\"error\":\"refused\"}");
    ask_after("health: {seconds: 0}", NULL);
    is_closed("health", "not healthy");
    is_helped_by("health", "ledger doctor");
}

static void the_same_question_has_the_same_answers_later(void **state) {
    struct buf then = {.max = 1 << 16}, now = {.max = 1 << 16};
    static const struct said worse = {"newer", D1, MANY, 40, 0, 9, 3, 99};
    (void)state;
    plan(D2);
    evaluate(&live);
    evaluate(&good);
    uint64_t verifying = ask_after(PAIRED ", disk: {free_bytes: 1}", "{\"free_bytes\":5}");
    gates_put_reasons(&answers, &then);
    evaluate(&worse);
    ask_after(PAIRED, NULL);
    assert_false(gates_all_open(&answers));
    ask_at(PAIRED ", disk: {free_bytes: 1}", verifying, 0);
    gates_put_reasons(&answers, &now);
    assert_true(bytes_eq(bytes_of_buf(&then), bytes_of_buf(&now)));
    buf_done(&then);
    buf_done(&now);
}

/* ---- the file ---- */

static void keep_fault(void *ctx, unsigned line, unsigned column, const char *what) {
    char *kept = ctx;
    if (kept[0] == '\0') snprintf(kept, 256, "%u:%u: %s", line, column, what);
}

static void a_file_of_gates_is_refused_with_the_place(void **state) {
    static const char *const cases[][2] = {
        {"schema: ledger-gates/v0\nname: x\ngates:\n  speed: {}\n",
         "4:3: unknown gate 'speed'; known gates: evaluation, debate, diff"},
        {"schema: ledger-gates/v0\nname: x\ngates:\n  pass_rate: {margin: 2}\n",
         "4:23: 'margin' must be a number from 0 to 1"},
        {"schema: ledger-gates/v0\nname: x\ngates:\n  pass_rate: {limit: 2}\n",
         "4:15: gate 'pass_rate' has no key 'limit'"},
        {"schema: ledger-gates/v0\nname: x\ngates:\n  disk: {}\n", "4:9: gate 'disk' needs the key 'free_bytes'"},
        {"schema: ledger-gates/v0\nname: x\ngates:\n  disk: yes\n", "4:9: gate 'disk' must be a map"},
        {"schema: ledger-gates/v0\nname: x\ngates:\n  snapshot: {from_tier: 2}\n", "'from_tier' must be T0, T1, T2 or T3"},
        {"schema: other\nname: x\ngates: {}\n", "1:9: 'schema' must be ledger-gates/v0"},
        {"schema: ledger-gates/v0\ngates: {}\n", "'name' is missing"},
        {"schema: ledger-gates/v0\nname: x\ngates: {}\nmore: 1\n", "4:1: unknown key 'more'"},
        {"[]", "a file of gates is a map"},
        {"a: [", "1:"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct gate_policy policy;
        char kept[256] = "";
        assert_int_equal(gate_policy_read(bytes_of(cases[i][0]), keep_fault, kept, &policy, &b.err), ERR_INVALID);
        if (strstr(kept, cases[i][1]) == NULL) fail_msg("'%s' is not '%s'", kept, cases[i][1]);
    }
}

static void the_included_gates_are_the_file_that_ships(void **state) {
    struct buf text = {.max = 1 << 16};
    struct gate_policy policy;
    (void)state;
    assert_int_equal(file_read("share/policy/gates.yaml", &text, &b.err), 0);
    assert_true(bytes_eq(bytes_of_buf(&text), bytes_of(gate_policy_default)));
    assert_int_equal(gate_policy_read(bytes_of_buf(&text), no_fault, NULL, &policy, &b.err), 0);
    assert_true(policy.asked[GATE_PASS_RATE] && policy.asked[GATE_TRIPCODE] && !policy.asked[GATE_DISK]);
    buf_done(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)
        TEST(the_evaluations_of_the_candidate_have_to_count),
        TEST(a_trial_has_to_have_a_report),
        TEST(an_equal_and_faster_candidate_opens_what_compares),
        TEST(each_comparison_closes_by_its_own_rule),
        TEST(a_much_better_candidate_may_be_slower),
        TEST(few_samples_do_not_tell),
        TEST(what_is_not_known_closes),
        TEST(the_first_version_is_compared_with_nothing),
        TEST(a_policy_has_to_match),
        TEST(room_is_judged_from_the_event),
        TEST(health_has_to_have_lasted),
        TEST(the_same_question_has_the_same_answers_later),
        TEST(a_file_of_gates_is_refused_with_the_place),
        TEST(the_included_gates_are_the_file_that_ships),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
