/* Adapters over random histories: two versions of one adapter, two models and two promotions; whatever was forced into the log,
 * the state is what a simple reference says, no model ever uses two versions, and a step is permitted just when the reference
 * would take it. */
#include "projections/decide/decide.h"
#include "tests/projections/state_box.h"

#define HISTORIES 50
#define EVENTS    40
#define D1        "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define D2        "sha256:2222222222222222222222222222222222222222222222222222222222222222"

static struct box b;
static uint64_t seed;
static const char *const digests[] = {D1, D2}, *const models[] = {"m0", "m1"}, *const plans[] = {"p0", "p1"};
static const char *const steps[] = {"declared", "trained",  "canaried", "canaried", "planned",     "planned",
                                    "promoted", "promoted", "attached", "attached", "rolled_back", "detached"};
static const char *const verdicts[] = {"pass", "pass", "pass", "fail", "unknown"};

static unsigned pick(unsigned n) {
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % n;
}

static struct {
    struct {
        const char *state, *canary;
        bool there, declared, trained;
        int plan; /* -1: none */
    } version[2];
    int use[2];   /* the version that a model uses; -1: none */
    int about[2]; /* the version that a promotion is about; -1: none */
} ref;

struct step {
    const char *name, *verdict;
    int version, model, plan;
    bool withdrawn, other; /* planned: for something else */
};

static bool is(int v, const char *state) {
    return strcmp(ref.version[v].state, state) == 0;
}

static bool uses(int v) {
    return ref.use[0] == v || ref.use[1] == v;
}

/* promotion.*: taken or not, the fold of promotions judges them. */
static void refer_promotion(const struct step *s) {
    int v = ref.about[s->plan];
    if (strcmp(s->name, "planned") == 0) {
        ref.about[s->plan] = s->other ? -1 : s->version;
        if (!s->other && ref.version[s->version].declared) ref.version[s->version].plan = s->plan;
    } else if (v < 0 || !ref.version[v].declared) {
        return;
    } else if (strcmp(s->name, "promoted") == 0) {
        if (is(v, "canaried") || is(v, "detached") || is(v, "promoted") || is(v, "attached")) ref.version[v].plan = s->plan;
        if (is(v, "canaried") || is(v, "detached")) ref.version[v].state = "promoted";
    } else if (is(v, "promoted") || is(v, "detached")) {
        ref.version[v].state = "canaried";
    }
}

/* adapter.*: takes the step if it is legal. */
static bool refer(const struct step *s) {
    int v = s->version, m = s->model;
    ref.version[v].there = true;
    if (strcmp(s->name, "detached") == 0) {
        bool mine = ref.use[m] == v;
        if (!s->withdrawn && !mine) return false;
        ref.use[m] = mine ? -1 : ref.use[m];
        if (s->withdrawn) {
            ref.version[v].state = "withdrawn";
        } else if (is(v, "attached") && !uses(v)) {
            ref.version[v].state = "detached";
        }
        return true;
    }
    if (is(v, "withdrawn")) return false;
    if (strcmp(s->name, "declared") == 0) {
        ref.version[v].declared = true;
        if (is(v, "unknown")) ref.version[v].state = "declared";
    } else if (strcmp(s->name, "trained") == 0) {
        ref.version[v].trained = true;
    } else if (strcmp(s->name, "canaried") == 0) {
        if (is(v, "unknown")) return false;
        ref.version[v].canary = s->verdict;
        if (is(v, "declared") || is(v, "canaried")) {
            ref.version[v].state = strcmp(s->verdict, "pass") == 0 ? "canaried" : "declared";
        }
    } else { /* attached */
        bool ready = is(v, "promoted") || is(v, "detached") || is(v, "attached");
        if (!ready || (ref.use[m] >= 0 && ref.use[m] != v)) return false;
        ref.use[m] = v;
        ref.version[v].state = "attached";
    }
    return true;
}

static void append(const struct step *s, const char *kind, const char *subject, const char *json, bool judged) {
    struct buf body = {.max = 65536};
    struct log_draft draft;
    struct log_receipt receipt;
    struct decision d;
    log_draft_init(&draft);
    assert_int_equal(log_json_to_body(bytes_of(json), &body, &b.err), 0);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of("user:test");
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("reported");
    draft.body = bytes_of_buf(&body);
    box_view(&b, LOG_NO_SEQ, 0);
    if (judged) assert_int_equal(decide_may_append(b.view, &draft, &d, &b.err), 0);
    assert_int_equal(log_append(b.ledger, &draft, &receipt, NULL, &b.err), 0);
    if (!judged) {
        refer_promotion(s);
    } else if (d.yes != refer(s)) {
        fail_msg("%s %s: %s '%s', the reference says otherwise", kind, json, d.yes ? "yes" : "no", d.reason);
    }
    buf_done(&body);
}

