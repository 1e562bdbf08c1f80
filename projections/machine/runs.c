/* Runs: what an agent or a pack did, counted. An event belongs to the run named in its header, or, where the header names
 * none, in its subject (run/<id>). The beginning and end of a run belong to their subject: for a nested run, the header
 * names the outer one.
 *
 * Counting. Sources tell a call and its answer as one event or as two, and the totals at the end or not at all:
 *   - calls are the calls that were told, or the answers where there are more of them
 *   - tokens of a prompt that a call announces are replaced by those that its answer tells (`tokens_pending` waits for it)
 *   - a total that the end tells counts when it is larger than what was seen, and then what comes late is part of it
 *     (`told` remembers which)
 *
 * Events after the end are counted (`late`) and are not violations: spans may arrive late. Starting or finishing twice is
 * one; of two ends the worse holds. Beginning and end are steps, in log order (decision 080); an end before the beginning
 * is a violation. */
#include <stdio.h>
#include <string.h>

#include "projections/fold/fold.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

enum {
    RUN,
    STATE,
    OUTCOME,
    ERROR,
    PACK,
    PACK_VERSION,
    ROUTE,
    AGENT,
    SESSION,
    PARENT,
    TASK,
    STARTED_AT,
    FINISHED_AT,
    DURATION_MS,
    EVENTS,
    STEPS,
    MODEL_CALLS,
    TOOL_CALLS,
    TOKENS_IN,
    TOKENS_OUT,
    COST,
    ERRORS,
    DENIED,
    ARTIFACTS,
    EGRESS,
    FIRST_SEQ,
    LAST_SEQ,
    PERMISSIONS_DIGEST,
    LATE,
    MODEL_ANSWERS,
    TOOL_ANSWERS,
    TOKENS_PENDING,
    TOLD,
    EXIT_CODE,
    SUCCEEDED,
    DEMO,
    CONFINED,
    BASE
};

static const struct state_column columns[] = {
    [RUN] = {"run", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its id"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN,
               "observed (neither its start nor its end was recorded), running, finished, partial (with less than all that "
               "was asked), unknown (its outcome is neither good nor bad), failed, aborted, refused, timeout"},
    [OUTCOME] = {"outcome", CELL_TEXT, 0, "how it ended, in the source's words"},
    [ERROR] = {"error", CELL_TEXT, COLUMN_MAIN, "kind of the error that it ended with"},
    [PACK] = {"pack", CELL_TEXT, COLUMN_MAIN, "which pack ran"},
    [PACK_VERSION] = {"pack_version", CELL_TEXT, 0, "its version"},
    [ROUTE] = {"route", CELL_TEXT, 0, "on which route"},
    [AGENT] = {"agent", CELL_TEXT, COLUMN_MAIN, "which agent ran"},
    [SESSION] = {"session", CELL_TEXT, 0, "session it belongs to"},
    [PARENT] = {"parent", CELL_TEXT, 0, "the run that started it"},
    [TASK] = {"task", CELL_TEXT, COLUMN_MAIN, "short name of the task"},
    [STARTED_AT] = {"started_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it began"},
    [FINISHED_AT] = {"finished_at", CELL_INT, COLUMN_TIME, "when it ended"},
    [DURATION_MS] = {"duration_ms", CELL_REAL, COLUMN_MAIN, "how long it took, milliseconds"},
    [EVENTS] = {"events", CELL_INT, 0, "events that belong to it"},
    [STEPS] = {"steps", CELL_INT, 0, "named steps"},
    [MODEL_CALLS] = {"model_calls", CELL_INT, 0, "calls of models"},
    [TOOL_CALLS] = {"tool_calls", CELL_INT, 0, "calls of tools"},
    [TOKENS_IN] = {"tokens_in", CELL_INT, COLUMN_MAIN, "tokens of all prompts"},
    [TOKENS_OUT] = {"tokens_out", CELL_INT, COLUMN_MAIN, "tokens of all answers"},
    [COST] = {"cost", CELL_REAL, COLUMN_MAIN, "its cost"},
    [ERRORS] = {"errors", CELL_INT, COLUMN_MAIN, "steps, calls and log records that ended in an error"},
    [DENIED] = {"denied", CELL_INT, 0, "permissions and calls that were denied"},
    [ARTIFACTS] = {"artifacts", CELL_INT, 0, "files that it created or used"},
    [EGRESS] = {"egress", CELL_BOOL, 0, "some of it left the box"},
    [FIRST_SEQ] = {"first_seq", CELL_INT, COLUMN_SEQ, "its first event"},
    [LAST_SEQ] = {"last_seq", CELL_INT, COLUMN_SEQ, "its newest event"},
    [PERMISSIONS_DIGEST] = {"permissions_digest", CELL_TEXT, 0, "digest of the permissions in force at its start"},
    [LATE] = {"late", CELL_INT, 0, "events that came after its end"},
    [MODEL_ANSWERS] = {"model_answers", CELL_INT, 0, "answers of models that were reported separately"},
    [TOOL_ANSWERS] = {"tool_answers", CELL_INT, 0, "answers of tools"},
    [TOKENS_PENDING] = {"tokens_pending", CELL_INT, 0, "those of tokens_in from calls without an answer"},
    [TOLD] = {"told", CELL_INT, 0, "which totals were reported at the end: a bit for each from steps to cost"},
    [EXIT_CODE] = {"exit_code", CELL_INT, 0, "exit code, if it was a program"},
    [SUCCEEDED] = {"succeeded", CELL_BOOL, 0, "whether it succeeded, as its end says; null: unknown"},
    [DEMO] = {"demo", CELL_BOOL, COLUMN_MAIN, "it was allowed to run what nobody proved"},
    [CONFINED] = {"confined", CELL_BOOL, COLUMN_MAIN, "its steps ran confined; false: with all rights of their user"},
    FOLD_COLUMNS,
};

