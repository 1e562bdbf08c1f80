/* Every suite that evaluated what is live has to have evaluated the candidate; each pair is compared by itself, and the worst of
 * them counts. What was not run, or ended in an error, or is of another case, is not known, and closes. */
#include "evals/gate/paired.h"

#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "evals/compare/compare.h"
#include "projections/ready/eval.h"
#include "projections/ready/promotions.h"
#include "projections/view/look.h"

#define SUITES_MAX 64
#define NAME_ROOM  128

struct side {
    size_t n;
    struct one {
        char suite[NAME_ROOM], eval[NAME_ROOM];
        uint64_t seq;
        bool passed;
    } one[SUITES_MAX];
};

struct pairing {
    struct state_view *view;
    const struct gate_question *question;
    struct side side[2]; /* what is live, the candidate */
    struct gate_paired *ret;
};

static int take(void *ctx, struct bytes suite, struct bytes eval, uint64_t seq, bool passed, struct err *err) {
    struct side *side = ctx;
    struct one *one = &side->one[side->n];
    if (side->n == SUITES_MAX) return err_set(err, ERR_LIMIT, "more than %d suites evaluated it", SUITES_MAX);
    snprintf(one->suite, sizeof(one->suite), "%.*s", REASON_PART(suite, NAME_ROOM - 1));
    snprintf(one->eval, sizeof(one->eval), "%.*s", REASON_PART(eval, NAME_ROOM - 1));
    one->seq = seq;
    one->passed = passed;
    side->n++;
    return 0;
}

static const struct one *find(const struct side *side, const char *suite) {
    for (size_t i = 0; i < side->n; i++) {
        if (strcmp(side->one[i].suite, suite) == 0) return &side->one[i];
    }
    return NULL;
}

static void cite(struct gate_paired *p, uint64_t seq) {
    if (p->n_evidence < GATE_SEQS_MAX) {
        p->evidence[p->n_evidence++] = seq;
    }
}

