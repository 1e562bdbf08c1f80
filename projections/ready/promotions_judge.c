/* What keeps a candidate from being promoted: its own steps (promotions.c), or no full pass of its evaluations. Gives the
 * answer of decide_may_promote, and the column `missing` of a promotion that is under way. */
#include "projections/ready/promotions.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "projections/ready/eval.h"
#include "projections/rows/list.h"
#include "projections/view/look.h"

#define SUITES_MAX   64 /* suites that evaluated one candidate; with more there is no full pass */
#define SUITE_MAX    60 /* bytes kept of a name */
#define LACKING_MAX  3  /* names in a finding */
#define LACKING_NAME 72 /* bytes of each */
#define NAME_WHOLE   120
#define FAILURE_MAX  260 /* bytes kept of why an evaluation failed */

/* The result of the newest decisive evaluation by one suite. */
struct suite_said {
    uint8_t is[HASH_LEN]; /* digest of its name */
    char name[SUITE_MAX + 1];
    int64_t seq;
    bool passed;
    char why[FAILURE_MAX + 1]; /* it did not pass */
    char eval[NAME_WHOLE + 1]; /* empty: too long */
};

/* Named suites or evaluations that did not decide for the candidate, in words. */
struct lacking {
    size_t n;
    char words[360];
};

struct candidate {
    struct state_view *view;
    struct bytes what, digest, pack, version, route, model;
    struct suite_said suite[SUITES_MAX];
    size_t n_suites;
    bool too_many;
    const struct row *row;
    struct lacking evals; /* those that the verification names */
    int64_t newest;       /* finished_seq of the newest indecisive one; -1: none */
    bool told;            /* there is one, finished or not */
    int64_t unbound_seq;  /* of the newest one that lacks only a name to be of the candidate; 0: none */
    char unbound[200];
    struct readiness *found;
    struct reason *cite;
};

static void lack(struct lacking *lacking, struct bytes name, const char *why) {
    size_t n = strlen(lacking->words);
    if (lacking->n < LACKING_MAX) {
        snprintf(lacking->words + n, sizeof(lacking->words) - n, "%s'%.*s' %s", n > 0 ? ", " : "",
                 REASON_PART(name, LACKING_NAME), why);
    }
    lacking->n++;
}

static struct suite_said *find_suite(struct candidate *c, struct bytes name) {
    uint8_t is[HASH_LEN];
    hash_parts(is, &name, 1);
    for (size_t i = 0; i < c->n_suites; i++) {
        if (memcmp(c->suite[i].is, is, sizeof(is)) == 0) return &c->suite[i];
    }
    return NULL;
}

static struct suite_said *suite_of(struct candidate *c, struct bytes name) {
    struct suite_said *s = find_suite(c, name);
    if (s != NULL) return s;
    if (c->n_suites == SUITES_MAX) {
        c->too_many = true;
        return NULL;
    }
    s = &c->suite[c->n_suites++];
    hash_parts(s->is, &name, 1);
    snprintf(s->name, sizeof(s->name), "%.*s", REASON_PART(name, SUITE_MAX));
    s->seq = -1;
    return s;
}

/* A pass decides when it counts; a failure decides even when partial; for each suite the newest holds. An indecisive
 * evaluation gives the words for a no. */
