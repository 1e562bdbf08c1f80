/* Candidates are gathered along the fallbacks, each is held against the bars, and the first without one is chosen. */
#include "projections/decide/route.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "projections/decide/capacity.h"
#include "projections/ready/models.h"
#include "projections/ready/pack.h"
#include "projections/ready/proof.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define NOTHING ((struct bytes){0})

const char *const route_bars[ROUTE_BARS] = {NULL,      "removed", "undeclared", "parked",   "offline", "pack",
                                            "program", "weights", "policy",     "capacity", "proof"};

/* ---- the choice ---- */

static const char *reason_of(const struct route_choice *c, bool demo) {
    enum route_bar first = c->candidate[0].bar;
    const struct route_candidate *taken = c->chosen != SIZE_MAX ? &c->candidate[c->chosen] : NULL;
    if (taken == NULL) return route_bars[first];
    if (demo && taken->bar == ROUTE_BAR_PROOF) return "demo";
    if (c->chosen == 0) return "proof";
    return first == ROUTE_BAR_POLICY || first == ROUTE_BAR_CAPACITY ? route_bars[first] : "fallback";
}

void route_choose(struct route_choice *c, bool demo) {
    c->chosen = SIZE_MAX;
    for (size_t i = c->n; i-- > 0;) {
        if (c->candidate[i].bar == ROUTE_FREE || (demo && c->candidate[i].bar == ROUTE_BAR_PROOF)) c->chosen = i;
    }
    c->decision = c->chosen == SIZE_MAX ? "refused" : c->chosen == 0 ? "primary" : "fallback";
    c->reason = reason_of(c, demo);
}

/* ---- the candidates ---- */

struct gathering {
    struct state_view *view;
    const struct route_asked *asked;
    struct route_choice *ret;
    struct decision cited;
};

static void copy_text(char *ret, size_t size, struct bytes text) {
    snprintf(ret, size, "%.*s", REASON_PART(text, size - 1));
}

__attribute__((format(printf, 3, 4))) static void set_bar(struct route_candidate *c, enum route_bar is, const char *fmt,
                                                          ...) {
    va_list ap;
    if (c->bar != ROUTE_FREE) return; /* the first one counts */
    va_start(ap, fmt);
    vsnprintf(c->why, sizeof(c->why), fmt, ap);
    va_end(ap);
    c->bar = is;
}

/* What is not known of a free one. */
static void add_note(struct route_candidate *c, const char *words) {
    if (c->bar == ROUTE_FREE) snprintf(c->why, sizeof(c->why), "%s", words);
}

static void bar_by_state(struct route_candidate *c, const struct row *row, bool there) {
    struct bytes parked = row_text(row, ROUTE_WHY_PARKED), offline = row_text(row, ROUTE_WHY_OFFLINE);
    if (!there ||
        (!row_has(row, ROUTE_DECLARED_SEQ) && !row_has(row, ROUTE_CONFIGURED_SEQ) && !row_is(row, ROUTE_STEP, "removed"))) {
        set_bar(c, ROUTE_BAR_UNDECLARED, "no event declares it");
    } else if (row_is(row, ROUTE_STEP, "removed")) {
        set_bar(c, ROUTE_BAR_REMOVED, "it was removed");
    } else if (row_bool(row, ROUTE_PARKED)) {
        set_bar(c, ROUTE_BAR_PARKED, "it is parked%s%.*s", parked.n > 0 ? ": " : "", REASON_NAME(parked));
    } else if (row_bool(row, ROUTE_OFFLINE)) {
        set_bar(c, ROUTE_BAR_OFFLINE, "nothing answers on it%s%.*s", offline.n > 0 ? ": " : "", REASON_NAME(offline));
    }
}

/* Of files that are not those that were installed nothing else is looked at or recorded: once they are back, the route is as it was. */
static int bar_by_pack(struct gathering *g, struct route_candidate *c, const struct row *route, struct err *err) {
    char how[STATE_FILES_WORDS];
    const struct bytes name = row_text(route, ROUTE_PACK);
    struct row pack;
    bool there = false;
    if (name.n == 0) return 0;
    int rc = look_stored(g->view, "packs", &name, 1, &pack, &there, err);
    if (rc == 0 && there && pack_is_changed(g->view, &pack, how)) {
        decide_cite(&g->cited, (uint64_t)row_int(&pack, PACK_VERSION_SEQ));
        set_bar(c, ROUTE_BAR_PACK, "pack '%.*s': %s", REASON_PART(name, 60), how);
        c->program_digest[0] = '\0';
    }
    row_done(&pack);
    return rc;
}

static const struct route_measured *measured_of(const struct route_asked *asked, const char *name) {
    for (size_t i = 0; i < asked->n_measured; i++) {
        if (strcmp(asked->measured[i].route, name) == 0) return &asked->measured[i];
    }
    return NULL;
}

