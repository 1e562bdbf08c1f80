/* Outputs of a pack or a program that a case looks at. */
#ifndef EVALS_RUN_OUTPUTS_H
#define EVALS_RUN_OUTPUTS_H

#include "evals/suite/suite.h"

struct run_output {
    struct bytes name; /* borrowed from the suite */
    struct buf content;
    bool made;
};
struct run_outputs {
    struct run_output *all; /* each name once */
    size_t n;
};

/* `unnamed`: what a check without a name is about; empty: nothing that is listed here. NULL: no memory. */
struct run_outputs *run_outputs_new(const struct suite_case *one, struct bytes unnamed);
/* As `named` and `named_done` of an answer. */
bool run_outputs_named(void *ctx, struct bytes name, struct bytes *ret);
void run_outputs_free(void *ctx); /* NULL is fine */

#endif
