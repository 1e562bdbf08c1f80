/* Comparing two evaluations: by hand, and against a simple reference over random ones. */
#include "base/clock.h"
#include "projections/ready/eval.h"
#include "projections/ready/eval_compare.h"
#include "tests/projections/state_box.h"

#define TASKS 5

static struct box b;
static uint64_t x;

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
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (x >> 11) % n;
}

/* ---- one comparison ---- */

struct told {
    bool there[TASKS];
    enum eval_change change[TASKS];
    size_t n;
    int last; /* task */
};

static int note(void *ctx, const struct eval_pair *pair, struct err *err) {
    struct told *told = ctx;
    struct bytes task = row_text(pair->after != NULL ? pair->after : pair->before, EVAL_SCORE_TASK);
    int number = task.n == 2 ? task.p[1] - '0' : -1;
    (void)err;
    assert_true(number >= 0 && number < TASKS && number > told->last); /* in order, no duplicates */
    told->last = number;
    told->there[number] = true;
    told->change[number] = pair->change;
    told->n++;
    assert_true((pair->before == NULL) == (pair->change == EVAL_CHANGE_NEW));
    assert_true((pair->after == NULL) == (pair->change == EVAL_CHANGE_MISSING));
    return 0;
}

static void compare(const char *before, const char *after, struct told *ret) {
    const char *names[] = {before, after};
    struct row rows[2];
    size_t table;
    box_view(&b, LOG_NO_SEQ, 0);
    table = state_table_find(b.view, "evals");
    for (size_t i = 0; i < 2; i++) {
        const struct bytes id = bytes_of(names[i]);
        row_init(&rows[i], state_table(b.view, table));
        assert_int_equal(state_get(b.view, table, &id, 1, &rows[i], &b.err), 0);
    }
    *ret = (struct told){.last = -1};
    assert_int_equal(eval_compare(b.view, &rows[0], &rows[1], note, ret, &b.err), 0);
    row_done(&rows[0]);
    row_done(&rows[1]);
}

static void scored(const char *eval, int task, const char *rest) {
    char subject[40], json[200];
    snprintf(subject, sizeof(subject), "eval/%s", eval);
    snprintf(json, sizeof(json), "{\"task\":\"t%d\",\"metric\":\"m\"%s}", task, rest);
    box_event(&b, "eval.scored", subject, json);
}

static void better_is_where_its_direction_says(void **state) {
    struct told told;
    (void)state;
    box_event(&b, "eval.started", "eval/a", "{\"suite\":\"s\"}");
    scored("a", 0, ",\"value\":0.8,\"higher_is_better\":true");
    scored("a", 1, ",\"value\":0.8,\"higher_is_better\":false");
    scored("a", 2, ",\"value\":0.8");
    scored("a", 3, ",\"value\":0.8");
    box_event(&b, "eval.started", "eval/b", "{\"suite\":\"s\"}");
    scored("b", 4, ",\"value\":1");
    box_event(&b, "eval.started", "eval/b", "{\"suite\":\"s\"}"); /* restarted: earlier scores do not belong to it */
    scored("b", 0, ",\"value\":0.4");
    scored("b", 1, ",\"value\":0.4");
    scored("b", 2, ",\"value\":0.4");
    compare("a", "b", &told);
    assert_int_equal(told.n, 4);
    assert_int_equal(told.change[0], EVAL_CHANGE_WORSE);
    assert_int_equal(told.change[1], EVAL_CHANGE_BETTER);
    assert_int_equal(told.change[2], EVAL_CHANGE_OTHER);
    assert_int_equal(told.change[3], EVAL_CHANGE_MISSING);
    box_event(&b, "eval.suite_declared", "suite/s",
              "{\"suite\":\"s\",\"tasks\":[{\"name\":\"t2\",\"higher_is_better\":true}]}");
    compare("b", "a", &told);
    assert_int_equal(told.change[2], EVAL_CHANGE_BETTER);
    assert_int_equal(told.change[3], EVAL_CHANGE_NEW);
    compare("a", "a", &told);
    assert_int_equal(told.n, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(told.change[i], EVAL_CHANGE_SAME);
    }
}

/* ---- the reference ---- */

enum { NO_VALUE = -1, A_WORD = -2 }; /* otherwise the value is this many tenths */
struct score {
    bool there;
    int value, higher; /* higher: -1 not given */
};

static enum eval_change expected(const struct score *a, const struct score *b_, int suite) {
    int directions[] = {a->higher >= 0 ? a->higher : suite, b_->higher >= 0 ? b_->higher : suite};
    int told = directions[1] >= 0 ? directions[1] : directions[0];
    if (!a->there || !b_->there) return a->there ? EVAL_CHANGE_MISSING : EVAL_CHANGE_NEW;
    if (a->value == b_->value) return EVAL_CHANGE_SAME;
    if (a->value < 0 || b_->value < 0 || told < 0 ||
        (directions[0] >= 0 && directions[1] >= 0 && directions[0] != directions[1])) {
        return EVAL_CHANGE_OTHER;
    }
    return (b_->value > a->value) == (told == 1) ? EVAL_CHANGE_BETTER : EVAL_CHANGE_WORSE;
}

