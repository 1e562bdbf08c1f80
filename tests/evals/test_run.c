/* Whole evaluations in a ledger, of a target of the test's own: what they record, what counts, what proves a route, and how they
 * are continued. */
#include "tests/projections/state_box.h"

#include <math.h>

#include "base/clock.h"
#include "evals/run/run.h"
#include "projections/ready/eval.h"
#include "projections/ready/routes.h"

#define CASES   40
#define WEIGHTS "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define OTHERS  "sha256:2222222222222222222222222222222222222222222222222222222222222222"

struct scene {
    struct box box;
    struct suite suite;
    struct suite_case cases[CASES];
    struct suite_check check;
    struct suite_threshold threshold;
    struct bytes tag;
    char ids[CASES][16];
    struct run_suite_options how;
    struct run_suite_result result;
    struct run_binding binding;
    const char *digest_later; /* of the weights, at the end; NULL: as before */
    unsigned bound;
    bool breaks; /* it cannot be asked what it is, at the end */
    /* how the target answers */
    unsigned asked[CASES];
    size_t wrong, fails, limits; /* so many of the first cases */
    size_t stops_at;             /* once it was asked so often */
    size_t asked_n;
    volatile int stop;
    struct err err;
};

static int answer(void *ctx, unsigned lane, const struct suite *suite, const struct suite_case *one, uint64_t repeat,
                  struct run_answer *ret, struct err *err) {
    struct scene *s = ctx;
    size_t at = (size_t)(one - suite->cases);
    (void)lane;
    (void)repeat;
    (void)err;
    s->asked[at]++;
    s->asked_n++;
    *ret = (struct run_answer){.latency_ms = 2,
                               .first_ms = NAN,
                               .cost = NAN,
                               .tokens_in = 3,
                               .tokens_out = 1,
                               .end = at < s->fails    ? RUN_ERRED
                                      : at < s->limits ? RUN_LIMITED
                                                       : RUN_ANSWERED};
    if (ret->end != RUN_ANSWERED) snprintf(ret->why, sizeof(ret->why), "the endpoint burns");
    buf_init(&ret->output, 64);
    buf_put_str(&ret->output, at < s->wrong ? "no" : "yes");
    if (s->asked_n >= s->stops_at) __atomic_store_n(&s->stop, 1, __ATOMIC_RELAXED);
    return 0;
}

static int bind_it(void *ctx, struct run_binding *ret, struct err *err) {
    struct scene *s = ctx;
    if (s->bound > 0 && s->breaks) return err_set(err, ERR_IO, "it is gone");
    *ret = s->binding;
    if (s->bound++ > 0 && s->digest_later != NULL) snprintf(ret->digest, sizeof(ret->digest), "%s", s->digest_later);
    return 0;
}

static int setup(void **state) {
    struct scene *s = calloc(1, sizeof(*s));
    assert_non_null(s);
    box_open(&s->box);
    s->check = (struct suite_check){.type = SUITE_EQUALS, .text = bytes_of("yes"), .at_least = NAN, .at_most = NAN};
    s->tag = bytes_of("first");
    for (size_t i = 0; i < CASES; i++) {
        snprintf(s->ids[i], sizeof(s->ids[i]), "c%zu", i);
        s->cases[i] = (struct suite_case){.id = bytes_of(s->ids[i]),
                                          .repeats = 1,
                                          .weight = 1,
                                          .text = bytes_of("is it private?"),
                                          .checks = &s->check,
                                          .checks_n = 1};
        s->cases[i].digest[0] = (uint8_t)(i + 1);
    }
    s->cases[0].tags = &s->tag;
    s->cases[0].tags_n = 1;
    s->threshold = (struct suite_threshold){.metric = SUITE_PASS_RATE, .value = 0.8, .confidence = 0.95};
    s->suite = (struct suite){.name = bytes_of("news"),
                              .version = bytes_of("1"),
                              .settings = bytes_of("{\"temperature\":0}"),
                              .thresholds = &s->threshold,
                              .thresholds_n = 1,
                              .cases = s->cases,
                              .cases_n = CASES};
    s->suite.digest[0] = 7;
    snprintf(s->binding.route, sizeof(s->binding.route), "summarise");
    snprintf(s->binding.model, sizeof(s->binding.model), "tiny");
    snprintf(s->binding.digest, sizeof(s->binding.digest), "%s", WEIGHTS);
    s->stops_at = SIZE_MAX;
    s->how = (struct run_suite_options){.ledger = s->box.ledger,
                                        .suite = &s->suite,
                                        .actor = "user:test",
                                        .concurrency = 1,
                                        .stop = &s->stop,
                                        .subject = {.target = {.ctx = s, .answer = answer}, .bind = bind_it}};
    box_event(&s->box, "route.declared", "route/summarise",
              "{\"role\":\"model\",\"model\":\"tiny\",\"digest\":\"" WEIGHTS "\",\"suite\":\"news\"}");
    *state = s;
    return 0;
}

