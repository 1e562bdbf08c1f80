/* The judges of readiness against a reference that keeps only what was recorded (readiness_reference.h): over random
 * histories of packs, permissions, checks, models, routes, suites and evaluations both give the same result. Seeds are
 * fixed, and one is random and printed; LEDGER_SEED=N tries that one. */
#include <time.h>

#include "projections/rows/list.h"
#include "tests/projections/readiness_reference.h"

#define EVENTS    160
#define OPTION(n) (below(w, (n)) == 0)

static uint32_t below(struct world *w, uint32_t n) {
    w->x = w->x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((w->x >> 33) % n);
}

static const char *const routes[ROUTES_MAX] = {"a", "b", "c"};

/* ---- comparing ---- */

static bool misses(struct box *box) {
    struct list list;
    struct bytes item;
    list_open(&list, box->row.cells[box_column(box, "missing")].text);
    return list_next(&list, &item);
}

static void compare_uses(struct world *w, int i, const char *what) {
    struct bytes got = row_text(&w->box.row, box_column(&w->box, "uses_digest"));
    const char *uses = w->route[i].removed ? NULL : weights_of(w, &w->route[i]);
    if (uses != NULL ? !bytes_is(got, uses) : got.n > 0) {
        fail_msg("%s: route %s uses '%.*s', not '%s'", what, routes[i], (int)got.n, got.n > 0 ? (const char *)got.p : "",
                 uses != NULL ? uses : "");
    }
}

/* Weights serve the routes that use them. */
static void compare_models(struct world *w, const char *what) {
    for (int d = 0; d < 2; d++) {
        bool listed[ROUTES_MAX] = {false};
        struct list list;
        struct bytes item, name;
        if (!box_row(&w->box, "models", digests[d], NULL)) continue;
        list_open(&list, w->box.row.cells[box_column(&w->box, "routes")].text);
        while (list_next(&list, &item)) {
            for (int i = 0; list_name(item, "", &name) && i < ROUTES_MAX; i++) {
                listed[i] = listed[i] || bytes_is(name, routes[i]);
            }
        }
        for (int i = 0; i < ROUTES_MAX; i++) {
            const struct route_told *r = &w->route[i];
            if (listed[i] != (r->there && !r->removed && same(weights_of(w, r), digests[d]))) {
                fail_msg("%s: %s serves %s: %d, and that is wrong", what, digests[d], routes[i], listed[i]);
            }
        }
    }
}

static void compare(struct world *w, uint64_t seed, int step) {
    char what[96], id[32];
    snprintf(what, sizeof(what), "LEDGER_SEED=%llu, step %d", (unsigned long long)seed, step);
    box_view(&w->box, LOG_NO_SEQ, 0);
    for (size_t i = 0; i < w->n; i++) {
        snprintf(id, sizeof(id), "e%zu", i);
        bool counts = weigh_eval(w, &w->eval[i]) == '+';
        if (box_row(&w->box, "evals", id, NULL) &&
            (row_bool(&w->box.row, box_column(&w->box, "counts")) != counts || misses(&w->box) == counts)) {
            fail_msg("%s: %s counts: %d, and that is wrong", what, id, !counts);
        }
    }
    for (int i = 0; i < ROUTES_MAX; i++) {
        if (!w->route[i].there) continue;
        assert_true(box_row(&w->box, "routes", routes[i], NULL));
        const char *state = state_of_route(w, i);
        struct bytes got = row_text(&w->box.row, box_column(&w->box, "state"));
        uint64_t proof = (uint64_t)row_int(&w->box.row, box_column(&w->box, "proof"));
        bool listed = misses(&w->box);
        compare_uses(w, i, what);
        if (!bytes_is(got, state) || proof != proof_of(w, i) ||
            listed == (same(state, "ready") || same(state, "removed"))) {
            fail_msg("%s: route %s is %.*s by %llu, not %s by %llu", what, routes[i], (int)got.n, (const char *)got.p,
                     (unsigned long long)proof, state, (unsigned long long)proof_of(w, i));
        }
    }
    compare_models(w, what);
    if (w->pack != NULL || w->planned) {
        assert_true(box_row(&w->box, "packs", "p", NULL));
        struct bytes got = row_text(&w->box.row, box_column(&w->box, "state"));
        if (!bytes_is(got, state_of_pack(w)) || misses(&w->box) == same(state_of_pack(w), "ready")) {
            fail_msg("%s: the pack is %.*s, not %s", what, (int)got.n, (const char *)got.p, state_of_pack(w));
        }
    }
}

