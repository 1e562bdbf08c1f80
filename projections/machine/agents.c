/* Agents: a row for each that events name: when it was first and last heard of. An agent is heard of by its own sessions,
 * by the runs, calls and requests that name it, and by nothing else: what others merely say of it is no sign of life. */
#include "projections/fold/fold.h"

enum { AGENT, LAST_AT, LAST_KIND, SOURCE, EVENTS, SESSIONS, FIRST_AT, FIRST_SEQ, LAST_SEQ, EVIDENCE, COLUMNS };

static const struct state_column columns[] = {
    [AGENT] = {"agent", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "its name"},
    [LAST_AT] = {"last_at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was last heard of, by the source"},
    [LAST_KIND] = {"last_kind", CELL_TEXT, COLUMN_MAIN, "kind of that event"},
    [SOURCE] = {"source", CELL_TEXT, COLUMN_MAIN, "how that event entered the ledger"},
    [EVENTS] = {"events", CELL_INT, COLUMN_MAIN, "events that name it"},
    [SESSIONS] = {"sessions", CELL_INT, COLUMN_MAIN, "sessions that began"},
    [FIRST_AT] = {"first_at", CELL_INT, COLUMN_TIME, "when it was first heard of, by the source"},
    [FIRST_SEQ] = {"first_seq", CELL_INT, COLUMN_SEQ, "the first event that names it"},
    [LAST_SEQ] = {"last_seq", CELL_INT, COLUMN_SEQ, "the event by which it was last heard of"},
    [EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "the events by which it was first and last heard of"},
};

/* Its newest event is the one that happened last: an old transcript that is imported late is no news of it. */
static void take_newest(struct fold *fold, struct row *row, int64_t at) {
    const struct log_event *event = fold_event(fold);
    if (row_has(row, LAST_AT) && at < row_int(row, LAST_AT)) return;
    row_set_int(row, LAST_AT, at);
    row_set_text(row, LAST_KIND, event->kind);
    row_set_text(row, SOURCE, event->source);
    row_set_int(row, LAST_SEQ, (int64_t)event->seq);
    row_set_null(row, EVIDENCE);
    row_cite(row, EVIDENCE, (uint64_t)row_int(row, FIRST_SEQ));
    row_cite(row, EVIDENCE, event->seq);
}

static int fold_agent(struct fold *fold, struct err *err) {
    const struct log_event *event = fold_event(fold);
    bool own = bytes_has_prefix(event->subject, "agent/");
    struct bytes name = {0};
    struct row *row;
    if (own) {
        name = fold_name(fold, "agent");
    } else {
        fold_text(fold, "agent", &name);
    }
    if (name.n == 0) return 0;
    int rc = fold_row(fold, 0, &name, 1, &row, err);
    if (rc != 0) return rc;
    int64_t at = (int64_t)fold_when(fold);
    if (row->absent) {
        row_set_int(row, FIRST_SEQ, (int64_t)event->seq);
    }
    if (!row_has(row, FIRST_AT) || at < row_int(row, FIRST_AT)) {
        row_set_int(row, FIRST_AT, at);
    }
    row_add(row, EVENTS, 1);
    row_add(row, SESSIONS, bytes_is(event->kind, "agent.session_started"));
    take_newest(fold, row, at);
    return 0;
}

static const struct state_table tables[] = {
    {"agents", "agent", "A row is an agent, and when it was last heard of.", columns, COLUMNS, NULL},
};
static const char *const kinds[] = {
    "agent.session_started", "agent.session_ended", "agent.delegated",      "run.started",     "run.tool_called",
    "run.tool_returned",     "run.model_called",    "permission.requested", "permission.used", NULL};

const struct projection projection_agents = {"agents", 1, tables, 1, kinds, fold_agent};
