/* Which models fit at once: the plan against a plain reference and against what must hold of every plan, over random
 * machines, limits and models; then plans of a ledger. Seeds are fixed, and one is random and printed; LEDGER_SEED=N tries
 * that one. */
#include <time.h>

#include "projections/decide/capacity.h"
#include "tests/projections/proof_box.h"

#define MODELS_MAX 8
#define ROUNDS     20000

static uint64_t x;

static uint32_t below(uint32_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((x >> 33) % n);
}

struct problem {
    struct capacity_rooms rooms;
    struct capability_tier limits;
    struct capacity_model model[MODELS_MAX];
    size_t n;
};

static int64_t sometimes(uint32_t one_in, int64_t otherwise, uint32_t most) {
    return below(one_in) == 0 ? otherwise : (int64_t)below(most);
}

static void make(struct problem *p) {
    memset(p, 0, sizeof(*p));
    p->limits.overhead_percent = below(2) ? 0 : 50;
    p->limits.largest_model_bytes = below(3) ? CAPABILITY_UNLIMITED : 1 + (int64_t)below(12);
    p->limits.parallel = below(2) ? CAPABILITY_UNLIMITED : 1 + (int64_t)below(4);
    p->limits.reserve_gpu_bytes = below(3);
    p->limits.reserve_memory_bytes = below(3);
    p->rooms = capacity_rooms(sometimes(4, -1, 20), sometimes(8, -1, 25), &p->limits);
    p->n = below(MODELS_MAX + 1);
    for (size_t i = 0; i < p->n; i++) {
        struct capacity_model *m = &p->model[i];
        snprintf(m->digest, sizeof(m->digest), "d%zu", i);
        m->bytes = sometimes(20, CAPACITY_UNKNOWN_SIZE, 14);
        m->priority = below(4);
        m->quota = below(4) ? CAPACITY_NO_QUOTA : (int64_t)below(14);
        m->loaded = below(2);
        m->wanted = below(3) > 0;
        m->barred = below(12) == 0;
    }
}

/* ---- the reference: written from decision 086 ---- */

struct placed {
    enum capacity_action action;
    enum capacity_pool pool;
};

static int64_t needed(const struct problem *p, size_t i) {
    const struct capacity_model *m = &p->model[i];
    return m->bytes < 0 ? -1 : m->bytes + (m->bytes * p->limits.overhead_percent + 99) / 100;
}

/* 'p'olicy, 'q'uota, 'm'emory, '?', ' ': nothing. */
static char alone(const struct problem *p, size_t i) {
    const struct capacity_model *m = &p->model[i];
    int64_t needs = needed(p, i);
    if (m->barred) return 'p';
    if (m->bytes < 0) return '?';
    if (p->limits.largest_model_bytes >= 0 && m->bytes > p->limits.largest_model_bytes) return 'p';
    if (m->quota >= 0 && needs > m->quota) return 'q';
    if (p->rooms.gpu <= 0 && p->rooms.memory < 0) return '?';
    if (needs <= p->rooms.gpu || needs <= p->rooms.memory) return ' ';
    return p->rooms.memory < 0 ? '?' : 'm';
}

static bool before(const struct capacity_model *a, const struct capacity_model *b) {
    if (a->wanted != b->wanted) return a->wanted;
    if (a->wanted && a->priority != b->priority) return a->priority > b->priority;
    if (a->loaded != b->loaded) return a->loaded;
    if (a->bytes != b->bytes) return a->bytes < b->bytes;
    return strcmp(a->digest, b->digest) < 0;
}

static int64_t rank(const struct capacity_model *m) {
    return m->wanted ? m->priority : -1;
}