static int teardown(void **state) {
    struct scene *s = *state;
    box_close(&s->box);
    free(s);
    return 0;
}

static void go(struct scene *s) {
    s->bound = 0;
    int rc = run_suite(&s->how, &s->result, &s->err);
    if (rc != 0) fail_msg("%s", s->err.msg);
}

/* A text of a judged row; borrowed until the next. */
static const char *text_of(struct scene *s, const char *table, const char *key, size_t column) {
    static char text[512];
    const struct bytes part = bytes_of(key);
    struct row row;
    struct state_options options;
    box_forget(&s->box);
    state_options_init(&options);
    assert_int_equal(state_open(s->box.ledger, &options, &s->box.view, &s->err), 0);
    size_t at = state_table_find(s->box.view, table);
    row_init(&row, state_table(s->box.view, at));
    assert_int_equal(state_get(s->box.view, at, &part, 1, &row, &s->err), 0);
    if (row.cells[column].type == CELL_BOOL) {
        snprintf(text, sizeof(text), "%s", row_bool(&row, column) ? "true" : "false");
    } else {
        snprintf(text, sizeof(text), "%.*s", (int)row_text(&row, column).n, (const char *)row_text(&row, column).p);
    }
    row_done(&row);
    box_forget(&s->box);
    return text;
}
#define COUNTS(s) text_of(s, "evals", (s)->result.id, EVAL_COUNTS)
#define WHY(s)    text_of(s, "evals", (s)->result.id, EVAL_REASON)
#define ROUTE(s)  text_of(s, "routes", "summarise", ROUTE_STATE)

/* Events of a kind whose body or private fields hold the text. */
static size_t events(struct scene *s, const char *kind, const char *text, bool private_) {
    struct log_reader *reader;
    struct log_event event;
    size_t n = 0;
    assert_int_equal(log_reader_open(s->box.ledger, 0, UINT64_MAX, &reader, &s->err), 0);
    while (log_reader_next(reader, &event, &s->err) == 0) {
        struct buf hidden = {.max = 1 << 20};
        if (!bytes_is(event.kind, kind)) continue;
        if (private_) assert_int_equal(log_reader_private(reader, &hidden, &s->err), 0);
        struct bytes in = private_ ? bytes_of_buf(&hidden) : event.body;
        n += text == NULL || (in.n > 0 && memmem(in.p, in.n, text, strlen(text)) != NULL);
        buf_done(&hidden);
    }
    log_reader_close(reader);
    return n;
}

/* ---- what counts ---- */

static void a_full_pass_counts_and_proves_its_route(void **state) {
    struct scene *s = *state;
    assert_string_equal(ROUTE(s), "declared-not-proven");
    go(s);
    assert_true(s->result.finished);
    assert_string_equal(s->result.verdict, "pass");
    assert_int_equal(s->result.counts.passed, CASES);
    assert_string_equal(WHY(s), "");
    assert_string_equal(COUNTS(s), "true");
    assert_string_equal(ROUTE(s), "ready");
    assert_int_equal(events(s, "eval.sampled", NULL, false), CASES);
    assert_int_equal(events(s, "eval.suite_declared", NULL, false), 1);
}

static void one_other_byte_of_the_model_voids_the_proof_at_once(void **state) {
    struct scene *s = *state;
    go(s);
    assert_string_equal(ROUTE(s), "ready");
    box_event(&s->box, "route.declared", "route/summarise",
              "{\"role\":\"model\",\"model\":\"tiny\",\"digest\":\"" OTHERS "\",\"suite\":\"news\"}");
    assert_string_equal(ROUTE(s), "declared-not-proven");
}

