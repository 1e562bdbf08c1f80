/* Backward lookups: which weights a name leads to, which names lead to weights, which routes they serve, and what proves
 * them. All are read from the index, so the cost follows the size of the answer. */
#include "projections/ready/models.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

#include <string.h>

#include "projections/ready/eval.h"
#include "projections/ready/proof_model.h"
#include "projections/ready/routes.h"

#define NOTHING     ((struct bytes){0})
#define CLAIMS_MAX  1024 /* names that are read, so that no log can make a read endless */
#define ALIASES_MAX 4    /* an alias of an alias of ... */

static void keep(char ret[MODELS_DIGEST_MAX], struct bytes digest) {
    size_t n = digest.n < MODELS_DIGEST_MAX ? digest.n : 0;
    if (n > 0) {
        memcpy(ret, digest.p, n);
    }
    ret[n] = '\0';
}

/* The manifest's weights; *ret is empty when unknown. Cites the event that states them. */
static int weights_of_manifest(struct state_view *view, struct bytes manifest, char ret[MODELS_DIGEST_MAX],
                               struct reason *cite, struct err *err) {
    struct row row;
    ret[0] = '\0';
    int rc = look_stored(view, "model_manifests", &manifest, 1, &row, NULL, err);
    if (rc == 0) {
        keep(ret, row_text(&row, MANIFEST_DIGEST));
        if (cite != NULL) {
            reason_cite_row(cite, &row, MANIFEST_BASE);
        }
    }
    row_done(&row);
    return rc;
}

int models_digest(struct state_view *view, struct bytes digest, char *ret, struct err *err) {
    int rc = weights_of_manifest(view, digest, ret, NULL, err);
    if (rc == 0 && ret[0] == '\0') {
        keep(ret, digest);
    }
    return rc;
}

/* ---- where a name leads ---- */

struct search {
    struct state_view *view;
    struct bytes pinned;
    struct models_weights *ret;
    size_t found;  /* names that are there */
    size_t others; /* of these lead elsewhere than the first */
    size_t removed;
    bool remote, hit;
    char other[MODELS_DIGEST_MAX];
};

/* The weights of one name, through its manifest or the name it is an alias of. */
static int follow(struct search *s, const struct row *name, unsigned depth, char ret[MODELS_DIGEST_MAX], struct err *err) {
    int rc = 0;
    keep(ret, row_text(name, NAME_DIGEST));
    reason_cite_row(&s->ret->reason, name, NAME_BASE);
    reason_cite_cell(&s->ret->reason, name, NAME_MOVED_SEQ, NAME_MOVED_AT);
    if (ret[0] == '\0' && row_has(name, NAME_MANIFEST)) {
        rc = weights_of_manifest(s->view, row_text(name, NAME_MANIFEST), ret, &s->ret->reason, err);
    } else if (ret[0] == '\0' && row_has(name, NAME_TARGET) && !row_has(name, NAME_VERSION) && depth < ALIASES_MAX) {
        const struct bytes parts[] = {row_text(name, NAME_RUNTIME), row_text(name, NAME_TARGET)};
        struct row target;
        bool there;
        rc = look_stored(s->view, "model_names", parts, 2, &target, &there, err);
        if (rc == 0 && there && !row_is(&target, NAME_STATE, "removed")) {
            rc = follow(s, &target, depth + 1, ret, err);
        }
        row_done(&target);
    }
    return rc;
}

static int take(struct search *s, const struct row *name, bool wishes, struct err *err) {
    char digest[MODELS_DIGEST_MAX];
    if (row_is(name, NAME_STATE, "removed")) {
        s->removed++;
        reason_cite_row(&s->ret->reason, name, NAME_BASE);
        return 0;
    }
    if (row_is(name, NAME_STATE, "declared") != wishes) return 0;
    s->found++;
    s->remote = s->remote || row_bool(name, NAME_REMOTE);
    int rc = follow(s, name, 0, digest, err);
    if (rc != 0 || digest[0] == '\0') return rc;
    bool pinned = s->pinned.n > 0 && bytes_is(s->pinned, digest);
    if (s->ret->digest[0] == '\0' || (pinned && !s->hit)) {
        s->others += s->ret->digest[0] != '\0';
        memcpy(s->ret->digest, digest, sizeof(digest));
        s->hit = pinned;
    } else if (strcmp(s->ret->digest, digest) != 0) {
        memcpy(s->other, digest, sizeof(digest));
        s->others++;
    }
    return 0;
}