/* ---- recording ---- */

struct body {
    char text[2048];
    size_t n;
};

static void put(struct body *b, const char *name, const char *value, bool quoted) {
    if (value != NULL) {
        b->n += (size_t)snprintf(b->text + b->n, sizeof(b->text) - b->n, "%s\"%s\": %s%s%s", b->n > 0 ? ", " : "{", name,
                                 quoted ? "\"" : "", value, quoted ? "\"" : "");
    }
}

/* Some of what is said of evaluations was not measured, or has no samples on record; by numbers of their own, as for plans. */
static uint64_t tell_of_eval(struct world *w, struct eval_told *e, const char *kind, const char *subject,
                             const char *json) {
    const uint64_t chance = (++w->told * UINT64_C(0x9e3779b97f4a7c15) + w->seed) >> 11, before = w->box.recorded;
    bool decides = strcmp(kind, "eval.scored") == 0 || strcmp(kind, "eval.finished") == 0;
    bool sample = strcmp(kind, "eval.sample_failed") == 0;
    w->box.told = chance % 16 == 0;
    w->box.bare = chance % 16 == 1;
    uint64_t seq = box_event(&w->box, kind, subject, json);
    e->unmeasured = e->unmeasured || (decides && w->box.told);
    e->recorded += w->box.told ? 0 : (int)(w->box.recorded - before) + sample;
    return seq;
}

static uint64_t tell(struct world *w, const char *kind, const char *subject, struct body *b) {
    snprintf(b->text + b->n, sizeof(b->text) - b->n, "%s", b->n > 0 ? "}" : "{}");
    if (strncmp(subject, "eval/e", 6) == 0) {
        return tell_of_eval(w, &w->eval[strtoul(subject + 6, NULL, 10)], kind, subject, b->text);
    }
    return box_event(&w->box, kind, subject, b->text);
}

static const char *mostly(struct world *w, const char *const *values) {
    return OPTION(8) ? NULL : values[OPTION(5)];
}

static void put_tenths(struct body *b, const char *name, int tenths) {
    char text[16];
    snprintf(text, sizeof(text), "%d.%d", tenths / 10, tenths % 10);
    put(b, name, tenths < 0 ? NULL : text, false);
}

static void put_number(struct body *b, const char *name, int n) {
    char text[16];
    snprintf(text, sizeof(text), "%d", n);
    put(b, name, n < 0 ? NULL : text, false);
}

static void put_truth(struct body *b, const char *name, int truth) {
    put(b, name, truth < 0 ? NULL : truth != 0 ? "true" : "false", false);
}

/* The files of packs, of what is installed and of what was evaluated, by numbers of their own. */
static uint64_t chance_of_files(struct world *w) {
    return (++w->files * UINT64_C(0xbf58476d1ce4e5b9) ^ w->seed * UINT64_C(0x9e3779b97f4a7c15)) >> 17;
}

