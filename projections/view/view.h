/* The internals of a view, for the files that open it, read from it and check it. */
#ifndef PROJECTIONS_VIEW_VIEW_H
#define PROJECTIONS_VIEW_VIEW_H

#include "ledger/derived/derived.h"
#include "projections/store/attested.h"
#include "projections/store/options.h"
#include "projections/store/stored.h"
#include "projections/view/watch.h"

#define VIEW_JUDGES_MAX 8   /* nested judges */
#define VIEW_FILES_KEY  256 /* of a longer name it is asked each time */

struct state_rows;

struct view_projection {
    const struct projection *projection;
    enum stored_use use;
    struct store_generation gen; /* as stored */
    struct stored base;          /* rows of gen, as of the position or the boundary from which the overlay continues */
    struct rows *overlay;        /* NULL: nothing was folded */
    struct fold *fold;
    struct replay_part part; /* its position */
    size_t first_table;
};

/* What a room above attaches to a view; freed when the view releases its rows. */
struct view_guest {
    void *p; /* NULL: nothing */
    void (*free)(void *p);
};
void view_guest_done(struct view_guest *guest);

struct view_table {
    const struct state_table *table;
    size_t projection, number;
    struct store_map *map;             /* how stale rows are stored; NULL: like the table */
    bool sorted;                       /* `changed` is valid */
    const struct rows_entry **changed; /* this table's rows in the overlay, by key */
    size_t n_changed, room;
    struct view_guest history; /* the causes of the rows' judged states; NULL: not requested yet */
    bool no_history;           /* the causes cannot be found */
};

struct state_view {
    struct ledger *ledger;
    struct state_options options;
    const struct projection *const *list;
    uint64_t at, now, size; /* size: of the log */
    uint8_t leaf[LOG_HASH]; /* of event at - 1 */
    uint64_t generation;    /* of the evidence, beside which the rows are stored */
    struct db *db;          /* derived; NULL: none that can be read */
    struct db_txn *txn;
    uint64_t damaged; /* the log cannot be read from this event on; LOG_NO_SEQ: it can */
    char damage[256]; /* why */
    bool corrected;   /* a correction was folded in memory */
    bool store_later; /* rows are stored when the view is closed, so that they are not folded again */
    bool erasing;     /* derived exists but may hold erased content: it is neither read nor caught up */
    struct db *scratch;
    struct db_txn *scratch_txn;
    bool has_attested, attested_newest; /* newest: the newest stored one */
    struct attested_head attested;      /* the base of the rows, with STATE_ATTESTED */
    uint32_t distrusted;                /* a bit for each projection whose stored rows are damaged */
    size_t n, n_tables;
    struct view_projection *projection;
    struct view_table *table;
    unsigned depth;   /* judges at work */
    struct row again; /* the last result of view_get_again; its table NULL: none */
    struct {
        char pack[VIEW_FILES_KEY]; /* its name; "": none */
        bool changed;
        char words[STATE_FILES_WORDS];
    } files;                /* the last answer of state_pack_files: a pack and its routes are judged by it */
    struct view_guest read; /* what was read from a whole table for all judges (tiers.c) */
    size_t read_table;      /* that table: a change of its rows invalidates it. SIZE_MAX: none */
    struct watch *watched;  /* records what judges read; NULL: not recorded */
};

/* The stored rows of this projection are damaged: the next process that opens a view rebuilds them. */
void view_distrust(struct state_view *view, size_t projection);
/* Like that, after a row was changed in the overlay of a view that continues (walk.c). */
int view_add_changed(struct state_view *view, size_t table, struct bytes key, struct err *err);
/* Creates its overlay, to be folded into; `replay` reads the log. */
int view_prepare(struct state_view *view, size_t projection, struct replay *replay, struct err *err);
/* Folds the events up to view->at, from where each projection is. *ret_more: it is too much for memory. */
int view_fold_since(struct state_view *view, struct replay *replay, bool *ret_more, struct err *err);
/* The time that judges use, and the leaf before view->at. */
int view_find_now(struct state_view *view, struct replay *replay, struct err *err);
/* Whether damaged rows were found: those projections' stored rows are no longer used. */
bool view_find_spoiled(struct state_view *view);
/* As state_get, by the row's key. */
int view_get_key(struct state_view *view, size_t table, struct bytes key, struct row *row, struct err *err);
/* The next row as stored, key and bytes; 0, 1 at the end. */
int view_rows_raw(struct state_rows *rows, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err);

/* Like state_get_stored, for a large row that many rows are judged by: the last one is cached. *ret NULL: there is none.
 * Borrowed until the next call. */
int view_get_again(struct state_view *view, size_t table, struct bytes name, const struct row **ret, struct err *err);
void view_forget_again(struct state_view *view);
/* Hides the since columns that a fold stored for its step when the state is judged. */
void view_forget_since(struct row *row);
/* The row that state_rows_next returned last, and its view. */
struct row *view_rows_row(struct state_rows *rows, struct state_view **ret_view);

#endif
