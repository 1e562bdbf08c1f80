/* The row of an evaluation says whether it is under way and where it began; the event of its beginning says the rest. */
#include "evals/run/resume.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mp.h"
#include "base/text.h"
#include "projections/ready/eval.h"
#include "projections/ready/eval_suite.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"

struct asked {
    const struct run_suite_options *how;
    char digest[RUN_DIGEST_MAX]; /* the suite's */
    bool found, finished;
    struct run_declared *declared;
    char id[RUN_ID_MAX];
    uint64_t started;
};

static void digest_text(char ret[RUN_DIGEST_MAX], const uint8_t hash[HASH_LEN]) {
    char hex[2 * HASH_LEN + 1];
    text_hex(hex, hash, HASH_LEN);
    (void)snprintf(ret, RUN_DIGEST_MAX, "sha256:%s", hex);
}

static void take_row(struct asked *a, const struct row *row) {
    struct bytes id = row_text(row, EVAL_ID);
    a->found = true;
    a->finished = !row_is(row, EVAL_STATE, "started") && !row_is(row, EVAL_STATE, "scored");
    a->started = row_has(row, EVAL_STARTED_SEQ) ? (uint64_t)row_int(row, EVAL_STARTED_SEQ) : LOG_NO_SEQ;
    (void)snprintf(a->id, sizeof(a->id), "%.*s", (int)(id.n < sizeof(a->id) ? id.n : 0), (const char *)id.p);
}

