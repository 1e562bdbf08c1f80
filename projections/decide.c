/* Judgements that look at rows which others fold: is a route proven, may a candidate be promoted. Columns are read by name;
 * a table that is not there has no rows. */
#include "projections/decide.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "projections/decide_answer.h"
#include "projections/evals.h"
#include "projections/look.h"
#include "projections/promotions.h"
#include "projections/reason.h"

int decide_is_proven(struct state_view *view, struct bytes route, struct decision *ret, struct err *err) {
    struct row row;
    bool there = false;
    int64_t proof;
    int rc = look_judged(view, "routes", &route, 1, &row, &there, err);
    if (rc == 0) {
        decide_begin(ret);
        if (!there) {
            decide_no(ret, "there is no route '%.*s'", REASON_NAME(route));
        } else {
            struct bytes why = decide_text(&row, "reason"), state = decide_text(&row, "state");
            decide_cite_row(ret, &row);
            if (bytes_is(state, "removed")) {
                decide_no(ret, "route '%.*s' was removed", REASON_NAME(route));
            } else if (decide_int(&row, "proof", &proof)) {
                decide_cite(ret, (uint64_t)proof);
            } else {
                decide_no(ret, "route '%.*s' is %.*s: %.*s", REASON_NAME(route), REASON_NAME(state), REASON_NAME(why));
            }
        }
    }
    row_done(&row);
    return rc;
}

/* ---- promotions ---- */

#define SUITES_MAX 64 /* different ones that evaluated one candidate; with more there is no full pass */
#define SUITE_MAX  60 /* bytes of a name that are told */

/* What the newest evaluation by one suite that decides anything came to. */
struct suite_said {
    uint8_t is[HASH_LEN]; /* digest of its name */
    char name[SUITE_MAX + 1];
    int64_t seq;
    bool passed;
};

struct candidate {
    struct bytes what, digest, pack, version, route;
    struct suite_said suite[SUITES_MAX];
    size_t n_suites;
    bool too_many;
    int64_t newest; /* finished_seq of the newest one that decides nothing; -1: none */
    struct decision *ret;
    struct readiness *found;
};

static struct suite_said *suite_of(struct candidate *c, struct bytes name) {
    uint8_t is[HASH_LEN];
    hash_parts(is, &name, 1);
    for (size_t i = 0; i < c->n_suites; i++) {
        if (memcmp(c->suite[i].is, is, sizeof(is)) == 0) {
            return &c->suite[i];
        }
    }
    if (c->n_suites == SUITES_MAX) {
        c->too_many = true;
        return NULL;
    }
    struct suite_said *s = &c->suite[c->n_suites++];
    memcpy(s->is, is, sizeof(is));
    snprintf(s->name, sizeof(s->name), "%.*s", (int)reason_fits(name, SUITE_MAX), name.n > 0 ? (const char *)name.p : "");
    s->seq = -1;
    return s;
}

/* A pass decides when it counts, a failure as it stands, also of a part; of each suite the newest holds. What decides
 * nothing gives the words for a no. */
static int weigh(struct candidate *c, struct state_view *view, const struct row *eval, struct err *err) {
    int64_t seq = row_has(eval, EVAL_FINISHED_SEQ) ? row_int(eval, EVAL_FINISHED_SEQ) : -1;
    struct evals_verdict verdict;
    int rc = evals_judge_verdict(view, eval, &verdict, err);
    if (rc != 0) {
        return rc;
    }
    if (verdict.counts || verdict.outcome == READINESS_FAILED) {
        struct suite_said *s = suite_of(c, row_text(eval, EVAL_SUITE));
        if (s != NULL && seq >= s->seq) {
            s->seq = seq;
            s->passed = verdict.counts;
        }
    } else if (seq >= c->newest) {
        struct bytes id = row_text(eval, EVAL_ID);
        c->newest = seq;
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
        if (c->suite[i].seq >= 0 && !c->suite[i].passed) {
            readiness_say(c->found, "suite", "%s", c->suite[i].name);
            return true;
        }
    }
    return false;
}

static bool has_too_many(struct candidate *c) {
    readiness_say(c->found, "max", "%d", SUITES_MAX);
    return c->too_many;
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct candidate *c);
} conditions[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/readiness_candidate.def"
#undef RULE
};

