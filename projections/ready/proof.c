/* Whether a route is proven. First what the route is now (binding), then every evaluation of it is compared with that. */
#include "projections/ready/proof.h"

#include <stdio.h>
#include <string.h>

#include "projections/ready/eval.h"
#include "projections/ready/eval_suite.h"
#include "projections/ready/pack.h"
#include "projections/ready/proof_model.h"
#include "projections/ready/routes.h"
#include "projections/ready/thresholds.h"
#include "projections/view/look.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

#define NOTHING ((struct bytes){0})

/* ---- what the route is now ---- */

struct binding {
    struct proof_model model;
    const struct row *pack; /* NULL: not known. Borrowed from the view */
    struct row suite;
    struct bytes version, suite_digest;
    struct bytes tree;    /* digest of all files of the installed pack; empty: it was installed without */
    bool tool;            /* a program serves it, no weights do */
    struct bytes program; /* digest of the program that it uses now; empty: unknown */
    bool program_by_use;  /* as its newest decision found it */
    bool changed;         /* the files of its pack are not those that were installed */
    char how[STATE_FILES_WORDS];
};

static void binding_done(struct binding *b) {
    row_done(&b->suite);
}

/* A decision's program holds while nothing newer was said of the route. */
static void bind_program(const struct row *route, struct binding *b, struct proof *proof) {
    int64_t used = row_int(route, ROUTE_USED_PROGRAM_SEQ);
    bool newer = used > row_int(route, ROUTE_DECLARED_SEQ) && used > row_int(route, ROUTE_CONFIGURED_SEQ);
    bool holds = row_has(route, ROUTE_USED_PROGRAM) && (newer || !row_has(route, ROUTE_PROGRAM_DIGEST));
    b->tool = routes_is_tool(route);
    b->program = row_text(route, holds ? ROUTE_USED_PROGRAM : ROUTE_PROGRAM_DIGEST);
    b->program_by_use = holds && !bytes_eq(b->program, row_text(route, ROUTE_PROGRAM_DIGEST));
    if (b->program_by_use) {
        reason_cite_cell(&proof->reason, route, ROUTE_USED_PROGRAM_SEQ, ROUTE_USED_PROGRAM_AT);
    }
}

static bool is_bound(const struct binding *b) {
    return b->tool ? b->program.n > 0 : b->model.digest[0] != '\0';
}

static int bind(struct state_view *view, const struct row *route, struct binding *b, struct proof *proof, struct err *err) {
    struct bytes pack = row_text(route, ROUTE_PACK), suite = row_text(route, ROUTE_SUITE);
    size_t packs = state_table_find(view, "packs");
    bool there = false;
    memset(b, 0, sizeof(*b));
    int rc = packs != SIZE_MAX && pack.n > 0 ? view_get_again(view, packs, pack, &b->pack, err) : 0;
    int other = look_stored(view, "suites", &suite, 1, &b->suite, &there, rc == 0 ? err : NULL);
    if (rc == 0) rc = other;
    if (rc == 0) rc = proof_model(view, route, &b->model, err);
    if (rc != 0) return rc;
    b->pack = b->pack != NULL && row_has(b->pack, PACK_STEP) ? b->pack : NULL;
    b->version = b->pack != NULL && row_has(b->pack, PACK_VERSION) ? row_text(b->pack, PACK_VERSION)
                                                                   : row_text(route, ROUTE_PACK_VERSION);
    b->tree = b->pack != NULL ? row_text(b->pack, PACK_TREE_DIGEST) : NOTHING;
    b->suite_digest = row_has(route, ROUTE_SUITE_DIGEST) ? row_text(route, ROUTE_SUITE_DIGEST)
                      : there && suite.n > 0             ? row_text(&b->suite, SUITE_DIGEST)
                                                         : NOTHING;
    reason_cite_row(&proof->reason, route, ROUTE_BASE);
    reason_cite_all(&proof->reason, &b->model.reason);
    memcpy(proof->uses, b->model.digest, sizeof(proof->uses));
    bind_program(route, b, proof);
    if (b->pack != NULL) {
        b->changed = pack_is_changed(view, b->pack, b->how);
        reason_cite_cell(&proof->reason, b->pack, PACK_VERSION_SEQ, PACK_VERSION_AT);
    }
    if (there && suite.n > 0 && !row_has(route, ROUTE_SUITE_DIGEST)) {
        reason_cite_cell(&proof->reason, &b->suite, SUITE_CHANGED_SEQ, SUITE_CHANGED_AT);
    }
    return 0;
}

