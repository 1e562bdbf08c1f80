/* The machine that an evaluation ran on. */
#ifndef EVALS_RUN_MACHINE_H
#define EVALS_RUN_MACHINE_H

#include "base/err.h"

#include <stdint.h>

struct run_machine {
    char digest[72]; /* of its profile, as hardware.profiled has it */
    char cpu[128], arch[128];
    uint32_t threads; /* 0: not known */
    uint64_t memory_bytes;
};

/* What cannot be read is empty. ERR_NOMEM. */
int run_machine_look(struct run_machine *ret, struct err *err);

#endif
