/* The scores of both evaluations are in key order, so one merge pairs them. */
#include "projections/ready/eval_compare.h"

#include "projections/ready/eval.h"
#include "projections/ready/eval_suite.h"

const char *const eval_change_words[EVAL_CHANGES] = {
    [EVAL_CHANGE_SAME] = "same",     [EVAL_CHANGE_BETTER] = "better", [EVAL_CHANGE_WORSE] = "worse",
    [EVAL_CHANGE_OTHER] = "changed", [EVAL_CHANGE_NEW] = "new",       [EVAL_CHANGE_MISSING] = "missing"};

struct side {
    const struct row *eval;
    struct state_rows *rows;
    const struct row *score; /* NULL: no more */
    struct buf key;          /* of task and metric alone */
    struct eval_suite suite;
};

static int side_next(struct side *s, struct err *err) {
    int rc;
    while ((rc = state_rows_next(s->rows, &s->score, err)) == 0) {
        if (row_int(s->score, EVAL_SCORE_RUN) == row_int(s->eval, EVAL_STARTED_SEQ)) {
            const struct bytes parts[] = {row_text(s->score, EVAL_SCORE_TASK), row_text(s->score, EVAL_SCORE_METRIC)};
            buf_clear(&s->key);
            row_key(&s->key, parts, 2);
            return buf_check(&s->key, "a score's key", err);
        }
    }
    s->score = NULL;
    return rc == 1 ? 0 : rc;
}

static int side_open(struct side *s, struct state_view *view, const struct row *eval, struct err *err) {
    const struct bytes id = row_text(eval, EVAL_ID);
    *s = (struct side){.eval = eval};
    buf_init(&s->key, 2 * KEY_MAX);
    int rc = eval_suite_open(view, row_text(eval, EVAL_SUITE), row_text(eval, EVAL_SUITE_DIGEST), &s->suite, err);
    if (rc == 0) rc = state_rows_open(view, state_table_find(view, "eval_scores"), &id, 1, &s->rows, err);
    if (rc == 0) rc = side_next(s, err);
    return rc;
}

static void side_done(struct side *s) {
    state_rows_close(s->rows);
    eval_suite_done(&s->suite);
    buf_done(&s->key);
}

static bool is_better(const struct side sides[2], bool more, enum eval_change *ret) {
    bool higher[2], told[2];
    for (size_t i = 0; i < 2; i++) {
        told[i] = eval_suite_direction(&sides[i].suite, sides[i].score, &higher[i]);
    }
    if ((!told[0] && !told[1]) || (told[0] && told[1] && higher[0] != higher[1])) return false;
    *ret = more == (told[1] ? higher[1] : higher[0]) ? EVAL_CHANGE_BETTER : EVAL_CHANGE_WORSE;
    return true;
}

static enum eval_change change_of(const struct side sides[2]) {
    const struct row *before = sides[0].score, *after = sides[1].score;
    enum eval_change change = EVAL_CHANGE_OTHER;
    bool numbers[] = {row_has(before, EVAL_SCORE_VALUE), row_has(after, EVAL_SCORE_VALUE)};
    if (!numbers[0] && !numbers[1]) {
        bool same = bytes_eq(row_text(before, EVAL_SCORE_LABEL), row_text(after, EVAL_SCORE_LABEL));
        return same ? EVAL_CHANGE_SAME : EVAL_CHANGE_OTHER;
    }
    if (numbers[0] && numbers[1]) {
        double was = row_real(before, EVAL_SCORE_VALUE), is = row_real(after, EVAL_SCORE_VALUE);
        if (!(is < was) && !(is > was)) return EVAL_CHANGE_SAME;
        is_better(sides, is > was, &change);
    }
    return change;
}

int eval_compare(struct state_view *view, const struct row *before, const struct row *after, eval_pair_fn *each, void *ctx,
                 struct err *err) {
    struct side sides[2];
    int rc = side_open(&sides[0], view, before, err);
    int other = side_open(&sides[1], view, after, rc == 0 ? err : NULL);
    if (rc == 0) rc = other;
    while (rc == 0 && (sides[0].score != NULL || sides[1].score != NULL)) {
        int order = sides[0].score == NULL   ? 1
                    : sides[1].score == NULL ? -1
                                             : bytes_cmp(bytes_of_buf(&sides[0].key), bytes_of_buf(&sides[1].key));
        struct eval_pair pair = {.before = order <= 0 ? sides[0].score : NULL,
                                 .after = order >= 0 ? sides[1].score : NULL,
                                 .change = order < 0   ? EVAL_CHANGE_MISSING
                                           : order > 0 ? EVAL_CHANGE_NEW
                                                       : change_of(sides)};
        rc = each(ctx, &pair, err);
        rc = rc == 0 && order <= 0 ? side_next(&sides[0], err) : rc;
        rc = rc == 0 && order >= 0 ? side_next(&sides[1], err) : rc;
    }
    side_done(&sides[0]);
    side_done(&sides[1]);
    return rc;
}
