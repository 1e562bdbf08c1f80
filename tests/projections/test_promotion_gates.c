/* Gates that refused a candidate stay with it: over random histories of promotions of one thing and of another, by different gates, what the
 * rows say of gates and their answers is what a plain account gives. */
#include "base/clock.h"
#include "projections/ready/promotions.h"
#include "tests/projections/state_box.h"

#define STEPS 150

#define D(c) "sha256:" c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c c
static const char *const candidates[] = {D("11"), D("22")};
static const char *const gates[] = {NULL, D("aa"), D("bb"), D("cc")}; /* NULL: the event names none */

/* Two promotions of the same, one of another thing. */
static const struct { const char *id, *name; } promotions[] = {{"p", "w"}, {"q", "w"}, {"r", "x"}};

static struct box b;
static uint64_t x;

static uint64_t below(uint64_t n) {
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

/* ---- the plain account ---- */

static struct account {
    bool under_way, verifying;
    size_t candidate, asked; /* indexes */
    bool shed;               /* other gates refused the candidate, and it does not say so */
    const char *answer;      /* NULL: none */
} account[3];
static struct {
    size_t by; /* 0: none answered */
    bool refused;
} last[2][2]; /* of each thing, of each candidate */

static const char *const answers[] = {"pass", "refuse", "hold"};

static void say(size_t p, const char *step, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void say(size_t p, const char *step, const char *fmt, ...) {
    char kind[64], subject[64], json[800];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(json, sizeof(json), fmt, ap);
    va_end(ap);
    snprintf(kind, sizeof(kind), "promotion.%s", step);
    snprintf(subject, sizeof(subject), "promotion/%s", promotions[p].id);
    box_event(&b, kind, subject, json);
}

static void put_gates(char *ret, size_t size, const char *field, size_t by) {
    snprintf(ret, by > 0 ? size : 1, ",\"%s\":\"%s\"", field, by > 0 ? gates[by] : "");
}

static void verify(size_t p) {
    struct account *a = &account[p];
    size_t by = below(4), before = below(4);
    char policy[128], named[128];
    put_gates(policy, sizeof(policy), "policy_digest", by);
    put_gates(named, sizeof(named), "policy_before", before);
    say(p, "verifying", "{\"digest\":\"%s\"%s%s}", candidates[a->candidate], policy, named);
    size_t was = last[p / 2][a->candidate].by;
    a->verifying = true;
    a->asked = by;
    a->answer = NULL;
    a->shed = was > 0 && last[p / 2][a->candidate].refused && was != by && was != before;
}

static void answer(size_t p) {
    struct account *a = &account[p];
    size_t by = below(3) > 0 ? a->asked : below(4), what = below(3);
    char policy[128];
    b.told = below(4) == 0;
    put_gates(policy, sizeof(policy), "policy_digest", by);
    say(p, "gated", "{\"decision\":\"%s\",\"digest\":\"%s\"%s}", answers[what], candidates[a->candidate], policy);
    bool counts = a->verifying && (what > 0 || (!b.told && !a->shed && by == a->asked));
    b.told = false;
    if (!counts) return;
    a->answer = answers[what];
    if (by > 0) {
        last[p / 2][a->candidate].by = by;
        last[p / 2][a->candidate].refused = what > 0;
    }
}

static void plan(size_t p) {
    struct account *a = &account[p];
    if (a->under_way) say(p, "aborted", "{}");
    *a = (struct account){.under_way = true, .candidate = below(2)};
    say(p, "planned", "{\"what\":\"image\",\"name\":\"%s\",\"digest\":\"%s\"}", promotions[p].name,
        candidates[a->candidate]);
    say(p, "simulated", "{\"verdict\":\"pass\"}");
}

static void expect(size_t seen[2]) {
    box_view(&b, LOG_NO_SEQ, 0);
    for (size_t p = 0; p < 3; p++) {
        const struct account *a = &account[p];
        if (!a->under_way) continue;
        assert_true(box_row(&b, "promotions", promotions[p].id, NULL));
        box_text(&b, "state", a->verifying ? "verifying" : "simulated");
        box_text(&b, "gate", a->answer != NULL ? a->answer : "");
        box_text(&b, "policy_digest", a->verifying && a->asked > 0 ? gates[a->asked] : "");
        assert_int_equal(row_has(&b.row, box_column(&b, "shed_seq")), a->shed);
        seen[0] += a->shed;
        seen[1] += a->answer == answers[0];
    }
    for (size_t i = 0; i < 4; i++) {
        bool there = box_row(&b, "gated_candidates", i < 2 ? "image/w" : "image/x", candidates[i % 2], NULL);
        assert_int_equal(there, last[i / 2][i % 2].by > 0);
        if (!there) continue;
        box_text(&b, "policy_digest", gates[last[i / 2][i % 2].by]);
        assert_int_equal(!row_is(&b.row, box_column(&b, "answer"), "pass"), last[i / 2][i % 2].refused);
    }
}

static void gates_that_refused_are_replaced_only_by_a_verification_that_says_so(void **state) {
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 3, 17, random};
    size_t seen[2] = {0};
    (void)state;
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        x = seeds[i];
        box_open(&b);
        memset(account, 0, sizeof(account));
        memset(last, 0, sizeof(last));
        for (size_t k = 0; k < STEPS; k++) {
            size_t p = below(3), what = below(8);
            if (!account[p].under_way || what == 0) {
                plan(p);
            } else if (what < 4) {
                verify(p);
            } else {
                answer(p);
            }
            expect(seen);
        }
        box_close(&b);
    }
    assert_true(one != NULL || (seen[0] > 0 && seen[1] > 0));
}

