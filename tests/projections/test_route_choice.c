/* Which route serves a piece of work: random worlds of routes, fallbacks, models, programs and policies, against a reference
 * that keeps what was told; and that what is recorded and the states that follow agree. Seeds are fixed, and one is random
 * and printed; LEDGER_SEED=N tries that one. */
#include <time.h>

#include "projections/decide/decide.h"
#include "projections/decide/route.h"
#include "tests/projections/proof_box.h"

#define ROUTES_MAX 4
#define WORLDS     16

static uint64_t x;

static uint32_t below(uint32_t n) {
    x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((x >> 33) % n);
}

/* ---- a world ---- */

struct told {
    bool declared, removed, parked, offline, tool, proven;
    int fallback; /* a route; -1: none; -2: a model that nobody can prove; -3: itself */
    char found;   /* of a tool: '=' as declared, '!' another, 'x' it cannot be read, ' ' not measured */
    char size;    /* of a model's weights: 's'mall, 'p' more than policy allows, 'c' more than the machine has, '?' */
    bool vllm;    /* its runtime is the one that policy forbids */
    bool remote;  /* another machine serves it */
};

struct world {
    struct box box;
    struct told route[ROUTES_MAX];
    bool hardware;
};

static const char *const names[ROUTES_MAX] = {"a", "b", "c", "d"};

static void digest_of(char ret[80], char kind, int i) {
    memcpy(ret, "sha256:", 7);
    memset(ret + 7, "0123456789abcdef"[(kind == 'w' ? 4 : 8) + i], 64);
    ret[71] = '\0';
}

static void tell(struct world *w, const char *kind, int i, const char *body) {
    char subject[16];
    snprintf(subject, sizeof(subject), "route/%s", names[i]);
    box_event(&w->box, kind, subject, body);
}

static void declare(struct world *w, int i) {
    const struct told *r = &w->route[i];
    char body[700], fallback[64] = "", digest[80], program[200] = "", model[300] = "";
    digest_of(digest, r->tool ? 'p' : 'w', i);
    if (r->fallback != -1) {
        snprintf(fallback, sizeof(fallback), ", \"fallback\": \"%s\"",
                 r->fallback == -2 ? "somemodel" : names[r->fallback == -3 ? i : r->fallback]);
    }
    if (r->tool) {
        snprintf(program, sizeof(program), ", \"program\": \"/opt/%s\", \"program_digest\": \"%s\"", names[i], digest);
    } else {
        snprintf(model, sizeof(model), ", \"digest\": \"%s\", \"runtime\": \"%s%s\"", digest, r->vllm ? "vllm" : "ollama",
                 r->remote ? "@gpu:1" : "");
    }
    snprintf(body, sizeof(body), "{\"role\": \"%s\", \"suite\": \"s\"%s%s%s}", r->tool ? "tool" : "model", fallback,
             program, model);
    tell(w, "route.declared", i, body);
}

static void prove(struct world *w, int i) {
    char body[400], digest[80], subject[16];
    const struct told *r = &w->route[i];
    digest_of(digest, r->tool ? 'p' : 'w', i);
    snprintf(subject, sizeof(subject), "eval/e%d", i);
    snprintf(body, sizeof(body), "{\"route\": \"%s\", \"suite\": \"s\", \"%s\": \"%s\", \"verdict\": \"pass\"}", names[i],
             r->tool ? "program_digest" : "digest", digest);
    box_eval(&w->box, subject, body);
}

static void measure_weights(struct world *w, int i) {
    char body[300], digest[80], subject[16];
    char size = w->route[i].size;
    if (size == '?') return;
    digest_of(digest, 'w', i);
    snprintf(subject, sizeof(subject), "model/m%d", i);
    snprintf(body, sizeof(body), "{\"model\": \"m%d\", \"runtime\": \"ollama\", \"digest\": \"%s\", \"bytes\": %d}", i,
             digest,
             size == 's'   ? 10
             : size == 'p' ? 60
                           : 45);
    box_event(&w->box, "model.observed", subject, body);
}

/* The machine has 40 bytes for models; policy lets weights of 50 be loaded, and vllm serve nothing. */
static void make(struct world *w) {
    box_open(&w->box);
    w->hardware = below(5) > 0;
    box_event(
        &w->box, "policy.declared", "policy/p",
        "{\"policy\": \"p\", \"version\": \"1\", \"capability_tiers\": [{\"tier\": \"t\", \"largest_model_bytes\": 50, "
        "\"runtimes\": [\"ollama*\"]}]}");
    if (w->hardware) box_event(&w->box, "hardware.profiled", "host/h", "{\"memory_bytes\": 40}");
    for (int i = 0; i < ROUTES_MAX; i++) {
        struct told *r = &w->route[i];
        static const char found[] = "===!x ", sizes[] = "ssssspc?";
        *r = (struct told){.declared = below(8) > 0,
                           .removed = below(12) == 0,
                           .parked = below(6) == 0,
                           .offline = below(6) == 0,
                           .tool = below(2),
                           .proven = below(3) > 0,
                           .fallback = below(4) == 0 ? -1 - (int)below(3) : (int)below(ROUTES_MAX),
                           .found = found[below(6)],
                           .size = sizes[below(8)],
                           .vllm = below(8) == 0,
                           .remote = below(8) == 0};
        if (!r->tool) measure_weights(w, i);
        if (!r->declared) continue;
        declare(w, i);
        if (r->proven) prove(w, i);
        if (r->parked) tell(w, "route.parked", i, "{}");
        if (r->offline) tell(w, "route.offline", i, "{}");
        if (r->removed) tell(w, "route.removed", i, "{}");
    }
}

