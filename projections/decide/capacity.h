/* Which models fit into a machine at once, what must be unloaded for that, and what would be preempted: a plan, not a
 * measurement (decision 086). The plan itself is a pure function of the machine, the limits of its tier and the models;
 * capacity_ask reads these from a view. */
#ifndef PROJECTIONS_DECIDE_CAPACITY_H
#define PROJECTIONS_DECIDE_CAPACITY_H

#include "projections/machine/capability.h"

#define CAPACITY_MODELS_MAX   1024 /* so that the event that records the plan is not too large */
#define CAPACITY_UNKNOWN_SIZE INT64_C(-1)
#define CAPACITY_NO_QUOTA     INT64_C(-1)

enum capacity_action {
    CAPACITY_IDLE,    /* neither loaded nor wanted */
    CAPACITY_KEEP,    /* it is loaded and stays */
    CAPACITY_LOAD,    /* it is wanted and fits */
    CAPACITY_UNLOAD,  /* it is loaded and must go */
    CAPACITY_PREEMPT, /* it is loaded and wanted, and one of higher priority takes its room */
    CAPACITY_WAIT,    /* it is wanted and has no room now */
    CAPACITY_REFUSE,  /* it can never be loaded here */
    CAPACITY_UNCLEAR, /* its size, the machine's, or what is left of that is not known */
    CAPACITY_ACTIONS
};
extern const char *const capacity_actions[CAPACITY_ACTIONS]; /* in words */

enum capacity_why {
    CAPACITY_NO_WHY,
    CAPACITY_BY_POLICY,   /* the tier's largest model, or its runtimes */
    CAPACITY_BY_QUOTA,    /* the model's own */
    CAPACITY_BY_MEMORY,   /* of the machine */
    CAPACITY_BY_PARALLEL, /* as many are loaded as the tier lets be */
    CAPACITY_BY_SIZE,     /* the model's is not known */
    CAPACITY_BY_HARDWARE, /* the machine's is not known */
    CAPACITY_BY_OTHERS,   /* that of a loaded model is not known, so what is left is not */
    CAPACITY_WHYS
};
extern const char *const capacity_whys[CAPACITY_WHYS];

enum capacity_pool { CAPACITY_NOWHERE, CAPACITY_GPU, CAPACITY_MEMORY };
extern const char *const capacity_pools[3]; /* NULL, gpu, memory */

struct capacity_model {
    char digest[128], name[256], runtime[128], role[64]; /* digest: of the row, and different for each */
    int64_t bytes;                                       /* of the weights; CAPACITY_UNKNOWN_SIZE */
    int64_t priority, quota;                             /* CAPACITY_NO_QUOTA */
    bool loaded, wanted;
    bool barred; /* the tier allows none of its runtimes */
    /* The plan. */
    enum capacity_action action;
    enum capacity_why why;
    enum capacity_pool pool; /* where it is to be; of what stays and what is loaded */
    int64_t needs;           /* memory; CAPACITY_UNKNOWN_SIZE */
    size_t by;               /* the model that takes its room, as an index; SIZE_MAX: none */
};

/* Memory that models may take; CAPACITY_UNKNOWN_SIZE. */
struct capacity_rooms {
    int64_t gpu, memory;
};
/* Of a machine with this memory (-1: unknown), less what the tier reserves. */
struct capacity_rooms capacity_rooms(int64_t gpu_bytes, int64_t memory_bytes, const struct capability_tier *limits);
/* What weights of this size take when loaded; at most INT64_MAX. */
int64_t capacity_needs(int64_t bytes, const struct capability_tier *limits);
/* Whether the model can ever be loaded there, whatever else is: CAPACITY_NO_WHY, or what forbids it or is not known. */
enum capacity_why capacity_fits(const struct capacity_model *model, const struct capacity_rooms *rooms,
                                const struct capability_tier *limits);
/* Sorts the models into the plan's order and fills in their plans. */
void capacity_plan(const struct capacity_rooms *rooms, const struct capability_tier *limits, struct capacity_model *models,
                   size_t n);

/* ---- of a view ---- */

struct capacity {
    struct capability_host host;
    struct capability limits;
    struct capacity_rooms rooms;
    struct capacity_model *models; /* without the idle ones, in the plan's order */
    size_t n;
    uint64_t *evidence; /* ascending, each once */
    size_t n_evidence;
};
/* `host`: as for capability_host. Wanted is what has a role or serves a route, and also `wanted`, digests as rows of models
 * have them. ERR_NOTFOUND, ERR_LIMIT. Free with capacity_done, also after a failure. */
int capacity_ask(struct state_view *view, struct bytes host, const struct bytes *wanted, size_t n_wanted,
                 struct capacity *ret, struct err *err);
void capacity_done(struct capacity *c);
/* The body of the event that records it (hardware.planned). */
int capacity_body(const struct capacity *c, struct buf *out, struct err *err);
/* What is known of one model's weights: its size and, in words, why it cannot be loaded; empty: it can, or that is not
 * known. `runtime` may be empty. */
int capacity_of_model(struct state_view *view, struct bytes digest, struct bytes runtime, struct capacity_model *ret,
                      enum capacity_why *ret_why, struct capability *ret_limits, struct err *err);

#endif