/* ---- counting ---- */

static int64_t told_bit(size_t column) {
    return (int64_t)1 << (column - STEPS);
}

/* Unless the end gave the total. */
static void add(struct row *row, size_t column, int64_t n) {
    if ((row_int(row, TOLD) & told_bit(column)) == 0) {
        row_add(row, column, n);
    }
}

/* False: it is absent or makes no sense. */
static bool number(const struct fold *fold, const char *field, int64_t *ret) {
    *ret = 0;
    return fold_int(fold, field, ret) && *ret >= 0;
}

/* A sum of no known values stays unknown. */
static void add_told(const struct fold *fold, struct row *row, size_t column, const char *field) {
    int64_t n;
    if (number(fold, field, &n)) {
        add(row, column, n);
    }
}

static void add_cost(struct fold *fold, struct row *row) {
    double cost;
    if (fold_real(fold, "cost", &cost) && cost != 0 && (row_int(row, TOLD) & told_bit(COST)) == 0) {
        row_set_real(row, COST, (row_has(row, COST) ? row_real(row, COST) : 0) + cost);
    }
}

/* Whether it failed: ok is false, or the outcome says so. *ret_denied: it was denied, which is not an error. */
static bool has_failed(const struct fold *fold, bool *ret_denied) {
    struct bytes outcome = {0};
    bool ok = true;
    if (fold_bool(fold, "ok", &ok) && ok) return false;
    fold_text(fold, "outcome", &outcome);
    *ret_denied = bytes_is(outcome, "denied");
    return !*ret_denied && (!ok || bytes_is(outcome, "error") || bytes_is(outcome, "timeout"));
}

static void count_failure(struct fold *fold, struct row *row) {
    bool denied = false;
    if (has_failed(fold, &denied)) {
        row_add(row, ERRORS, 1);
    } else if (denied) {
        row_add(row, DENIED, 1);
    }
}

static void note_egress(struct fold *fold, struct row *row) {
    bool egress = false;
    if (fold_bool(fold, "egress", &egress) && (egress || !row_has(row, EGRESS))) {
        if (egress && !row_bool(row, EGRESS)) {
            fold_cite(fold, row, BASE);
        }
        row_set_bool(row, EGRESS, egress);
    }
}

/* Fills in what the beginning did not say, or was never recorded. */
static void fill(struct fold *fold, struct row *row, size_t column, const char *field) {
    if (!row_has(row, column)) {
        fold_copy(fold, row, column, field);
    }
}

/* "observed" is not a step that others follow: what was recorded first need not have happened first. */
static void enter(struct fold *fold, struct row *row, const char *state) {
    if (row_is(row, STATE, "observed")) {
        row_set_null(row, BASE + FOLD_SINCE);
    }
    fold_state(fold, row, BASE, STATE, state);
}

/* ---- kinds ---- */

