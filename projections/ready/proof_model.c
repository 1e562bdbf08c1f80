/* First what the route says, then its newest decision is compared with that, and last whether the weights are still
 * there. */
#include "projections/ready/proof_model.h"

#include <stdio.h>
#include <string.h>

#include "projections/fold/fold.h"
#include "projections/ready/routes.h"

#define LATEST ":latest"

struct finding {
    struct state_view *view;
    const struct row *route;
    struct models_weights name; /* of the route's model */
    bool live;                  /* the weights are those of a listed name */
    bool used;                  /* the decision that applies names them by their digest */
    struct proof_model *ret;
};

static void keep(char ret[MODELS_DIGEST_MAX], const char *digest) {
    memmove(ret, digest, strlen(digest) + 1);
}

static void know_not(struct proof_model *ret, enum proof_unknown unknown, const char *why) {
    ret->digest[0] = '\0';
    ret->unknown = unknown;
    ret->reason.n = 0;
    reason_say(&ret->reason, "%s", why);
}

/* ---- what the route says ---- */

/* A runtime whose names `ledger ingest ollama` reads: with an address of its own it is "ollama@host:port"; "" is any. */
static bool is_ingested(struct bytes runtime) {
    return runtime.n == 0 || bytes_is(runtime, "ollama") || bytes_has_prefix(runtime, "ollama@");
}

static enum proof_unknown why_unknown(const struct row *route, const struct models_weights *name) {
    return !row_has(route, ROUTE_MODEL)                                 ? PROOF_MODEL_UNNAMED
           : name->differs                                              ? PROOF_MODEL_DIFFERS
           : name->removed                                              ? PROOF_MODEL_GONE
           : name->seen || !is_ingested(row_text(route, ROUTE_RUNTIME)) ? PROOF_MODEL_UNTOLD
                                                                        : PROOF_MODEL_UNLISTED;
}

static int take_route(struct finding *f, struct err *err) {
    struct bytes model = row_text(f->route, ROUTE_MODEL), digest = row_text(f->route, ROUTE_DIGEST);
    struct proof_model *ret = f->ret;
    char pinned[MODELS_DIGEST_MAX] = "";
    int rc = digest.n > 0 ? models_digest(f->view, digest, pinned, err) : 0;
    if (rc == 0 && model.n > 0) {
        rc = models_resolve(f->view, row_text(f->route, ROUTE_RUNTIME), model, bytes_of(pinned), &f->name, err);
        reason_cite_all(&ret->reason, &f->name.reason);
    }
    if (rc != 0) return rc;
    f->live = f->name.digest[0] != '\0' && !f->name.wanted;
    keep(ret->digest, f->name.digest[0] != '\0' ? f->name.digest : f->name.removed ? "" : pinned);
    if (ret->digest[0] == '\0') {
        know_not(ret, why_unknown(f->route, &f->name),
                 f->name.reason.n > 0 ? f->name.reason.words : "the route names no model");
    }
    return 0;
}

/* ---- what its newest decision says ---- */

static struct bytes without_latest(struct bytes name) {
    const size_t n = sizeof(LATEST) - 1;
    bool has = name.n > n && memcmp(name.p + name.n - n, LATEST, n) == 0;
    return (struct bytes){name.p, name.n - (has ? n : 0)};
}

/* Is the decision's model the route's, by name? */
static bool is_own_model(const struct row *route) {
    struct bytes own = row_text(route, ROUTE_MODEL), used = row_text(route, ROUTE_USED_MODEL);
    return used.n == 0 || bytes_eq(without_latest(own), without_latest(used));
}

/* Was the decision recorded and made after that event? */
static bool is_used_after(const struct row *route, int64_t seq, int64_t at) {
    return row_int(route, ROUTE_USED_SEQ) > seq && fold_named_until(row_int(route, ROUTE_USED_AT)) >= at;
}

