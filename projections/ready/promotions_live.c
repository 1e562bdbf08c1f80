/* Which version is live, and since when: a row for each switch. Where a link leads to what is live, it is live from the moment
 * at which that link was switched and read back (`applied`); otherwise from the decision on. What is live at any time is
 * the last row before it, so a view of the past and the rows of today agree.
 *
 *   promoted ──> unapplied: the candidate ─────────── applied ──> a row
 *   rolled_back, aborted after promoted ──> unapplied: what was before ─── applied ──> a row
 *   the same without a link ─────────────────────────────────> a row
 *
 * And what bars a candidate by that, or by what was debated (council/judge.h). */
#include "projections/ready/promotions.h"

#include <stdio.h>
#include <string.h>

#include "projections/view/look.h"
#include "projections/view/reason.h"

#define LIVE_TABLE    1
#define PENDING_TABLE 2
#define OF_MAX        ((size_t)2 * ROW_TEXT_MAX + 64)

const struct state_column promotions_live_columns[] = {
    [LIVE_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what was switched: route/NAME, pack/NAME, model/NAME, ..."},
    [LIVE_ORDER] = {"order", CELL_TEXT, COLUMN_KEY, "the event's number with leading zeros"},
    [LIVE_DIGEST] = {"digest", CELL_TEXT, COLUMN_MAIN, "digest of what is live from here on; unknown if nobody said"},
    [LIVE_DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0, "digest of what it took the place of"},
    [LIVE_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [LIVE_PROMOTION] = {"promotion", CELL_TEXT, COLUMN_MAIN, "the promotion that did it"},
    [LIVE_BY] = {"step", CELL_TEXT, COLUMN_MAIN, "the step that decided it: promoted, rolled_back, aborted"},
    [LIVE_LINKED] = {"linked", CELL_BOOL, 0, "a link was switched and read back"},
    [LIVE_AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "from when on"},
    [LIVE_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that says so"},
    [LIVE_POLICY] = {"policy", CELL_TEXT, 0, "name of the gates that it passed, where it was promoted"},
    [LIVE_POLICY_DIGEST] = {"policy_digest", CELL_TEXT, 0, "digest of their file"},
};

const struct state_column promotions_pending_columns[] = {
    [PENDING_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what waits: route/NAME, pack/NAME, model/NAME, ..."},
    [PENDING_PROMOTION] = {"promotion", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "the promotion that decided it"},
    [PENDING_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that decided it"},
};

void promotions_put_of(const struct row *row, struct buf *out) {
    static const struct {
        const char *what;
        size_t column;
    } names[] = {{"route", PROMOTIONS_ROUTE}, {"pack", PROMOTIONS_PACK}, {"model", PROMOTIONS_MODEL}};
    struct bytes what = row_text(row, PROMOTIONS_WHAT), name = row_text(row, PROMOTIONS_NAME);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (bytes_is(what, names[i].what)) {
            name = row_text(row, names[i].column);
        }
    }
    buf_put_bytes(out, what.n > 0 ? what : bytes_of("promotion"));
    name = what.n > 0 ? name : row_text(row, PROMOTIONS_PROMOTION);
    buf_put_str(out, name.n > 0 ? "/" : "");
    buf_put_bytes(out, name);
}

/* `by`: the step that decided it. */
static int add(struct fold *fold, const struct row *row, struct bytes digest, struct bytes before, const char *by,
               struct err *err) {
    struct buf of = {.max = OF_MAX};
    char order[24];
    struct row *live;
    uint64_t seq = fold_event(fold)->seq;
    bool forward = bytes_is(bytes_of(by), "promoted");
    promotions_put_of(row, &of);
    int rc = buf_check(&of, "a name", err);
    snprintf(order, sizeof(order), "%020llu", (unsigned long long)seq);
    const struct bytes parts[] = {bytes_of_buf(&of), bytes_of(order)};
    if (rc == 0) rc = fold_row(fold, LIVE_TABLE, parts, 2, &live, err);
    if (rc == 0) {
        if (digest.n > 0) row_set_text(live, LIVE_DIGEST, digest);
        if (before.n > 0) row_set_text(live, LIVE_DIGEST_BEFORE, before);
        if (forward && row_has(row, PROMOTIONS_VERSION))
            row_set_text(live, LIVE_VERSION, row_text(row, PROMOTIONS_VERSION));
        if (forward && row_has(row, PROMOTIONS_POLICY)) row_set_text(live, LIVE_POLICY, row_text(row, PROMOTIONS_POLICY));
        if (forward && row_has(row, PROMOTIONS_POLICY_DIGEST))
            row_set_text(live, LIVE_POLICY_DIGEST, row_text(row, PROMOTIONS_POLICY_DIGEST));
        row_set_text(live, LIVE_PROMOTION, row_text(row, PROMOTIONS_PROMOTION));
        row_set_str(live, LIVE_BY, by);
        row_set_bool(live, LIVE_LINKED, row_bool(row, PROMOTIONS_LINKED));
        row_set_int(live, LIVE_AT, (int64_t)fold_event(fold)->time);
        row_set_int(live, LIVE_SEQ, (int64_t)seq);
    }
    buf_done(&of);
    return rc;
}

/* Keeps the table of what waits in step with the column `unapplied`. */
static int mark(struct fold *fold, const struct row *row, struct err *err) {
    struct buf of = {.max = OF_MAX};
    struct row *pending = NULL;
    bool waits = row_has(row, PROMOTIONS_UNAPPLIED);
    promotions_put_of(row, &of);
    int rc = buf_check(&of, "a name", err);
    const struct bytes parts[] = {bytes_of_buf(&of), row_text(row, PROMOTIONS_PROMOTION)};
    if (rc == 0 && waits) rc = fold_row(fold, PENDING_TABLE, parts, 2, &pending, err);
    if (rc == 0 && !waits) rc = fold_find(fold, PENDING_TABLE, parts, 2, &pending, err);
    if (rc == 0 && waits) row_set_int(pending, PENDING_SEQ, (int64_t)fold_event(fold)->seq);
    if (rc == 0 && !waits && pending != NULL) fold_drop(pending);
    buf_done(&of);
    return rc;
}

int promotions_take_switch(struct fold *fold, struct row *row, struct err *err) {
    struct bytes step = fold_step(fold), now = row_text(row, PROMOTIONS_DIGEST), before = {0};
    bool back = !bytes_is(step, "promoted");
    if (back) {
        before = now;
        now = row_text(row, PROMOTIONS_DIGEST_BEFORE);
        if (bytes_is(step, "rolled_back")) { /* of an abort the field is the candidate's */
            (void)fold_text(fold, "digest", &now);
        }
    } else {
        before = row_text(row, PROMOTIONS_DIGEST_BEFORE);
    }
    if (!row_bool(row, PROMOTIONS_LINKED)) {
        const char *by = !back ? "promoted" : bytes_is(step, "aborted") ? "aborted" : "rolled_back";
        return add(fold, row, now, before, by, err);
    }
    row_set_null(row, PROMOTIONS_UNAPPLIED);
    if (now.n > 0) {
        row_set_text(row, PROMOTIONS_UNAPPLIED, now);
    }
    return mark(fold, row, err);
}

int promotions_take_applied(struct fold *fold, struct row *row, char *ret_why, size_t size, struct err *err) {
    struct bytes digest = {0}, read = {0}, want = row_text(row, PROMOTIONS_UNAPPLIED);
    bool again = want.n == 0;
    want = again ? row_text(row, PROMOTIONS_APPLIED) : want;
    (void)fold_text(fold, "digest", &digest);
    (void)fold_text(fold, "read_back", &read);
    if (want.n == 0) {
        snprintf(ret_why, size, "there is nothing to be applied");
    } else if (!bytes_eq(digest, want)) {
        snprintf(ret_why, size, "it names %.*s, the link has to lead to %.*s", REASON_DIGEST(digest), REASON_DIGEST(want));
    } else if (!bytes_eq(read, want)) {
        snprintf(ret_why, size, "what was read back is %.*s, not %.*s", REASON_DIGEST(read), REASON_DIGEST(want));
    } else {
        struct bytes before = {0};
        const char *by = row_is(row, PROMOTIONS_STATE, "promoted") ? "promoted"
                         : row_is(row, PROMOTIONS_STATE, "idle")   ? "rolled_back"
                                                                   : "aborted";
        (void)fold_text(fold, "digest_before", &before);
        int rc = again ? 0 : add(fold, row, want, before, by, err);
        row_set_text(row, PROMOTIONS_APPLIED, digest);
        row_set_int(row, PROMOTIONS_APPLIED_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_null(row, PROMOTIONS_UNAPPLIED);
        fold_cite(fold, row, PROMOTIONS_BASE);
        return rc == 0 ? mark(fold, row, err) : rc;
    }
    return 0;
}

/* ---- asked of a view ---- */

/* The last of its rows. */
static int find_row(struct state_view *view, struct bytes of, struct promotions_live *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "live_versions", &of, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes digest = row_text(row, LIVE_DIGEST);
        ret->known = digest.n > 0;
        ret->seq = row_int(row, LIVE_SEQ);
        snprintf(ret->digest, sizeof(ret->digest), "%.*s", REASON_PART(digest, sizeof(ret->digest) - 1));
        snprintf(ret->by, sizeof(ret->by), "%.*s", REASON_PART(row_text(row, LIVE_PROMOTION), sizeof(ret->by) - 1));
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

static int find_other(struct state_view *view, struct bytes of, struct bytes own, struct promotions_live *ret,
                      struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "live_pending", &of, 1, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        struct bytes id = row_text(row, PENDING_PROMOTION);
        if (!bytes_eq(id, own)) {
            ret->other_seq = row_int(row, PENDING_SEQ);
            snprintf(ret->other, sizeof(ret->other), "%.*s", REASON_PART(id, sizeof(ret->other) - 1));
        }
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

int promotions_find_live(struct state_view *view, const struct row *row, struct promotions_live *ret, struct err *err) {
    struct buf of = {.max = OF_MAX};
    *ret = (struct promotions_live){.seq = -1, .other_seq = -1};
    promotions_put_of(row, &of);
    int rc = buf_check(&of, "a name", err);
    if (rc == 0) rc = find_row(view, bytes_of_buf(&of), ret, err);
    if (rc == 0) rc = find_other(view, bytes_of_buf(&of), row_text(row, PROMOTIONS_PROMOTION), ret, err);
    buf_done(&of);
    return rc;
}

/* Another one of the same was planned later, and promoted the same version: `by` is the column that has its digest. */
static int is_superseded(struct state_view *view, const struct row *row, size_t by, bool *ret, struct err *err) {
    const size_t same[] = {PROMOTIONS_WHAT, PROMOTIONS_ROUTE, PROMOTIONS_PACK, PROMOTIONS_MODEL, PROMOTIONS_NAME, by};
    struct state_rows *rows = NULL;
    const struct row *other;
    bool found = false;
    int rc = look_rows(view, "promotions", NULL, 0, &rows, err);
    while (rc == 0 && !found && (rc = look_next(rows, &other, err)) == 0) {
        found = row_is(other, PROMOTIONS_STATE, "promoted") &&
                row_bool(other, PROMOTIONS_LINKED) == row_bool(row, PROMOTIONS_LINKED) &&
                row_int(other, PROMOTIONS_PLANNED_SEQ) > row_int(row, PROMOTIONS_PLANNED_SEQ);
        for (size_t i = 0; found && i < sizeof(same) / sizeof(same[0]); i++) {
            found = bytes_eq(row_text(other, same[i]), row_text(row, same[i]));
        }
    }
    state_rows_close(rows);
    *ret = found;
    return rc < 0 ? rc : 0;
}

int promotions_link_end(struct state_view *view, const struct row *row, enum promotions_end *ret, struct err *err) {
    struct promotions_live live;
    struct bytes applied = row_text(row, PROMOTIONS_APPLIED), before = row_text(row, PROMOTIONS_DIGEST_BEFORE);
    bool superseded = false, promoted = row_is(row, PROMOTIONS_STATE, "promoted");
    *ret = PROMOTIONS_END_NONE;
    if (!row_bool(row, PROMOTIONS_LINKED) || row_has(row, PROMOTIONS_UNAPPLIED)) return 0;
    int rc = promotions_find_live(view, row, &live, err);
    if (rc != 0 || live.other[0] != '\0') return rc;
    bool its = bytes_is(row_text(row, PROMOTIONS_PROMOTION), live.by),
         is_before = live.known && bytes_is(before, live.digest);
    if (promoted && applied.n > 0 && bytes_is(applied, live.digest)) {
        rc = its ? 0 : is_superseded(view, row, PROMOTIONS_APPLIED, &superseded, err);
        *ret = superseded ? PROMOTIONS_END_NONE : PROMOTIONS_END_CANDIDATE;
    } else if (!promoted && (promotions_is_under_way(row) ? is_before || !live.known : its && is_before)) {
        *ret = PROMOTIONS_END_BEFORE;
    }
    return rc;
}

int promotions_is_live(struct state_view *view, const struct row *row, bool *ret, struct err *err) {
    struct promotions_live live;
    bool superseded = false;
    *ret = false;
    if (!row_is(row, PROMOTIONS_STATE, "promoted") || row_has(row, PROMOTIONS_UNAPPLIED)) return 0;
    int rc = promotions_find_live(view, row, &live, err);
    if (rc != 0 || !live.known || !bytes_is(row_text(row, PROMOTIONS_DIGEST), live.digest)) return rc;
    if (!bytes_is(row_text(row, PROMOTIONS_PROMOTION), live.by)) {
        rc = is_superseded(view, row, PROMOTIONS_DIGEST, &superseded, err);
    }
    *ret = rc == 0 && !superseded;
    return rc;
}

/* ---- the conditions of readiness_standing.def ---- */

struct standing {
    const struct row *row;
    struct debate_standing debate;
    struct promotions_live live;
    struct promotions_gates gates;
    struct readiness *found;
};

static bool is_not_accepted(struct standing *s) {
    readiness_say(s->found, "debate", "%s", s->debate.decision.reason);
    readiness_say(s->found, "debate_about", "%s", s->debate.about);
    readiness_say(s->found, "debate_next", "%d", (int)s->debate.next);
    return s->debate.there && !s->debate.decision.yes;
}

/* Where a link leads to what is live, that was read when it was planned: then only what happened since counts. */
static bool is_overtaken(struct standing *s) {
    struct bytes before = row_text(s->row, PROMOTIONS_DIGEST_BEFORE), live = bytes_of(s->live.digest);
    bool since = !row_bool(s->row, PROMOTIONS_LINKED) || s->live.seq > row_int(s->row, PROMOTIONS_PLANNED_SEQ);
    readiness_say(s->found, "expected", "%.*s", REASON_DIGEST(before.n > 0 ? before : bytes_of("nothing")));
    readiness_say(s->found, "live", "%.*s", REASON_DIGEST(live));
    readiness_say(s->found, "live_seq", "%lld", (long long)s->live.seq);
    return promotions_is_under_way(s->row) && s->live.known && since && !bytes_eq(before, live);
}

static bool is_behind_another(struct standing *s) {
    readiness_say(s->found, "other", "%.*s", REASON_NAME(bytes_of(s->live.other)));
    return s->live.other[0] != '\0';
}

/* The gates passed it here, and were asked about the same candidate again since, and did not pass it. */
static bool is_refused_since(struct standing *s) {
    bool asked = strcmp(s->gates.answer, "asked") == 0;
    readiness_say(s->found, "since", "%lld", (long long)s->gates.seq);
    readiness_say(s->found, "since_answer", "%s", asked ? "have not answered" : "did not pass it");
    readiness_say(s->found, "since_by", "%.*s", REASON_NAME(bytes_of(s->gates.name)));
    readiness_say(s->found, "since_in", "%.*s", REASON_NAME(bytes_of(s->gates.promotion)));
    return row_is(s->row, PROMOTIONS_GATE, "pass") && s->gates.seq > row_int(s->row, PROMOTIONS_GATE_SEQ) &&
           strcmp(s->gates.answer, "pass") != 0;
}

static const struct {
    enum readiness_id id;
    bool (*unmet)(struct standing *s);
} bars[] = {
#define RULE(id, unmet, ...) {READINESS_##id, unmet},
#include "projections/ready/readiness_standing.def"
#undef RULE
};

int promotions_find_debate(struct state_view *view, const struct row *row, struct debate_standing *ret, struct err *err) {
    struct buf target = {.max = 2 * ROW_TEXT_MAX};
    int64_t since = row_has(row, PROMOTIONS_PLANNED_SEQ) ? row_int(row, PROMOTIONS_PLANNED_SEQ) : -1;
    buf_put_str(&target, "promotion/");
    buf_put_bytes(&target, row_text(row, PROMOTIONS_PROMOTION));
    int rc = buf_check(&target, "a subject", err);
    if (rc == 0) rc = debate_stands(view, bytes_of_buf(&target), since, row_text(row, PROMOTIONS_DIGEST), ret, err);
    buf_done(&target);
    return rc;
}

int promotions_weigh_standing(struct state_view *view, const struct row *row, struct readiness *found, struct reason *cite,
                              struct debate_standing *ret_debate, struct err *err) {
    struct standing s = {.row = row, .found = found};
    int rc = promotions_find_debate(view, row, &s.debate, err);
    if (rc == 0) rc = promotions_find_live(view, row, &s.live, err);
    if (rc == 0) rc = promotions_find_gates(view, row, &s.gates, err);
    for (size_t i = 0; rc == 0 && i < sizeof(bars) / sizeof(bars[0]); i++) {
        if (bars[i].unmet(&s)) {
            readiness_add(found, bars[i].id);
        }
    }
    for (size_t i = 0; rc == 0 && i < s.debate.decision.n_evidence; i++) {
        reason_cite(cite, s.debate.decision.evidence[i], 0);
    }
    if (rc == 0 && is_refused_since(&s)) reason_cite(cite, (uint64_t)s.gates.seq, 0);
    if (rc == 0 && is_overtaken(&s)) reason_cite(cite, (uint64_t)s.live.seq, 0);
    if (rc == 0 && s.live.other_seq >= 0) reason_cite(cite, (uint64_t)s.live.other_seq, 0);
    *ret_debate = s.debate;
    return rc;
}
