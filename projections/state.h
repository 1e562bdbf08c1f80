/* Reading states: a view is all projections as of one moment of the log.
 *
 *   stored rows (derived environment) at a position ── + events since, folded in memory ──> rows as of `at` ── judge ──>
 * answer
 *
 * The rows that were stored for a position are never changed for an earlier one: at each multiple of STATE_SEGMENT events
 * their versions stay (store.h), so that a view of the past starts at the last such boundary and folds at most a segment.
 *
 * A view holds a snapshot of the derived database while it is open, and one tree size. One thread at a time. */
#ifndef PROJECTIONS_STATE_H
#define PROJECTIONS_STATE_H

#include "ledger/ledger.h"
#include "projections/projection.h"

#define STATE_SEGMENT 65536 /* events between two versions of a row that are kept */
#define STATE_LAG_MAX 4096  /* a view that lags more writes what it folded, where it can, before it reads */
#define STATE_SINCE_WORK                                                                                                   \
    (UINT64_C(1) << 21) /* rows that judges look at for one state_since: the next one goes on there                        \
                         */

/* What is the same for everybody but tests. */
struct state_tuning {
    uint64_t segment;     /* STATE_SEGMENT; rows that were stored with another are built anew */
    uint64_t lag_max;     /* STATE_LAG_MAX */
    size_t chunk_bytes;   /* of changed rows that are stored in one transaction */
    size_t chunk_rows;    /* the same, in rows */
    uint64_t aside_min;   /* events of a chunk that is stored by a thread of its own */
    size_t overlay_bytes; /* of changed rows that a view keeps in memory */
    uint64_t since_work;  /* STATE_SINCE_WORK; 0: any number */
};

/* Which rows a view stands on. */
enum state_base {
    STATE_STORED,   /* what is stored, as it is: quick, and as good as the directory's permissions */
    STATE_ATTESTED, /* what is stored and vouched for by an event under the seal (attested.h), else the events */
    STATE_EVENTS    /* the events alone */
};

struct state_options {
    enum state_base base;
    uint64_t at;   /* number of events that count, [0, at): "as of". LEDGER_NO_SEQ: all. More than there are: ERR_INVALID */
    uint64_t now;  /* the time that judges go by; 0: the time of the newest event that counts */
    bool no_write; /* never writes to the derived environment */
    bool *damaged; /* set by state_ask when it met damaged rows. May be NULL */
    bool *corrected; /* set by state_ask when it folded a correction, as everybody would until a newer root. May be NULL */
    const struct projection *const *projections; /* NULL: projection_all */
    const volatile int *stop;                    /* not 0: calls give ERR_BUSY ("interrupted"). May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total); /* of opening only. May be NULL; about ten times a second */
    void *progress_ctx;
    const struct state_tuning *tuning; /* NULL: as it is for everybody */
};
void state_options_init(struct state_options *options); /* all, now = 0 */

/* Catches up first: a small lag in memory; a larger one by storing, and where that is forbidden or fails (a full disk, a
 * directory that cannot be written) in memory too, or when it is too much for that in scratch files below TMPDIR, which
 * have no names. A projection that stopped at an event it cannot take, or is stale, does not fail the view: state_status
 * says so, and its rows are those of its own position. Nor does a log that cannot be read from some event on: all have
 * stopped there, with the reason. ERR_INVALID: `at` is beyond the log. ERR_BUSY: stopped. Inside a write transaction of the
 * ledger (ledger/guard.h) only with no_write. */
int state_open(struct ledger *ledger, const struct state_options *options, struct state_view **ret, struct err *err);
/* NULL is fine. When the view has folded a correction in memory and may write, rows are stored first: what that took is not
 * done again by the next one. What cannot be stored is not. */
void state_close(struct state_view *view);

/* For what counts: `ask` gets a view of attested rows. When rows turn out to be damaged while it reads (it fails with
 * ERR_CORRUPT), it is called once more with a view that was folded from the events; unless no_write, the damaged rows are
 * forgotten. What it returns is given back. */
int state_ask(struct ledger *ledger, const struct state_options *options,
              int (*ask)(void *ctx, struct state_view *view, struct err *err), void *ctx, struct err *err);

