/* One sample of an evaluation: what came of one case, once. What the runner writes into eval.sampled and eval.sample_failed,
 * and what comparisons, gates and reports read back. */
#ifndef EVALS_SAMPLE_SAMPLE_H
#define EVALS_SAMPLE_SAMPLE_H

#include "ledger/log.h"

#define SAMPLE_ABSENT UINT64_MAX

enum sample_outcome {
    SAMPLE_PASSED,  /* eval.sampled */
    SAMPLE_MISSED,  /* eval.sample_failed, assertion: an expectation is not met */
    SAMPLE_LIMITED, /* eval.sample_failed, limit: timeout or budget */
    SAMPLE_ERRED    /* eval.sample_failed, error or unknown: nothing is known of the answer */
};

/* Texts are borrowed. */
struct sample {
    enum sample_outcome outcome;
    uint64_t seq;          /* the event's; SAMPLE_ABSENT: not recorded yet */
    struct bytes task, id; /* task: the suite's name; id: the case's */
    struct bytes filter;   /* of the answers, where an imported sample has several; empty */
    uint64_t repeat;       /* from 0 */
    double weight;
    double latency_ms;              /* NAN: not known */
    double first_ms;                /* to the first token; NAN */
    double cost;                    /* units of currency; NAN */
    double score;                   /* of a graded metric (judge, F1, distance), NAN */
    uint64_t tokens_in, tokens_out; /* SAMPLE_ABSENT */
    uint64_t violations;
    bool probe;
    struct bytes tags;          /* of the case: the list as it is in the event; empty: none */
    struct bytes case_digest;   /* "sha256:...": of the case; doc_digest in the event */
    struct bytes output_digest; /* "sha256:..."; empty: there is no output */
};

#endif
