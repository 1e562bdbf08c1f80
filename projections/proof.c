/* Whether a route is proven. First what it is now (binding), then every evaluation of it is held against that. */
#include "projections/proof.h"

#include <string.h>

#include "projections/evals.h"
#include "projections/look.h"
#include "projections/packs.h"
#include "projections/routes.h"
#include "projections/view.h"

#define NOTHING ((struct bytes){0})

/* ---- which weights ---- */

static void keep(char ret[MODELS_DIGEST_MAX], const char *digest) {
    memcpy(ret, digest, strlen(digest) + 1);
}

/* The newest event that says what the route is to use. */
static int64_t said_at(const struct row *route, const struct models_weights *name) {
    int64_t a = row_int(route, ROUTE_DECLARED_SEQ), b = row_int(route, ROUTE_CONFIGURED_SEQ);
    int64_t c = (int64_t)name->reason.newest;
    a = a > b ? a : b;
    return a > c ? a : c;
}

/* A decision that is newer than all that was said, and used other weights. */
static int check_use(struct state_view *view, const struct row *route, const struct models_weights *name,
                     struct proof_model *ret, struct err *err) {
    char used[MODELS_DIGEST_MAX];
    bool unsaid = !row_has(route, ROUTE_MODEL) && !row_has(route, ROUTE_DIGEST);
    if (!row_has(route, ROUTE_USED_DIGEST) || (!unsaid && row_int(route, ROUTE_USED_SEQ) < said_at(route, name))) {
        return 0;
    }
    int code = models_digest(view, row_text(route, ROUTE_USED_DIGEST), used, err);
    if (code == 0 && used[0] != '\0' && strcmp(used, ret->digest) != 0) {
        keep(ret->digest, used);
        reason_cite_cell(&ret->reason, route, ROUTE_USED_SEQ, ROUTE_DECIDED_AT);
    }
    return code;
}

int proof_model(struct state_view *view, const struct row *route, struct proof_model *ret, struct err *err) {
    struct bytes model = row_text(route, ROUTE_MODEL), digest = row_text(route, ROUTE_DIGEST);
    struct models_weights name = {0};
    char pinned[MODELS_DIGEST_MAX] = "";
    int code = 0;
    memset(ret, 0, sizeof(*ret));
    if (digest.n > 0) {
        code = models_digest(view, digest, pinned, err);
    }
    if (code == 0 && model.n > 0) {
        code = models_resolve(view, row_text(route, ROUTE_RUNTIME), model, bytes_of(pinned), &name, err);
        reason_cite_all(&ret->reason, &name.reason);
    }
    /* A name that nobody has seen, or whose weights nobody knows, does not speak against the digest; one that is gone does.
     */
    if (code == 0) {
        keep(ret->digest, name.digest[0] != '\0' ? name.digest : name.removed ? "" : pinned);
        code = check_use(view, route, &name, ret, err);
    }
    if (code == 0 && ret->digest[0] == '\0') {
        reason_say(&ret->reason, "%s", name.reason.n > 0 ? name.reason.words : "the route names no model");
    }
    return code;
}

/* ---- what the route is now ---- */

struct binding {
    struct proof_model model;
    const struct row *pack; /* NULL: not known. Borrowed from the view */
    struct row suite;
    struct bytes version, suite_digest;
};

static void binding_done(struct binding *b) {
    row_done(&b->suite);
}

