/* Puts the rules of rooms beside each other into the reader's hands. */
#include "evals/load/load.h"

#include <math.h>

#include "evals/check/check.h"
#include "evals/stat/stat.h"

static double best(double n, double confidence) {
    return stat_wilson(n, n, confidence).low;
}

/* As good: all pass in both, or one half does, whose bound is nearer to 0 where there are several. */
static double best_change(double n, double confidence, bool better) {
    if (better) return stat_newcombe(&(struct stat_pairs){.first = n}, confidence).low;
    const double all = stat_newcombe(&(struct stat_pairs){.both = n}, confidence).low;
    const struct stat_pairs half = {.both = floor(n / 2), .neither = n - floor(n / 2)};
    return fmax(all, stat_newcombe(&half, confidence).low);
}

int load_suite(const char *path, suite_fault_fn *fault, void *ctx, struct suite **ret, struct err *err) {
    static const struct suite_rules rules = {.check = check_is_sound, .best = best, .best_change = best_change};
    return suite_load_by(path, &rules, fault, ctx, ret, err);
}
