/* The source "hardware": the profile as an event, when it has changed.
 *
 * The cursor "ingest/hardware/profile" holds the number of the last profile and the digest of its stable part; it is stored
 * with the event. The event's key is made of the next number and the digest: two processes that find the same change at the
 * same time write it once, and a machine that changes back gets its event. A probe imports nothing, so it leaves no
 * receipt. */
#include "ingest/hardware/hardware.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "ingest/input/keyed_hash.h"

#define CURSOR      "ingest/hardware/profile"
#define BODY_MAX    ((size_t)256 << 10)
#define MEMORY_STEP (UINT64_C(64) << 20)

/* ---- encoding: what is unknown is left out ------------------------------------------------------------------------ */

static void put_text(struct mp_map *map, const char *name, const char *value) {
    mp_map_text(map, name, bytes_of(value));
}

static void put_number(struct mp_map *map, const char *name, uint64_t value) {
    if (value != 0) {
        mp_map_uint(map, name, value);
    }
}

static void put_disk(struct buf *out, const struct hardware_disk *d, bool stable) {
    struct mp_map map;
    mp_map_init(&map, BODY_MAX);
    put_number(&map, "bytes", d->bytes);
    put_text(&map, "kind", d->virtual_ ? "virtual" : d->rotational ? "rotating" : "solid");
    put_text(&map, "model", d->model);
    put_text(&map, "name", stable ? "" : d->name);
    mp_map_write(&map, out, NULL);
    mp_map_done(&map);
}

static void put_gpu(struct buf *out, const struct hardware_gpu *g) {
    struct mp_map map;
    mp_map_init(&map, BODY_MAX);
    put_text(&map, "bus", g->bus);
    put_text(&map, "device", g->device);
    put_text(&map, "driver", g->driver);
    put_text(&map, "driver_version", g->driver_version);
    put_number(&map, "memory_bytes", g->memory_bytes);
    put_text(&map, "name", g->name);
    put_text(&map, "vendor", g->vendor);
    mp_map_write(&map, out, NULL);
    mp_map_done(&map);
}

int hardware_encode(struct buf *out, const struct hardware_profile *p, const char *digest, struct err *err) {
    bool stable = digest[0] == '\0';
    struct mp_map map;
    mp_map_init(&map, BODY_MAX);
    put_text(&map, "arch", p->arch);
    put_number(&map, "cores", p->cores);
    put_text(&map, "cpu", p->cpu_model);
    put_text(&map, "digest", digest);
    mp_map_begin(&map, "disks");
    mp_put_array(&map.values, (uint32_t)p->n_disks);
    for (size_t i = 0; i < p->n_disks; i++) {
        put_disk(&map.values, &p->disks[i], stable);
    }
    mp_map_end(&map);
    put_text(&map, "gpu_error", p->gpu_error);
    mp_map_begin(&map, "gpus");
    mp_put_array(&map.values, (uint32_t)p->n_gpus);
    for (size_t i = 0; i < p->n_gpus; i++) {
        put_gpu(&map.values, &p->gpus[i]);
    }
    mp_map_end(&map);
    put_text(&map, "kernel", p->kernel);
    put_number(&map, "memory_bytes",
               stable ? (p->memory_bytes + MEMORY_STEP / 2) / MEMORY_STEP * MEMORY_STEP : p->memory_bytes);
    put_text(&map, "os", p->os_id);
    put_text(&map, "os_name", p->os_name);
    put_text(&map, "os_version", p->os_version);
    put_number(&map, "sockets", p->sockets);
    put_number(&map, "threads", p->threads);
    int rc = mp_map_write(&map, out, err);
    mp_map_done(&map);
    return rc;
}

/* ---- the cursor --------------------------------------------------------------------------------------------------- */

struct last {
    uint64_t number; /* 0: none yet */
    uint8_t digest[HASH_LEN];
};

static int load_last(struct intake *run, struct last *ret, struct err *err) {
    struct buf value = {.max = 4096};
    struct mp_reader r;
    bool there = false;
    memset(ret, 0, sizeof(*ret));
    int rc = intake_cursor_get(run, CURSOR, &value, &there, err);
    mp_reader_init(&r, bytes_of_buf(&value));
    if (there &&
        !(mp_take_array(&r, 2) && mp_take_uint(&r, UINT64_MAX, &ret->number) && mp_take_bin(&r, ret->digest, HASH_LEN))) {
        rc = err_set(err, ERR_CORRUPT, "the stored cursor '" CURSOR "' does not parse");
    }
    buf_done(&value);
    return rc;
}

static int put_last(struct intake *run, const struct last *last, struct err *err) {
    struct buf value = {.max = 4096};
    mp_put_array(&value, 2);
    mp_put_uint(&value, last->number);
    mp_put_bin(&value, (struct bytes){last->digest, HASH_LEN});
    int rc = buf_check(&value, "cursor", err);
    if (rc == 0) rc = intake_cursor(run, CURSOR, bytes_of_buf(&value), err);
    buf_done(&value);
    return rc;
}

static int add_profile(struct intake *run, const struct hardware_profile *p, const struct last *last, struct err *err) {
    char hex[2 * HASH_LEN + 1], digest[sizeof("sha256:") + 2 * HASH_LEN], key[128], hidden[KEYED_HASH_HEX];
    text_hex(hex, last->digest, HASH_LEN);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    keyed_hash_hex(hidden, intake_secret(run), last->digest);
    snprintf(key, sizeof(key), "profile:%llu:%s", (unsigned long long)last->number, hidden);
    struct buf body = {.max = BODY_MAX};
    int rc = hardware_encode(&body, p, digest, err);
    struct log_draft draft;
    log_draft_init(&draft);
    draft.kind = bytes_of("hardware.profiled");
    draft.subject = bytes_of("host/local");
    draft.key = bytes_of(key);
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    const struct ingest_place place = {.file = "hardware"};
    if (rc == 0) rc = intake_add(run, &draft, &place, INGEST_NO_TIME, err);
    if (rc == 0) rc = put_last(run, last, err);
    buf_done(&body);
    return rc;
}

int hardware_read(struct intake *run, struct err *err) {
    const char *root = intake_options(run)->root;
    struct hardware_profile profile;
    struct last last, now;
    struct buf stable = {.max = BODY_MAX};
    intake_no_receipt(run);
    intake_begin(run, "hardware");
    int rc = load_last(run, &last, err);
    if (rc == 0) {
        hardware_probe(root != NULL ? root : "/", &profile);
        rc = hardware_encode(&stable, &profile, "", err);
    }
    if (rc == 0) {
        const struct bytes whole = bytes_of_buf(&stable);
        now.number = last.number + 1;
        hash_parts(now.digest, &whole, 1);
        if (last.number == 0 || memcmp(now.digest, last.digest, HASH_LEN) != 0) {
            rc = add_profile(run, &profile, &now, err);
        }
    }
    buf_done(&stable);
    if (rc == 0) rc = intake_end(run, err);
    return rc;
}
