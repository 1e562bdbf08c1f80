/* Which version is live, and since when: a row for each switch. Where a link leads to what is live, it is live from the moment
 * at which that link was switched and read back (`applied`); otherwise from the decision on. What is live at any time is
 * the last row before it, so a view of the past and the rows of today agree.
 *
 *   promoted ──> unapplied: the candidate ─────────── applied ──> a row
 *   rolled_back, aborted after promoted ──> unapplied: what was before ─── applied ──> a row
 *   the same without a link ─────────────────────────────────> a row */
#include "projections/ready/promotions.h"

#include <stdio.h>

#include "projections/view/reason.h"

#define LIVE_TABLE 1
#define OF_MAX     ((size_t)2 * ROW_TEXT_MAX + 64)

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
        row_set_text(live, LIVE_PROMOTION, row_text(row, PROMOTIONS_PROMOTION));
        row_set_str(live, LIVE_BY, by);
        row_set_bool(live, LIVE_LINKED, row_bool(row, PROMOTIONS_LINKED));
        row_set_int(live, LIVE_AT, (int64_t)fold_event(fold)->time);
        row_set_int(live, LIVE_SEQ, (int64_t)seq);
    }
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
    return 0;
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
        return rc;
    }
    return 0;
}
