/* The cases of a pack's own suites that are tagged "smoke", run on its own steps, as a check of the pack: whether it does its work at
 * all, here and now.
 *
 * For each route that the manifest proves by a suite with such cases there is one evaluation, which is a part of the suite and so
 * proves nothing, and one pack.checked: `check` is "smoke:ROUTE", which no check of a manifest can be called, its cause is
 * eval.finished, and it is required if the route is. Each says what came of the newest run: a required one that did not
 * pass blocks the pack until one does. Where an endpoint is not there no evaluation is begun, and the result is unknown. */
#ifndef EVALS_RUN_SMOKE_H
#define EVALS_RUN_SMOKE_H

#include "evals/run/pack.h"
#include "packs/run/checks.h"

#define SMOKE_TAG "smoke"

struct smoke_options {
    struct ledger *ledger;
    struct run_pack *of;
    const char *pack, *actor;
    unsigned concurrency; /* 0: as the pack has it */
    const volatile int *stop;
    int stop_fd;
    suite_fault_fn *fault; /* what is wrong with a suite; may be NULL */
    void *fault_ctx;
    void (*progress)(void *ctx, const struct run_progress *progress); /* may be NULL */
    void *progress_ctx;
    void (*told)(void *ctx, const struct checks_told *told);
    void (*untagged)(void *ctx, struct bytes route,
                     struct bytes suite); /* not tried: the suite has no such case; may be NULL */
    void *told_ctx;
};
struct smoke_result {
    size_t routes, passed; /* that were tried; 0: nothing was */
};

/* 0: whatever came of it. ERR_BUSY: it was stopped, and what is not finished is not recorded. ERR_INVALID: a suite has
 * faults, or cases that the pack has no use for. ERR_CONFLICT: LOCKDOWN is on. */
int smoke_run(const struct smoke_options *options, struct smoke_result *ret, struct err *err);

#endif
