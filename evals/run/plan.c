/* The order is the suite's, a case's repeats after one another; shuffled, it is a permutation that follows from the seed
 * alone (splitmix64 and Fisher-Yates). */
#include "evals/run/plan.h"

#include <stdlib.h>

static bool has_tag(const struct suite_case *one, const char *tag) {
    for (size_t i = 0; i < one->tags_n; i++) {
        if (bytes_is(one->tags[i], tag)) return true;
    }
    return false;
}

static bool is_chosen(const struct suite_case *one, const struct run_choice *choice) {
    for (size_t i = 0; i < choice->only_n; i++) {
        if (has_tag(one, choice->only[i])) return true;
    }
    return choice->only_n == 0;
}

static int check_tags(const struct suite *suite, const struct run_choice *choice, struct err *err) {
    for (size_t i = 0; i < choice->only_n; i++) {
        bool found = false;
        for (size_t k = 0; !found && k < suite->cases_n; k++) {
            found = has_tag(&suite->cases[k], choice->only[i]);
        }
        if (!found) return err_set(err, ERR_INVALID, "no case of the suite has the tag '%.100s'", choice->only[i]);
    }
    return 0;
}

static uint64_t random_next(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* Below n, each as likely as any other. */
static uint64_t random_below(uint64_t *state, uint64_t n) {
    uint64_t floor = -n % n, value;
    do {
        value = random_next(state);
    } while (value < floor);
    return value % n;
}

static void shuffle(struct run_plan *plan, uint64_t seed) {
    for (size_t i = plan->n; i > 1; i--) {
        size_t k = (size_t)random_below(&seed, i);
        struct run_item item = plan->items[k];
        plan->items[k] = plan->items[i - 1];
        plan->items[i - 1] = item;
    }
}

static int take_digest(const struct suite *suite, struct run_plan *plan, struct err *err) {
    struct hash *hash = hash_new();
    if (hash == NULL) return err_set(err, ERR_NOMEM, "no memory for the digest of a plan");
    hash_put(hash, suite->digest, HASH_LEN);
    for (size_t i = 0; i < plan->n; i++) {
        const struct suite_case *one = &suite->cases[plan->items[i].at];
        uint8_t tail[13];
        be32_put(tail, plan->items[i].repeat);
        tail[4] = one->seeded;
        be64_put(tail + 5, one->seeded ? (uint64_t)one->seed + plan->items[i].repeat : 0);
        hash_put(hash, one->digest, HASH_LEN);
        hash_put(hash, tail, sizeof(tail));
    }
    hash_end(hash, plan->digest);
    hash_free(hash);
    return 0;
}

int run_plan_make(const struct suite *suite, const struct run_choice *choice, struct run_plan *ret, struct err *err) {
    struct run_plan plan = {0};
    uint64_t n = 0;
    int rc = check_tags(suite, choice, err);
    for (size_t i = 0; rc == 0 && i < suite->cases_n; i++) {
        const struct suite_case *one = &suite->cases[i];
        uint64_t times = choice->repeats > 0 ? choice->repeats : one->repeats;
        uint64_t most = times > one->repeats ? times : one->repeats;
        if (most > RUN_SAMPLES_MAX || plan.total + most > RUN_SAMPLES_MAX) {
            rc = err_set(err, ERR_LIMIT, "more than %d samples", RUN_SAMPLES_MAX);
        }
        plan.total += most;
        n += is_chosen(one, choice) ? times : 0;
    }
    if (rc == 0) plan.items = calloc(n > 0 ? n : 1, sizeof(plan.items[0]));
    if (rc == 0 && plan.items == NULL) rc = err_set(err, ERR_NOMEM, "no memory for %llu samples", (unsigned long long)n);
    for (size_t i = 0; rc == 0 && i < suite->cases_n; i++) {
        const struct suite_case *one = &suite->cases[i];
        uint64_t times = choice->repeats > 0 ? choice->repeats : one->repeats;
        for (uint64_t k = 0; k < times && is_chosen(one, choice); k++) {
            plan.items[plan.n++] = (struct run_item){(uint32_t)i, (uint32_t)k};
        }
    }
    if (rc == 0 && choice->shuffled) shuffle(&plan, choice->shuffle);
    if (rc == 0) rc = take_digest(suite, &plan, err);
    if (rc != 0) {
        run_plan_done(&plan);
        return rc;
    }
    *ret = plan;
    return 0;
}

void run_plan_done(struct run_plan *plan) {
    free(plan->items);
    *plan = (struct run_plan){0};
}
