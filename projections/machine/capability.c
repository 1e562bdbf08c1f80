/* Tiers are read from the rows of policies; the newest list decides alone. */
#include "projections/machine/capability.h"

#include <stdio.h>
#include <string.h>

#include "projections/permissions/policies.h"
#include "projections/rows/list.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"

#define GIB          (UINT64_C(1) << 30)
#define MIB          (UINT64_C(1) << 20)
#define NOMINAL(gib) ((gib)*GIB / 16 * 15)

static const struct shipped {
    const char *tier, *fits;
    uint64_t gpu, memory, largest, parallel, reserve_gpu, reserve_memory;
} shipped[] = {
#define CAPABILITY(tier, gpu, memory, fits, largest, parallel, reserve_gpu, reserve_memory)                                \
    {tier, fits, NOMINAL(gpu), NOMINAL(memory), (largest)*GIB, parallel, (reserve_gpu)*MIB, (reserve_memory)*MIB},
#include "projections/machine/capability_default.def"
#undef CAPABILITY
};
#define N_SHIPPED (sizeof(shipped) / sizeof(shipped[0]))

static void put_number(struct buf *out, const char *name, uint64_t n) {
    mp_put_str(out, bytes_of(name));
    mp_put_uint(out, n);
}

/* Zero says nothing and is left out. The names are in canonical order. */
static void put_shipped(struct buf *out, const struct shipped *s) {
    mp_put_map(out, (uint32_t)(5 + (s->gpu > 0) + (s->memory > 0) + (s->reserve_gpu > 0) + (s->reserve_memory > 0)));
    mp_pair_str(out, "fits", bytes_of(s->fits));
    if (s->gpu > 0) put_number(out, "gpu_bytes", s->gpu);
    put_number(out, "largest_model_bytes", s->largest);
    if (s->memory > 0) put_number(out, "memory_bytes", s->memory);
    put_number(out, "overhead_percent", CAPABILITY_OVERHEAD);
    put_number(out, "parallel", s->parallel);
    if (s->reserve_gpu > 0) put_number(out, "reserve_gpu_bytes", s->reserve_gpu);
    if (s->reserve_memory > 0) put_number(out, "reserve_memory_bytes", s->reserve_memory);
    mp_pair_str(out, "tier", bytes_of(s->tier));
}

int capability_shipped(struct buf *out, struct err *err) {
    mp_put_array(out, (uint32_t)N_SHIPPED);
    for (size_t i = 0; i < N_SHIPPED; i++) {
        put_shipped(out, &shipped[i]);
    }
    return buf_check(out, "the tiers of machines", err);
}

bool capability_pick(struct bytes list, int64_t gpu_bytes, int64_t memory_bytes, struct capability_tier *ret) {
    struct capability_tiers tiers;
    struct capability_tier tier;
    int64_t gpu = gpu_bytes > 0 ? gpu_bytes : 0, memory = memory_bytes > 0 ? memory_bytes : 0;
    if (gpu == 0 && memory == 0) return false; /* a tier without thresholds is for every machine that is known */
    capability_open(&tiers, list);
    while (capability_next(&tiers, &tier)) {
        if (capability_reaches(&tier, gpu, memory)) {
            *ret = tier;
            return true;
        }
    }
    return false;
}

/* ---- the list in force ---- */

/* The newest row that has tiers. */
static int find_list(struct state_view *view, struct capability *c, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int64_t newest = -1;
    int rc = look_rows(view, "policies", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        int64_t seq = row_int(row, POLICIES_DECLARED_SEQ);
        if (!row_has(row, POLICIES_TIERS) || seq <= newest) continue;
        newest = seq;
        buf_clear(&c->list);
        buf_put_bytes(&c->list, row_list(row, POLICIES_TIERS));
        snprintf(c->policy, sizeof(c->policy), "%.*s %.*s", REASON_PART(row_text(row, POLICIES_NAME), 80),
                 REASON_PART(row_text(row, POLICIES_VERSION), 40));
        c->seq = (uint64_t)seq;
    }
    state_rows_close(rows);
    return rc < 0 ? rc : buf_check(&c->list, "the tiers of a policy", err);
}

int capability_judge(struct state_view *view, int64_t gpu_bytes, int64_t memory_bytes, struct capability *ret,
                     struct err *err) {
    memset(ret, 0, sizeof(*ret));
    buf_init(&ret->list, ROW_LIST_MAX);
    ret->seq = LOG_NO_SEQ;
    snprintf(ret->policy, sizeof(ret->policy), "capability " CAPABILITY_VERSION);
    int rc = find_list(view, ret, err);
    if (rc == 0 && ret->seq == LOG_NO_SEQ) rc = capability_shipped(&ret->list, err);
    if (rc != 0) return rc;
    ret->known = capability_pick(bytes_of_buf(&ret->list), gpu_bytes, memory_bytes, &ret->tier);
    if (!ret->known) {
        ret->tier = (struct capability_tier){.name = bytes_of(CAPABILITY_TIER_OF_NOBODY),
                                             .largest_model_bytes = CAPABILITY_UNLIMITED,
                                             .parallel = CAPABILITY_UNLIMITED};
    }
    return 0;
}

void capability_done(struct capability *c) {
    buf_done(&c->list);
}

/* ---- hosts ---- */

static int64_t unknown_gpus(struct bytes gpus) {
    struct list list;
    struct bytes item, raw;
    int64_t n = 0;
    list_open(&list, gpus);
    while (list_next(&list, &item)) {
        n += mp_map_get(item, "memory_bytes", &raw) != 0;
    }
    return n;
}

static void take_host(const struct row *row, struct capability_host *ret) {
    int64_t gpus = named_int(row, "gpu_count");
    snprintf(ret->host, sizeof(ret->host), "%.*s", REASON_PART(named_text(row, "host"), sizeof(ret->host) - 1));
    ret->gpus = gpus;
    ret->gpus_unknown = unknown_gpus(named_list(row, "gpus"));
    ret->gpu_bytes = named_has(row, "gpu_memory_bytes") ? named_int(row, "gpu_memory_bytes") : -1;
    ret->memory_bytes = named_has(row, "memory_bytes") ? named_int(row, "memory_bytes") : -1;
    ret->seq = (uint64_t)named_int(row, "updated_seq");
}

int capability_host(struct state_view *view, struct bytes host, struct capability_host *ret, struct err *err) {
    struct state_rows *rows = NULL;
    const struct row *row;
    int64_t newest = -1;
    *ret = (struct capability_host){.gpu_bytes = -1, .memory_bytes = -1, .seq = LOG_NO_SEQ};
    int rc = look_rows(view, "hardware", host.n > 0 ? &host : NULL, host.n > 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        if (named_int(row, "profiled_at") > newest) {
            newest = named_int(row, "profiled_at");
            take_host(row, ret);
        }
    }
    state_rows_close(rows);
    if (rc < 0) return rc;
    if (host.n > 0 && ret->seq == LOG_NO_SEQ) {
        return err_set(err, ERR_NOTFOUND, "there is no profile of host '%.*s'", REASON_NAME(host));
    }
    return 0;
}
