/* Stored rows have no checksums: one that is not a row is found by reading it, one that became another row only by a replay. */
#include "doctor/probe/keep_rows.h"

#include "projections/rows/projection.h"
#include "projections/view/state.h"

/* Can every stored row of the table be read? */
static int read_rows(struct state_view *view, size_t table, uint64_t *left, bool *ret_damaged, struct err *err) {
    struct state_rows *rows = NULL;
    struct err why = {0};
    const struct row *row;
    int rc = state_rows_open(view, table, NULL, 0, &rows, &why);
    while (rc == 0 && *left > 0) {
        rc = state_rows_next_stored(rows, &row, &why);
        *left -= rc == 0;
    }
    state_rows_close(rows);
    *ret_damaged = *ret_damaged || err_is_damage(rc);
    return rc >= 0 || err_is_damage(rc) ? 0 : err_set(err, rc, "%s", why.msg);
}

struct looking {
    struct state_view *view;
    uint64_t left; /* rows that may be read */
    void (*ill)(void *ctx, size_t projection, enum keep_ill ill);
    void *ctx;
};

static int look_at(struct looking *l, size_t projection, struct err *err) {
    struct state_status status;
    bool damaged = false;
    int rc = 0;
    state_status(l->view, projection, &status);
    bool stale = status.stale || (status.failed_seq != LOG_NO_SEQ && !status.damaged);
    for (size_t t = 0; t < state_tables(l->view) && rc == 0 && !stale && !damaged; t++) {
        if (state_table_projection(l->view, t) == projection) rc = read_rows(l->view, t, &l->left, &damaged, err);
    }
    if (rc == 0 && (stale || damaged)) {
        l->ill(l->ctx, projection, stale ? KEEP_STALE : KEEP_DAMAGED);
    }
    return rc;
}

int keep_rows_look(struct ledger *ledger, uint64_t most, const volatile int *stop,
                   void (*ill)(void *ctx, size_t projection, enum keep_ill ill), void *ctx, struct err *err) {
    struct state_options how;
    struct looking l = {.left = most, .ill = ill, .ctx = ctx};
    int rc = state_options_present(ledger, &how, err);
    how.no_write = true;
    how.stop = stop;
    if (rc == 0) rc = state_open(ledger, &how, &l.view, err);
    for (size_t i = 0; rc == 0 && projection_all[i] != NULL; i++) {
        rc = look_at(&l, i, err);
    }
    state_close(l.view);
    return rc;
}