static void started(struct fold *fold, struct row *row) {
    static const struct {
        size_t column;
        const char *field;
    } copied[] = {{PACK, "pack"},       {PACK_VERSION, "pack_version"},
                  {ROUTE, "route"},     {AGENT, "agent"},
                  {SESSION, "session"}, {PARENT, "parent"},
                  {TASK, "task"},       {PERMISSIONS_DIGEST, "permissions_digest"}};
    int64_t at = (int64_t)fold_when(fold);
    bool again = row_has(row, STARTED_AT), ended = row_has(row, FINISHED_AT), is = false;
    for (size_t i = 0; i < COUNT(copied); i++) {
        fold_copy(fold, row, copied[i].column, copied[i].field);
    }
    if (fold_bool(fold, "demo", &is)) row_set_bool(row, DEMO, is);
    if (fold_bool(fold, "confined", &is)) row_set_bool(row, CONFINED, is);
    if (ended && !again && at <= row_int(row, FINISHED_AT)) { /* the end was recorded first */
        row_set_int(row, STARTED_AT, at);
        fold_cite(fold, row, BASE);
        if (!row_has(row, DURATION_MS)) {
            row_set_real(row, DURATION_MS, (double)(row_int(row, FINISHED_AT) - at) / 1e6);
        }
        return;
    }
    if (again || ended) {
        fold_violation(fold, row, BASE, ended ? "started after its end" : "started twice");
    }
    if (!again || ended) {
        row_set_int(row, STARTED_AT, at);
        row_set_null(row, FINISHED_AT);
        row_set_null(row, DURATION_MS);
        row_set_null(row, OUTCOME);
        row_set_null(row, ERROR);
        row_set_null(row, EXIT_CODE);
        row_set_null(row, SUCCEEDED);
        row_set_int(row, TOLD, 0);
        enter(fold, row, "running");
    }
}

/* What indicates a failure, in words; "": nothing does. */
static void fault_of(const struct fold *fold, char *ret, size_t n) {
    int64_t code = 0;
    bool ok = true;
    struct bytes error = {0};
    ret[0] = '\0';
    if (fold_bool(fold, "ok", &ok) && !ok) {
        snprintf(ret, n, "it was not ok");
    } else if (fold_int(fold, "exit_code", &code) && code != 0) {
        snprintf(ret, n, "its exit code is %lld", (long long)code);
    } else if (fold_text(fold, "error", &error) && error.n > 0) {
        snprintf(ret, n, "it names an error");
    }
}

/* How it ended. If the outcome is neither good nor bad, ok, the exit code and the error decide; any of these that indicates
 * a failure overrides a good outcome. */
struct end {
    const char *state;
    bool good, told; /* success; whether the outcome is known */
    char fault[64];
};

static struct end end_of(const struct fold *fold, struct bytes outcome) {
    static const struct {
        const char *word, *state;
    } words[] = {{"ok", "finished"},       {"success", "finished"}, {"succeeded", "finished"}, {"completed", "finished"},
                 {"done", "finished"},     {"pass", "finished"},    {"partial", "partial"},    {"aborted", "aborted"},
                 {"cancelled", "aborted"}, {"canceled", "aborted"}, {"refused", "refused"},    {"denied", "refused"},
                 {"timeout", "timeout"},   {"error", "failed"},     {"failed", "failed"},      {"failure", "failed"},
                 {"fail", "failed"},       {"crashed", "failed"}};
    struct end end = {.state = NULL};
    int64_t code = 0;
    bool ok = false, has_code = fold_int(fold, "exit_code", &code);
    fold_bool(fold, "ok", &ok);
    fault_of(fold, end.fault, sizeof(end.fault));
    for (size_t i = 0; i < COUNT(words); i++) {
        end.state = bytes_is(outcome, words[i].word) ? words[i].state : end.state;
    }
    bool unclear = end.state == NULL && outcome.n > 0 && !ok;
    end.good = ok || (end.state != NULL ? strcmp(end.state, "finished") == 0 : has_code && code == 0 && !unclear);
    if (end.fault[0] != '\0' && (end.state == NULL || strcmp(end.state, "finished") == 0)) {
        end.state = "failed";
    } else if (end.state == NULL) {
        end.state = unclear ? "unknown" : "finished";
    }
    end.told = end.good || (strcmp(end.state, "finished") != 0 && strcmp(end.state, "unknown") != 0);
    return end;
}

static void take_total(struct fold *fold, struct row *row, size_t column, const char *field) {
    int64_t total;
    if (!number(fold, field, &total)) return;
    if (total > row_int(row, column)) {
        row_set_int(row, TOLD, row_int(row, TOLD) | told_bit(column));
    }
    if (!row_has(row, column) || total > row_int(row, column)) {
        row_set_int(row, column, total);
    }
}