/* ---- holding an evaluation against it ---- */

#define SUITE_NAMED_MAX 136 /* a suite's name has at most 128 bytes */

struct candidate {
    bool there;
    uint64_t seq, at;
    char id[128], suite[SUITE_NAMED_MAX];
    struct eval_verdict verdict;
    struct readiness drift; /* differences from the route as it is now */
};

struct comparing {
    const struct row *route, *eval; /* eval NULL: none */
    const struct binding *b;
    const char *digest; /* the evaluation's weights; "": not named */
    const char *running;
    struct readiness *found;
    const struct candidate *newer; /* its result cannot be known; NULL: none */
};

/* What the route states, the evaluation must state too. */
static bool agrees(struct bytes now, struct bytes proven) {
    return now.n == 0 || bytes_eq(now, proven);
}

static bool is_of_suite(const struct row *route, const struct binding *b, const struct row *eval) {
    struct bytes suite = row_text(route, ROUTE_SUITE), other = row_text(eval, EVAL_SUITE);
    bool same_digest = b->suite_digest.n > 0 && bytes_eq(b->suite_digest, row_text(eval, EVAL_SUITE_DIGEST));
    return suite.n == 0 || other.n == 0 || bytes_eq(suite, other) || same_digest;
}

/* ---- the conditions of readiness_proof.def ---- */

static bool knows_no_weights(struct comparing *c, enum proof_unknown why) {
    readiness_say(c->found, "why", "%s", c->b->model.reason.words);
    return !c->b->tool && c->b->model.digest[0] == '\0' && c->b->model.unknown == why;
}

static bool names_no_model(struct comparing *c) {
    return knows_no_weights(c, PROOF_MODEL_UNNAMED);
}

static bool has_runtimes_that_disagree(struct comparing *c) {
    return knows_no_weights(c, PROOF_MODEL_DIFFERS);
}

static bool has_lost_its_weights(struct comparing *c) {
    return knows_no_weights(c, PROOF_MODEL_GONE);
}

static bool uses_a_model_unknown(struct comparing *c) {
    readiness_say(c->found, "used", "%.*s", REASON_NAME(row_text(c->route, ROUTE_USED_MODEL)));
    return knows_no_weights(c, PROOF_MODEL_USED);
}

static bool is_told_no_weights(struct comparing *c) {
    return knows_no_weights(c, PROOF_MODEL_UNTOLD);
}

static bool is_listed_nowhere(struct comparing *c) {
    return knows_no_weights(c, PROOF_MODEL_UNLISTED);
}

static bool names_no_program(struct comparing *c) {
    return c->b->tool && c->b->program.n == 0;
}

static bool has_no_eval(struct comparing *c) {
    readiness_say(c->found, "why", "%s", c->running);
    return c->eval == NULL;
}

static bool is_veiled(struct comparing *c) {
    if (c->newer == NULL) return false;
    readiness_say(c->found, "newer", "%s", c->newer->id);
    readiness_say(c->found, "erased", "%s", readiness_fact(&c->newer->verdict.found, "erased"));
    readiness_say(c->found, "by", "%s", readiness_fact(&c->newer->verdict.found, "by"));
    return true;
}

static bool names_no_route(struct comparing *c) {
    return c->eval != NULL && !row_has(c->eval, EVAL_ROUTE);
}

static bool names_no_weights(struct comparing *c) {
    return !c->b->tool && c->eval != NULL && c->digest[0] == '\0';
}

static bool names_not_the_program(struct comparing *c) {
    return c->eval != NULL && c->b->program.n > 0 && !row_has(c->eval, EVAL_PROGRAM_DIGEST);
}

static bool is_of_other_program(struct comparing *c) {
    struct bytes proven = c->eval != NULL ? row_text(c->eval, EVAL_PROGRAM_DIGEST) : NOTHING;
    readiness_say(c->found, "proven", "%.*s", REASON_DIGEST(proven));
    readiness_say(c->found, "now", c->b->program_by_use ? "its newest decision used %.*s" : "the route names %.*s now",
                  REASON_DIGEST(c->b->program));
    return proven.n > 0 && !agrees(c->b->program, proven);
}

