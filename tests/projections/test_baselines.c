/* Baselines: which evaluation a name means, and whether it can be relied on, against a reference that remembers what was said. */
#include <time.h>

#include "projections/decide/decide.h"
#include "projections/ready/baselines.h"
#include "tests/projections/state_box.h"

static struct box b;
static uint64_t seed;

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

static uint64_t below(uint64_t n) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % n;
}

#define WEIGHTS "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EVALS_N 4
#define NAMES_N 2

/* What is known of an evaluation, and of a name. */
static struct told {
    bool started, scored, finished, invalid, weights, sound, compares;
    uint64_t started_seq;
    unsigned suite;
} evals[EVALS_N];
static struct {
    int eval; /* -1: never set */
    uint64_t seq;
} names[2][NAMES_N];

static bool can_be(unsigned suite, unsigned eval, uint64_t seq) {
    const struct told *t = &evals[eval];
    return t->started && t->finished && t->scored && !t->invalid && t->weights && t->sound && t->suite == suite &&
           t->started_seq <= seq;
}

static void run_one(unsigned i) {
    struct told *t = &evals[i];
    char subject[16], json[400];
    snprintf(subject, sizeof(subject), "eval/e%u", i);
    *t = (struct told){.started = true, .weights = below(5) != 0, .suite = (unsigned)below(2), .sound = true};
    const char *digest = t->weights ? ",\"digest\":\"" WEIGHTS "\"" : "";
    snprintf(json, sizeof(json), "{\"suite\":\"s%u\"%s}", t->suite, digest);
    t->started_seq = box_event(&b, "eval.started", subject, json);
    const char *verdicts[] = {"pass", "fail", "warn", "unknown"};
    const char *verdict = verdicts[below(4) == 0 ? below(4) : below(2) * 3];
    if (below(6) != 0) {
        snprintf(json, sizeof(json), "{\"task\":\"t\",\"metric\":\"m\",\"threshold\":0.5,\"higher_is_better\":true%s}",
                 strcmp(verdict, "pass") == 0   ? ",\"value\":0.75,\"verdict\":\"pass\""
                 : strcmp(verdict, "fail") == 0 ? ",\"value\":0.25,\"verdict\":\"fail\""
                                                : ",\"verdict\":\"unknown\"");
        box_event(&b, "eval.scored", subject, json);
        t->scored = true;
        t->compares = below(3) == 0;
        if (t->compares) {
            box_event(&b, "eval.scored", subject,
                      "{\"task\":\"t\",\"metric\":\"regression_lower\",\"threshold\":-0.1,\"higher_is_better\":true,"
                      "\"verdict\":\"unknown\"}");
        }
    }
    if (below(6) == 0) return;
    const char *odd[] = {"",
                         ",\"partial\":true",
                         ",\"cached\":true",
                         ",\"dirty\":true",
                         ",\"errors\":1",
                         ",\"samples\":3,\"samples_total\":4"};
    uint64_t which = below(3) == 0 ? below(6) : 0;
    snprintf(json, sizeof(json), "{\"suite\":\"s%u\"%s,\"verdict\":\"%s\"%s}", t->suite, digest, verdict, odd[which]);
    box_event(&b, "eval.finished", subject, json);
    t->finished = true;
    t->sound = which == 0 && strcmp(verdict, "fail") != 0 && strcmp(verdict, "warn") != 0;
}

static void set(unsigned suite, unsigned name, unsigned eval) {
    char subject[16], json[200];
    snprintf(subject, sizeof(subject), "suite/s%u", suite);
    snprintf(json, sizeof(json), "{\"suite\":\"s%u\",\"baseline\":\"n%u\",\"eval\":\"e%u\"}", suite, name, eval);
    names[suite][name].eval = (int)eval;
    names[suite][name].seq = box_event(&b, "eval.baseline_set", subject, json);
}

