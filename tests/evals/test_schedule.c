/* Plans and the scheduler, with a target of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "evals/run/schedule.h"

#define CASES 300

struct box {
    struct suite suite;
    struct suite_case cases[CASES];
    struct bytes tag;
    char ids[CASES][16];
    struct run_plan plan;
    struct schedule how;
    pthread_mutex_t lock;
    unsigned in_flight, most_in_flight, asked[CASES], lane_users[RUN_LANES_MAX];
    bool shared_lane;
    unsigned taken[CASES], batches;
    pthread_t home;
    size_t fails_at;              /* this case does not pass */
    size_t breaks_at, refuses_at; /* the target, `take` fails there */
    volatile int stop;
    size_t stops_at;
    enum run_answer_end end;
    enum run_fault faults[CASES]; /* of the first answers of a case */
    unsigned faulty[CASES];       /* so many of them */
    bool uncounted;               /* it states no tokens */
    bool dead;                    /* it is not alive when it is asked */
    unsigned judge_away;          /* so many questions to the judge get no answer */
    unsigned errors;              /* taken */
    struct err err;
};

static int answer(void *ctx, unsigned lane, const struct suite *suite, const struct suite_case *one, uint64_t repeat,
                  struct run_answer *ret, struct err *err) {
    struct box *b = ctx;
    size_t at = (size_t)(one - suite->cases);
    (void)repeat;
    pthread_mutex_lock(&b->lock);
    b->asked[at]++;
    b->in_flight++;
    b->most_in_flight = b->in_flight > b->most_in_flight ? b->in_flight : b->most_in_flight;
    b->shared_lane = b->shared_lane || b->lane_users[lane]++ > 0;
    pthread_mutex_unlock(&b->lock);
    buf_init(&ret->output, 64);
    buf_put_bytes(&ret->output, one->id);
    ret->tokens_in = b->uncounted ? SAMPLE_ABSENT : 1;
    ret->tokens_out = b->uncounted ? SAMPLE_ABSENT : 2;
    ret->end = at == b->stops_at ? RUN_ERRED : b->end;
    if (b->asked[at] <= b->faulty[at]) {
        ret->end = RUN_ERRED;
        ret->fault = b->faults[at];
        (void)snprintf(ret->why, sizeof(ret->why), "nobody is there");
    }
    if (at == b->stops_at) __atomic_store_n(&b->stop, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&b->lock);
    b->in_flight--;
    b->lane_users[lane]--;
    pthread_mutex_unlock(&b->lock);
    return at == b->breaks_at ? err_set(err, ERR_IO, "it broke") : 0;
}

static int judge(void *ctx, unsigned lane, const struct suite_case *one, uint64_t repeat, const struct run_answer *a,
                 struct run_judged *ret, struct err *err) {
    struct box *b = ctx;
    (void)lane;
    (void)repeat;
    (void)err;
    size_t at = (size_t)(one - b->suite.cases);
    pthread_mutex_lock(&b->lock);
    ret->away = b->judge_away > 0;
    b->judge_away -= ret->away && b->judge_away != UINT_MAX;
    pthread_mutex_unlock(&b->lock);
    ret->n = ret->away;
    ret->outcome = a->end == RUN_ERRED ? SAMPLE_ERRED : at == b->fails_at ? SAMPLE_MISSED : SAMPLE_PASSED;
    return 0;
}

static int take(void *ctx, struct run_done *const *done, size_t n, struct err *err) {
    struct box *b = ctx;
    assert_true(pthread_equal(b->home, pthread_self()));
    assert_true(n > 0);
    b->batches++;
    for (size_t i = 0; i < n; i++) {
        size_t at = b->plan.items[done[i]->item].at;
        assert_true(bytes_eq(bytes_of_buf(&done[i]->answer.output), b->suite.cases[at].id));
        b->taken[at]++;
        b->errors += done[i]->judged.outcome == SAMPLE_ERRED;
        if (at == b->refuses_at) return err_set(err, ERR_FULL, "no room");
    }
    return 0;
}

static int setup(void **state) {
    struct box *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    b->tag = bytes_of("odd");
    for (size_t i = 0; i < CASES; i++) {
        snprintf(b->ids[i], sizeof(b->ids[i]), "c%zu", i);
        b->cases[i] = (struct suite_case){.id = bytes_of(b->ids[i]), .repeats = 1, .weight = 1};
        b->cases[i].digest[0] = (uint8_t)i;
        b->cases[i].digest[1] = (uint8_t)(i >> 8);
        if (i % 2 == 1) {
            b->cases[i].tags = &b->tag;
            b->cases[i].tags_n = 1;
        }
    }
    b->suite = (struct suite){.name = bytes_of("s"), .cases = b->cases, .cases_n = CASES};
    b->how = (struct schedule){.suite = &b->suite,
                               .plan = &b->plan,
                               .target = {.ctx = b, .answer = answer},
                               .lanes = 8,
                               .stop = &b->stop,
                               .judge = judge,
                               .take = take,
                               .ctx = b};
    b->fails_at = b->breaks_at = b->refuses_at = b->stops_at = SIZE_MAX;
    b->home = pthread_self();
    pthread_mutex_init(&b->lock, NULL);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct box *b = *state;
    run_plan_done(&b->plan);
    pthread_mutex_destroy(&b->lock);
    free(b);
    return 0;
}

