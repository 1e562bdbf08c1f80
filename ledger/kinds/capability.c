/* The catalog checks the members and their types; this file checks what they mean. */
#include "ledger/kinds/capability.h"

#include "base/glob.h"
#include "base/secret/secret.h"

static const char field[] = "field 'capability_tiers'";

static struct bytes text_of(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_item item;
    bool text = mp_map_get(map, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR;
    return text ? item.data : (struct bytes){0};
}

static int64_t number_of(struct bytes map, const char *name, int64_t otherwise) {
    struct bytes raw;
    struct mp_item item;
    bool number = mp_map_get(map, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_UINT;
    return !number ? otherwise : item.uint > INT64_MAX ? INT64_MAX : (int64_t)item.uint;
}

static bool read_tier(struct bytes map, struct capability_tier *ret) {
    struct bytes runtimes;
    *ret = (struct capability_tier){
        .name = text_of(map, "tier"),
        .fits = text_of(map, "fits"),
        .gpu_bytes = number_of(map, "gpu_bytes", 0),
        .memory_bytes = number_of(map, "memory_bytes", 0),
        .largest_model_bytes = number_of(map, "largest_model_bytes", CAPABILITY_UNLIMITED),
        .parallel = number_of(map, "parallel", CAPABILITY_UNLIMITED),
        .reserve_gpu_bytes = number_of(map, "reserve_gpu_bytes", 0),
        .reserve_memory_bytes = number_of(map, "reserve_memory_bytes", 0),
        .overhead_percent = number_of(map, "overhead_percent", 0),
    };
    if (mp_map_get(map, "runtimes", &runtimes) == 0) {
        ret->runtimes = runtimes;
    }
    return ret->name.n > 0;
}

void capability_open(struct capability_tiers *tiers, struct bytes list) {
    struct mp_item head;
    *tiers = (struct capability_tiers){.left = 0};
    mp_reader_init(&tiers->reader, list);
    if (list.n > 0 && mp_next(&tiers->reader, &head, NULL) == 0 && head.type == MP_ARRAY) {
        tiers->left = head.count;
    }
}

bool capability_next(struct capability_tiers *tiers, struct capability_tier *ret) {
    struct bytes raw;
    while (tiers->left > 0 && mp_skip(&tiers->reader, 1, &raw, NULL) == 0) {
        tiers->left--;
        if (read_tier(raw, ret)) return true;
    }
    return false;
}

bool capability_reaches(const struct capability_tier *tier, int64_t gpu_bytes, int64_t memory_bytes) {
    return gpu_bytes >= tier->gpu_bytes && memory_bytes >= tier->memory_bytes;
}

bool capability_serves(const struct capability_tier *tier, struct bytes runtime) {
    struct mp_reader r;
    struct mp_item item;
    if (tier->runtimes.p == NULL) return true;
    mp_reader_init(&r, tier->runtimes);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_ARRAY) return true;
    for (uint32_t left = item.count; left > 0 && mp_next(&r, &item, NULL) == 0; left--) {
        if (item.type == MP_STR && glob_match(item.data, runtime)) return true;
    }
    return false;
}

/* ---- what a tier may say ---- */

static int check_texts(const struct capability_tier *t, uint32_t number, struct err *err) {
    struct mp_reader r;
    struct mp_item item;
    if (t->name.n > CAPABILITY_TEXT_MAX || t->fits.n > CAPABILITY_TEXT_MAX) {
        return err_set(err, ERR_INVALID, "%s, tier %u: its name or 'fits' is longer than %d bytes", field, number,
                       CAPABILITY_TEXT_MAX);
    }
    if (t->runtimes.p == NULL) return 0;
    mp_reader_init(&r, t->runtimes);
    int rc = mp_next(&r, &item, err);
    for (uint32_t left = item.count; rc == 0 && left > 0; left--) {
        rc = mp_next(&r, &item, err);
        if (rc == 0 && (item.data.n == 0 || item.data.n > CAPABILITY_TEXT_MAX)) {
            return err_set(err, ERR_INVALID, "%s, tier %u: a pattern of 'runtimes' has %zu bytes; expected: 1 to %d", field,
                           number, item.data.n, CAPABILITY_TEXT_MAX);
        }
    }
    return rc;
}

/* Every machine that reaches the later tier reaches the earlier one, which therefore always holds. */
static bool hides(const struct capability_tier *earlier, const struct capability_tier *later) {
    return later->gpu_bytes >= earlier->gpu_bytes && later->memory_bytes >= earlier->memory_bytes;
}

static int check_against(const struct capability_tier *t, struct bytes list, uint32_t number, struct err *err) {
    struct capability_tiers all;
    struct capability_tier other;
    capability_open(&all, list);
    for (uint32_t i = 1; i < number && capability_next(&all, &other); i++) {
        if (bytes_eq(other.name, t->name)) {
            return err_set(err, ERR_INVALID, "%s, tier %u: '%s' is the name of tier %u too", field, number,
                           SECRET_SHOWN(t->name), i);
        }
        if (hides(&other, t)) {
            return err_set(err, ERR_INVALID,
                           "%s, tier %u: every machine that reaches '%s' reaches tier %u before it, so it never holds; "
                           "expected: the highest thresholds first",
                           field, number, SECRET_SHOWN(t->name), i);
        }
    }
    return 0;
}

static int check_tier(struct bytes map, struct bytes list, uint32_t number, struct err *err) {
    struct capability_tier t;
    if (!read_tier(map, &t)) return err_set(err, ERR_INVALID, "%s, tier %u: its name is empty", field, number);
    if (bytes_is(t.name, CAPABILITY_TIER_OF_NOBODY)) {
        return err_set(err, ERR_INVALID, "%s, tier %u: '%s' is the name for machines of no tier", field, number,
                       CAPABILITY_TIER_OF_NOBODY);
    }
    if (t.overhead_percent > CAPABILITY_OVERHEAD_MAX) {
        return err_set(err, ERR_INVALID, "%s, tier %u: 'overhead_percent' is %lld; expected: at most %d", field, number,
                       (long long)t.overhead_percent, CAPABILITY_OVERHEAD_MAX);
    }
    if (t.parallel == 0 || t.largest_model_bytes == 0) {
        return err_set(err, ERR_INVALID, "%s, tier %u: '%s' is 0; expected: 1 or more", field, number,
                       t.parallel == 0 ? "parallel" : "largest_model_bytes");
    }
    int rc = check_texts(&t, number, err);
    return rc == 0 ? check_against(&t, list, number, err) : rc;
}

int capability_check(struct bytes kind, struct bytes body, struct bytes private_, struct err *err) {
    struct bytes list, raw;
    struct mp_reader r;
    struct mp_item head;
    if (!bytes_is(kind, "policy.declared")) return 0;
    if (private_.n > 0 && mp_map_get(private_, "capability_tiers", &raw) == 0) {
        return err_set(err, ERR_INVALID, "%s would become private, and could not be applied", field);
    }
    if (mp_map_get(body, "capability_tiers", &list) != 0) return 0;
    if (text_of(body, "version").n == 0) {
        return err_set(err, ERR_INVALID, "field 'version' is missing: a policy that limits machines names its version");
    }
    if (list.n > CAPABILITY_BYTES_MAX) {
        return err_set(err, ERR_INVALID, "%s has %zu bytes; expected: at most %zu", field, list.n, CAPABILITY_BYTES_MAX);
    }
    mp_reader_init(&r, list);
    int rc = mp_next(&r, &head, err);
    if (rc == 0 && (head.type != MP_ARRAY || head.count > CAPABILITY_TIERS_MAX)) {
        return err_set(err, ERR_INVALID, "%s is not a list of at most %d tiers", field, CAPABILITY_TIERS_MAX);
    }
    for (uint32_t i = 1; rc == 0 && i <= head.count; i++) {
        rc = mp_skip(&r, 1, &raw, err);
        if (rc == 0) rc = check_tier(raw, list, i, err);
    }
    return rc;
}