/* The name in one runtime. */
static int search_one(struct search *s, struct bytes runtime, struct bytes model, bool wishes, struct err *err) {
    const struct bytes parts[] = {runtime, model};
    struct row row;
    bool there;
    int rc = look_stored(s->view, "model_names", parts, 2, &row, &there, err);
    if (rc == 0 && there) rc = take(s, &row, wishes, err);
    row_done(&row);
    return rc;
}

/* All runtimes that have the name, or those of a family on this machine. */
static int search_all(struct search *s, struct bytes model, struct bytes family, bool wishes, struct err *err) {
    const struct bytes parts[] = {model, model};
    struct state_rows *rows = NULL;
    const struct row *claim;
    int rc = look_rows(s->view, "model_claims", parts, 2, &rows, err);
    while (rc == 0 && s->found < CLAIMS_MAX && (rc = look_next(rows, &claim, err)) == 0) {
        if (family.n > 0 && !models_is_local(row_text(claim, CLAIM_RUNTIME), family)) continue;
        rc = search_one(s, row_text(claim, CLAIM_RUNTIME), model, wishes, err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int search(struct search *s, struct bytes runtime, struct bytes model, struct err *err) {
    char room[MODELS_RUNTIME_MAX];
    int rc = 0;
    runtime = models_runtime(runtime, room);
    if (runtime.n > 0) {
        rc = search_one(s, runtime, model, false, err);
        if (rc == 0 && s->found == 0 && models_is_family(runtime)) rc = search_all(s, model, runtime, false, err);
        if (rc == 0 && s->found == 0) rc = search_one(s, NOTHING, model, false, err);
    } else {
        rc = search_all(s, model, NOTHING, false, err);
    }
    return rc;
}

static void conclude(struct search *s, struct bytes runtime, struct bytes model) {
    struct reason *why = &s->ret->reason;
    s->ret->seen = s->found > 0;
    s->ret->removed = s->found == 0 && s->removed > 0;
    s->ret->remote = s->remote;
    if (s->others > 0 && !s->hit) {
        reason_say(why, "'%.*s' is %.*s and %.*s in different runtimes", REASON_NAME(model),
                   REASON_DIGEST(bytes_of(s->ret->digest)), REASON_DIGEST(bytes_of(s->other)));
        s->ret->digest[0] = '\0';
        s->ret->differs = true;
    } else if (s->ret->digest[0] == '\0' && s->remote) {
        reason_say(why, "'%.*s' is a remote service, whose weights cannot be seen here", REASON_NAME(model));
    } else if (s->ret->digest[0] == '\0' && s->found > 0) {
        reason_say(why, "the weights of '%.*s' are not known", REASON_NAME(model));
    } else if (s->ret->removed) {
        reason_say(why, "model '%.*s' was removed", REASON_NAME(model));
    } else if (s->ret->digest[0] == '\0' && runtime.n > 0) {
        reason_say(why, "%.*s has not listed model '%.*s'", REASON_NAME(runtime), REASON_NAME(model));
    } else if (s->ret->digest[0] == '\0') {
        reason_say(why, "no runtime has listed model '%.*s'", REASON_NAME(model));
    }
}

/* ---- a name that no runtime has listed ---- */

/* The unregistered row for the name, by the name or by a digest recorded with it. */
static int get_unregistered(struct state_view *view, struct bytes name, struct row *ret, bool *ret_there, struct err *err) {
    struct row known;
    struct list digests;
    struct bytes item, digest;
    bool told = false;
    int rc = look_stored(view, "models", &name, 1, ret, ret_there, err);
    int other = look_stored(view, "model_known", &name, 1, &known, &told, rc == 0 ? err : NULL);
    if (rc == 0) rc = other;
    list_open(&digests, told ? row_list(&known, KNOWN_DIGESTS) : NOTHING);
    while (rc == 0 && !*ret_there && list_next(&digests, &item)) {
        if (list_name(item, "", &digest)) {
            row_done(ret);
            rc = look_stored(view, "models", &digest, 1, ret, ret_there, err);
        }
    }
    row_done(&known);
    *ret_there = rc == 0 && *ret_there && row_is(ret, MODEL_STEP, "named");
    return rc;
}

/* ": only run events name it, since event 7". The route's state does not rest on these events: they are not cited. */
static int say_who_names(struct state_view *view, struct bytes name, struct reason *why, struct err *err) {
    struct row row;
    struct list families;
    struct bytes item, family;
    bool there = false;
    size_t n = 0;
    int rc = get_unregistered(view, name, &row, &there, err);
    if (rc == 0 && there) {
        list_open(&families, row_list(&row, MODEL_KNOWN_BY));
        while (list_next(&families, &item)) {
            if (list_name(item, "", &family)) {
                reason_say(why, "%s%.*s", n++ > 0 ? " and " : ": only ", REASON_NAME(family));
            }
        }
        reason_say(why, " events name it, since event %lld", (long long)row_int(&row, MODEL_BASE + FOLD_SINCE_SEQ));
    }
    row_done(&row);
    return rc;
}

int models_resolve(struct state_view *view, struct bytes runtime, struct bytes model, struct bytes pinned,
                   struct models_weights *ret, struct err *err) {
    struct search s = {.view = view, .pinned = pinned, .ret = ret};
    struct buf latest = {.max = (size_t)1 << 20};
    memset(ret, 0, sizeof(*ret));
    int rc = search(&s, runtime, model, err);
    if (rc == 0 && s.found == 0 && model.n > 0 && memchr(model.p, ':', model.n) == NULL) {
        buf_put_bytes(&latest, model);
        buf_put_str(&latest, ":latest");
        rc = buf_check(&latest, "a name", NULL) == 0 ? search(&s, runtime, bytes_of_buf(&latest), err) : 0;
        buf_done(&latest);
    }
    if (rc == 0 && s.found == 0 && s.removed == 0) { /* never observed: what a manifest declares */
        rc = search_one(&s, NOTHING, model, true, err);
        ret->wanted = s.found > 0;
    }
    if (rc == 0) {
        conclude(&s, runtime, model);
    }
    bool listed = s.found + s.removed > 0 || model.n == 0;
    if (rc == 0 && !listed) rc = say_who_names(view, model, &ret->reason, err);
    return rc;
}

/* ---- judging a name ---- */

/* The weights of its manifest may have become known after the last event about the name. */
int models_judge_name(struct state_view *view, struct row *row, struct err *err) {
    char digest[MODELS_DIGEST_MAX];
    struct reason cite;
    int rc = 0;
    reason_init(&cite);
    if (!row_has(row, NAME_DIGEST) && row_has(row, NAME_MANIFEST)) {
        rc = weights_of_manifest(view, row_text(row, NAME_MANIFEST), digest, &cite, err);
        if (rc == 0 && digest[0] != '\0') {
            row_set_str(row, NAME_DIGEST, digest);
            reason_give(&cite, row, NAME_BASE);
        }
    }
    return rc;
}

/* ---- where weights are ---- */

/* Goes through the names that lead to weights, or that hold them in memory while leading elsewhere. */
struct tracing {
    struct state_view *view;
    struct models_place *place;
    size_t looked;
    /* Called with each name that leads there. May be NULL */
    int (*each)(void *ctx, struct bytes runtime, struct bytes model, struct err *err);
    void *ctx;
};

/* `of`: the digest, of the weights or of a manifest of theirs, that the name was found by. */
static int trace_name(struct tracing *t, const struct row *claim, struct bytes of, struct err *err) {
    const struct bytes parts[] = {row_text(claim, CLAIM_RUNTIME), row_text(claim, CLAIM_MODEL)};
    struct models_place *place = t->place;
    struct row name;
    bool there;
    int rc = look_stored(t->view, "model_names", parts, 2, &name, &there, err);
    if (rc == 0 && there && !row_is(&name, NAME_STATE, "removed")) {
        struct bytes held = row_text(&name, NAME_LOADED_DIGEST);
        bool leads = bytes_eq(of, row_text(&name, row_has(&name, NAME_DIGEST) ? NAME_DIGEST : NAME_MANIFEST));
        bool nowhere = !row_has(&name, NAME_DIGEST) && !row_has(&name, NAME_MANIFEST) && !row_has(&name, NAME_TARGET);
        leads = leads || (nowhere && bytes_eq(of, parts[1]));
        bool its_own = held.n == 0 || bytes_eq(held, row_text(&name, NAME_MANIFEST));
        place->loaded = place->loaded || (row_bool(&name, NAME_LOADED) && (bytes_eq(held, of) || (leads && its_own)));
        if (leads) {
            place->present = place->present || row_is(&name, NAME_STATE, "present");
            place->local = place->local || !row_bool(&name, NAME_REMOTE);
            rc = t->each != NULL ? t->each(t->ctx, parts[0], parts[1], err) : 0;
        }
        reason_cite_row(&place->reason, &name, NAME_BASE);
    }
    row_done(&name);
    return rc;
}

static int trace_names(struct tracing *t, struct bytes of, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *claim;
    int rc = look_rows(t->view, "model_claims", &of, 1, &rows, err);
    while (rc == 0 && t->looked++ < CLAIMS_MAX && (rc = look_next(rows, &claim, err)) == 0) {
        rc = trace_name(t, claim, of, err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static void settle_place(struct models_place *place, const struct row *row) {
    bool removed = row_is(row, MODEL_STEP, "removed");
    bool left = removed || (row_bool(row, MODEL_NAMED) && row_is(row, MODEL_STEP, "present"));
    int64_t since = removed ? row_int(row, MODEL_BASE + FOLD_SINCE) : 0, at = row_int(row, MODEL_LEFT_AT);
    int64_t since_seq = removed ? row_int(row, MODEL_BASE + FOLD_SINCE_SEQ) : 0, seq = row_int(row, MODEL_LEFT_SEQ);
    place->gone = left && !place->present && !place->loaded;
    place->left = seq > since_seq ? seq : since_seq;
    place->left_at = at > since ? at : since;
    if (place->gone) {
        reason_cite_cell(&place->reason, row, MODEL_LEFT_SEQ, MODEL_LEFT_AT);
    }
}

/* Traces by their own digest and by those of their manifests. */
static int trace(struct tracing *t, const struct row *row, struct err *err) {
    struct list manifests;
    struct bytes item, manifest;
    int rc = trace_names(t, row_text(row, MODEL_DIGEST), err);
    list_open(&manifests, row_list(row, MODEL_MANIFEST_LIST));
    while (rc == 0 && list_next(&manifests, &item)) {
        if (list_name(item, "", &manifest)) rc = trace_names(t, manifest, err);
    }
    if (rc == 0) {
        settle_place(t->place, row);
    }
    return rc;
}

int models_place(struct state_view *view, struct bytes digest, struct models_place *ret, struct err *err) {
    struct tracing t = {.view = view, .place = ret};
    struct row row;
    bool there;
    memset(ret, 0, sizeof(*ret));
    int rc = look_stored(view, "models", &digest, 1, &row, &there, err);
    if (rc == 0 && there) {
        rc = trace(&t, &row, err);
        if (ret->gone && row_is(&row, MODEL_STEP, "removed")) {
            reason_cite_cell(&ret->reason, &row, MODEL_BASE + FOLD_SINCE_SEQ, MODEL_BASE + FOLD_SINCE);
        }
    }
    row_done(&row);
    return rc;
}

/* ---- judging a model ---- */

struct judging {
    struct state_view *view;
    const struct row *row; /* texts borrow from it: it is changed only at the end */
    struct list_out names, routes;
    struct models_place place;
    struct reason proven_by;
    struct bytes of; /* the digest whose evaluations are looked at */
    size_t looked;
};

/* Adds the route if it uses these weights now. */
static int take_route(struct judging *j, struct bytes route, struct err *err) {
    struct proof_model uses;
    struct row row;
    bool there;
    int rc = look_stored(j->view, "routes", &route, 1, &row, &there, err);
    if (rc == 0 && there && !row_is(&row, ROUTE_STEP, "removed")) {
        rc = proof_model(j->view, &row, &uses, err);
        if (rc == 0 && bytes_is(row_text(j->row, MODEL_DIGEST), uses.digest) && list_out_fits(&j->routes, route.n) &&
            !list_out_has(&j->routes, route)) {
            list_out_text(&j->routes, route);
        }
    }
    row_done(&row);
    return rc;
}

static int take_routes(struct judging *j, struct bytes of, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *at;
    int rc = look_rows(j->view, "route_models", &of, 1, &rows, err);
    while (rc == 0 && j->looked++ < CLAIMS_MAX && (rc = look_next(rows, &at, err)) == 0) {
        rc = take_route(j, row_text(at, ROUTE_MODEL_ROUTE), err);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* For "x:latest" also the routes that name "x". */
static int take_routes_by_name(struct judging *j, struct bytes name, struct err *err) {
    static const char latest[] = ":latest";
    size_t n = sizeof(latest) - 1;
    int rc = take_routes(j, name, err);
    if (rc == 0 && name.n > n && memcmp(name.p + name.n - n, latest, n) == 0) {
        rc = take_routes(j, (struct bytes){name.p, name.n - n}, err);
    }
    return rc;
}

static void list_name_of(struct judging *j, struct bytes runtime, struct bytes model) {
    struct buf words = {.max = 4 * ROW_TEXT_MAX};
    if (runtime.n > 0) {
        buf_put_bytes(&words, runtime);
        buf_put_u8(&words, ' ');
    }
    buf_put_bytes(&words, model);
    if (list_out_fits(&j->names, words.n)) {
        list_out_text(&j->names, bytes_of_buf(&words));
    }
    buf_done(&words);
}

static int take_name(void *ctx, struct bytes runtime, struct bytes model, struct err *err) {
    list_name_of(ctx, runtime, model);
    return take_routes_by_name(ctx, model, err);
}

/* The evaluations of these weights that count. */
static int take_eval(void *ctx, const struct row *eval, struct err *err) {
    struct judging *j = ctx;
    struct eval_verdict verdict;
    if (!bytes_eq(row_text(eval, EVAL_DIGEST), j->of)) return 0;
    int rc = eval_judge_verdict(j->view, eval, false, &verdict, err);
    if (rc == 0 && verdict.counts) {
        reason_cite(&j->proven_by, (uint64_t)row_int(eval, EVAL_FINISHED_SEQ), 0);
    }
    return rc;
}

static int take_all(struct judging *j, struct bytes of, struct err *err) {
    int rc = take_routes(j, of, err);
    j->of = of;
    if (rc == 0) rc = eval_each(j->view, "eval_models", &of, take_eval, j, err);
    return rc;
}

static const char *state_of(const struct row *row, const struct models_place *place) {
    return place->loaded                         ? "loaded"
           : place->present                      ? place->local ? "present" : "remote"
           : place->gone                         ? "removed"
           : row_is(row, MODEL_STEP, "declared") ? "declared"
           : row_is(row, MODEL_STEP, "named")    ? "unregistered"
                                                 : "present";
}

int models_judge(struct state_view *view, struct row *row, struct err *err) {
    struct judging j = {.view = view, .row = row};
    struct tracing names = {.view = view, .place = &j.place, .each = take_name, .ctx = &j};
    struct list manifests;
    struct bytes item, manifest;
    list_out_init(&j.names);
    list_out_init(&j.routes);
    int rc = trace(&names, row, err);
    if (rc == 0) rc = take_all(&j, row_text(row, MODEL_DIGEST), err);
    list_open(&manifests, row_list(row, MODEL_MANIFEST_LIST));
    while (rc == 0 && list_next(&manifests, &item)) {
        if (list_name(item, "", &manifest)) rc = take_all(&j, manifest, err);
    }
    if (rc == 0) {
        for (size_t i = 0; i < j.proven_by.n_seqs; i++) {
            row_cite(row, MODEL_PROVEN_BY, j.proven_by.seqs[i]);
        }
        row_set_str(row, MODEL_STATE, state_of(row, &j.place));
        rc = list_out_set(&j.names, row, MODEL_NAME_LIST, err);
        if (rc == 0) rc = list_out_set(&j.routes, row, MODEL_ROUTES, err);
        reason_give(&j.place.reason, row, MODEL_BASE);
    }
    list_out_done(&j.names);
    list_out_done(&j.routes);
    return rc;
}
