/* Nothing is recorded before it is known what is evaluated and whether it can be continued; the end is recorded only when no
 * sample is in flight. What the scores are made of is read back from the log: they follow from what anybody can read. */
#include "evals/run/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "evals/run/judging.h"
#include "evals/run/record.h"
#include "evals/run/resume.h"
#include "evals/score/baselines.h"
#include "evals/stat/stat.h"

#define LANES_DEFAULT 4
#define ID_BYTES      16
#define LOOK_NS       200000000

struct running {
    struct run_suite_options how; /* with defaults filled in */
    struct run_plan plan;
    struct run_binding binding;
    struct run_left left;
    struct run_judging *judging;
    struct run_record record;
    uint64_t begun;
};

static int judge(void *ctx, unsigned lane, const struct suite_case *one, uint64_t repeat, const struct run_answer *answer,
                 struct run_judged *ret, struct err *err) {
    struct running *r = ctx;
    (void)repeat;
    return run_judging_judge(r->judging, lane, one, answer, ret, err);
}

static int take(void *ctx, struct run_done *const *done, size_t n, struct err *err) {
    struct running *r = ctx;
    return run_record_samples(&r->record, done, n, err);
}

static int bind(const struct running *r, struct run_binding *ret, struct err *err) {
    const struct run_subject *subject = &r->how.subject;
    *ret = (struct run_binding){0};
    return subject->bind != NULL ? subject->bind(subject->target.ctx, ret, err) : 0;
}

/* ---- the beginning ------------------------------------------------------------------------------------------------------ */

static int check_options(struct running *r, struct err *err) {
    struct run_suite_options *how = &r->how;
    const struct run_subject *subject = &how->subject;
    const unsigned most = subject->target.lanes_max, own = subject->lanes > 0 ? subject->lanes : LANES_DEFAULT;
    how->concurrency = how->concurrency > 0 ? how->concurrency : own;
    if (most > 0 && how->concurrency > most) how->concurrency = most;
    if (how->concurrency > RUN_LANES_MAX) return err_set(err, ERR_INVALID, "at most %d samples in flight", RUN_LANES_MAX);
    int rc = crypt_init(err);
    if (rc == 0) rc = run_plan_make(how->suite, &how->choice, &r->plan, err);
    if (rc == 0 && r->plan.n == 0) rc = err_set(err, ERR_INVALID, "the suite has no case to run");
    return rc;
}

static void count_there(struct running *r) {
    struct run_progress *p = &r->record.counts;
    for (size_t i = 0; i < r->plan.n; i++) {
        p->done += r->left.there[i];
    }
    for (size_t i = 0; i < r->left.samples.n; i++) {
        const enum sample_outcome outcome = r->left.samples.all[i].outcome;
        p->passed += outcome == SAMPLE_PASSED;
        p->missed += outcome == SAMPLE_MISSED;
        p->limited += outcome == SAMPLE_LIMITED;
        p->errors += outcome == SAMPLE_ERRED;
    }
}

static int begin(struct running *r, struct err *err) {
    const struct work_stop stop = {.fd = r->how.stop_fd};
    uint8_t id[ID_BYTES];
    struct run_declared known = {.same = false};
    int rc = bind(r, &r->binding, err);
    if (rc == 0 && r->how.resume != NULL) rc = run_left_find(&r->how, &r->plan, &r->binding, &r->left, err);
    if (rc == 0) rc = run_record_init(&r->record, &r->how, &r->plan, err);
    if (rc == 0) {
        rc = run_judging_open(r->how.suite, r->how.concurrency, r->how.off_box, &stop, &r->judging, r->record.judge_digest,
                              err);
    }
    if (rc == 0 && r->how.resume == NULL) rc = run_suite_declared(r->how.ledger, r->how.suite, &known, err);
    if (rc != 0) return rc;
    crypt_random(id, sizeof(id));
    text_hex(r->record.id, id, sizeof(id));
    if (r->how.resume != NULL) (void)snprintf(r->record.id, sizeof(r->record.id), "%s", r->left.id);
    (void)snprintf(r->record.subject, sizeof(r->record.subject), "eval/%s", r->record.id);
    r->record.counts.planned = r->plan.n;
    r->record.counts.begun = r->begun;
    rc = run_record_observed(&r->record, &r->binding, err);
    if (rc != 0) return rc;
    const bool declared = known.same || (known.routes > 0 && !r->how.adopt);
    if (r->how.resume == NULL) return run_record_started(&r->record, &r->binding, declared, err);
    r->record.started = r->left.started;
    count_there(r);
    r->left.resumed++;
    return run_record_resumed(&r->record, &r->binding, r->left.there_n, err);
}

