/* One look at a server of models: what it says of itself, or how it failed to. */
#ifndef WORK_LOOK_RUNTIME_H
#define WORK_LOOK_RUNTIME_H

#include "base/answer/served.h"
#include "base/err.h"
#include "work/probe.h"

#define RUNTIME_WORD SERVED_WORD

enum runtime_end {
    RUNTIME_UP,
    RUNTIME_DOWN,    /* `error` says how it does not answer, or what is wrong with the answer */
    RUNTIME_OFFLINE, /* its name or a way to it is not found */
    RUNTIME_CLOSED   /* it is elsewhere, and nothing was sent */
};

struct runtime_seen {
    enum runtime_end end;
    bool here;                                                             /* at an address of this machine */
    char version[RUNTIME_WORD], build[RUNTIME_WORD], status[RUNTIME_WORD]; /* "": not stated */
    int64_t slots;                                                         /* -1: not stated */
    double latency_ms;
    char model_path[WORK_FOUND_MAX];
    const char *error; /* as runtime.unreachable has it */
    unsigned http_status;
    char detail[WORK_WHY_MAX];
};

/* `stranger`: it answers only if the answer shows that it is a server of this kind; otherwise it is enough that it says that
 * it is well. `off_box`: it may be elsewhere. Ends by then (ns of the monotonic clock). ERR_INVALID: what is no URL. */
int runtime_look(const char *runtime, const char *endpoint, bool stranger, bool off_box, uint64_t until,
                 struct runtime_seen *ret, struct err *err);

#endif
