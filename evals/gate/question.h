/* What is asked of the gates. */
#ifndef EVALS_GATE_QUESTION_H
#define EVALS_GATE_QUESTION_H

#include "evals/gate/policy.h"
#include "ledger/log.h"

#define GATE_SEQS_MAX 24 /* events that one answer names */

struct gate_question {
    struct ledger *ledger;
    const struct gate_policy *policy;
    struct bytes promotion; /* its id */
    uint64_t verifying;     /* seq of the event that asks */
    const char *writes;     /* what the promotion changes, from its plan; NULL: it has no target */
};

#endif