static void tell_pack(struct world *w) {
    struct body b = {0};
    bool there = w->pack != NULL && !same(w->pack, "removed");
    uint32_t what = below(w, 12);
    if (!there || what < 3) {
        w->version = versions[below(w, 2)];
        put(&b, "version", w->version, true);
        uint64_t chance = chance_of_files(w);
        w->tree = chance % 8 == 0 ? NULL : trees[chance % 3 == 0];
        put(&b, "tree_digest", w->tree, true);
        put(&b, "permissions", "[{\"group\": \"exec\"}, {\"group\": \"gpu\", \"required\": false}]", false);
        put(&b, "routes", "[{\"name\": \"a\"}, {\"name\": \"b\", \"required\": true}]", false);
        put(&b, "checks", "[\"c\"]", false);
        w->version_seq = tell(w, there ? "pack.upgraded" : "pack.installed", "pack/p", &b);
        w->pack = there ? w->pack : "installed";
        w->planned = false;
    } else if (what == 3) {
        w->removed_seq = tell(w, "pack.removed", "pack/p", &b);
        w->pack = "removed";
        w->planned = false;
    } else if (same(w->pack, "parked")) {
        tell(w, "pack.unparked", "pack/p", &b);
        w->pack = "installed";
    } else if (what == 4) {
        tell(w, "pack.parked", "pack/p", &b);
        w->pack = "parked";
    } else {
        static const char *const verdicts[] = {"pass", "pass", "pass", "warn", "fail", "unknown"};
        w->check = verdicts[below(w, 6)];
        w->check_version = OPTION(2) ? NULL : OPTION(5) ? versions[below(w, 2)] : w->version;
        put(&b, "check", "c", true);
        put(&b, "verdict", w->check, true);
        put(&b, "version", w->check_version, true);
        w->check_seq = tell(w, "pack.checked", "pack/p", &b);
    }
}

static void tell_permission(struct world *w) {
    static const char *const steps[] = {"granted", "granted", "granted", "granted", "denied", "revoked"};
    struct body b = {0};
    char kind[32];
    uint32_t i = below(w, 2), step = below(w, 6);
    snprintf(kind, sizeof(kind), "permission.%s", steps[step]);
    put(&b, "group", i == 0 ? "exec" : "gpu", true);
    tell(w, kind, "pack/p", &b);
    w->permission[i] = steps[step];
}

static void declare_route(struct world *w, struct route_told *r, const char *subject) {
    struct body b = {0};
    if (!r->there || r->removed) {
        *r = (struct route_told){.there = true};
    }
    if (!r->declared) {
        r->declared = true;
        r->of_pack = !OPTION(4);
        r->suite = OPTION(6) ? NULL : "s";
    }
    r->digest = OPTION(8) && r->digest == NULL ? NULL : digests[OPTION(6)];
    if (OPTION(4)) {
        r->model = names[OPTION(3)];
        put(&b, "model", r->model, true);
    }
    if (OPTION(2)) {
        r->config = configs[OPTION(4)];
        put(&b, "config_digest", r->config, true);
    }
    if (OPTION(4)) {
        r->suite_digest = suites[OPTION(3)];
        put(&b, "suite_digest", r->suite_digest, true);
    }
    if (OPTION(2)) {
        r->required = OPTION(2);
        put_truth(&b, "required", r->required);
    }
    if (same(subject, "route/c") || OPTION(16)) { /* mostly served by a tool */
        r->role = OPTION(6) ? "model" : "tool";
        put(&b, "role", r->role, true);
    }
    if (same(r->role, "tool") ? !OPTION(4) : OPTION(16)) {
        r->program = programs[OPTION(4)];
        put(&b, "program_digest", r->program, true);
    }
    put(&b, "pack", r->of_pack ? "p" : NULL, true);
    put(&b, "suite", r->suite, true);
    put(&b, "digest", r->digest, true);
    r->said_seq = tell(w, "route.declared", subject, &b);
}

static void tell_decision(struct world *w, struct route_told *r, const char *subject) {
    struct body b = {0};
    const char *model = OPTION(3) ? NULL : names[OPTION(3)], *digest = OPTION(2) ? NULL : digests[OPTION(12)];
    put(&b, "decision", "primary", true);
    put(&b, "model", model, true);
    put(&b, "digest", digest, true);
    const char *program = same(r->role, "tool") && OPTION(2) ? programs[OPTION(4)] : NULL;
    put(&b, "program_digest", program, true);
    uint64_t seq = tell(w, "route.decided", subject, &b);
    r->degraded = false;
    if (program != NULL) {
        r->used_program = program;
        r->used_program_seq = seq;
    }
    if (model != NULL || digest != NULL) {
        r->used_model = model;
        r->used_digest = digest;
        r->used_seq = seq;
    }
}