/* At least one suite passed, and none that was asked failed last. */
static void conclude(struct candidate *c) {
    for (size_t i = 0; i < c->n_suites; i++) {
        if (c->suite[i].seq >= 0) {
            decide_cite(c->ret, (uint64_t)c->suite[i].seq);
        }
    }
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        if (conditions[i].unmet(c)) {
            readiness_add(c->found, conditions[i].id);
        }
    }
}

/* Of the weights by their digest, of a route by its configuration's, of a pack by its version. */
static bool is_of(const struct candidate *c, const struct row *eval) {
    if (bytes_is(c->what, "route")) {
        return bytes_eq(decide_text(eval, "config_digest"), c->digest);
    }
    if (bytes_is(c->what, "pack")) {
        return c->pack.n > 0 && c->version.n > 0 && bytes_eq(decide_text(eval, "pack"), c->pack) &&
               bytes_eq(decide_text(eval, "pack_version"), c->version);
    }
    return bytes_eq(decide_text(eval, "digest"), c->digest);
}

/* The candidate's evaluations, by a table that leads from it to them. */
static int weigh_listed(struct state_view *view, struct candidate *c, const char *table, struct bytes key,
                        struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *link;
    int rc = look_rows(view, table, &key, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &link, err)) == 0) {
        struct bytes id = decide_text(link, "eval");
        struct row eval;
        bool there = false;
        rc = look_stored(view, "evals", &id, 1, &eval, &there, err);
        if (rc == 0 && there && is_of(c, &eval)) {
            rc = weigh(c, view, &eval, err);
        }
        row_done(&eval);
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int weigh_all(struct state_view *view, struct candidate *c, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *eval;
    int rc = look_rows(view, "evals", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = look_next(rows, &eval, err)) == 0) {
        if (is_of(c, eval)) {
            rc = weigh(c, view, eval, err);
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int weigh_candidate(struct state_view *view, const struct row *row, struct decision *ret, struct readiness *found,
                           struct err *err) {
    struct candidate c = {.what = row_text(row, PROMOTIONS_WHAT),
                          .digest = row_text(row, PROMOTIONS_DIGEST),
                          .pack = row_text(row, PROMOTIONS_PACK),
                          .version = row_text(row, PROMOTIONS_VERSION),
                          .route = row_text(row, PROMOTIONS_ROUTE),
                          .newest = -1,
                          .ret = ret,
                          .found = found};
    int rc = 0;
    readiness_say(found, "digest", "%.*s", REASON_DIGEST(c.digest));
    readiness_say(found, "why", "nothing was evaluated");
    if (bytes_is(c.what, "route")) {
        rc = weigh_listed(view, &c, "eval_routes", c.route, err);
    } else if (bytes_is(c.what, "pack")) {
        rc = weigh_all(view, &c, err);
    } else {
        rc = weigh_listed(view, &c, "eval_models", c.digest, err);
    }
    conclude(&c);
    return rc;
}

int decide_may_promote(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err) {
    struct row row;
    struct decision mine;
    struct readiness found;
    struct reason words;
    bool there = false;
    int rc = look_stored(view, "promotions", &promotion, 1, &row, &there, err);
    decide_begin(&mine);
    readiness_init(&found);
    reason_init(&words);
    if (rc == 0 && !there) {
        decide_no(&mine, "there is no promotion '%.*s'", REASON_NAME(promotion));
    } else if (rc == 0) {
        struct bytes state = row_text(&row, PROMOTIONS_STATE);
        decide_cite_row(&mine, &row);
        bool barred = promotions_is_barred(&row, state_now(view), &found);
        rc = weigh_candidate(view, &row, &mine, &found, err);
        readiness_tell(&found, false, &words);
        if (barred) {
            decide_no(&mine, "promotion '%.*s' is %.*s: %s", REASON_NAME(promotion), REASON_NAME(state), words.words);
        } else if (found.n > 0) {
            decide_no(&mine, "%s", words.words);
        }
    }
    row_done(&row);
    if (rc == 0) {
        *ret = mine;
    }
    return rc;
}