static void solve(const struct problem *p, struct placed *ret) {
    bool done[MODELS_MAX] = {false}, dark = false, loads = false;
    int64_t gpu = p->rooms.gpu, memory = p->rooms.memory, used = 0, floor = -2;
    for (size_t i = 0; i < p->n; i++) {
        const struct capacity_model *m = &p->model[i];
        char why = alone(p, i);
        done[i] = why != ' ' || (!m->loaded && !m->wanted);
        ret[i] = (struct placed){!m->loaded && !m->wanted ? CAPACITY_IDLE
                                 : why == '?'             ? m->loaded ? CAPACITY_KEEP : CAPACITY_UNCLEAR
                                 : m->loaded              ? CAPACITY_UNLOAD
                                                          : CAPACITY_REFUSE,
                                 CAPACITY_NOWHERE};
        dark = dark || (m->loaded && why == '?');
    }
    for (;;) {
        size_t next = SIZE_MAX;
        for (size_t i = 0; i < p->n; i++) {
            next = !done[i] && (next == SIZE_MAX || before(&p->model[i], &p->model[next])) ? i : next;
        }
        if (next == SIZE_MAX) return;
        const struct capacity_model *m = &p->model[next];
        bool full = p->limits.parallel >= 0 && used >= p->limits.parallel;
        int64_t *room = needed(p, next) <= gpu ? &gpu : needed(p, next) <= memory ? &memory : NULL;
        done[next] = true;
        if (dark) {
            ret[next].action = m->loaded ? CAPACITY_KEEP : CAPACITY_UNCLEAR;
        } else if (!m->loaded && rank(m) <= floor) {
            ret[next].action = CAPACITY_WAIT;
        } else if (!full && room != NULL) {
            ret[next] =
                (struct placed){m->loaded ? CAPACITY_KEEP : CAPACITY_LOAD, room == &gpu ? CAPACITY_GPU : CAPACITY_MEMORY};
            *room -= needed(p, next);
            used++;
            loads = loads || !m->loaded;
        } else if (m->loaded) {
            ret[next].action = loads && m->wanted ? CAPACITY_PREEMPT : CAPACITY_UNLOAD;
            floor = rank(m) > floor ? rank(m) : floor;
        } else {
            ret[next].action = CAPACITY_WAIT;
        }
    }
}

static void compare(const struct problem *p, const struct capacity_model *plan, uint64_t seed, int round) {
    struct placed expected[MODELS_MAX];
    solve(p, expected);
    for (size_t i = 0; i < p->n; i++) {
        const struct placed *e = &expected[plan[i].digest[1] - '0'];
        if (plan[i].action != e->action || plan[i].pool != e->pool) {
            fail_msg("LEDGER_SEED=%llu, round %d: %s is '%s' in pool %d, not '%s' in pool %d", (unsigned long long)seed,
                     round, plan[i].digest, capacity_actions[plan[i].action], (int)plan[i].pool,
                     capacity_actions[e->action], (int)e->pool);
        }
    }
}

/* ---- what holds of every plan, whatever the way to it ---- */

struct met {
    size_t preempted, waited, refused, unclear, unloaded, loaded;
};

static bool stays(const struct capacity_model *m) {
    return m->action == CAPACITY_KEEP || m->action == CAPACITY_LOAD;
}

