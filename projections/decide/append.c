/* May an event be written? It is encoded as it would be and folded into copies of the rows it would change. If one of them
 * comes out with more violations than before, the step is not legal, and the row says why. So the same code refuses a step
 * and records it as a violation. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "ledger/core/author.h"
#include "ledger/event/event.h"
#include "ledger/kinds/scope.h"
#include "ledger/kinds/sort.h"
#include "projections/decide/decide.h"
#include "projections/decide/step.h"
#include "projections/ready/baselines.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

#define BODY_ROOM (2 * (EVENT_BODY_MAX + EVENT_PRIVATE_MAX))

/* A stored row of the view. */
static int get_kept(void *ctx, size_t table, struct bytes key, struct buf *out, struct err *err) {
    struct view_projection *p = ctx;
    struct bytes bytes;
    if (p->overlay == NULL) return stored_get(&p->base, table, key, out, err);
    int rc = rows_get(p->overlay, table, key, &bytes, err);
    if (rc == 0 && bytes.n == 0) return ERR_NOTFOUND;
    if (rc == 0) rc = buf_put_bytes(out, bytes) != 0 ? buf_check(out, "a row", err) : 0;
    return rc;
}

static int violations_of(struct row *row, struct bytes bytes, int64_t *ret, struct err *err) {
    int rc = bytes.n == 0 ? 0 : row_decode(row, bytes, NULL, 0, err);
    *ret = rc == 0 && bytes.n > 0 ? named_int(row, "violations") : 0;
    return rc;
}

/* The row before and after. The first difference gives the reason. */
static int compare(struct view_projection *p, const struct rows_entry *entry, struct decision *ret, struct err *err) {
    const struct state_table *table = &p->projection->tables[entry->table];
    struct row before, after;
    struct buf old = {.max = ROW_BYTES_MAX};
    int64_t n = 0, more = 0;
    row_init(&before, table);
    row_init(&after, table);
    int rc = get_kept(p, entry->table, entry->key, &old, err);
    rc = rc == ERR_NOTFOUND ? 0 : rc;
    if (rc == 0) rc = violations_of(&before, bytes_of_buf(&old), &n, err);
    if (rc == 0) rc = violations_of(&after, entry->bytes, &more, err);
    if (rc == 0 && more > n) {
        struct bytes what = row_text(&after, 0), why = named_text(&after, "violation");
        if (ret->yes) {
            decide_no(ret, "%s '%.*s': %.*s", table->noun, REASON_NAME(what), REASON_PART(why, 300));
        }
        if (!before.absent) {
            decide_cite_row(ret, &before);
        }
    }
    buf_done(&old);
    row_done(&after);
    row_done(&before);
    return rc;
}

static int compare_all(struct view_projection *p, struct rows *rows, struct decision *ret, struct err *err) {
    const struct rows_entry **entry = NULL;
    size_t n = 0;
    int rc = rows_sorted(rows, SIZE_MAX, &entry, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = compare(p, entry[i], ret, err);
    }
    free(entry);
    return rc;
}

static int try_fold(struct view_projection *p, struct fold_input *input, struct decision *ret, struct err *err) {
    const struct rows_base base = {get_kept, p};
    struct rows *rows = NULL;
    struct fold *fold = NULL;
    int rc = rows_new(&base, &rows, err);
    if (rc == 0) rc = fold_new(p->projection, rows, &fold, err);
    if (rc == 0) rc = fold_apply(fold, input, err);
    if (rc == 0) rc = compare_all(p, rows, ret, err);
    fold_free(fold);
    rows_free(rows);
    return rc;
}

/* States that do not match the log as it is now cannot tell what is legal. */
static bool can_judge(const struct state_view *view, size_t i, struct decision *ret) {
    const struct view_projection *p = &view->projection[i];
    struct state_status status;
    state_status(view, i, &status);
    if (status.failed_seq != LOG_NO_SEQ) {
        decide_cite(ret, status.failed_seq);
        decide_no(ret, "the states of '%s' stopped at event %llu: %s", p->projection->name,
                  (unsigned long long)status.failed_seq, status.failed);
    } else if (status.stale) {
        decide_no(ret, "the states of '%s' are of another version of the program: 'ledger rebuild %s' makes them again",
                  p->projection->name, p->projection->name);
    } else {
        return true;
    }
    return false;
}

static int judge(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct fold_input *input = NULL;
    int rc = fold_input_new(upcast_all, upcast_count, &input, err);
    if (rc == 0) rc = fold_input_set(input, event, err);
    for (size_t i = 0; i < view->n && rc == 0 && ret->yes; i++) {
        struct view_projection *p = &view->projection[i];
        if (projection_takes(p->projection, event->kind) && can_judge(view, i, ret)) {
            rc = try_fold(p, input, ret, err);
        }
    }
    fold_input_free(input);
    return rc;
}