static void tell_model(struct world *w) {
    uint32_t i = below(w, 2);
    struct name_told *n = &w->name[i];
    struct body b = {0};
    const char *before = n->digest, *now = before != NULL && OPTION(6) ? NULL : digests[OPTION(10)];
    char subject[32];
    snprintf(subject, sizeof(subject), "model/%s", names[i]);
    put(&b, "model", names[i], true);
    put(&b, "runtime", "ollama", true);
    put(&b, "digest", now != NULL ? now : OPTION(2) ? before : NULL, true);
    uint64_t seq = tell(w, now != NULL ? "model.observed" : "model.removed", subject, &b);
    *n = (struct name_told){now, now == NULL, same(before, now) ? n->seq : seq};
    for (int d = 0; d < 2; d++) {
        w->was_here[d] = w->was_here[d] || same(now, digests[d]);
        w->left[d] = same(before, digests[d]) && !same(now, digests[d]) ? seq : w->left[d];
    }
}

static void tell_route(struct world *w) {
    uint32_t i = below(w, ROUTES_MAX), what = below(w, 14);
    struct route_told *r = &w->route[i];
    struct body b = {0};
    char subject[32];
    snprintf(subject, sizeof(subject), "route/%c", (int)('a' + i));
    if (!r->there && OPTION(8)) {
        r->there = true;
        r->config = configs[OPTION(4)];
        put(&b, "config_digest", r->config, true);
        r->said_seq = tell(w, "route.configured", subject, &b);
    } else if (!r->there || r->removed || what < 2 || (!r->declared && OPTION(2))) {
        declare_route(w, r, subject);
    } else if (r->parked || what == 2) {
        put_truth(&b, "parked", r->parked ? 0 : 1);
        tell(w, "route.parked", subject, &b);
        r->parked = !r->parked;
    } else if (r->offline || what == 3) {
        tell(w, r->offline ? "route.online" : "route.offline", subject, &b);
        r->offline = !r->offline;
    } else if (r->degraded || what > 10) {
        tell_decision(w, r, subject);
    } else if (what == 4) {
        tell(w, "route.fell_back", subject, &b);
        r->degraded = true;
    } else if (what == 5 && OPTION(3)) {
        tell(w, "route.removed", subject, &b);
        r->removed = true;
    }
}

static void tell_suite(struct world *w) {
    uint32_t which = OPTION(4) ? 2 : below(w, 2);
    struct suite_told *s = &w->suite[which];
    struct body b = {0}, list = {0};
    *s = (struct suite_told){.there = true};
    w->newest_suite = which;
    list.n = (size_t)snprintf(list.text, sizeof(list.text), "[");
    for (int i = 0; i < 2; i++) {
        struct task_told *t = &s->task[i];
        struct body task = {0};
        *t = (struct task_told){!OPTION(3), OPTION(2) ? -1 : (int)below(w, 6), OPTION(3) ? -1 : !OPTION(4)};
        if (t->asked) {
            put(&task, "name", tasks[i], true);
            put(&task, "metric", OPTION(2) ? "m" : NULL, true);
            put_tenths(&task, "threshold", t->threshold);
            put_truth(&task, "higher_is_better", t->higher);
            list.n += (size_t)snprintf(list.text + list.n, sizeof(list.text) - list.n, "%s%s}", list.n > 1 ? ", " : "",
                                       task.text);
        }
    }
    snprintf(list.text + list.n, sizeof(list.text) - list.n, "]");
    put(&b, "suite", "s", true);
    put(&b, "suite_digest", which < 2 ? suites[which] : NULL, true);
    put(&b, "tasks", list.text, false);
    tell(w, "eval.suite_declared", "suite/s", &b);
    w->newest_digest = which < 2 ? suites[which] : w->newest_digest;
}

