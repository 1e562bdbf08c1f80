/* Rows of both views come in the order of their keys, so one step of a merge knows what appeared, what went and what is in
 * both. The event that did it is found by the rows' own seqs: the one that made the state where the state is stored; where
 * it is a judgement, the newest event of the evidence that was not there before. */
#include "cli/diff.h"

#include <stdlib.h>
#include <string.h>

#include "cli/cell.h"
#include "cli/thing.h"

struct side {
    struct state_view *view;
    struct state_rows *rows;
    const struct row *row;
    bool over;
};

struct merge {
    struct side from, to;
    size_t table;
    bool matters[ROW_COLUMNS_MAX];
    size_t state, reason; /* columns; SIZE_MAX: there is none */
    diff_fn *each;
    void *ctx;
};

bool diff_shows(const struct state_table *table) {
    static const char *const also[] = {"hardware_faults"};
    bool shows = thing_state(table) != SIZE_MAX && !thing_piles(table);
    for (size_t i = 0; i < sizeof(also) / sizeof(also[0]); i++) {
        shows = shows || strcmp(table->name, also[i]) == 0;
    }
    return shows;
}

bool diff_matters(const struct state_column *column) {
    /* by name, which means the same in every table */
    static const char *const others[] = {
        /* counters */
        "uses", "decisions", "fallbacks", "moved", "passed", "failed", "errors", "samples", "violations", "count",
        "missing", "accepted", "duplicate", "rejected", "masked", "runs", "steps", "events", "model_calls", "tool_calls",
        "tokens_in", "tokens_out", "denied", "artifacts", "late", "warned", "unknown",
        /* measurements */
        "cost", "duration_ms", "latency_ms", "load_ms", "value", "step_ns", "tokens_per_second", "stddev",
        /* how it came about */
        "by", "source", "session", "request", "call", "turn", "step", "detail", "violation", "status", "given", "name",
        "digest_before", "version_before", "failed_action", "failed_version", "exit_code", "decision", "differs",
        /* what a judgement of other things is made of */
        "proven_by", "clauses"};
    if (column->flags & (COLUMN_KEY | COLUMN_TIME | COLUMN_SEQ | COLUMN_EVIDENCE)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        if (strcmp(column->name, others[i]) == 0) {
            return false;
        }
    }
    return column->type != CELL_SEQS;
}

/* ---- the event ---- */

static uint64_t seq_of(const struct row *row, const char *name) {
    size_t column = projection_column(row->table, name);
    return column != SIZE_MAX && row_has(row, column) && row_int(row, column) >= 0 ? (uint64_t)row_int(row, column)
                                                                                   : LEDGER_NO_SEQ;
}

static uint64_t newest_evidence(const struct row *row, uint64_t from, uint64_t to) {
    uint64_t seqs[ROW_SEQS_MAX], best = LEDGER_NO_SEQ;
    for (size_t i = 0, n = thing_evidence(row, seqs); i < n; i++) {
        best = seqs[i] >= from && seqs[i] < to ? seqs[i] : best;
    }
    return best;
}

/* Of the candidates in turn the first within [from, to). */
static uint64_t event_of(const struct merge *m, enum diff_what what, const struct row *row, bool state_changed) {
    static const char *const names[] = {"updated_seq", "seq", "finished_seq", "moved_seq", "newest_seq", "given_seq"};
    uint64_t from = state_at(m->from.view), to = state_at(m->to.view), seq;
    size_t since = projection_column(row->table, "since");
    bool by_time = since != SIZE_MAX && row_has(row, since) && !row_has(row, since + 1);
    if (what == DIFF_APPEARED && (seq = seq_of(row, "moved_seq")) != LEDGER_NO_SEQ && seq >= from && seq < to) {
        return seq; /* it says more than that it is there */
    }
    if (state_changed && (seq = seq_of(row, "since_seq")) != LEDGER_NO_SEQ && seq >= from && seq < to) {
        return seq;
    }
    if (state_changed && by_time) {
        return LEDGER_NO_SEQ;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        seq = seq_of(row, names[i]);
        if (seq != LEDGER_NO_SEQ && seq >= from && seq < to) {
            return seq;
        }
    }
    return newest_evidence(row, from, to);
}

