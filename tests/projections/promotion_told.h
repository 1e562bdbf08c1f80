/* What the events of a promotion and of evaluations said, kept in the simplest way: the reference for what is missing. */
#ifndef TESTS_PROJECTIONS_PROMOTION_TOLD_H
#define TESTS_PROJECTIONS_PROMOTION_TOLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/projections/state_box.h"

#define TOLD_D1   "sha256:1111111111111111111111111111111111111111111111111111111111111111"
#define EVALS_MAX 1000

/* The simple reference: the tripcodes that were issued, the newest trial that was accepted, what the newest verification
 * names, and how each evaluation of D1 ended. */
static struct {
    bool tripped, forever;
    int64_t until;
    uint64_t trial;
    bool failed;
    const char *suites[2], *evals[2];
    struct {
        char suite[16];
        bool there, of_d1, passed;
        unsigned order;
    } ended[EVALS_MAX];
    unsigned n_ended;
} told;

/* An eval.finished was written. */
static inline void hear_end(const char *subject, const char *json) {
    unsigned id = (unsigned)strtoul(subject + strlen("eval/e"), NULL, 10);
    const char *suite = strstr(json, "\"suite\":\"");
    assert_true(id < EVALS_MAX);
    told.ended[id].there = true;
    told.ended[id].order = ++told.n_ended;
    told.ended[id].of_d1 = strstr(json, "{\"digest\":\"" TOLD_D1) != NULL || strstr(json, ",\"digest\":\"" TOLD_D1) != NULL;
    told.ended[id].passed = strstr(json, "\"verdict\":\"pass\"") != NULL;
    snprintf(told.ended[id].suite, sizeof(told.ended[0].suite), "%.*s", suite != NULL ? (int)strcspn(suite + 9, "\"") : 0,
             suite != NULL ? suite + 9 : "");
}

static inline bool has_passed(const char *suite) {
    unsigned newest = 0;
    bool passed = false;
    for (unsigned i = 0; i < EVALS_MAX; i++) {
        if (told.ended[i].of_d1 && strcmp(told.ended[i].suite, suite) == 0 && told.ended[i].order > newest) {
            newest = told.ended[i].order;
            passed = told.ended[i].passed;
        }
    }
    return passed;
}

static inline bool has_proven(const char *eval) {
    unsigned id = (unsigned)strtoul(eval + 1, NULL, 10);
    return told.ended[id].there && told.ended[id].of_d1 && told.ended[id].passed;
}

#endif