static void finished(struct fold *fold, struct row *row) {
    struct bytes outcome = {0};
    double cost;
    int64_t at = (int64_t)fold_when(fold);
    uint64_t start = row_has(row, STARTED_AT) ? (uint64_t)row_int(row, BASE + FOLD_SINCE_SEQ) : LOG_NO_SEQ;
    fold_text(fold, "outcome", &outcome);
    const struct end end = end_of(fold, outcome);
    bool again = row_has(row, FINISHED_AT);
    take_total(fold, row, STEPS, "steps");
    take_total(fold, row, MODEL_CALLS, "model_calls");
    take_total(fold, row, TOOL_CALLS, "tool_calls");
    take_total(fold, row, TOKENS_IN, "tokens_in");
    take_total(fold, row, TOKENS_OUT, "tokens_out");
    if (fold_real(fold, "cost", &cost) && cost > (row_has(row, COST) ? row_real(row, COST) : 0)) {
        row_set_real(row, COST, cost);
        row_set_int(row, TOLD, row_int(row, TOLD) | told_bit(COST));
    }
    if (again) {
        fold_violation(fold, row, BASE, "finished twice");
        if (strcmp(end.state, "finished") == 0 || !(row_is(row, STATE, "finished") || row_is(row, STATE, "unknown"))) {
            return;
        }
    }
    fold_copy(fold, row, OUTCOME, "outcome");
    fold_replace(fold, row, ERROR, "error");
    fold_replace(fold, row, EXIT_CODE, "exit_code");
    row_set_null(row, SUCCEEDED);
    if (end.told && strcmp(end.state, "partial") != 0) {
        row_set_bool(row, SUCCEEDED, strcmp(end.state, "finished") == 0);
    }
    row_set_int(row, FINISHED_AT, at);
    if (row_has(row, STARTED_AT) && at >= row_int(row, STARTED_AT)) {
        row_set_real(row, DURATION_MS, (double)(at - row_int(row, STARTED_AT)) / 1e6);
    }
    fold_copy(fold, row, DURATION_MS, "duration_ms");
    enter(fold, row, end.state);
    if (start != LOG_NO_SEQ && !again) {
        row_cite(row, BASE + FOLD_EVIDENCE, start);
    }
    if (end.good && end.fault[0] != '\0') {
        fold_violation(fold, row, BASE, "it is said to have gone well, and %s", end.fault);
    } else if (fold_is_late(fold, row, STARTED_AT)) {
        fold_violation(fold, row, BASE, "finished before it began");
    }
}

static void stepped(struct fold *fold, struct row *row) {
    struct bytes status, error;
    if (fold_text(fold, "status", &status) && bytes_is(status, "started")) return; /* its end counts */
    add(row, STEPS, 1);
    if (fold_text(fold, "status", &status) ? bytes_is(status, "error") : fold_text(fold, "error", &error)) {
        row_add(row, ERRORS, 1);
    }
}

static void tool_called(struct fold *fold, struct row *row) {
    (void)fold;
    add(row, TOOL_CALLS, 1);
}

static void tool_returned(struct fold *fold, struct row *row) {
    row_add(row, TOOL_ANSWERS, 1);
    if (row_int(row, TOOL_ANSWERS) > row_int(row, TOOL_CALLS)) {
        add(row, TOOL_CALLS, 1);
    }
    count_failure(fold, row);
}

static void model_called(struct fold *fold, struct row *row) {
    struct bytes raw;
    int64_t n;
    bool told = number(fold, "tokens_in", &n);
    bool whole = fold_raw(fold, "ok", &raw) || fold_raw(fold, "outcome", &raw) || fold_raw(fold, "tokens_out", &raw);
    add(row, MODEL_CALLS, 1);
    add_told(fold, row, TOKENS_IN, "tokens_in");
    note_egress(fold, row);
    if (!whole) {
        if (told) {
            row_add(row, TOKENS_PENDING, n);
        }
        return;
    }
    add_told(fold, row, TOKENS_OUT, "tokens_out");
    add_cost(fold, row);
    count_failure(fold, row);
}

static void model_returned(struct fold *fold, struct row *row) {
    int64_t n, pending = row_int(row, TOKENS_PENDING);
    bool told = number(fold, "tokens_in", &n);
    int64_t known = n < pending ? n : pending;
    row_add(row, MODEL_ANSWERS, 1);
    if (row_int(row, MODEL_ANSWERS) > row_int(row, MODEL_CALLS)) {
        add(row, MODEL_CALLS, 1);
    }
    if (told) {
        add(row, TOKENS_IN, n - known);
        row_set_int(row, TOKENS_PENDING, pending - known);
    }
    add_told(fold, row, TOKENS_OUT, "tokens_out");
    add_cost(fold, row);
    note_egress(fold, row); /* some servers say only then that another host computed the answer */
    count_failure(fold, row);
}