static int weigh(struct candidate *c, const struct row *eval, struct err *err) {
    int64_t seq = row_has(eval, EVAL_FINISHED_SEQ) ? row_int(eval, EVAL_FINISHED_SEQ) : -1;
    struct eval_verdict verdict;
    int rc = eval_judge_verdict(c->view, eval, false, &verdict, err);
    if (rc != 0) return rc;
    if (verdict.counts || verdict.outcome == READINESS_FAILED) {
        struct suite_said *s = suite_of(c, row_text(eval, EVAL_SUITE));
        if (s != NULL && seq >= s->seq) {
            s->seq = seq;
            s->passed = verdict.counts;
            snprintf(s->why, sizeof(s->why), "%.*s%s", REASON_CUT(bytes_of(verdict.reason.words), FAILURE_MAX));
            struct bytes id = row_text(eval, EVAL_ID);
            snprintf(s->eval, sizeof(s->eval), "%.*s", id.n <= NAME_WHOLE ? (int)id.n : 0, (const char *)id.p);
        }
    } else if (seq >= c->newest) {
        struct bytes id = row_text(eval, EVAL_ID);
        c->newest = seq;
        c->told = true;
        readiness_say(c->found, "why", "eval '%.*s' does not count: %s", REASON_NAME(id), verdict.reason.words);
    }
    return 0;
}

/* ---- the conditions of readiness_candidate.def ---- */

static bool has_no_pass(struct candidate *c) {
    bool decided = false;
    for (size_t i = 0; i < c->n_suites; i++) {
        decided = decided || c->suite[i].seq >= 0;
    }
    return !decided && !c->too_many;
}

static bool has_failed(struct candidate *c) {
    for (size_t i = 0; i < c->n_suites; i++) {
        const struct suite_said *s = &c->suite[i];
        if (s->seq >= 0 && !s->passed) {
            bool has = s->name[0] != '\0';
            readiness_say(c->found, "suite", "%s", s->name);
            readiness_say(c->found, "by", "%s%s%s", has ? "by suite '" : "without a suite", s->name, has ? "'" : "");
            readiness_say(c->found, "failure", "%s%s", s->why[0] != '\0' ? ": " : "", s->why);
            return true;
        }
    }
    return false;
}

static bool has_too_many(struct candidate *c) {
    readiness_say(c->found, "max", "%d", SUITES_MAX);
    return c->too_many;
}

/* It fits into a remedy without a cut. */
static bool is_whole(struct bytes name) {
    return name.n > 0 && reason_fits(name, NAME_WHOLE) == name.n;
}

static void say_lacking(struct candidate *c, const char *fact, const struct lacking *lacking) {
    char more[32];
    snprintf(more, lacking->n > LACKING_MAX ? sizeof(more) : 1, ", and %zu more", lacking->n - LACKING_MAX);
    readiness_say(c->found, fact, "%s%s", lacking->words, more);
    if (lacking->n > 0 && row_has(c->row, PROMOTIONS_NAMED_SEQ)) {
        reason_cite(c->cite, (uint64_t)row_int(c->row, PROMOTIONS_NAMED_SEQ), 0);
    }
}

/* Every suite that the verification names must have decided. */
static bool lacks_suites(struct candidate *c) {
    struct lacking lacking = {0};
    struct list list;
    struct bytes item;
    list_open(&list, row_list(c->row, PROMOTIONS_SUITES));
    while (list_next(&list, &item)) {
        struct bytes name = {0};
        const struct suite_said *said = list_name(item, "name", &name) ? find_suite(c, name) : NULL;
        if (said == NULL || said->seq < 0 || !said->passed) {
            lack(&lacking, name, said == NULL || said->seq < 0 ? "has not evaluated it" : "failed it");
        }
    }
    say_lacking(c, "suites", &lacking);
    return lacking.n > 0;
}

static bool lacks_evals(struct candidate *c) {
    say_lacking(c, "evals", &c->evals);
    return c->evals.n > 0;
}

static bool has_erased_step(struct candidate *c) {
    bool has = row_has(c->row, PROMOTIONS_ERASED_SEQ);
    readiness_say(c->found, "erased", "%lld", (long long)row_int(c->row, PROMOTIONS_ERASED_SEQ));
    if (has) {
        reason_cite(c->cite, (uint64_t)row_int(c->row, PROMOTIONS_ERASED_SEQ), 0);
    }
    return has;
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct candidate *c);
} conditions[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_candidate.def"
#undef RULE
};