/* ---- the end ------------------------------------------------------------------------------------------------------------ */

static const char *word_of_end(enum schedule_end end) {
    switch (end) {
    case SCHEDULE_INTERRUPTED:
        return "interrupted";
    case SCHEDULE_FAIL_FAST:
        return "fail_fast";
    case SCHEDULE_TOKENS:
        return "budget";
    case SCHEDULE_TIME:
        return "time";
    case SCHEDULE_UNREACHABLE:
        return "unreachable";
    case SCHEDULE_ALL:
        break;
    }
    return NULL;
}

static void add_number(struct run_suite_result *ret, const char *metric, double value, uint64_t samples) {
    if (ret->scores_n < RUN_SCORES_MAX && isfinite(value)) {
        ret->scores[ret->scores_n++] =
            (struct run_score){.metric = metric, .value = value, .threshold = NAN, .samples = samples};
    }
}

static void sum_up(const struct samples *samples, struct run_suite_result *ret) {
    struct run_progress *c = &ret->counts;
    double cost = 0;
    bool priced = samples->n > 0;
    c->done = samples->n;
    c->passed = c->missed = c->limited = c->errors = 0;
    for (size_t i = 0; i < samples->n; i++) {
        const struct sample *s = &samples->all[i];
        c->passed += s->outcome == SAMPLE_PASSED;
        c->missed += s->outcome == SAMPLE_MISSED;
        c->limited += s->outcome == SAMPLE_LIMITED;
        c->errors += s->outcome == SAMPLE_ERRED;
        ret->tokens_in += s->tokens_in != SAMPLE_ABSENT ? s->tokens_in : 0;
        ret->tokens_out += s->tokens_out != SAMPLE_ABSENT ? s->tokens_out : 0;
        ret->violations += s->violations;
        priced = priced && !isnan(s->cost);
        cost += s->cost;
    }
    ret->cost = priced ? cost : NAN;
}

static bool is_asked(const struct run_suite_result *ret, const char *metric) {
    for (size_t i = 0; i < ret->scores_n; i++) {
        if (strcmp(ret->scores[i].metric, metric) == 0) return true;
    }
    return false;
}

/* The plain pass rate, of what could fail: a probe of which nothing else is expected is left out. */
static void put_rate(const struct suite *suite, const struct samples *samples, struct run_suite_result *ret) {
    double passed = 0, all = 0;
    uint64_t known = 0;
    for (size_t i = 0; i < suite->cases_n; i++) {
        size_t n = 0;
        const struct sample *of = samples_find(samples->all, samples->n, suite->name, suite->cases[i].id, &n);
        for (size_t k = 0; k < n && suite->cases[i].checks_n > 0; k++) {
            if (of[k].outcome == SAMPLE_ERRED) continue;
            known++;
            passed += of[k].outcome == SAMPLE_PASSED ? of[k].weight : 0;
            all += of[k].weight;
        }
    }
    add_number(ret, "pass_rate", all > 0 ? passed / all : NAN, known);
}

/* What nobody asked for and everybody wants to see. */
static int put_numbers(const struct suite *suite, const struct samples *samples, struct run_suite_result *ret,
                       struct err *err) {
    double *latency = calloc(samples->n + 1, sizeof(*latency)), score = 0;
    size_t n = 0, scored = 0;
    if (latency == NULL) return err_set(err, ERR_NOMEM, "no memory for the latencies");
    for (size_t i = 0; i < samples->n; i++) {
        const struct sample *s = &samples->all[i];
        if (s->outcome == SAMPLE_ERRED) continue;
        if (s->outcome == SAMPLE_LIMITED) { /* slower than any */
            latency[n++] = INFINITY;
        } else if (isfinite(s->latency_ms)) {
            latency[n++] = s->latency_ms;
        }
        if (isfinite(s->score)) {
            score += s->score;
            scored++;
        }
    }
    stat_sort(latency, n);
    put_rate(suite, samples, ret);
    if (scored > 0) add_number(ret, "score_mean", score / (double)scored, scored);
    if (!is_asked(ret, "latency_p50_ms")) add_number(ret, "latency_p50_ms", stat_percentile(latency, n, 5000), n);
    if (!is_asked(ret, "latency_p95_ms")) add_number(ret, "latency_p95_ms", stat_percentile(latency, n, 9500), n);
    free(latency);
    return 0;
}