static bool is_of_other_weights(struct comparing *c) {
    const struct proof_model *uses = &c->b->model;
    struct bytes model = row_text(c->route, uses->by_use ? ROUTE_USED_MODEL : ROUTE_MODEL), digest = bytes_of(uses->digest);
    if (c->eval == NULL || c->digest[0] == '\0' || digest.n == 0 || strcmp(c->digest, uses->digest) == 0) {
        return false; /* unknown weights are a finding of the route itself */
    }
    readiness_say(c->found, "proven", "%.*s", REASON_DIGEST(bytes_of(c->digest)));
    if (uses->by_use) {
        readiness_say(c->found, "now", "its newest decision used %s%.*s%s%.*s", model.n > 0 ? "'" : "", REASON_NAME(model),
                      model.n > 0 ? "', which is " : "", REASON_DIGEST(digest));
    } else if (model.n > 0) {
        readiness_say(c->found, "now", "'%.*s' is %.*s now", REASON_NAME(model), REASON_DIGEST(digest));
    } else {
        readiness_say(c->found, "now", "the route uses %.*s now", REASON_DIGEST(digest));
    }
    return true;
}

static bool names_no_config(struct comparing *c) {
    return c->eval != NULL && row_has(c->route, ROUTE_CONFIG_DIGEST) && !row_has(c->eval, EVAL_CONFIG_DIGEST);
}

static bool is_of_other_config(struct comparing *c) {
    return c->eval != NULL && row_has(c->eval, EVAL_CONFIG_DIGEST) &&
           !agrees(row_text(c->route, ROUTE_CONFIG_DIGEST), row_text(c->eval, EVAL_CONFIG_DIGEST));
}

static bool is_of_removed_pack(struct comparing *c) {
    readiness_say(c->found, "pack", "%.*s", REASON_NAME(row_text(c->route, ROUTE_PACK)));
    return c->b->pack != NULL && row_is(c->b->pack, PACK_STEP, "removed");
}

static bool is_of_changed_pack(struct comparing *c) {
    readiness_say(c->found, "changed", "%s", c->b->how);
    return c->b->changed;
}

static bool is_of_other_pack(struct comparing *c) {
    struct bytes pack = row_text(c->route, ROUTE_PACK), other = c->eval != NULL ? row_text(c->eval, EVAL_PACK) : NOTHING;
    readiness_say(c->found, "other", "%.*s", REASON_NAME(other));
    return pack.n > 0 && other.n > 0 && !bytes_eq(pack, other);
}

static bool names_no_version(struct comparing *c) {
    readiness_say(c->found, "version", "%.*s", REASON_NAME(c->b->version));
    return c->eval != NULL && c->b->version.n > 0 && !row_has(c->eval, EVAL_PACK_VERSION);
}

static bool is_of_other_version(struct comparing *c) {
    struct bytes proven = c->eval != NULL ? row_text(c->eval, EVAL_PACK_VERSION) : NOTHING;
    readiness_say(c->found, "proven", "%.*s", REASON_NAME(proven));
    return proven.n > 0 && !agrees(c->b->version, proven);
}

static bool names_no_files(struct comparing *c) {
    return c->eval != NULL && c->b->tree.n > 0 && !row_has(c->eval, EVAL_PACK_DIGEST);
}

static bool is_of_other_files(struct comparing *c) {
    struct bytes proven = c->eval != NULL ? row_text(c->eval, EVAL_PACK_DIGEST) : NOTHING;
    return proven.n > 0 && !agrees(c->b->tree, proven);
}

/* By the digest if one is known, else by the name. */
static struct bytes suite_now(const struct comparing *c) {
    return c->b->suite_digest.n > 0 ? c->b->suite_digest : row_text(c->route, ROUTE_SUITE);
}

static struct bytes suite_proven(const struct comparing *c) {
    return row_text(c->eval, c->b->suite_digest.n > 0 ? EVAL_SUITE_DIGEST : EVAL_SUITE);
}

static bool names_no_suite(struct comparing *c) {
    return c->eval != NULL && suite_now(c).n > 0 && suite_proven(c).n == 0;
}

static bool is_of_other_suite(struct comparing *c) {
    return c->eval != NULL && suite_proven(c).n > 0 && !agrees(suite_now(c), suite_proven(c));
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct comparing *c);
} rules[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_proof.def"
#undef RULE
};

static void walk(struct comparing *c) {
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (rules[i].unmet(c)) {
            readiness_add(c->found, rules[i].id);
        }
    }
}

/* ---- the evaluations of a route ---- */

/* The newest of each sort: decisive for the route as it is, undecided for it, full passes for another state of it,
 * others. */