/* *ret_digest: its program as it is now; stays as it is where that was not measured. */
static void bar_by_program(struct gathering *g, struct route_candidate *c, const char **ret_digest) {
    const struct route_measured *m = c->tool && c->bar != ROUTE_BAR_PACK ? measured_of(g->asked, c->name) : NULL;
    if (m != NULL && m->program != NULL) snprintf(c->program, sizeof(c->program), "%s", m->program);
    if (m != NULL && m->digest == NULL) {
        set_bar(c, ROUTE_BAR_PROGRAM, "%s", m->fault);
    } else if (m != NULL) {
        snprintf(c->program_digest, sizeof(c->program_digest), "%s", m->digest);
        *ret_digest = m->digest;
    }
}

/* Where the weights and the machine are known. What another machine can load nobody here knows, but policy says which
 * runtimes may serve. */
static int bar_by_limits(struct gathering *g, struct route_candidate *c, struct err *err) {
    struct capacity_model model;
    struct capability limits;
    enum capacity_why why = CAPACITY_NO_WHY;
    char room[MODELS_RUNTIME_MAX];
    bool elsewhere = strchr(c->runtime, '@') != NULL && !models_is_here(models_runtime(bytes_of(c->runtime), room));
    int rc = capacity_of_model(g->view, bytes_of(c->digest), bytes_of(c->runtime), &model, &why, &limits, err);
    if (rc == 0) {
        snprintf(g->ret->policy, sizeof(g->ret->policy), "%s", limits.policy);
        if (limits.seq != LOG_NO_SEQ) decide_cite(&g->cited, limits.seq);
        if (model.barred) {
            set_bar(c, ROUTE_BAR_POLICY, "policy '%.100s' lets runtime '%.60s' serve nothing", limits.policy, c->runtime);
        } else if (elsewhere) {
            add_note(c, "another machine serves it");
        } else if (why == CAPACITY_BY_POLICY) {
            set_bar(c, ROUTE_BAR_POLICY, "its %lld bytes are more than policy '%.100s' lets tier '%.*s' load",
                    (long long)model.bytes, limits.policy, REASON_PART(limits.tier.name, 40));
        } else if (why == CAPACITY_BY_QUOTA) {
            set_bar(c, ROUTE_BAR_CAPACITY, "it takes %lld bytes, more than its quota of %lld", (long long)model.needs,
                    (long long)model.quota);
        } else if (why == CAPACITY_BY_MEMORY) {
            set_bar(c, ROUTE_BAR_CAPACITY, "it takes %lld bytes, more than this machine has for models",
                    (long long)model.needs);
        } else if (why != CAPACITY_NO_WHY) {
            add_note(c, why == CAPACITY_BY_SIZE ? "the size of its weights is not known"
                                                : "the memory of this machine is not known");
        }
    }
    capability_done(&limits);
    return rc;
}

static bool is_of_other(const struct readiness *found) {
    bool other = false;
    for (size_t i = 0; i < found->n; i++) {
        enum readiness_id id = found->found[i].id;
        other = other || id == READINESS_PROOF_WEIGHTS || id == READINESS_PROOF_PROGRAM_OTHER ||
                id == READINESS_PROOF_MODEL_USED;
    }
    return other;
}

/* What was measured counts as used by a newer decision than any: what would be recorded, and the route's state after that,
 * come to the same. */
static void use_measured(struct gathering *g, const struct route_candidate *c, const char *digest, struct row *row) {
    if (c->tool) {
        row_set_str(row, ROUTE_USED_PROGRAM, digest);
        row_set_int(row, ROUTE_USED_PROGRAM_SEQ, (int64_t)state_at(g->view));
        row_set_null(row, ROUTE_USED_PROGRAM_AT);
    } else {
        row_set_null(row, ROUTE_USED_MODEL);
        row_set_str(row, ROUTE_USED_DIGEST, digest);
        row_set_int(row, ROUTE_USED_SEQ, (int64_t)state_at(g->view));
        row_set_int(row, ROUTE_USED_AT, (int64_t)state_now(g->view));
    }
}