uint64_t state_at(const struct state_view *view);  /* number of events that count */
uint64_t state_now(const struct state_view *view); /* the time that judges go by */
/* Is that time at or after this moment (ns)? The one way for a judge to go by time: the moment at which its answer becomes
 * another one is known then (walk.h). */
bool state_past(struct state_view *view, int64_t moment);
/* What a judge did beside looking at rows takes as long as looking at so many. */
void state_worked(struct state_view *view, size_t rows);
/* The number of events that count at a time: those whose time is at or before it. For "--at TIME". */
int state_at_time(struct ledger *ledger, uint64_t time, uint64_t *ret_at, struct err *err);

/* ---- projections and their condition ---- */

struct state_status {
    const struct projection *projection;
    bool stored;              /* something is stored for it */
    uint32_t version;         /* of the code that made what is stored */
    bool stale;               /* that is not this code: `ledger rebuild` */
    uint64_t position;        /* events that what is read here has folded */
    uint64_t stored_position; /* events that what is stored has folded */
    uint64_t lag;             /* events that are in the log and not stored */
    uint64_t rows;            /* stored row versions; LEDGER_NO_SEQ when not counted */
    bool damaged;             /* it stopped because the log cannot be read */
    uint64_t failed_seq;      /* it stopped there; LEDGER_NO_SEQ: it did not */
    char failed[256];         /* why */
};
/* ERR_TAMPERED: folding met events that cannot be read, and the states end before them; in words. */
int state_whole(const struct state_view *view, struct err *err);
size_t state_projections(const struct state_view *view);
void state_status(const struct state_view *view, size_t projection, struct state_status *ret);
/* SIZE_MAX: none. */
size_t state_find(const struct state_view *view, const char *projection);

/* ---- tables and rows ---- */

/* Of all projections of the view, numbered through. */
size_t state_tables(const struct state_view *view);
const struct state_table *state_table(const struct state_view *view, size_t table);
size_t state_table_projection(const struct state_view *view, size_t table);
/* By name ("permissions") or noun ("permission"); SIZE_MAX: none. */
size_t state_table_find(const struct state_view *view, const char *name);

/* One row, judged. ERR_NOTFOUND: there is none (err untouched). `row` was initialised by the caller (row_init) and borrows
 * nothing from the view afterwards. */
int state_get(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct row *row, struct err *err);
/* The same without its judge, for judges that would go in circles. */
int state_get_stored(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct row *row,
                     struct err *err);

/* Rows whose first key parts are these (n 0: all), in the order of their keys. */
struct state_rows;
int state_rows_open(struct state_view *view, size_t table, const struct bytes *parts, size_t n, struct state_rows **ret,
                    struct err *err);
/* 0, 1 at the end. Borrowed until the next call. Judged. */
int state_rows_next(struct state_rows *rows, const struct row **ret, struct err *err);
int state_rows_next_stored(struct state_rows *rows, const struct row **ret, struct err *err);
void state_rows_close(struct state_rows *rows); /* NULL is fine */

/* Since when a row's state is what it is, and by which event: of a state that is judged this is not in the row as it is
 * read, for it takes a walk through the log (walk.h); this fills in `since` and `since_seq`. The event is the one after
 * which it was first so, without a break until now; what time alone did has a time and no event. Both stay null where there
 * is not a state, and where nobody can tell. Rows of other tables, whose fold says it, stay as they are. */
int state_since(struct state_view *view, struct row *row, struct err *err);
/* The same for the row that state_rows_next gave. */
int state_rows_since(struct state_rows *rows, struct err *err);
/* Is this column one of the two, of a table whose state is judged? */
bool state_is_since(const struct state_table *table, size_t column);

/* ---- digests ---- */

/* SHA-256 over all rows of a projection as they are stored, in order: table name, key and canonical bytes, each with its
 * length as be32; before them name, version (be32) and position (be64). *ret_rows may be NULL. */
int state_digest(struct state_view *view, size_t projection, uint8_t ret[LEDGER_HASH], uint64_t *ret_rows, struct err *err);

#endif
