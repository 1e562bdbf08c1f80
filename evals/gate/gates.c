/* Each gate reads rows of the view and says what it found, what its rule asks for and by which events. What is not known
 * closes it. Whether evaluations speak for a candidate is decided in projections/ready, whether a snapshot permits a step in
 * projections/decide. */
#include "evals/gate/gates.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "evals/gate/paired.h"
#include "evals/stat/stat.h"
#include "ledger/kinds/scope.h"
#include "projections/decide/decide.h"
#include "projections/decide/step.h"
#include "projections/permissions/policies.h"
#include "projections/ready/promotions.h"
#include "projections/recovery/recovery.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/walk/since.h"

#define NS_PER_S INT64_C(1000000000)

void gate_cite(struct gate_answer *a, uint64_t seq) {
    for (size_t i = 0; i < a->n_evidence; i++) {
        if (a->evidence[i] == seq) return;
    }
    if (a->n_evidence < GATE_SEQS_MAX) {
        a->evidence[a->n_evidence++] = seq;
    }
}

void gate_value(struct gate_answer *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->value, sizeof(a->value), fmt, ap);
    va_end(ap);
}

void gate_open(struct gate_answer *a, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(a->value, sizeof(a->value), fmt, ap);
    va_end(ap);
    a->open = true;
    a->why[0] = '\0';
}

void gate_close(struct gate_answer *a, const char *fmt, ...) {
    char words[2 * sizeof(a->why)];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(words, sizeof(words), fmt, ap);
    va_end(ap);
    snprintf(a->why, sizeof(a->why), "%.*s%s", REASON_CUT(bytes_of(words), sizeof(a->why) - 1));
    a->open = false;
}

/* ---- one function for each ---- */

struct asking {
    struct state_view *view;
    const struct gate_question *q;
    const struct row *row; /* of the promotion, as stored */
    struct bytes body;     /* of promotion.verifying */
    bool paired_known;
    struct gate_paired paired;
};

static void cite_decision(struct gate_answer *a, const struct decision *d) {
    for (size_t i = 0; i < d->n_evidence; i++) {
        gate_cite(a, d->evidence[i]);
    }
}

static int ask_evaluation(struct asking *k, struct gate_answer *a, struct err *err) {
    struct decision d;
    snprintf(a->required, sizeof(a->required), "a full pass, and no suite failed last");
    int rc = decide_is_evaluated(k->view, k->q->promotion, &d, err);
    if (rc != 0) return rc;
    cite_decision(a, &d);
    if (d.yes) {
        gate_open(a, "passed");
    } else {
        gate_value(a, "not passed");
        gate_close(a, "%s", d.reason);
    }
    return 0;
}

/* Asked whenever there was a debate; the file may ask for one. */
static int ask_debate(struct asking *k, struct gate_answer *a, struct err *err) {
    struct debate_standing standing;
    uint64_t least = k->q->policy->voters;
    bool asked = k->q->policy->asked[GATE_DEBATE];
    int rc = decide_is_debated(k->view, k->q->promotion, &standing, err);
    if (rc != 0) return rc;
    snprintf(a->required, sizeof(a->required), "accepted%s", asked ? "" : ", as there was one");
    if (asked && least > 1) snprintf(a->required, sizeof(a->required), "accepted, by at least %" PRIu64 " voters", least);
    cite_decision(a, &standing.decision);
    if (!standing.there) {
        gate_value(a, "none");
    } else if (standing.decision.yes) {
        gate_open(a, "accepted, %zu voter%s", standing.voters, standing.voters == 1 ? "" : "s");
    } else {
        gate_value(a, "not accepted");
    }
    if (!standing.decision.yes) {
        gate_close(a, "%s", standing.decision.reason);
    } else if (asked && standing.voters < least) {
        gate_close(a, "it had fewer voters");
    }
    return 0;
}

