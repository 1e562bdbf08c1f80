/* The insides of a view, for the files that open it, read from it and check it. */
#ifndef PROJECTIONS_VIEW_VIEW_H
#define PROJECTIONS_VIEW_VIEW_H

#include "ledger/derived/derived.h"
#include "projections/store/attested.h"
#include "projections/store/options.h"
#include "projections/store/stored.h"
#include "projections/view/watch.h"

#define VIEW_JUDGES_MAX 8 /* judges that stand within one another */

struct state_rows;

struct view_projection {
    const struct projection *projection;
    enum stored_use use;
    struct store_generation gen; /* as it is stored */
    struct stored base;          /* rows of gen, as of the position or the boundary from which the overlay continues */
    struct rows *overlay;        /* NULL: nothing was folded */
    struct fold *fold;
    struct replay_part part; /* where it stands */
    size_t first_table;
};

/* What a room above keeps with a view; freed when the view lets go of its rows. */
struct view_guest {
    void *p; /* NULL: nothing */
    void (*free)(void *p);
};
void view_guest_done(struct view_guest *guest);

struct view_table {
    const struct state_table *table;
    size_t projection, number;
    struct store_map *map;             /* how stale rows are stored; NULL: as the table is */
    bool sorted;                       /* `changed` is there */
    const struct rows_entry **changed; /* the overlay's rows of this table, by key */
    size_t n_changed, room;
    struct view_guest history; /* what made the rows' judged states what they are; NULL: nobody asked yet */
    bool no_history;           /* nobody can tell */
};

struct state_view {
    struct ledger *ledger;
    struct state_options options;
    const struct projection *const *list;
    uint64_t at, now, size; /* size: of the log */
    struct db *db;          /* derived; NULL: there is none that can be read */
    struct db_txn *txn;
    uint64_t damaged; /* the log cannot be read from this event on; LOG_NO_SEQ: it can */
    char damage[256]; /* why */
    bool corrected;   /* a correction was folded in memory */
    bool store_later; /* so that nobody folds it again, rows are stored when the view is closed */
    bool erasing;     /* there is, but what was erased may be in it: it is not read, nor caught up */
    struct db *scratch;
    struct db_txn *scratch_txn;
    bool has_attested, attested_newest; /* newest: of those that are stored */
    struct attested_head attested;      /* what rows stand on, with STATE_ATTESTED */
    uint32_t distrusted;                /* a bit for each projection whose stored rows turned out to be damaged */
    size_t n, n_tables;
    struct view_projection *projection;
    struct view_table *table;
    unsigned depth;         /* judges at work */
    struct row again;       /* what view_get_again gave last; its table NULL: nothing */
    struct view_guest read; /* what was read out of a whole table for all judges (tiers.c) */
    size_t read_table;      /* which: when a row of it changes, that is over. SIZE_MAX: there is no such table */
    struct watch *watched;  /* what judges look at is noted there; NULL: nobody wants to know */
};

/* What is stored of this projection is damaged: the next who opens a view builds it anew. */
void view_distrust(struct state_view *view, size_t projection);
/* The same after a row was changed in the overlay of a view that continues (walk.c). */
int view_add_changed(struct state_view *view, size_t table, struct bytes key, struct err *err);
/* Its overlay is there, to be folded into; `replay` knows the log. */
int view_prepare(struct state_view *view, size_t projection, struct replay *replay, struct err *err);
/* As state_get, by the row's key. */
int view_get_key(struct state_view *view, size_t table, struct bytes key, struct row *row, struct err *err);
/* The next row as it is kept, key and bytes; 0, 1 at the end. */
int view_rows_raw(struct state_rows *rows, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err);

/* As state_get_stored, for a row that many others are judged by and that may be large: the one that was asked for last is
 * at hand. *ret NULL: there is none. Borrowed until the next call. */
int view_get_again(struct state_view *view, size_t table, struct bytes name, const struct row **ret, struct err *err);
void view_forget_again(struct state_view *view);
/* What a fold says of the step that it stores is nothing that may be shown of a state that is judged. */
void view_forget_since(struct row *row);
/* The row that state_rows_next gave, and its view. */
struct row *view_rows_row(struct state_rows *rows, struct state_view **ret_view);

#endif
