/* A round of looks, and the verdicts that follow.
 *
 *   due ──> children look, all at once ──> what is news is appended ──> verdicts that changed are appended
 *
 * The caller opens the ledger (it has the keys' passphrase, and what is known of the ledger from outside) and verifies it. No
 * ledger is open in this process while a child is started. */
#ifndef DOCTOR_ROUND_ROUND_H
#define DOCTOR_ROUND_ROUND_H

#include "doctor/round/children.h"
#include "projections/store/options.h"

#define ROUND_PROBES_MAX 16

struct round_options {
    const struct probe_box *box;
    const struct probe *probes; /* at most ROUND_PROBES_MAX; NULL: probe_all */
    size_t n_probes;
    const struct bytes *clauses; /* only probes that these rest on, due or not; n_clauses 0: all that are due */
    size_t n_clauses;
    bool all; /* also those that are not due */
    const char *actor;
    /* For a probe without a function: verifies the ledger in a process of its own, before the others look. ERR_*: that could not
     * be done, or it was stopped. */
    int (*verify)(void *ctx, struct log_report *ret, struct err *err);
    void *ctx;
    const volatile int *stop; /* set: the children are ended, and nothing is appended. May be NULL */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *progress_ctx;
};

struct round_look {
    const struct probe *probe;
    enum child_end end;
    char why[PROBE_WORDS_MAX];
    uint64_t took; /* ns */
    size_t said, news;
};

struct round_result {
    struct round_look looks[ROUND_PROBES_MAX];
    size_t n;
    bool verified; /* report is filled */
    struct log_report report;
    uint64_t appended; /* events */
};

/* 0 also where probes fail: that is in the result, and in the ledger. When the verification finds the ledger invalid or
 * contradicting what is known, nothing is appended and the other probes are stopped. ERR_*: the ledger cannot be opened or
 * written to. `ret` is filled as far as it came. */
int round_run(const struct round_options *options, struct round_result *ret, struct err *err);

/* Appends doctor.judged for the box and each pack whose verdict is another than the newest recorded one. `base`: of the states
 * that it is judged from; ERR_CORRUPT where stored rows cannot be read. *ret (may be NULL): how many. */
int round_judge(struct ledger *ledger, const char *actor, enum state_base base, uint64_t *ret, struct err *err);

#endif
