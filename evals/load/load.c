/* Puts the rules of rooms beside each other into the reader's hands. */
#include "evals/load/load.h"

#include "evals/check/check.h"
#include "evals/stat/stat.h"

static double best(double n, double confidence) {
    return stat_wilson(n, n, confidence).low;
}

int load_suite(const char *path, suite_fault_fn *fault, void *ctx, struct suite **ret, struct err *err) {
    static const struct suite_rules rules = {.check = check_is_sound, .best = best};
    return suite_load_by(path, &rules, fault, ctx, ret, err);
}
