/* What a machine is good for, and what may run on it: its tier, by the newest policy that has tiers, or by the list that
 * ships with the program (decision 085). Lists are not merged. */
#ifndef PROJECTIONS_MACHINE_CAPABILITY_H
#define PROJECTIONS_MACHINE_CAPABILITY_H

#include "ledger/kinds/capability.h"
#include "projections/view/state.h"

#define CAPABILITY_VERSION    "1" /* of the list that ships: capability_default.def */
#define CAPABILITY_POLICY_MAX 160

struct capability {
    struct buf list;                    /* what `tier` borrows from */
    bool known;                         /* some tier describes the machine; else `tier` has no limits */
    struct capability_tier tier;        /* of nobody: CAPABILITY_TIER_OF_NOBODY */
    char policy[CAPABILITY_POLICY_MAX]; /* "name version" */
    uint64_t seq;                       /* the policy.declared; LOG_NO_SEQ: it ships with the program */
};

/* The tier of a machine with this memory; -1: unknown. Memory of GPUs that is unknown is 0, a machine whose installed memory
 * is unknown too has no tier. Free with capability_done, also after a failure. */
int capability_judge(struct state_view *view, int64_t gpu_bytes, int64_t memory_bytes, struct capability *ret,
                     struct err *err);
void capability_done(struct capability *c);

/* The same by a given list: the first tier that is reached; false: none is. A pure function. */
bool capability_pick(struct bytes list, int64_t gpu_bytes, int64_t memory_bytes, struct capability_tier *ret);
/* The list that ships with the program, as it would be in an event. */
int capability_shipped(struct buf *out, struct err *err);

/* The memory of all GPUs and the installed memory, as the newest profile of a host states them; -1: not stated. */
struct capability_host {
    char host[256];
    int64_t gpu_bytes, memory_bytes;
    int64_t gpus, gpus_unknown; /* how many; of them without a known memory */
    uint64_t seq;               /* the profile; LOG_NO_SEQ: there is none */
};
/* `host` empty: the only one, or the one profiled last. ERR_NOTFOUND: no profile of that host. Without a name and a profile
 * everything is unknown. */
int capability_host(struct state_view *view, struct bytes host, struct capability_host *ret, struct err *err);

#endif