/* ---- the reference: written from decision 084 ---- */

static const char *bar_of(const struct world *w, int i) {
    const struct told *r = &w->route[i];
    if (!r->declared) return "undeclared";
    if (r->removed) return "removed";
    if (r->parked) return "parked";
    if (r->offline) return "offline";
    if (r->tool && r->found == 'x') return "program";
    if (!r->tool) {
        bool tier = w->hardware; /* without a profile no tier, and so no limit */
        if (tier && r->vllm) return "policy";
        if (tier && !r->remote && r->size == 'p') return "policy";
        if (tier && !r->remote && r->size == 'c') return "capacity";
    }
    return !r->proven || (r->tool && r->found == '!') ? "proof" : NULL;
}

struct expected {
    const char *name[ROUTES_MAX + 1], *bar[ROUTES_MAX + 1];
    size_t n, chosen;
    const char *decision, *reason;
};

static void expect(const struct world *w, bool demo, struct expected *e) {
    bool seen[ROUTES_MAX] = {false};
    int at = 0;
    *e = (struct expected){.chosen = SIZE_MAX};
    while (at >= 0 && !seen[at] && (e->n == 0 || w->route[at].declared)) {
        seen[at] = true;
        e->name[e->n] = names[at];
        e->bar[e->n++] = bar_of(w, at);
        at = !w->route[at].declared ? -1 : w->route[at].fallback == -3 ? at : w->route[at].fallback;
    }
    bool model = at == -2 || (at >= 0 && !seen[at]); /* what no event declares is taken for a model's name */
    if (model) {
        e->name[e->n] = at == -2 ? "somemodel" : names[at];
        e->bar[e->n++] = "proof";
    }
    for (size_t i = e->n; i-- > 0;) {
        bool proof = e->bar[i] != NULL && strcmp(e->bar[i], "proof") == 0;
        e->chosen = e->bar[i] == NULL || (demo && proof) ? i : e->chosen;
    }
    const char *first = e->bar[0];
    bool limits = first != NULL && (strcmp(first, "policy") == 0 || strcmp(first, "capacity") == 0);
    e->decision = e->chosen == SIZE_MAX ? "refused" : e->chosen == 0 ? "primary" : "fallback";
    e->reason = e->chosen == SIZE_MAX       ? first
                : e->bar[e->chosen] != NULL ? "demo"
                : e->chosen == 0            ? "proof"
                : limits                    ? first
                                            : "fallback";
}

/* ---- comparing ---- */

struct met {
    size_t primary, fallback, refused, demo, policy, capacity;
};

static void ask(struct world *w, bool demo, struct route_choice *ret) {
    static const char *const fault = "program '/opt' cannot be read";
    struct route_measured measured[ROUTES_MAX];
    char digest[ROUTES_MAX][80];
    struct route_asked asked = {.route = bytes_of("a"), .demo = demo, .measured = measured};
    for (int i = 0; i < ROUTES_MAX; i++) {
        const struct told *r = &w->route[i];
        if (!r->tool || r->found == ' ') continue;
        digest_of(digest[i], r->found == '!' ? 'w' : 'p', i);
        measured[asked.n_measured++] = (struct route_measured){names[i], r->found == 'x' ? NULL : digest[i], fault, NULL};
    }
    box_view(&w->box, LOG_NO_SEQ, 0);
    if (decide_route(w->box.view, &asked, ret, &w->box.err) != 0) fail_msg("%s", w->box.err.msg);
}