static void judge_a_draft(unsigned suite, unsigned eval) {
    struct buf body = {.max = 4096};
    struct log_draft draft;
    struct decision is;
    char subject[16], json[200];
    snprintf(subject, sizeof(subject), "suite/s%u", suite);
    snprintf(json, sizeof(json), "{\"suite\":\"s%u\",\"baseline\":\"n\",\"eval\":\"e%u\"}", suite, eval);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    log_draft_init(&draft);
    draft.kind = bytes_of("eval.baseline_set");
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("declared");
    draft.body = bytes_of_buf(&body);
    assert_int_equal(decide_may_append(b.view, &draft, &is, &b.err), 0);
    if (is.yes != can_be(suite, eval, LOG_NO_SEQ)) fail_msg("%s: %d, %s", json, is.yes, is.yes ? "" : is.reason);
    buf_done(&body);
}

/* What compares with a baseline and has no value lacks one as long as no name of its suite leads to one that counts. */
static void compare_need(unsigned eval) {
    static const char rule[] = "eval.baseline";
    const struct told *t = &evals[eval];
    char id[8];
    bool there = false;
    for (unsigned name = 0; name < NAMES_N; name++) {
        int is = names[t->suite][name].eval;
        there = there || (is >= 0 && can_be(t->suite, (unsigned)is, names[t->suite][name].seq));
    }
    snprintf(id, sizeof(id), "e%u", eval);
    if (!t->started) return;
    assert_true(box_row(&b, "evals", id, NULL));
    struct bytes missing = row_list(&b.row, box_column(&b, "missing"));
    bool found = missing.n > 0 && memmem(missing.p, missing.n, rule, sizeof(rule) - 1) != NULL;
    bool want = t->finished && !t->invalid && t->compares && !there;
    if (found != want) fail_msg("%s: %d, wanted %d", id, found, want);
}

static void compare_all(void) {
    box_view(&b, LOG_NO_SEQ, 0);
    for (unsigned suite = 0; suite < 2; suite++) {
        for (unsigned name = 0; name < NAMES_N; name++) {
            char parts[2][8], eval[8];
            int is = names[suite][name].eval;
            snprintf(parts[0], sizeof(parts[0]), "s%u", suite);
            snprintf(parts[1], sizeof(parts[1]), "n%u", name);
            bool there = box_row(&b, "eval_baselines", parts[0], parts[1], NULL);
            assert_int_equal(there, is >= 0);
            if (!there) continue;
            snprintf(eval, sizeof(eval), "e%d", is);
            box_text(&b, "eval", eval);
            box_int(&b, "seq", (int64_t)names[suite][name].seq);
            bool counts = row_bool(&b.row, box_column(&b, "counts")),
                 want = can_be(suite, (unsigned)is, names[suite][name].seq);
            struct bytes why = row_text(&b.row, box_column(&b, "reason"));
            if (counts != want) fail_msg("%s: %d, %.*s", eval, counts, (int)why.n, (const char *)why.p);
            assert_int_equal(why.n == 0, counts);
        }
        for (unsigned eval = 0; eval < EVALS_N; eval++) {
            judge_a_draft(suite, eval);
        }
    }
    for (unsigned eval = 0; eval < EVALS_N; eval++) {
        compare_need(eval);
    }
}

static void a_name_means_what_it_was_set_to_last_and_counts_as_a_reference_says(void **state) {
    (void)state;
    const char *given = getenv("LEDGER_TEST_SEED");
    seed = given != NULL ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) * 2654435761U + (uint64_t)getpid();
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)seed);
    fflush(stdout);
    seed |= 1;
    for (unsigned i = 0; i < 2 * NAMES_N; i++) {
        names[i / NAMES_N][i % NAMES_N].eval = -1;
    }
    memset(evals, 0, sizeof(evals));
    for (int round = 0; round < 120; round++) {
        unsigned eval = (unsigned)below(EVALS_N);
        uint64_t what = below(10);
        if (what < 5) {
            run_one(eval);
        } else if (what < 9) {
            set((unsigned)below(2), (unsigned)below(NAMES_N), eval);
        } else if (evals[eval].finished) {
            char subject[16];
            snprintf(subject, sizeof(subject), "eval/e%u", eval);
            box_event(&b, "eval.invalidated", subject, "{\"reason\":\"contaminated\"}");
            evals[eval].invalid = true;
        }
        if (round % 4 == 3) compare_all();
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_name_means_what_it_was_set_to_last_and_counts_as_a_reference_says, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