static void plan(struct box *b, struct run_choice choice) {
    run_plan_done(&b->plan);
    assert_int_equal(run_plan_make(&b->suite, &choice, &b->plan, &b->err), 0);
}

static enum schedule_end go(struct box *b) {
    enum schedule_end end = SCHEDULE_TIME;
    int rc = schedule_run(&b->how, &end, &b->err);
    if (rc != 0) fail_msg("%s", b->err.msg);
    return end;
}

static size_t sum(const unsigned *n) {
    size_t all = 0;
    for (size_t i = 0; i < CASES; i++)
        all += n[i];
    return all;
}

/* ---- plans ---- */

static void a_plan_has_each_case_as_often_as_the_suite_says(void **state) {
    struct box *b = *state;
    b->cases[7].repeats = 3;
    plan(b, (struct run_choice){0});
    assert_int_equal(b->plan.n, CASES + 2);
    assert_int_equal(b->plan.total, CASES + 2);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(b->plan.items[7 + i].at, 7);
        assert_int_equal(b->plan.items[7 + i].repeat, i);
    }
}

static void a_plan_that_leaves_something_out_knows_how_much_there_is(void **state) {
    static const char *const odd[] = {"odd"};
    struct box *b = *state;
    plan(b, (struct run_choice){.only = odd, .only_n = 1});
    assert_int_equal(b->plan.n, CASES / 2);
    assert_int_equal(b->plan.total, CASES);
    b->cases[0].repeats = 5;
    plan(b, (struct run_choice){.repeats = 2});
    assert_int_equal(b->plan.n, 2 * CASES);
    assert_int_equal(b->plan.total, 2 * CASES + 3);
}

static void a_tag_that_no_case_has_is_refused(void **state) {
    static const char *const none[] = {"odd", "even"};
    struct box *b = *state;
    const struct run_choice choice = {.only = none, .only_n = 2};
    assert_int_equal(run_plan_make(&b->suite, &choice, &b->plan, &b->err), ERR_INVALID);
    assert_string_equal(b->err.msg, "no case of the suite has the tag 'even'");
}

static void a_shuffled_plan_is_a_permutation_that_follows_from_its_seed(void **state) {
    struct box *b = *state;
    struct run_plan again = {0};
    const struct run_choice seven = {.shuffled = true, .shuffle = 7};
    bool seen[CASES] = {false}, moved = false;
    plan(b, seven);
    assert_int_equal(run_plan_make(&b->suite, &seven, &again, &b->err), 0);
    assert_int_equal(b->plan.n, CASES);
    for (size_t i = 0; i < CASES; i++) {
        assert_false(seen[b->plan.items[i].at]);
        seen[b->plan.items[i].at] = true;
        moved = moved || b->plan.items[i].at != i;
        assert_int_equal(again.items[i].at, b->plan.items[i].at);
    }
    assert_true(moved);
    assert_memory_equal(again.digest, b->plan.digest, HASH_LEN);
    run_plan_done(&again);
}

static void whatever_changes_a_plan_changes_its_digest(void **state) {
    static const char *const odd[] = {"odd"};
    struct box *b = *state;
    const struct run_choice choices[] = {{0},
                                         {.only = odd, .only_n = 1},
                                         {.repeats = 2},
                                         {.shuffled = true, .shuffle = 1},
                                         {.shuffled = true, .shuffle = 2}};
    uint8_t digests[8][HASH_LEN];
    size_t n = 0;
    for (; n < 5; n++) {
        plan(b, choices[n]);
        memcpy(digests[n], b->plan.digest, HASH_LEN);
    }
    b->suite.digest[0] = 1;
    plan(b, choices[0]);
    memcpy(digests[n++], b->plan.digest, HASH_LEN);
    b->suite.digest[0] = 0;
    b->cases[3].seeded = true;
    plan(b, choices[0]);
    memcpy(digests[n++], b->plan.digest, HASH_LEN);
    b->cases[3].seed = 1;
    plan(b, choices[0]);
    memcpy(digests[n++], b->plan.digest, HASH_LEN);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(digests[i], digests[k], HASH_LEN);
    }
}

/* ---- the scheduler ---- */