static void check(const struct problem *p, const struct capacity_model *plan, struct met *met) {
    int64_t gpu = 0, memory = 0, n = 0;
    bool placed = true;
    for (size_t i = 0; i < p->n; i++) {
        const struct capacity_model *m = &plan[i];
        gpu += m->pool == CAPACITY_GPU ? m->needs : 0;
        memory += m->pool == CAPACITY_MEMORY ? m->needs : 0;
        n += stays(m);
        placed = placed && (!stays(m) || m->pool != CAPACITY_NOWHERE);
        /* quotas, and the limits of policy */
        assert_true(!stays(m) || m->bytes < 0 || m->quota < 0 || m->needs <= m->quota);
        assert_true(!stays(m) ||
                    (!m->barred && (p->limits.largest_model_bytes < 0 || m->bytes <= p->limits.largest_model_bytes)));
        /* what was asked decides which words are possible */
        assert_true(m->loaded ==
                    (m->action == CAPACITY_KEEP || m->action == CAPACITY_UNLOAD || m->action == CAPACITY_PREEMPT));
        assert_true(m->action != CAPACITY_PREEMPT || (m->wanted && m->by != SIZE_MAX));
        assert_true(m->action != CAPACITY_LOAD || (m->wanted && m->bytes >= 0));
        if (m->by != SIZE_MAX) {
            const struct capacity_model *by = &plan[m->by];
            assert_int_equal(by->action, CAPACITY_LOAD);
            assert_true(!m->wanted || by->priority > m->priority); /* only lower priorities give way */
        }
        for (size_t k = 0; k < p->n && (m->why == CAPACITY_BY_MEMORY || m->why == CAPACITY_BY_PARALLEL); k++) {
            bool lost = m->action == CAPACITY_PREEMPT || (m->action == CAPACITY_UNLOAD && m->needs <= p->rooms.gpu) ||
                        (m->action == CAPACITY_UNLOAD && m->needs <= p->rooms.memory);
            assert_false(lost && m->wanted && plan[k].action == CAPACITY_LOAD && plan[k].priority <= m->priority);
        }
        met->preempted += m->action == CAPACITY_PREEMPT;
        met->waited += m->action == CAPACITY_WAIT;
        met->refused += m->action == CAPACITY_REFUSE;
        met->unclear += m->action == CAPACITY_UNCLEAR;
        met->unloaded += m->action == CAPACITY_UNLOAD;
        met->loaded += m->action == CAPACITY_LOAD;
    }
    assert_true(gpu <= (p->rooms.gpu > 0 ? p->rooms.gpu : 0));
    assert_true(memory <= (p->rooms.memory > 0 ? p->rooms.memory : 0));
    assert_true(!placed || p->limits.parallel < 0 || n <= p->limits.parallel);
}

static void shuffle(struct capacity_model *models, size_t n) {
    for (size_t i = n; i > 1; i--) {
        size_t k = below((uint32_t)i);
        struct capacity_model kept = models[i - 1];
        models[i - 1] = models[k];
        models[k] = kept;
    }
}

static bool same_plan(const struct capacity_model *a, const struct capacity_model *b, size_t n) {
    bool same = true;
    for (size_t i = 0; i < n; i++) {
        same = same && strcmp(a[i].digest, b[i].digest) == 0 && a[i].action == b[i].action && a[i].why == b[i].why &&
               a[i].pool == b[i].pool && a[i].by == b[i].by && a[i].needs == b[i].needs;
    }
    return same;
}

static void try_seed(uint64_t seed, struct met *met) {
    x = seed;
    for (int round = 0; round < ROUNDS; round++) {
        struct capacity_model plan[MODELS_MAX], again[MODELS_MAX];
        struct problem p;
        make(&p);
        memcpy(plan, p.model, sizeof(plan));
        capacity_plan(&p.rooms, &p.limits, plan, p.n);
        compare(&p, plan, seed, round);
        check(&p, plan, met);
        memcpy(again, p.model, sizeof(again));
        shuffle(again, p.n);
        capacity_plan(&p.rooms, &p.limits, again, p.n);
        assert_true(same_plan(plan, again, p.n));
    }
}

static void plans_come_to_what_the_decision_says_in_any_order_of_input(void **state) {
    struct timespec now;
    struct met met = {0};
    const char *one = getenv("LEDGER_SEED");
    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t random = (uint64_t)now.tv_sec * UINT64_C(1000000007) + (uint64_t)now.tv_nsec;
    const uint64_t seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 1, 2, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        try_seed(seeds[i], &met);
    }
    assert_true(met.preempted > 500 && met.waited > 500 && met.refused > 500 && met.unclear > 500 && met.unloaded > 500 &&
                met.loaded > 500);
}