static int ask_diff(struct asking *k, struct gate_answer *a, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    snprintf(a->required, sizeof(a->required), "the newest trial has a report");
    if (!row_has(k->row, PROMOTIONS_SIMULATED_SEQ)) {
        gate_close(a, "no trial is known");
        return 0;
    }
    uint64_t seq = (uint64_t)row_int(k->row, PROMOTIONS_SIMULATED_SEQ);
    gate_cite(a, seq);
    int rc = log_reader_open(k->q->ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    struct bytes report = rc == 0 ? mp_get_text(event.body, "report") : (struct bytes){0};
    if (rc == 0 && report.n > 0) {
        gate_open(a, "%.*s", REASON_PART(report, GATE_VALUE_MAX - 1));
    } else if (rc == 0) {
        gate_value(a, "none");
        gate_close(a, "the trial (event %" PRIu64 ") names no report", seq);
    }
    log_reader_close(reader);
    return rc < 0 ? rc : 0;
}

/* True: answered, because nothing is known or nothing was live before. */
static int pair(struct asking *k, struct gate_answer *a, bool *ret_answered, struct err *err) {
    int rc = k->paired_known ? 0 : gate_pair(k->view, k->q, k->row, &k->paired, err);
    if (rc != 0) return rc;
    k->paired_known = true;
    for (size_t i = 0; i < k->paired.n_evidence; i++) {
        gate_cite(a, k->paired.evidence[i]);
    }
    *ret_answered = k->paired.first || k->paired.unknown[0] != '\0';
    if (k->paired.first) {
        gate_open(a, "nothing was live before");
    } else if (*ret_answered) {
        gate_value(a, "unknown");
        gate_close(a, "%s", k->paired.unknown);
    }
    return 0;
}

#define CASES_MAX 1000000000

/* The least number of cases that show the margin of versions that both pass them all; 0: none up to CASES_MAX. */
static uint64_t cases_for(double margin, double confidence) {
    uint64_t low = 1, high = CASES_MAX;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        bool shown = stat_newcombe(&(struct stat_pairs){.both = (double)middle}, confidence).low > -margin;
        low = shown ? low : middle + 1;
        high = shown ? middle : high;
    }
    return low < CASES_MAX ? low : 0;
}

/* A difference within the margin may be shown by more cases; one beyond it is what was measured. */
static void close_rate(struct gate_answer *a, const struct gate_paired *p, double margin, double confidence) {
    uint64_t need = cases_for(margin, confidence);
    if (!(p->difference > -margin)) {
        gate_close(a, "the pass rate may be worse by more than the margin: lower bound %.4f", p->low);
    } else if (need == 0) {
        gate_close(a, "no number of cases shows a margin of %.4g: lower bound %.4f", margin, p->low);
    } else {
        gate_close(a,
                   GATE_TOO_FEW
                   " cases show that it is not worse by more than the margin: lower bound %.4f; where both pass all, it "
                   "takes %" PRIu64 " cases",
                   p->low, need);
    }
}

static int ask_pass_rate(struct asking *k, struct gate_answer *a, struct err *err) {
    bool answered;
    double margin = k->q->policy->margin;
    snprintf(a->required, sizeof(a->required), "lower bound of the difference above %.4g at %.4g", -margin,
             k->q->policy->confidence);
    int rc = pair(k, a, &answered, err);
    if (rc != 0 || answered) return rc;
    gate_open(a, "%.4f, lower bound %.4f", k->paired.difference, k->paired.low);
    if (!(k->paired.low > -margin)) close_rate(a, &k->paired, margin, k->q->policy->confidence);
    return 0;
}

static int ask_latency(struct asking *k, struct gate_answer *a, struct err *err) {
    bool answered;
    snprintf(a->required, sizeof(a->required), "a lower median, unless the pass rate is better by more than %.4g",
             k->q->policy->margin);
    int rc = pair(k, a, &answered, err);
    if (rc != 0 || answered) return rc;
    gate_open(a, "%s", k->paired.medians[0] != '\0' ? k->paired.medians : "not known of every sample");
    if (!k->paired.better && !k->paired.faster) {
        gate_close(a, "the pass rates are equal within the margin, and the median is not lower");
    }
    return 0;
}