static void each_sample_is_asked_and_taken_once(void **state) {
    struct box *b = *state;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_ALL);
    for (size_t i = 0; i < CASES; i++) {
        assert_int_equal(b->asked[i], 1);
        assert_int_equal(b->taken[i], 1);
    }
    assert_true(b->most_in_flight <= 8);
    assert_false(b->shared_lane);
}

static void a_target_has_no_more_lanes_than_it_allows(void **state) {
    struct box *b = *state;
    b->how.target.lanes_max = 1;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_ALL);
    assert_int_equal(b->most_in_flight, 1);
}

static void what_is_there_already_is_not_asked_again(void **state) {
    struct box *b = *state;
    bool there[CASES] = {false};
    there[0] = there[5] = there[CASES - 1] = true;
    b->how.there = there;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_ALL);
    for (size_t i = 0; i < CASES; i++)
        assert_int_equal(b->asked[i], !there[i]);
}

static void after_a_failure_nothing_more_is_begun_if_so_asked(void **state) {
    struct box *b = *state;
    b->how.fail_fast = true;
    b->how.lanes = 1;
    b->fails_at = 10;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_FAIL_FAST);
    assert_int_equal(b->taken[10], 1);
    assert_int_equal(sum(b->taken), sum(b->asked));
    assert_int_equal(sum(b->asked), 11);
}

static void a_budget_of_tokens_ends_it(void **state) {
    struct box *b = *state;
    b->how.tokens = 30;
    b->how.lanes = 1;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_TOKENS);
    assert_int_equal(sum(b->taken), 10);
}

static void a_budget_is_kept_where_no_tokens_are_stated(void **state) {
    struct box *b = *state;
    b->how.tokens = 3 * 4; /* bytes of four answers, of 2 or 3 each, are fewer; of six they are as many */
    b->how.lanes = 1;
    b->uncounted = true;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_TOKENS);
    assert_in_range(sum(b->taken), 4, 6);
}

static void a_budget_that_the_last_sample_uses_up_ends_nothing(void **state) {
    struct box *b = *state;
    b->how.tokens = 3 * CASES;
    b->how.lanes = 1;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_ALL);
    assert_int_equal(sum(b->taken), CASES);
}

static void time_that_is_over_ends_it_before_anything_is_asked(void **state) {
    struct box *b = *state;
    b->how.until_ns = 1;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_TIME);
    assert_int_equal(sum(b->asked), 0);
}

static void what_fails_once_it_is_stopped_is_dropped(void **state) {
    struct box *b = *state;
    b->stops_at = 3;
    b->how.lanes = 1;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_INTERRUPTED);
    assert_int_equal(sum(b->asked), 4);
    assert_int_equal(sum(b->taken), 3);
    assert_int_equal(b->taken[3], 0);
}

static void errors_are_taken_like_everything_else(void **state) {
    struct box *b = *state;
    b->end = RUN_ERRED;
    plan(b, (struct run_choice){0});
    assert_int_equal(go(b), SCHEDULE_ALL);
    assert_int_equal(sum(b->taken), CASES);
}

/* ---- a target that does not answer ---- */

static bool alive(void *ctx, unsigned lane) {
    (void)lane;
    return !((struct box *)ctx)->dead;
}

static void a_target_that_is_never_there_uses_up_no_sample(void **state) {
    static const enum run_fault faults[] = {RUN_FAULT_AWAY, RUN_FAULT_CUT, RUN_FAULT_SILENT};
    struct box *b = *state;
    char why[RUN_WHY_MAX] = "";
    plan(b, (struct run_choice){0});
    b->how.ret_why = why;
    b->how.target.alive = alive;
    b->dead = true;
    b->how.lanes = 1;
    for (size_t i = 10; i < CASES; i++) {
        b->faults[i] = faults[i % 3];
        b->faulty[i] = UINT_MAX;
    }
    assert_int_equal(go(b), SCHEDULE_UNREACHABLE);
    assert_int_equal(sum(b->taken), 10);
    assert_string_equal(why, "nobody is there");
}

static void a_target_that_comes_back_has_answered_everything_once(void **state) {
    struct box *b = *state;
    plan(b, (struct run_choice){0});
    b->how.patience_ns = UINT64_C(600) * CLOCK_NS_PER_S;
    for (size_t i = 0; i < 5; i++) {
        b->faults[i * 7] = i == 4 ? RUN_FAULT_CUT : RUN_FAULT_AWAY;
        b->faulty[i * 7] = 1;
    }
    assert_int_equal(go(b), SCHEDULE_ALL);
    for (size_t i = 0; i < CASES; i++) {
        assert_int_equal(b->taken[i], 1);
        assert_int_equal(b->asked[i], 1 + b->faulty[i]);
    }
    assert_int_equal(b->errors, 0);
}

