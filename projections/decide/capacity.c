/* The plan. First what decides for a model alone (policy, quota, size, the whole machine), then room is given away in the
 * plan's order: by priority; the loaded before the others, so that nothing is exchanged for its equal; the smaller before
 * the larger; then by digest. Loaded models that nobody wants come last.
 *
 * When a loaded model finds no room, nothing of its priority or below is loaded after it: whatever was loaded instead has a
 * higher one. */
#include "projections/decide/capacity.h"

#include <stdlib.h>
#include <string.h>

const char *const capacity_actions[CAPACITY_ACTIONS] = {"idle",    "keep", "load",   "unload",
                                                        "preempt", "wait", "refuse", "unknown"};
const char *const capacity_whys[CAPACITY_WHYS] = {"",         "policy", "quota",    "memory",
                                                  "parallel", "size",   "hardware", "others"};
const char *const capacity_pools[3] = {NULL, "gpu", "memory"};

static int64_t less_reserve(int64_t bytes, int64_t reserve) {
    return bytes < 0 ? CAPACITY_UNKNOWN_SIZE : bytes > reserve ? bytes - reserve : 0;
}

struct capacity_rooms capacity_rooms(int64_t gpu_bytes, int64_t memory_bytes, const struct capability_tier *limits) {
    return (struct capacity_rooms){less_reserve(gpu_bytes, limits->reserve_gpu_bytes),
                                   less_reserve(memory_bytes, limits->reserve_memory_bytes)};
}

/* Rounded up, so that nothing is a byte too large for its room. */
int64_t capacity_needs(int64_t bytes, const struct capability_tier *limits) {
    int64_t more, all;
    if (bytes < 0) return CAPACITY_UNKNOWN_SIZE;
    if (__builtin_mul_overflow(bytes, limits->overhead_percent, &more) ||
        __builtin_add_overflow(bytes, more / 100 + (more % 100 != 0), &all)) {
        return INT64_MAX;
    }
    return all;
}

static bool is_unknown(const struct capacity_rooms *rooms) {
    return rooms->gpu <= 0 && rooms->memory < 0;
}

enum capacity_why capacity_fits(const struct capacity_model *m, const struct capacity_rooms *rooms,
                                const struct capability_tier *limits) {
    int64_t needs = capacity_needs(m->bytes, limits);
    bool large = limits->largest_model_bytes >= 0 && m->bytes > limits->largest_model_bytes;
    if (m->barred || large) return CAPACITY_BY_POLICY;
    if (m->bytes < 0) return CAPACITY_BY_SIZE;
    if (m->quota >= 0 && needs > m->quota) return CAPACITY_BY_QUOTA;
    if (is_unknown(rooms)) return CAPACITY_BY_HARDWARE;
    if (needs <= rooms->gpu || needs <= rooms->memory) return CAPACITY_NO_WHY;
    return rooms->memory < 0 ? CAPACITY_BY_HARDWARE : CAPACITY_BY_MEMORY;
}

/* ---- the order ---- */

static int64_t rank(const struct capacity_model *m) {
    return m->wanted ? m->priority : INT64_MIN;
}

static int in_order(const void *a, const void *b) {
    const struct capacity_model *x = a, *y = b;
    if (rank(x) != rank(y)) return rank(x) > rank(y) ? -1 : 1;
    if (x->loaded != y->loaded) return x->loaded ? -1 : 1;
    if (x->bytes != y->bytes) return x->bytes < y->bytes ? -1 : 1;
    return strcmp(x->digest, y->digest);
}

/* ---- giving room ---- */

struct planning {
    struct capacity_model *models;
    struct capacity_rooms left;
    int64_t slots;  /* CAPABILITY_UNLIMITED: any number */
    bool dark;      /* a loaded model's size is not known, so what is left is not */
    size_t loads;   /* the last model that is to be loaded; SIZE_MAX: none */
    bool displaced; /* a loaded model found no room */
    int64_t floor;  /* the highest rank of these */
    enum capacity_why floor_why;
};