static int ask_violations(struct asking *k, struct gate_answer *a, struct err *err) {
    bool answered;
    snprintf(a->required, sizeof(a->required), "no more than before");
    int rc = pair(k, a, &answered, err);
    if (rc != 0 || answered) return rc;
    gate_open(a, "%" PRIu64 ", before %" PRIu64, k->paired.violations[1], k->paired.violations[0]);
    if (k->paired.violations[1] > k->paired.violations[0]) {
        gate_close(a, "there are new violations");
    }
    return 0;
}

static int ask_probes(struct asking *k, struct gate_answer *a, struct err *err) {
    bool answered;
    uint64_t least = k->q->policy->probes;
    snprintf(a->required, sizeof(a->required), "all answer as before, at least %" PRIu64, least);
    int rc = pair(k, a, &answered, err);
    if (rc != 0 || answered) return rc;
    gate_open(a, "%" PRIu64 " of %" PRIu64 " changed", k->paired.probes_changed, k->paired.probes);
    if (k->paired.probes_changed > 0) {
        gate_close(a, "probes with fixed seeds answer otherwise than before");
    } else if (k->paired.probes < least) {
        gate_close(a, GATE_TOO_FEW " probes were answered in both: %" PRIu64, k->paired.probes);
    }
    return 0;
}

static int ask_policy(struct asking *k, struct gate_answer *a, struct err *err) {
    const struct gate_policy *p = k->q->policy;
    struct bytes name = bytes_of(p->policy);
    struct row row;
    bool there = false;
    snprintf(a->required, sizeof(a->required), "%.19s", p->policy_digest);
    int rc = look_stored(k->view, "policies", &name, 1, &row, &there, err);
    struct bytes digest = there ? row_text(&row, POLICIES_DIGEST) : (struct bytes){0};
    if (rc == 0 && there && row_has(&row, POLICIES_DECLARED_SEQ)) {
        gate_cite(a, (uint64_t)row_int(&row, POLICIES_DECLARED_SEQ));
    }
    if (rc == 0 && bytes_is(digest, p->policy_digest)) {
        gate_open(a, "%.*s", REASON_DIGEST(digest));
    } else if (rc == 0) {
        gate_value(a, "%.*s", REASON_DIGEST(digest.n > 0 ? digest : bytes_of("none")));
        gate_close(a, "policy '%.80s' is not declared with that digest", p->policy);
    }
    row_done(&row);
    return rc;
}

static int ask_disk(struct asking *k, struct gate_answer *a, struct err *err) {
    uint64_t free = mp_get_uint(k->body, "free_bytes", UINT64_MAX), asked = k->q->policy->free_bytes;
    (void)err;
    snprintf(a->required, sizeof(a->required), "at least %" PRIu64 " bytes free", asked);
    gate_cite(a, k->q->verifying);
    if (free == UINT64_MAX) {
        gate_value(a, "unknown");
        gate_close(a, "nobody measured what is free");
    } else {
        gate_open(a, "%" PRIu64 " bytes free", free);
        if (free < asked) gate_close(a, "there is too little room");
    }
    return 0;
}

