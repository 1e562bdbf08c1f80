/* A run that the states know as running and whose lock nobody holds was killed. */
#include "packs/run/left.h"

#include "packs/run/events.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

struct sweeping {
    struct ledger *ledger;
    const char *actor;
    left_told_fn *told;
    void *ctx;
    struct bytes id;
    bool begun;
    uint64_t started; /* seq of run.started */
};

static int ask(void *ctx, struct state_view *view, struct err *err) {
    struct sweeping *s = ctx;
    struct row row;
    bool there = false;
    int rc = look_stored(view, "runs", &s->id, 1, &row, &there, err);
    s->begun = rc == 0 && there && named_is(&row, "state", "running");
    s->started = s->begun ? (uint64_t)named_int(&row, "since_seq") : LOG_NO_SEQ;
    row_done(&row);
    return rc;
}

static int end_one(void *ctx, const char *id, uint64_t files, bool *ret_ended, struct err *err) {
    struct sweeping *s = ctx;
    struct state_options options;
    struct left_run left = {.id = id, .files = files, .seq = LOG_NO_SEQ};
    state_options_init(&options);
    options.no_write = true;
    s->id = bytes_of(id);
    int rc = state_ask(s->ledger, &options, ask, s, err);
    if (rc == 0 && s->begun && s->actor != NULL) rc = events_abandoned(s->ledger, s->actor, id, s->started, &left.seq, err);
    left.begun = s->begun;
    if (rc == 0 && s->told != NULL) {
        s->told(s->ctx, &left);
    }
    *ret_ended = !s->begun || left.seq != LOG_NO_SEQ;
    return rc;
}

int left_sweep(struct ledger *ledger, const char *actor, left_told_fn *told, void *ctx, struct err *err) {
    struct sweeping s = {.ledger = ledger, .actor = actor, .told = told, .ctx = ctx};
    return place_sweep(log_dir(ledger), end_one, &s, err);
}
