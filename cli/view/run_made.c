/* Events are found by their run and by the run that they are about: run.started of a child run has the parent as its
 * run. */
#include "cli/view/run_made.h"

#include <stdio.h>
#include <string.h>

#include "query/query.h"

#define TEXT_MAX ((size_t)1 << 16)
#define LIST_MAX ((size_t)1 << 26)

static const struct trait {
    const char *field, *name;
    bool of_models; /* only where a model is called or chosen */
} traits[RUN_TRAITS] = {{"pack_version", "pack version", false},
                        {"agent", "agent", false},
                        {"agent_version", "agent version", false},
                        {"route", "route", false},
                        {"model", "model", true},
                        {"digest", "weights", true},
                        {"runtime", "runtime", true},
                        {"config_digest", "configuration", false},
                        {"tool", "tools", false},
                        {"permissions_digest", "permissions", false}};

const char *run_trait(size_t i) {
    return traits[i].name;
}

bool run_made_differs(const struct run_made *a, const struct run_made *b, size_t i) {
    return !bytes_eq(bytes_of_buf(&a->values[i]), bytes_of_buf(&b->values[i]));
}

const struct corrected_one *run_made_corrected(const struct run_made *made, size_t i) {
    const struct corrected_one *all = (const struct corrected_one *)(const void *)made->corrected.p;
    return i < made->corrected.n / sizeof(*all) ? &all[i] : NULL;
}

/* Inserts a value in its place, once. */
static void add_value(struct buf *values, struct bytes value) {
    struct buf more = {.max = TEXT_MAX};
    size_t at = 0;
    bool placed = false;
    while (at < values->n) {
        const uint8_t *comma = memmem(values->p + at, values->n - at, ", ", 2);
        struct bytes one = {values->p + at, comma ? (size_t)(comma - values->p) - at : values->n - at};
        int order = placed ? 1 : bytes_cmp(value, one);
        if (order < 0) {
            buf_put_str(&more, more.n > 0 ? ", " : "");
            buf_put_bytes(&more, value);
        }
        placed = placed || order <= 0;
        buf_put_str(&more, more.n > 0 ? ", " : "");
        buf_put_bytes(&more, one);
        at += one.n + 2;
    }
    if (!placed) {
        buf_put_str(&more, more.n > 0 ? ", " : "");
        buf_put_bytes(&more, value);
    }
    if (more.fail) {
        buf_done(&more);
        return;
    }
    buf_done(values);
    *values = more;
}

/* Does the event belong to the run, by the rule of projections/machine/runs.c? */
static int is_own(struct query_cursor *cursor, struct bytes wanted, struct bytes kind, bool *ret, struct err *err) {
    struct query_value run = {.type = QUERY_NULL}, subject = {.type = QUERY_NULL};
    struct bytes own = {0}, of;
    int rc = query_get(cursor, QUERY_RUN, &run, err);
    if (rc == 0) rc = query_get(cursor, QUERY_SUBJECT, &subject, err);
    of = run.type == QUERY_TEXT ? run.text : (struct bytes){0};
    if (bytes_has_prefix(kind, "run.") && subject.type == QUERY_TEXT && bytes_has_prefix(subject.text, "run/")) {
        own = (struct bytes){subject.text.p + 4, subject.text.n - 4};
    }
    bool bounds = bytes_is(kind, "run.started") || bytes_is(kind, "run.finished");
    *ret = rc == 0 && bytes_eq(own.n > 0 && (bounds || of.n == 0) ? own : of, wanted);
    return rc;
}

static int take_traits(struct query_cursor *cursor, struct bytes kind, struct run_made *made, struct err *err) {
    bool models = bytes_has_prefix(kind, "run.model_") || bytes_has_prefix(kind, "route.");
    struct query_value value;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < RUN_TRAITS; i++) {
        if (traits[i].of_models && !models) continue;
        rc = query_get_body(cursor, bytes_of(traits[i].field), &value, err);
        if (rc == 0 && value.type == QUERY_TEXT && value.text.n > 0) {
            add_value(&made->values[i], value.text);
        }
    }
    return rc;
}

static int add_event(const struct run_made_plan *plan, struct query_cursor *cursor, struct bytes run, bool about,
                     struct run_made *made, struct err *err) {
    struct query_value kind, of = {.type = QUERY_NULL};
    const struct corrected_one *one = NULL;
    bool own = false;
    int rc = query_get(cursor, QUERY_KIND, &kind, err);
    if (rc == 0 && about) rc = query_get(cursor, QUERY_RUN, &of, err);
    if (rc != 0 || (of.type == QUERY_TEXT && bytes_eq(of.text, run))) {
        return rc; /* it was already taken as an event of the run */
    }
    rc = is_own(cursor, run, kind.text, &own, err);
    if (rc == 0 && own) rc = corrected_holds(plan->corrected, plan->ledger, query_seq(cursor), plan->at, &one, err);
    if (rc == 0 && one != NULL) {
        buf_put(&made->corrected, one, sizeof(*one));
        return buf_check(&made->corrected, "the corrections of a run", err);
    }
    if (rc == 0 && own) rc = take_traits(cursor, kind.text, made, err);
    return rc;
}

static void note(const struct run_made_plan *plan, const struct err *why, struct run_made *made) {
    if (made->whole) {
        snprintf(made->why, sizeof(made->why), "%s", why->msg);
    }
    made->whole = false;
    if (plan->damage != NULL) {
        damage_note(plan->damage, why);
    }
}

/* Takes the events with this text in this field. */
static int find(const struct run_made_plan *plan, size_t field, struct bytes text, struct bytes run, struct run_made *made,
                struct err *err) {
    struct query query;
    struct query_cursor *cursor = NULL;
    struct query_value value = {.type = QUERY_TEXT, .text = text};
    struct query_term term = {.field = field, .op = QUERY_EQ, .values = &value, .n_values = 1};
    query_init(&query);
    query.terms = &term;
    query.n_terms = 1;
    query.to = plan->at;
    query.whole = field == QUERY_RUN; /* most events about a run also belong to it */
    query.stop = plan->stop;
    int rc = query_open(plan->ledger, &query, &cursor, err);
    while (rc == 0) {
        struct err why = {0};
        rc = query_next(cursor, &why);
        if (rc == 0) rc = add_event(plan, cursor, run, field == QUERY_SUBJECT, made, &why);
        if (err_is_damage(rc)) {
            note(plan, &why, made);
            rc = 0;
        } else if (rc < 0) {
            *err = why;
        }
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

int run_made_find(const struct run_made_plan *plan, struct bytes run, struct run_made *ret, struct err *err) {
    struct buf subject;
    *ret = (struct run_made){.whole = true};
    for (size_t i = 0; i < RUN_TRAITS; i++) {
        buf_init(&ret->values[i], TEXT_MAX);
    }
    buf_init(&ret->corrected, LIST_MAX);
    buf_init(&subject, run.n + 8);
    buf_put_str(&subject, "run/");
    buf_put_bytes(&subject, run);
    int rc = buf_check(&subject, "the run", err);
    if (rc == 0) rc = find(plan, QUERY_RUN, run, run, ret, err);
    if (rc == 0) rc = find(plan, QUERY_SUBJECT, bytes_of_buf(&subject), run, ret, err);
    buf_done(&subject);
    return rc;
}

void run_made_done(struct run_made *made) {
    for (size_t i = 0; i < RUN_TRAITS; i++) {
        buf_done(&made->values[i]);
    }
    buf_done(&made->corrected);
}
