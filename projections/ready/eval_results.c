/* The newest score of a model in a task, from any evaluation: so a model that got worse shows, with the event that says so.
 * A row is for weights (or, where these are not stated, a model name; or else the evaluation itself), task and metric. A
 * score of a part of the samples is not included: it would be compared with complete ones. The newest is by its source's
 * time: older results that are imported later are history (decision 080).
 *
 * And the table eval_newest: which evaluation is the newest by its suite of what it is of, and which one is under way. The
 * newest is the one that began last, or, of those whose beginning nobody recorded, ended last; a part of the samples does not
 * take the place of a whole run. An evaluation that is started again with other bindings stays in the row of its old ones
 * until another one takes its place there: readers compare with the evaluation itself.
 *
 * And the evaluations that a table lists, for those who judge by them; what was erased of one; its scores in words. */
#include "projections/ready/eval.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/locale.h"
#include "ledger/event/erased.h"
#include "projections/ready/eval_suite.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

enum {
    RESULT_MODEL,
    RESULT_TASK,
    RESULT_METRIC,
    RESULT_STATE,
    RESULT_VALUE,
    RESULT_VALUE_BEFORE,
    RESULT_LABEL,
    RESULT_STDERR,
    RESULT_HIGHER,
    RESULT_SAMPLES,
    RESULT_NAME,
    RESULT_EVAL,
    RESULT_AT,
    RESULT_SEQ,
    RESULT_N
};
const struct state_column eval_result_columns[] = {
    [RESULT_MODEL] = {"model", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN,
                      "digest of the weights; without it the name; without either the evaluation, eval/<id>"},
    [RESULT_TASK] = {"task", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which task"},
    [RESULT_METRIC] = {"metric", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN,
                       "which metric, followed by \"/filter\" if it has one"},
    [RESULT_STATE] = {"state", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED, "scored, or invalidated if its evaluation was"},
    [RESULT_VALUE] = {"value", CELL_REAL, COLUMN_MAIN, "the newest value"},
    [RESULT_VALUE_BEFORE] = {"value_before", CELL_REAL, COLUMN_MAIN, "the value that it replaced"},
    [RESULT_LABEL] = {"label", CELL_TEXT, 0, "the value, if it is a word"},
    [RESULT_STDERR] = {"stderr", CELL_REAL, 0, "its standard error"},
    [RESULT_HIGHER] = {"higher_is_better", CELL_BOOL, 0, "more is better"},
    [RESULT_SAMPLES] = {"samples", CELL_INT, 0, "samples that it was computed from"},
    [RESULT_NAME] = {"name", CELL_TEXT, COLUMN_MAIN, "name of the model"},
    [RESULT_EVAL] = {"eval", CELL_TEXT, COLUMN_MAIN, "the evaluation that it is from"},
    [RESULT_AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was scored"},
    [RESULT_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"}};

_Static_assert(RESULT_N == EVAL_RESULT_COLUMNS, "the header says how many");

static struct bytes told(struct fold *fold, const char *field, const struct row *eval, size_t column) {
    struct bytes text;
    return fold_text(fold, field, &text) && text.n > 0 ? text : row_text(eval, column);
}

int eval_take_result(struct fold *fold, const struct row *eval, const struct row *score, struct err *err) {
    struct bytes digest = told(fold, "digest", eval, EVAL_DIGEST), name = told(fold, "model", eval, EVAL_MODEL);
    struct bytes parts[] = {digest.n > 0 ? digest : name, row_text(score, EVAL_SCORE_TASK),
                            row_text(score, EVAL_SCORE_METRIC)};
    struct row *row;
    struct buf itself = {.max = 2 * ROW_TEXT_MAX};
    bool none = !row_has(score, EVAL_SCORE_VALUE) && !row_has(score, EVAL_SCORE_LABEL);
    if (none || row_bool(score, EVAL_SCORE_PARTIAL)) return 0;
    if (parts[0].n == 0) {
        buf_put_str(&itself, "eval/");
        buf_put_bytes(&itself, row_text(eval, EVAL_ID));
        parts[0] = bytes_of_buf(&itself);
    }
    int rc = fold_row(fold, EVAL_RESULTS, parts, 3, &row, err);
    buf_done(&itself);
    if (rc != 0) return rc;
    if (fold_is_late(fold, row, RESULT_AT)) return 0;
    row_set_null(row, RESULT_VALUE_BEFORE);
    if (row_has(row, RESULT_VALUE)) {
        row_set_real(row, RESULT_VALUE_BEFORE, row_real(row, RESULT_VALUE));
    }
    for (size_t i = RESULT_VALUE; i < RESULT_N; i++) {
        if (i != RESULT_VALUE_BEFORE) {
            row_set_null(row, i);
        }
    }
    if (row_has(score, EVAL_SCORE_VALUE)) {
        row_set_real(row, RESULT_VALUE, row_real(score, EVAL_SCORE_VALUE));
    }
    if (row_has(score, EVAL_SCORE_HIGHER)) {
        row_set_bool(row, RESULT_HIGHER, row_bool(score, EVAL_SCORE_HIGHER));
    }
    if (row_has(score, EVAL_SCORE_LABEL)) {
        row_set_text(row, RESULT_LABEL, row_text(score, EVAL_SCORE_LABEL));
    }
    fold_copy(fold, row, RESULT_STDERR, "stderr");
    fold_copy(fold, row, RESULT_SAMPLES, "samples");
    if (name.n > 0) {
        row_set_text(row, RESULT_NAME, name);
    }
    row_set_text(row, RESULT_EVAL, row_text(eval, EVAL_ID));
    row_set_int(row, RESULT_AT, (int64_t)fold_when(fold));
    row_set_int(row, RESULT_SEQ, (int64_t)fold_event(fold)->seq);
    return 0;
}

int eval_judge_result(struct state_view *view, struct row *row, struct err *err) {
    const struct bytes id = row_text(row, RESULT_EVAL);
    struct row eval;
    bool there;
    int rc = look_stored(view, "evals", &id, 1, &eval, &there, err);
    if (rc == 0) {
        row_set_str(row, RESULT_STATE, there && row_is(&eval, EVAL_STATE, "invalidated") ? "invalidated" : "scored");
    }
    row_done(&eval);
    return rc;
}

bool eval_score_is_foreign(const struct row *eval, const struct row *score) {
    return row_bool(eval, EVAL_IMPORTED) && !bytes_eq(row_text(score, EVAL_SCORE_SOURCE), row_text(eval, EVAL_SOURCE));
}

int eval_judge_score(struct state_view *view, struct row *row, struct err *err) {
    const struct bytes id = row_text(row, EVAL_SCORE_EVAL);
    struct eval_suite suite = {0};
    struct row eval;
    double asked;
    bool higher;
    int rc = look_stored(view, "evals", &id, 1, &eval, NULL, err);
    if (rc == 0 && !eval_score_is_foreign(&eval, row)) {
        rc = eval_suite_open(view, row_text(&eval, EVAL_SUITE), row_text(&eval, EVAL_SUITE_DIGEST), &suite, err);
    }
    if (rc == 0) {
        suite.imported = row_bool(&eval, EVAL_IMPORTED);
        enum eval_result result = eval_suite_judge(&suite, row, &asked, &higher);
        row_set_str(row, EVAL_SCORE_VERDICT, eval_suite_word(result, row));
        row_set_str(row, EVAL_SCORE_SIDE, eval_suite_side(result, asked));
        if (!isnan(asked)) {
            row_set_real(row, EVAL_SCORE_ASKED, asked);
        }
    }
    eval_suite_done(&suite);
    row_done(&eval);
    return rc;
}

/* ---- evaluations that a table lists ---- */

_Static_assert((int)EVAL_OF_EVAL == (int)EVAL_ERASURE_EVAL, "all tables that list evaluations name them in one column");
int eval_each(struct state_view *view, const char *table, const struct bytes *key, eval_fn *each, void *ctx,
              struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *listed;
    int rc = look_rows(view, table, key, key != NULL, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &listed, err)) == 0) {
        struct bytes id = row_text(listed, EVAL_OF_EVAL);
        struct row eval;
        bool there = false;
        rc = look_stored(view, "evals", &id, 1, &eval, &there, err);
        if (rc == 0 && there) rc = each(ctx, &eval, err);
        row_done(&eval);
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

bool eval_is_veiled(const struct row *eval) {
    bool back = row_is(eval, EVAL_STATE, "invalidated"); /* and it stays so, unless that is what was erased */
    return row_has(eval, EVAL_ERASED_SEQ) && row_has(eval, EVAL_FINISHED_SEQ) && !row_is(eval, EVAL_STATE, "started") &&
           (!back || row_int(eval, EVAL_ERASED_SEQ) == row_int(eval, EVAL_BASE + FOLD_SINCE_SEQ));
}

/* ---- what was erased ---- */

int eval_note_erased(struct fold *fold, struct row *row, struct err *err) {
    const uint64_t seq = fold_event(fold)->seq;
    char text[24];
    struct row *at;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)seq);
    const struct bytes key = bytes_of(text);
    int rc = fold_row(fold, EVAL_ERASURES, &key, 1, &at, err);
    if (rc == 0) {
        row_set_text(at, EVAL_ERASURE_EVAL, row_text(row, EVAL_ID));
        row_set_int(at, EVAL_ERASURE_SEQ, (int64_t)seq);
        row_set_int(row, EVAL_ERASED_SEQ, (int64_t)seq);
        row_set_null(row, EVAL_ERASED_BY);
    }
    return rc;
}

struct erasing {
    struct fold *fold;
    size_t rows;
};

/* When more are erased at once than fit, the event that erased them is not recorded. */
static int take_erased(void *ctx, uint64_t seq, struct err *err) {
    struct erasing *e = ctx;
    const int64_t by = (int64_t)fold_event(e->fold)->seq;
    struct row *at, *row = NULL;
    char text[24];
    bool there = false;
    snprintf(text, sizeof(text), "%llu", (unsigned long long)seq);
    const struct bytes key = bytes_of(text);
    int rc = e->rows + 2 < FOLD_ROWS_MAX ? fold_has(e->fold, EVAL_ERASURES, &key, 1, &there, err) : 0;
    if (rc != 0 || !there) return rc;
    e->rows += 2;
    rc = fold_row(e->fold, EVAL_ERASURES, &key, 1, &at, err);
    if (rc == 0) {
        const struct bytes id = row_text(at, EVAL_ERASURE_EVAL);
        row_set_int(at, EVAL_ERASURE_BY, by);
        rc = fold_find(e->fold, EVALS, &id, 1, &row, err);
    }
    if (rc == 0 && row != NULL && row_has(row, EVAL_ERASED_SEQ) && row_int(row, EVAL_ERASED_SEQ) == (int64_t)seq) {
        row_set_int(row, EVAL_ERASED_BY, by);
    }
    return rc;
}

int eval_take_erasure(struct fold *fold, struct err *err) {
    struct erasing e = {fold, 0};
    struct bytes what;
    if (!fold_text(fold, "what", &what) || !bytes_is(what, "body")) return 0;
    int rc = erased_events(fold_event(fold)->body, fold_event(fold)->seq, take_erased, &e, err);
    return rc == ERR_CORRUPT ? 0 : rc;
}

/* ---- its scores as a list ---- */

#define NAMED_MAX  3 /* that the words name */
#define NAME(text) REASON_PART(text, 24)

/* "'t acc' 0.2 misses 0.9"; a value that is a word is printed as such. */
void eval_list_take(struct eval_list *r, const struct row *score, enum eval_result result, double asked) {
    struct bytes task = row_text(score, EVAL_SCORE_TASK), metric = row_text(score, EVAL_SCORE_METRIC);
    struct bytes label = row_text(score, EVAL_SCORE_LABEL);
    const char *side = eval_suite_side(result, asked);
    bool number = row_has(score, EVAL_SCORE_VALUE);
    char real[LOCALE_REAL_MAX];
    struct buf item = {.max = ROW_LIST_MAX};
    eval_suite_put(result, asked, score, &item);
    if (item.fail == 0 && list_out_fits(&r->list, item.n)) {
        list_out_raw(&r->list, bytes_of_buf(&item));
    }
    buf_done(&item);
    if (r->told++ < NAMED_MAX) {
        buf_printf(&r->words, "%s%.*s%s%.*s ", r->words.n > 0 ? "; " : "", NAME(task), task.n > 0 ? " " : "", NAME(metric));
        if (number) {
            buf_put_str(&r->words, locale_real(real, row_real(score, EVAL_SCORE_VALUE)));
        } else {
            buf_printf(&r->words, "%.*s", NAME(label));
        }
        if (side != NULL) {
            buf_printf(&r->words, " %s %s", strcmp(side, "unknown") == 0 ? "against" : side, locale_real(real, asked));
        }
    }
}

/* The words are cut to a row's text. */
int eval_list_put(struct eval_list *r, struct row *row, struct err *err) {
    if (r->told > NAMED_MAX) {
        buf_printf(&r->words, "; and %zu more", r->told - NAMED_MAX);
    }
    if (r->told > 0) {
        row_set_text(row, EVAL_RESULT, bytes_of_buf(&r->words));
    }
    return list_out_set(&r->list, row, EVAL_RESULT_LIST, err);
}

/* ---- the newest evaluation ---- */

const struct state_column eval_newest_columns[EVAL_NEWEST_N] = {
    [EVAL_NEWEST_SUITE] = {"suite", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "by which suite; empty: none is named"},
    [EVAL_NEWEST_OF] =
        {"of", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN,
         "what was evaluated: route/NAME, pack/NAME, model/NAME, else the digest of weights or of a program"},
    [EVAL_NEWEST_EVAL] = {"eval", CELL_TEXT, COLUMN_MAIN, "which evaluation"},
    [EVAL_NEWEST_PARTIAL] = {"partial", CELL_BOOL, 0, "only a part of its samples was run"},
    [EVAL_NEWEST_AT] = {"began_at", CELL_INT, COLUMN_TIME, "when it began; or ended, if its beginning was not recorded"},
    [EVAL_NEWEST_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that ended it"},
    [EVAL_NEWEST_OPEN] = {"open", CELL_TEXT, COLUMN_MAIN, "the evaluation that was begun last and has not ended"},
    [EVAL_NEWEST_OPEN_AT] = {"open_at", CELL_INT, COLUMN_TIME, "when that one began"}};

void eval_put_of(const struct row *eval, struct buf *out) {
    static const struct {
        size_t column;
        const char *noun;
    } of[] = {
        {EVAL_ROUTE, "route/"}, {EVAL_PACK, "pack/"}, {EVAL_MODEL, "model/"}, {EVAL_DIGEST, ""}, {EVAL_PROGRAM_DIGEST, ""}};
    for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++) {
        if (row_text(eval, of[i].column).n == 0) continue;
        buf_put_str(out, of[i].noun);
        buf_put_bytes(out, row_text(eval, of[i].column));
        return;
    }
}

/* *ret NULL: it does not say what it is of. */
static int find_newest(struct fold *fold, const struct row *eval, struct row **ret, struct err *err) {
    struct buf of = {.max = 2 * ROW_TEXT_MAX};
    eval_put_of(eval, &of);
    const struct bytes parts[] = {row_text(eval, EVAL_SUITE), bytes_of_buf(&of)};
    int rc = buf_check(&of, "what was evaluated", err);
    *ret = NULL;
    if (rc == 0 && parts[1].n > 0) rc = fold_row(fold, EVAL_NEWEST, parts, 2, ret, err);
    buf_done(&of);
    return rc;
}

static bool is_open(const struct row *at, const struct row *eval) {
    return bytes_eq(row_text(at, EVAL_NEWEST_OPEN), row_text(eval, EVAL_ID));
}

int eval_note_begun(struct fold *fold, const struct row *eval, struct err *err) {
    int64_t began = row_int(eval, EVAL_STARTED_AT);
    struct row *at;
    int rc = find_newest(fold, eval, &at, err);
    if (rc != 0 || at == NULL) return rc;
    if (!row_has(at, EVAL_NEWEST_OPEN) || began >= row_int(at, EVAL_NEWEST_OPEN_AT)) {
        row_set_text(at, EVAL_NEWEST_OPEN, row_text(eval, EVAL_ID));
        row_set_int(at, EVAL_NEWEST_OPEN_AT, began);
    }
    return 0;
}

int eval_note_ended(struct fold *fold, const struct row *eval, struct err *err) {
    int64_t began = row_int(eval, row_has(eval, EVAL_STARTED_AT) ? EVAL_STARTED_AT : EVAL_FINISHED_AT);
    bool partial = row_bool(eval, EVAL_PARTIAL);
    struct row *at;
    int rc = find_newest(fold, eval, &at, err);
    if (rc != 0 || at == NULL) return rc;
    if (is_open(at, eval)) {
        row_set_null(at, EVAL_NEWEST_OPEN);
        row_set_null(at, EVAL_NEWEST_OPEN_AT);
    }
    bool same = bytes_eq(row_text(at, EVAL_NEWEST_EVAL), row_text(eval, EVAL_ID));
    bool none = !row_has(at, EVAL_NEWEST_EVAL), was_partial = row_bool(at, EVAL_NEWEST_PARTIAL);
    bool better = partial != was_partial ? was_partial : began >= row_int(at, EVAL_NEWEST_AT);
    if (none || same || better) {
        row_set_text(at, EVAL_NEWEST_EVAL, row_text(eval, EVAL_ID));
        row_set_bool(at, EVAL_NEWEST_PARTIAL, partial);
        row_set_int(at, EVAL_NEWEST_AT, began);
        row_set_int(at, EVAL_NEWEST_SEQ, (int64_t)fold_event(fold)->seq);
    }
    return 0;
}