static void a_case_that_breaks_a_target_that_is_there_is_an_error(void **state) {
    struct box *b = *state;
    plan(b, (struct run_choice){0});
    b->how.patience_ns = UINT64_C(600) * CLOCK_NS_PER_S;
    b->how.target.alive = alive;
    b->faults[3] = RUN_FAULT_CUT;
    b->faults[5] = RUN_FAULT_SILENT;
    b->faulty[3] = b->faulty[5] = UINT_MAX;
    assert_int_equal(go(b), SCHEDULE_ALL);
    assert_int_equal(sum(b->taken), CASES);
    assert_int_equal(b->errors, 2);
    assert_int_equal(b->asked[3], 2); /* it may have been restarted */
    assert_int_equal(b->asked[5], 1);
}

static void a_stop_ends_the_wait(void **state) {
    struct box *b = *state;
    plan(b, (struct run_choice){0});
    b->how.patience_ns = UINT64_C(600) * CLOCK_NS_PER_S;
    b->how.lanes = 1;
    b->stops_at = 4;
    b->faults[4] = RUN_FAULT_AWAY;
    b->faulty[4] = UINT_MAX;
    assert_int_equal(go(b), SCHEDULE_INTERRUPTED);
    assert_int_equal(sum(b->taken), 4);
}

static void a_judge_that_is_not_there_is_waited_for_too(void **state) {
    struct box *b = *state;
    plan(b, (struct run_choice){0});
    b->judge_away = 3;
    b->how.patience_ns = UINT64_C(600) * CLOCK_NS_PER_S;
    assert_int_equal(go(b), SCHEDULE_ALL);
    assert_int_equal(sum(b->asked), CASES);
    assert_int_equal(b->errors, 0);
    memset(b->taken, 0, sizeof(b->taken));
    b->judge_away = UINT_MAX;
    b->how.patience_ns = 0;
    assert_int_equal(go(b), SCHEDULE_UNREACHABLE);
    assert_int_equal(sum(b->taken), 0);
}

static void a_failure_of_the_target_or_of_who_takes_ends_it_with_its_words(void **state) {
    struct box *b = *state;
    enum schedule_end end;
    plan(b, (struct run_choice){0});
    b->breaks_at = 20;
    b->how.lanes = 1;
    assert_int_equal(schedule_run(&b->how, &end, &b->err), ERR_IO);
    assert_string_equal(b->err.msg, "it broke");
    assert_int_equal(sum(b->asked), 21);
    b->breaks_at = SIZE_MAX;
    b->refuses_at = 0;
    assert_int_equal(schedule_run(&b->how, &end, &b->err), ERR_FULL);
    assert_string_equal(b->err.msg, "no room");
}

static void no_more_are_begun_than_the_rate_allows(void **state) {
    static const char *const odd[] = {"odd"};
    struct box *b = *state;
    b->how.rate = 1000;
    plan(b, (struct run_choice){.only = odd, .only_n = 1});
    uint64_t begun = clock_monotonic_ns();
    assert_int_equal(go(b), SCHEDULE_ALL);
    assert_true(clock_monotonic_ns() - begun >= (CASES / 2 - 1) * UINT64_C(1000000));
    assert_int_equal(sum(b->taken), CASES / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_plan_has_each_case_as_often_as_the_suite_says),
        TEST(a_plan_that_leaves_something_out_knows_how_much_there_is),
        TEST(a_tag_that_no_case_has_is_refused),
        TEST(a_shuffled_plan_is_a_permutation_that_follows_from_its_seed),
        TEST(whatever_changes_a_plan_changes_its_digest),
        TEST(each_sample_is_asked_and_taken_once),
        TEST(a_target_has_no_more_lanes_than_it_allows),
        TEST(what_is_there_already_is_not_asked_again),
        TEST(after_a_failure_nothing_more_is_begun_if_so_asked),
        TEST(a_budget_of_tokens_ends_it),
        TEST(a_budget_is_kept_where_no_tokens_are_stated),
        TEST(a_budget_that_the_last_sample_uses_up_ends_nothing),
        TEST(time_that_is_over_ends_it_before_anything_is_asked),
        TEST(what_fails_once_it_is_stopped_is_dropped),
        TEST(errors_are_taken_like_everything_else),
        TEST(a_target_that_is_never_there_uses_up_no_sample),
        TEST(a_target_that_comes_back_has_answered_everything_once),
        TEST(a_case_that_breaks_a_target_that_is_there_is_an_error),
        TEST(a_stop_ends_the_wait),
        TEST(a_judge_that_is_not_there_is_waited_for_too),
        TEST(a_failure_of_the_target_or_of_who_takes_ends_it_with_its_words),
        TEST(no_more_are_begun_than_the_rate_allows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
