/* Under which gates a candidate was verified, whatever it is called and in whichever promotion: a candidate is its digest. Gates that were
 * asked about it stay with it until they pass it: a pass of others is taken only where the verification says that they take the place of
 * those (`policy_before`). So nobody sheds gates by leaving them out, and who replaced them is on record.
 *
 *   verifying by G, policy_before P ──> the row has G. The candidate has G, asked; unless other gates than G and P hold it: shed
 *   gated by G ──> a pass is taken if it was measured and nothing is shed then; the candidate keeps G, the answer and its event
 *
 * What was asked is enough to keep gates, so a correction or an erasure of their answer does not take them away. A refusal holds its
 * promotion whoever typed it; the candidate's gates are set by what asked them itself: its grade says so, as that of an evaluation does
 * (decision 102). */
#include "projections/ready/promotions.h"

#include <stdio.h>
#include <string.h>

#include "projections/view/look.h"

#define GATED_TABLE 3

const struct state_column promotions_gated_columns[] = {
    [GATED_DIGEST] = {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of the candidate"},
    [GATED_OF] = {"of", CELL_TEXT, COLUMN_MAIN, "what it was verified for last: route/NAME, pack/NAME, ..."},
    [GATED_PROMOTION] = {"promotion", CELL_TEXT, COLUMN_MAIN, "the promotion that was verified"},
    [GATED_POLICY] = {"policy", CELL_TEXT, COLUMN_MAIN, "name of the gates that hold it"},
    [GATED_POLICY_DIGEST] = {"policy_digest", CELL_TEXT, 0, "digest of their file"},
    [GATED_ANSWER] = {"answer", CELL_TEXT, COLUMN_MAIN, "what they answered: pass, refuse, hold; asked: nothing yet"},
    [GATED_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
};

static bool is_measured(const struct fold *fold) {
    return bytes_is(fold_event(fold)->grade, "measured");
}

/* The candidate's row, or NULL. Of a candidate without a digest there is none. */
static int find(struct fold *fold, const struct row *row, bool make, struct row **ret, struct err *err) {
    struct bytes digest = row_text(row, PROMOTIONS_DIGEST);
    *ret = NULL;
    if (digest.n == 0) (void)fold_text(fold, "digest", &digest);
    return digest.n > 0 ? (make ? fold_row : fold_find)(fold, GATED_TABLE, &digest, 1, ret, err) : 0;
}

/* Do other gates hold the candidate than `by`, and than those that the promotion's verification replaces? */
static bool sheds(const struct row *gated, const struct row *row, struct bytes by) {
    struct bytes holds = gated != NULL ? row_text(gated, GATED_POLICY_DIGEST) : (struct bytes){0};
    bool named =
        bytes_eq(by, row_text(row, PROMOTIONS_POLICY_DIGEST)) && bytes_eq(holds, row_text(row, PROMOTIONS_POLICY_BEFORE));
    return gated != NULL && !row_is(gated, GATED_ANSWER, "pass") && !bytes_eq(by, holds) && !named;
}

static int keep(struct fold *fold, const struct row *row, struct bytes by, struct bytes answer, struct err *err) {
    struct buf of = {.max = (size_t)2 * ROW_TEXT_MAX + 64};
    struct row *gated = NULL;
    struct bytes name = {0};
    promotions_put_of(row, &of);
    int rc = buf_check(&of, "a name", err);
    if (rc == 0) rc = find(fold, row, true, &gated, err);
    if (rc == 0 && gated != NULL) {
        row_set_text(gated, GATED_OF, bytes_of_buf(&of));
        row_set_text(gated, GATED_PROMOTION, row_text(row, PROMOTIONS_PROMOTION));
        row_set_null(gated, GATED_POLICY);
        if (fold_text(fold, "policy", &name)) row_set_text(gated, GATED_POLICY, name);
        row_set_text(gated, GATED_POLICY_DIGEST, by);
        row_set_text(gated, GATED_ANSWER, answer);
        row_set_int(gated, GATED_SEQ, (int64_t)fold_event(fold)->seq);
    }
    buf_done(&of);
    return rc;
}

/* Notes in the row whether the gates that it asks shed others. */
static int note_shed(struct fold *fold, struct row *row, struct err *err) {
    struct row *gated = NULL;
    row_set_null(row, PROMOTIONS_SHED_SEQ);
    int rc = find(fold, row, false, &gated, err);
    if (rc == 0 && sheds(gated, row, row_text(row, PROMOTIONS_POLICY_DIGEST))) {
        row_set_int(row, PROMOTIONS_SHED_SEQ, row_int(gated, GATED_SEQ));
    }
    return rc;
}

int promotions_take_gates(struct fold *fold, struct row *row, struct err *err) {
    struct bytes by = {0};
    fold_replace(fold, row, PROMOTIONS_POLICY, "policy");
    fold_replace(fold, row, PROMOTIONS_POLICY_DIGEST, "policy_digest");
    fold_replace(fold, row, PROMOTIONS_POLICY_BEFORE, "policy_before");
    int rc = note_shed(fold, row, err);
    if (rc != 0 || row_has(row, PROMOTIONS_SHED_SEQ) || !is_measured(fold)) return rc;
    return fold_text(fold, "policy_digest", &by) && by.n > 0 ? keep(fold, row, by, bytes_of("asked"), err) : 0;
}

int promotions_bars_pass(struct fold *fold, struct row *row, char *ret_why, size_t size, struct err *err) {
    struct bytes asked = {0};
    (void)fold_text(fold, "policy_digest", &asked);
    int rc = note_shed(fold, row, err);
    if (rc != 0) return rc;
    if (!is_measured(fold)) {
        snprintf(ret_why, size, "nobody measured it: the gates are asked by ledger promote verify {}");
    } else if (row_has(row, PROMOTIONS_SHED_SEQ)) {
        snprintf(ret_why, size,
                 "other gates did not pass it (event %lld), and the verification does not say that these replace them",
                 (long long)row_int(row, PROMOTIONS_SHED_SEQ));
    } else if (!bytes_eq(asked, row_text(row, PROMOTIONS_POLICY_DIGEST))) {
        snprintf(ret_why, size, "it answers for other gates than the verification asks");
    }
    return 0;
}

/* Of two refusals by different gates, neither of which replaces the other, the first is kept. */
int promotions_keep_answer(struct fold *fold, const struct row *row, struct err *err) {
    struct row *gated = NULL;
    struct bytes by = {0}, answer = {0};
    bool says = fold_text(fold, "policy_digest", &by) && by.n > 0 && fold_text(fold, "decision", &answer) && answer.n > 0;
    if (!says || !is_measured(fold)) return 0;
    int rc = find(fold, row, false, &gated, err);
    if (rc != 0 || (sheds(gated, row, by) && !row_is(gated, GATED_ANSWER, "asked"))) return rc;
    return keep(fold, row, by, answer, err);
}

static void copy(const struct row *row, size_t column, char *ret, size_t size) {
    snprintf(ret, size, "%.*s", REASON_PART(row_text(row, column), size - 1));
}

int promotions_find_gates(struct state_view *view, const struct row *row, struct promotions_gates *ret, struct err *err) {
    struct bytes digest = row_text(row, PROMOTIONS_DIGEST);
    struct row gated;
    bool there = false;
    *ret = (struct promotions_gates){.seq = -1};
    if (digest.n == 0) return 0;
    int rc = look_stored(view, "gated_candidates", &digest, 1, &gated, &there, err);
    if (rc == 0 && there) {
        copy(&gated, GATED_POLICY, ret->name, sizeof(ret->name));
        copy(&gated, GATED_POLICY_DIGEST, ret->digest, sizeof(ret->digest));
        copy(&gated, GATED_ANSWER, ret->answer, sizeof(ret->answer));
        copy(&gated, GATED_PROMOTION, ret->promotion, sizeof(ret->promotion));
        ret->seq = row_int(&gated, GATED_SEQ);
    }
    row_done(&gated);
    return rc;
}
