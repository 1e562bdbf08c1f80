/* A policy's tiers of machines, as stored in the field `capability_tiers` of policy.declared: from which memory on a machine
 * is of a tier, and what may run on it. Decision 085 explains them. */
#ifndef LEDGER_KINDS_CAPABILITY_H
#define LEDGER_KINDS_CAPABILITY_H

#include "base/err.h"
#include "base/mp.h"

#define CAPABILITY_TIERS_MAX      64 /* in one policy */
#define CAPABILITY_TEXT_MAX       120
#define CAPABILITY_OVERHEAD_MAX   1000               /* per cent */
#define CAPABILITY_BYTES_MAX      ((size_t)64 << 10) /* of the stored tiers of one policy */
#define CAPABILITY_UNLIMITED      INT64_C(-1)
#define CAPABILITY_TIER_OF_NOBODY "unknown" /* of a machine that no tier describes; no tier may have this name */

struct capability_tier {
    struct bytes name, fits;         /* fits: empty when not stated */
    int64_t gpu_bytes, memory_bytes; /* at least; 0: any */
    int64_t largest_model_bytes;     /* at most; CAPABILITY_UNLIMITED */
    int64_t parallel;                /* at most; CAPABILITY_UNLIMITED */
    int64_t reserve_gpu_bytes, reserve_memory_bytes;
    int64_t overhead_percent;
    struct bytes runtimes; /* a list of patterns; p NULL: all */
};

struct capability_tiers {
    struct mp_reader reader;
    uint32_t left;
};
/* Borrows the list; anything but a list has no tiers. */
void capability_open(struct capability_tiers *tiers, struct bytes list);
/* The next tier, borrowed; false at the end. Skips anything that is not a map with a name. */
bool capability_next(struct capability_tiers *tiers, struct capability_tier *ret);
/* Does a machine with this memory reach it? Unknown memory is 0. */
bool capability_reaches(const struct capability_tier *tier, int64_t gpu_bytes, int64_t memory_bytes);
/* May a model of this runtime be loaded on such a machine? "" matches only where all do. */
bool capability_serves(const struct capability_tier *tier, struct bytes runtime);

/* Whether a policy.declared may have these fields (other kinds may have any): each tier has a name of its own and numbers
 * that make sense, none is hidden by an earlier one, and the policy has a version. ERR_INVALID, with a message. */
int capability_check(struct bytes kind, struct bytes body, struct bytes private_, struct err *err);

#endif
