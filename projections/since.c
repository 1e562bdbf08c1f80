/* One walk for each table that is asked about, when it is asked about first. */
#include "projections/since.h"

#include "projections/fold.h"
#include "projections/since_store.h"
#include "projections/view.h"
#include "projections/walk.h"

/* The column of a judged state in a table that tells since when; SIZE_MAX: that is stored, or nobody tells. */
static size_t judged_state(const struct state_table *table, size_t *ret_base) {
    size_t state = projection_state(table), base = projection_column(table, "since");
    *ret_base = base;
    return base != SIZE_MAX && projection_dated(table) == SIZE_MAX ? state : SIZE_MAX;
}

bool state_is_since(const struct state_table *table, size_t column) {
    size_t base;
    bool judged = judged_state(table, &base) != SIZE_MAX;
    return judged && (column == base + FOLD_SINCE || column == base + FOLD_SINCE_SEQ);
}

void since_forget(struct row *row) {
    size_t base;
    if (judged_state(row->table, &base) != SIZE_MAX) {
        row_set_null(row, base + FOLD_SINCE);
        row_set_null(row, base + FOLD_SINCE_SEQ);
    }
}

static uint64_t columns(void *ctx, const struct state_table *table) {
    size_t base, state = judged_state(table, &base);
    return table == ctx && state != SIZE_MAX ? UINT64_C(1) << state : 0;
}

/* Up to where all rows are stored, or will be when the view is closed: so that a view begins there at once. 0: they differ.
 */
static uint64_t stored_at(const struct state_view *view) {
    if (view->store_later) {
        return view->at;
    }
    uint64_t at = view->n > 0 ? view->projection[0].gen.position : 0;
    for (size_t i = 0; i < view->n; i++) {
        const struct view_projection *p = &view->projection[i];
        at = p->use == STORED_GOOD && p->gen.position == at ? at : 0;
    }
    return at;
}

#define WORK                                                                                                               \
    (UINT64_C(1) << 21) /* rows that judges look at for one answer, a second or two: the next one goes on from there */

/* Nobody can tell: what made the rows is stale, or the log cannot be read. Other failures are the caller's. */
static bool is_untold(int rc) {
    return rc == ERR_INVALID || err_is_damage(rc) || rc == ERR_NOTFOUND;
}

/* Up to the view's moment, keeping on the way what is known at the ends of segments and where rows are stored. */
static int go_on(struct state_view *view, struct view_table *table, uint64_t from, uint64_t generation, struct err *err) {
    uint64_t segment = stored_tuning(&view->options)->segment, stored = stored_at(view), at = from;
    bool far = stored >= from + stored_tuning(&view->options)->lag_max / 8; /* fewer are walked again */
    int rc = 0;
    while (rc == 0 && at < view->at) {
        uint64_t end = (at / segment + 1) * segment;
        at = stored > at && stored < end ? stored : end;
        if (at > view->at) {
            break;
        }
        rc = walk_to(table->history, at, 0, err);
        bool keep = at != stored || far || walk_corrected(table->history);
        if ((rc == 0 && keep) || walk_is_tired(table->history)) {
            since_save(view, table->table, table->history, at == stored || rc != 0, generation);
        }
    }
    if (rc == 0) {
        rc = walk_to(table->history, view->at, view->now, err);
        if (walk_is_tired(table->history)) {
            since_save(view, table->table, table->history, true, generation);
        }
    }
    return rc;
}

/* From there on, or from the first event when that turns out not to be true. */
static int walk_from(struct state_view *view, struct view_table *table, const struct since_record *known, struct err *err) {
    uint64_t generation = view->ledger->derived_generation;
    struct walk_plan plan = {.ledger = view->ledger,
                             .options = view->options,
                             .from = known->position,
                             .from_now = known->now,
                             .columns = columns,
                             .work = stored_tuning(&view->options)->since_work,
                             .ctx = (void *)(uintptr_t)table->table,
                             .known = known->rows,
                             .n_known = known->n,
                             .known_table = table->table};
    plan.options.base = view->options.base == STATE_STORED ? STATE_STORED : STATE_EVENTS;
    int rc = walk_open(&plan, &table->history, err);
    if (rc == 0 && known->position > 0 && !walk_is_whole(table->history)) {
        const struct since_record nothing = {0};
        walk_close(table->history);
        table->history = NULL;
        return walk_from(view, table, &nothing, err);
    }
    return rc != 0 ? rc : go_on(view, table, known->position, generation, err);
}

static int walk_table(struct state_view *view, struct view_table *table, struct err *err) {
    struct since_record known;
    struct err why = {0};
    bool tired = false;
    int rc = since_load(view, table->table, view->at, &known, &why);
    rc = rc != 0 ? rc : walk_from(view, table, &known, &why);
    since_record_done(&known);
    if (rc != 0) {
        tired = table->history != NULL && walk_is_tired(table->history);
        walk_close(table->history);
        table->history = NULL;
        table->no_history = true;
    }
    return rc == 0 || tired || is_untold(rc) ? 0 : err_set(err, rc, "%s", why.msg);
}

int state_since(struct state_view *view, struct row *row, struct err *err) {
    size_t base, state = judged_state(row->table, &base), t = 0;
    struct walk_cause cause;
    int rc = 0;
    since_forget(row);
    if (state == SIZE_MAX || !row_has(row, state)) {
        return 0;
    }
    while (t < view->n_tables && view->table[t].table != row->table) {
        t++;
    }
    struct view_table *table = &view->table[t];
    if (t < view->n_tables && table->history == NULL && !table->no_history) {
        rc = walk_table(view, table, err);
    }
    if (rc == 0 && t < view->n_tables && table->history != NULL && walk_column(table->history, row, state, &cause) &&
        cause.known) {
        row_set_int(row, base + FOLD_SINCE, (int64_t)cause.at);
        if (cause.seq != LEDGER_NO_SEQ) {
            row_set_int(row, base + FOLD_SINCE_SEQ, (int64_t)cause.seq);
        }
    }
    return rc;
}
