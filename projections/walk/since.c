/* One walk for each table, when it is first asked about. */
#include "projections/walk/since.h"

#include <string.h>

#include "projections/fold/fold.h"
#include "projections/view/state.h"
#include "projections/view/view.h"
#include "projections/walk/since_store.h"
#include "projections/walk/walk.h"

bool since_is(const struct state_table *table, size_t column) {
    size_t base;
    bool judged = projection_judged(table, &base) != SIZE_MAX;
    return judged && (column == base + FOLD_SINCE || column == base + FOLD_SINCE_SEQ);
}

static uint64_t columns(void *ctx, const struct state_table *table) {
    size_t base, state = projection_judged(table, &base);
    return table == ctx && state != SIZE_MAX ? UINT64_C(1) << state : 0;
}

/* Up to where all rows are stored, or will be when the view is closed, so that a view can begin there. 0: they differ.
 * */
static uint64_t stored_at(const struct state_view *view) {
    if (view->store_later) return view->at;
    uint64_t at = view->n > 0 ? view->projection[0].gen.position : 0;
    for (size_t i = 0; i < view->n; i++) {
        const struct view_projection *p = &view->projection[i];
        at = p->use == STORED_GOOD && p->gen.position == at ? at : 0;
    }
    return at;
}

/* The cause cannot be found: the rows are stale, or the log cannot be read. Other failures are the caller's. */
static bool is_unknown_cause(int rc) {
    return rc == ERR_INVALID || err_is_damage(rc) || rc == ERR_NOTFOUND;
}

/* Walks to the view's moment, storing what is known at the ends of segments and where rows are stored. */
static int continue_walk(struct state_view *view, const struct state_table *table, struct walk *walk, uint64_t from,
                         uint64_t generation, struct err *err) {
    uint64_t segment = state_tuning()->segment, stored = stored_at(view), at = from;
    bool far = stored >= from + state_tuning()->lag_max / 8; /* fewer are walked again */
    int rc = 0;
    while (rc == 0 && at < view->at) {
        uint64_t end = (at / segment + 1) * segment;
        at = stored > at && stored < end ? stored : end;
        if (at > view->at) break;
        rc = walk_to(walk, at, 0, err);
        bool keep = at != stored || far || walk_corrected(walk);
        if ((rc == 0 && keep) || walk_is_tired(walk)) {
            since_save(view, table, walk, at == stored || rc != 0, generation);
        }
    }
    if (rc == 0) {
        rc = walk_to(walk, view->at, view->now, err);
        if (walk_is_tired(walk)) {
            since_save(view, table, walk, true, generation);
        }
    }
    return rc;
}

/* Walks from there, or from the first event when the stored record turns out to be wrong. */
static int walk_from(struct state_view *view, const struct state_table *table, const struct since_record *known,
                     struct walk **ret, struct err *err) {
    uint64_t generation = derived_generation(view->ledger);
    struct walk_plan plan = {.ledger = view->ledger,
                             .options = view->options,
                             .from = known->position,
                             .from_now = known->now,
                             .columns = columns,
                             .brief = true,
                             .work = state_tuning()->since_work,
                             .ctx = (void *)(uintptr_t)table,
                             .known = known->rows,
                             .n_known = known->n,
                             .known_table = table};
    plan.options.base = view->options.base == STATE_STORED ? STATE_STORED : STATE_EVENTS;
    int rc = walk_open(&plan, ret, err);
    if (rc == 0 && known->position > 0 && !walk_is_whole(*ret)) {
        const struct since_record nothing = {0};
        walk_close(*ret);
        *ret = NULL;
        return walk_from(view, table, &nothing, ret, err);
    }
    if (rc == 0) rc = continue_walk(view, table, *ret, known->position, generation, err);
    return rc;
}

static void close_walk(void *walk) {
    walk_close(walk);
}

static int walk_table(struct state_view *view, struct view_table *table, struct err *err) {
    struct since_record known;
    struct walk *walk = NULL;
    struct err why = {0};
    int rc = since_load(view, table->table, view->at, &known, &why);
    if (rc == 0) rc = walk_from(view, table->table, &known, &walk, &why);
    since_record_done(&known);
    if (rc == 0) {
        table->history = (struct view_guest){walk, close_walk};
        return 0;
    }
    bool tired = walk != NULL && walk_is_tired(walk);
    walk_close(walk);
    table->no_history = true;
    return tired || is_unknown_cause(rc) ? 0 : err_set(err, rc, "%s", why.msg);
}

int since_find(struct state_view *view, struct row *row, struct err *err) {
    size_t base, state = projection_judged(row->table, &base), t = 0;
    struct walk_cause cause;
    int rc = 0;
    view_forget_since(row);
    if (state == SIZE_MAX || !row_has(row, state)) return 0;
    while (t < view->n_tables && view->table[t].table != row->table) {
        t++;
    }
    struct view_table *table = &view->table[t];
    if (t < view->n_tables && table->history.p == NULL && !table->no_history) {
        rc = walk_table(view, table, err);
    }
    if (rc == 0 && t < view->n_tables && table->history.p != NULL && walk_column(table->history.p, row, state, &cause) &&
        cause.known) {
        row_set_int(row, base + FOLD_SINCE, (int64_t)cause.at);
        if (cause.seq != LOG_NO_SEQ) {
            row_set_int(row, base + FOLD_SINCE_SEQ, (int64_t)cause.seq);
        }
    }
    return rc;
}

int since_find_next(struct state_rows *rows, struct err *err) {
    struct state_view *view;
    struct row *row = view_rows_row(rows, &view);
    return since_find(view, row, err);
}
