/* Gates that did not pass a candidate stay with it: over random histories of promotions of one thing and of another, by different gates,
 * some of whose steps are corrected later, what the rows say of gates and their answers, and what bars a promotion, is what a plain account
 * of the steps that hold gives. */
#include "base/clock.h"
#include "projections/ready/promotions.h"
#include "tests/projections/state_box.h"

#define STEPS 60

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

enum answer { ASKED, PASS, REFUSE, HOLD };
static const char *const answers[] = {NULL, "pass", "refuse", "hold"};

static struct account {
    bool under_way, verifying;
    size_t candidate, asked, before; /* indexes */
    bool shed;                       /* other gates hold the candidate, and it does not say so */
    enum answer answer;              /* ASKED: none */
    uint64_t answered;               /* the event */
} account[3];
static struct {
    size_t by; /* 0: none were asked */
    enum answer answer;
    uint64_t seq;
} last[2]; /* of each candidate, whatever it is for */

static struct step {
    enum { PLAN, VERIFY, ANSWER } what;
    size_t p, candidate, by, before;
    enum answer answer;
    bool told, corrected;
    uint64_t seq;
} steps[STEPS];
static size_t n_steps;

static bool holds(size_t candidate, const struct account *a, size_t by) {
    size_t is = last[candidate].by;
    return is > 0 && last[candidate].answer != PASS && is != by && !(by == a->asked && is == a->before);
}

static void set_last(const struct step *s, size_t candidate, enum answer answer) {
    last[candidate].by = s->by;
    last[candidate].answer = answer;
    last[candidate].seq = s->seq;
}

static void account_verify(struct account *a, const struct step *s) {
    a->verifying = true;
    a->asked = s->by;
    a->before = s->before;
    a->answer = ASKED;
    a->shed = holds(a->candidate, a, s->by);
    if (!a->shed && !s->told && s->by > 0) set_last(s, a->candidate, ASKED);
}

static void account_answer(struct account *a, const struct step *s) {
    bool pass = s->answer == PASS;
    if (a->verifying && pass) a->shed = holds(a->candidate, a, a->asked);
    bool counts = a->verifying && (!pass || (!s->told && !a->shed && s->by == a->asked));
    if (counts) {
        a->answer = s->answer;
        a->answered = s->seq;
    }
    bool kept = !s->told && s->by > 0 && (counts || !pass);
    if (kept && (!holds(a->candidate, a, s->by) || last[a->candidate].answer == ASKED)) {
        set_last(s, a->candidate, s->answer);
    }
}

static void count(void) {
    memset(account, 0, sizeof(account));
    memset(last, 0, sizeof(last));
    for (size_t i = 0; i < n_steps; i++) {
        const struct step *s = &steps[i];
        struct account *a = &account[s->p];
        if (s->corrected) continue;
        if (s->what == PLAN) {
            *a = (struct account){.under_way = true, .candidate = s->candidate};
        } else if (s->what == VERIFY) {
            account_verify(a, s);
        } else {
            account_answer(a, s);
        }
    }
}