/* Where a threshold cannot be judged, there is no value that it could be compared with. */
/* Without a threshold of the pass rate every sample has to pass: that something was fast, or broke no rule, says nothing of what
 * the cases expect. */
static bool asks_for_passes(const struct suite *suite) {
    bool asks = false;
    for (size_t i = 0; i < suite->thresholds_n; i++) {
        asks = asks || suite->thresholds[i].metric == SUITE_PASS_RATE;
    }
    return asks;
}

static int put_scores(const struct running *r, const struct samples *samples, struct run_suite_result *ret,
                      struct err *err) {
    const struct suite *suite = r->how.suite;
    struct score *scores = calloc(suite->thresholds_n + 1, sizeof(*scores));
    if (scores == NULL) return err_set(err, ERR_NOMEM, "no memory for the scores");
    struct score_baselines baselines;
    int rc = score_baselines_open(r->how.ledger, suite, &baselines, err);
    if (rc == 0) {
        rc = score_suite(suite, r->how.choice.repeats, samples->all, samples->n, baselines.all, baselines.n, scores, err);
    }
    if (rc == 0 && baselines.n > 0) (void)snprintf(ret->baseline, sizeof(ret->baseline), "%s", baselines.evals[0]);
    score_baselines_close(&baselines);
    enum score_verdict verdict = rc == 0 ? score_verdict(scores, suite->thresholds_n) : SCORE_UNKNOWN;
    for (size_t i = 0; rc == 0 && i < suite->thresholds_n && ret->scores_n < RUN_SCORES_MAX; i++) {
        const struct score *s = &scores[i];
        struct run_score *put = &ret->scores[ret->scores_n++];
        *put = (struct run_score){.metric = suite_metric_names[s->metric],
                                  .value = s->verdict != SCORE_UNKNOWN ? s->value : NAN,
                                  .threshold = s->threshold,
                                  .higher = s->higher_is_better,
                                  .verdict = score_verdict_names[s->verdict],
                                  .samples = s->samples};
        (void)snprintf(put->why, sizeof(put->why), "%s", s->why);
    }
    if (rc == 0 && !asks_for_passes(suite)) {
        verdict = ret->counts.missed + ret->counts.limited > 0 ? SCORE_FAIL
                  : suite->thresholds_n == 0                   ? SCORE_PASS
                                                               : verdict;
    }
    bool clear = !ret->partial && !ret->changed && ret->counts.errors == 0;
    ret->verdict = score_verdict_names[verdict == SCORE_PASS && !clear ? SCORE_UNKNOWN : verdict];
    free(scores);
    return rc == 0 ? put_numbers(suite, samples, ret, err) : rc;
}

static bool is_same(const struct run_binding *a, const struct run_binding *b) {
    return strcmp(a->route, b->route) == 0 && strcmp(a->config_digest, b->config_digest) == 0 &&
           strcmp(a->model, b->model) == 0 && strcmp(a->digest, b->digest) == 0 && strcmp(a->pack, b->pack) == 0 &&
           strcmp(a->pack_version, b->pack_version) == 0 && strcmp(a->pack_digest, b->pack_digest) == 0 &&
           strcmp(a->program_digest, b->program_digest) == 0 && strcmp(a->command_digest, b->command_digest) == 0;
}

static bool is_part(const struct running *r, const struct run_suite_result *ret) {
    return r->how.choice.part || ret->counts.done < r->plan.total;
}

