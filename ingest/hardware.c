/* The source "hardware": the profile as an event, when it changed.
 *
 * The cursor "ingest/hardware/profile" holds the number of the last profile and the digest of its stable part; it is stored
 * with the event. The event's key is made of the next number and the digest: two processes that find the same change at the
 * same time write it once, and a machine that goes back to what it was gets its event. A probe imports nothing from
 * elsewhere, so it leaves no receipt. */
#include "ingest/hardware.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "base/text.h"
#include "ingest/keyed_hash.h"

#define CURSOR      "ingest/hardware/profile"
#define BODY_MAX    ((size_t)256 << 10)
#define MEMORY_STEP (UINT64_C(64) << 20)

/* ---- encoding: names in the order of their bytes, what is unknown left out ------------------------------------------ */

static void put_text(struct buf *out, const char *name, const char *value) {
    if (value[0] != '\0') {
        mp_put_str(out, bytes_of(name));
        mp_put_str(out, bytes_of(value));
    }
}

static void put_number(struct buf *out, const char *name, uint64_t value) {
    if (value != 0) {
        mp_put_str(out, bytes_of(name));
        mp_put_uint(out, value);
    }
}

static void put_disk(struct buf *out, const struct hardware_disk *d, bool stable) {
    bool named = !stable && d->name[0] != '\0';
    mp_put_map(out, 1u + (d->bytes != 0) + (d->model[0] != '\0') + named);
    put_number(out, "bytes", d->bytes);
    put_text(out, "kind", d->virtual_ ? "virtual" : d->rotational ? "rotating" : "solid");
    put_text(out, "model", d->model);
    if (named) {
        put_text(out, "name", d->name);
    }
}

static void put_gpu(struct buf *out, const struct hardware_gpu *g) {
    mp_put_map(out, (uint32_t)((g->bus[0] != '\0') + (g->device[0] != '\0') + (g->driver[0] != '\0') +
                               (g->driver_version[0] != '\0') + (g->memory_bytes != 0) + (g->name[0] != '\0') +
                               (g->vendor[0] != '\0')));
    put_text(out, "bus", g->bus);
    put_text(out, "device", g->device);
    put_text(out, "driver", g->driver);
    put_text(out, "driver_version", g->driver_version);
    put_number(out, "memory_bytes", g->memory_bytes);
    put_text(out, "name", g->name);
    put_text(out, "vendor", g->vendor);
}

void hardware_encode(struct buf *out, const struct hardware_profile *p, const char *digest) {
    bool stable = digest[0] == '\0';
    uint64_t memory = stable ? (p->memory_bytes + MEMORY_STEP / 2) / MEMORY_STEP * MEMORY_STEP : p->memory_bytes;
    const char *const texts[] = {p->arch, p->cpu_model, p->gpu_error, p->kernel, p->os_name, p->os_id, p->os_version};
    uint32_t n = 2u + (digest[0] != '\0') + (p->cores != 0) + (memory != 0) + (p->sockets != 0) + (p->threads != 0);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        n += texts[i][0] != '\0';
    }
    mp_put_map(out, n);
    put_text(out, "arch", p->arch);
    put_number(out, "cores", p->cores);
    put_text(out, "cpu", p->cpu_model);
    put_text(out, "digest", digest);
    mp_put_str(out, bytes_of("disks"));
    mp_put_array(out, (uint32_t)p->n_disks);
    for (size_t i = 0; i < p->n_disks; i++) {
        put_disk(out, &p->disks[i], stable);
    }
    put_text(out, "gpu_error", p->gpu_error);
    mp_put_str(out, bytes_of("gpus"));
    mp_put_array(out, (uint32_t)p->n_gpus);
    for (size_t i = 0; i < p->n_gpus; i++) {
        put_gpu(out, &p->gpus[i]);
    }
    put_text(out, "kernel", p->kernel);
    put_number(out, "memory_bytes", memory);
    put_text(out, "os", p->os_id);
    put_text(out, "os_name", p->os_name);
    put_text(out, "os_version", p->os_version);
    put_number(out, "sockets", p->sockets);
    put_number(out, "threads", p->threads);
}

