/* The fold of evaluations. An evaluation is one id; a new start under the same id is a new run, and results of the run
 * before no longer count: each score names the run it belongs to.
 *
 * Of scores that telemetry reports there is neither a beginning nor an end: such an evaluation is only scored.
 *
 * A result file of another program (eval.imported) is a finished evaluation without a verdict of its own. What its scores
 * mean is judged on reading (eval_judge.c), because a suite may be declared after them. */
#include "projections/ready/eval.h"

#include "projections/rows/list.h"

#include <string.h>

#define NOTHING ((struct bytes){0})

static const struct state_column eval_columns[] = {
    [EVAL_ID] = {"eval", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [EVAL_STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
                    "started, finished, invalidated; scored: nothing but scores or samples of it are known"},
    [EVAL_VERDICT] = {"verdict", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                      "pass, warn, fail, unknown: as recorded, otherwise derived from its scores"},
    [EVAL_COUNTS] = {"counts", CELL_BOOL, COLUMN_MAIN | COLUMN_JUDGED, "it is a full pass and can prove something"},
    [EVAL_REASON] = {"reason", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED, "why it does not count: everything that is missing"},
    [EVAL_MISSING] = {"missing", CELL_LIST, COLUMN_JUDGED,
                      "the same as a list, with a map for each finding: about, reason, rule"},
    [EVAL_SUITE] = {"suite", CELL_TEXT, 0, "which suite"},
    [EVAL_SUITE_DIGEST] = {"suite_digest", CELL_TEXT, 0, "digest of the suite"},
    [EVAL_MODEL] = {"model", CELL_TEXT, COLUMN_MAIN, "name of the model"},
    [EVAL_DIGEST] = {"digest", CELL_TEXT, 0, "digest of its weights"},
    [EVAL_PACK] = {"pack", CELL_TEXT, 0, "for which pack"},
    [EVAL_PACK_VERSION] = {"pack_version", CELL_TEXT, 0, "that pack's version"},
    [EVAL_ROUTE] = {"route", CELL_TEXT, COLUMN_MAIN, "for which route"},
    [EVAL_CONFIG_DIGEST] = {"config_digest", CELL_TEXT, 0, "digest of the route's configuration"},
    [EVAL_PARTIAL] = {"partial", CELL_BOOL, 0, "only a part of the samples was run"},
    [EVAL_CACHED] = {"cached", CELL_BOOL, 0, "answers came from a cache"},
    [EVAL_DIRTY] = {"dirty", CELL_BOOL, 0, "its code had changes on top of its commit"},
    [EVAL_PASSED] = {"passed", CELL_INT, 0, "scores that passed"},
    [EVAL_FAILED] = {"failed", CELL_INT, 0, "scores that failed"},
    [EVAL_ERRORS] = {"errors", CELL_INT, 0, "samples that ended in an error"},
    [EVAL_SAMPLES] = {"samples", CELL_INT, 0, "samples run; while it is running, samples planned"},
    [EVAL_SAMPLES_TOTAL] = {"samples_total", CELL_INT, 0, "samples planned or in its suite, whichever is more"},
    [EVAL_HARNESS] = {"harness", CELL_TEXT, 0, "the program that wrote its result file"},
    [EVAL_IMPORTED] = {"imported", CELL_BOOL, 0, "it was imported from a result file"},
    [EVAL_SAID] = {"verdict_said", CELL_TEXT, 0, "the verdict that was recorded"},
    [EVAL_CHANGED] = {"changed", CELL_TEXT, 0, "which of its bindings differs between its start and its end"},
    [EVAL_SCORED] = {"scores", CELL_INT, COLUMN_JUDGED, "number of its scores"},
    [EVAL_RESULT] = {"scored", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                     "the first score: task, metric, value, and on which side of the threshold"},
    [EVAL_RESULT_LIST] = {"results", CELL_LIST, COLUMN_JUDGED,
                          "all scores, with a map for each: metric, side, task, threshold, value, verdict"},
    [EVAL_SCORES_PASSED] = {"scores_passed", CELL_INT, COLUMN_JUDGED, "scores that reach all their thresholds"},
    [EVAL_SCORES_FAILED] = {"scores_failed", CELL_INT, COLUMN_JUDGED, "scores that miss a threshold"},
    [EVAL_SCORES_OTHER] = {"scores_unclear", CELL_INT, COLUMN_JUDGED, "scores that warn or cannot be judged"},
    [EVAL_SCORES_PARTIAL] = {"scores_partial", CELL_INT, COLUMN_JUDGED, "scores computed from a part of the samples"},
    [EVAL_SCORES_CHECKED] = {"scores_checked", CELL_INT, COLUMN_JUDGED,
                             "scores of a result file that were computed again from its samples; null: it is from none"},
    [EVAL_SAMPLES_FAILED] = {"samples_failed", CELL_INT, 0, "samples that were recorded as failed"},
    [EVAL_SAMPLES_ERRED] = {"samples_erred", CELL_INT, 0,
                            "samples that ended in an error, or failed without a stated cause"},
    [EVAL_INVALID] = {"invalidated", CELL_TEXT, 0, "why it was invalidated, in a word"},
    [EVAL_STARTED_SEQ] = {"started_seq", CELL_INT, COLUMN_SEQ, "the event that began it"},
    [EVAL_FINISHED_AT] = {"finished_at", CELL_INT, COLUMN_TIME, "when it ended"},
    [EVAL_FINISHED_SEQ] = {"finished_seq", CELL_INT, COLUMN_SEQ, "the event that ended it"},
    [EVAL_ERASED_SEQ] = {"erased_seq", CELL_INT, COLUMN_SEQ, "its newest event whose body was erased"},
    [EVAL_ERASED_BY] = {"erased_by", CELL_INT, COLUMN_SEQ, "the event that recorded it"},
    [EVAL_PROGRAM_DIGEST] = {"program_digest", CELL_TEXT, 0, "digest of the program, if a tool was evaluated"},
    [EVAL_SAMPLES_RECORDED] = {"samples_recorded", CELL_INT, 0, "samples on record that were measured"},
    [EVAL_UNMEASURED_SEQ] = {"unmeasured_seq", CELL_INT, COLUMN_SEQ, "its newest score or end that is not measured"},
    [EVAL_FILE_DIGEST] = {"file_digest", CELL_TEXT, 0, "digest of the result file that it was imported from"},
    [EVAL_PARTIAL_REASONS] = {"partial_reasons", CELL_LIST, 0,
                              "why it is partial, in the words of eval.imported; null: it is not, or not for these alone"},
    [EVAL_SOURCE] = {"source", CELL_TEXT, 0, "how its result file entered the ledger; only scores from there count"},
    [EVAL_DIGEST_FROM] = {"digest_from", CELL_TEXT, 0, "of a model: who says which weights it has: runtime, file, given"},
    [EVAL_PACK_DIGEST] = {"pack_digest", CELL_TEXT, 0, "digest of all files of the pack that ran"},
    [EVAL_STARTED_AT] = {"started_at", CELL_INT, COLUMN_TIME, "when it began"},
    FOLD_COLUMNS};
static const struct state_column erasure_columns[] = {
    [EVAL_ERASURE_EVENT] = {"event", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which event"},
    [EVAL_ERASURE_EVAL] = {"eval", CELL_TEXT, COLUMN_MAIN, "of which evaluation"},
    [EVAL_ERASURE_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the same event"},
    [EVAL_ERASURE_BY] = {"erased_by", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the event that recorded it"}};
static const struct state_column score_columns[] = {
    [EVAL_SCORE_EVAL] = {"eval", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which evaluation"},
    [EVAL_SCORE_TASK] = {"task", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which task"},
    [EVAL_SCORE_METRIC] = {"metric", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN,
                           "which metric, followed by \"/filter\" if it has one"},
    [EVAL_SCORE_VALUE] = {"value", CELL_REAL, COLUMN_MAIN, "the value"},
    [EVAL_SCORE_LABEL] = {"label", CELL_TEXT, 0, "the value, if it is a word"},
    [EVAL_SCORE_STDERR] = {"stderr", CELL_REAL, COLUMN_MAIN, "its standard error"},
    [EVAL_SCORE_THRESHOLD] = {"threshold", CELL_REAL, COLUMN_MAIN, "the required value"},
    [EVAL_SCORE_HIGHER] = {"higher_is_better", CELL_BOOL, 0, "more is better"},
    [EVAL_SCORE_VERDICT] = {"verdict", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                            "pass, warn, fail, unknown: compared with its own threshold and the suite's"},
    [EVAL_SCORE_ASKED] = {"asked", CELL_REAL, COLUMN_JUDGED,
                          "the threshold that decides its verdict: its own or the suite's"},
    [EVAL_SCORE_SIDE] = {"side", CELL_TEXT, COLUMN_MAIN | COLUMN_JUDGED,
                         "on which side of the threshold it is: reaches, misses; unknown: the direction is not stated, or "
                         "there is no value"},
    [EVAL_SCORE_SAID] = {"verdict_said", CELL_TEXT, 0, "what its source says of it"},
    [EVAL_SCORE_SAMPLES] = {"samples", CELL_INT, COLUMN_MAIN, "samples that it was computed from"},
    [EVAL_SCORE_PARTIAL] = {"partial", CELL_BOOL, 0, "it was computed from a part of them"},
    [EVAL_SCORE_SAMPLED] = {"value_sampled", CELL_REAL, 0, "the value that its samples make, if it was checked"},
    [EVAL_SCORE_SOURCE] = {"source", CELL_TEXT, 0, "how it entered the ledger"},
    [EVAL_SCORE_CORRECTED] = {"corrected", CELL_BOOL, 0, "it was corrected or invalidated afterwards"},
    [EVAL_SCORE_CONTRADICTED] = {"contradicted", CELL_BOOL, 0, "the same run had a different result for it before"},
    [EVAL_SCORE_RUN] = {"started_seq", CELL_INT, COLUMN_SEQ, "which run of the evaluation"},
    [EVAL_SCORE_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the event that recorded it"}};
static const struct state_column route_columns[] = {
    [EVAL_OF_KEY] = {"route", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which route"},
    [EVAL_OF_EVAL] = {"eval", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which evaluation"},
    [EVAL_OF_SEQ] = {"seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the event that recorded it"}};
static const struct state_column digest_columns[] = {
    [EVAL_OF_KEY] = {"digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which weights"},
    [EVAL_OF_EVAL] = {"eval", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which evaluation"},
    [EVAL_OF_SEQ] = {"seq", CELL_INT, COLUMN_SEQ | COLUMN_MAIN, "the event that recorded it"}};
static const struct state_column suite_columns[] = {
    [SUITE_NAME] = {"suite", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [SUITE_DIGEST] = {"suite_digest", CELL_TEXT, COLUMN_MAIN, "digest of its definition"},
    [SUITE_DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0, "digest before it changed"},
    [SUITE_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [SUITE_TASKS] = {"tasks", CELL_LIST, 0, "its tasks and their thresholds"},
    [SUITE_MAX_AGE_S] = {"max_age_s", CELL_INT, COLUMN_MAIN, "for how long a result counts, seconds"},
    [SUITE_CHANGED_AT] = {"changed_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when its definition became this one"},
    [SUITE_CHANGED_SEQ] = {"changed_seq", CELL_INT, COLUMN_SEQ, "the event that said so"},
    [SUITE_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the newest event about it"}};
static const struct state_column version_columns[] = {
    [SUITE_NAME] = {"suite", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [SUITE_DIGEST] = {"suite_digest", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "digest of its definition; empty: none"},
    [SUITE_DIGEST_BEFORE] = {"digest_before", CELL_TEXT, 0, "digest before it changed"},
    [SUITE_VERSION] = {"version", CELL_TEXT, COLUMN_MAIN, "its version"},
    [SUITE_TASKS] = {"tasks", CELL_LIST, 0, "its tasks and their thresholds"},
    [SUITE_MAX_AGE_S] = {"max_age_s", CELL_INT, COLUMN_MAIN, "for how long a result counts, seconds"},
    [SUITE_CHANGED_AT] = {"changed_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when its definition became this one"},
    [SUITE_CHANGED_SEQ] = {"changed_seq", CELL_INT, COLUMN_SEQ, "the event that said so"},
    [SUITE_SEQ] = {"seq", CELL_INT, COLUMN_SEQ, "the newest event about it"}};

static const struct state_table tables[EVALS_TABLES] = {
    [EVALS] = {"evals", "eval", "A row is an evaluation.", eval_columns, EVAL_BASE + FOLD_N, eval_judge},
    [EVAL_SCORES] = {"eval_scores", "score", "A row is one number of an evaluation.", score_columns, EVAL_SCORE_N,
                     eval_judge_score},
    [EVAL_ROUTES] = {"eval_routes", "eval-of-route", "A row is an evaluation of a route.", route_columns, EVAL_OF_SEQ + 1,
                     NULL},
    [EVAL_MODELS] = {"eval_models", "eval-of-model", "A row is an evaluation of weights.", digest_columns, EVAL_OF_SEQ + 1,
                     NULL},
    [EVAL_LOOSE] = {"eval_loose", "eval-without-route",
                    "A row is an evaluation of weights or a configuration that names no route.", digest_columns,
                    EVAL_OF_SEQ + 1, NULL},
    [EVAL_ERASURES] = {"eval_erasures", "erasure-of-eval", "A row is an event of an evaluation whose body was erased.",
                       erasure_columns, EVAL_ERASURE_N, NULL},
    [EVAL_NEWEST] = {"eval_newest", "newest-eval",
                     "A row is the newest evaluation by a suite of one route, pack, model or program.", eval_newest_columns,
                     EVAL_NEWEST_N, NULL},
    [SUITES] = {"suites", "suite", "A row is a suite of tasks as last declared.", suite_columns, SUITE_N, NULL},
    [SUITE_VERSIONS] = {"suite_versions", "suite-version", "A row is the newest declaration of one digest of a suite.",
                        version_columns, SUITE_N, NULL},
    [EVAL_RESULTS] = {"eval_results", "result", "A row is the newest score of a model in a task.", eval_result_columns,
                      EVAL_RESULT_COLUMNS, eval_judge_result}};

/* ---- legal steps ---- */

/* Results come from outside, so an end without a beginning is fine. An end after an end is not, except a result file
 * imported again with more or fewer of its samples. */
static const struct fold_step_rule rules[] = {
    {"", "started", "started", NULL},
    {"", "invalidated", "invalidated", "invalidated before anything was known of it"},
    {"started", "started", "started", "started again before it had finished"},
    {"finished", "started", "started", NULL},
    {"invalidated", "started", "started", NULL},
    {"", "finished", "finished", NULL},
    {"started", "finished", "finished", NULL},
    {"finished", "finished", "finished", "finished twice"},
    {"invalidated", "finished", NULL, "finished after it was invalidated: a new start must come before"},
    {"invalidated", "imported", NULL, "taken in again after it was invalidated"},
    {"*", "imported", "finished", NULL},
    {"invalidated", "invalidated", NULL, NULL},
    {"*", "invalidated", "invalidated", NULL},
    {"scored", "started", "started", NULL},
    {"scored", "finished", "finished", NULL},
    {"", "scored", "scored", NULL},
    {"", "sample_failed", "scored", NULL},
    {"", "sampled", "scored", NULL},
    {"*", "scored", NULL, NULL},
    {"*", "sample_failed", NULL, NULL},
    {"*", "sampled", NULL, NULL}};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/* The first end of a result file: it was held against a suite. */
static const struct fold_step_rule judged[] = {{"finished", "finished", "finished", NULL}};

/* ---- what it is bound to ---- */

static const struct binding {
    size_t column;
    const char *field;
    const char *word; /* for bindings that must not change during a run */
} bindings[] = {{EVAL_SUITE, "suite", "suite"},
                {EVAL_SUITE_DIGEST, "suite_digest", "suite digest"},
                {EVAL_MODEL, "model", NULL},
                {EVAL_DIGEST, "digest", "model digest"},
                {EVAL_PACK, "pack", "pack"},
                {EVAL_PACK_VERSION, "pack_version", "pack version"},
                {EVAL_PACK_DIGEST, "pack_digest", "pack digest"},
                {EVAL_ROUTE, "route", "route"},
                {EVAL_CONFIG_DIGEST, "config_digest", "configuration digest"},
                {EVAL_PROGRAM_DIGEST, "program_digest", "program digest"}};
#define N_BINDINGS (sizeof(bindings) / sizeof(bindings[0]))

static int index_eval(struct fold *fold, size_t table, const struct row *row, size_t column, struct err *err) {
    const struct bytes parts[] = {row_text(row, column), row_text(row, EVAL_ID)};
    struct row *at;
    if (parts[0].n == 0) return 0;
    int rc = fold_row(fold, table, parts, 2, &at, err);
    if (rc == 0) {
        row_set_int(at, EVAL_OF_SEQ, (int64_t)fold_event(fold)->seq);
    }
    return rc;
}

/* An evaluation that names no route is indexed by its weights and by its configuration, until it names one. */
static int index_loose(struct fold *fold, const struct row *row, struct err *err) {
    static const size_t columns[] = {EVAL_DIGEST, EVAL_CONFIG_DIGEST};
    int rc = 0;
    for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]) && rc == 0; i++) {
        const struct bytes parts[] = {row_text(row, columns[i]), row_text(row, EVAL_ID)};
        struct row *at = NULL;
        if (!row_has(row, EVAL_ROUTE)) {
            rc = index_eval(fold, EVAL_LOOSE, row, columns[i], err);
        } else if (parts[0].n > 0) {
            rc = fold_find(fold, EVAL_LOOSE, parts, 2, &at, err);
        }
        if (rc == 0 && at != NULL) {
            fold_drop(at);
        }
    }
    return rc;
}

/* `end`: differences from the beginning, or from what a result file says, are noted. That is no illegal step: it is what an
 * evaluation finds out about what it evaluates, and why it does not count. */
static int bind(struct fold *fold, struct row *row, bool end, struct err *err) {
    for (size_t i = 0; i < N_BINDINGS; i++) {
        const struct binding *b = &bindings[i];
        struct bytes now;
        if (end && b->word != NULL && row_has(row, b->column) && fold_text(fold, b->field, &now) &&
            !bytes_eq(now, row_text(row, b->column)) && !row_has(row, EVAL_CHANGED)) {
            row_set_str(row, EVAL_CHANGED, b->word);
        }
        fold_copy(fold, row, b->column, b->field);
    }
    int rc = index_eval(fold, EVAL_ROUTES, row, EVAL_ROUTE, err);
    if (rc == 0) rc = index_eval(fold, EVAL_MODELS, row, EVAL_DIGEST, err);
    if (rc == 0) rc = index_loose(fold, row, err);
    return rc;
}

static void forget(struct row *row) {
    for (size_t i = EVAL_VERDICT; i < EVAL_BASE; i++) {
        row_set_null(row, i);
    }
}

/* ---- its scores ---- */

static int find_score(struct fold *fold, const struct row *row, struct row **ret, struct err *err) {
    struct bytes task = NOTHING, metric = NOTHING, filter = NOTHING;
    struct buf name = {.max = 4 * ROW_BYTES_MAX};
    fold_text(fold, "task", &task);
    fold_text(fold, "metric", &metric);
    if (fold_text(fold, "filter", &filter) && filter.n > 0) {
        buf_put_bytes(&name, metric);
        buf_put_u8(&name, '/');
        buf_put_bytes(&name, filter);
        metric = bytes_of_buf(&name);
    }
    const struct bytes parts[] = {row_text(row, EVAL_ID), task, metric};
    int rc = buf_check(&name, "a metric's name", err);
    if (rc == 0) rc = fold_row(fold, EVAL_SCORES, parts, 3, ret, err);
    buf_done(&name);
    return rc;
}

static const struct {
    size_t column;
    const char *field;
} score_fields[] = {{EVAL_SCORE_VALUE, "value"},          {EVAL_SCORE_LABEL, "label"},
                    {EVAL_SCORE_THRESHOLD, "threshold"},  {EVAL_SCORE_HIGHER, "higher_is_better"},
                    {EVAL_SCORE_SAID, "verdict"},         {EVAL_SCORE_STDERR, "stderr"},
                    {EVAL_SCORE_SAMPLES, "samples"},      {EVAL_SCORE_PARTIAL, "partial"},
                    {EVAL_SCORE_SAMPLED, "value_sampled"}};
#define N_SCORE_FIELDS (sizeof(score_fields) / sizeof(score_fields[0]))
#define N_RESULT       5 /* of them are its result */

/* Whether it is partial: it has fewer samples than there are, or a reason for it, whatever else it says. */
static bool is_part(const struct fold *fold, bool *ret_few, bool *ret_reasons) {
    int64_t n, total;
    struct bytes raw, item;
    struct list reasons;
    bool told = fold_raw(fold, "partial_reasons", &raw);
    list_open(&reasons, told ? raw : NOTHING);
    *ret_few = fold_int(fold, "samples", &n) && fold_int(fold, "samples_total", &total) && n < total;
    *ret_reasons = list_next(&reasons, &item);
    return *ret_few || *ret_reasons;
}

/* Its reasons are kept while they are all that makes it partial. Only an import gives reasons. */
static void take_part(struct fold *fold, struct row *row) {
    bool few, reasons, part = is_part(fold, &few, &reasons), says = false;
    fold_bool(fold, "partial", &says);
    if (part) row_set_bool(row, EVAL_PARTIAL, true);
    if (few || (says && !reasons)) {
        row_set_null(row, EVAL_PARTIAL_REASONS);
    } else if (reasons) {
        fold_copy(fold, row, EVAL_PARTIAL_REASONS, "partial_reasons");
    }
}

/* How many samples there are to run: a later, lower number does not reduce it. */
static void take_total(const struct fold *fold, struct row *row, const char *field) {
    int64_t n;
    if (fold_int(fold, field, &n) && (!row_has(row, EVAL_SAMPLES_TOTAL) || n > row_int(row, EVAL_SAMPLES_TOTAL))) {
        row_set_int(row, EVAL_SAMPLES_TOTAL, n);
    }
}

/* A wrong answer is a result; an error, or an unnamed failure, leaves open what the answer would have been. A failure named
 * by a metric is an answer. */
static void take_failure(const struct fold *fold, struct row *row) {
    struct bytes failure = NOTHING, metric;
    bool told = fold_text(fold, "failure", &failure);
    bool answered =
        told ? bytes_is(failure, "assertion") || bytes_is(failure, "limit") : fold_text(fold, "metric", &metric);
    row_add(row, EVAL_SAMPLES_FAILED, 1);
    if (!answered) {
        row_add(row, EVAL_SAMPLES_ERRED, 1);
    }
}

/* What a program saw itself. Anybody can write the rest. */
static bool is_measured(const struct fold *fold) {
    return bytes_is(fold_event(fold)->grade, "measured");
}

static void take_sample(const struct fold *fold, struct row *row, bool failed) {
    row_add(row, EVAL_SAMPLES_RECORDED, is_measured(fold));
    if (failed) take_failure(fold, row);
}

static void note_grade(const struct fold *fold, struct row *row) {
    if (!is_measured(fold)) row_set_int(row, EVAL_UNMEASURED_SEQ, (int64_t)fold_event(fold)->seq);
}

static bool same_cell(const struct cell *a, const struct cell *b) {
    return a->type == b->type && (a->type == CELL_REAL   ? !(a->real < b->real) && !(a->real > b->real)
                                  : a->type == CELL_BOOL ? a->boolean == b->boolean
                                  : a->type == CELL_TEXT ? bytes_eq(a->text, b->text)
                                                         : true);
}

/* Whether this run had a different result for the score already. A result of a part of the samples does not count as
 * one. */
static bool contradicts(struct fold *fold, const struct row *row, const struct row *before) {
    bool other = row_bool(before, EVAL_SCORE_CONTRADICTED);
    struct row now;
    if (!row_has(before, EVAL_SCORE_SEQ) || row_int(before, EVAL_SCORE_RUN) != row_int(row, EVAL_STARTED_SEQ)) {
        return false;
    }
    row_init(&now, before->table);
    for (size_t i = 0; i < N_RESULT && !row_bool(before, EVAL_SCORE_PARTIAL); i++) {
        const size_t column = score_fields[i].column;
        fold_copy(fold, &now, column, score_fields[i].field);
        other = other || !same_cell(&before->cells[column], &now.cells[column]);
    }
    fold_copy(fold, &now, EVAL_SCORE_SAMPLED, "value_sampled");
    other = other || (!row_bool(before, EVAL_SCORE_PARTIAL) && row_has(before, EVAL_SCORE_SAMPLED) &&
                      row_has(&now, EVAL_SCORE_SAMPLED) &&
                      !same_cell(&before->cells[EVAL_SCORE_SAMPLED], &now.cells[EVAL_SCORE_SAMPLED]));
    row_done(&now);
    return other;
}

/* What was written to a result file's scores afterwards can contradict one of them, and replaces none. */
static int take_score(struct fold *fold, struct row *row, struct err *err) {
    struct row *score;
    int rc = find_score(fold, row, &score, err);
    if (rc != 0) return rc;
    bool contradicted = contradicts(fold, row, score);
    struct cell sampled = score->cells[EVAL_SCORE_SAMPLED];
    bool same_run = row_has(score, EVAL_SCORE_SEQ) && row_int(score, EVAL_SCORE_RUN) == row_int(row, EVAL_STARTED_SEQ);
    bool own = same_run && !eval_score_is_foreign(row, score);
    bool foreign = row_bool(row, EVAL_IMPORTED) && !bytes_eq(fold_event(fold)->source, row_text(row, EVAL_SOURCE));
    note_grade(fold, row);
    if (foreign && own) {
        if (contradicted) row_set_bool(score, EVAL_SCORE_CONTRADICTED, true);
        return 0;
    }
    for (size_t i = EVAL_SCORE_VALUE; i < EVAL_SCORE_N; i++) {
        row_set_null(score, i);
    }
    for (size_t i = 0; i < N_SCORE_FIELDS; i++) {
        fold_copy(fold, score, score_fields[i].column, score_fields[i].field);
    }
    if (same_run && sampled.type == CELL_REAL && !row_has(score, EVAL_SCORE_SAMPLED)) {
        row_set_real(score, EVAL_SCORE_SAMPLED, sampled.real); /* nobody takes back what was checked */
    }
    bool few, reasons;
    if (is_part(fold, &few, &reasons)) row_set_bool(score, EVAL_SCORE_PARTIAL, true);
    if (contradicted) {
        row_set_bool(score, EVAL_SCORE_CONTRADICTED, true);
    }
    row_set_int(score, EVAL_SCORE_RUN, row_int(row, EVAL_STARTED_SEQ));
    row_set_int(score, EVAL_SCORE_SEQ, (int64_t)fold_event(fold)->seq);
    row_set_text(score, EVAL_SCORE_SOURCE, fold_event(fold)->source);
    if (foreign) return 0; /* nor does it say what the result is of */
    bool bound = row_has(row, EVAL_DIGEST);
    for (size_t i = 0; i < N_BINDINGS; i++) {
        if (!row_has(row, bindings[i].column)) {
            fold_copy(fold, row, bindings[i].column, bindings[i].field);
        }
    }
    rc = bound ? 0 : index_eval(fold, EVAL_MODELS, row, EVAL_DIGEST, err);
    if (rc == 0) rc = index_loose(fold, row, err);
    if (rc == 0) rc = eval_take_result(fold, row, score, err);
    return rc;
}

/* ---- its steps ---- */

/* What a result file says of itself is not taken back by the event that binds the result to a route. */
static bool is_kept(const struct fold *fold, const struct row *row, size_t column, const char *field) {
    bool says = column == EVAL_PARTIAL || column == EVAL_CACHED || column == EVAL_DIRTY;
    struct bytes raw;
    return row_bool(row, EVAL_IMPORTED) && ((says && row_bool(row, column)) || !fold_raw(fold, field, &raw));
}

static void take_end(struct fold *fold, struct row *row, bool imported) {
    static const struct {
        size_t column;
        const char *field;
    } fields[] = {{EVAL_PARTIAL, "partial"}, {EVAL_CACHED, "cached"}, {EVAL_DIRTY, "dirty"},    {EVAL_PASSED, "passed"},
                  {EVAL_FAILED, "failed"},   {EVAL_ERRORS, "errors"}, {EVAL_SAMPLES, "samples"}};
    uint64_t at = fold_at(fold), time = fold_event(fold)->time;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (imported || !is_kept(fold, row, fields[i].column, fields[i].field)) {
            fold_replace(fold, row, fields[i].column, fields[i].field);
        }
    }
    if (imported) row_set_null(row, EVAL_PARTIAL_REASONS);
    take_part(fold, row);
    if (imported) {
        row_set_null(row, EVAL_SAMPLES_TOTAL); /* the file states it */
    }
    take_total(fold, row, "samples_total");
    if (imported) {
        row_set_bool(row, EVAL_IMPORTED, true);
        fold_copy(fold, row, EVAL_HARNESS, "harness");
        fold_copy(fold, row, EVAL_FILE_DIGEST, "file_digest");
        row_set_text(row, EVAL_SOURCE, fold_event(fold)->source);
    } else {
        note_grade(fold, row);
        fold_replace(fold, row, EVAL_SAID, "verdict");
    }
    at = at < time ? at : time; /* no result is younger than its event, nor than the file that it is from */
    if (imported || !row_bool(row, EVAL_IMPORTED) || (int64_t)at < row_int(row, EVAL_FINISHED_AT)) {
        row_set_int(row, EVAL_FINISHED_AT, (int64_t)at);
    }
    row_set_int(row, EVAL_FINISHED_SEQ, (int64_t)fold_event(fold)->seq);
}

/* A seq from before this run belongs to a result that was replaced. */
static bool is_of_this_run(const struct fold *fold, const struct row *row) {
    int64_t seq;
    return !fold_int(fold, "seq", &seq) || !row_has(row, EVAL_STARTED_SEQ) || seq >= row_int(row, EVAL_STARTED_SEQ);
}

static int take_invalid(struct fold *fold, struct row *row, struct err *err) {
    struct bytes metric;
    struct row *score;
    double value;
    row_set_str(row, EVAL_INVALID, NULL);
    fold_copy(fold, row, EVAL_INVALID, "reason");
    if (!fold_text(fold, "metric", &metric)) return 0;
    int rc = find_score(fold, row, &score, err);
    if (rc == 0 && row_has(score, EVAL_SCORE_SEQ)) {
        row_set_bool(score, EVAL_SCORE_CORRECTED, true);
        row_set_null(score, EVAL_SCORE_SAID);
        if (fold_real(fold, "value", &value)) {
            row_set_real(score, EVAL_SCORE_VALUE, value);
            rc = eval_take_result(fold, row, score, err);
        }
    } else if (rc == 0) {
        fold_drop(score);
    }
    return rc;
}

static int take_step(struct fold *fold, struct row *row, struct err *err) {
    struct bytes step = fold_step(fold);
    bool end = bytes_is(step, "finished"), imported = bytes_is(step, "imported");
    bool was_invalid = row_is(row, EVAL_STATE, "invalidated");
    bool running = row_is(row, EVAL_STATE, "started");
    if (bytes_is(step, "invalidated") && !is_of_this_run(fold, row)) {
        fold_touch(fold, row, EVAL_BASE);
        return 0;
    }
    bool first = end && row_bool(row, EVAL_IMPORTED) && !row_has(row, EVAL_SAID) && row_is(row, EVAL_STATE, "finished");
    fold_take_step(fold, row, EVAL_BASE, EVAL_STATE, first ? judged : rules, first ? 1 : N_RULES);
    if (bytes_is(step, "started")) {
        forget(row);
        row_set_int(row, EVAL_STARTED_SEQ, (int64_t)fold_event(fold)->seq);
        row_set_int(row, EVAL_STARTED_AT, (int64_t)fold_when(fold));
        fold_copy(fold, row, EVAL_SAMPLES, "samples");
        take_total(fold, row, "samples");
        fold_copy(fold, row, EVAL_DIGEST_FROM, "digest_from");
        int rc = bind(fold, row, false, err);
        return rc == 0 ? eval_note_begun(fold, row, err) : rc;
    }
    if ((end || imported) && !was_invalid) {
        int rc = bind(fold, row, (running || row_bool(row, EVAL_IMPORTED)) && end, err);
        take_end(fold, row, imported);
        return rc == 0 ? eval_note_ended(fold, row, err) : rc;
    }
    return bytes_is(step, "invalidated") ? take_invalid(fold, row, err) : 0;
}

static bool is_sample(struct bytes step) {
    return bytes_is(step, "sampled") || bytes_is(step, "sample_failed");
}

static int take_event(struct fold *fold, struct row *row, struct bytes step, struct err *err) {
    if (!bytes_is(step, "scored") && !is_sample(step)) {
        return take_step(fold, row, err);
    }
    fold_take_step(fold, row, EVAL_BASE, EVAL_STATE, rules, N_RULES);
    if (is_sample(step)) {
        take_sample(fold, row, bytes_is(step, "sample_failed"));
        return 0;
    }
    return take_score(fold, row, err);
}

static int fold(struct fold *fold, struct err *err) {
    struct bytes step = fold_step(fold), id = fold_subject(fold);
    struct row *row;
    if (bytes_is(step, "suite_declared")) return eval_suite_take(fold, err);
    if (bytes_is(step, "erased")) return eval_take_erasure(fold, err);
    id = id.n > 0 ? id : fold_event(fold)->subject;
    int rc = fold_row(fold, EVALS, &id, 1, &row, err);
    if (rc == 0) rc = take_event(fold, row, step, err);
    if (rc == 0 && fold_event(fold)->body.n == 0 && !is_sample(step)) rc = eval_note_erased(fold, row, err);
    return rc;
}

static const char *const kinds[] = {
    "eval.started",       "eval.finished",    "eval.imported",       "eval.scored",   "eval.sampled",
    "eval.sample_failed", "eval.invalidated", "eval.suite_declared", "ledger.erased", NULL};
const struct projection projection_evals = {"evals", 22, tables, EVALS_TABLES, kinds, fold};