static void sizes_that_overflow_do_not_fit(void **state) {
    const struct capability_tier limits = {.overhead_percent = 1000, .largest_model_bytes = CAPABILITY_UNLIMITED};
    (void)state;
    assert_int_equal(capacity_needs(INT64_MAX, &limits), INT64_MAX);
    assert_int_equal(capacity_needs(INT64_MAX / 5, &limits), INT64_MAX);
    assert_int_equal(capacity_needs(0, &limits), 0);
    assert_int_equal(capacity_needs(-1, &limits), CAPACITY_UNKNOWN_SIZE);
    const struct capability_tier tenth = {.overhead_percent = 10};
    assert_int_equal(capacity_needs(11, &tenth), 13); /* rounded up */
}

/* ---- of a ledger ---- */

static struct box b;

static void tell_model(const char *name, const char *digest, const char *more) {
    char body[512], subject[32];
    snprintf(subject, sizeof(subject), "model/%s", name);
    snprintf(body, sizeof(body), "{\"model\": \"%s\", \"runtime\": \"ollama\", \"digest\": \"%s\"%s}", name, digest, more);
    box_event(&b, "model.observed", subject, body);
}

static uint64_t tell_loaded(const char *name, const char *digest) {
    char body[512], subject[32];
    snprintf(subject, sizeof(subject), "model/%s", name);
    snprintf(body, sizeof(body), "{\"model\": \"%s\", \"runtime\": \"ollama\", \"digest\": \"%s\"}", name, digest);
    return box_event(&b, "model.loaded", subject, body);
}

static void planned(struct capacity *ret) {
    box_view(&b, LOG_NO_SEQ, 0);
    if (capacity_ask(b.view, (struct bytes){0}, NULL, 0, ret, &b.err) != 0) fail_msg("%s", b.err.msg);
}

static void plan_is(const char *digest, const char *action, const char *why) {
    struct capacity c;
    bool found = false;
    planned(&c);
    for (size_t i = 0; i < c.n; i++) {
        if (strcmp(c.models[i].digest, digest) != 0) continue;
        found = true;
        assert_string_equal(capacity_actions[c.models[i].action], action);
        assert_string_equal(capacity_whys[c.models[i].why], why);
    }
    assert_int_equal(found, action != NULL);
    capacity_done(&c);
}

static bool cites(const struct capacity *c, uint64_t seq) {
    bool cited = false;
    for (size_t i = 0; i < c->n_evidence; i++) {
        cited = cited || c->evidence[i] == seq;
        assert_true(i == 0 || c->evidence[i - 1] < c->evidence[i]);
    }
    return cited;
}

