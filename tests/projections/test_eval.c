/* Evaluations: their steps, the effect of scores, and when they count. */
#include "ledger/kinds/kind.h"
#include "tests/projections/proof_box.h"

static void eval(struct box *box, const char *id) {
    box_view(box, LOG_NO_SEQ, 0);
    assert_true(box_row(box, "evals", id, NULL));
}

static void counts(struct box *box, bool expected) {
    assert_int_equal(row_bool(&box->row, box_column(box, "counts")), expected);
}

static void a_full_pass_counts_and_its_bindings_are_kept(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t start = box_event(&box, "eval.started", "eval/e", "{" BINDINGS ", \"samples\": 100}");
    eval(&box, "e");
    box_text(&box, "state", "started");
    box_says(&box, "reason", "it has not finished");
    counts(&box, false);
    uint64_t end = box_eval(&box, "eval/e", "{\"verdict\": \"pass\", \"samples\": 100, \"passed\": 4}");
    eval(&box, "e");
    box_text(&box, "state", "finished");
    box_text(&box, "digest", WEIGHTS);
    box_text(&box, "route", "r");
    box_int(&box, "samples", 100);
    box_int(&box, "started_seq", (int64_t)start);
    box_int(&box, "finished_seq", (int64_t)end);
    counts(&box, true);
    box_null(&box, "reason");
    assert_true(box_row(&box, "eval_routes", "r", "e", NULL));
    assert_true(box_row(&box, "eval_models", WEIGHTS, "e", NULL));
    box_close(&box);
}

static void an_evaluation_that_ends_on_other_weights_than_it_began_on_does_not_count(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "eval.started", "eval/e", "{\"digest\": \"" WEIGHTS2 "\"}");
    box_eval(&box, "eval/e", PASS(""));
    eval(&box, "e");
    counts(&box, false);
    box_text(&box, "reason", "it finished on another model digest than it started on");
    box_int(&box, "violations", 0); /* nobody did anything that is not legal */
    box_close(&box);
}

static void without_weights_it_is_for_a_name(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_eval(&box, "eval/e", "{\"model\": \"m\", \"verdict\": \"pass\"}");
    eval(&box, "e");
    counts(&box, false);
    box_says(&box, "reason", "it is for a name, not for weights");
    box_close(&box);
}

static void a_new_start_under_the_same_id_forgets_the_run_before(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_eval(&box, "eval/e", PASS(", \"passed\": 4, \"partial\": true"));
    box_event(&box, "eval.scored", "eval/e", "{\"task\": \"t\", \"metric\": \"acc\", \"verdict\": \"fail\"}");
    box_event(&box, "eval.started", "eval/e", "{" BINDINGS "}");
    eval(&box, "e");
    box_text(&box, "state", "started");
    box_null(&box, "verdict");
    box_null(&box, "partial");
    box_int(&box, "scores_failed", 0);
    box_event(&box, "eval.scored", "eval/e", SCORED);
    box_eval(&box, "eval/e", PASS(""));
    eval(&box, "e");
    counts(&box, true);
    box_int(&box, "scores", 1);
    box_int(&box, "violations", 0);
    box_close(&box);
}

