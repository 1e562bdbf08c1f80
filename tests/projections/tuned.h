/* The engine's sizes (projections/store/options.h), small ones so that few events make many segments. A test that uses them
 * says TUNED(__wrap_state_tuning) once: by that name the Makefile links it in place of the engine's own. */
#ifndef TESTS_PROJECTIONS_TUNED_H
#define TESTS_PROJECTIONS_TUNED_H

#include "projections/store/options.h"

const struct state_tuning *__real_state_tuning(void);
const struct state_tuning *__wrap_state_tuning(void);

static struct state_tuning tuned;
static bool is_tuned;

#define TUNED(wrap)                                                                                                        \
    const struct state_tuning *wrap(void) {                                                                                \
        return is_tuned ? &tuned : __real_state_tuning();                                                                  \
    }

/* From here on; NULL: the defaults. */
static inline void tune(const struct state_tuning *tuning) {
    is_tuned = tuning != NULL;
    tuned = tuning != NULL ? *tuning : tuned;
    (void)__wrap_state_tuning();
}

#endif