/* ---- one row ---- */

static bool is_empty(const struct row *row, size_t column) {
    const struct cell *cell = &row->cells[column];
    return cell->type == CELL_NULL || (cell->type == CELL_TEXT && cell->text.n == 0) ||
           (cell->type == CELL_BOOL && !cell->boolean);
}

static int tell(struct merge *m, enum diff_what what, const struct row *row, const struct row *old, struct err *err) {
    size_t columns[ROW_COLUMNS_MAX], n = 0;
    bool state_changed = what != DIFF_CHANGED;
    for (size_t k = 0; k < row->table->n_columns + 2; k++) {
        size_t i = k == 0 ? m->state : k == 1 ? m->reason : k - 2;
        if (i == SIZE_MAX || !m->matters[i] || (k > 1 && (i == m->state || i == m->reason))) {
            continue;
        }
        bool main = (row->table->columns[i].flags & COLUMN_MAIN) != 0 && !is_empty(row, i);
        if (what == DIFF_CHANGED ? !cell_same(row, old, i) : main) {
            columns[n++] = i;
            state_changed = state_changed || i == m->state || i == m->reason;
        }
    }
    if (what == DIFF_CHANGED && n == 0) {
        return 0;
    }
    int rc = what != DIFF_WENT && state_changed ? state_rows_since(m->to.rows, err) : 0;
    if (rc != 0) {
        return rc;
    }
    struct diff_change change = {.what = what, .table = m->table, .row = row, .old = old, .columns = columns, .n = n};
    change.seq = event_of(m, what, row, state_changed);
    return m->each(m->ctx, &change, err);
}

/* ---- merging ---- */

static int step(struct side *side, struct err *err) {
    int rc = state_rows_next(side->rows, &side->row, err);
    side->over = rc == 1;
    return rc == 1 ? 0 : rc;
}

int diff_table(struct state_view *from, struct state_view *to, size_t table, const volatile int *stop, diff_fn *each,
               void *ctx, struct err *err) {
    const struct state_table *t = state_table(to, table);
    struct merge m = {.from = {.view = from}, .to = {.view = to}, .table = table, .each = each, .ctx = ctx};
    m.state = thing_state(t);
    m.reason = projection_column(t, "reason");
    for (size_t i = 0; i < t->n_columns; i++) {
        bool how_often = m.state == SIZE_MAX && strcmp(t->columns[i].name, "count") == 0; /* all that there is to tell */
        m.matters[i] = diff_matters(&t->columns[i]) || i == m.state || how_often;
    }
    int rc = state_rows_open(from, table, NULL, 0, &m.from.rows, err);
    rc = rc != 0 ? rc : state_rows_open(to, table, NULL, 0, &m.to.rows, err);
    rc = rc != 0 ? rc : step(&m.from, err);
    rc = rc != 0 ? rc : step(&m.to, err);
    while (rc == 0 && !(m.from.over && m.to.over)) {
        int order = m.from.over ? 1 : m.to.over ? -1 : bytes_cmp(m.from.row->key, m.to.row->key);
        if (*stop != 0) {
            rc = err_set(err, ERR_BUSY, "interrupted");
        } else if (order < 0) {
            rc = tell(&m, DIFF_WENT, m.from.row, NULL, err);
        } else {
            rc = tell(&m, order > 0 ? DIFF_APPEARED : DIFF_CHANGED, m.to.row, order > 0 ? NULL : m.from.row, err);
        }
        rc = rc != 0 || order > 0 ? rc : step(&m.from, err);
        rc = rc != 0 || order < 0 ? rc : step(&m.to, err);
    }
    state_rows_close(m.from.rows);
    state_rows_close(m.to.rows);
    return rc;
}
