/* The scores of both come in the order of their keys, so one merge finds what belongs together. */
#include "projections/evals_compare.h"

#include "projections/evals.h"
#include "projections/evals_suite.h"

const char *const evals_change_words[EVALS_CHANGES] = {
    [EVALS_SAME] = "same",     [EVALS_BETTER] = "better", [EVALS_WORSE] = "worse",
    [EVALS_OTHER] = "changed", [EVALS_NEW] = "new",       [EVALS_MISSING] = "missing"};

struct side {
    const struct row *eval;
    struct state_rows *rows;
    const struct row *score; /* NULL: no more */
    struct buf key;          /* of task and metric alone */
    struct suite suite;
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
    int rc = suite_open(view, row_text(eval, EVAL_SUITE), row_text(eval, EVAL_SUITE_DIGEST), &s->suite, err);
    rc = rc != 0 ? rc : state_rows_open(view, state_table_find(view, "eval_scores"), &id, 1, &s->rows, err);
    return rc != 0 ? rc : side_next(s, err);
}

static void side_done(struct side *s) {
    state_rows_close(s->rows);
    suite_done(&s->suite);
    buf_done(&s->key);
}

static bool is_better(const struct side sides[2], bool more, enum evals_change *ret) {
    bool higher[2], told[2];
    for (size_t i = 0; i < 2; i++) {
        told[i] = suite_direction(&sides[i].suite, sides[i].score, &higher[i]);
    }
    if ((!told[0] && !told[1]) || (told[0] && told[1] && higher[0] != higher[1])) {
        return false;
    }
    *ret = more == (told[1] ? higher[1] : higher[0]) ? EVALS_BETTER : EVALS_WORSE;
    return true;
}

static enum evals_change change_of(const struct side sides[2]) {
    const struct row *before = sides[0].score, *after = sides[1].score;
    enum evals_change change = EVALS_OTHER;
    bool numbers[] = {row_has(before, EVAL_SCORE_VALUE), row_has(after, EVAL_SCORE_VALUE)};
    if (!numbers[0] && !numbers[1]) {
        bool same = bytes_eq(row_text(before, EVAL_SCORE_LABEL), row_text(after, EVAL_SCORE_LABEL));
        return same ? EVALS_SAME : EVALS_OTHER;
    }
    if (numbers[0] && numbers[1]) {
        double was = row_real(before, EVAL_SCORE_VALUE), is = row_real(after, EVAL_SCORE_VALUE);
        if (!(is < was) && !(is > was)) {
            return EVALS_SAME;
        }
        is_better(sides, is > was, &change);
    }
    return change;
}

int evals_compare(struct state_view *view, const struct row *before, const struct row *after, evals_pair_fn *each,
                  void *ctx, struct err *err) {
    struct side sides[2];
    int rc = side_open(&sides[0], view, before, err);
    int other = side_open(&sides[1], view, after, rc == 0 ? err : NULL);
    rc = rc != 0 ? rc : other;
    while (rc == 0 && (sides[0].score != NULL || sides[1].score != NULL)) {
        int order = sides[0].score == NULL   ? 1
                    : sides[1].score == NULL ? -1
                                             : bytes_cmp(bytes_of_buf(&sides[0].key), bytes_of_buf(&sides[1].key));
        struct evals_pair pair = {.before = order <= 0 ? sides[0].score : NULL,
                                  .after = order >= 0 ? sides[1].score : NULL,
                                  .change = order < 0   ? EVALS_MISSING
                                            : order > 0 ? EVALS_NEW
                                                        : change_of(sides)};
        rc = each(ctx, &pair, err);
        rc = rc == 0 && order <= 0 ? side_next(&sides[0], err) : rc;
        rc = rc == 0 && order >= 0 ? side_next(&sides[1], err) : rc;
    }
    side_done(&sides[0]);
    side_done(&sides[1]);
    return rc;
}
