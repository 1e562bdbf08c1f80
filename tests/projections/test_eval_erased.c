/* An erased body says nothing: an evaluation that has one counts for nothing, and an older pass is no proof beside it,
 * unless the remaining events show that it is of something else. */
#include "base/clock.h"
#include "tests/projections/proof_box.h"

#define ROUNDS 10
#define PASS_R "{\"route\": \"r\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}"
#define FAIL_R "{\"route\": \"r\", \"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"fail\"}"

static struct box box;

static void erase(uint64_t seq) {
    const struct log_erase_options options = {
        .what = LOG_ERASE_BODY, .seqs = &seq, .n_seqs = 1, .reason = "request", .actor = "user:test"};
    struct log_receipt receipt;
    box_forget(&box);
    assert_int_equal(log_erase(box.ledger, &options, &receipt, &box.err), 0);
    uint64_t pid;
    assert_int_equal(log_erase_finish(box.ledger, UINT64_C(1000000000), &pid, &box.err), 0);
}

static void begin(void) {
    box_open(&box);
    box_event(&box, "route.declared", "route/r", "{\"suite\": \"s\", \"digest\": \"" WEIGHTS "\"}");
}

static void an_erased_failure_does_not_make_an_older_pass_a_proof(void **state) {
    (void)state;
    char words[256];
    begin();
    box_eval(&box, "eval/e", PASS_R);
    uint64_t end = box_event(&box, "eval.finished", "eval/e2", FAIL_R);
    erase(end);
    snprintf(words, sizeof(words),
             "eval 'e2' finished after 'e', and the body of event %llu of it was erased (event %llu): nobody can know "
             "what it said",
             (unsigned long long)end, (unsigned long long)end + 1);
    box_route_is(&box, "declared-not-proven", words);
    box_cites(&box, end);
    box_cites(&box, end + 1);
    assert_true(box_row(&box, "evals", "e2", NULL));
    snprintf(words, sizeof(words), "the body of event %llu of it was erased (event %llu)", (unsigned long long)end,
             (unsigned long long)end + 1);
    box_says(&box, "reason", words);
    box_eval(&box, "eval/e3", PASS_R);
    box_route_is(&box, "ready", NULL);
    box_close(&box);
}

/* What a newer evaluation said, and which of its events is erased (0: the first). */
static void what_is_left_of_it_decides_whether_it_matters(void **state) {
    static const struct {
        const char *kind[3], *json[3];
        int erased;
        bool ready;
    } cases[] = {
        {{"eval.started", "eval.finished"}, {"{\"route\": \"q\"}", FAIL_R}, 1, true},
        {{"eval.started", "eval.finished"}, {"{\"route\": \"r\"}", FAIL_R}, 1, false},
        {{"eval.started", "eval.finished"}, {"{\"digest\": \"" WEIGHTS2 "\"}", FAIL_R}, 1, true},
        {{"eval.started", "eval.finished"}, {"{\"suite\": \"t\"}", FAIL_R}, 1, true},
        {{"eval.started", "eval.finished"}, {"{\"seed\": 1}", FAIL_R}, 1, false},
        {{"eval.started", "eval.finished"}, {"{\"route\": \"r\"}", "{\"verdict\": \"fail\"}"}, 0, false},
        {{"eval.scored", "eval.finished"}, {SCORED, PASS_R}, 0, false},
        {{"eval.finished", "eval.started", "eval.finished"},
         {FAIL_R, "{\"route\": \"q\"}", "{\"verdict\": \"fail\"}"},
         0,
         true},
        {{"eval.finished", "eval.invalidated"}, {FAIL_R, "{\"reason\": \"edited\"}"}, 0, true},
        {{"eval.finished", "eval.invalidated"}, {FAIL_R, "{\"reason\": \"edited\"}"}, 1, false},
        {{"eval.started", "eval.scored"}, {"{\"route\": \"r\"}", SCORED}, 1, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t seq[3] = {0};
        begin();
        box_eval(&box, "eval/e", PASS_R);
        for (size_t k = 0; k < 3 && cases[i].kind[k] != NULL; k++) {
            seq[k] = box_event(&box, cases[i].kind[k], "eval/e2", cases[i].json[k]);
        }
        erase(seq[cases[i].erased]);
        box_view(&box, LOG_NO_SEQ, 0);
        assert_true(box_row(&box, "routes", "r", NULL));
        if (row_is(&box.row, box_column(&box, "state"), "ready") != cases[i].ready) {
            fail_msg("case %zu: the route is%s ready", i, cases[i].ready ? " not" : "");
        }
        box_close(&box);
    }
}

/* ---- random histories ---- */

struct told {
    int route, weights; /* 0: of the route, 1: of another, -1: its start does not say */
    bool passes, erased;
};

static uint64_t x;

static unsigned below(unsigned n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)((x >> 33) % n);
}