static void a_changed_suite_that_is_adopted_voids_the_proof_at_once(void **state) {
    struct scene *s = *state;
    go(s);
    s->suite.digest[0] = 8;
    s->how.time_ns = 1; /* declared, and not run */
    go(s);
    assert_string_equal(ROUTE(s), "ready"); /* by the suite that was declared */
    assert_int_equal(events(s, "eval.suite_declared", NULL, false), 1);
    s->how.adopt = true;
    go(s);
    assert_string_equal(ROUTE(s), "declared-not-proven");
    assert_int_equal(events(s, "eval.suite_declared", NULL, false), 2);
}

static void a_miss_of_a_threshold_fails_it(void **state) {
    struct scene *s = *state;
    s->wrong = CASES / 2;
    go(s);
    assert_string_equal(s->result.verdict, "fail");
    assert_int_equal(s->result.counts.missed, CASES / 2);
    assert_string_equal(COUNTS(s), "false");
    assert_string_equal(ROUTE(s), "declared-not-proven");
}

static void a_threshold_of_something_else_does_not_make_up_for_a_miss(void **state) {
    struct scene *s = *state;
    s->threshold = (struct suite_threshold){.metric = SUITE_VIOLATIONS, .value = 0, .confidence = 0.95};
    s->wrong = CASES / 2;
    go(s);
    assert_string_equal(s->result.verdict, "fail");
    assert_int_equal(s->result.counts.missed, CASES / 2);
    assert_string_equal(COUNTS(s), "false");
    assert_string_equal(ROUTE(s), "declared-not-proven");
}

static void errors_leave_it_open(void **state) {
    struct scene *s = *state;
    s->fails = 1;
    go(s);
    assert_string_equal(s->result.verdict, "unknown");
    assert_int_equal(s->result.counts.errors, 1);
    assert_string_equal(s->result.why, "the endpoint burns");
    assert_string_equal(COUNTS(s), "false");
    assert_string_equal(ROUTE(s), "declared-not-proven");
    assert_int_equal(events(s, "eval.sample_failed", "the endpoint burns", true), 1);
}

static void a_case_over_its_limit_is_a_result(void **state) {
    struct scene *s = *state;
    s->limits = 1;
    go(s);
    assert_string_equal(s->result.verdict, "pass");
    assert_int_equal(s->result.counts.limited, 1);
    assert_string_equal(COUNTS(s), "true");
}

static void a_part_of_it_proves_nothing(void **state) {
    static const char *const first[] = {"first"};
    struct scene *s = *state;
    s->how.choice = (struct run_choice){.only = first, .only_n = 1};
    go(s);
    assert_true(s->result.partial);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(COUNTS(s), "false");
    assert_string_equal(ROUTE(s), "declared-not-proven");
}

static void a_part_that_misses_does_not_void_a_proof(void **state) {
    static const char *const first[] = {"first"};
    struct scene *s = *state;
    go(s);
    s->wrong = 1;
    s->how.choice = (struct run_choice){.only = first, .only_n = 1};
    go(s);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(ROUTE(s), "ready");
}

static void what_ends_it_early_is_said_and_makes_it_partial(void **state) {
    struct scene *s = *state;
    s->wrong = 1;
    s->how.fail_fast = true;
    go(s);
    assert_string_equal(s->result.stopped, "fail_fast");
    assert_true(s->result.partial);
    assert_int_equal(s->asked_n, 1);
    s->how.fail_fast = false;
    s->how.tokens = 8;
    go(s);
    assert_string_equal(s->result.stopped, "budget");
    assert_int_equal(s->result.counts.done, 2);
    assert_string_equal(COUNTS(s), "false");
}

static void weights_that_changed_meanwhile_make_it_count_for_nothing(void **state) {
    struct scene *s = *state;
    s->digest_later = OTHERS;
    go(s);
    assert_true(s->result.changed);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(COUNTS(s), "false");
    s->digest_later = "";
    go(s);
    assert_string_equal(s->result.verdict, "unknown");
    assert_string_equal(COUNTS(s), "false");
}