static int bar_by_proof(struct gathering *g, struct route_candidate *c, const char *measured, struct row *row,
                        struct err *err) {
    struct proof proof;
    bool proven = row_has(row, ROUTE_PROOF);
    if (proven && measured == NULL) {
        c->proof = (uint64_t)row_int(row, ROUTE_PROOF);
        decide_cite(&g->cited, c->proof);
        return 0;
    }
    if (measured != NULL) use_measured(g, c, measured, row);
    int rc = proof_of_route(g->view, row, &proof, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < proof.reason.n_seqs; i++) {
        if (proof.reason.seqs[i] < state_at(g->view)) decide_cite(&g->cited, proof.reason.seqs[i]);
    }
    if (proof.counts) {
        c->proof = proof.seq;
        decide_cite(&g->cited, c->proof);
    } else {
        struct bytes words = measured != NULL ? bytes_of(proof.reason.words) : row_text(row, ROUTE_REASON);
        bool other = is_of_other(&proof.found);
        c->changed = c->changed || other;
        if (other && measured != NULL && !c->tool) {
            set_bar(c, ROUTE_BAR_PROOF, "its runtime serves %.*s now: %.*s%s", REASON_DIGEST(bytes_of(measured)),
                    REASON_CUT(words, 200));
        }
        set_bar(c, ROUTE_BAR_PROOF, "%.*s%s", REASON_CUT(words, sizeof(c->why) - 1));
    }
    return 0;
}

/* Weights that were measured, where they are not those that are known already; NULL. */
static int measured_weights(struct gathering *g, struct route_candidate *c, const struct row *row,
                            char ret[MODELS_DIGEST_MAX], const char **ret_digest, struct err *err) {
    const struct route_measured *m = measured_of(g->asked, c->name);
    char demanded[MODELS_DIGEST_MAX] = "";
    struct bytes demand = row_text(row, ROUTE_DIGEST);
    *ret_digest = NULL;
    if (m == NULL || m->digest == NULL) return 0;
    int rc = models_digest(g->view, bytes_of(m->digest), ret, err);
    if (rc == 0 && demand.n > 0) rc = models_digest(g->view, demand, demanded, err);
    if (rc != 0) return rc;
    *ret_digest = strcmp(ret, c->digest) != 0 ? ret : NULL;
    snprintf(c->digest, sizeof(c->digest), "%s", ret);
    if (demanded[0] != '\0' && strcmp(demanded, ret) != 0) {
        c->changed = true;
        set_bar(c, ROUTE_BAR_WEIGHTS, "it demands %.*s, and its runtime serves %.*s now", REASON_DIGEST(bytes_of(demanded)),
                REASON_DIGEST(bytes_of(ret)));
    }
    return 0;
}

static int take_route(struct gathering *g, struct row *row, bool there, struct route_candidate *c, struct err *err) {
    char weights[MODELS_DIGEST_MAX];
    const char *measured = NULL;
    int rc;
    copy_text(c->state, sizeof(c->state), there ? row_text(row, ROUTE_STATE) : bytes_of("undeclared"));
    copy_text(c->model, sizeof(c->model), row_text(row, ROUTE_MODEL));
    copy_text(c->digest, sizeof(c->digest), row_text(row, ROUTE_USES_DIGEST));
    copy_text(c->runtime, sizeof(c->runtime), row_text(row, ROUTE_RUNTIME));
    copy_text(c->program, sizeof(c->program), row_text(row, ROUTE_PROGRAM));
    copy_text(c->program_digest, sizeof(c->program_digest), row_text(row, ROUTE_PROGRAM_DIGEST));
    c->tool = routes_is_tool(row);
    if (there) decide_cite_row(&g->cited, row);
    bar_by_state(c, row, there);
    rc = bar_by_pack(g, c, row, err);
    bar_by_program(g, c, &measured);
    if (rc == 0 && !c->tool) rc = measured_weights(g, c, row, weights, &measured, err);
    if (rc == 0 && there && !c->tool && (c->digest[0] != '\0' || c->runtime[0] != '\0')) rc = bar_by_limits(g, c, err);
    if (rc == 0) rc = bar_by_proof(g, c, measured, row, err);
    return rc;
}

/* Nothing can prove a model by itself. */
static int take_model(struct gathering *g, struct route_candidate *c, struct err *err) {
    struct models_weights weights;
    int rc = models_resolve(g->view, NOTHING, bytes_of(c->name), NOTHING, &weights, err);
    if (rc != 0) return rc;
    c->model_alone = true;
    memcpy(c->model, c->name, sizeof(c->model));
    snprintf(c->state, sizeof(c->state), "model");
    snprintf(c->digest, sizeof(c->digest), "%s", weights.digest);
    for (size_t i = 0; i < weights.reason.n_seqs; i++) {
        decide_cite(&g->cited, weights.reason.seqs[i]);
    }
    if (weights.removed) set_bar(c, ROUTE_BAR_REMOVED, "the model was removed");
    if (c->digest[0] != '\0') rc = bar_by_limits(g, c, err);
    set_bar(c, ROUTE_BAR_PROOF, "it is a model, and no route of it was proven");
    return rc;
}

static bool is_there_already(const struct route_choice *c, struct bytes name) {
    bool there = false;
    for (size_t i = 0; i < c->n; i++) {
        there = there || bytes_is(name, c->candidate[i].name);
    }
    return there;
}