static void go_to_the_gate(const char *gates_by) {
    char json[300];
    box_open(&b);
    say(0, "planned", "{\"what\":\"image\",\"name\":\"w\",\"digest\":\"%s\"}", candidates[0]);
    say(0, "simulated", "{\"verdict\":\"pass\"}");
    snprintf(json, sizeof(json), "{\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates_by);
    box_event(&b, "promotion.verifying", "promotion/p", json);
}

static void expect_not_taken(const char *words) {
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "promotions", "p", NULL));
    assert_false(row_has(&b.row, box_column(&b, "gate")));
    box_text(&b, "violation", words);
}

static void a_pass_that_nobody_measured_or_that_others_gave_is_not_taken(void **state) {
    (void)state;
    go_to_the_gate(gates[1]);
    b.told = true;
    say(0, "gated", "{\"decision\":\"pass\",\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates[1]);
    expect_not_taken("it is being verified, and may not be judged by the gate: nobody measured it: the gates are asked by "
                     "ledger promote verify p");
    b.told = false;
    say(0, "gated", "{\"decision\":\"pass\",\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates[2]);
    expect_not_taken(
        "it is being verified, and may not be judged by the gate: it answers for other gates than the verification asks");
    say(0, "gated", "{\"decision\":\"pass\",\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates[1]);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "promotions", "p", NULL));
    box_text(&b, "gate", "pass");
    box_close(&b);
}

static void evaluations_are_named_for_one_verification_and_suites_until_others_are(void **state) {
    (void)state;
    go_to_the_gate(gates[1]);
    say(0, "verifying", "{\"digest\":\"%s\",\"suites\":[\"s\"],\"evals\":[\"e\"]}", candidates[0]);
    say(0, "verifying", "{\"digest\":\"%s\"}", candidates[0]);
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "promotions", "p", NULL));
    assert_false(row_has(&b.row, box_column(&b, "evals")));
    assert_true(row_has(&b.row, box_column(&b, "suites")));
    box_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gates_that_refused_are_replaced_only_by_a_verification_that_says_so),
        cmocka_unit_test(a_pass_that_nobody_measured_or_that_others_gave_is_not_taken),
        cmocka_unit_test(evaluations_are_named_for_one_verification_and_suites_until_others_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