/* A call is not a step of permissions but depends on them: they must not have stopped before it. */
static int judge_use(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    static const char *const rests_on[] = {"permissions", "policies", "runs"};
    for (size_t i = 0; i < view->n && decide_uses(event->kind) && ret->yes; i++) {
        for (size_t k = 0; k < sizeof(rests_on) / sizeof(rests_on[0]) && ret->yes; k++) {
            if (strcmp(view->projection[i].projection->name, rests_on[k]) == 0) {
                can_judge(view, i, ret);
            }
        }
    }
    return ret->yes ? decide_may_use(view, event, ret, err) : 0;
}

/* An evaluation that later ones are compared with has to be one that can be relied on. */
static int judge_baseline(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct bytes suite = decide_text(event->body, "suite"), eval = decide_text(event->body, "eval");
    struct reason why;
    reason_init(&why);
    int rc = baseline_weigh(view, suite, eval, LOG_NO_SEQ, &why, err);
    if (rc != 0 || why.n == 0) return rc;
    for (size_t i = 0; i < why.n_seqs; i++) {
        decide_cite(ret, why.seqs[i]);
    }
    decide_no(ret, "evaluation '%.*s' cannot be a baseline: %.*s", REASON_NAME(eval),
              (int)reason_fits(bytes_of(why.words), 300), why.words);
    return 0;
}

static struct bytes after_slash(struct bytes subject) {
    size_t at = 0;
    while (at < subject.n && subject.p[at] != '/') {
        at++;
    }
    at += at < subject.n;
    return (struct bytes){subject.p + at, subject.n - at};
}

/* The body without the time its author gives: the step is checked as one taken now; with a time in the past it could use a
 * grant that has ended. *ret_had: there was such a time. */
static int without_time(struct bytes body, struct buf *out, bool *ret_had, struct err *err) {
    struct mp_reader r;
    struct mp_item head, name;
    struct bytes raw;
    *ret_had = mp_map_get(body, "at", &raw) == 0;
    if (!*ret_had) return 0;
    mp_reader_init(&r, body);
    int rc = mp_next(&r, &head, err);
    mp_put_map(out, rc == 0 ? head.count - 1 : 0);
    for (uint32_t i = 0; rc == 0 && i < head.count; i++) {
        rc = mp_next(&r, &name, err);
        if (rc == 0) rc = mp_skip(&r, 1, &raw, err);
        if (rc == 0 && !bytes_is(name.data, "at")) {
            mp_put_str(out, name.data);
            buf_put_bytes(out, raw);
        }
    }
    if (rc == 0) rc = buf_check(out, "a body", err);
    return rc;
}

/* As given, unless it is taken now, and as of now. */
static int judge_both(struct state_view *view, const struct log_event *event, bool is_now, struct decision *ret,
                      struct err *err) {
    struct log_event now = *event;
    struct buf body = {.max = BODY_ROOM};
    bool had = false;
    int rc = without_time(event->body, &body, &had, err);
    if (rc == 0 && !(had && is_now)) rc = judge(view, event, ret, err);
    if (rc == 0 && had && ret->yes) {
        now.body = bytes_of_buf(&body);
        rc = judge(view, &now, ret, err);
    }
    buf_done(&body);
    return rc;
}

