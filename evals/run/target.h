/* Whatever answers the cases of a suite: a model's endpoint, a confined program, a pack. */
#ifndef EVALS_RUN_TARGET_H
#define EVALS_RUN_TARGET_H

#include "evals/check/check.h"
#include "evals/sample/sample.h"

enum run_answer_end {
    RUN_ANSWERED,
    RUN_LIMITED, /* timeout, memory, budget: the case's own limit ended it */
    RUN_BROKEN,  /* it broke down by a fault of its own: there is no answer, and that is known */
    RUN_ERRED    /* nothing is known of an answer: unreachable, garbage, cut, an error inside of status 200 */
};

/* Whose fault an error may be besides the case's own. */
enum run_fault {
    RUN_FAULT_NONE,
    RUN_FAULT_AWAY,  /* nobody answered, or it says that it does not serve now: the question was not looked at */
    RUN_FAULT_CUT,   /* the connection broke before the answer was complete */
    RUN_FAULT_SILENT /* no answer in time */
};

struct run_answer {
    enum run_answer_end end;
    enum run_fault fault; /* of RUN_ERRED */
    uint64_t wait_ms;     /* it asks not to be asked again before (Retry-After); 0: it does not */
    char why[512];        /* when it is answered: what else is worth telling if it did not pass; "" */
    struct buf output;    /* owned: run_answer_done */
    bool has_exit;
    int exit;
    double latency_ms, first_ms;    /* NAN: not known */
    uint64_t tokens_in, tokens_out; /* SAMPLE_ABSENT */
    double cost;                    /* NAN */
    uint64_t violations, attempts;
    char finish[32];
    char pack_run[64];                                              /* id of the run of a pack; "" */
    bool (*named)(void *ctx, struct bytes name, struct bytes *ret); /* outputs of a pack's run; NULL: none */
    void *named_ctx;
    void (*named_done)(void *ctx); /* releases them; NULL */
};
void run_answer_done(struct run_answer *answer);

/* `lane`: 0 to lanes-1; a lane is used by one thread at a time, so that a target can keep a connection for each. */
struct run_target {
    void *ctx;
    unsigned lanes_max; /* samples in flight at most; 0: as many as are asked for */
    int (*answer)(void *ctx, unsigned lane, const struct suite *suite, const struct suite_case *one, uint64_t repeat,
                  struct run_answer *ret, struct err *err); /* 0 also where it failed: `end` says how */
    /* Does it answer anything at all? A short question. NULL: it always does. */
    bool (*alive)(void *ctx, unsigned lane);
    void (*close)(void *ctx);
};

#endif