static int ask_health(struct asking *k, struct gate_answer *a, struct err *err) {
    const struct bytes box = {0};
    struct row row;
    bool there = false;
    int64_t seconds = (int64_t)k->q->policy->health_s, since = -1;
    snprintf(a->required, sizeof(a->required), "the doctor's verdict is pass, for %" PRId64 " s", seconds);
    int rc = look_judged(k->view, "verdicts", &box, 1, &row, &there, err);
    if (rc == 0 && there) rc = since_find(k->view, &row, err);
    struct bytes verdict = rc == 0 && there ? named_text(&row, "verdict") : (struct bytes){0};
    since = rc == 0 && there && named_has(&row, "since") ? named_int(&row, "since") : -1;
    if (rc == 0 && there && named_has(&row, "since_seq")) {
        gate_cite(a, (uint64_t)named_int(&row, "since_seq"));
    }
    if (rc == 0 && !bytes_is(verdict, "pass")) {
        gate_value(a, "%.*s", REASON_NAME(verdict.n > 0 ? verdict : bytes_of("unknown")));
        gate_close(a, "the box is not healthy: %.*s%s",
                   REASON_CUT(there ? named_text(&row, "reason") : bytes_of("no verdict"), 300));
    } else if (rc == 0 && since < 0) {
        gate_value(a, "pass");
        gate_close(a, "nobody knows since when");
    } else if (rc == 0) {
        int64_t held = ((int64_t)state_now(k->view) - since) / NS_PER_S;
        gate_open(a, "pass for %" PRId64 " s", held);
        if (held < seconds) {
            gate_close(a, "it has been healthy for %" PRId64 " s only; long enough is in %" PRId64 " s", held,
                       seconds - held);
        }
    }
    row_done(&row);
    return rc;
}

/* The tier that the plan states; -1: none. */
static int tier_of(const struct row *row) {
    return row_has(row, PROMOTIONS_TIER) ? scope_tier(row_text(row, PROMOTIONS_TIER)) : -1;
}

/* True: the tier alone answers. */
static bool is_answered_by_tier(struct asking *k, int from, struct gate_answer *a) {
    int tier = tier_of(k->row);
    snprintf(a->required, sizeof(a->required), "from T%d on", from);
    if (tier >= from) return false;
    if (tier >= 0) {
        gate_open(a, "%.*s", REASON_NAME(row_text(k->row, PROMOTIONS_TIER)));
    } else {
        gate_value(a, "no tier");
        gate_close(a, "the plan states no tier");
    }
    return true;
}

/* Judged as a step of T2 that writes the link, with a snapshot that was taken since the plan: that found the link, so that the snapshot
 * holds it and not its directory before there was one. Where it found none nothing is lost. */
static int ask_snapshot(struct asking *k, struct gate_answer *a, struct err *err) {
    struct decision d;
    bool linked = row_bool(k->row, PROMOTIONS_LINKED);
    if (is_answered_by_tier(k, k->q->policy->snapshot_tier, a)) return 0;
    gate_value(a, "none");
    if (linked && !row_has(k->row, PROMOTIONS_DIGEST_BEFORE)) {
        gate_open(a, "there is no link yet: nothing to hold");
        return 0;
    }
    if (linked && k->q->writes == NULL) {
        gate_close(a, "the plan does not say where the link is");
        return 0;
    }
    int rc = decide_is_held(k->view, k->q->writes, (uint64_t)row_int(k->row, PROMOTIONS_PLANNED_SEQ), &d, err);
    if (rc != 0) return rc;
    cite_decision(a, &d);
    if (d.yes) {
        gate_open(a, "held by a snapshot");
    } else {
        gate_close(a, "%s", d.reason);
    }
    return 0;
}

