/* A suite, read and checked as a whole. */
#ifndef EVALS_LOAD_LOAD_H
#define EVALS_LOAD_LOAD_H

#include "evals/suite/suite.h"

/* suite_load, and besides: patterns, JSON Schemas and pointers are sound (check_is_sound), and the suite has enough samples
 * for its threshold on the pass rate. */
int load_suite(const char *path, suite_fault_fn *fault, void *ctx, struct suite **ret, struct err *err);

#endif
