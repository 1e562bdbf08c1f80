/* What an interrupted evaluation left, and whether it may be continued. */
#ifndef EVALS_RUN_RESUME_H
#define EVALS_RUN_RESUME_H

#include "evals/run/types.h"
#include "evals/sample/samples.h"

struct run_left {
    char id[RUN_ID_MAX];
    uint64_t started, resumed; /* seq of its beginning; how often it was continued */
    struct samples samples;
    bool *there; /* of each item of the plan: its result is on record */
    uint64_t there_n;
};

/* `which`: an id or RUN_RESUME_LAST. ERR_NOTFOUND: there is none. ERR_CONFLICT: it is finished, of another plan, or what it
 * evaluated is not what is there now. *ret is always initialised: call run_left_done. */
int run_left_find(const struct run_suite_options *how, const struct run_plan *plan, const struct run_binding *binding,
                  struct run_left *ret, struct err *err);
void run_left_done(struct run_left *left);

/* What was declared last under the suite's name. */
struct run_declared {
    bool same;                   /* it is the suite, of these bytes */
    char digest[RUN_DIGEST_MAX]; /* otherwise of what it is; "": nothing was declared, or no digest */
    size_t routes;   /* routes that it proves: a declaration of other bytes would change what they are proven by */
    char route[256]; /* one of them */
};
int run_suite_declared(struct ledger *ledger, const struct suite *suite, struct run_declared *ret, struct err *err);

#endif