static void prompts_and_answers_are_private_and_digests_open(void **state) {
    struct scene *s = *state;
    go(s);
    assert_int_equal(events(s, "eval.sampled", "is it private?", false), 0);
    assert_int_equal(events(s, "eval.sampled", "is it private?", true), CASES);
    assert_int_equal(events(s, "eval.sampled", "output_digest", false), CASES);
    assert_int_equal(events(s, "eval.sampled", "doc_digest", false), CASES);
}

static void what_it_is_bound_to_is_recorded(void **state) {
    static const char *const fields[] = {
        "suite_digest", "plan_digest", "settings_digest", "hardware_digest", "harness_version", "summarise", WEIGHTS};
    struct scene *s = *state;
    go(s);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        assert_int_equal(events(s, "eval.started", fields[i], false), 1);
    }
}

/* ---- continuing ---- */

static void what_was_interrupted_is_continued_where_it_was(void **state) {
    struct scene *s = *state;
    char id[RUN_ID_MAX];
    s->stops_at = 10;
    go(s);
    assert_false(s->result.finished);
    assert_string_equal(s->result.stopped, "interrupted");
    assert_int_equal(s->result.counts.done, 10);
    assert_int_equal(events(s, "eval.finished", NULL, false), 0);
    snprintf(id, sizeof(id), "%s", s->result.id);
    s->stop = 0;
    s->stops_at = SIZE_MAX;
    s->how.resume = RUN_RESUME_LAST;
    go(s);
    assert_string_equal(s->result.id, id);
    assert_true(s->result.finished);
    assert_int_equal(s->result.resumed, 1);
    assert_string_equal(s->result.verdict, "pass");
    for (size_t i = 0; i < CASES; i++) {
        if (s->asked[i] != 1) fail_msg("case %zu was asked %u times", i, s->asked[i]);
    }
    assert_int_equal(events(s, "eval.resumed", NULL, false), 1);
    assert_int_equal(events(s, "eval.finished", "resumed", false), 1);
    assert_string_equal(COUNTS(s), "true");
    assert_string_equal(ROUTE(s), "ready");
}

static void refuses(struct scene *s, int code, const char *words) {
    s->bound = 0;
    assert_int_equal(run_suite(&s->how, &s->result, &s->err), code);
    if (strstr(s->err.msg, words) == NULL) fail_msg("'%s' lacks '%s'", s->err.msg, words);
}

static void what_is_not_the_same_is_not_continued(void **state) {
    struct scene *s = *state;
    s->how.resume = RUN_RESUME_LAST;
    refuses(s, ERR_NOTFOUND, "no evaluation of this suite was interrupted");
    s->how.resume = NULL;
    s->stops_at = 5;
    go(s);
    s->stop = 0;
    s->how.resume = RUN_RESUME_LAST;
    s->how.choice.shuffled = true;
    refuses(s, ERR_CONFLICT, "another plan");
    s->how.choice.shuffled = false;
    snprintf(s->binding.digest, sizeof(s->binding.digest), "%s", OTHERS);
    refuses(s, ERR_CONFLICT, "its digest of weights was sha256:1111");
    snprintf(s->binding.digest, sizeof(s->binding.digest), "%s", WEIGHTS);
    s->how.resume = "nothing";
    refuses(s, ERR_NOTFOUND, "no evaluation 'nothing' was started here");
    s->how.resume = RUN_RESUME_LAST;
    s->stops_at = SIZE_MAX;
    go(s);
    char id[RUN_ID_MAX];
    snprintf(id, sizeof(id), "%s", s->result.id);
    s->how.resume = id;
    refuses(s, ERR_CONFLICT, "has ended");
}

static void stopping_before_the_first_sample_leaves_what_can_be_continued(void **state) {
    struct scene *s = *state;
    s->stop = 1;
    go(s);
    assert_false(s->result.finished);
    assert_int_equal(s->result.counts.done, 0);
    s->stop = 0;
    s->how.resume = RUN_RESUME_LAST;
    go(s);
    assert_string_equal(s->result.verdict, "pass");
}