static int find_row(void *ctx, struct state_view *view, struct err *err) {
    struct asked *a = ctx;
    const struct bytes id = bytes_of(a->how->resume);
    struct state_rows *rows = NULL;
    const struct row *row;
    a->found = false;
    if (strcmp(a->how->resume, RUN_RESUME_LAST) != 0) {
        struct row one;
        bool there = false;
        int rc = look_stored(view, "evals", &id, 1, &one, &there, err);
        if (rc == 0 && there) take_row(a, &one);
        row_done(&one);
        return rc;
    }
    int rc = look_rows(view, "evals", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        bool wanted = row_is(row, EVAL_STATE, "started") && row_has(row, EVAL_STARTED_SEQ) &&
                      bytes_is(row_text(row, EVAL_SUITE_DIGEST), a->digest);
        if (wanted && (!a->found || (uint64_t)row_int(row, EVAL_STARTED_SEQ) > a->started)) take_row(a, row);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

/* A route that names the suite and no digest of it is bound to what was declared last. */
static int find_bound(struct state_view *view, struct bytes suite, struct run_declared *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "routes", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes name = row_text(row, ROUTE_NAME);
        if (row_has(row, ROUTE_SUITE_DIGEST) || !bytes_eq(row_text(row, ROUTE_SUITE), suite) ||
            row_is(row, ROUTE_STEP, "removed")) {
            continue;
        }
        if (ret->routes++ == 0) {
            (void)snprintf(ret->route, sizeof(ret->route), "%.*s", (int)name.n, (const char *)name.p);
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

static int find_suite(void *ctx, struct state_view *view, struct err *err) {
    struct asked *a = ctx;
    struct run_declared *ret = a->declared;
    struct row row;
    bool there = false;
    *ret = (struct run_declared){.routes = 0};
    int rc = look_stored(view, "suites", &a->how->suite->name, 1, &row, &there, err);
    struct bytes digest = rc == 0 && there ? row_text(&row, SUITE_DIGEST) : (struct bytes){0};
    ret->same = bytes_is(digest, a->digest);
    if (digest.n > 0 && !ret->same) {
        (void)snprintf(ret->digest, sizeof(ret->digest), "%.*s", (int)digest.n, (const char *)digest.p);
        rc = find_bound(view, a->how->suite->name, ret, err);
    }
    row_done(&row);
    return rc;
}

static int ask(struct ledger *ledger, int (*what)(void *ctx, struct state_view *view, struct err *err), struct asked *a,
               struct err *err) {
    struct state_options options;
    state_options_init(&options);
    return state_ask(ledger, &options, what, a, err);
}

int run_suite_declared(struct ledger *ledger, const struct suite *suite, struct run_declared *ret, struct err *err) {
    const struct run_suite_options how = {.ledger = ledger, .suite = suite};
    struct asked a = {.how = &how, .declared = ret};
    digest_text(a.digest, suite->digest);
    return ask(ledger, find_suite, &a, err);
}

/* ---- the log ------------------------------------------------------------------------------------------------------------ */

static int check_field(struct bytes body, const char *field, const char *now, const char *what, const char *id,
                       struct err *err) {
    struct bytes then = mp_get_text(body, field);
    if (bytes_is(then, now)) return 0;
    return err_set(err, ERR_CONFLICT, "evaluation '%s' cannot be resumed: its %s was %.*s, and is %s now", id, what,
                   then.n > 0 ? (int)(then.n < 80 ? then.n : 80) : 7, then.n > 0 ? (const char *)then.p : "unknown",
                   now[0] != '\0' ? now : "unknown");
}

static int check_start(const struct run_left *left, struct bytes body, const struct run_plan *plan,
                       const struct run_binding *binding, const char *suite_digest, struct err *err) {
    char digest[RUN_DIGEST_MAX];
    digest_text(digest, plan->digest);
    int rc = check_field(body, "suite_digest", suite_digest, "suite", left->id, err);
    if (rc == 0 && !bytes_is(mp_get_text(body, "plan_digest"), digest)) {
        rc = err_set(
            err, ERR_CONFLICT,
            "evaluation '%s' cannot be resumed: it has another plan; expected: --only, --repeat and --shuffle as it "
            "was started with",
            left->id);
    }
    if (rc == 0) rc = check_field(body, "model", binding->model, "model", left->id, err);
    if (rc == 0) rc = check_field(body, "digest", binding->digest, "digest of weights", left->id, err);
    if (rc == 0) rc = check_field(body, "program_digest", binding->program_digest, "digest of the program", left->id, err);
    if (rc == 0) rc = check_field(body, "command_digest", binding->command_digest, "digest of the command", left->id, err);
    if (rc == 0) rc = check_field(body, "route", binding->route, "route", left->id, err);
    if (rc == 0) rc = check_field(body, "config_digest", binding->config_digest, "configuration", left->id, err);
    if (rc == 0) rc = check_field(body, "pack", binding->pack, "pack", left->id, err);
    if (rc == 0) rc = check_field(body, "pack_version", binding->pack_version, "version of the pack", left->id, err);
    if (rc == 0) rc = check_field(body, "pack_digest", binding->pack_digest, "digest of the pack's files", left->id, err);
    return rc;
}

static int walk(const struct run_suite_options *how, const struct run_plan *plan, const struct run_binding *binding,
                const char *suite_digest, struct run_left *left, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    char subject[RUN_ID_MAX + 8];
    (void)snprintf(subject, sizeof(subject), "eval/%s", left->id);
    int rc = log_reader_open(how->ledger, left->started, UINT64_MAX, &reader, err);
    while (rc == 0 && (rc = log_reader_next(reader, &event, err)) == 0) {
        if (event.seq == left->started) rc = check_start(left, event.body, plan, binding, suite_digest, err);
        left->resumed += bytes_is(event.kind, "eval.resumed") && bytes_is(event.subject, subject);
    }
    log_reader_close(reader);
    return rc == 1 ? 0 : rc;
}

static int match(const struct run_suite_options *how, const struct run_plan *plan, struct run_left *left, struct err *err) {
    left->there = calloc(plan->n > 0 ? plan->n : 1, sizeof(left->there[0]));
    if (left->there == NULL) return err_set(err, ERR_NOMEM, "no memory for the samples that are there");
    for (size_t i = 0; i < plan->n; i++) {
        const struct suite_case *one = &how->suite->cases[plan->items[i].at];
        char digest[RUN_DIGEST_MAX];
        size_t n = 0;
        const struct sample *sample = samples_find(left->samples.all, left->samples.n, how->suite->name, one->id, &n);
        digest_text(digest, one->digest);
        for (size_t k = 0; sample != NULL && k < n; k++) {
            if (sample[k].repeat == plan->items[i].repeat && bytes_is(sample[k].case_digest, digest)) left->there[i] = true;
        }
        left->there_n += left->there[i];
    }
    return 0;
}

int run_left_find(const struct run_suite_options *how, const struct run_plan *plan, const struct run_binding *binding,
                  struct run_left *ret, struct err *err) {
    struct asked a = {.how = how, .started = LOG_NO_SEQ};
    memset(ret, 0, sizeof(*ret));
    digest_text(a.digest, how->suite->digest);
    int rc = ask(how->ledger, find_row, &a, err);
    if (rc != 0) return rc;
    if (!a.found && strcmp(how->resume, RUN_RESUME_LAST) == 0) {
        return err_set(err, ERR_NOTFOUND, "no evaluation of this suite was interrupted");
    }
    if (!a.found || a.started == LOG_NO_SEQ) {
        return err_set(err, ERR_NOTFOUND, "no evaluation '%.100s' was started here", how->resume);
    }
    if (a.finished) return err_set(err, ERR_CONFLICT, "evaluation '%s' has ended, and cannot be resumed", a.id);
    memcpy(ret->id, a.id, sizeof(ret->id));
    ret->started = a.started;
    rc = walk(how, plan, binding, a.digest, ret, err);
    if (rc == 0) rc = samples_read_from(how->ledger, bytes_of(ret->id), ret->started, false, &ret->samples, err);
    if (rc == 0) rc = match(how, plan, ret, err);
    return rc;
}

void run_left_done(struct run_left *left) {
    samples_done(&left->samples);
    free(left->there);
    left->there = NULL;
}