static void set_plan(struct capacity_model *m, enum capacity_action action, enum capacity_why why) {
    m->action = action;
    m->why = why;
}

/* What decides for the model alone; false: nothing does. */
static bool decide_alone(struct planning *p, struct capacity_model *m, const struct capacity_rooms *rooms,
                         const struct capability_tier *limits) {
    enum capacity_why why = capacity_fits(m, rooms, limits);
    bool unclear = why == CAPACITY_BY_SIZE || why == CAPACITY_BY_HARDWARE;
    m->needs = capacity_needs(m->bytes, limits);
    if (!m->loaded && !m->wanted) {
        set_plan(m, CAPACITY_IDLE, CAPACITY_NO_WHY);
    } else if (unclear) {
        set_plan(m, m->loaded ? CAPACITY_KEEP : CAPACITY_UNCLEAR, why);
        p->dark = p->dark || m->loaded;
    } else if (why != CAPACITY_NO_WHY) {
        set_plan(m, m->loaded ? CAPACITY_UNLOAD : CAPACITY_REFUSE, why);
    }
    return !(m->loaded || m->wanted) || why != CAPACITY_NO_WHY;
}

/* True: it has a place now. */
static bool place_model(struct planning *p, struct capacity_model *m) {
    int64_t *room = m->needs <= p->left.gpu ? &p->left.gpu : m->needs <= p->left.memory ? &p->left.memory : NULL;
    if (p->slots == 0 || room == NULL) return false;
    *room -= m->needs;
    m->pool = room == &p->left.gpu ? CAPACITY_GPU : CAPACITY_MEMORY;
    p->slots -= p->slots > 0;
    return true;
}

static void displace(struct planning *p, struct capacity_model *m, enum capacity_why why) {
    bool taken = p->loads != SIZE_MAX;
    set_plan(m, taken && m->wanted ? CAPACITY_PREEMPT : CAPACITY_UNLOAD, why);
    m->by = p->loads;
    p->floor_why = !p->displaced || rank(m) > p->floor ? why : p->floor_why;
    p->floor = !p->displaced || rank(m) > p->floor ? rank(m) : p->floor;
    p->displaced = true;
}

static void give_room(struct planning *p, size_t i) {
    struct capacity_model *m = &p->models[i];
    enum capacity_why short_of = p->slots == 0 ? CAPACITY_BY_PARALLEL : CAPACITY_BY_MEMORY;
    if (p->dark) {
        set_plan(m, m->loaded ? CAPACITY_KEEP : CAPACITY_UNCLEAR, m->loaded ? CAPACITY_NO_WHY : CAPACITY_BY_OTHERS);
    } else if (!m->loaded && p->displaced && rank(m) <= p->floor) {
        set_plan(m, CAPACITY_WAIT, p->floor_why);
    } else if (place_model(p, m)) {
        set_plan(m, m->loaded ? CAPACITY_KEEP : CAPACITY_LOAD, CAPACITY_NO_WHY);
        p->loads = m->loaded ? p->loads : i;
    } else if (m->loaded) {
        displace(p, m, short_of);
    } else {
        set_plan(m, CAPACITY_WAIT, short_of);
    }
}

void capacity_plan(const struct capacity_rooms *rooms, const struct capability_tier *limits, struct capacity_model *models,
                   size_t n) {
    struct planning p = {.models = models, .left = *rooms, .slots = limits->parallel, .loads = SIZE_MAX};
    if (n > 0) qsort(models, n, sizeof(*models), in_order);
    for (size_t i = 0; i < n; i++) {
        models[i].action = CAPACITY_ACTIONS;
        models[i].pool = CAPACITY_NOWHERE;
        models[i].by = SIZE_MAX;
        decide_alone(&p, &models[i], rooms, limits);
    }
    for (size_t i = 0; i < n; i++) {
        if (models[i].action == CAPACITY_ACTIONS) give_room(&p, i);
    }
}