static void tell_score(struct world *w, struct eval_told *e, int task, const char *subject) {
    static const char *const verdicts[] = {"pass", "pass", "pass", "fail", "warn"};
    struct body b = {0};
    struct score_told s = {task,
                           OPTION(10) ? -1 : 2 + (int)below(w, 8),
                           OPTION(6) ? -1 : (int)below(w, 6),
                           OPTION(8) ? -1 : !OPTION(6),
                           OPTION(6) ? verdicts[below(w, 5)] : NULL,
                           OPTION(3) ? (OPTION(40) ? 0 : 10 - OPTION(5)) : -1,
                           OPTION(40),
                           -1,
                           false};
    int said = OPTION(2) ? -1 : OPTION(10) ? (int)below(w, 8) : s.value;
    size_t at = 0;
    while (at < e->n && e->score[at].task != task) {
        at++;
    }
    if (at < e->n && !OPTION(4)) { /* the same is recorded again */
        s = e->score[at];
        said = OPTION(2) ? -1 : s.sampled;
    } else if (at < e->n) {
        const struct score_told *o = &e->score[at];
        bool other = o->value != s.value || o->threshold != s.threshold || o->higher != s.higher ||
                     (o->verdict != s.verdict && !same(o->verdict, s.verdict));
        other = other || (o->sampled >= 0 && said >= 0 && o->sampled != said);
        s.picked = o->picked || (!is_part(o) && other);
    }
    s.sampled = said >= 0 ? said : at < e->n ? e->score[at].sampled : -1; /* what was checked is not taken back */
    e->n += at == e->n;
    e->score[at] = s;
    put(&b, "task", tasks[task], true);
    put(&b, "metric", "m", true);
    put_tenths(&b, "value", s.value);
    put_tenths(&b, "value_sampled", said);
    put_tenths(&b, "threshold", s.threshold);
    put_truth(&b, "higher_is_better", s.higher);
    put(&b, "verdict", s.verdict, true);
    put_number(&b, "samples", s.samples);
    put(&b, "samples_total", s.samples <= 0 ? NULL : "10", false);
    put(&b, "partial_reasons", s.limited ? "[\"limit\"]" : NULL, false);
    tell(w, "eval.scored", subject, &b);
}

/* A wrong answer is a failed sample with a cause; an error is not an answer, nor is a failure without a cause. */
static void tell_samples(struct world *w, struct eval_told *e, const char *subject) {
    static const char *const failures[] = {"assertion", "assertion", "limit", "error", "unknown", NULL};
    for (uint32_t n = OPTION(3) ? below(w, 3) : 0; n > 0; n--) {
        uint32_t how = below(w, 6);
        bool metric = OPTION(2);
        struct body b = {0};
        put(&b, "failure", failures[how], true);
        put(&b, "metric", metric ? "m" : NULL, true);
        tell(w, "eval.sample_failed", subject, &b);
        e->erred += how == 3 || how == 4 || (how == 5 && !metric);
    }
}