static void steps_that_are_not_legal_show_as_violations(void **state) {
    static const struct {
        const char *first, *second, *state, *words;
    } cases[] = {
        {NULL, "eval.invalidated", "invalidated", "invalidated before anything was known of it"},
        {"eval.started", "eval.started", "started", "started again before it had finished"},
        {"eval.finished", "eval.finished", "finished", "finished twice"},
        {"eval.invalidated", "eval.finished", "invalidated",
         "finished after it was invalidated: a new start must come before"},
        {"eval.invalidated", "eval.imported", "invalidated", "taken in again after it was invalidated"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        if (cases[i].first != NULL) {
            box_event(&box, strcmp(cases[i].first, "eval.invalidated") == 0 ? "eval.finished" : cases[i].first, "eval/e",
                      NULL);
        }
        if (cases[i].first != NULL && strcmp(cases[i].first, "eval.invalidated") == 0) {
            box_event(&box, cases[i].first, "eval/e", NULL);
        }
        uint64_t seq = box_event(&box, cases[i].second, "eval/e", NULL);
        eval(&box, "e");
        box_text(&box, "state", cases[i].state);
        box_text(&box, "violation", cases[i].words);
        box_int(&box, "violation_seq", (int64_t)seq);
        box_close(&box);
    }
}

/* A result file, as its ingest writes it. */
static void import(struct box *box, const char *partial) {
    char body[512];
    snprintf(body, sizeof(body),
             "{\"harness\": \"lm_eval\", \"file_digest\": \"" CONFIG "\", \"model\": \"m\", \"digest\": \"" WEIGHTS
             "\", \"partial\": %s}",
             partial);
    box_event(box, "eval.imported", "eval/e", body);
}

static void score(struct box *box, const char *metric, const char *more) {
    char body[256];
    snprintf(body, sizeof(body), "{\"task\": \"t\", \"metric\": \"%s\"%s}", metric, more);
    box_event(box, "eval.scored", "eval/e", body);
}

/* An event that binds a result to a suite and a route says nothing of how it was run, or worse, something else. */
static void what_a_result_file_says_of_itself_is_not_taken_back(void **state) {
    static const struct {
        const char *imported, *finished;
        bool counts;
        const char *says;
    } cases[] = {
        {"\"partial\": false", "\"verdict\": \"pass\"", true, NULL},
        {"\"partial\": true", "\"verdict\": \"pass\"", false, "only a part of its samples was run"},
        {"\"partial\": true", "\"verdict\": \"pass\", \"partial\": false", false, "only a part of its samples was run"},
        {"\"partial\": false, \"cached\": true", "\"verdict\": \"pass\"", false, "its answers came from a cache"},
        {"\"partial\": false, \"dirty\": true", "\"dirty\": false", false, "its code had changes"},
        {"\"partial\": false", "\"digest\": \"" WEIGHTS2 "\"", false, "it finished on another model digest"},
        {"\"partial\": false", "\"cached\": true", false, "its answers came from a cache"},
        {"\"cached\": false", "\"verdict\": \"pass\"", false, "nothing says that all of its samples were run"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        char body[512];
        box_open(&box);
        snprintf(body, sizeof(body),
                 "{\"harness\": \"lm_eval\", \"file_digest\": \"" CONFIG "\", \"model\": \"m\", \"digest\": \"" WEIGHTS
                 "\", %s}",
                 cases[i].imported);
        box_event(&box, "eval.imported", "eval/e", body);
        score(&box, "f1", ", \"value\": 0.7, \"value_sampled\": 0.7, \"threshold\": 0.7, \"higher_is_better\": true");
        snprintf(body, sizeof(body), "{%s}", cases[i].finished);
        box_event(&box, "eval.finished", "eval/e", body);
        eval(&box, "e");
        counts(&box, cases[i].counts);
        if (cases[i].says != NULL) box_says(&box, "reason", cases[i].says);
        box_close(&box);
    }
}

static void a_result_file_has_the_verdict_that_its_thresholds_make(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    import(&box, "false");
    score(&box, "acc", ", \"value\": 0.7, \"filter\": \"none\"");
    eval(&box, "e");
    box_text(&box, "state", "finished");
    box_null(&box, "verdict");
    box_says(&box, "reason", "none of its scores was held against a threshold");
    score(&box, "f1", ", \"value\": 0.7, \"value_sampled\": 0.7, \"threshold\": 0.7, \"higher_is_better\": true");
    eval(&box, "e");
    box_text(&box, "verdict", "pass");
    counts(&box, true);
    assert_true(box_row(&box, "eval_scores", "e", "t", "acc/none", NULL));
    assert_true(box_row(&box, "eval_scores", "e", "t", "f1", NULL));
    box_text(&box, "verdict", "pass");
    score(&box, "ppl", ", \"value\": 9.5, \"value_sampled\": 9.5, \"threshold\": 9, \"higher_is_better\": false");
    eval(&box, "e");
    box_text(&box, "verdict", "fail");
    counts(&box, false);
    score(
        &box, "ppl",
        ", \"value\": 8.5, \"value_sampled\": 8.5, \"threshold\": 9, \"higher_is_better\": false"); /* recorded again, with a different value */
    eval(&box, "e");
    box_text(&box, "verdict", "pass");
    counts(&box, false);
    box_text(&box, "reason", "it was scored more than once, with different results: 't ppl'");
    box_int(&box, "scores", 3);
    box_close(&box);
}

#define HELD ", \"value\": 1, \"threshold\": 1, \"higher_is_better\": true"

static void a_score_or_an_end_with_fewer_samples_than_there_are_is_partial(void **state) {
    static const struct {
        const char *score, *end;
        bool counts;
    } cases[] = {{HELD ", \"samples\": 1, \"samples_total\": 100", "", false},
                 {HELD ", \"samples\": 99, \"samples_total\": 100, \"partial\": false", "", false},
                 {HELD ", \"samples\": 100, \"samples_total\": 100", "", true},
                 {HELD ", \"samples\": 100", "", true},
                 {HELD, ", \"samples\": 1, \"samples_total\": 100", false},
                 {HELD, ", \"samples\": 1, \"samples_total\": 100, \"partial\": false", false},
                 {HELD, ", \"samples\": 100, \"samples_total\": 100", true}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        char end[1024];
        box_open(&box);
        score(&box, "acc", cases[i].score);
        snprintf(end, sizeof(end), "{" BINDINGS ", \"verdict\": \"pass\"%s}", cases[i].end);
        box_event(&box, "eval.finished", "eval/e", end);
        eval(&box, "e");
        counts(&box, cases[i].counts);
        if (!cases[i].counts) {
            box_says(&box, "reason", "only a part of its samples was run");
        }
        box_close(&box);
    }
}

static void a_score_that_its_samples_do_not_make_was_edited(void **state) {
    static const struct {
        const char *first, *second, *reason; /* NULL: it counts */
    } cases[] = {
        {HELD ", \"value_sampled\": 1", HELD, NULL},
        {HELD ", \"value_sampled\": 0.9999999999", HELD, NULL}, /* summed up in another order */
        {HELD ", \"value_sampled\": 0.5", HELD, "its scores were edited: 't acc' is 1, its samples make 0.5"},
        {HELD, HELD ", \"value_sampled\": 1.25", "its scores were edited: 't acc' is 1, its samples make 1.25"},
        {HELD ", \"value_sampled\": 0.5", HELD ", \"value_sampled\": 1",
         "it was scored more than once, with different results: 't acc'"},
        {", \"label\": \"NaN\", \"value_sampled\": 1", ", \"label\": \"NaN\"",
         "its scores were edited: 't acc' is no number, its samples make 1; none of its scores was held against a "
         "threshold: its suite needs one, such as pass_rate_lower at_least"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        score(&box, "acc", cases[i].first);
        score(&box, "acc", cases[i].second);
        box_event(&box, "eval.finished", "eval/e", PASS(""));
        eval(&box, "e");
        counts(&box, cases[i].reason == NULL);
        if (cases[i].reason != NULL) {
            box_text(&box, "reason", cases[i].reason);
        }
        box_close(&box);
    }
}

static void a_task_that_is_scored_twice_with_different_results_speaks_against(void **state) {
    static const struct {
        const char *first, *second;
        bool counts;
    } cases[] = {
        {", \"value\": 0.05, \"threshold\": 0.01, \"higher_is_better\": true", HELD, false},
        {", \"value\": 1, \"threshold\": 0.5, \"higher_is_better\": true", HELD, false},
        {", \"value\": 1, \"threshold\": 1, \"higher_is_better\": false", HELD, false},
        {HELD ", \"verdict\": \"fail\"", HELD, false},
        {HELD, HELD, true},
        {", \"value\": 0.1, \"samples\": 1, \"samples_total\": 9", HELD, true}, /* under way */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        box_open(&box);
        score(&box, "acc", cases[i].first);
        score(&box, "acc", cases[i].second);
        score(&box, "acc", HELD); /* recording it again invalidates nothing */
        box_event(&box, "eval.finished", "eval/e", PASS(""));
        eval(&box, "e");
        counts(&box, cases[i].counts);
        if (!cases[i].counts) {
            box_text(&box, "reason", "it was scored more than once, with different results: 't acc'");
        }
        box_close(&box);
    }
}

static void a_result_file_counts_only_when_it_is_known_to_be_whole(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    import(&box, "null");
    score(&box, "f1", HELD ", \"value_sampled\": 1");
    eval(&box, "e");
    counts(&box, false);
    box_says(&box, "reason", "nothing says that all of its samples were run");
    import(&box, "true");
    eval(&box, "e");
    box_says(&box, "reason", "only a part of its samples was run");
    import(&box, "false"); /* its other files were found */
    eval(&box, "e");
    counts(&box, true);
    box_int(&box, "violations", 0);
    score(&box, "f2", HELD ", \"value_sampled\": 1, \"partial\": true");
    eval(&box, "e");
    counts(&box, false);
    box_close(&box);
}

static void a_corrected_score_takes_the_evaluation_back(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    import(&box, "false");
    score(&box, "f1", ", \"value\": 0.8, \"threshold\": 0.7, \"higher_is_better\": true");
    box_event(&box, "eval.invalidated", "eval/e",
              "{\"task\": \"t\", \"metric\": \"f1\", \"value\": 0.6, \"reason\": \"edited\"}");
    eval(&box, "e");
    box_text(&box, "state", "invalidated");
    box_text(&box, "reason", "it was invalidated: edited");
    counts(&box, false);
    assert_true(box_row(&box, "eval_scores", "e", "t", "f1", NULL));
    box_text(&box, "verdict", "fail");
    box_close(&box);
}

static void taking_back_a_result_of_an_older_run_leaves_the_newer_one(void **state) {
    struct box box;
    char body[64];
    (void)state;
    box_open(&box);
    uint64_t old = box_eval(&box, "eval/e", PASS(""));
    box_event(&box, "eval.started", "eval/e", "{" BINDINGS "}");
    uint64_t end = box_eval(&box, "eval/e", PASS(""));
    snprintf(body, sizeof(body), "{\"seq\": %llu}", (unsigned long long)old);
    box_event(&box, "eval.invalidated", "eval/e", body);
    eval(&box, "e");
    box_text(&box, "state", "finished");
    counts(&box, true);
    snprintf(body, sizeof(body), "{\"seq\": %llu}", (unsigned long long)end);
    box_event(&box, "eval.invalidated", "eval/e", body);
    eval(&box, "e");
    box_text(&box, "state", "invalidated");
    box_close(&box);
}

static void scores_alone_are_an_evaluation_without_beginning_and_end(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "eval.scored", "eval/e", "{\"metric\": \"f1\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}");
    box_event(&box, "eval.sample_failed", "eval/e", "{\"task\": \"t\", \"sample\": \"1\"}");
    eval(&box, "e");
    box_text(&box, "state", "scored");
    box_text(&box, "reason", "only scores of it are known, neither its beginning nor its end");
    box_null(&box, "verdict");
    box_int(&box, "samples_failed", 1);
    box_int(&box, "violations", 0);
    assert_true(box_row(&box, "eval_models", WEIGHTS, "e", NULL));
    box_event(&box, "eval.started", "eval/e", "{\"model\": \"m\"}");
    eval(&box, "e");
    box_text(&box, "state", "started");
    box_text(&box, "reason", "it has not finished");
    box_event(&box, "eval.scored", "eval/f", "{\"metric\": \"f1\"}");
    box_event(&box, "eval.finished", "eval/f", "{\"verdict\": \"pass\"}");
    eval(&box, "f");
    box_text(&box, "state", "finished");
    box_int(&box, "violations", 0);
    box_close(&box);
}

/* An evaluation of one passing score, with this start, score, failed sample and end. */
static void what_contradicts_itself_or_tells_of_a_part_counts_for_nothing(void **state) {
    static const char held[] = "\"task\": \"t\", \"metric\": \"acc\", \"value\": 0.9, \"threshold\": 0.8";
    static const struct {
        const char *start, *score, *sample, *end, *reason;
    } cases[] = {
        {NULL, "", NULL, "", NULL},
        {"\"samples\": 100", "", NULL, ", \"samples\": 1", "only a part of its samples was run: 1 of 100"},
        {"\"samples\": 100", ", \"samples\": 1", NULL, "", "only a part of its samples was run: 1 of 100"},
        {"\"samples\": 100", ", \"samples\": 100", NULL, "", NULL},
        {NULL, ", \"samples\": 1", NULL, ", \"samples\": 100", "only a part of its samples was run: 1 of 100"},
        {NULL, ", \"partial_reasons\": [\"limit\"]", NULL, "", "only a part of its samples was run"},
        {NULL, ", \"partial_reasons\": []", NULL, "", NULL},
        {NULL, ", \"samples\": 100", NULL, ", \"samples\": 1",
         "its numbers contradict each other: 1 samples were run, and more are behind 't acc'"},
        {"\"samples\": 1", "", NULL, ", \"samples\": 2", "its numbers contradict each other: 2 samples were run of 1"},
        {NULL, "", NULL, ", \"samples\": 0", "no sample was run"},
        {NULL, ", \"samples\": 0", NULL, "", "no sample was run for 't acc'"},
        {NULL, "", NULL, ", \"passed\": 0", "it says that 0 of its scores passed, and 1 score passes"},
        {NULL, "", NULL, ", \"passed\": 1", NULL},
        {NULL, "", "\"failure\": \"assertion\"", "", NULL},
        {NULL, "", "\"failure\": \"limit\"", ", \"errors\": 0", NULL},
        {NULL, "", "\"metric\": \"acc\"", "", NULL},
        {NULL, "", "\"failure\": \"error\"", "", "1 of its samples ended in an error, or nobody says how they failed"},
        {NULL, "", "\"failure\": \"unknown\", \"metric\": \"acc\"", ", \"errors\": 0",
         "1 of its samples ended in an error"},
        {NULL, "", "\"sample\": \"7\"", "", "1 of its samples ended in an error"},
        {NULL, "", "\"failure\": \"error\"", ", \"errors\": 2", "2 of its samples ended in an error"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct box box;
        char body[512];
        box_open(&box);
        if (cases[i].start != NULL) {
            snprintf(body, sizeof(body), "{%s}", cases[i].start);
            box_event(&box, "eval.started", "eval/e", body);
        }
        snprintf(body, sizeof(body), "{%s, \"higher_is_better\": true%s}", held, cases[i].score);
        box_event(&box, "eval.scored", "eval/e", body);
        if (cases[i].sample != NULL) {
            snprintf(body, sizeof(body), "{%s}", cases[i].sample);
            box_event(&box, "eval.sample_failed", "eval/e", body);
        }
        snprintf(body, sizeof(body), "{\"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"%s}", cases[i].end);
        box_event(&box, "eval.finished", "eval/e", body);
        eval(&box, "e");
        counts(&box, cases[i].reason == NULL);
        if (cases[i].reason != NULL) {
            box_says(&box, "reason", cases[i].reason);
        }
        box_close(&box);
    }
}

static void a_score_and_its_suite_have_to_agree_on_what_is_better(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    box_event(&box, "eval.suite_declared", "suite/s",
              "{\"suite\": \"s\", \"tasks\": [{\"name\": \"t\", \"metric\": \"x\", \"threshold\": 0.5, "
              "\"higher_is_better\": true}]}");
    box_event(&box, "eval.scored", "eval/e",
              "{\"task\": \"t\", \"metric\": \"x\", \"value\": 1, \"higher_is_better\": false}");
    box_event(&box, "eval.finished", "eval/e", "{\"suite\": \"s\", \"digest\": \"" WEIGHTS "\", \"verdict\": \"pass\"}");
    eval(&box, "e");
    counts(&box, false);
    box_says(&box, "reason", "it is said both that more and that less is better for 't x'");
    assert_true(box_row(&box, "eval_scores", "e", "t", "x", NULL));
    box_text(&box, "verdict", "unknown");
    box_text(&box, "side", "unknown");
    box_close(&box);
}

static void a_negative_number_of_samples_is_refused(void **state) {
    static const char *const fields[] = {"samples", "samples_total"};
    (void)state;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct buf body, private_;
        uint32_t masked;
        struct err err;
        uint8_t map[32];
        size_t n = strlen(fields[i]);
        buf_init(&body, 4096);
        buf_init(&private_, 4096);
        map[0] = 0x81;
        map[1] = (uint8_t)(0xa0 | n);
        memcpy(map + 2, fields[i], n);
        map[2 + n] = 0xff;
        const struct bytes none = {0}, given = {map, n + 3};
        assert_int_equal(kind_sort(bytes_of("eval.finished"), given, none, none, &body, &private_, &masked, &err),
                         ERR_INVALID);
        assert_non_null(strstr(err.msg, "is a negative integer"));
        buf_done(&body);
        buf_done(&private_);
    }
}

static void what_is_found_cites_the_scores_that_it_names_and_the_suite_that_asks(void **state) {
    struct box box;
    (void)state;
    box_open(&box);
    uint64_t suite = box_event(&box, "eval.suite_declared", "suite/s",
                               "{\"suite\": \"s\", \"tasks\": [{\"name\": \"t\", \"metric\": \"acc\", \"threshold\": 0.8, "
                               "\"higher_is_better\": true}, {\"name\": \"u\"}]}");
    uint64_t low = box_event(&box, "eval.scored", "eval/e", "{\"task\": \"t\", \"metric\": \"acc\", \"value\": 0.2}");
    box_event(&box, "eval.scored", "eval/e", "{\"task\": \"v\", \"metric\": \"acc\", \"value\": 0.9}");
    uint64_t end = box_event(&box, "eval.finished", "eval/e", "{\"suite\": \"s\", \"digest\": \"" WEIGHTS "\"}");
    eval(&box, "e");
    counts(&box, false);
    box_says(&box, "reason", "at least 0.8 is asked for");
    box_says(&box, "reason", "was not scored: 'u'");
    box_evidence(&box, 3, suite, low, end);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_contradicts_itself_or_tells_of_a_part_counts_for_nothing),
        cmocka_unit_test(a_score_and_its_suite_have_to_agree_on_what_is_better),
        cmocka_unit_test(a_negative_number_of_samples_is_refused),
        cmocka_unit_test(what_is_found_cites_the_scores_that_it_names_and_the_suite_that_asks),
        cmocka_unit_test(a_full_pass_counts_and_its_bindings_are_kept),
        cmocka_unit_test(an_evaluation_that_ends_on_other_weights_than_it_began_on_does_not_count),
        cmocka_unit_test(without_weights_it_is_for_a_name),
        cmocka_unit_test(a_new_start_under_the_same_id_forgets_the_run_before),
        cmocka_unit_test(steps_that_are_not_legal_show_as_violations),
        cmocka_unit_test(a_result_file_has_the_verdict_that_its_thresholds_make),
        cmocka_unit_test(a_score_or_an_end_with_fewer_samples_than_there_are_is_partial),
        cmocka_unit_test(a_score_that_its_samples_do_not_make_was_edited),
        cmocka_unit_test(a_task_that_is_scored_twice_with_different_results_speaks_against),
        cmocka_unit_test(a_result_file_counts_only_when_it_is_known_to_be_whole),
        cmocka_unit_test(what_a_result_file_says_of_itself_is_not_taken_back),
        cmocka_unit_test(a_corrected_score_takes_the_evaluation_back),
        cmocka_unit_test(taking_back_a_result_of_an_older_run_leaves_the_newer_one),
        cmocka_unit_test(scores_alone_are_an_evaluation_without_beginning_and_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
