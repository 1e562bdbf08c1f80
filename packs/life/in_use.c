/* The event that began a run has the digest of what it runs from. */
#include "packs/life/in_use.h"

#include "packs/life/change.h"
#include "projections/decide/body.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

static int runs_from(struct ledger *ledger, uint64_t seq, struct bytes tree_digest, bool *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    int rc = log_reader_open(ledger, seq, seq + 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    *ret = rc == 0 && bytes_is(event.kind, "run.started") && bytes_eq(decide_text(event.body, "tree_digest"), tree_digest);
    log_reader_close(reader);
    return rc == 1 ? 0 : rc;
}

static int put_runs(struct ledger *ledger, struct state_view *view, struct bytes tree_digest, struct buf *out,
                    struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = look_rows(view, "runs", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        bool is = false;
        if (!named_is(row, "state", "running") || !named_has(row, "pack")) continue;
        rc = runs_from(ledger, (uint64_t)named_int(row, "since_seq"), tree_digest, &is, err);
        if (rc == 0 && is) {
            struct bytes id = named_text(row, "run");
            buf_printf(out, "%srun %.*s", out->n > 0 ? ", " : "", (int)id.n, (const char *)id.p);
        }
    }
    state_rows_close(rows);
    return rc == 1 ? 0 : rc;
}

int in_use_by(struct ledger *ledger, struct bytes tree_digest, struct buf *out, struct err *err) {
    struct state_view *view = NULL;
    int rc = change_view(ledger, &view, err);
    if (rc == 0) rc = state_whole(view, err);
    if (rc == 0) rc = put_runs(ledger, view, tree_digest, out, err);
    state_close(view);
    return rc == 0 ? buf_check(out, "the runs", err) : rc;
}