static int ask_tripcode(struct asking *k, struct gate_answer *a, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    if (is_answered_by_tier(k, k->q->policy->tripcode_tier, a)) return 0;
    gate_value(a, "none");
    gate_close(a, "no controller issued a tripcode for this promotion and digest");
    int rc = look_rows(k->view, "tripcodes", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes target = row_text(row, TRIPCODE_TARGET);
        bool ours = bytes_has_prefix(target, "promotion/") &&
                    bytes_eq((struct bytes){target.p + 10, target.n - 10}, k->q->promotion) &&
                    bytes_eq(row_text(row, TRIPCODE_DIGEST), row_text(k->row, PROMOTIONS_DIGEST));
        bool valid = row_is(row, TRIPCODE_STATE, "issued") && row_is(row, TRIPCODE_CODE, "STEP") &&
                     row_has(row, TRIPCODE_EXPIRES) && !state_past(k->view, row_int(row, TRIPCODE_EXPIRES));
        if (ours && valid) {
            gate_open(a, "issued");
            gate_cite(a, (uint64_t)row_int(row, TRIPCODE_ISSUED_SEQ));
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int (*const asks[GATE_IDS])(struct asking *k, struct gate_answer *a, struct err *err) = {
    [GATE_EVALUATION] = ask_evaluation, [GATE_DEBATE] = ask_debate,     [GATE_DIFF] = ask_diff,
    [GATE_PASS_RATE] = ask_pass_rate,   [GATE_LATENCY] = ask_latency,   [GATE_VIOLATIONS] = ask_violations,
    [GATE_PROBES] = ask_probes,         [GATE_POLICY] = ask_policy,     [GATE_DISK] = ask_disk,
    [GATE_HEALTH] = ask_health,         [GATE_SNAPSHOT] = ask_snapshot, [GATE_TRIPCODE] = ask_tripcode,
};

/* ---- all of them ---- */

static int was_debated(struct asking *k, bool *ret, struct err *err) {
    struct debate_standing standing = {0};
    int rc = decide_is_debated(k->view, k->q->promotion, &standing, err);
    *ret = standing.there;
    return rc;
}

int gates_ask(struct state_view *view, const struct gate_question *question, struct gate_answers *ret, struct err *err) {
    struct asking k = {.view = view, .q = question};
    struct log_reader *reader = NULL;
    struct log_event event;
    struct row row;
    memset(ret, 0, sizeof(*ret));
    int rc = look_stored(view, "promotions", &question->promotion, 1, &row, NULL, err);
    if (rc == 0) rc = log_reader_open(question->ledger, question->verifying, question->verifying + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    if (rc == 1) rc = err_set(err, ERR_NOTFOUND, "there is no event %" PRIu64, question->verifying);
    k.row = &row;
    k.body = rc == 0 ? event.body : (struct bytes){0};
    for (size_t i = 0; rc == 0 && i < GATE_IDS; i++) {
        bool asked = question->policy->asked[i];
        if (i == GATE_DEBATE && !asked) rc = was_debated(&k, &asked, err);
        if (!asked) continue;
        ret->one[ret->n].name = gate_names[i];
        if (rc == 0) rc = asks[i](&k, &ret->one[ret->n++], err);
    }
    log_reader_close(reader);
    row_done(&row);
    return rc;
}

bool gates_all_open(const struct gate_answers *answers) {
    bool open = answers->n > 0;
    for (size_t i = 0; i < answers->n; i++) {
        open = open && answers->one[i].open;
    }
    return open;
}

void gates_put_reasons(const struct gate_answers *answers, struct buf *out) {
    mp_put_array(out, (uint32_t)answers->n);
    for (size_t i = 0; i < answers->n; i++) {
        const struct gate_answer *a = &answers->one[i];
        mp_put_map(out, 5 + (a->why[0] != '\0'));
        mp_put_text(out, "evidence");
        mp_put_array(out, (uint32_t)a->n_evidence);
        for (size_t k = 0; k < a->n_evidence; k++) {
            mp_put_uint(out, a->evidence[k]);
        }
        mp_pair_text(out, "gate", a->name);
        if (a->why[0] != '\0') {
            mp_pair_text(out, "reason", a->why);
        }
        mp_pair_text(out, "required", a->required);
        mp_pair_text(out, "state", a->open ? "open" : "closed");
        mp_pair_text(out, "value", a->value);
    }
}

size_t gates_evidence(const struct gate_answers *answers, uint64_t *ret, size_t max) {
    size_t n = 0;
    for (size_t i = 0; i < answers->n; i++) {
        for (size_t k = 0; k < answers->one[i].n_evidence; k++) {
            uint64_t seq = answers->one[i].evidence[k];
            size_t at = 0;
            while (at < n && ret[at] < seq) {
                at++;
            }
            if ((at < n && ret[at] == seq) || n == max) continue;
            memmove(&ret[at + 1], &ret[at], (n - at) * sizeof(*ret));
            ret[at] = seq;
            n++;
        }
    }
    return n;
}
