/* The reference of readiness: what was recorded, unchanged, and what follows from it, written from docs/readiness.md and
 * projections/ready/proof_model.h alone. The ledger is in its box. */
#ifndef TESTS_PROJECTIONS_READINESS_REFERENCE_H
#define TESTS_PROJECTIONS_READINESS_REFERENCE_H

#include "tests/projections/proof_box.h"

#define EVALS_MAX  80
#define ROUTES_MAX 3
#define SCORES_MAX 6

/* ---- what was recorded ---- */

struct score_told {
    int task;      /* 0, 1 */
    int value;     /* tenths; -1: none */
    int threshold; /* tenths; -1: none */
    int higher;    /* -1: not given */
    const char *verdict;
    int samples;  /* out of ten; -1: not given; 0: of an unknown number */
    bool limited; /* "partial_reasons" */
    int sampled;  /* tenths, what its samples make it; -1: it was not checked */
    bool picked;  /* it was preceded by a different result */
};
struct eval_told {
    int route; /* -1: none is named */
    const char *suite, *suite_digest, *digest, *config, *program, *pack, *version, *tree, *verdict;
    bool finished, invalidated, partial, dirty;
    bool unmeasured;              /* its end, or a score */
    int recorded;                 /* measured samples */
    int planned, samples, passed; /* -1: not given */
    int errors, erred;            /* given at its end; recorded */
    uint64_t seq;
    size_t n;
    struct score_told score[SCORES_MAX];
};
struct task_told {
    bool asked;
    int threshold, higher;
};
struct suite_told {
    bool there;
    struct task_told task[2];
};
struct route_told {
    bool there, declared, parked, offline, degraded, removed, required, of_pack;
    const char *model, *digest, *config, *suite, *suite_digest;
    uint64_t said_seq; /* its newest declaration or configuration */
    const char *used_model, *used_digest;
    uint64_t used_seq; /* the newest decision that names either */
    const char *role, *program, *used_program;
    uint64_t used_program_seq;
};
struct name_told {
    const char *digest; /* NULL: it does not exist */
    bool removed;       /* it did exist */
    uint64_t seq;       /* when it last appeared, moved or disappeared */
};
struct world {
    uint64_t x, seed, told, files; /* told: events of evaluations; files: choices of files of packs */
    struct box box;
    const char *pack;           /* installed, parked, removed; NULL: never */
    bool planned;               /* and that did not end yet */
    bool changed;               /* its files are not those that were installed */
    const char *version, *tree; /* as it is installed; tree NULL: without a digest of its files */
    uint64_t version_seq, removed_seq;
    const char *permission[2]; /* granted, denied, revoked; NULL: not decided */
    const char *check, *check_version;
    uint64_t check_seq;
    struct route_told route[ROUTES_MAX]; /* 0 and 1 are listed and required, 2 is not listed */
    struct name_told name[2];
    bool was_here[2];           /* by digest: some name led there once */
    uint64_t left[2];           /* when the last one stopped doing so */
    struct suite_told suite[3]; /* by digest; 2: without one */
    const char *newest_digest;  /* of the suite */
    uint32_t newest_suite;      /* declared last */
    size_t n;
    struct eval_told eval[EVALS_MAX];
};

static const char *const digests[] = {WEIGHTS, WEIGHTS2}, *const configs[] = {CONFIG, CONFIG2},
                         *const suites[] = {SUITE, SUITE2}, *const programs[] = {PROGRAM, PROGRAM2},
                         *const versions[] = {"1", "2"}, *const trees[] = {WEIGHTS, WEIGHTS2}, *const tasks[] = {"t", "u"},
                         *const names[] = {"m", "zz"};

/* ---- the reference ---- */