static void an_end_that_was_not_written_is_made_up_for(void **state) {
    struct scene *s = *state;
    s->breaks = true;
    s->bound = 0;
    assert_int_equal(run_suite(&s->how, &s->result, &s->err), ERR_IO);
    assert_int_equal(s->asked_n, CASES);
    s->breaks = false;
    s->how.resume = RUN_RESUME_LAST;
    go(s);
    assert_int_equal(s->asked_n, CASES);
    assert_string_equal(s->result.verdict, "pass");
    assert_string_equal(COUNTS(s), "true");
}

/* ---- over random histories ---- */

static uint64_t random_state;

static uint64_t random_below(uint64_t n) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (random_state * UINT64_C(0x2545f4914f6cdd1d) >> 11) % n;
}

static void random_start(void) {
    const char *given = getenv("LEDGER_TEST_SEED");
    random_state = given != NULL ? strtoull(given, NULL, 0) : clock_wall_ns();
    random_state |= 1;
    printf("LEDGER_TEST_SEED=%llu\n", (unsigned long long)random_state);
    fflush(stdout);
}

/* However often it is interrupted, with however many lanes and in whatever order: each sample that is answered is asked once, all are
 * recorded once, and what comes of it is what would have come of it in one go. */
static void interruptions_change_nothing(void **state) {
    struct scene *s = *state;
    random_start();
    for (int round = 0; round < 12; round++) {
        const size_t sampled = events(s, "eval.sampled", NULL, false),
                     failed = events(s, "eval.sample_failed", NULL, false);
        uint64_t sessions = 0;
        memset(s->asked, 0, sizeof(s->asked));
        s->asked_n = 0;
        s->fails = random_below(3) == 0 ? random_below(4) : 0;
        s->limits = s->fails + (random_below(3) == 0 ? random_below(4) : 0);
        s->wrong = s->limits + random_below(CASES - s->limits);
        s->how.choice = (struct run_choice){.shuffled = random_below(2) == 0, .shuffle = random_below(100)};
        s->how.resume = NULL;
        do {
            s->stop = 0;
            s->stops_at = s->asked_n + 1 + random_below(CASES / 2);
            go(s);
            s->how.resume = RUN_RESUME_LAST;
            sessions++;
        } while (!s->result.finished);
        for (size_t i = 0; i < CASES; i++) {
            /* What fails while it is being stopped is dropped, and asked again. */
            if (s->asked[i] < 1 || (i >= s->limits && s->asked[i] > 1)) fail_msg("case %zu: %u times", i, s->asked[i]);
        }
        assert_int_equal(s->result.resumed, sessions - 1);
        assert_int_equal(s->result.counts.errors, s->fails);
        assert_int_equal(s->result.counts.limited, s->limits - s->fails);
        assert_int_equal(s->result.counts.missed, s->wrong - s->limits);
        assert_int_equal(s->result.counts.passed, CASES - s->wrong);
        assert_int_equal(events(s, "eval.sampled", NULL, false) - sampled, CASES - s->wrong);
        assert_int_equal(events(s, "eval.sample_failed", NULL, false) - failed, s->wrong);
        assert_string_equal(COUNTS(s), s->fails == 0 && strcmp(s->result.verdict, "pass") == 0 ? "true" : "false");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_full_pass_counts_and_proves_its_route),
        TEST(one_other_byte_of_the_model_voids_the_proof_at_once),
        TEST(a_changed_suite_that_is_adopted_voids_the_proof_at_once),
        TEST(a_miss_of_a_threshold_fails_it),
        TEST(a_threshold_of_something_else_does_not_make_up_for_a_miss),
        TEST(errors_leave_it_open),
        TEST(a_case_over_its_limit_is_a_result),
        TEST(a_part_of_it_proves_nothing),
        TEST(a_part_that_misses_does_not_void_a_proof),
        TEST(what_ends_it_early_is_said_and_makes_it_partial),
        TEST(weights_that_changed_meanwhile_make_it_count_for_nothing),
        TEST(prompts_and_answers_are_private_and_digests_open),
        TEST(what_it_is_bound_to_is_recorded),
        TEST(what_was_interrupted_is_continued_where_it_was),
        TEST(what_is_not_the_same_is_not_continued),
        TEST(stopping_before_the_first_sample_leaves_what_can_be_continued),
        TEST(an_end_that_was_not_written_is_made_up_for),
        TEST(interruptions_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
