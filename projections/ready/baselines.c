/* The fold keeps what was said last; whether that can be relied on is judged when it is read, because the evaluation may be taken back
 * afterwards. */
#include "projections/ready/baselines.h"

#include "projections/fold/fold.h"
#include "projections/ready/eval.h"
#include "projections/view/look.h"

static int judge(struct state_view *view, struct row *row, struct err *err);

static const struct state_column columns[] = {
    [BASELINE_SUITE] = {"suite", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "of which suite"},
    [BASELINE_NAME] = {"baseline", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [BASELINE_EVAL] = {"eval", CELL_TEXT, COLUMN_MAIN, "which evaluation it is"},
    [BASELINE_COUNTS] = {"counts", CELL_BOOL, COLUMN_MAIN | COLUMN_JUDGED, "evaluations can be compared with it"},
    [BASELINE_REASON] = {"reason", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED, "why not"},
    [BASELINE_SUITE_DIGEST] = {"suite_digest", CELL_TEXT, 0, "digest of the suite's definition in that evaluation"},
    [BASELINE_DIGEST] = {"digest", CELL_TEXT, 0, "digest of the weights that were evaluated"},
    [BASELINE_AT] = {"set_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was set"},
    [BASELINE_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that set it"}};

static const struct state_table tables[] = {{"eval_baselines", "baseline",
                                             "A row is the evaluation that a suite's baseline of one name was set to last.",
                                             columns, BASELINE_N, judge}};

static bool is_open(enum readiness_id id) {
    return id == READINESS_EVAL_VERDICT || id == READINESS_EVAL_VALUE || id == READINESS_EVAL_CLEAR ||
           id == READINESS_EVAL_HELD || id == READINESS_EVAL_AGE || id == READINESS_EVAL_BASELINE;
}

static int weigh_row(struct state_view *view, struct bytes suite, const struct row *eval, uint64_t seq, struct reason *why,
                     struct err *err) {
    struct eval_verdict verdict;
    struct readiness against;
    struct reason words;
    readiness_init(&against);
    reason_init(&words);
    int rc = eval_judge_verdict(view, eval, true, &verdict, err);
    if (rc != 0) return rc;
    if (row_text(eval, EVAL_SUITE).n == 0) {
        reason_say(why, "it names no suite");
    } else if (!bytes_eq(row_text(eval, EVAL_SUITE), suite)) {
        reason_say(why, "it is of suite '%.*s'", REASON_NAME(row_text(eval, EVAL_SUITE)));
    } else if (row_has(eval, EVAL_STARTED_SEQ) && (uint64_t)row_int(eval, EVAL_STARTED_SEQ) > seq) {
        reason_say(why, "it was started anew since, with event %lld", (long long)row_int(eval, EVAL_STARTED_SEQ));
    }
    for (size_t i = 0; i < verdict.found.n; i++) {
        if (is_open(verdict.found.found[i].id) || against.n == READINESS_FOUND_MAX) continue;
        against.found[against.n++] = verdict.found.found[i];
    }
    readiness_tell(&against, false, &words);
    if (against.n > 0) reason_say(why, "%s%s", why->n > 0 ? "; " : "", words.words);
    reason_cite_cell(why, eval, EVAL_FINISHED_SEQ, EVAL_FINISHED_AT);
    reason_cite_all(why, &verdict.reason);
    return 0;
}

int baseline_weigh(struct state_view *view, struct bytes suite, struct bytes eval, uint64_t seq, struct reason *why,
                   struct err *err) {
    struct row row;
    bool there;
    int rc = look_stored(view, "evals", &eval, 1, &row, &there, err);
    if (rc == 0 && !there) {
        reason_say(why, "there is no evaluation '%.*s'", REASON_NAME(eval));
    } else if (rc == 0) {
        rc = weigh_row(view, suite, &row, seq, why, err);
    }
    row_done(&row);
    return rc;
}

int baseline_is_there(struct state_view *view, struct bytes suite, bool *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    bool found = false;
    int rc = look_rows(view, "eval_baselines", &suite, 1, &rows, err);
    while (rc == 0 && !found && (rc = look_next(rows, &row, err)) == 0) {
        struct reason why;
        reason_init(&why);
        rc = baseline_weigh(view, suite, row_text(row, BASELINE_EVAL), (uint64_t)row_int(row, BASELINE_SEQ), &why, err);
        found = rc == 0 && why.n == 0;
    }
    state_rows_close(rows);
    *ret = found;
    return rc == 1 ? 0 : rc;
}

static int judge(struct state_view *view, struct row *row, struct err *err) {
    struct reason why;
    reason_init(&why);
    int rc = baseline_weigh(view, row_text(row, BASELINE_SUITE), row_text(row, BASELINE_EVAL),
                            (uint64_t)row_int(row, BASELINE_SEQ), &why, err);
    if (rc == 0) {
        row_set_bool(row, BASELINE_COUNTS, why.n == 0);
        row_set_str(row, BASELINE_REASON, why.n > 0 ? why.words : NULL);
    }
    return rc;
}

/* An erased event names no baseline, and sets none. */
static int fold(struct fold *fold, struct err *err) {
    struct bytes parts[2] = {fold_name(fold, "suite"), {NULL, 0}}, eval;
    struct row *row;
    if (parts[0].n == 0 || !fold_text(fold, "baseline", &parts[1]) || !fold_text(fold, "eval", &eval)) return 0;
    int rc = fold_row(fold, 0, parts, 2, &row, err);
    if (rc != 0) return rc;
    row_set_text(row, BASELINE_EVAL, eval);
    fold_replace(fold, row, BASELINE_SUITE_DIGEST, "suite_digest");
    fold_replace(fold, row, BASELINE_DIGEST, "digest");
    row_set_int(row, BASELINE_AT, (int64_t)fold_when(fold));
    row_set_int(row, BASELINE_SEQ, (int64_t)fold_event(fold)->seq);
    return 0;
}

static const char *const kinds[] = {"eval.baseline_set", NULL};
const struct projection projection_baselines = {"baselines", 1, tables, 1, kinds, fold};