/* Each evaluation ends with what it began with, otherwise with the route and its weights. */
static bool is_ready(const struct told *t, size_t n) {
    bool ready = false;
    for (size_t i = 0; i < n; i++) {
        bool other = t[i].route == 1 || t[i].weights == 1;
        ready = other ? ready : t[i].passes && !t[i].erased;
    }
    return ready;
}

static uint64_t tell(const struct told *t, size_t i) {
    char subject[32], json[512], route[32] = "", weights[128] = "";
    snprintf(subject, sizeof(subject), "eval/e%zu", i);
    snprintf(route, t->route >= 0 ? sizeof(route) : 1, ", \"route\": \"%c\"", "rq"[t->route == 1]);
    snprintf(weights, t->weights >= 0 ? sizeof(weights) : 1, ", \"digest\": \"%s\"", t->weights == 1 ? WEIGHTS2 : WEIGHTS);
    snprintf(json, sizeof(json), "{\"suite\": \"s\"%s%s}", route, weights);
    box_event(&box, "eval.started", subject, json);
    box_event(&box, "eval.scored", subject, SCORED);
    snprintf(json, sizeof(json), "{\"route\": \"%c\", \"digest\": \"%s\", \"verdict\": \"%s\"}", "rq"[t->route == 1],
             t -> weights == 1 ? WEIGHTS2 : WEIGHTS, t -> passes ? "pass" : "fail");
    return box_event(&box, "eval.finished", subject, json);
}

static void a_route_is_proven_by_a_pass_that_nothing_unknown_follows(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns(), seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 2, random};
    size_t ready = 0, not_ready = 0;
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t s = 0; s < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); s++) {
        x = seeds[s];
        for (size_t round = 0; round < ROUNDS; round++) {
            struct told t[4];
            begin();
            for (size_t i = 0; i < 4; i++) {
                t[i] = (struct told){(int)below(3) - 1, (int)below(3) - 1, below(4) > 0, below(3) == 0};
                uint64_t end = tell(&t[i], i);
                if (t[i].erased) {
                    erase(end);
                }
                box_view(&box, LOG_NO_SEQ, 0);
                assert_true(box_row(&box, "routes", "r", NULL));
                bool is = row_is(&box.row, box_column(&box, "state"), "ready");
                if (is != is_ready(t, i + 1)) {
                    fail_msg("LEDGER_SEED=%llu, round %zu, evaluation %zu: the route is%s ready",
                             (unsigned long long)seeds[s], round, i, is ? "" : " not");
                }
                ready += is;
                not_ready += !is;
            }
            box_close(&box);
        }
    }
    assert_true(one != NULL || (ready > 5 && not_ready > 5));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_erased_failure_does_not_make_an_older_pass_a_proof),
                                       cmocka_unit_test(what_is_left_of_it_decides_whether_it_matters),
                                       cmocka_unit_test(a_route_is_proven_by_a_pass_that_nothing_unknown_follows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