/* At least one suite must have passed, and none may have failed last. */
static void conclude(struct candidate *c) {
    for (size_t i = 0; i < c->n_suites; i++) {
        if (c->suite[i].seq >= 0) {
            reason_cite(c->cite, (uint64_t)c->suite[i].seq, 0);
        }
    }
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (conditions[i].unmet(c)) {
            readiness_add(c->found, conditions[i].id);
        }
    }
}

/* What a model answered is of its weights; what has the same digest and is no model was not run by that. */
static bool is_of_weights(const struct candidate *c, const struct row *eval) {
    return row_has(eval, EVAL_DIGEST_FROM) && !bytes_is(c->what, "model");
}

static bool is_of_version(const struct candidate *c, const struct row *eval) {
    return c->pack.n > 0 && c->version.n > 0 && bytes_eq(row_text(eval, EVAL_PACK), c->pack) &&
           bytes_eq(row_text(eval, EVAL_PACK_VERSION), c->version);
}

/* Is the evaluation of the candidate? Weights are compared by their digest, a route by its configuration's, a pack by its
 * version and the digest of its files. */
static bool is_of(const struct candidate *c, const struct row *eval) {
    if (bytes_is(c->what, "route")) {
        return bytes_eq(row_text(eval, EVAL_CONFIG_DIGEST), c->digest) &&
               (c->route.n == 0 || bytes_eq(row_text(eval, EVAL_ROUTE), c->route));
    }
    if (bytes_is(c->what, "pack")) {
        return c->digest.n > 0 && is_of_version(c, eval) && bytes_eq(row_text(eval, EVAL_PACK_DIGEST), c->digest);
    }
    return bytes_eq(row_text(eval, EVAL_DIGEST), c->digest) && !is_of_weights(c, eval);
}

/* What keeps an evaluation from being of the candidate, mostly a name it lacks; NULL: it is of something else. A route
 * evaluation may have the weights in place of the configuration; one of a model may have its name alone. */
static const char *lacks_name(const struct candidate *c, const struct row *eval) {
    struct bytes config = row_text(eval, EVAL_CONFIG_DIGEST);
    if (bytes_is(c->what, "route") && c->digest.n > 0) {
        bool own = row_has(eval, EVAL_ROUTE) && bytes_eq(row_text(eval, EVAL_ROUTE), c->route);
        bool weights = config.n == 0 && bytes_eq(row_text(eval, EVAL_DIGEST), c->digest);
        return own && config.n == 0                          ? "names no configuration"
               : row_has(eval, EVAL_ROUTE)                   ? NULL
               : weights                                     ? "names no route and no configuration"
               : config.n > 0 && bytes_eq(config, c->digest) ? "names no route"
                                                             : NULL;
    }
    if (bytes_is(c->what, "model")) {
        bool named = c->model.n > 0 && c->digest.n > 0 && bytes_eq(row_text(eval, EVAL_MODEL), c->model);
        return !named ? NULL : row_has(eval, EVAL_DIGEST) ? "is of other weights" : "names no digest of the weights";
    }
    bool pack = bytes_is(c->what, "pack") && c->pack.n > 0 && bytes_eq(row_text(eval, EVAL_PACK), c->pack);
    bool weights = is_of_weights(c, eval) && bytes_eq(row_text(eval, EVAL_DIGEST), c->digest);
    return pack && !row_has(eval, EVAL_PACK_VERSION) ? "names no version of the pack"
           : pack && is_of_version(c, eval)
               ? row_has(eval, EVAL_PACK_DIGEST) ? "is of other files of the pack" : "names no digest of the pack's files"
           : weights ? "is of a model with these weights: a candidate is handed to a command"
                     : NULL;
}

