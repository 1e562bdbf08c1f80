/* The checks of an installed pack: each is run or asked now, and recorded as pack.checked. */
#ifndef PACKS_RUN_CHECKS_H
#define PACKS_RUN_CHECKS_H

#include "packs/run/types.h"

enum checks_verdict { CHECKS_PASS, CHECKS_FAIL, CHECKS_UNKNOWN };
const char *checks_verdict_name(enum checks_verdict verdict); /* "pass", "fail", "unknown" */

struct checks_told {
    struct bytes name;
    bool required;
    enum checks_verdict verdict;
    uint64_t ns, seq;
    const char *why; /* of another verdict than pass */
};
/* A result, to be recorded. */
struct checks_fact {
    struct bytes pack, version;
    struct checks_told told; /* its seq is not read */
    uint64_t cause;          /* the event that led to it; LOG_NO_SEQ: none */
    bool exited;             /* of a program: with this code */
    int code;
    struct bytes output;      /* private; may be empty */
    const char *const *evals; /* ids of the evaluations that it rests on */
    size_t evals_n;
};
struct checks_options {
    struct ledger *ledger;
    const char *pack, *actor;
    bool unconfined;
    const char *user;
    const volatile int *stop;
    int stop_fd;
    void (*told)(void *ctx, const struct checks_told *told);
    void *told_ctx;
};
struct checks_result {
    struct decision refusal; /* the pack cannot be checked: nothing is written */
    size_t n, passed;
    bool good; /* every required one passed */
};

/* Codes as of run_pack. A check that is not permitted is `unknown`, and runs nothing. */
int checks_run(const struct checks_options *options, struct checks_result *ret, struct err *err);
/* Records a result that somebody else came to as pack.checked. ERR_CONFLICT: the states do not allow it. */
int checks_record(struct ledger *ledger, const char *actor, const struct checks_fact *fact, uint64_t *ret_seq,
                  struct err *err);

#endif
