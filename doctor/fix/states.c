/* A projection is rebuilt from the events, beside its readers (projections/store/rebuild.h). One that stopped because the log
 * cannot be read is left alone: a rebuild would stop there too. */
#include "doctor/fix/fix.h"
#include "projections/rows/projection.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"

/* Can every stored row of the table be read? */
static int read_rows(struct state_view *view, size_t table, bool *ret_damaged, struct err *err) {
    struct state_rows *rows = NULL;
    struct err why = {0};
    const struct row *row;
    int rc = state_rows_open(view, table, NULL, 0, &rows, &why);
    while (rc == 0) {
        rc = state_rows_next_stored(rows, &row, &why);
    }
    state_rows_close(rows);
    *ret_damaged = *ret_damaged || err_is_damage(rc);
    return rc == 1 || err_is_damage(rc) ? 0 : err_set(err, rc, "%s", why.msg);
}

static int look_at(struct state_view *view, size_t projection, bool *ret_ill, struct err *err) {
    struct state_status status;
    int rc = 0;
    state_status(view, projection, &status);
    *ret_ill = status.stale || (status.failed_seq != LOG_NO_SEQ && !status.damaged);
    for (size_t t = 0; t < state_tables(view) && rc == 0 && !*ret_ill; t++) {
        if (state_table_projection(view, t) == projection) rc = read_rows(view, t, ret_ill, err);
    }
    return rc;
}

int fix_states_look(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    struct state_options how;
    struct state_view *view = NULL;
    int rc = state_options_present(ledger, &how, err);
    how.no_write = true;
    how.stop = options->stop;
    if (rc == 0) rc = state_open(ledger, &how, &view, err);
    for (size_t i = 0; rc == 0 && projection_all[i] != NULL; i++) {
        bool ill = false;
        rc = look_at(view, i, &ill, err);
        struct fix_repair *repair =
            rc == 0 && ill ? fix_add(fix, options, FIX_STATES, bytes_of(projection_all[i]->name)) : NULL;
        if (repair != NULL) {
            repair->at = i;
        }
    }
    state_close(view);
    return rc;
}

int fix_states_mend(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    struct state_options how;
    uint32_t which = 0;
    state_options_init(&how);
    how.stop = options->stop;
    how.progress = options->progress;
    how.progress_ctx = options->progress_ctx;
    for (size_t i = 0; i < fix->n; i++) {
        which |= fix->list[i].what == FIX_STATES ? UINT32_C(1) << fix->list[i].at : 0;
    }
    if (which == 0) return 0;
    struct err why = {0};
    int all = rebuild_run(ledger, &how, which, &why);
    for (size_t i = 0; i < fix->n; i++) {
        struct fix_repair *repair = &fix->list[i];
        struct err own = {0};
        if (repair->what != FIX_STATES) continue;
        if (how.stop != NULL && *how.stop != 0) return err_set(err, ERR_BUSY, "interrupted");
        int rc = all == 0 ? 0 : rebuild_run(ledger, &how, UINT32_C(1) << repair->at, &own);
        fix_end(repair, rc == 0 ? FIX_OK : FIX_ERROR, own.msg);
    }
    return 0;
}