static int take_eval(void *ctx, const struct row *eval, struct err *err) {
    struct candidate *c = ctx;
    const char *lacks = is_of(c, eval) ? NULL : lacks_name(c, eval);
    int64_t seq = row_int(eval, EVAL_FINISHED_SEQ);
    if (is_of(c, eval)) return weigh(c, eval, err);
    if (lacks != NULL && seq > c->unbound_seq) {
        c->unbound_seq = seq;
        snprintf(c->unbound, sizeof(c->unbound), "eval '%.*s' %s", REASON_NAME(row_text(eval, EVAL_ID)), lacks);
    }
    return 0;
}

static int weigh_all(struct candidate *c, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *eval;
    int rc = look_rows(c->view, "evals", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &eval, err)) == 0) {
        rc = take_eval(c, eval, err);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

/* Weighs an evaluation that the verification names. *ret_why: why it does not count; NULL: it speaks for the candidate. */
static int weigh_named_one(struct candidate *c, struct bytes id, const char **ret_why, struct err *err) {
    struct eval_verdict verdict;
    struct row eval;
    bool there = false;
    int rc = look_stored(c->view, "evals", &id, 1, &eval, &there, err);
    *ret_why = NULL;
    if (rc == 0 && !there) {
        *ret_why = "is not known";
    } else if (rc == 0) {
        bool under_way = row_is(&eval, EVAL_STATE, "started") || row_is(&eval, EVAL_STATE, "scored");
        const char *lacks = lacks_name(c, &eval);
        rc = eval_judge_verdict(c->view, &eval, false, &verdict, err);
        *ret_why = rc != 0            ? NULL
                   : under_way        ? "has not finished"
                   : !is_of(c, &eval) ? lacks != NULL ? lacks : "is of something else"
                   : !verdict.counts  ? "does not count"
                                      : NULL;
    }
    row_done(&eval);
    return rc;
}

static int weigh_named(struct candidate *c, struct err *err) {
    struct list list;
    struct bytes item;
    int rc = 0;
    list_open(&list, row_list(c->row, PROMOTIONS_EVALS));
    while (rc == 0 && list_next(&list, &item)) {
        struct bytes id = {0};
        const char *why = "is not a name";
        if (list_name(item, "name", &id)) rc = weigh_named_one(c, id, &why, err);
        if (rc == 0 && why != NULL) {
            lack(&c->evals, id, why);
        }
    }
    return rc;
}

/* All evaluations of the candidate. */
static int weigh_evals(struct candidate *c, struct err *err) {
    if (bytes_is(c->what, "route")) {
        int rc = eval_each(c->view, "eval_routes", &c->route, take_eval, c, err);
        return rc == 0 && c->digest.n > 0 ? eval_each(c->view, "eval_loose", &c->digest, take_eval, c, err) : rc;
    }
    if (bytes_is(c->what, "pack")) return weigh_all(c, err);
    int rc = eval_each(c->view, "eval_models", &c->digest, take_eval, c, err);
    bool none = c->model.n > 0 && c->n_suites == 0 && !c->told && !c->too_many; /* then say what there is of its name */
    return rc == 0 && none ? weigh_all(c, err) : rc;
}

int promotions_each_eval(struct state_view *view, const struct row *row, struct bytes digest, struct bytes version,
                         promotions_eval_fn *each, void *ctx, struct err *err) {
    struct readiness found;
    struct reason cite;
    readiness_init(&found);
    reason_init(&cite);
    struct candidate c = {.view = view,
                          .what = row_text(row, PROMOTIONS_WHAT),
                          .digest = digest,
                          .pack = row_text(row, PROMOTIONS_PACK),
                          .version = version,
                          .route = row_text(row, PROMOTIONS_ROUTE),
                          .row = row,
                          .newest = -1,
                          .found = &found,
                          .cite = &cite};
    int rc = weigh_evals(&c, err);
    if (rc == 0 && c.too_many) rc = err_set(err, ERR_LIMIT, "more than %d suites evaluated it", SUITES_MAX);
    for (size_t i = 0; rc == 0 && i < c.n_suites; i++) {
        if (c.suite[i].seq < 0) continue;
        rc = each(ctx, bytes_of(c.suite[i].name), bytes_of(c.suite[i].eval), (uint64_t)c.suite[i].seq, c.suite[i].passed,
                  err);
    }
    return rc;
}

int promotions_weigh_evals(struct state_view *view, const struct row *row, struct readiness *found, struct reason *cite,
                           struct err *err) {
    struct candidate c = {.view = view,
                          .what = row_text(row, PROMOTIONS_WHAT),
                          .digest = row_text(row, PROMOTIONS_DIGEST),
                          .pack = row_text(row, PROMOTIONS_PACK),
                          .version = row_text(row, PROMOTIONS_VERSION),
                          .route = row_text(row, PROMOTIONS_ROUTE),
                          .model = row_text(row, PROMOTIONS_MODEL),
                          .row = row,
                          .newest = -1,
                          .found = found,
                          .cite = cite};
    int rc = 0;
    readiness_say(found, "digest", "%s", "a candidate that names no digest");
    if (c.digest.n > 0) {
        readiness_say(found, "digest", "%.*s", REASON_DIGEST(c.digest));
    }
    readiness_say(found, "why", "nothing was evaluated");
    rc = weigh_evals(&c, err);
    if (rc == 0) rc = weigh_named(&c, err);
    if (c.unbound_seq > 0 && !c.told && has_no_pass(&c)) {
        readiness_say(found, "why", "%s", c.unbound);
        reason_cite(cite, (uint64_t)c.unbound_seq, 0);
    }
    conclude(&c);
    return rc;
}

/* The answer changes at the end of its tripcode. */
static void note_end(struct state_view *view, const struct row *row) {
    if (row_has(row, PROMOTIONS_TRIPPED) && row_has(row, PROMOTIONS_TRIPPED_UNTIL)) {
        (void)state_past(view, row_int(row, PROMOTIONS_TRIPPED_UNTIL));
    }
}

int promotions_weigh(struct state_view *view, const struct row *row, struct readiness *found, bool *ret_barred,
                     struct debate_standing *ret_debate, struct reason *cite, struct err *err) {
    note_end(view, row);
    *ret_barred = promotions_is_barred(row, state_now(view), found);
    struct debate_standing debate;
    int rc = promotions_weigh_standing(view, row, found, cite, ret_debate != NULL ? ret_debate : &debate, err);
    if (rc != 0) return rc;
    return promotions_weigh_evals(view, row, found, cite, err);
}

/* ---- a step out of turn ---- */

const char *promotions_say_first(const struct row *row, bool whole) {
    static const struct {
        const char *state, *whole, *next;
    } steps[] = {
        {"planned", "it has to be simulated and verified first",
         "simulate it first: ledger promote simulate {} -- COMMAND"},
        {"debating", "it has to be simulated and verified first",
         "simulate it first: ledger promote simulate {} -- COMMAND"},
        {"simulated", "it has to be verified first", "verify it first: ledger promote verify {}"},
        {"promoted", "nothing is left to do", "roll it back first: ledger promote rollback {}"},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        if (row_is(row, PROMOTIONS_STATE, steps[i].state)) return whole ? steps[i].whole : steps[i].next;
    }
    return whole ? "it has to be planned, simulated and verified first"
                 : "plan it first: ledger promote plan {} WHAT/NAME --digest DIGEST";
}

static const char *say_step(struct bytes step) {
    return bytes_is(step, "verifying")     ? "verified"
           : bytes_is(step, "debating")    ? "debated"
           : bytes_is(step, "rolled_back") ? "rolled back"
           : bytes_is(step, "gated")       ? "judged by the gate"
           : bytes_is(step, "tripped")     ? "stopped by a tripcode"
                                           : NULL;
}

static const char *say_state(const struct row *row) {
    bool planned = row_has(row, PROMOTIONS_PLANNED_SEQ);
    return row_is(row, PROMOTIONS_STATE, "idle")        ? planned ? "is rolled back" : "is not planned"
           : row_is(row, PROMOTIONS_STATE, "verifying") ? "is being verified"
           : row_is(row, PROMOTIONS_STATE, "debating")  ? "is being debated"
           : row_is(row, PROMOTIONS_STATE, "aborted")   ? "was aborted"
                                                        : NULL;
}

void promotions_say_refused(const struct row *row, struct bytes step, const char *why, char *ret, size_t size) {
    struct bytes from = row_text(row, PROMOTIONS_STATE);
    struct buf id = {.max = 4 * ROW_TEXT_MAX};
    const char *is = say_state(row), *to = say_step(step);
    const char *name = strstr(why, "{}");
    size_t n = name != NULL ? (size_t)(name - why) : strlen(why);
    if (name != NULL) {
        readiness_put_word(&id, row_text(row, PROMOTIONS_PROMOTION));
    }
    snprintf(ret, size, "it %s%.*s, and may not be %.*s%s: %.*s%.*s%s", is != NULL ? is : "is ",
             REASON_NAME(is != NULL ? (struct bytes){0} : from), REASON_NAME(to != NULL ? bytes_of(to) : step),
             bytes_eq(step, from) ? " again" : "", (int)n, why, REASON_PATH(bytes_of_buf(&id)),
             name != NULL ? name + 2 : "");
    buf_done(&id);
}

/* ---- the column ---- */

/* What an evaluation of the candidate is of. */
void promotions_put_evaluate(const struct row *row, struct buf *out) {
    bool route = row_is(row, PROMOTIONS_WHAT, "route"), pack = row_is(row, PROMOTIONS_WHAT, "pack");
    bool model = row_is(row, PROMOTIONS_WHAT, "model");
    struct bytes name = row_text(row, route ? PROMOTIONS_ROUTE : PROMOTIONS_PACK);
    buf_put_str(out, route   ? "FILE --route "
                     : pack  ? "FILE --pack "
                     : model ? "FILE --endpoint URL --model MODEL"
                             : "FILE --candidate PATH -- COMMAND");
    if (route || pack) {
        readiness_put_word(out, name.n > 0 ? name : bytes_of(route ? "ROUTE" : "PACK"));
    }
    if (route && row_has(row, PROMOTIONS_DIGEST)) { /* the route itself is declared with another one until it is promoted */
        buf_put_str(out, " --config-digest ");
        readiness_put_word(out, row_text(row, PROMOTIONS_DIGEST));
    }
}

struct remedying {
    const struct row *row;
    const struct readiness *found;
    bool tripped; /* only aborting it is legal */
};

static void put_trial(const struct row *row, struct buf *out) {
    readiness_put_word(out, row_text(row, PROMOTIONS_PROMOTION));
    buf_put_str(out, " --verdict VERDICT");
}

static bool put_gate(const struct row *row, struct buf *out) {
    readiness_put_word(out, row_text(row, PROMOTIONS_PROMOTION));
    buf_put_str(out, row_has(row, PROMOTIONS_DIGEST) ? "" : " --digest DIGEST");
    return row_is(row, PROMOTIONS_STATE, "verifying"); /* asked once the candidate is verified */
}

/* The next step, if there is one before `promoted`. */
static bool put_next(const struct row *row, struct buf *out) {
    if (row_is(row, PROMOTIONS_STATE, "simulated")) {
        buf_put_str(out, "verify ");
        put_gate(row, out);
        return true;
    }
    buf_put_str(out, "simulate ");
    put_trial(row, out);
    return row_is(row, PROMOTIONS_STATE, "planned") || row_is(row, PROMOTIONS_STATE, "debating");
}

/* What helps a debate; it may be of another promotion, with the same candidate. Only a new one is opened here. */
static bool put_debate(const struct remedying *r, struct buf *out) {
    static const char *const after[] = {[DEBATE_NEXT_VOTE] =
                                            " --sign-as KEYFILE --policy SCORE --simplicity SCORE --predicted-pass SCORE",
                                        [DEBATE_NEXT_CONCLUDE] = " --conclude",
                                        [DEBATE_NEXT_ANEW] = " --voter NAME=KEY"};
    struct bytes about = bytes_of(readiness_fact(r->found, "debate_about"));
    size_t next = (size_t)readiness_fact(r->found, "debate_next")[0] - '0';
    bool own = next == DEBATE_NEXT_ANEW;
    if (!own && (about.n <= strlen("promotion/") || !is_whole(about))) return false;
    buf_put_str(out, next == DEBATE_NEXT_VOTE ? "vote " : "debate ");
    readiness_put_word(out, own ? row_text(r->row, PROMOTIONS_PROMOTION) : (struct bytes){about.p + 10, about.n - 10});
    buf_put_str(out, after[next]);
    return !r->tripped;
}

static bool put_fact(void *ctx, const char *name, struct buf *out) {
    const struct remedying *r = ctx;
    if (strcmp(name, "debate_next") == 0) return put_debate(r, out);
    if (strcmp(name, "other") == 0) {
        struct bytes other = bytes_of(readiness_fact(r->found, "other"));
        readiness_put_word(out, other);
        return is_whole(other);
    }
    if (strcmp(name, "promotion") == 0) {
        readiness_put_word(out, row_text(r->row, PROMOTIONS_PROMOTION));
        return promotions_is_under_way(r->row); /* otherwise there is nothing to abort */
    } else if (strcmp(name, "unfinished") == 0) {
        readiness_put_word(out, row_text(r->row, PROMOTIONS_PROMOTION));
        return true;
    } else if (strcmp(name, "next") == 0) {
        return !r->tripped && put_next(r->row, out);
    } else if (strcmp(name, "gate") == 0) {
        return !r->tripped && put_gate(r->row, out);
    } else if (strcmp(name, "trial") == 0) {
        put_trial(r->row, out);
        return !r->tripped;
    } else {
        promotions_put_evaluate(r->row, out);
        return strcmp(name, "again") != 0 || readiness_fact(r->found, "suite")[0] != '\0'; /* nobody can run no suite */
    }
    return true;
}

int promotions_judge(struct state_view *view, struct row *row, struct err *err) {
    struct readiness found;
    struct reason cite;
    struct debate_standing debate;
    struct list_out missing;
    struct buf about = {.max = 4 * ROW_TEXT_MAX};
    bool barred, under_way = promotions_is_under_way(row);
    bool ended = row_is(row, PROMOTIONS_STATE, "idle") || row_is(row, PROMOTIONS_STATE, "aborted");
    readiness_init(&found);
    reason_init(&cite);
    list_out_init(&missing);
    buf_put_str(&about, "promotion/");
    buf_put_bytes(&about, row_text(row, PROMOTIONS_PROMOTION));
    int rc = 0;
    if (under_way) {
        rc = promotions_weigh(view, row, &found, &barred, &debate, &cite, err);
        if (rc == 0 && debate.there) row_set_str(row, PROMOTIONS_DEBATE, debate.state);
    } else { /* of a promoted candidate only its link is checked */
        if (ended) {
            note_end(view, row);
            promotions_is_held(row, state_now(view), &found);
        }
        promotions_is_unapplied(row, &found);
    }
    if (rc == 0 && found.n > 0) {
        struct remedying r = {row, &found, promotions_is_tripped(row, state_now(view))};
        readiness_list(&found, bytes_of_buf(&about), put_fact, &r, &missing);
        reason_give(&cite, row, PROMOTIONS_BASE);
        rc = list_out_set(&missing, row, PROMOTIONS_MISSING, err);
    }
    list_out_done(&missing);
    buf_done(&about);
    return rc;
}