static void put_score(const char *eval, int task, struct score *ret) {
    char rest[120] = "";
    int n = 0;
    *ret = (struct score){.there = below(4) > 0, .value = (int)below(5) - 2, .higher = (int)below(3) - 1};
    if (!ret->there) return;
    if (ret->value >= 0) {
        n = snprintf(rest, sizeof(rest), ",\"value\":0.%d", ret->value);
    } else if (ret->value == A_WORD) {
        n = snprintf(rest, sizeof(rest), ",\"label\":\"good\"");
    }
    if (ret->higher >= 0) {
        snprintf(rest + n, sizeof(rest) - (size_t)n, ",\"higher_is_better\":%s", ret->higher ? "true" : "false");
    }
    scored(eval, task, rest);
}

static void random_pair(void) {
    struct score scores[2][TASKS];
    int suite[TASKS];
    char tasks[400] = "";
    struct told told;
    size_t n = 0;
    for (int t = 0; t < TASKS; t++) {
        suite[t] = (int)below(3) - 1;
        if (suite[t] >= 0) {
            size_t at = strlen(tasks);
            snprintf(tasks + at, sizeof(tasks) - at, "%s{\"name\":\"t%d\",\"higher_is_better\":%s}", at > 0 ? "," : "", t,
                     suite[t] ? "true" : "false");
        }
    }
    char json[500];
    snprintf(json, sizeof(json), "{\"suite\":\"s\",\"tasks\":[%s]}", tasks);
    box_event(&b, "eval.suite_declared", "suite/s", json);
    for (size_t i = 0; i < 2; i++) {
        const char *eval = i == 0 ? "a" : "b";
        box_event(&b, "eval.started", i == 0 ? "eval/a" : "eval/b", "{\"suite\":\"s\"}");
        for (int t = 0; t < TASKS; t++) {
            put_score(eval, t, &scores[i][t]);
        }
    }
    compare("a", "b", &told);
    for (int t = 0; t < TASKS; t++) {
        bool there = scores[0][t].there || scores[1][t].there;
        assert_true(told.there[t] == there);
        n += there;
        if (there) {
            assert_int_equal(told.change[t], expected(&scores[0][t], &scores[1][t], suite[t]));
        }
    }
    assert_int_equal(told.n, n);
}

static void changes_are_those_of_the_reference(void **state) {
    (void)state;
    const char *one = getenv("LEDGER_SEED");
    const uint64_t random = clock_wall_ns() | 1, seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 5, 41, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        x = seeds[i];
        for (size_t k = 0; k < 20; k++) { /* under the same names there are older runs, too */
            random_pair();
        }
        box_close(&b);
        box_open(&b);
    }
}

/* ---- scores without a model ---- */

static void a_score_of_no_named_model_is_a_result_of_its_evaluation(void **state) {
    (void)state;
    uint64_t first = box_event(&b, "eval.scored", "eval/e", "{\"task\":\"t\",\"metric\":\"m\",\"value\":0.8}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "eval_results", "eval/e", "t", "m", NULL));
    box_int(&b, "seq", (int64_t)first);
    box_event(&b, "eval.scored", "eval/e", "{\"task\":\"t\",\"metric\":\"m\",\"value\":0.4}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "eval_results", "eval/e", "t", "m", NULL));
    assert_true(row_real(&b.row, box_column(&b, "value_before")) > 0.7);
    box_event(&b, "eval.scored", "eval/f", "{\"task\":\"t\",\"metric\":\"m\",\"value\":0.4,\"model\":\"llama3\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "eval_results", "llama3", "t", "m", NULL));
    assert_false(box_row(&b, "eval_results", "eval/f", "t", "m", NULL));
}

static void every_score_says_on_which_side_it_is(void **state) {
    static const struct {
        const char *rest, *side, *verdict;
    } cases[] = {{",\"value\":0.8,\"threshold\":0.8,\"higher_is_better\":true", "reaches", "pass"},
                 {",\"value\":0.7,\"threshold\":0.8,\"higher_is_better\":true", "misses", "fail"},
                 {",\"value\":0.7,\"threshold\":0.8,\"higher_is_better\":false", "reaches", "pass"},
                 {",\"value\":0.7,\"threshold\":0.8", "unknown", "unknown"},
                 {",\"value\":0.7", "", ""}};
    (void)state;
    for (int i = 0; i < (int)(sizeof(cases) / sizeof(cases[0])); i++) {
        char task[8];
        scored("e", i, cases[i].rest);
        box_view(&b, LOG_NO_SEQ, 0);
        snprintf(task, sizeof(task), "t%d", i);
        assert_true(box_row(&b, "eval_scores", "e", task, "m", NULL));
        box_text(&b, "side", cases[i].side);
        box_text(&b, "verdict", cases[i].verdict);
    }
    assert_true(box_row(&b, "evals", "e", NULL));
    box_text(&b, "scored", "t0 m 0.8 reaches 0.8; t1 m 0.7 misses 0.8; t2 m 0.7 reaches 0.8; and 2 more");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(better_is_where_its_direction_says, start, finish),
        cmocka_unit_test_setup_teardown(changes_are_those_of_the_reference, start, finish),
        cmocka_unit_test_setup_teardown(a_score_of_no_named_model_is_a_result_of_its_evaluation, start, finish),
        cmocka_unit_test_setup_teardown(every_score_says_on_which_side_it_is, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
