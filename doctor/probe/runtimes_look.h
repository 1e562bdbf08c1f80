/* One look at a server of models: what it says of itself, or how it failed to. */
#ifndef DOCTOR_PROBE_RUNTIMES_LOOK_H
#define DOCTOR_PROBE_RUNTIMES_LOOK_H

#include "base/err.h"
#include "work/probe.h"

#define RUNTIMES_WORD 64

enum runtimes_end {
    RUNTIMES_UP,
    RUNTIMES_DOWN,    /* `error` says how it does not answer, or what is wrong with the answer */
    RUNTIMES_OFFLINE, /* its name or a way to it is not found */
    RUNTIMES_CLOSED   /* it is elsewhere, and nothing was sent */
};

struct runtimes_seen {
    enum runtimes_end end;
    bool here;                                                                /* at an address of this machine */
    char version[RUNTIMES_WORD], build[RUNTIMES_WORD], status[RUNTIMES_WORD]; /* "": not stated */
    int64_t slots;                                                            /* -1: not stated */
    double latency_ms;
    char model_path[WORK_FOUND_MAX];
    const char *error; /* as runtime.unreachable has it */
    unsigned http_status;
    char detail[WORK_WHY_MAX];
};

/* `stranger`: it answers only if the answer shows that it is a server of this kind; otherwise it is enough that it says that
 * it is well. `off_box`: it may be elsewhere. Ends by then (ns of the monotonic clock). ERR_INVALID: what is no URL. */
int runtimes_look(const char *runtime, const char *endpoint, bool stranger, bool off_box, uint64_t until,
                  struct runtimes_seen *ret, struct err *err);

#endif
