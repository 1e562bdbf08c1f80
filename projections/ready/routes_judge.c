/* The state of a route: its newest step, and whether it is proven (proof.h). The rules of readiness_route.def are checked
 * in order. */
#include "projections/ready/routes.h"

#include <string.h>

#include "projections/ready/proof.h"

#define NOTHING ((struct bytes){0})

struct judging {
    const struct row *row;
    struct proof proof;
    struct readiness found;
};

/* ---- the conditions of readiness_route.def ---- */

static bool is_removed(struct judging *j) {
    return row_is(j->row, ROUTE_STEP, "removed");
}

static void say_why(struct judging *j, size_t column) {
    struct bytes why = row_text(j->row, column);
    readiness_say(&j->found, "why", "%s%.*s", why.n > 0 ? ": " : "", REASON_NAME(why));
}

static bool is_set_aside(struct judging *j) {
    say_why(j, ROUTE_WHY_PARKED);
    return row_bool(j->row, ROUTE_PARKED);
}

static bool is_down(struct judging *j) {
    say_why(j, ROUTE_WHY_OFFLINE);
    return row_bool(j->row, ROUTE_OFFLINE);
}

static bool is_not_proven(struct judging *j) {
    return j->proof.asked && !j->proof.counts;
}

static bool is_degraded(struct judging *j) {
    return row_bool(j->row, ROUTE_DEGRADED);
}

static bool is_undeclared(struct judging *j) {
    bool used = row_int(j->row, ROUTE_DECISIONS) > 0 || row_int(j->row, ROUTE_FALLBACKS) > 0;
    bool configured = row_has(j->row, ROUTE_CONFIGURED_SEQ);
    readiness_say(&j->found, "how", "%s",
                  row_is(j->row, ROUTE_STEP, "asked") ? "asked for"
                  : used                              ? "used"
                  : configured                        ? "configured"
                                                      : "named");
    return !j->proof.asked && !row_has(j->row, ROUTE_DECLARED_SEQ);
}

static bool names_no_suite(struct judging *j) {
    return !j->proof.asked && !is_undeclared(j);
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct judging *j);
} conditions[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_route.def"
#undef RULE
};

/* *ret_state: the state by the first finding. */
static void walk(struct judging *j, const char **ret_state) {
    *ret_state = NULL;
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        enum readiness_id id = conditions[i].id;
        if (!conditions[i].unmet(j)) continue;
        *ret_state = *ret_state != NULL ? *ret_state : readiness_state(readiness_rules[id].outcome);
        if (id == READINESS_ROUTE_REMOVED) break;
        if (id == READINESS_ROUTE_PROOF) {
            readiness_add_all(&j->found, &j->proof.found);
        } else {
            readiness_add(&j->found, id);
        }
    }
    *ret_state = *ret_state != NULL ? *ret_state : "ready";
}

/* Where the route's runtime can be asked for its models; false: it cannot be. */
static bool put_endpoint(struct bytes runtime, struct buf *out) {
    static const char there[] = "ollama@";
    size_t n = sizeof(there) - 1;
    if (bytes_has_prefix(runtime, there) && runtime.n > n) {
        buf_put_str(out, " http://");
        readiness_put_word(out, (struct bytes){runtime.p + n, runtime.n - n});
        return true;
    }
    return runtime.n == 0 || bytes_is(runtime, "ollama");
}

/* A pack names its suites by their paths in it; where another one is stored, nobody knows. */
static bool put_evaluate(const struct row *route, struct buf *out) {
    struct bytes pack = row_text(route, ROUTE_PACK), suite = row_text(route, ROUTE_SUITE);
    readiness_put_word(out, pack.n > 0 && suite.n > 0 ? suite : bytes_of("FILE"));
    if (pack.n > 0) {
        buf_put_str(out, " --pack ");
        readiness_put_word(out, pack);
    }
    buf_put_str(out, " --route ");
    readiness_put_word(out, row_text(route, ROUTE_NAME));
    return true;
}

