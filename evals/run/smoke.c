/* A case that was not run, or of which nothing is known, is not a pass: that makes the result unknown, unless another failed. */
#include "evals/run/smoke.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "evals/load/load.h"
#include "evals/run/run.h"
#include "projections/act/checked.h"

#define NAME_ROOM 320
#define WORDS     700

static const char *const tags[] = {SMOKE_TAG};

struct smoking {
    const struct smoke_options *how;
    struct smoke_result *ret;
    struct suite *suite;
    struct bytes suite_path; /* in the pack */
    struct run_suite_result result;
};

static bool is_tagged(const struct suite *suite) {
    for (size_t i = 0; i < suite->cases_n; i++) {
        const struct suite_case *one = &suite->cases[i];
        for (size_t k = 0; k < one->tags_n; k++) {
            if (bytes_is(one->tags[k], SMOKE_TAG)) return true;
        }
    }
    return false;
}

static enum checks_verdict judge(const struct run_suite_result *r) {
    const struct run_progress *c = &r->counts;
    if (c->missed + c->limited > 0) return CHECKS_FAIL;
    if (r->changed || c->planned == 0 || c->passed < c->planned) return CHECKS_UNKNOWN;
    return r->violations > 0 ? CHECKS_FAIL : CHECKS_PASS;
}

static void say(const struct run_suite_result *r, char ret[WORDS]) {
    const struct run_progress *c = &r->counts;
    int n = snprintf(ret, WORDS, "%" PRIu64 " of %" PRIu64 " passed", c->passed, c->planned);
    if (c->limited > 0) n += snprintf(ret + n, WORDS - (size_t)n, ", %" PRIu64 " over the limit", c->limited);
    if (c->errors > 0) n += snprintf(ret + n, WORDS - (size_t)n, ", %" PRIu64 " not known", c->errors);
    if (r->violations > 0) n += snprintf(ret + n, WORDS - (size_t)n, ", %" PRIu64 " refused by a policy", r->violations);
    n += snprintf(ret + n, WORDS - (size_t)n, " (eval %s)", r->id);
    if (r->changed) n += snprintf(ret + n, WORDS - (size_t)n, ": what was tried changed meanwhile");
    if (r->why[0] != '\0') (void)snprintf(ret + n, WORDS - (size_t)n, ": %s", r->why);
}

/* `away`: why nobody could be asked, and no evaluation was begun; NULL: one was. */
static int record(struct smoking *s, size_t route, const char *away, struct err *err) {
    const struct run_suite_result *r = &s->result;
    const struct smoke_options *how = s->how;
    const struct bytes of = run_pack_route(how->of, route);
    const char *const evals[] = {r->id};
    char name[NAME_ROOM], why[WORDS];
    (void)snprintf(name, sizeof(name), SMOKE_TAG ":%.*s", (int)of.n, (const char *)of.p);
    if (away != NULL) {
        (void)snprintf(why, sizeof(why), "%.500s", away);
    } else {
        say(r, why);
    }
    struct checks_fact fact = {.pack = bytes_of(how->pack),
                               .version = run_pack_version(how->of),
                               .told = {.name = bytes_of(name),
                                        .required = run_pack_requires(how->of, route),
                                        .verdict = away != NULL ? CHECKS_UNKNOWN : judge(r),
                                        .ns = r->duration_ns,
                                        .seq = LOG_NO_SEQ,
                                        .why = why},
                               .cause = r->finished_seq,
                               .evals = evals,
                               .evals_n = away == NULL};
    int rc = checks_record(how->ledger, how->actor, &fact, &fact.told.seq, err);
    if (rc != 0) return rc;
    s->ret->routes++;
    s->ret->passed += fact.told.verdict == CHECKS_PASS;
    how->told(how->told_ctx, &fact.told);
    return 0;
}

static int run_route(struct smoking *s, size_t route, struct err *err) {
    const struct smoke_options *how = s->how;
    const struct bytes of = run_pack_route(how->of, route);
    char name[NAME_ROOM];
    (void)snprintf(name, sizeof(name), "%.*s", (int)of.n, (const char *)of.p);
    int rc = run_pack_take(how->of, name, s->suite, err);
    if (rc != 0) return rc;
    char path[FILE_PATH_MAX];
    (void)snprintf(path, sizeof(path), "%.*s", (int)s->suite_path.n, (const char *)s->suite_path.p);
    const struct run_suite_options options = {.ledger = how->ledger,
                                              .suite = s->suite,
                                              .path = path,
                                              .actor = how->actor,
                                              .subject = run_pack_subject(how->of),
                                              .choice = {.only = tags, .only_n = 1, .part = true},
                                              .concurrency = how->concurrency,
                                              .stop = how->stop,
                                              .stop_fd = how->stop_fd,
                                              .progress = how->progress,
                                              .progress_ctx = how->progress_ctx};
    struct err why = {0};
    rc = run_suite(&options, &s->result, &why);
    if (rc == ERR_NET && s->result.started_seq == LOG_NO_SEQ) return record(s, route, why.msg, err);
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    return s->result.finished ? record(s, route, NULL, err) : err_set(err, ERR_BUSY, "interrupted");
}

static int run_one(struct smoking *s, struct err *err) {
    const struct smoke_options *how = s->how;
    char path[FILE_PATH_MAX], name[FILE_PATH_MAX];
    (void)snprintf(name, sizeof(name), "%.*s", (int)s->suite_path.n, (const char *)s->suite_path.p);
    (void)run_pack_suite(how->of, name, path, sizeof(path));
    int rc = load_suite(path, how->fault, how->fault_ctx, &s->suite, err);
    bool tagged = rc == 0 && is_tagged(s->suite);
    for (size_t i = 0; rc == 0 && i < run_pack_routes(how->of); i++) {
        if (how->stop != NULL && *how->stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (tagged) {
            rc = run_route(s, i, err);
        } else if (how->untagged != NULL) {
            how->untagged(how->told_ctx, run_pack_route(how->of, i), s->suite_path);
        }
    }
    suite_free(s->suite);
    s->suite = NULL;
    return rc;
}

int smoke_run(const struct smoke_options *options, struct smoke_result *ret, struct err *err) {
    struct smoking *s = calloc(1, sizeof(*s));
    *ret = (struct smoke_result){0};
    if (s == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    s->how = options;
    s->ret = ret;
    int rc = checked_unlocked(options->ledger, "eval.started", err);
    for (size_t i = 0; rc == 0 && i < run_pack_suites(options->of); i++) {
        s->suite_path = run_pack_suite_path(options->of, i);
        rc = run_one(s, err);
    }
    free(s);
    return rc;
}
