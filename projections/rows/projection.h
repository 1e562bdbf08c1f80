/* The projections room: what is true now, folded from the log and rebuildable from it at any time.
 *
 * A projection is a name, a version, its tables and a pure fold over events: no clock, no randomness, no reads outside its
 * own tables, so the same log gives the same bytes on any machine. What depends on the time of asking or on other
 * projections (a grant that has expired, a pack that is ready because its routes are proven) is never stored: a table's
 * judge computes it when a row is read, as a pure function of the tables and the time asked for.
 *
 *   projection.h  what a projection is, the list of all             row.h    rows, cells, keys
 *   fold.h        what a fold sees                                   state.h  reading: views, rows, as of any moment
 *   store.h       rows in the derived environment                    rebuild.h  rebuild, check, digests
 *   decide.h      judgements: may this step be taken
 *   one file for each projection, a row in all.def */
#ifndef PROJECTIONS_ROWS_PROJECTION_H
#define PROJECTIONS_ROWS_PROJECTION_H

#include "base/bytes.h"

enum cell_type {
    CELL_NULL,
    CELL_INT, /* also times (ns) and seqs */
    CELL_REAL,
    CELL_BOOL,
    CELL_TEXT,
    CELL_SEQS, /* seqs of events, ascending, none twice: the evidence */
    CELL_LIST  /* one canonical msgpack item: an array or a map */
};

enum column_flag {
    COLUMN_KEY = 1,       /* a part of the row's key, in order; always set, when the row is made */
    COLUMN_JUDGED = 2,    /* computed by the judge on reading, not stored */
    COLUMN_TIME = 4,      /* CELL_INT, ns since the epoch */
    COLUMN_SEQ = 8,       /* CELL_INT, the seq of an event */
    COLUMN_EVIDENCE = 16, /* CELL_SEQS, the events that decide the row's state; a table has one such column, "evidence" */
    COLUMN_MAIN = 32,     /* shown in lists for people; the others by name, and in JSON */
    COLUMN_WORK = 64,  /* changes with each use: judges of other rows ignore it, but for whether a counter is 0 (walk.h) */
    COLUMN_SINCE = 128 /* "since" dates this column, in a table whose state is judged */
};

struct state_column {
    const char *name; /* lower case, '_' between words; a name means the same in every table */
    enum cell_type type;
    unsigned flags;
    const char *help; /* one phrase */
};

struct row;
struct state_view;

struct state_table {
    const char *name; /* "permissions": also its name in SQL */
    const char *noun; /* "permission": what one row is; `ledger why permission/...` */
    const char *help; /* one sentence: a row is ... */
    const struct state_column *columns;
    size_t n_columns; /* at most ROW_COLUMNS_MAX */
    /* Fills the judged columns of a row when it is read, and adds what it read to the evidence. May read other rows of the
     * view (state_get, state_rows). NULL: nothing is judged. */
    int (*judge)(struct state_view *view, struct row *row, struct err *err);
};

struct fold;

struct projection {
    const char *name;
    uint32_t version; /* raised when the fold or the stored columns change; older states are stale then */
    const struct state_table *tables;
    size_t n_tables;          /* at most 8 */
    const char *const *kinds; /* "permission.*", "run.started", "*"; NULL at the end */
    /* An error stops this projection at this event until its code is fixed: only for events that cannot be taken at all,
     * never for ones that are merely wrong. */
    int (*fold)(struct fold *fold, struct err *err);
};

/* All projections, in the order of all.def; tables are numbered consecutively. */
extern const struct projection *const projection_all[]; /* NULL at the end */
#define PROJECTIONS_MAX 32

bool projection_takes(const struct projection *projection, struct bytes kind);
size_t projection_column(const struct state_table *table, const char *name); /* SIZE_MAX: none */
/* The column with the row's state: "state", "verdict", "status", "outcome" or "tier"; SIZE_MAX: none. */
size_t projection_state(const struct state_table *table);
/* The stored column whose change a stored "since" dates; SIZE_MAX: none, the state is judged. */
size_t projection_dated(const struct state_table *table);
/* projection_state of a table with a judged state and since columns: *ret_since is the since column, the next one has the
 * event. SIZE_MAX: the state is stored, or the table has no since. */
size_t projection_judged(const struct state_table *table, size_t *ret_since);

#endif