/* ---- the cursor --------------------------------------------------------------------------------------------------- */

struct last {
    uint64_t number; /* 0: none yet */
    uint8_t digest[HASH_LEN];
};

static int read_last(struct intake *run, struct last *ret, struct err *err) {
    struct buf value;
    struct mp_reader r;
    struct mp_item head, number, digest;
    struct err why = {0};
    buf_init(&value, 4096);
    memset(ret, 0, sizeof(*ret));
    int code = intake_ledger(run) == NULL ? ERR_NOTFOUND : ledger_cursor_get(intake_ledger(run), CURSOR, &value, &why);
    if (code == 0) {
        mp_reader_init(&r, bytes_of_buf(&value));
        if (mp_next(&r, &head, NULL) == 0 && head.type == MP_ARRAY && head.count == 2 && mp_next(&r, &number, NULL) == 0 &&
            number.type == MP_UINT && mp_next(&r, &digest, NULL) == 0 && digest.type == MP_BIN &&
            digest.data.n == HASH_LEN) {
            ret->number = number.uint;
            memcpy(ret->digest, digest.data.p, HASH_LEN);
        } else {
            code = err_set(err, ERR_CORRUPT, "the stored cursor '" CURSOR "' does not parse");
        }
    } else if (code == ERR_NOTFOUND) {
        code = 0;
    } else if (err != NULL) {
        *err = why;
    }
    buf_done(&value);
    return code;
}

static int put_last(struct intake *run, const struct last *last, struct err *err) {
    struct buf value;
    buf_init(&value, 4096);
    mp_put_array(&value, 2);
    mp_put_uint(&value, last->number);
    mp_put_bin(&value, (struct bytes){last->digest, HASH_LEN});
    int code = buf_check(&value, "cursor", err);
    if (code == 0) {
        code = intake_cursor(run, CURSOR, bytes_of_buf(&value), err);
    }
    buf_done(&value);
    return code;
}

static int add_profile(struct intake *run, const struct hardware_profile *p, const struct last *last, struct err *err) {
    char hex[2 * HASH_LEN + 1], digest[sizeof("sha256:") + 2 * HASH_LEN], key[128], hidden[KEYED_HASH_HEX];
    text_hex(hex, last->digest, HASH_LEN);
    snprintf(digest, sizeof(digest), "sha256:%s", hex);
    keyed_hash_hex(hidden, intake_secret(run), last->digest);
    snprintf(key, sizeof(key), "profile:%llu:%s", (unsigned long long)last->number, hidden);
    struct buf body;
    buf_init(&body, BODY_MAX);
    hardware_encode(&body, p, digest);
    struct ledger_draft draft;
    ledger_draft_init(&draft);
    draft.kind = bytes_of("hardware.profiled");
    draft.subject = bytes_of("host/local");
    draft.key = bytes_of(key);
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    const struct ingest_place place = {.file = "hardware"};
    int code = buf_check(&body, "hardware profile", err);
    if (code == 0) {
        code = intake_add(run, &draft, &place, INGEST_NO_TIME, err);
    }
    if (code == 0) {
        code = put_last(run, last, err);
    }
    buf_done(&body);
    return code;
}

int hardware_read(struct intake *run, struct err *err) {
    const char *root = intake_options(run)->root;
    struct hardware_profile profile;
    struct last last, now;
    struct buf stable;
    buf_init(&stable, BODY_MAX);
    intake_no_receipt(run);
    intake_begin(run, "hardware");
    int code = read_last(run, &last, err);
    if (code == 0) {
        hardware_probe(root != NULL ? root : "/", &profile);
        hardware_encode(&stable, &profile, "");
        code = buf_check(&stable, "hardware profile", err);
    }
    if (code == 0) {
        const struct bytes whole = bytes_of_buf(&stable);
        now.number = last.number + 1;
        hash_parts(now.digest, &whole, 1);
        if (last.number == 0 || memcmp(now.digest, last.digest, HASH_LEN) != 0) {
            code = add_profile(run, &profile, &now, err);
        }
    }
    buf_done(&stable);
    return code != 0 ? code : intake_end(run, err);
}
