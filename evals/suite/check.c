/* The names of checks, as suites have them. */
#include "evals/suite/suite.h"

const char *const suite_check_names[SUITE_CHECK_TYPES] = {"equals", "contains",      "regex",    "json", "schema",
                                                          "number", "edit_distance", "token_f1", "exit", "judge"};
