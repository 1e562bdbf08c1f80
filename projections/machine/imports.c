/* Imports: what each source brought in, by the receipts of its runs; and gaps: what is known to be missing, by source and
 * sort.
 *
 * Sums saturate instead of wrapping. Negative counts make no sense and are not added. */
#include "projections/fold/fold.h"

enum {
    SOURCE,
    RUNS,
    ACCEPTED,
    DUPLICATE,
    REJECTED,
    MASKED,
    GAPS,
    BYTES,
    STOPPED,
    NEWEST_AT,
    NEWEST_SEQ,
    NEWEST_ACCEPTED,
    NEWEST_REJECTED,
    REASONS,
    REJECTED_SEQ,
    PARSER,
    FIRST_AT,
    LAST_AT,
    BY,
    I_UPDATED_SEQ,
    I_EVIDENCE,
    I_N
};

static const struct state_column import_columns[] = {
    [SOURCE] = {"source", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "which reader"},
    [RUNS] = {"runs", CELL_INT, COLUMN_MAIN, "inputs read to their end"},
    [ACCEPTED] = {"accepted", CELL_INT, COLUMN_MAIN, "total of records that became events"},
    [DUPLICATE] = {"duplicate", CELL_INT, COLUMN_MAIN, "total of duplicate records"},
    [REJECTED] = {"rejected", CELL_INT, COLUMN_MAIN, "total of records refused"},
    [MASKED] = {"masked", CELL_INT, 0, "total of secrets masked"},
    [GAPS] = {"gaps", CELL_INT, 0, "total of gaps found"},
    [BYTES] = {"bytes", CELL_INT, 0, "size of all inputs"},
    [STOPPED] = {"stopped", CELL_BOOL, COLUMN_MAIN, "the newest import was stopped before its end"},
    [NEWEST_AT] = {"newest_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when the newest import ended"},
    [NEWEST_SEQ] = {"newest_seq", CELL_INT, COLUMN_SEQ, "its receipt"},
    [NEWEST_ACCEPTED] = {"newest_accepted", CELL_INT, 0, "its records that became events"},
    [NEWEST_REJECTED] = {"newest_rejected", CELL_INT, 0, "its records that were refused"},
    [REASONS] = {"reasons", CELL_LIST, 0, "why they were refused, with a map for each reason"},
    [REJECTED_SEQ] = {"rejected_seq", CELL_INT, COLUMN_SEQ, "the newest receipt that reports refused records"},
    [PARSER] = {"parser", CELL_INT, 0, "version of the parsing rules used"},
    [FIRST_AT] = {"first_at", CELL_INT, COLUMN_TIME, "the earliest time in any input"},
    [LAST_AT] = {"last_at", CELL_INT, COLUMN_TIME, "the latest time in any input"},
    [BY] = {"by", CELL_TEXT, 0, "who ran the newest import"},
    [I_UPDATED_SEQ] = {"updated_seq", CELL_INT, COLUMN_SEQ, "the newest event about it"},
    [I_EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the receipts that decide its state"},
};

enum {
    G_SOURCE,
    G_WHAT,
    G_COUNT,
    G_MISSING,
    G_NEWEST_AT,
    G_NEWEST_SEQ,
    G_STEP_NS,
    G_FROM,
    G_TO,
    G_DETAIL,
    G_FIRST_AT,
    G_FIRST_SEQ,
    G_UPDATED_SEQ,
    G_EVIDENCE,
    G_N
};

static const struct state_column gap_columns[] = {
    [G_SOURCE] = {"source", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "who noticed it; ledger: the ledger itself"},
    [G_WHAT] = {"what", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "clock_back, clock_jump, dropped, truncated, ..."},
    [G_COUNT] = {"count", CELL_INT, COLUMN_MAIN, "how often"},
    [G_MISSING] = {"missing", CELL_INT, COLUMN_MAIN, "total of missing records, where known"},
    [G_NEWEST_AT] = {"newest_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when the newest was noticed"},
    [G_NEWEST_SEQ] = {"newest_seq", CELL_INT, COLUMN_SEQ, "the event that reports it"},
    [G_STEP_NS] = {"step_ns", CELL_INT, COLUMN_MAIN, "how far the clock stepped in it, nanoseconds; negative: backwards"},
    [G_FROM] = {"from_at", CELL_INT, COLUMN_TIME, "when the newest begins"},
    [G_TO] = {"to_at", CELL_INT, COLUMN_TIME, "when it ends"},
    [G_DETAIL] = {"detail", CELL_TEXT, COLUMN_MAIN, "what exactly it is"},
    [G_FIRST_AT] = {"first_at", CELL_INT, COLUMN_TIME, "when the oldest was noticed"},
    [G_FIRST_SEQ] = {"first_seq", CELL_INT, COLUMN_SEQ, "the first event that reported one"},
    [G_UPDATED_SEQ] = {"updated_seq", CELL_INT, COLUMN_SEQ, "the newest event about it"},
    [G_EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the events that report them"},
};

static int64_t add(struct fold *fold, struct row *row, size_t column, const char *field) {
    int64_t n = 0;
    if (fold_int(fold, field, &n) && n >= 0) {
        row_add(row, column, n);
        return n;
    }
    return 0;
}

/* Keeps the smallest or the largest of a time. */
static void widen(struct fold *fold, struct row *row, size_t column, const char *field, bool largest) {
    int64_t at;
    if (fold_int(fold, field, &at) &&
        (!row_has(row, column) || (largest ? at > row_int(row, column) : at < row_int(row, column)))) {
        row_set_int(row, column, at);
    }
}

static int fold_import(struct fold *fold, struct err *err) {
    struct bytes source = fold_name(fold, "source");
    uint64_t seq = fold_event(fold)->seq;
    struct row *row;
    int rc = fold_row(fold, 0, &source, 1, &row, err);
    if (rc != 0) return rc;
    row_add(row, RUNS, 1);
    row_set_int(row, NEWEST_ACCEPTED, add(fold, row, ACCEPTED, "accepted"));
    row_set_int(row, NEWEST_REJECTED, add(fold, row, REJECTED, "rejected"));
    add(fold, row, DUPLICATE, "duplicate");
    add(fold, row, MASKED, "masked");
    add(fold, row, GAPS, "gaps");
    add(fold, row, BYTES, "bytes");
    fold_replace(fold, row, STOPPED, "stopped");
    fold_replace(fold, row, REASONS, "reasons");
    fold_replace(fold, row, PARSER, "parser");
    widen(fold, row, FIRST_AT, "first_at", false);
    widen(fold, row, LAST_AT, "last_at", true);
    row_set_int(row, NEWEST_AT, (int64_t)fold_when(fold));
    row_set_int(row, NEWEST_SEQ, (int64_t)seq);
    row_set_text(row, BY, fold_event(fold)->actor);
    row_set_int(row, I_UPDATED_SEQ, (int64_t)seq);
    row_cite_only(row, I_EVIDENCE, &seq, 1);
    if (row_int(row, NEWEST_REJECTED) > 0) {
        row_set_int(row, REJECTED_SEQ, (int64_t)seq);
    } else if (row_has(row, REJECTED_SEQ)) {
        row_cite(row, I_EVIDENCE, (uint64_t)row_int(row, REJECTED_SEQ));
    }
    return 0;
}

/* The subject gap/<source> names who noticed it; gaps that the ledger itself noticed have the ledger's own subject. */
static struct bytes noticed_by(const struct fold *fold) {
    const struct log_event *event = fold_event(fold);
    return bytes_has_prefix(event->subject, "gap/") ? fold_subject(fold) : event->source;
}

/* The step as given, else the difference between its two times: the ledger's own events give those. */
static void set_step(struct fold *fold, struct row *row, struct bytes what) {
    int64_t from, to, step;
    fold_replace(fold, row, G_STEP_NS, "step_ns");
    if (!row_has(row, G_STEP_NS) && bytes_has_prefix(what, "clock_") && fold_int(fold, "from", &from) &&
        fold_int(fold, "to", &to) && !__builtin_sub_overflow(to, from, &step)) {
        row_set_int(row, G_STEP_NS, step);
    }
}

static void take_newest(struct fold *fold, struct row *row, struct bytes what) {
    row_set_int(row, G_NEWEST_AT, (int64_t)fold_when(fold));
    row_set_int(row, G_NEWEST_SEQ, (int64_t)fold_event(fold)->seq);
    set_step(fold, row, what);
    fold_replace(fold, row, G_FROM, "from");
    fold_replace(fold, row, G_TO, "to");
    fold_replace(fold, row, G_DETAIL, "detail");
}

static int fold_gap(struct fold *fold, struct err *err) {
    struct bytes key[2] = {noticed_by(fold), {0}};
    int64_t at = (int64_t)fold_when(fold), seq = (int64_t)fold_event(fold)->seq;
    struct row *row;
    fold_text(fold, "what", &key[1]);
    int rc = fold_row(fold, 1, key, 2, &row, err);
    if (rc != 0) return rc;
    if (row->absent) {
        row_set_int(row, G_FIRST_SEQ, seq);
    }
    if (row->absent || at < row_int(row, G_FIRST_AT)) {
        row_set_int(row, G_FIRST_AT, at);
    }
    row_add(row, G_COUNT, 1);
    add(fold, row, G_MISSING, "missing");
    if (!fold_is_late(fold, row, G_NEWEST_AT)) {
        take_newest(fold, row, key[1]);
    }
    row_set_int(row, G_UPDATED_SEQ, seq);
    row_cite(row, G_EVIDENCE, (uint64_t)seq);
    return 0;
}

static int fold_imports(struct fold *fold, struct err *err) {
    return bytes_is(fold_step(fold), "gap") ? fold_gap(fold, err) : fold_import(fold, err);
}

static const struct state_table tables[] = {
    {"imports", "import", "A row is a source of events: what its imports recorded, and how the newest one ended.",
     import_columns, I_N, NULL},
    {"gaps", "gap", "A row is a kind of gap and who noticed it: how often, how much is missing.", gap_columns, G_N, NULL},
};
static const char *const kinds[] = {"ledger.imported", "ledger.gap", NULL};

const struct projection projection_imports = {"imports", 4, tables, 2, kinds, fold_imports};