/* Another suite of that name proves the route once it is adopted. */
static bool put_hold(const struct row *route, struct buf *out) {
    bool pack = row_has(route, ROUTE_PACK);
    buf_put_str(out, pack ? "pack install DIR" : "eval run ");
    if (!pack) put_evaluate(route, out);
    buf_put_str(out, pack ? "" : " --adopt");
    return true;
}

/* A fact of the evaluation that proves nothing. */
static bool put_of_eval(const struct judging *j, const char *name, struct buf *out) {
    const char *text = readiness_fact(&j->proof.found, name);
    readiness_put_word(out, bytes_of(text != NULL ? text : ""));
    return text != NULL && text[0] != '\0';
}

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    const struct judging *j = ctx;
    if (strcmp(name, "evaluate") == 0) return put_evaluate(j->row, out);
    if (strcmp(name, "hold") == 0) return put_hold(j->row, out);
    if (strcmp(name, "eval") == 0 || strcmp(name, "suite") == 0) return put_of_eval(j, name, out);
    if (strcmp(name, "program") == 0) { /* only an absolute path is one of this machine */
        struct bytes path = row_text(j->row, ROUTE_PROGRAM);
        readiness_put_word(out, path.n > 0 && path.p[0] == '/' ? path : bytes_of("FILE"));
        return true;
    }
    if (strcmp(name, "endpoint") == 0) return put_endpoint(row_text(j->row, ROUTE_RUNTIME), out);
    if (strcmp(name, "model") == 0) { /* what a declaration leaves out stays as it was */
        buf_put_str(out, row_has(j->row, ROUTE_MODEL) ? " model=MODEL" : "");
        return true;
    }
    if (strcmp(name, "judged") == 0 || strcmp(name, "source") == 0) { /* of the evaluation */
        return readiness_put_fact((void *)(uintptr_t)&j->proof.found, name, out);
    }
    struct bytes text = strcmp(name, "route") == 0  ? row_text(j->row, ROUTE_NAME)
                        : strcmp(name, "used") == 0 ? row_text(j->row, ROUTE_USED_MODEL)
                                                    : NOTHING;
    readiness_put_word(out, text);
    return text.n > 0;
}

static int give(struct judging *j, const char *state, struct row *row, struct err *err) {
    struct reason words;
    struct list_out missing;
    struct buf about = {.max = 4 * ROW_TEXT_MAX};
    reason_init(&words);
    readiness_tell(&j->found, true, &words);
    buf_put_str(&about, "route/");
    buf_put_bytes(&about, row_text(row, ROUTE_NAME));
    list_out_init(&missing);
    readiness_list(&j->found, bytes_of_buf(&about), put_fact, j, &missing);
    int rc = list_out_set(&missing, row, ROUTE_MISSING, err);
    row_set_str(row, ROUTE_STATE, state);
    row_set_str(row, ROUTE_REASON, words.n > 0 ? words.words : NULL);
    list_out_done(&missing);
    buf_done(&about);
    return rc;
}

int routes_judge(struct state_view *view, struct row *row, struct err *err) {
    struct judging j = {.row = row};
    const char *state;
    readiness_init(&j.found);
    int rc = is_removed(&j) ? 0 : proof_of_route(view, row, &j.proof, err);
    if (rc != 0) return rc;
    walk(&j, &state);
    rc = give(&j, state, row, err);
    row_set_str(row, ROUTE_USES_DIGEST, j.proof.uses[0] != '\0' ? j.proof.uses : NULL);
    if (j.proof.counts) {
        row_set_int(row, ROUTE_PROOF, (int64_t)j.proof.seq);
    }
    if (is_removed(&j) || row_bool(row, ROUTE_PARKED) || row_bool(row, ROUTE_OFFLINE)) {
        return rc; /* so recorded, whether or not it is proven */
    }
    if (row_bool(row, ROUTE_DEGRADED) && !is_not_proven(&j)) {
        reason_cite_cell(&j.proof.reason, row, ROUTE_DEGRADED_SEQ, ROUTE_DEGRADED_AT);
    }
    reason_give(&j.proof.reason, row, ROUTE_BASE);
    return rc;
}
