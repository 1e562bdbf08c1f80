/* Under which gates a candidate was verified. Gates that refused it stay with the candidate, whichever promotion it is planned for:
 * a pass of others is taken only where the verification says that they take the place of those (`policy_before`). So nobody sheds
 * gates by leaving them out, and who replaced them is on record.
 *
 *   verifying by G, policy_before P ──> the row has G; shed: the newest refusal, if its gates are neither G nor P
 *   gated by G ──> a pass is taken if it was measured and nothing is shed; the candidate keeps G, the answer and its event
 *
 * A refusal is taken from anybody, of a pass only what asked the gates itself: its grade says so, as that of an evaluation does
 * (decision 102). */
#include "projections/ready/promotions.h"

#include <stdio.h>
#include <string.h>

#include "projections/view/look.h"

#define GATED_TABLE 3

const struct state_column promotions_gated_columns[] = {
    [GATED_OF] = {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what it is a candidate for: route/NAME, pack/NAME, ..."},
    [GATED_DIGEST] = {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of the candidate"},
    [GATED_PROMOTION] = {"promotion", CELL_TEXT, COLUMN_MAIN, "the promotion that was verified"},
    [GATED_POLICY] = {"policy", CELL_TEXT, COLUMN_MAIN, "name of the gates that answered last"},
    [GATED_POLICY_DIGEST] = {"policy_digest", CELL_TEXT, 0, "digest of their file"},
    [GATED_ANSWER] = {"answer", CELL_TEXT, COLUMN_MAIN, "what they answered: pass, refuse, hold"},
    [GATED_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
};

/* The candidate's row, or NULL. Of a candidate without a digest there is none. */
static int find(struct fold *fold, const struct row *row, bool make, struct row **ret, struct err *err) {
    struct buf of = {.max = (size_t)2 * ROW_TEXT_MAX + 64};
    struct bytes digest = row_text(row, PROMOTIONS_DIGEST);
    *ret = NULL;
    promotions_put_of(row, &of);
    int rc = buf_check(&of, "a name", err);
    const struct bytes parts[] = {bytes_of_buf(&of), digest};
    if (rc == 0 && digest.n > 0) rc = (make ? fold_row : fold_find)(fold, GATED_TABLE, parts, 2, ret, err);
    buf_done(&of);
    return rc;
}

int promotions_take_gates(struct fold *fold, struct row *row, struct err *err) {
    struct row *gated = NULL;
    struct bytes before = {0};
    fold_replace(fold, row, PROMOTIONS_POLICY, "policy");
    fold_replace(fold, row, PROMOTIONS_POLICY_DIGEST, "policy_digest");
    fold_replace(fold, row, PROMOTIONS_POLICY_BEFORE, "policy_before");
    row_set_null(row, PROMOTIONS_SHED_SEQ);
    int rc = find(fold, row, false, &gated, err);
    if (rc != 0 || gated == NULL) return rc;
    struct bytes refused = row_text(gated, GATED_POLICY_DIGEST);
    bool named = fold_text(fold, "policy_before", &before) && bytes_eq(before, refused);
    if (!row_is(gated, GATED_ANSWER, "pass") && !named && !bytes_eq(row_text(row, PROMOTIONS_POLICY_DIGEST), refused)) {
        row_set_int(row, PROMOTIONS_SHED_SEQ, row_int(gated, GATED_SEQ));
    }
    return 0;
}

bool promotions_bars_pass(const struct fold *fold, const struct row *row, char *ret_why, size_t size) {
    struct bytes asked = {0};
    (void)fold_text(fold, "policy_digest", &asked);
    if (!bytes_is(fold_event(fold)->grade, "measured")) {
        snprintf(ret_why, size, "nobody measured it: the gates are asked by ledger promote verify {}");
    } else if (row_has(row, PROMOTIONS_SHED_SEQ)) {
        snprintf(ret_why, size,
                 "other gates refused it (event %lld), and the verification does not say that these replace them",
                 (long long)row_int(row, PROMOTIONS_SHED_SEQ));
    } else if (!bytes_eq(asked, row_text(row, PROMOTIONS_POLICY_DIGEST))) {
        snprintf(ret_why, size, "it answers for other gates than the verification asks");
    } else {
        return false;
    }
    return true;
}

int promotions_keep_answer(struct fold *fold, struct row *row, struct err *err) {
    struct row *gated = NULL;
    struct bytes digest = {0}, answer = {0}, name = {0};
    if (!fold_text(fold, "policy_digest", &digest) || digest.n == 0) return 0; /* it says nothing of any gates */
    int rc = find(fold, row, true, &gated, err);
    if (rc != 0 || gated == NULL) return rc;
    (void)fold_text(fold, "decision", &answer);
    row_set_text(gated, GATED_PROMOTION, row_text(row, PROMOTIONS_PROMOTION));
    row_set_null(gated, GATED_POLICY);
    if (fold_text(fold, "policy", &name)) row_set_text(gated, GATED_POLICY, name);
    row_set_text(gated, GATED_POLICY_DIGEST, digest);
    row_set_text(gated, GATED_ANSWER, answer);
    row_set_int(gated, GATED_SEQ, (int64_t)fold_event(fold)->seq);
    return 0;
}

static void copy(const struct row *row, size_t column, char *ret, size_t size) {
    snprintf(ret, size, "%.*s", REASON_PART(row_text(row, column), size - 1));
}

int promotions_find_gates(struct state_view *view, const struct row *row, struct promotions_gates *ret, struct err *err) {
    struct buf of = {.max = (size_t)2 * ROW_TEXT_MAX + 64};
    struct row gated;
    bool there = false;
    *ret = (struct promotions_gates){.seq = -1};
    promotions_put_of(row, &of);
    int rc = buf_check(&of, "a name", err);
    const struct bytes parts[] = {bytes_of_buf(&of), row_text(row, PROMOTIONS_DIGEST)};
    if (rc == 0 && parts[1].n > 0) {
        rc = look_stored(view, "gated_candidates", parts, 2, &gated, &there, err);
        if (rc == 0 && there) {
            copy(&gated, GATED_POLICY, ret->name, sizeof(ret->name));
            copy(&gated, GATED_POLICY_DIGEST, ret->digest, sizeof(ret->digest));
            copy(&gated, GATED_ANSWER, ret->answer, sizeof(ret->answer));
            ret->seq = row_int(&gated, GATED_SEQ);
        }
        row_done(&gated);
    }
    buf_done(&of);
    return rc;
}