static void tell_eval(struct world *w) {
    static const char *const verdicts[] = {"pass", "pass", "pass", "pass", "warn", "fail", "unknown"};
    char subject[32];
    uint32_t old = w->n > 0 ? below(w, (uint32_t)w->n) : 0;
    struct body b = {0};
    if (w->n > 0 && OPTION(4)) { /* a score that is recorded later, or it is invalidated */
        struct eval_told *e = &w->eval[old];
        snprintf(subject, sizeof(subject), "eval/e%u", old);
        if (e->invalidated || !OPTION(3)) {
            tell_score(w, e, (int)below(w, 2), subject);
        } else if (e->finished) {
            tell(w, "eval.invalidated", subject, &b);
            e->invalidated = true;
        }
        return;
    }
    if (w->n == EVALS_MAX) return;
    struct eval_told *e = &w->eval[w->n];
    snprintf(subject, sizeof(subject), "eval/e%zu", w->n++);
    bool odd = OPTION(4); /* its numbers are significant */
    e->planned = odd && OPTION(2) ? 10 + 10 * (int)below(w, 2) : -1;
    if (e->planned >= 0) {
        struct body plan = {0};
        put_number(&plan, "samples", e->planned);
        tell(w, "eval.started", subject, &plan);
    }
    for (int task = 0; task < 2; task++) {
        if (!OPTION(5)) {
            tell_score(w, e, task, subject);
        }
    }
    if (odd) {
        tell_samples(w, e, subject);
    }
    e->samples = odd && OPTION(2) ? 10 * (int)below(w, 3) : -1;
    e->passed = odd && OPTION(3) ? (int)below(w, 3) : -1;
    e->errors = odd && OPTION(2) ? OPTION(4) : -1;
    e->route = OPTION(10) ? -1 : (int)below(w, ROUTES_MAX);
    e->suite = OPTION(8) ? NULL : "s";
    e->suite_digest = OPTION(2) && w->newest_digest != NULL ? w->newest_digest : mostly(w, suites);
    e->digest = mostly(w, digests);
    e->config = mostly(w, configs);
    e->program = OPTION(3) ? NULL : programs[OPTION(6)];
    e->pack = OPTION(3) ? NULL : OPTION(8) ? "q" : "p";
    e->version = w->version != NULL && !OPTION(6) ? w->version : mostly(w, versions);
    uint64_t chance = chance_of_files(w);
    e->tree = chance % 12 == 0 ? NULL : w->tree != NULL && chance % 6 != 1 ? w->tree : trees[chance % 2];
    e->verdict = OPTION(6) ? NULL : verdicts[below(w, 7)];
    e->partial = OPTION(10);
    e->dirty = OPTION(10);
    e->finished = !OPTION(8);
    put(&b, "route", e->route < 0 ? NULL : e->route == 0 ? "a" : e->route == 1 ? "b" : "c", true);
    put(&b, "suite", e->suite, true);
    put(&b, "suite_digest", e->suite_digest, true);
    put(&b, "digest", e->digest, true);
    put(&b, "config_digest", e->config, true);
    put(&b, "program_digest", e->program, true);
    put(&b, "pack", e->pack, true);
    put(&b, "pack_version", e->version, true);
    put(&b, "pack_digest", e->tree, true);
    put(&b, "verdict", e->verdict, true);
    put_number(&b, "samples", e->samples);
    put_number(&b, "passed", e->passed);
    put_number(&b, "errors", e->errors);
    put_truth(&b, "partial", e->partial ? 1 : -1);
    put_truth(&b, "dirty", e->dirty ? 1 : -1);
    if (e->finished) {
        e->seq = tell(w, "eval.finished", subject, &b);
    }
}

/* What histories must contain, so that there is something to distinguish. */
/* Files change and are put back with no event. */
static bool see_files(void *ctx, const struct row *pack, char ret[STATE_FILES_WORDS]) {
    const struct world *w = ctx;
    (void)pack;
    snprintf(ret, STATE_FILES_WORDS, "%s", w->changed ? "changed" : "");
    return w->changed;
}

static void touch_files(struct world *w, int i) {
    uint64_t chance = ((uint64_t)i * UINT64_C(0xd1b54a32d192ed03) ^ (w->seed << 7)) >> 13;
    w->changed = w->changed ? chance % 3 != 0 : chance % 8 == 0;
}

struct met {
    size_t counted, ready, proven, other, gone, tools, changed, files;
};

/* Its proof is of other files than those installed, or names none. */
static bool is_of_other_files(struct world *w, int i) {
    const char *tree = w->tree;
    bool proven = proof_of(w, i) != 0;
    w->tree = NULL;
    bool otherwise = proof_of(w, i) != 0;
    w->tree = tree;
    return otherwise && !proven && !w->changed;
}