static int bind(struct state_view *view, const struct row *route, struct binding *b, struct proof *proof, struct err *err) {
    struct bytes pack = row_text(route, ROUTE_PACK), suite = row_text(route, ROUTE_SUITE);
    size_t packs = state_table_find(view, "packs");
    bool there = false;
    memset(b, 0, sizeof(*b));
    int code = packs != SIZE_MAX && pack.n > 0 ? view_get_again(view, packs, pack, &b->pack, err) : 0;
    int other = look_stored(view, "suites", &suite, 1, &b->suite, &there, code == 0 ? err : NULL);
    code = code != 0 ? code : other;
    code = code != 0 ? code : proof_model(view, route, &b->model, err);
    if (code != 0) {
        return code;
    }
    b->pack = b->pack != NULL && row_has(b->pack, PACK_STEP) ? b->pack : NULL;
    b->version = b->pack != NULL && row_has(b->pack, PACK_VERSION) ? row_text(b->pack, PACK_VERSION)
                                                                   : row_text(route, ROUTE_PACK_VERSION);
    b->suite_digest = row_has(route, ROUTE_SUITE_DIGEST) ? row_text(route, ROUTE_SUITE_DIGEST)
                      : there && suite.n > 0             ? row_text(&b->suite, SUITE_DIGEST)
                                                         : NOTHING;
    reason_cite_row(&proof->reason, route, ROUTE_BASE);
    reason_cite_all(&proof->reason, &b->model.reason);
    if (b->pack != NULL) {
        reason_cite_cell(&proof->reason, b->pack, PACK_VERSION_SEQ, PACK_VERSION_AT);
    }
    if (there && suite.n > 0 && !row_has(route, ROUTE_SUITE_DIGEST)) {
        reason_cite_cell(&proof->reason, &b->suite, SUITE_CHANGED_SEQ, SUITE_CHANGED_AT);
    }
    return 0;
}

/* ---- holding an evaluation against it ---- */

enum { MODEL = 1, CONFIG = 2, PACK = 4, SUITE = 8 };

struct candidate {
    bool there;
    uint64_t seq, at;
    enum evals_class class;
    const char *word;
    unsigned drift;
    char id[128];
    struct reason why;
    char digest[MODELS_DIGEST_MAX];
    char version[64];
};

/* What the route says, the evaluation has to say too. */
static bool agrees(struct bytes now, struct bytes proven) {
    return now.n == 0 || bytes_eq(now, proven);
}

static bool is_of_suite(const struct row *route, const struct binding *b, const struct row *eval) {
    struct bytes suite = row_text(route, ROUTE_SUITE), other = row_text(eval, EVAL_SUITE);
    bool same_digest = b->suite_digest.n > 0 && bytes_eq(b->suite_digest, row_text(eval, EVAL_SUITE_DIGEST));
    return suite.n == 0 || other.n == 0 || bytes_eq(suite, other) || same_digest;
}

static unsigned drift_of(const struct row *route, const struct binding *b, const struct row *eval, const char *digest) {
    struct bytes suite = row_text(route, ROUTE_SUITE), pack = row_text(route, ROUTE_PACK);
    bool removed = b->pack != NULL && row_is(b->pack, PACK_STEP, "removed");
    bool other_pack = pack.n > 0 && row_has(eval, EVAL_PACK) && !bytes_eq(pack, row_text(eval, EVAL_PACK));
    bool same_suite = agrees(b->suite_digest, row_text(eval, EVAL_SUITE_DIGEST)) &&
                      (b->suite_digest.n > 0 || agrees(suite, row_text(eval, EVAL_SUITE)));
    bool same_pack = !removed && !other_pack && agrees(b->version, row_text(eval, EVAL_PACK_VERSION));
    bool same_config = agrees(row_text(route, ROUTE_CONFIG_DIGEST), row_text(eval, EVAL_CONFIG_DIGEST));
    bool same_model = digest[0] != '\0' && strcmp(digest, b->model.digest) == 0;
    return (same_model ? 0U : MODEL) | (same_config ? 0U : CONFIG) | (same_pack ? 0U : PACK) | (same_suite ? 0U : SUITE);
}

/* The best of each sort: decisive for the route as it is, undecided for it, full passes for another state of it, others. */
struct candidates {
    struct candidate decisive, undecided, drifted, other;
    size_t running;
    uint64_t running_seq;
};

static void keep_newest(struct candidate *kept, const struct candidate *c) {
    if (!kept->there || c->seq > kept->seq) {
        *kept = *c;
    }
}

static void name_it(char *ret, size_t room, struct bytes text) {
    size_t n = reason_fits(text, room - 1);
    if (n > 0) {
        memcpy(ret, text.p, n);
    }
    ret[n] = '\0';
}

