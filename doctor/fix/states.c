/* A projection is rebuilt from the events, beside its readers (projections/store/rebuild.h). One that stopped because the log
 * cannot be read is left alone: a rebuild would stop there too. */
#include "doctor/fix/fix.h"
#include "doctor/probe/keep_rows.h"
#include "projections/rows/projection.h"
#include "projections/store/rebuild.h"

struct looking {
    const struct fix_options *options;
    struct fix *fix;
};

static void on_ill(void *ctx, size_t projection, enum keep_ill ill) {
    const struct looking *looking = ctx;
    struct fix_repair *repair =
        fix_add(looking->fix, looking->options, FIX_STATES, bytes_of(projection_all[projection]->name));
    (void)ill;
    if (repair != NULL) {
        repair->at = projection;
    }
}

int fix_states_look(struct ledger *ledger, const struct fix_options *options, struct fix *fix, struct err *err) {
    struct looking looking = {options, fix};
    return keep_rows_look(ledger, UINT64_MAX, options->stop, on_ill, &looking, err);
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