static void artifact(struct fold *fold, struct row *row) {
    (void)fold;
    row_add(row, ARTIFACTS, 1);
}

static void logged(struct fold *fold, struct row *row) {
    struct bytes error;
    int64_t severity = 0;
    if (fold_int(fold, "severity_number", &severity) ? severity >= 17 : fold_text(fold, "error", &error)) {
        row_add(row, ERRORS, 1);
    }
}

static void denied(struct fold *fold, struct row *row) {
    (void)fold;
    row_add(row, DENIED, 1);
}

static void decided(struct fold *fold, struct row *row) {
    struct bytes decision;
    if (fold_text(fold, "decision", &decision) && (bytes_is(decision, "deny") || bytes_is(decision, "abort"))) {
        row_add(row, DENIED, 1);
    }
}

static void routed(struct fold *fold, struct row *row) {
    fill(fold, row, PACK, "pack");
    fill(fold, row, ROUTE, "route");
    note_egress(fold, row);
}

/* Most frequent first. */
static const struct {
    const char *kind;
    size_t n;
    void (*take)(struct fold *fold, struct row *row);
    bool bounds, by_agent; /* the run is its subject; the event may say whose run it is */
} takers[] = {
#define TAKER(kind, take, bounds, by_agent)                                                                                \
    { kind, sizeof(kind) - 1, take, bounds, by_agent }
    TAKER("run.model_called", model_called, false, true),
    TAKER("run.model_returned", model_returned, false, false),
    TAKER("run.tool_called", tool_called, false, true),
    TAKER("run.tool_returned", tool_returned, false, true),
    TAKER("run.step", stepped, false, false),
    TAKER("run.started", started, true, false),
    TAKER("run.finished", finished, true, false),
    TAKER("run.logged", logged, false, false),
    TAKER("run.artifact", artifact, false, false),
    TAKER("route.decided", routed, false, false),
    TAKER("route.fell_back", routed, false, false),
    TAKER("permission.decided", decided, false, true),
    TAKER("permission.denied", denied, false, true),
#undef TAKER
};

/* COUNT(takers): only counted. */
static size_t taker_of(struct bytes kind) {
    size_t i = 0;
    while (i < COUNT(takers) && (takers[i].n != kind.n || memcmp(takers[i].kind, kind.p, kind.n) != 0)) {
        i++;
    }
    return i;
}

/* ---- folding ---- */

static int open_run(struct fold *fold, struct bytes run, struct row **ret, struct err *err) {
    int64_t seq = (int64_t)fold_event(fold)->seq;
    int rc = fold_row(fold, 0, &run, 1, ret, err);
    if (rc != 0) return rc;
    struct row *row = *ret;
    if (row->absent) {
        fold_state(fold, row, BASE, STATE, "observed");
        row_set_int(row, FIRST_SEQ, seq);
    }
    row_add(row, EVENTS, 1);
    row_set_int(row, LAST_SEQ, seq);
    fold_touch(fold, row, BASE);
    return 0;
}

static int fold_run(struct fold *fold, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct bytes run = event->run, own = {0};
    if (bytes_has_prefix(event->kind, "run.") && bytes_has_prefix(event->subject, "run/")) {
        own = (struct bytes){event->subject.p + 4, event->subject.n - 4};
    }
    if (run.n == 0 && own.n == 0) return 0;
    size_t t = taker_of(event->kind);
    bool bounds = t < COUNT(takers) && takers[t].bounds;
    struct bytes target = own.n > 0 && (bounds || run.n == 0) ? own : run;
    struct row *row, *outer;
    int rc = open_run(fold, target, &row, err);
    if (rc == 0 && run.n > 0 && !bytes_eq(run, target)) rc = open_run(fold, run, &outer, err);
    if (rc != 0) return rc;
    if (row_has(row, FINISHED_AT) && !bounds) {
        row_add(row, LATE, 1);
    }
    if (t < COUNT(takers)) {
        if (takers[t].by_agent) {
            fill(fold, row, AGENT, "agent");
            fill(fold, row, SESSION, "session");
        }
        takers[t].take(fold, row);
    }
    return 0;
}

static const struct state_table tables[] = {
    {"runs", "run", "A row is a run: who ran it, what it did, how it ended.", columns, BASE + FOLD_N, NULL},
};
static const char *const kinds[] = {"*", NULL};

const struct projection projection_runs = {"runs", 8, tables, COUNT(tables), kinds, fold_run};