static uint64_t say(size_t p, const char *step, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static uint64_t say(size_t p, const char *step, const char *fmt, ...) {
    char kind[64], subject[64], json[800];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(json, sizeof(json), fmt, ap);
    va_end(ap);
    snprintf(kind, sizeof(kind), "promotion.%s", step);
    snprintf(subject, sizeof(subject), "promotion/%s", promotions[p].id);
    return box_event(&b, kind, subject, json);
}

static void put_gates(char *ret, size_t size, const char *field, size_t by) {
    snprintf(ret, by > 0 ? size : 1, ",\"%s\":\"%s\"", field, by > 0 ? gates[by] : "");
}

/* ---- the same on record ---- */

static void put(struct step s) {
    struct account *a = &account[s.p];
    char policy[128], before[128];
    const char *candidate = candidates[a->candidate];
    put_gates(policy, sizeof(policy), "policy_digest", s.by);
    put_gates(before, sizeof(before), "policy_before", s.before);
    b.told = s.told;
    if (s.what == PLAN) {
        if (a->under_way) say(s.p, "aborted", "{}");
        s.seq = say(s.p, "planned", "{\"what\":\"image\",\"name\":\"%s\",\"digest\":\"%s\"}", promotions[s.p].name,
                    candidates[s.candidate]);
        say(s.p, "simulated", "{\"verdict\":\"pass\"}");
    } else if (s.what == VERIFY) {
        s.seq = say(s.p, "verifying", "{\"digest\":\"%s\"%s%s}", candidate, policy, before);
    } else {
        s.seq = say(s.p, "gated", "{\"decision\":\"%s\",\"digest\":\"%s\"%s}", answers[s.answer], candidate, policy);
    }
    b.told = false;
    steps[n_steps++] = s;
}

static void correct(uint64_t seq) {
    struct log_correct_options o = {.seq = seq, .replaced_by = LOG_NO_SEQ, .reason = "mistake", .actor = "user:t"};
    struct log_receipt receipt;
    assert_int_equal(log_correct(b.ledger, &o, &receipt, &b.err), 0);
}

/* A verification or an answer is withdrawn. */
static bool correct_one(void) {
    struct step *s = &steps[below(n_steps)];
    if (s->corrected || s->what == PLAN) return false;
    s->corrected = true;
    correct(s->seq);
    return true;
}

static void next_step(void) {
    size_t p = below(3), what = below(16);
    if (!account[p].under_way || what < 2) {
        put((struct step){.what = PLAN, .p = p, .candidate = below(2)});
    } else if (what < 7) {
        put((struct step){.what = VERIFY, .p = p, .by = below(4), .before = below(4), .told = below(4) == 0});
    } else if (what > 7 || !correct_one()) {
        size_t by = below(3) > 0 ? account[p].asked : below(4);
        put((struct step){.what = ANSWER, .p = p, .by = by, .answer = (enum answer)(1 + below(3)), .told = below(4) == 0});
    }
    count();
}

static bool is_found(const char *rule) {
    const struct cell *cell = &b.row.cells[box_column(&b, "missing")];
    struct list list;
    struct bytes item, name;
    list_open(&list, cell->type == CELL_LIST ? cell->text : (struct bytes){0});
    while (list_next(&list, &item)) {
        if (list_text(item, "rule", &name) && bytes_is(name, rule)) return true;
    }
    return false;
}

static void expect(size_t seen[3]) {
    box_view(&b, LOG_NO_SEQ, 0);
    for (size_t p = 0; p < 3; p++) {
        const struct account *a = &account[p];
        if (!a->under_way) continue;
        bool since = a->answer == PASS && last[a->candidate].answer != PASS && last[a->candidate].seq > a->answered;
        assert_true(box_row(&b, "promotions", promotions[p].id, NULL));
        box_text(&b, "state", a->verifying ? "verifying" : "simulated");
        box_text(&b, "gate", a->answer != ASKED ? answers[a->answer] : "");
        box_text(&b, "policy_digest", a->asked > 0 ? gates[a->asked] : "");
        assert_int_equal(row_has(&b.row, box_column(&b, "shed_seq")), a->shed);
        assert_int_equal(is_found("promotion.refused-since"), since);
        seen[0] += a->shed;
        seen[1] += a->answer == PASS;
        seen[2] += since;
    }
    for (size_t i = 0; i < 2; i++) {
        bool there = box_row(&b, "gated_candidates", candidates[i], NULL);
        assert_int_equal(there, last[i].by > 0);
        if (!there) continue;
        box_text(&b, "policy_digest", gates[last[i].by]);
        box_text(&b, "answer", last[i].answer == ASKED ? "asked" : answers[last[i].answer]);
    }
}

static void gates_are_replaced_only_by_a_verification_that_says_so(void **state) {
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 3, 17, 23, 41, random};
    size_t seen[3] = {0};
    (void)state;
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        x = seeds[i];
        n_steps = 0;
        box_open(&b);
        count();
        for (size_t k = 0; k < STEPS; k++) {
            next_step();
            expect(seen);
        }
        box_close(&b);
    }
    assert_true(one != NULL || (seen[0] > 0 && seen[1] > 0 && seen[2] > 0));
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

static void gates_stay_when_their_refusal_is_corrected(void **state) {
    (void)state;
    go_to_the_gate(gates[1]);
    correct(
        say(0, "gated", "{\"decision\":\"refuse\",\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates[1]));
    say(0, "verifying", "{\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates[2]);
    say(0, "gated", "{\"decision\":\"pass\",\"digest\":\"%s\",\"policy_digest\":\"%s\"}", candidates[0], gates[2]);
    expect_not_taken(
        "it is being verified, and may not be judged by the gate: other gates did not pass it (event 3), and the "
        "verification does not say that these replace them");
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
        cmocka_unit_test(gates_are_replaced_only_by_a_verification_that_says_so),
        cmocka_unit_test(gates_stay_when_their_refusal_is_corrected),
        cmocka_unit_test(a_pass_that_nobody_measured_or_that_others_gave_is_not_taken),
        cmocka_unit_test(evaluations_are_named_for_one_verification_and_suites_until_others_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
