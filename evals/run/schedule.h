/* Samples in flight: lanes, a rate, budgets, and targets that do not answer for a while.
 *
 *   lane 0   ask, judge ──┐
 *   lane 1   ask, judge ──┼──> done, a bounded list ──> the caller's thread: `take`, several at once
 *   ...                 ──┘
 *
 * A lane is a thread that asks for one sample after the other. Whoever records is one thread, so that what is done while it
 * makes some samples durable is made durable together. */
#ifndef EVALS_RUN_SCHEDULE_H
#define EVALS_RUN_SCHEDULE_H

#include "evals/run/plan.h"
#include "evals/run/target.h"

/* What the suite's checks say of an answer. */
struct run_judged {
    enum sample_outcome outcome;
    char why[512]; /* of the first check that is not met, or what is not known; "" when it passed */
    double score;  /* of the first check that grades; NAN */
    size_t n;      /* of checks: ends[i] and measures[i] */
    enum check_end *ends;
    double *measures;
    bool away;        /* the judge does not answer: nothing is known, and it can be asked again */
    uint64_t wait_ms; /* as that of an answer */
};

#define RUN_WHY_MAX 512

struct run_done {
    size_t item; /* of the plan */
    struct run_answer answer;
    struct run_judged judged;
};

enum schedule_end {
    SCHEDULE_ALL,
    SCHEDULE_INTERRUPTED,
    SCHEDULE_FAIL_FAST,
    SCHEDULE_TOKENS,
    SCHEDULE_TIME,
    SCHEDULE_UNREACHABLE
};

struct schedule {
    const struct suite *suite;
    const struct run_plan *plan;
    const bool *there; /* of each item: its result is known already; NULL: none is */
    struct run_target target;
    unsigned lanes;           /* 1 to RUN_LANES_MAX */
    double rate;              /* samples begun in a second at most; 0: any */
    uint64_t tokens;          /* as soon as so many were used, none is begun; 0: no limit */
    uint64_t until_ns;        /* of the monotonic clock: none is begun after it; 0: no limit */
    bool fail_fast;           /* none is begun after one that did not pass */
    const volatile int *stop; /* not 0: none is begun; may be NULL */
    /* A target that does not answer is asked again, with growing pauses. Once it has not answered anybody for so long, it ends:
     * what it did not answer is dropped, as if it had not been asked. */
    uint64_t patience_ns;
    char *ret_why; /* RUN_WHY_MAX bytes: why it does not answer; may be NULL */
    /* In the lane's thread, also of an answer that failed. It fills `ret`, which is all zero. */
    int (*judge)(void *ctx, unsigned lane, const struct suite_case *one, uint64_t repeat, const struct run_answer *answer,
                 struct run_judged *ret, struct err *err);
    /* In the caller's thread. */
    int (*take)(void *ctx, struct run_done *const *done, size_t n, struct err *err);
    void *ctx;
};

/* Blocks until all samples are taken, or those in flight when something ended it. Those that fail after `stop` or `until_ns`
 * are dropped: nothing is known of them. The first failure of a callback ends it, and is returned. */
int schedule_run(const struct schedule *schedule, enum schedule_end *ret_end, struct err *err);

#endif