struct candidates {
    struct candidate decisive, undecided, drifted, other;
    struct candidate veiled; /* erased, and the newest that may be of the route as it is and may have failed */
    size_t running;
    uint64_t running_seq;
};

static void keep_newest(struct candidate *kept, const struct candidate *c) {
    if (!kept->there || c->seq > kept->seq) {
        *kept = *c;
    }
}

/* Nothing that is left of it says that it is of something else. */
static bool may_be_of_route(const struct candidate *c) {
    static const enum readiness_id other[] = {
        READINESS_PROOF_WEIGHTS, READINESS_PROOF_PROGRAM_OTHER, READINESS_PROOF_CONFIG, READINESS_PROOF_PACK,
        READINESS_PROOF_VERSION, READINESS_PROOF_FILES,         READINESS_PROOF_SUITE};
    bool may = true;
    for (size_t i = 0; i < c->drift.n; i++) {
        for (size_t k = 0; k < sizeof(other) / sizeof(other[0]); k++) {
            may = may && c->drift.found[i].id != other[k];
        }
    }
    return may;
}

static void sort_candidate(struct candidates *all, const struct candidate *c) {
    bool decides = c->verdict.counts || c->verdict.outcome == READINESS_FAILED;
    if (!c->verdict.counts && c->verdict.outcome == READINESS_UNFINISHED) {
        all->running++;
        all->running_seq = c->seq > all->running_seq ? c->seq : all->running_seq;
    } else if (c->drift.n == 0) {
        keep_newest(decides ? &all->decisive : &all->undecided, c);
    } else {
        keep_newest(c->verdict.counts ? &all->drifted : &all->other, c);
    }
}

static void compare(const struct row *route, const struct binding *b, const struct row *eval, const char *digest,
                    struct candidate *c) {
    struct comparing comparing = {route, eval, b, digest, "", &c->drift, NULL};
    readiness_init(&c->drift);
    readiness_say(&c->drift, "eval", "%s", c->id);
    walk(&comparing);
}

/* The evaluations that are compared with a route. */
struct eval_search {
    struct state_view *view;
    const struct row *route;
    const struct binding *b;
    struct bytes name; /* of the route, as they name it; empty: they name none */
    bool erased;       /* only those whose route nobody can know any more */
    struct candidates *all;
};

static int add_candidate(const struct eval_search *g, const struct row *eval, struct err *err) {
    bool ended = !row_is(eval, EVAL_STATE, "started") && row_has(eval, EVAL_FINISHED_SEQ);
    struct bytes id = row_text(eval, EVAL_ID);
    struct candidate c = {.there = true};
    char digest[MODELS_DIGEST_MAX];
    c.seq = (uint64_t)row_int(eval, ended ? EVAL_FINISHED_SEQ : EVAL_BASE + FOLD_SINCE_SEQ);
    c.at = (uint64_t)row_int(eval, ended ? EVAL_FINISHED_AT : EVAL_BASE + FOLD_SINCE);
    if (g->all->decisive.there && c.seq < g->all->decisive.seq) {
        return 0; /* a newer evaluation decides */
    }
    int rc = eval_judge_verdict(g->view, eval, false, &c.verdict, err);
    if (rc == 0) rc = thresholds_judge(g->view, g->route, eval, &c.verdict, err);
    if (rc == 0) rc = models_digest(g->view, row_text(eval, EVAL_DIGEST), digest, err);
    if (rc != 0) return rc;
    if (row_is(eval, EVAL_STATE, "invalidated")) { /* the event that invalidated it is the reason */
        reason_cite_row(&c.verdict.reason, eval, EVAL_BASE);
    }
    snprintf(c.id, sizeof(c.id), "%.*s", REASON_PART(id, sizeof(c.id) - 1));
    snprintf(c.suite, sizeof(c.suite), "%.*s", REASON_PART(row_text(eval, EVAL_SUITE), sizeof(c.suite) - 1));
    compare(g->route, g->b, eval, digest, &c);
    bool decides = c.verdict.outcome == READINESS_FAILED && c.drift.n == 0;
    if (eval_is_veiled(eval) && !decides && may_be_of_route(&c)) {
        keep_newest(&g->all->veiled, &c);
    }
    sort_candidate(g->all, &c);
    return 0;
}

