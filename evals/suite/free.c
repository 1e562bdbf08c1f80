/* The end of a suite. */
#include <stdlib.h>

#include "evals/suite/whole.h"

void suite_free(struct suite *suite) {
    struct whole *whole = (struct whole *)(void *)suite;
    if (suite == NULL) return;
    free(whole->cases);
    arena_done(&whole->arena);
    free(whole);
}