static void a_plan_rests_on_the_profile_the_policy_the_roles_and_what_is_loaded(void **state) {
    struct capacity c;
    (void)state;
    box_open(&b);
    tell_model("a", WEIGHTS, ", \"bytes\": 4000000000");
    tell_model("b", WEIGHTS2, ", \"bytes\": 6000000000");
    tell_model("u", CONFIG, "");
    uint64_t loaded = tell_loaded("a", WEIGHTS);
    uint64_t role = box_event(&b, "model.declared", "model/b",
                              "{\"model\": \"b\", \"digest\": \"" WEIGHTS2 "\", \"role\": \"judge\", \"priority\": 3}");
    plan_is(WEIGHTS, "keep", "hardware"); /* nothing is known of the machine */
    plan_is(WEIGHTS2, "unknown", "hardware");
    uint64_t profile = box_event(&b, "hardware.profiled", "host/h", "{\"memory_bytes\": 10737418240}");
    plan_is(WEIGHTS, "unload", "memory"); /* nobody wants it, and its room is needed */
    plan_is(WEIGHTS2, "load", "");
    planned(&c);
    assert_true(cites(&c, loaded) && cites(&c, role) && cites(&c, profile));
    assert_string_equal(c.limits.policy, "capability 1");
    capacity_done(&c);
    box_event(&b, "model.declared", "model/a",
              "{\"model\": \"a\", \"digest\": \"" WEIGHTS "\", \"role\": \"worker\", \"priority\": 1}");
    plan_is(WEIGHTS, "preempt", "memory");
    box_event(&b, "model.declared", "model/a", "{\"model\": \"a\", \"digest\": \"" WEIGHTS "\", \"priority\": 3}");
    plan_is(WEIGHTS, "keep", ""); /* not by its equal */
    plan_is(WEIGHTS2, "wait", "memory");
    box_event(&b, "model.declared", "model/b",
              "{\"model\": \"b\", \"digest\": \"" WEIGHTS2 "\", \"quota_bytes\": 7000000000}");
    plan_is(WEIGHTS2, "refuse", "quota");
    uint64_t policy = box_event(&b, "policy.declared", "policy/p",
                                "{\"policy\": \"p\", \"version\": \"1\", \"capability_tiers\": [{\"tier\": \"t\", "
                                "\"runtimes\": [\"vllm\"]}]}");
    plan_is(WEIGHTS, "unload", "policy");
    planned(&c);
    assert_true(cites(&c, policy));
    capacity_done(&c);
    box_event(&b, "policy.declared", "policy/p",
              "{\"policy\": \"p\", \"version\": \"2\", \"capability_tiers\": [{\"tier\": \"t\"}]}");
    tell_loaded("u", CONFIG);
    plan_is(CONFIG, "keep", "size");
    box_event(&b, "model.declared", "model/b",
              "{\"model\": \"b\", \"digest\": \"" WEIGHTS2 "\", \"quota_bytes\": 8000000000}");
    plan_is(WEIGHTS2, "unknown", "others");
    box_close(&b);
}

/* A role is declared of a manifest or a name before anybody knows the weights. */
static void a_role_goes_over_to_the_weights_once_they_are_known(void **state) {
    (void)state;
    box_open(&b);
    box_event(&b, "model.observed", "model/m:1",
              "{\"model\": \"m:1\", \"runtime\": \"ollama\", \"manifest_digest\": \"" MANIFEST "\"}");
    uint64_t role =
        box_event(&b, "model.declared", "model/m:1",
                  "{\"model\": \"m:1\", \"manifest_digest\": \"" MANIFEST "\", \"role\": \"judge\", \"priority\": 4}");
    box_event(&b, "model.declared", "model/n:1", "{\"model\": \"n:1\", \"role\": \"worker\", \"quota_bytes\": 7}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_true(box_row(&b, "models", MANIFEST, NULL));
    box_text(&b, "role", "judge");
    box_event(&b, "model.observed", "model/m:1",
              "{\"model\": \"m:1\", \"runtime\": \"ollama\", \"manifest_digest\": \"" MANIFEST "\", \"digest\": \"" WEIGHTS
              "\"}");
    box_event(&b, "model.observed", "model/n:1",
              "{\"model\": \"n:1\", \"runtime\": \"ollama\", \"digest\": \"" WEIGHTS2 "\"}");
    box_view(&b, LOG_NO_SEQ, 0);
    assert_false(box_row(&b, "models", MANIFEST, NULL));
    assert_true(box_row(&b, "models", WEIGHTS, NULL));
    box_text(&b, "role", "judge");
    box_int(&b, "priority", 4);
    box_int(&b, "role_seq", (int64_t)role);
    assert_true(box_row(&b, "models", WEIGHTS2, NULL));
    box_text(&b, "role", "worker");
    box_int(&b, "quota_bytes", 7);
    box_close(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_come_to_what_the_decision_says_in_any_order_of_input),
        cmocka_unit_test(a_role_goes_over_to_the_weights_once_they_are_known),
        cmocka_unit_test(sizes_that_overflow_do_not_fit),
        cmocka_unit_test(a_plan_rests_on_the_profile_the_policy_the_roles_and_what_is_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