static void is_unknown(struct gate_paired *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void is_unknown(struct gate_paired *p, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    if (p->unknown[0] == '\0') vsnprintf(p->unknown, sizeof(p->unknown), fmt, ap);
    va_end(ap);
}

static int suite_digest(struct pairing *p, const struct one *one, char ret[NAME_ROOM], struct err *err) {
    struct bytes id = bytes_of(one->eval);
    struct row row;
    int rc = look_stored(p->view, "evals", &id, 1, &row, NULL, err);
    struct bytes digest = rc == 0 ? row_text(&row, EVAL_SUITE_DIGEST) : (struct bytes){0};
    snprintf(ret, NAME_ROOM, "%.*s", REASON_PART(digest, NAME_ROOM - 1));
    row_done(&row);
    return rc;
}

/* Samples that came after the question, and an evaluation that was started anew since, are not what was asked about. */
static int read_side(struct pairing *p, const struct one *one, struct samples *ret, struct err *err) {
    int rc = samples_read(p->question->ledger, bytes_of(one->eval), true, ret, err);
    if (rc != 0) return rc;
    cite(p->ret, one->seq);
    if (ret->started != SAMPLE_ABSENT && ret->started > p->question->verifying) {
        is_unknown(p->ret, "eval '%.60s' was started anew since", one->eval);
    } else if (ret->n == 0) {
        is_unknown(p->ret, "eval '%.60s' has no samples", one->eval);
    } else if (ret->erased > 0 || ret->unreadable > 0) {
        is_unknown(p->ret, "samples of eval '%.60s' were erased or name no case", one->eval);
    }
    return 0;
}

static void put_compared(struct pairing *p, const struct compare_pairs *pairs, const struct compare *c, const char *suite) {
    struct gate_paired *r = p->ret;
    double margin = p->question->policy->margin;
    uint64_t lost = pairs->count[COMPARE_ERRED] + pairs->count[COMPARE_ALTERED] + pairs->count[COMPARE_ONLY_A];
    if (c->n == 0) {
        is_unknown(r, "suite '%.60s': no case was answered in both", suite);
    } else if (lost > 0) {
        is_unknown(r, "suite '%.60s': %llu of the cases of what is live ended in an error, were changed or were not run",
                   suite, (unsigned long long)lost);
    }
    r->low = fmin(r->low, c->interval.low);
    r->difference = fmin(r->difference, c->difference);
    r->better = r->better && c->difference > margin;
    bool known = c->latency.n > 0 && c->latency.n == c->n;
    r->faster = r->faster && known && c->latency.p50[1] < c->latency.p50[0];
    if (known && r->medians[0] == '\0') {
        snprintf(r->medians, sizeof(r->medians), "%.6g ms, before %.6g ms", c->latency.p50[1], c->latency.p50[0]);
    }
    for (size_t i = 0; i < 2; i++) {
        r->violations[i] += c->violations[i];
    }
    r->probes += c->probes;
    r->probes_changed += c->probes_changed;
}

static int compare_suite(struct pairing *p, const struct one *a, const struct one *b, struct err *err) {
    struct samples samples[2];
    char digests[2][NAME_ROOM];
    struct compare_pairs pairs = {0};
    struct compare compared;
    const struct compare_options options = {p->question->policy->confidence, COMPARE_SEED, 1};
    memset(samples, 0, sizeof(samples));
    int rc = suite_digest(p, a, digests[0], err);
    if (rc == 0) rc = suite_digest(p, b, digests[1], err);
    if (rc == 0) rc = read_side(p, a, &samples[0], err);
    if (rc == 0) rc = read_side(p, b, &samples[1], err);
    const struct compare_side before = {samples[0].all, samples[0].n, bytes_of(digests[0])};
    const struct compare_side now = {samples[1].all, samples[1].n, bytes_of(digests[1])};
    if (rc == 0) rc = compare_pair(&before, &now, &pairs, err);
    if (rc == 0) rc = compare_samples(&pairs, &options, &compared, err);
    if (rc == 0) {
        put_compared(p, &pairs, &compared, a->suite);
    }
    compare_pairs_done(&pairs);
    samples_done(&samples[0]);
    samples_done(&samples[1]);
    return rc;
}

/* What is live by the log, wherever a link leads; where nothing is, what the plan found. And its version, which the evaluations of a
 * pack name. */
static int find_live(struct pairing *p, const struct row *row, char digest[NAME_ROOM], char version[NAME_ROOM],
                     struct err *err) {
    struct buf of = {.max = 4 * ROW_TEXT_MAX};
    struct state_rows *rows = NULL;
    const struct row *live;
    struct promotions_live known;
    int rc = promotions_find_live(p->view, row, &known, err);
    struct bytes is = rc == 0 && known.known ? bytes_of(known.digest) : row_text(row, PROMOTIONS_DIGEST_BEFORE);
    snprintf(digest, NAME_ROOM, "%.*s", REASON_PART(is, NAME_ROOM - 1));
    version[0] = '\0';
    promotions_put_of(row, &of);
    struct bytes part = bytes_of_buf(&of);
    if (rc == 0) rc = look_rows(p->view, "live_versions", &part, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &live, err)) == 0) {
        if (!bytes_is(row_text(live, LIVE_DIGEST), digest) || !row_has(live, LIVE_VERSION)) continue;
        snprintf(version, NAME_ROOM, "%.*s", REASON_PART(row_text(live, LIVE_VERSION), NAME_ROOM - 1));
    }
    state_rows_close(rows);
    buf_done(&of);
    return rc < 0 ? rc : 0;
}

int gate_pair(struct state_view *view, const struct gate_question *question, const struct row *row, struct gate_paired *ret,
              struct err *err) {
    struct pairing p = {.view = view, .question = question, .ret = ret};
    char before[NAME_ROOM], version[NAME_ROOM];
    memset(ret, 0, sizeof(*ret));
    ret->low = ret->difference = INFINITY;
    ret->better = ret->faster = true;
    int rc = find_live(&p, row, before, version, err);
    if (rc != 0 || before[0] == '\0') {
        ret->first = rc == 0;
        return rc;
    }
    rc = promotions_each_eval(view, row, bytes_of(before), bytes_of(version), take, &p.side[0], err);
    if (rc == 0) {
        rc = promotions_each_eval(view, row, row_text(row, PROMOTIONS_DIGEST), row_text(row, PROMOTIONS_VERSION), take,
                                  &p.side[1], err);
    }
    if (rc == 0 && p.side[0].n == 0) is_unknown(ret, "no evaluation of what is live (%.19s) counts", before);
    for (size_t i = 0; rc == 0 && i < p.side[0].n; i++) {
        const struct one *a = &p.side[0].one[i], *b = find(&p.side[1], a->suite);
        if (b == NULL) {
            is_unknown(ret, "suite '%.60s' evaluated what is live and not the candidate", a->suite);
        } else if (a->eval[0] == '\0' || b->eval[0] == '\0') {
            is_unknown(ret, "an evaluation by suite '%.60s' has a name that is too long", a->suite);
        } else {
            rc = compare_suite(&p, a, b, err);
        }
    }
    return rc;
}