static int add_if_wanted(void *ctx, const struct row *eval, struct err *err) {
    const struct eval_search *g = ctx;
    bool wanted =
        g->erased ? !row_has(eval, EVAL_ROUTE) && eval_is_veiled(eval) : bytes_eq(row_text(eval, EVAL_ROUTE), g->name);
    return wanted && is_of_suite(g->route, g->b, eval) ? add_candidate(g, eval, err) : 0;
}

/* Where no evaluation names the route, one of its weights and suite that names no route explains what is missing. */
static int gather(struct state_view *view, const struct row *route, const struct binding *b, struct candidates *all,
                  struct err *err) {
    const struct bytes name = row_text(route, ROUTE_NAME), digest = bytes_of(b->model.digest);
    struct eval_search g = {view, route, b, name, false, all};
    int rc = eval_each(view, "eval_routes", &name, add_if_wanted, &g, err);
    bool any = all->decisive.there || all->undecided.there || all->drifted.there || all->other.there || all->running > 0;
    g.name = NOTHING;
    if (rc == 0 && !any && digest.n > 0) rc = eval_each(view, "eval_loose", &digest, add_if_wanted, &g, err);
    g.erased = true;
    if (rc == 0 && all->decisive.there) rc = eval_each(view, "eval_erasures", NULL, add_if_wanted, &g, err);
    return rc;
}

/* ---- saying why not ---- */

/* An evaluation after the pass may have been a failure. */
static bool is_in_doubt(const struct candidates *all) {
    return all->veiled.there && all->veiled.seq > all->decisive.seq;
}

static void say_why_not(struct proof *p, const struct row *route, const struct binding *b, const struct candidates *all) {
    static const char *const kept[] = {"judged", "source"};
    const struct candidate *c = all->decisive.there    ? &all->decisive
                                : all->undecided.there ? &all->undecided
                                : all->drifted.there   ? &all->drifted
                                                       : &all->other;
    struct comparing none = {
        .route = route, .b = b, .running = all->running > 0 ? ": one is under way" : "", .found = &p->found};
    if (c->there && c->verdict.counts && c == &all->decisive && is_in_doubt(all)) {
        none.newer = &all->veiled;
        readiness_say(&p->found, "eval", "%s", c->id);
        is_veiled(&none);
        readiness_add(&p->found, READINESS_PROOF_ERASED);
        reason_cite(&p->reason, c->seq, c->at);
        reason_cite_all(&p->reason, &all->veiled.verdict.reason);
        return;
    }
    if (!c->there) {
        walk(&none);
        if (all->running > 0) {
            reason_cite(&p->reason, all->running_seq, 0);
        }
        return;
    }
    readiness_say(&p->found, "eval", "%s", c->id);
    readiness_say(&p->found, "suite", "%s", c->suite);
    readiness_add_all(&p->found, &c->drift);
    readiness_add_of(&p->found, &c->verdict.found, c->id, READINESS_EVAL_WEIGHTS); /* the drift has this finding */
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {                  /* what remedies are made of */
        const char *fact = readiness_fact(&c->verdict.found, kept[i]);
        if (fact != NULL) readiness_say(&p->found, kept[i], "%s", fact);
    }
    reason_cite(&p->reason, c->seq, c->at);
    reason_cite_all(&p->reason, &c->verdict.reason);
}

int proof_of_route(struct state_view *view, const struct row *route, struct proof *ret, struct err *err) {
    struct candidates all;
    struct binding b;
    memset(ret, 0, sizeof(*ret));
    memset(&all, 0, sizeof(all));
    readiness_init(&ret->found);
    ret->asked = row_has(route, ROUTE_SUITE) || row_has(route, ROUTE_SUITE_DIGEST);
    if (!ret->asked) {
        int failed = proof_model(view, route, &b.model, err);
        memcpy(ret->uses, b.model.digest, sizeof(ret->uses));
        reason_say(&ret->reason, "the route names no suite");
        return failed;
    }
    int rc = bind(view, route, &b, ret, err);
    if (rc == 0) rc = gather(view, route, &b, &all, err);
    if (rc == 0 && is_bound(&b) && all.decisive.there && all.decisive.verdict.counts && !is_in_doubt(&all)) {
        ret->counts = true;
        ret->seq = all.decisive.seq;
        reason_cite(&ret->reason, all.decisive.seq, all.decisive.at);
    } else if (rc == 0) {
        say_why_not(ret, route, &b, &all);
        readiness_tell(&ret->found, true, &ret->reason);
    }
    binding_done(&b);
    return rc;
}