static void sort_candidate(struct candidates *all, const struct candidate *c) {
    if (c->class == EVALS_UNFINISHED) {
        all->running++;
        all->running_seq = c->seq > all->running_seq ? c->seq : all->running_seq;
    } else if (c->drift == 0 && (c->class == EVALS_COUNTS || c->class == EVALS_FAILED)) {
        keep_newest(&all->decisive, c);
    } else if (c->drift == 0) {
        keep_newest(&all->undecided, c);
    } else if (c->class == EVALS_COUNTS) {
        keep_newest(&all->drifted, c);
    } else {
        keep_newest(&all->other, c);
    }
}

static int take_eval(struct state_view *view, const struct row *route, const struct binding *b, struct bytes id,
                     struct candidates *all, struct err *err) {
    struct candidate c = {.there = true};
    struct evals_verdict verdict;
    struct row eval;
    bool there;
    int code = look_stored(view, "evals", &id, 1, &eval, &there, err);
    if (code != 0 || !there || !bytes_eq(row_text(&eval, EVAL_ROUTE), row_text(route, ROUTE_NAME)) ||
        !is_of_suite(route, b, &eval)) {
        row_done(&eval);
        return code;
    }
    code = evals_judge_verdict(view, &eval, &verdict, err);
    code = code != 0 ? code : models_digest(view, row_text(&eval, EVAL_DIGEST), c.digest, err);
    if (code == 0) {
        bool ended = verdict.class != EVALS_UNFINISHED && row_has(&eval, EVAL_FINISHED_SEQ);
        c.seq = (uint64_t)row_int(&eval, ended ? EVAL_FINISHED_SEQ : EVAL_BASE + FOLD_SINCE_SEQ);
        c.at = (uint64_t)row_int(&eval, ended ? EVAL_FINISHED_AT : EVAL_BASE + FOLD_SINCE);
        c.class = verdict.class;
        c.word = verdict.word;
        c.why = verdict.reason;
        if (verdict.class == EVALS_INVALID) { /* the event that took it back is the reason */
            reason_cite_row(&c.why, &eval, EVAL_BASE);
        }
        c.drift = drift_of(route, b, &eval, c.digest);
        name_it(c.id, sizeof(c.id), id);
        name_it(c.version, sizeof(c.version), row_text(&eval, EVAL_PACK_VERSION));
        sort_candidate(all, &c);
    }
    row_done(&eval);
    return code;
}

static int take_evals(struct state_view *view, const struct row *route, const struct binding *b, struct candidates *all,
                      struct err *err) {
    const struct bytes name = row_text(route, ROUTE_NAME);
    struct state_rows *rows = NULL;
    const struct row *at;
    int code = look_rows(view, "eval_routes", &name, 1, &rows, err);
    while (code == 0 && (code = look_next(rows, &at, err)) == 0) {
        code = take_eval(view, route, b, row_text(at, EVAL_OF_EVAL), all, err);
    }
    state_rows_close(rows);
    return code == 1 ? 0 : code;
}

/* ---- saying why not ---- */

static void say_model(struct proof *p, const struct row *route, const struct binding *b, const struct candidate *c) {
    struct bytes model = row_text(route, ROUTE_MODEL);
    if (c->digest[0] == '\0') {
        reason_say(&p->reason, "model drift: eval '%s' names no weights", c->id);
        return;
    }
    reason_say(&p->reason, "model drift: proven for %.*s, ", REASON_DIGEST(bytes_of(c->digest)));
    if (model.n > 0) {
        reason_say(&p->reason, "'%.*s' is %.*s now", REASON_NAME(model), REASON_DIGEST(bytes_of(b->model.digest)));
    } else {
        reason_say(&p->reason, "the route uses %.*s now", REASON_DIGEST(bytes_of(b->model.digest)));
    }
}

static void say_pack(struct proof *p, const struct row *route, const struct binding *b, const struct candidate *c) {
    struct bytes pack = row_text(route, ROUTE_PACK);
    if (b->pack != NULL && row_is(b->pack, PACK_STEP, "removed")) {
        reason_say(&p->reason, "pack drift: pack '%.*s' is removed", REASON_NAME(pack));
    } else if (c->version[0] == '\0') {
        reason_say(&p->reason, "pack drift: eval '%s' names no version of the pack, which is %.*s now", c->id,
                   REASON_NAME(b->version));
    } else {
        reason_say(&p->reason, "pack drift: proven for version %s of pack '%.*s', which is %.*s now", c->version,
                   REASON_NAME(pack), REASON_NAME(b->version));
    }
}

