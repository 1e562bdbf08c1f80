/* What was changed on the box so that its programs are recorded: a row for each name, an agent or a source. A name may stand for
 * several files, as of two users or projects; the row has the newest change of any of them. */
#include "projections/fold/fold.h"

enum { NAME, STATE, AGENT, WHAT, EXACT, BY, AT, CHANGED_SEQ, APPLIED, UNDONE, BASE };

static const struct state_column columns[] = {
    [NAME] = {"name", CELL_TEXT, COLUMN_KEY | COLUMN_MAIN, "what is recorded by it: claude-code, codex, otlp, ..."},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "applied, undone"},
    [AGENT] = {"agent", CELL_TEXT, COLUMN_MAIN, "the agent that is recorded by it; null: none"},
    [WHAT] = {"what", CELL_TEXT, COLUMN_MAIN, "what was changed: settings, file, unit, source"},
    [EXACT] = {"exact", CELL_BOOL, 0, "undone, and the file is byte for byte as before"},
    [BY] = {"by", CELL_TEXT, COLUMN_MAIN, "who changed it last"},
    [AT] = {"at", CELL_INT, COLUMN_TIME | COLUMN_MAIN, "when it was last changed"},
    [CHANGED_SEQ] = {"changed_seq", CELL_INT, COLUMN_SEQ, "the event of the newest change"},
    [APPLIED] = {"applied", CELL_INT, 0, "how often it was applied"},
    [UNDONE] = {"undone", CELL_INT, 0, "how often it was undone"},
    FOLD_COLUMNS,
};

/* Both kinds are written where the change is made, so their order is that of the log. An erased one still has its name. */
static int fold_setup(struct fold *fold, struct err *err) {
    const struct log_event *event = fold_event(fold);
    struct bytes name = fold_name(fold, "name");
    bool applied = bytes_is(event->kind, "setup.applied");
    struct row *row;
    if (name.n == 0) return 0;
    int rc = fold_row(fold, 0, &name, 1, &row, err);
    if (rc != 0) return rc;
    fold_state(fold, row, BASE, STATE, applied ? "applied" : "undone");
    fold_copy(fold, row, AGENT, "agent");
    fold_copy(fold, row, WHAT, "what");
    fold_replace(fold, row, EXACT, "exact");
    row_set_text(row, BY, event->actor);
    row_set_int(row, AT, (int64_t)fold_when(fold));
    row_set_int(row, CHANGED_SEQ, (int64_t)event->seq);
    row_add(row, applied ? APPLIED : UNDONE, 1);
    return 0;
}

static const struct state_table tables[] = {
    {"setups", "setup",
     "A row is a change of the box so that a program is recorded: whether it is in force, by the newest.", columns,
     BASE + FOLD_N, NULL},
};
static const char *const kinds[] = {"setup.applied", "setup.undone", NULL};

const struct projection projection_setups = {"setups", 1, tables, 1, kinds, fold_setup};
