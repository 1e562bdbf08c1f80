/* A round: which probes are due, the children, what is appended. */
#include "doctor/round/round.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mp_map.h"
#include "doctor/probe/event.h"
#include "doctor/round/news.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#define BODY_MAX ((size_t)64 << 10)

struct round {
    const struct round_options *options;
    struct round_result *ret;
    const struct probe *due[ROUND_PROBES_MAX];
    size_t n_due;
    struct child *children;
    size_t n_children;
    struct probe_out chain; /* what the verification says */
    bool bad;               /* the ledger does not verify */
    struct ledger *ledger;  /* to append to */
    enum state_base base;   /* STATE_EVENTS: stored rows turned out to be damaged */
};

static int open_view(const struct round *round, struct ledger *ledger, struct state_view **ret, struct err *err) {
    struct state_options options;
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    options.base = round->base;
    if (rc == 0) rc = state_open(ledger, &options, ret, err);
    return rc;
}

/* Does the step; once more from the events alone where stored rows cannot be read. Nothing was appended then. */
static int with_states(struct round *round, int (*step)(struct round *round, struct err *err), struct err *err) {
    struct err why = {0};
    int rc = step(round, &why);
    if (rc == ERR_CORRUPT && round->base == STATE_STORED) {
        round->base = STATE_EVENTS;
        rc = step(round, &why);
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

/* ---- which are due ---- */

static bool is_asked_for(const struct round_options *options, const struct probe *probe) {
    for (size_t i = 0; i < options->n_clauses; i++) {
        if (probe_serves(probe, options->clauses[i])) return true;
    }
    return false;
}

static int find_due(struct round *round, struct err *err) {
    const struct round_options *options = round->options;
    const struct probe *probes = options->probes != NULL ? options->probes : probe_all;
    size_t n = options->probes != NULL ? options->n_probes : probe_count;
    struct ledger *ledger = NULL;
    struct state_view *view = NULL;
    round->n_due = 0;
    int rc = options->box->open(options->box->ctx, false, &ledger, err);
    if (rc == 0) rc = open_view(round, ledger, &view, err);
    for (size_t i = 0; i < n && i < ROUND_PROBES_MAX && rc == 0; i++) {
        const struct probe *probe = &probes[i];
        uint64_t looked = 0;
        bool due = options->n_clauses > 0 ? is_asked_for(options, probe) : options->all || probe->every_ns == 0;
        if (!due && options->n_clauses == 0) {
            rc = news_looked(view, probe, &looked, err);
            due = probe->every_ns != PROBE_ASKED && looked + probe->every_ns <= state_now(view);
        }
        if (rc == 0 && due) {
            round->due[round->n_due++] = probe;
        }
    }
    state_close(view);
    log_close(ledger);
    return rc;
}

/* ---- the looks ---- */

static bool is_stopped(const struct round *round) {
    return round->options->stop != NULL && *round->options->stop != 0;
}

static void verify(struct round *round, struct round_look *look) {
    struct err why = {0};
    uint64_t began = clock_monotonic_ns();
    probe_out_init(&round->chain);
    int rc = round->options->verify(round->options->ctx, &round->ret->report, &why);
    look->took = clock_monotonic_ns() - began;
    look->end = rc == 0 ? CHILD_OK : is_stopped(round) ? CHILD_STOPPED : CHILD_FAILED;
    if (rc != 0) {
        bytes_copy(look->why, (struct bytes){(const uint8_t *)why.msg, strnlen(why.msg, sizeof(look->why) - 1)});
    } else {
        round->ret->verified = true;
        round->bad = round->ret->report.verdict >= LOG_CONTRADICTS;
        probe_chain(&round->ret->report, NULL, &round->chain);
    }
}

static int start(struct round *round, struct err *err) {
    int rc = 0;
    round->children = calloc(round->n_due > 0 ? round->n_due : 1, sizeof(*round->children));
    if (round->children == NULL) return err_set(err, ERR_NOMEM, "no memory for the probes");
    for (size_t i = 0; i < round->n_due && rc == 0; i++) {
        if (round->due[i]->look != NULL) {
            rc = child_start(&round->children[round->n_children], round->due[i], round->options->box, err);
            round->n_children += rc == 0;
        }
    }
    return rc;
}

/* Before any other look: some probes append what they see, and nothing is appended to a ledger that does not verify. */
static void verify_first(struct round *round) {
    for (size_t i = 0; i < round->n_due; i++) {
        struct round_look *look = &round->ret->looks[round->ret->n++];
        *look = (struct round_look){.probe = round->due[i], .end = CHILD_STOPPED};
        if (look->probe->look == NULL) verify(round, look);
    }
}

/* Their ends, in the order of the table. */
static void look_all(struct round *round, int started) {
    static const volatile int at_once = 1;
    const struct round_options *options = round->options;
    size_t at = 0;
    children_wait(round->children, round->n_children, started != 0 ? &at_once : options->stop, options->progress,
                  options->progress_ctx);
    for (size_t i = 0; i < round->n_due && started == 0; i++) {
        struct round_look *look = &round->ret->looks[i];
        if (look->probe->look != NULL) {
            const struct child *child = &round->children[at++];
            look->end = child->end;
            look->took = child->took;
            memcpy(look->why, child->why, sizeof(look->why));
        }
    }
}

/* ---- what is appended ---- */

struct writer {
    struct round *round;
    struct log_batch *batch;
    struct state_view *view;
};

static int add(struct writer *w, struct bytes check, struct bytes open, struct bytes private_, struct err *err) {
    char subject[PROBE_WORD_MAX + 16] = "check/";
    bytes_copy(subject + strlen(subject), check); /* a word, as it was read */
    const struct probe_event event = {.kind = "doctor.observed",
                                      .subject = subject,
                                      .actor = w->round->options->actor,
                                      .body = open,
                                      .private_ = private_};
    return probe_event_add(w->batch, &event, err);
}

/* The records of one look, as far as they can be events; `always`: without asking whether they are news. */
static int add_records(struct writer *w, struct bytes said, bool always, struct round_look *look, struct err *err) {
    struct probe_record record;
    struct err why = {0};
    int rc = 0;
    while (rc == 0 && (rc = probe_read(&said, &record, err)) == 0) {
        bool is_news = always;
        look->said++;
        if (!always) rc = news_is(w->view, &record, &is_news, err);
        if (rc == 0 && is_news) {
            rc = add(w, record.check, record.open, record.private_, &why);
            look->news += rc == 0;
            if (rc == ERR_INVALID || rc == ERR_LIMIT) { /* no such event: the record was none */
                look->end = CHILD_GARBAGE;
                snprintf(look->why, sizeof(look->why), "%s", why.msg);
                return 0;
            }
            if (rc != 0) return err_set(err, rc, "%s", why.msg);
        }
    }
    return rc < 0 ? rc : 0;
}

/* `target` NULL: of any. */
static bool was_said(struct bytes said, struct bytes check, const struct bytes *target) {
    struct probe_record record;
    while (probe_read(&said, &record, NULL) == 0) {
        if (bytes_eq(record.check, check) && (target == NULL || bytes_eq(record.target, *target))) return true;
    }
    return false;
}

static int add_gone(struct writer *w, const struct row *row, struct err *err) {
    struct bytes check = named_text(row, "check"), target = named_text(row, "target");
    struct mp_map body;
    struct buf open = {.max = BODY_MAX};
    mp_map_init(&body, BODY_MAX);
    mp_map_text(&body, "check", check);
    mp_map_text(&body, "target", target);
    mp_map_text(&body, "status", bytes_of("not_applicable"));
    int rc = mp_map_write(&body, &open, err);
    if (rc == 0) rc = add(w, check, bytes_of_buf(&open), (struct bytes){0}, err);
    mp_map_done(&body);
    buf_done(&open);
    return rc;
}

/* What a whole look has said of the ledger itself is all there is: a key file of another epoch is not there any more. Other
 * checks may be somebody else's. */
static int add_all_gone(struct writer *w, struct bytes said, struct round_look *look, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(w->view, "checks", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes check = named_text(row, "check"), target = named_text(row, "target");
        bool own = bytes_has_prefix(check, "ledger-") && was_said(said, check, NULL);
        if (own && !named_is(row, "status", "not_applicable") && !was_said(said, check, &target)) {
            rc = add_gone(w, row, err);
            look->news += rc == 0;
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

/* How the look itself went: the check "probe". */
static int add_end(struct writer *w, const struct round_look *look, struct err *err) {
    struct probe_check check = PROBE_CHECK("probe", child_words[look->end]);
    struct probe_out out;
    struct round_look own = {0};
    check.target = look->probe->name;
    check.detail = look->why;
    probe_out_init(&out);
    probe_say(&out, &check);
    int rc = buf_check(&out.bytes, "what a probe says", err);
    if (rc == 0) rc = add_records(w, bytes_of_buf(&out.bytes), look->probe->every_ns > 0, &own, err);
    probe_out_done(&out);
    return rc;
}

static int add_all(struct writer *w, struct err *err) {
    struct round *round = w->round;
    size_t at = 0;
    int rc = 0;
    for (size_t i = 0; i < round->ret->n && rc == 0; i++) {
        struct round_look *look = &round->ret->looks[i];
        bool own = look->probe->look == NULL;
        struct bytes said = bytes_of_buf(own ? &round->chain.bytes : &round->children[at].said);
        at += !own;
        look->said = look->news = 0;
        if (look->end == CHILD_STOPPED) continue;
        rc = add_records(w, said, look->probe->every_ns > 0, look, err);
        if (rc == 0 && look->end == CHILD_OK) rc = add_all_gone(w, said, look, err);
        if (rc == 0) rc = add_end(w, look, err);
    }
    return rc;
}

static int append(struct round *round, struct err *err) {
    struct writer w = {.round = round};
    int rc = open_view(round, round->ledger, &w.view, err);
    if (rc == 0) rc = log_batch_new(round->ledger, &w.batch, err);
    if (rc == 0) rc = add_all(&w, err);
    size_t n = rc == 0 ? log_batch_count(w.batch) : 0;
    state_close(w.view);
    if (n > 0) rc = log_batch_commit(w.batch, NULL, NULL, NULL, err);
    round->ret->appended += rc == 0 ? n : 0;
    log_batch_free(w.batch);
    return rc;
}

static int judge(struct round *round, struct err *err) {
    uint64_t judged = 0;
    int rc = round_judge(round->ledger, round->options->actor, round->base, &judged, err);
    round->ret->appended += judged;
    return rc;
}

static int record(struct round *round, struct err *err) {
    const struct probe_box *box = round->options->box;
    int rc = box->open(box->ctx, true, &round->ledger, err);
    if (rc == 0) rc = with_states(round, append, err);
    if (rc == 0 && round->options->n_clauses == 0) rc = with_states(round, judge, err);
    log_close(round->ledger);
    return rc;
}

int round_run(const struct round_options *options, struct round_result *ret, struct err *err) {
    struct round round = {.options = options, .ret = ret};
    memset(ret, 0, sizeof(*ret));
    int rc = with_states(&round, find_due, err);
    if (rc == 0) {
        verify_first(&round);
    }
    if (rc == 0 && !round.bad && !is_stopped(&round)) {
        rc = start(&round, err);
        look_all(&round, rc);
    }
    if (rc == 0 && !round.bad && !is_stopped(&round)) rc = record(&round, err);
    for (size_t i = 0; i < round.n_children; i++) {
        child_done(&round.children[i]);
    }
    probe_out_done(&round.chain);
    free(round.children);
    return rc;
}