static void say_drift(struct proof *p, const struct row *route, const struct binding *b, const struct candidate *c) {
    static const struct {
        unsigned bit;
        const char *word;
    } words[] = {{MODEL, "model drift"}, {CONFIG, "config drift"}, {PACK, "pack drift"}, {SUITE, "suite drift"}};
    bool first = true;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if ((c->drift & words[i].bit) == 0) {
            continue;
        }
        p->word = first ? words[i].word : p->word;
        reason_say(&p->reason, "%s", first ? "" : "; ");
        first = false;
        if (words[i].bit == MODEL) {
            say_model(p, route, b, c);
        } else if (words[i].bit == PACK) {
            say_pack(p, route, b, c);
        } else {
            reason_say(&p->reason, "%s: eval '%s' is of another %s than the route has now", words[i].word, c->id,
                       words[i].bit == CONFIG ? "configuration" : "version of the suite");
        }
    }
}

static void say_why_not(struct proof *p, const struct row *route, const struct binding *b, const struct candidates *all) {
    const struct candidate *c = all->decisive.there    ? &all->decisive
                                : all->undecided.there ? &all->undecided
                                : all->drifted.there   ? &all->drifted
                                                       : &all->other;
    if (b->model.digest[0] == '\0') {
        p->word = "no weights";
        reason_say(&p->reason, "no weights: %s", b->model.reason.words);
    } else if (c->there && c->drift == 0) {
        p->word = c->word;
        reason_say(&p->reason, "%s: '%s': %s", c->word, c->id, c->why.words);
    } else if (c->there && c == &all->drifted) {
        say_drift(p, route, b, c);
    } else if (all->running > 0) {
        p->word = "no eval";
        reason_say(&p->reason, "no eval: one is under way");
        reason_cite(&p->reason, all->running_seq, 0);
    } else {
        p->word = "no eval";
        reason_say(&p->reason, "no eval");
        if (c->there) {
            reason_say(&p->reason, ": the newest, '%s', was for another state of the route, and would not count: %s", c->id,
                       c->why.words);
        }
    }
    if (c->there) {
        reason_cite(&p->reason, c->seq, c->at);
        reason_cite_all(&p->reason, &c->why);
    }
}

int proof_of_route(struct state_view *view, const struct row *route, struct proof *ret, struct err *err) {
    struct candidates all;
    struct binding b;
    memset(ret, 0, sizeof(*ret));
    memset(&all, 0, sizeof(all));
    ret->word = "";
    ret->asked = row_has(route, ROUTE_SUITE) || row_has(route, ROUTE_SUITE_DIGEST);
    if (!ret->asked) {
        reason_say(&ret->reason, "the route names no suite");
        return 0;
    }
    int code = bind(view, route, &b, ret, err);
    code = code != 0 ? code : take_evals(view, route, &b, &all, err);
    if (code == 0 && b.model.digest[0] != '\0' && all.decisive.there && all.decisive.class == EVALS_COUNTS) {
        ret->counts = true;
        ret->seq = all.decisive.seq;
        reason_cite(&ret->reason, all.decisive.seq, all.decisive.at);
    } else if (code == 0) {
        say_why_not(ret, route, &b, &all);
    }
    binding_done(&b);
    return code;
}

int proof_find(struct state_view *view, struct bytes route, struct proof *ret, struct err *err) {
    struct row row;
    bool there = false;
    int code = look_stored(view, "routes", &route, 1, &row, &there, err);
    if (code == 0 && (!there || row_is(&row, ROUTE_STEP, "removed"))) {
        code = err_set(err, ERR_NOTFOUND, "there is no route '%.*s'", REASON_NAME(route));
    }
    code = code != 0 ? code : proof_of_route(view, &row, ret, err);
    row_done(&row);
    return code;
}