/* A grant that is recorded but that no use will ever have. */
static int note_useless(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    struct mp_item item;
    struct bytes raw, session = decide_text(event->body, "session");
    struct row row;
    bool there = false;
    bool answer = bytes_is(event->kind, "permission.decided"), grant = bytes_is(event->kind, "permission.granted");
    if (!ret->yes || !(grant || answer) || state_table_find(view, "permission_sessions") == SIZE_MAX) {
        return 0;
    }
    if (mp_map_get(event->body, "expires", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_UINT &&
        item.uint <= state_now(view)) {
        snprintf(ret->note, sizeof(ret->note), "it has already expired: it permits nothing");
        return 0;
    }
    if (session.n == 0 && bytes_is(decide_text(event->body, "lifetime"), "session")) {
        session = event->run;
    }
    int rc = session.n == 0 ? 0 : look_stored(view, "permission_sessions", &session, 1, &row, &there, err);
    if (rc == 0 && there) {
        snprintf(ret->note, sizeof(ret->note), "its session ended with event %lld: it permits nothing",
                 (long long)named_int(&row, "ended_seq"));
    }
    if (session.n > 0) {
        row_done(&row);
    }
    return rc;
}

/* First what the step itself lacks, then all that the candidate lacks, if that is more. When the step is out of turn both
 * begin with the same words, which are then said once. */
static int judge_promotion(struct state_view *view, struct bytes promotion, struct decision *ret, struct err *err) {
    struct decision whole;
    int rc = decide_may_promote(view, promotion, &whole, err);
    if (rc == 0 && ret->yes) {
        *ret = whole;
    } else if (rc == 0 && !whole.yes && strstr(whole.reason, "; ") != NULL) {
        struct bytes first = bytes_of(ret->reason), all = bytes_of(whole.reason);
        char words[sizeof(ret->reason)];
        const char *from = strstr(ret->reason, "promoted from "), *why = from != NULL ? strstr(from, ": ") : NULL;
        if (why != NULL && strstr(whole.reason, why + 2) != NULL) {
            first.n = 0;
        }
        snprintf(words, sizeof(words), "%.*s%s%.*s", (int)reason_fits(first, 150), ret->reason,
                 first.n > 0 ? "; all that is missing: " : "", (int)reason_fits(all, 300), whole.reason);
        decide_no(ret, "%s", words);
    }
    return rc;
}

/* What an event does, as a kind, for LOCKDOWN: some kinds both stop and go on. The end of a step is a fact; a route may be parked or
 * taken up again; a tripcode may order something, or permit a step. */
static struct bytes acts_as(const struct log_event *event) {
    struct bytes status = decide_text(event->body, "status"), raw;
    struct mp_item item;
    if (bytes_is(event->kind, "run.step") && status.n > 0 && !bytes_is(status, "started")) return bytes_of("run.finished");
    if (bytes_is(event->kind, "route.parked") && mp_map_get(event->body, "parked", &raw) == 0 &&
        !(mp_scalar(raw, &item) == 0 && item.type == MP_BOOL && item.boolean)) {
        return bytes_of("route.declared");
    }
    bool permits = bytes_is(event->kind, "recovery.tripcode_issued") && bytes_is(decide_text(event->body, "code"), "STEP");
    return permits ? bytes_of("run.step") : event->kind;
}

/* Whether LOCKDOWN is on, and what a guarded step rests on, must be known: the states of it must not have stopped. */
static int judge_step(struct state_view *view, const struct log_event *event, struct decision *ret, struct err *err) {
    size_t i = state_find(view, "recovery");
    bool guarded = bytes_is(event->kind, "run.step") && scope_tier(decide_text(event->body, "tier")) >= 2;
    if (i == SIZE_MAX && guarded) {
        decide_no(ret, "this view has no snapshots");
    } else if (i != SIZE_MAX && !decide_is_safe(acts_as(event))) {
        can_judge(view, i, ret);
    }
    return ret->yes ? decide_may_step(view, event, ret, err) : 0;
}

static int may_append(struct state_view *view, const struct log_draft *draft, bool is_now, struct decision *ret,
                      struct err *err) {
    const struct kind *kind = kind_find(draft->kind);
    struct decision mine;
    struct buf body = {.max = BODY_ROOM}, private_ = {.max = BODY_ROOM};
    char vkey[NOTE_VKEY_MAX] = "";
    uint32_t masked;
    const struct kind_input in = {.kind = draft->kind,
                                  .body = draft->body,
                                  .private_ = draft->private_,
                                  .open = draft->open,
                                  .index = kind_index_find(draft->kind),
                                  .as_it_is = true}; /* whoever writes it judges the form */
    int rc = kind_sort_input(&in, &body, &private_, &masked, err);
    decide_begin(&mine);
    if (draft->author != NULL) {
        note_vkey_encode(vkey, &draft->author->signer.vkey);
    }
    if (rc == 0) {
        struct log_event event = {.seq = state_at(view),
                                  .time = state_now(view),
                                  .schema = kind != NULL ? kind->schema : 1,
                                  .kind = draft->kind,
                                  .subject = draft->subject,
                                  .actor = draft->actor,
                                  .source = draft->source,
                                  .grade = draft->grade,
                                  .run = draft->run,
                                  .key = draft->key,
                                  .author = bytes_of(vkey), /* in place of its signature (projections/recovery) */
                                  .body = bytes_of_buf(&body)};
        rc = decide_is_unlocked(view, acts_as(&event), &mine, err);
        if (rc == 0 && mine.yes) rc = judge_step(view, &event, &mine, err);
        if (rc == 0 && mine.yes) rc = judge_use(view, &event, &mine, err);
        if (rc == 0 && mine.yes) rc = judge_both(view, &event, is_now, &mine, err);
        if (rc == 0 && mine.yes && bytes_is(event.kind, "eval.baseline_set")) rc = judge_baseline(view, &event, &mine, err);
        if (rc == 0) rc = note_useless(view, &event, &mine, err);
    }
    if (rc == 0 && bytes_is(draft->kind, "promotion.promoted")) {
        rc = judge_promotion(view, after_slash(draft->subject), &mine, err);
    }
    if (rc == 0 && mine.yes && bytes_is(draft->kind, "promotion.rolled_back")) {
        rc = decide_may_go_back(view, after_slash(draft->subject), &mine, err);
    }
    buf_done(&private_);
    buf_done(&body);
    if (rc == 0) {
        *ret = mine;
    }
    return rc;
}

int decide_may_append(struct state_view *view, const struct log_draft *draft, struct decision *ret, struct err *err) {
    return may_append(view, draft, false, ret, err);
}

int decide_may_append_now(struct state_view *view, const struct log_draft *draft, struct decision *ret, struct err *err) {
    return may_append(view, draft, true, ret, err);
}
