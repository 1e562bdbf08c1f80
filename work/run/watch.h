/* A step from the moment bubblewrap was started to the moment nothing of it is left. */
#ifndef WORK_RUN_WATCH_H
#define WORK_RUN_WATCH_H

#include "work/egress/proxy.h"
#include "work/limits/cgroup.h"
#include "work/limits/files.h"
#include "work/run/report.h"

enum { WATCH_STREAMS = 2, WATCH_EARLY = 400 };

struct watch {
    /* what the caller sets; descriptors are owned */
    const struct work_process *process;
    struct work_limit limit;          /* no defaults left */
    const struct limits_group *group; /* version 0: counted here */
    const char *program;
    bool loose;  /* there is no sandbox */
    pid_t bwrap; /* a child, until this has waited for it; without a sandbox the keeper itself */
    int control, stream[WATCH_STREAMS];
    struct report report;
    /* what is found */
    struct egress_proxy *proxy;
    bool asked;                    /* to end by itself */
    bool started, reported, ended; /* the program runs; the keeper said how it ended; by us */
    enum work_end end;
    int status;
    char why[ERR_MSG_MAX / 2];
    uint64_t wall_us, cpu_us, memory_max, processes_max, written[WATCH_STREAMS];
    bool cut;
    /* within */
    int keeper, outer; /* descriptors of the processes; -1: not known, or gone */
    pid_t keeper_pid;
    uint64_t cpu_before_us; /* that its group used before the program ran */
    uint64_t began_ms, kill_ms, tick_ms, files_ms;
    struct limits_files files_before;
    char early[WATCH_EARLY]; /* what was said on standard error before the program ran */
    size_t early_n;
};

/* Blocks until nothing of it is left. A failure is this process's own (output that cannot be written, a report that was
 * not taken); the step is ended then too. */
int run_watch_step(struct watch *watch, struct err *err);

#endif