/* Half of the steps lead on, so that histories get far. */
static const char *lead_on(int v) {
    bool planned = ref.about[0] == v || ref.about[1] == v;
    return is(v, "unknown")    ? "declared"
           : is(v, "declared") ? "canaried"
           : is(v, "canaried") ? planned ? "promoted" : "planned"
           : is(v, "attached") ? pick(2) == 0 ? "attached" : "detached"
                               : "attached";
}

static void one_step(void) {
    struct step s = {.name = steps[pick(12)],
                     .verdict = verdicts[pick(5)],
                     .version = pick(3) == 0,
                     .model = (int)pick(2),
                     .plan = (int)pick(2),
                     .withdrawn = pick(16) == 0,
                     .other = pick(8) == 0};
    s.name = pick(2) == 0 ? lead_on(s.version) : s.name;
    char json[300], kind[40];
    bool planned = strcmp(s.name, "planned") == 0, promoted = strcmp(s.name, "promoted") == 0;
    bool attached = strcmp(s.name, "attached") == 0, detached = strcmp(s.name, "detached") == 0;
    bool promotion = planned || promoted || strcmp(s.name, "rolled_back") == 0;
    snprintf(kind, sizeof(kind), "%s.%s", promotion ? "promotion" : "adapter", s.name);
    if (planned) {
        snprintf(json, sizeof(json), "{\"what\":\"%s\",\"name\":\"a\",\"digest\":\"%s\"}", s.other ? "model" : "adapter",
                 digests[s.version]);
    } else if (promotion) {
        snprintf(json, sizeof(json), "{}");
    } else {
        snprintf(json, sizeof(json), "{\"adapter\":\"a\",\"digest\":\"%s\"%s%s%s%s%s%s%s}", digests[s.version],
                 attached || detached ? ",\"model\":\"" : "", attached || detached ? models[s.model] : "",
                 attached || detached ? "\"" : "", detached && s.withdrawn ? ",\"withdrawn\":true" : "",
                 strcmp(s.name, "canaried") == 0 ? ",\"verdict\":\"" : "", strcmp(s.name, "canaried") == 0 ? s.verdict : "",
                 strcmp(s.name, "canaried") == 0 ? "\"" : "");
    }
    char subject[40];
    snprintf(subject, sizeof(subject), "%s", promotion ? s.plan == 0 ? "promotion/p0" : "promotion/p1" : "adapter/a");
    append(&s, kind, subject, json, !promotion);
}

static void compare(void) {
    box_view(&b, LOG_NO_SEQ, 0);
    for (int v = 0; v < 2; v++) {
        assert_int_equal(box_row(&b, "adapters", "a", digests[v], NULL), ref.version[v].there);
        if (!ref.version[v].there) continue;
        box_text(&b, "state", ref.version[v].state);
        box_int(&b, "uses", (ref.use[0] == v) + (ref.use[1] == v));
        if (ref.version[v].canary != NULL) box_text(&b, "canary", ref.version[v].canary);
        if (ref.version[v].plan >= 0) box_text(&b, "promotion", plans[ref.version[v].plan]);
        assert_int_equal(row_has(&b.row, box_column(&b, "trained_seq")), ref.version[v].trained);
    }
    for (int m = 0; m < 2; m++) {
        bool there = box_row(&b, "adapter_use", "a", models[m], NULL);
        assert_int_equal(there, ref.use[m] >= 0);
        if (there) box_text(&b, "digest", digests[ref.use[m]]);
    }
}

static void an_adapter_is_what_the_reference_says(void **state) {
    static const char *const names[] = {"declared", "canaried", "promoted", "attached", "detached", "withdrawn"};
    unsigned seen[6] = {0}, both = 0, late = 0;
    (void)state;
    for (unsigned h = 0; h < HISTORIES; h++) {
        box_open(&b);
        memset(&ref, 0, sizeof(ref));
        for (int i = 0; i < 2; i++) {
            ref.version[i].state = "unknown";
            ref.version[i].plan = ref.use[i] = ref.about[i] = -1;
        }
        seed = 7177 + h;
        for (unsigned i = 0; i < EVENTS; i++) {
            one_step();
            compare();
            for (unsigned k = 0; k < 6; k++) {
                seen[k] += is(0, names[k]);
            }
            both += ref.use[0] == 0 && ref.use[1] == 0;
            late += uses(0) && is(0, "withdrawn");
        }
        box_close(&b);
    }
    for (unsigned k = 0; k < 6; k++) {
        if (seen[k] == 0) fail_msg("no history was ever %s", names[k]);
    }
    assert_true(both > 0 && late > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_adapter_is_what_the_reference_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