/* Adds the candidate; *fallback becomes the name of the next one, in `room`. */
static int add_candidate(struct gathering *g, struct bytes name, char room[ROW_TEXT_MAX + 1], struct bytes *ret_next,
                         struct err *err) {
    struct route_candidate *c = &g->ret->candidate[g->ret->n];
    struct row row;
    bool there = false;
    int rc = look_judged(g->view, "routes", &name, 1, &row, &there, err);
    *c = (struct route_candidate){.proof = LOG_NO_SEQ};
    copy_text(c->name, sizeof(c->name), name);
    bool known = there && (row_has(&row, ROUTE_DECLARED_SEQ) || row_has(&row, ROUTE_CONFIGURED_SEQ) ||
                           row_is(&row, ROUTE_STEP, "removed"));
    if (rc == 0 && (known || g->ret->n == 0)) {
        rc = take_route(g, &row, there, c, err);
    } else if (rc == 0) {
        rc = take_model(g, c, err);
    }
    struct bytes next = row_text(&row, ROUTE_FALLBACK);
    snprintf(room, ROW_TEXT_MAX + 1, "%.*s", (int)next.n, next.n > 0 ? (const char *)next.p : "");
    *ret_next = bytes_of(room);
    g->ret->n++;
    row_done(&row);
    return rc;
}

int decide_route(struct state_view *view, const struct route_asked *asked, struct route_choice *ret, struct err *err) {
    struct gathering g = {.view = view, .asked = asked, .ret = ret};
    char room[2][ROW_TEXT_MAX + 1];
    struct bytes name = asked->route;
    int rc = 0;
    memset(ret, 0, sizeof(*ret));
    decide_begin(&g.cited);
    for (size_t i = 0; rc == 0 && name.n > 0 && ret->n < ROUTE_CANDIDATES_MAX && !is_there_already(ret, name); i++) {
        rc = add_candidate(&g, name, room[i % 2], &name, err);
    }
    if (rc != 0) return rc;
    route_choose(ret, asked->demo);
    memcpy(ret->evidence, g.cited.evidence, sizeof(ret->evidence));
    ret->n_evidence = g.cited.n_evidence;
    return 0;
}

/* ---- the event ---- */

static uint32_t is_word(const char *word) {
    return word != NULL && word[0] != '\0';
}

static void put_word(struct buf *out, const char *name, const char *word) {
    if (is_word(word)) mp_pair_str(out, name, bytes_of(word));
}

/* Names in canonical order; what there is nothing to say of is left out. */
static void put_candidate(const struct route_candidate *c, struct buf *out) {
    const char *is = route_bars[c->bar];
    mp_put_map(out, 1 + is_word(is) + is_word(c->digest) + is_word(c->model) + is_word(c->program) +
                        is_word(c->program_digest) + (c->proof != LOG_NO_SEQ) + is_word(c->runtime) + is_word(c->state) +
                        is_word(c->why));
    put_word(out, "bar", is);
    put_word(out, "digest", c->digest);
    put_word(out, "model", c->model);
    mp_pair_str(out, "name", bytes_of(c->name));
    put_word(out, "program", c->program);
    put_word(out, "program_digest", c->program_digest);
    if (c->proof != LOG_NO_SEQ) mp_pair_uint(out, "proof", c->proof);
    put_word(out, "runtime", c->runtime);
    put_word(out, "state", c->state);
    put_word(out, "why", c->why);
}

/* Of a refusal the program that was found is said, as that of the route. */
int route_body(const struct route_choice *c, struct buf *out, struct err *err) {
    static const struct route_candidate nobody;
    const struct route_candidate *taken = c->chosen != SIZE_MAX ? &c->candidate[c->chosen] : &nobody;
    const char *found = c->chosen != SIZE_MAX ? taken->program_digest : c->candidate[0].program_digest;
    mp_put_map(out, 4 + is_word(taken->name) + is_word(taken->digest) + is_word(taken->model) + is_word(c->policy) +
                        is_word(taken->program) + is_word(found) + is_word(taken->runtime));
    mp_put_str(out, bytes_of("candidates"));
    mp_put_array(out, (uint32_t)c->n);
    for (size_t i = 0; i < c->n; i++) {
        put_candidate(&c->candidate[i], out);
    }
    put_word(out, "chosen", taken->name);
    put_word(out, "decision", c->decision);
    put_word(out, "digest", taken->digest);
    mp_put_str(out, bytes_of("evidence"));
    mp_put_array(out, (uint32_t)c->n_evidence);
    for (size_t i = 0; i < c->n_evidence; i++) {
        mp_put_uint(out, c->evidence[i]);
    }
    put_word(out, "model", taken->model);
    put_word(out, "policy", c->policy);
    put_word(out, "program", taken->program);
    put_word(out, "program_digest", found);
    put_word(out, "reason", c->reason);
    put_word(out, "runtime", taken->runtime);
    return buf_check(out, "the decision", err);
}