static void compare(struct world *w, bool demo, const char *what, struct route_choice *c, struct met *met) {
    struct expected e;
    expect(w, demo, &e);
    ask(w, demo, c);
    if (c->n != e.n) fail_msg("%s: %zu candidates, not %zu", what, c->n, e.n);
    for (size_t i = 0; i < e.n; i++) {
        const char *bar = route_bars[c->candidate[i].bar];
        if (strcmp(c->candidate[i].name, e.name[i]) != 0 || (bar == NULL) != (e.bar[i] == NULL) ||
            (bar != NULL && strcmp(bar, e.bar[i]) != 0)) {
            fail_msg("%s: candidate %zu is %s, barred by %s (%s), not %s by %s", what, i, c->candidate[i].name,
                     bar != NULL ? bar : "nothing", c->candidate[i].why, e.name[i],
                     e.bar[i] != NULL ? e.bar[i] : "nothing");
        }
    }
    if (c->chosen != e.chosen || strcmp(c->decision, e.decision) != 0 || strcmp(c->reason, e.reason) != 0) {
        fail_msg("%s: %s for %s, not %s for %s", what, c->decision, c->reason, e.decision, e.reason);
    }
    met->primary += strcmp(c->decision, "primary") == 0;
    met->fallback += strcmp(c->decision, "fallback") == 0;
    met->refused += strcmp(c->decision, "refused") == 0;
    met->demo += strcmp(c->reason, "demo") == 0;
    met->policy += strcmp(c->reason, "policy") == 0;
    met->capacity += strcmp(c->reason, "capacity") == 0;
}

/* Whatever is chosen without --demo is what `state` calls proven, and its proof is cited. */
static void agrees_with_states(struct world *w, const struct route_choice *c) {
    for (size_t i = 0; i < c->n; i++) {
        struct decision proven;
        bool measured = c->candidate[i].tool && w->route[c->candidate[i].name[0] - 'a'].found != ' ';
        if (c->candidate[i].bar != ROUTE_FREE || measured) continue;
        assert_int_equal(decide_is_proven(w->box.view, bytes_of(c->candidate[i].name), &proven, &w->box.err), 0);
        assert_true(proven.yes);
    }
    if (c->chosen != SIZE_MAX && c->candidate[c->chosen].bar == ROUTE_FREE) {
        bool cited = false;
        for (size_t i = 0; i < c->n_evidence; i++) {
            cited = cited || c->evidence[i] == c->candidate[c->chosen].proof;
        }
        assert_true(cited);
    }
}

/* Once recorded, the same question gets the same answer, and a program that was found changed shows in the state. */
static void stays_when_recorded(struct world *w, const struct route_choice *c, const char *what, struct met *met) {
    struct route_choice again;
    struct log_draft draft;
    struct log_receipt receipt;
    struct buf body = {.max = 1 << 16};
    const struct told *a = &w->route[0];
    assert_int_equal(route_body(c, &body, &w->box.err), 0);
    log_draft_init(&draft);
    draft.kind = bytes_of("route.decided");
    draft.subject = bytes_of("route/a");
    draft.actor = draft.source = bytes_of("test");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    if (log_append(w->box.ledger, &draft, &receipt, NULL, &w->box.err) != 0) fail_msg("%s: %s", what, w->box.err.msg);
    buf_done(&body);
    compare(w, false, what, &again, met);
    if (a->declared && a->tool && a->proven && a->found == '!' && c->chosen == SIZE_MAX && !a->removed) {
        assert_true(box_row(&w->box, "routes", "a", NULL));
        box_null(&w->box, "proof");
    }
}

static void try_seed(uint64_t seed, struct met *met) {
    x = seed;
    for (int i = 0; i < WORLDS; i++) {
        struct world w = {0};
        struct route_choice c;
        char what[96];
        snprintf(what, sizeof(what), "LEDGER_SEED=%llu, world %d", (unsigned long long)seed, i);
        make(&w);
        compare(&w, true, what, &c, met);
        compare(&w, false, what, &c, met);
        agrees_with_states(&w, &c);
        stays_when_recorded(&w, &c, what, met);
        box_close(&w.box);
    }
}

static void choices_come_to_what_the_decision_says(void **state) {
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
    assert_true(one != NULL || (met.primary > 5 && met.fallback > 5 && met.refused > 5 && met.demo > 5 && met.policy > 0 &&
                                met.capacity > 0));
}

static void a_chain_of_fallbacks_ends_where_it_began_or_at_its_limit(void **state) {
    struct box box;
    struct route_choice c;
    struct route_asked asked = {.route = bytes_of("r0")};
    (void)state;
    box_open(&box);
    for (int i = 0; i < 2 * ROUTE_CANDIDATES_MAX; i++) {
        char subject[32], body[64];
        snprintf(subject, sizeof(subject), "route/r%d", i);
        snprintf(body, sizeof(body), "{\"fallback\": \"r%d\"}", i + 1);
        box_event(&box, "route.declared", subject, body);
    }
    box_view(&box, LOG_NO_SEQ, 0);
    assert_int_equal(decide_route(box.view, &asked, &c, &box.err), 0);
    assert_int_equal(c.n, ROUTE_CANDIDATES_MAX);
    assert_string_equal(c.decision, "refused");
    box_event(&box, "route.declared", "route/r2", "{\"fallback\": \"r1\"}");
    box_view(&box, LOG_NO_SEQ, 0);
    assert_int_equal(decide_route(box.view, &asked, &c, &box.err), 0);
    assert_int_equal(c.n, 3);
    box_close(&box);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_come_to_what_the_decision_says),
        cmocka_unit_test(a_chain_of_fallbacks_ends_where_it_began_or_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
