/* The default options. */
#include "projections/store/options.h"

void state_options_init(struct state_options *options) {
    *options = (struct state_options){.at = LOG_NO_SEQ};
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
