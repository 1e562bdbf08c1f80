/* The default options. */
#include "projections/store/options.h"

#include "base/clock.h"

void state_options_init(struct state_options *options) {
    *options = (struct state_options){.at = LOG_NO_SEQ};
}

int state_options_present(struct ledger *ledger, struct state_options *options, struct err *err) {
    struct log_head head;
    int rc = log_head(ledger, &head, err);
    uint64_t now = clock_wall_ns();
    state_options_init(options);
    if (rc == 0) {
        options->now = now > head.time ? now : head.time;
    }
    return rc;
}

const struct state_tuning *state_tuning(void) {
    static const struct state_tuning usual = {.segment = STATE_SEGMENT,
                                              .lag_max = STATE_LAG_MAX,
                                              .since_work = STATE_SINCE_WORK,
                                              .chunk_bytes = (size_t)12 << 20,
                                              .chunk_rows = 9216,
                                              .aside_min = 4096,
                                              .overlay_bytes = (size_t)48 << 20};
    return &usual;
}

const struct projection *const *state_list_of(const struct state_options *options) {
    return options->projections != NULL ? options->projections : projection_all;
}