static inline bool same(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static inline const struct suite_told *suite_of(const struct world *w, const struct eval_told *e) {
    static const struct suite_told nothing;
    if (e->suite == NULL) return &nothing;
    if (e->suite_digest == NULL) return &w->suite[w->newest_suite];
    for (int i = 0; i < 2; i++) {
        if (same(e->suite_digest, suites[i]) && w->suite[i].there) return &w->suite[i];
    }
    return &w->suite[2];
}

/* Each requirement of a score; 'f'ails, 'o'pposed directions, 'v'alueless, 'u'ndirected, 'c' not clear, 'p'asses, ' ':
 * nothing is required. */
static inline char hold(int value, int threshold, int higher) {
    return value < 0 ? 'v' : higher < 0 ? 'u' : (higher != 0 ? value >= threshold : value <= threshold) ? 'p' : 'f';
}

static inline char result_of(const struct score_told *s, const struct task_told *t) {
    char said = same(s->verdict, "fail") ? 'f' : s->verdict != NULL && !same(s->verdict, "pass") ? 'c' : ' ';
    char own = s->threshold < 0 ? ' '
                                : hold(s->value, s->threshold,
                                       s->higher >= 0 ? s->higher
                                       : t->asked     ? t->higher
                                                      : -1);
    char suite = !t->asked || t->threshold < 0 ? ' ' : hold(s->value, t->threshold, t->higher >= 0 ? t->higher : s->higher);
    char opposed = t->asked && t->higher >= 0 && s->higher >= 0 && t->higher != s->higher ? 'o' : ' ';
    for (const char *worst = "fovucp"; *worst != '\0'; worst++) {
        if (said == *worst || own == *worst || suite == *worst || opposed == *worst) return *worst;
    }
    return ' ';
}

static inline bool is_part(const struct score_told *s) {
    return s->limited || (s->samples > 0 && s->samples < 10);
}

/* The numbers of samples: fewer than exist, more than exist, none. */
static inline bool has_wrong_numbers(const struct eval_told *e, const struct suite_told *suite) {
    int most = e->samples > e->planned ? e->samples : e->planned, sum = 0;
    bool each = e->n > 0, wrong = e->samples == 0 || (e->samples >= 0 && e->planned >= 0 && e->samples > e->planned);
    for (size_t i = 0; i < e->n; i++) {
        const struct score_told *s = &e->score[i];
        wrong = wrong || (e->samples >= 0 && s->samples > e->samples) ||
                (s->samples == 0 && result_of(s, &suite->task[s->task]) != ' ');
        each = each && s->samples >= 0;
        sum += s->samples;
    }
    return wrong || (most >= 0 && ((e->samples >= 0 && e->samples < most) || (each && sum < most)));
}

/* '+': it counts; '-': it counts against the route; '?': it proves nothing; '.': it has not ended or was invalidated. */
static inline char weigh_eval(const struct world *w, const struct eval_told *e) {
    const struct suite_told *suite = suite_of(w, e);
    size_t n[128] = {0}, scored[2] = {0};
    bool picked = false, partial = e->partial;
    if (!e->finished || e->invalidated) return '.';
    for (size_t i = 0; i < e->n; i++) {
        n[(int)result_of(&e->score[i], &suite->task[e->score[i].task])]++;
        picked = picked || e->score[i].picked || (e->score[i].sampled >= 0 && e->score[i].sampled != e->score[i].value);
        partial = partial || is_part(&e->score[i]);
        scored[e->score[i].task]++;
    }
    size_t doubtful = n['v'] + n['u'] + n['c'] + n['o'];
    partial = partial || has_wrong_numbers(e, suite) || e->errors > 0 || e->erred > 0 ||
              (e->passed >= 0 && (size_t)e->passed < n['p']);
    const char *verdict = e->verdict != NULL            ? e->verdict
                          : n['f'] > 0                  ? "fail"
                          : n['p'] > 0 && doubtful == 0 ? "pass"
                                                        : NULL;
    if (same(verdict, "fail") || same(verdict, "warn") || n['f'] > 0 || picked) return '-';
    bool whole = !partial && !e->dirty && (e->digest != NULL || e->program != NULL) && n['p'] > 0 && doubtful == 0;
    int run = e->samples >= 0 ? e->samples : e->planned;
    whole = whole && !e->unmeasured && e->recorded >= (run > 1 ? run : 1);
    for (int i = 0; i < 2; i++) {
        whole = whole && (!suite->task[i].asked || scored[i] > 0);
    }
    return same(verdict, "pass") && whole ? '+' : '?';
}

static inline const struct name_told *name_of(const struct world *w, const char *name) {
    return name == NULL ? NULL : &w->name[same(name, names[1])];
}

static inline bool is_gone(const struct world *w, int digest) {
    bool led = false;
    for (int i = 0; i < 2; i++) {
        led = led || same(w->name[i].digest, digests[digest]);
    }
    return w->was_here[digest] && !led;
}

static inline bool is_tool(const struct route_told *r) {
    return r->role != NULL ? same(r->role, "tool") : r->program != NULL && r->model == NULL && r->digest == NULL;
}

/* The program that a route uses now; NULL: unknown. */
static inline const char *program_of(const struct route_told *r) {
    return r->used_program != NULL && (r->program == NULL || r->used_program_seq > r->said_seq) ? r->used_program
                                                                                                : r->program;
}

/* The weights that a route uses now; NULL: unknown. */
static inline const char *weights_of(const struct world *w, const struct route_told *r) {
    const struct name_told *own = name_of(w, r->model), *used = name_of(w, r->used_model);
    if (is_tool(r)) return NULL;
    bool unsaid = r->model == NULL && r->digest == NULL, other = used != NULL && used != own, told = false;
    bool moved = own != NULL && !other && own->seq > r->used_seq;
    const char *is = own != NULL && own->digest != NULL ? own->digest : own != NULL && own->removed ? NULL : r->digest;
    if (r->used_seq > 0 && (unsaid || (r->used_seq > r->said_seq && !moved))) {
        told = r->used_digest != NULL;
        is = told                           ? r->used_digest
             : !other                       ? is
             : used->digest != NULL         ? used->digest
             : used->removed || own != NULL ? NULL
                                            : is;
    }
    for (int i = 0; i < 2; i++) {
        is = same(is, digests[i]) && is_gone(w, i) && !(told && r->used_seq > w->left[i]) ? NULL : is;
    }
    return is;
}

/* Only files that have a digest can be found changed. */
static inline bool is_changed(const struct world *w) {
    return w->pack != NULL && w->changed && w->tree != NULL;
}

static inline bool is_for(const struct world *w, const struct route_told *r, const struct eval_told *e) {
    const char *digest = r->suite_digest != NULL ? r->suite_digest : r->suite != NULL ? w->newest_digest : NULL;
    bool suite = digest != NULL ? same(digest, e->suite_digest) : r->suite == NULL || same(r->suite, e->suite);
    bool other = r->of_pack && e->pack != NULL && !same(e->pack, "p");
    bool version = !r->of_pack || w->pack == NULL || same(w->version, e->version);
    bool files = !r->of_pack || w->pack == NULL || w->tree == NULL || same(w->tree, e->tree);
    bool gone = r->of_pack && (same(w->pack, "removed") || is_changed(w));
    const char *program = program_of(r);
    bool bound = is_tool(r) ? same(program, e->program)
                            : same(weights_of(w, r), e->digest) && (program == NULL || same(program, e->program));
    return bound && (r->config == NULL || same(r->config, e->config)) && suite && version && files && !other && !gone;
}

/* The end of the evaluation that proves it; 0: there is none. */
static inline uint64_t proof_of(const struct world *w, int i) {
    const struct route_told *r = &w->route[i];
    const struct eval_told *best = NULL;
    if (!r->there || r->removed || (r->suite == NULL && r->suite_digest == NULL)) return 0;
    for (size_t k = 0; k < w->n; k++) {
        const struct eval_told *e = &w->eval[k];
        char sign = weigh_eval(w, e);
        bool mine = e->route == i && is_for(w, r, e) && (sign == '+' || sign == '-');
        best = mine && (best == NULL || e->seq > best->seq) ? e : best;
    }
    return best != NULL && weigh_eval(w, best) == '+' ? best->seq : 0;
}

static inline const char *state_of_route(const struct world *w, int i) {
    const struct route_told *r = &w->route[i];
    bool asked = r->suite != NULL || r->suite_digest != NULL;
    return r->removed                     ? "removed"
           : r->parked                    ? "parked"
           : r->offline                   ? "offline"
           : asked && proof_of(w, i) == 0 ? "declared-not-proven"
           : r->degraded                  ? "degraded"
           : !r->declared                 ? "undeclared"
           : !asked                       ? "declared"
                                          : "ready";
}

static inline const char *state_of_pack(const struct world *w) {
    size_t required = 0, ready = 0, proven = 0;
    if (w->planned && (w->pack == NULL || same(w->pack, "removed"))) return "incomplete";
    if (w->pack == NULL || !same(w->pack, "installed")) return w->pack;
    bool fresh =
        w->check != NULL && (w->check_version != NULL ? same(w->check_version, w->version) && w->check_seq > w->removed_seq
                                                      : w->check_seq > w->version_seq);
    if (!same(w->permission[0], "granted") || !fresh || !(same(w->check, "pass") || same(w->check, "warn"))) {
        return "blocked";
    }
    if (is_changed(w)) return "blocked";
    for (int i = 0; i < ROUTES_MAX; i++) {
        const struct route_told *r = &w->route[i];
        if (i < 2 || (r->there && !r->removed && r->of_pack && r->required)) {
            required++;
            ready += r->there && same(state_of_route(w, i), "ready");
            proven += r->there && (same(state_of_route(w, i), "ready") || proof_of(w, i) != 0);
        }
    }
    return ready < required                                                        ? (proven == 0 ? "demo-only" : "partial")
           : w->planned                                                            ? "partial"
           : same(w->permission[1], "denied") || same(w->permission[1], "revoked") ? "partial"
                                                                                   : "ready";
}

#endif