/* Is the decision newer than every statement about its subject? */
static bool holds(const struct finding *f) {
    int64_t used = row_int(f->route, ROUTE_USED_SEQ);
    bool unsaid = !row_has(f->route, ROUTE_MODEL) && !row_has(f->route, ROUTE_DIGEST);
    bool after =
        used > (int64_t)f->name.reason.newest && row_int(f->route, ROUTE_USED_AT) > (int64_t)f->name.reason.newest_at;
    bool moved = is_own_model(f->route) && !after;
    bool said = used < row_int(f->route, ROUTE_DECLARED_SEQ) || used < row_int(f->route, ROUTE_CONFIGURED_SEQ);
    return row_has(f->route, ROUTE_USED_SEQ) && (unsaid || !(said || moved));
}

/* Its weights are these; `name`: where its name leads, NULL: it states them itself. */
static void use(struct finding *f, const char *digest, const struct models_weights *name) {
    struct proof_model *ret = f->ret;
    f->used = name == NULL;
    if (strcmp(digest, ret->digest) == 0) return;
    keep(ret->digest, digest);
    ret->by_use = true;
    f->live = name != NULL && !name->wanted;
    reason_cite_cell(&ret->reason, f->route, ROUTE_USED_SEQ, ROUTE_USED_AT);
    if (name != NULL) {
        reason_cite_all(&ret->reason, &name->reason);
    }
}

/* The decision names no digest. If its name leads somewhere, those weights are used. If not, a name other than the route's
 * still says that the route's own model is not used; beside a digest alone it only tells that the model is removed, or
 * certainly another one. */
static int use_name(struct finding *f, struct err *err) {
    struct bytes runtime = row_text(f->route, ROUTE_USED_RUNTIME), route = row_text(f->route, ROUTE_RUNTIME);
    bool named = row_has(f->route, ROUTE_MODEL), own = named && is_own_model(f->route);
    struct models_weights name;
    if (own && (runtime.n == 0 || bytes_eq(runtime, route))) {
        return 0; /* the route names the same */
    }
    int rc = models_resolve(f->view, runtime.n > 0 ? runtime : route, row_text(f->route, ROUTE_USED_MODEL),
                            bytes_of(f->ret->digest), &name, err);
    if (rc == 0 && name.digest[0] != '\0') {
        use(f, name.digest, &name);
    } else if (rc == 0 && !own && (named || name.removed || name.differs || name.remote)) {
        know_not(f->ret, name.removed ? PROOF_MODEL_GONE : PROOF_MODEL_USED, name.reason.words);
        reason_cite_cell(&f->ret->reason, f->route, ROUTE_USED_SEQ, ROUTE_USED_AT);
        reason_cite_all(&f->ret->reason, &name.reason);
    }
    return rc;
}

static int take_use(struct finding *f, struct err *err) {
    char used[MODELS_DIGEST_MAX];
    if (!holds(f)) return 0;
    if (!row_has(f->route, ROUTE_USED_DIGEST)) return use_name(f, err);
    int rc = models_digest(f->view, row_text(f->route, ROUTE_USED_DIGEST), used, err);
    if (rc == 0 && used[0] != '\0') {
        use(f, used, NULL);
    }
    return rc;
}

/* ---- whether they are there ---- */

static int look_whether_gone(struct finding *f, struct err *err) {
    struct models_place place;
    char why[64];
    if (f->ret->digest[0] == '\0' || f->live) return 0;
    int rc = models_place(f->view, bytes_of(f->ret->digest), &place, err);
    if (rc == 0 && place.gone && !(f->used && is_used_after(f->route, place.left, place.left_at))) {
        snprintf(why, sizeof(why), "no runtime has %.*s any more", REASON_DIGEST(bytes_of(f->ret->digest)));
        know_not(f->ret, PROOF_MODEL_GONE, why);
        reason_cite_all(&f->ret->reason, &place.reason);
    }
    return rc;
}

int proof_model(struct state_view *view, const struct row *route, struct proof_model *ret, struct err *err) {
    struct finding f = {.view = view, .route = route, .ret = ret};
    memset(ret, 0, sizeof(*ret));
    if (routes_is_tool(route)) {
        know_not(ret, PROOF_MODEL_UNNAMED, "a tool serves the route");
        return 0;
    }
    int rc = take_route(&f, err);
    if (rc == 0) rc = take_use(&f, err);
    if (rc == 0) rc = look_whether_gone(&f, err);
    return rc;
}
