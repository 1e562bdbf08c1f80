/* Is what came of a case what its suite expects? Pure: no clock, no network, no file; the same input gives the same answer. */
#ifndef EVALS_CHECK_CHECK_H
#define EVALS_CHECK_CHECK_H

#include "evals/suite/suite.h"

#define CHECK_WHY_MAX 256

/* What came of a case. Texts are borrowed. */
struct check_given {
    struct bytes output;                                            /* the answer, or a program's standard output */
    bool has_exit;                                                  /* a program ended by itself */
    int exit;                                                       /* its status */
    bool (*named)(void *ctx, struct bytes name, struct bytes *ret); /* an output of a pack's run; false: there is none */
    void *named_ctx;
    bool has_judged; /* a judge answered */
    double judged;   /* its score */
};

enum check_end {
    CHECK_MET,
    CHECK_UNMET,
    CHECK_ERROR /* it cannot be decided: a match limit, a judge that did not answer or left its scale. Never a pass */
};

struct check_outcome {
    enum check_end end;
    double measure;          /* distance, F1, the judge's score, the number found; NAN: it has none */
    char why[CHECK_WHY_MAX]; /* "" when it is met */
};

/* What is wrong with a check that no sample can make right: a pattern that does not compile (with its offset), an unknown keyword of
 * a JSON Schema, a pointer that is not one. For the suite's reader. ERR_INVALID. */
int check_is_sound(const struct suite_check *check, struct err *err);
int check_one(const struct suite_check *check, const struct check_given *given, struct check_outcome *ret, struct err *err);

#endif