/* At the end it may just be restarted. ERR_NET: it is not there. */
static int bind_again(const struct running *r, struct run_binding *ret, struct err *err) {
    const uint64_t until = clock_monotonic_ns() + r->how.patience_ns;
    for (;;) {
        struct err why = {0};
        int rc = bind(r, ret, &why);
        bool stopped = r->how.stop != NULL && __atomic_load_n(r->how.stop, __ATOMIC_RELAXED) != 0;
        if (rc == 0) return 0;
        if (rc != ERR_NET || stopped || clock_monotonic_ns() >= until) return err_set(err, rc, "%s", why.msg);
        (void)nanosleep(&(struct timespec){0, LOOK_NS}, NULL);
    }
}

static int end(struct running *r, struct run_suite_result *ret, struct err *err) {
    struct run_binding now;
    struct samples samples = {0};
    ret->total = r->plan.total;
    ret->partial = is_part(r, ret);
    struct err why = {0};
    int rc = bind_again(r, &now, &why);
    if (rc == ERR_NET) { /* all answers are there; who gave them is not known */
        bool stopped = r->how.stop != NULL && __atomic_load_n(r->how.stop, __ATOMIC_RELAXED) != 0;
        ret->stopped = word_of_end(stopped ? SCHEDULE_INTERRUPTED : SCHEDULE_UNREACHABLE);
        (void)snprintf(ret->away, sizeof(ret->away), "%.511s", why.msg);
        return 0;
    }
    if (rc != 0) err_set(err, rc, "%s", why.msg);
    if (rc == 0) rc = samples_read_from(r->how.ledger, bytes_of(ret->id), ret->started_seq, false, &samples, err);
    if (rc == 0) {
        ret->changed = !is_same(&r->binding, &now);
        sum_up(&samples, ret);
        ret->partial = is_part(r, ret);
        rc = put_scores(r, &samples, ret, err);
    }
    ret->duration_ns = clock_monotonic_ns() - r->begun;
    if (rc == 0) rc = run_record_observed(&r->record, &now, err);
    if (rc == 0) rc = run_record_finished(&r->record, &now, ret, err);
    ret->finished = rc == 0;
    samples_done(&samples);
    return rc;
}

static int run(struct running *r, struct run_suite_result *ret, struct err *err) {
    enum schedule_end why = SCHEDULE_ALL;
    struct schedule schedule = {.suite = r->how.suite,
                                .plan = &r->plan,
                                .target = r->how.subject.target,
                                .lanes = r->how.concurrency,
                                .rate = r->how.rate,
                                .tokens = r->how.tokens,
                                .until_ns = r->how.time_ns > 0 ? r->begun + r->how.time_ns : 0,
                                .fail_fast = r->how.fail_fast,
                                .stop = r->how.stop,
                                .patience_ns = r->how.patience_ns,
                                .ret_why = ret->away,
                                .judge = judge,
                                .take = take,
                                .ctx = r};
    int rc = begin(r, err);
    if (rc != 0) return rc;
    (void)snprintf(ret->id, sizeof(ret->id), "%s", r->record.id);
    ret->started_seq = r->record.started;
    ret->resumed = r->left.resumed;
    if (r->how.progress != NULL) r->how.progress(r->how.progress_ctx, &r->record.counts);
    schedule.there = r->left.there;
    rc = schedule_run(&schedule, &why, err);
    ret->counts = r->record.counts;
    (void)snprintf(ret->why, sizeof(ret->why), "%s", r->record.why);
    bool all = ret->counts.done >= r->plan.n;
    ret->stopped = all ? NULL : word_of_end(why);
    if (rc != 0 || ((why == SCHEDULE_INTERRUPTED || why == SCHEDULE_UNREACHABLE) && !all)) return rc;
    return end(r, ret, err);
}

int run_suite(const struct run_suite_options *options, struct run_suite_result *ret, struct err *err) {
    struct running *r = calloc(1, sizeof(*r));
    if (r == NULL) return err_set(err, ERR_NOMEM, "no memory for an evaluation");
    r->how = *options;
    r->begun = clock_monotonic_ns();
    *ret =
        (struct run_suite_result){.verdict = "unknown", .cost = NAN, .started_seq = LOG_NO_SEQ, .finished_seq = LOG_NO_SEQ};
    int rc = check_options(r, err);
    if (rc == 0) rc = run(r, ret, err);
    run_record_done(&r->record);
    run_judging_close(r->judging);
    run_left_done(&r->left);
    run_plan_done(&r->plan);
    free(r);
    return rc;
}