static void meet(struct world *w, struct met *met) {
    met->counted += w->n > 0 && weigh_eval(w, &w->eval[w->n - 1]) == '+';
    met->ready += same(state_of_pack(w), "ready") || same(state_of_pack(w), "partial");
    for (int i = 0; i < ROUTES_MAX; i++) {
        const struct route_told *r = &w->route[i];
        const char *uses = r->there && !r->removed ? weights_of(w, r) : NULL;
        met->proven += same(state_of_route(w, i), "ready");
        met->other += uses != NULL && r->digest != NULL && !same(uses, r->digest);
        met->gone += r->there && !r->removed && uses == NULL && r->digest != NULL && !is_tool(r);
        met->changed += w->changed && w->pack != NULL && r->of_pack && same(state_of_route(w, i), "declared-not-proven");
        met->files += is_of_other_files(w, i);
        met->tools += same(state_of_route(w, i), "ready") && is_tool(r);
    }
}

/* Plans take their chances from numbers of their own: the seeds below were chosen for what else they bring. */
static void tell_plan(struct world *w, uint64_t seed, int i) {
    struct body b = {0};
    uint64_t chance = ((uint64_t)i * UINT64_C(0x9e3779b97f4a7c15) + seed) >> 7;
    bool given_up = w->planned && chance % 3 != 0;
    if (chance % 8 != 0 && !given_up) return;
    put(&b, "version", versions[chance % 2], true);
    tell(w, given_up ? "pack.aborted" : "pack.planned", "pack/p", &b);
    w->planned = !given_up;
}

static void try_seed(uint64_t seed, struct met *met) {
    struct world *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->x = seed;
    w->seed = seed;
    box_open(&w->box);
    w->box.files = see_files;
    w->box.files_ctx = w;
    for (int i = 0; i < EVENTS; i++) {
        uint32_t what = below(w, 11);
        (what == 10 ? tell_model
         : what < 2 ? tell_pack
         : what < 4 ? tell_permission
         : what < 6 ? tell_route
         : what < 7 ? tell_suite
                    : tell_eval)(w);
        tell_plan(w, seed, i);
        touch_files(w, i);
        if (i % 4 == 3) {
            compare(w, seed, i);
        }
        meet(w, met);
    }
    box_close(&w->box);
    free(w);
}

static void the_judges_come_to_what_the_rules_say(void **state) {
    struct timespec now;
    struct met met = {0};
    const char *one = getenv("LEDGER_SEED");
    (void)state;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t random = (uint64_t)now.tv_sec * UINT64_C(1000000007) + (uint64_t)now.tv_nsec;
    const uint64_t seeds[] = {one != NULL ? strtoull(one, NULL, 10) : 55, 37, 31, 8, 11, random};
    print_message("random seed: LEDGER_SEED=%llu\n", (unsigned long long)random);
    for (size_t i = 0; i < (one != NULL ? 1 : sizeof(seeds) / sizeof(seeds[0])); i++) {
        try_seed(seeds[i], &met);
    }
    print_message(
        "%zu times an evaluation counted, %zu a pack was ready or partial, %zu a route was ready, %zu used other "
        "weights than it names, %zu none, %zu by a tool, %zu was of a pack whose files had changed, %zu proven for other "
        "files\n",
        met.counted, met.ready, met.proven, met.other, met.gone, met.tools, met.changed, met.files);
    assert_true(one != NULL || (met.counted > 20 && met.ready > 5 && met.proven > 20 && met.other > 20 && met.gone > 20 &&
                                met.tools > 5 && met.changed > 20 && met.files > 10));
}

int main(void) {
    const struct CMUnitTest tests_[] = {cmocka_unit_test(the_judges_come_to_what_the_rules_say)};
    return cmocka_run_group_tests(tests_, NULL, NULL);
}
