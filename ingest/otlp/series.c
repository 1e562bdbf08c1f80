/* A table of slots, searched from first to last: there are few series on a box. A slot is a cursor:
 *
 *   array  id (16 bytes), start, time, count, sum (nil, integer or float), buckets... */
#include "ingest/otlp/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mp.h"

#define HEAD      5 /* items of a cursor before the buckets */
#define VALUE_MAX 4096
#define SILENT_NS (3600 * CLOCK_NS_PER_S)

struct slot {
    bool taken;
    uint8_t id[SERIES_ID];
    uint64_t start, time, count;
    struct series_number sum;
    size_t n_buckets;
    uint64_t *buckets;
};

struct otlp_series {
    struct intake *run;
    bool loaded;
    struct slot slots[SERIES_MAX];
};

int otlp_series_new(struct intake *run, struct otlp_series **ret, struct err *err) {
    struct otlp_series *s = calloc(1, sizeof(*s));
    if (s == NULL) return err_set(err, ERR_NOMEM, "OTLP: out of memory");
    s->run = run;
    *ret = s;
    return 0;
}

void otlp_series_forget(struct otlp_series *s) {
    for (size_t i = 0; i < SERIES_MAX; i++) {
        free(s->slots[i].buckets);
        s->slots[i] = (struct slot){.taken = false};
    }
    s->loaded = false;
}

void otlp_series_free(struct otlp_series *s) {
    if (s != NULL) {
        otlp_series_forget(s);
        free(s);
    }
}

/* ---- cursors ------------------------------------------------------------------------------------------------------ */

static void name_of(char ret[32], size_t i) {
    snprintf(ret, 32, "otlp:series:%04u", (unsigned)i);
}

static int store(struct otlp_series *s, size_t i, struct err *err) {
    const struct slot *slot = &s->slots[i];
    struct buf out = {.max = VALUE_MAX};
    char name[32];
    mp_put_array(&out, (uint32_t)(HEAD + slot->n_buckets));
    mp_put_bin(&out, (struct bytes){slot->id, SERIES_ID});
    mp_put_uint(&out, slot->start);
    mp_put_uint(&out, slot->time);
    mp_put_uint(&out, slot->count);
    if (!slot->sum.there) {
        mp_put_nil(&out);
    } else if (slot->sum.whole) {
        mp_put_int(&out, slot->sum.integer);
    } else {
        mp_put_float(&out, slot->sum.real);
    }
    for (size_t k = 0; k < slot->n_buckets; k++) {
        mp_put_uint(&out, slot->buckets[k]);
    }
    int rc = buf_check(&out, "a series of OTLP", err);
    name_of(name, i);
    if (rc == 0) rc = intake_cursor(s->run, name, bytes_of_buf(&out), err);
    buf_done(&out);
    return rc;
}

static bool read_sum(struct mp_reader *r, struct series_number *ret) {
    struct mp_item item;
    if (mp_next(r, &item, NULL) != 0) return false;
    bool integer = item.type == MP_UINT || item.type == MP_INT;
    *ret = (struct series_number){.there = item.type != MP_NIL,
                                  .whole = integer,
                                  .integer = item.type == MP_UINT ? (int64_t)item.uint : item.sint,
                                  .real = item.real};
    return integer || item.type == MP_FLOAT || item.type == MP_NIL;
}

static int keep_buckets(struct slot *slot, const uint64_t *buckets, size_t n, struct err *err) {
    if (n != slot->n_buckets) {
        uint64_t *room = n > 0 ? realloc(slot->buckets, n * sizeof(*room)) : slot->buckets;
        if (n > 0 && room == NULL) return err_set(err, ERR_NOMEM, "OTLP: out of memory");
        slot->buckets = room;
        slot->n_buckets = n;
    }
    if (n > 0) {
        memcpy(slot->buckets, buckets, n * sizeof(*buckets));
    }
    return 0;
}

/* What another version wrote, or somebody else, counts as absent. */
static int read_slot(struct slot *slot, struct bytes value, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    struct slot got = {.taken = true};
    uint64_t buckets[SERIES_BUCKETS_MAX];
    mp_reader_init(&r, value);
    if (!mp_take(&r, MP_ARRAY, &head) || head.count < HEAD || head.count > HEAD + SERIES_BUCKETS_MAX ||
        !mp_take_bin(&r, got.id, SERIES_ID) || !mp_take_uint(&r, MP_INT_MAX, &got.start) ||
        !mp_take_uint(&r, MP_INT_MAX, &got.time) || !mp_take_uint(&r, MP_INT_MAX, &got.count) || !read_sum(&r, &got.sum)) {
        return 0;
    }
    for (size_t i = 0; i < head.count - HEAD; i++) {
        if (!mp_take_uint(&r, MP_INT_MAX, &buckets[i])) return 0;
    }
    int rc = keep_buckets(&got, buckets, head.count - HEAD, err);
    *slot = got;
    return rc;
}

static int load(struct otlp_series *s, struct err *err) {
    struct buf value = {.max = VALUE_MAX};
    int rc = 0;
    for (size_t i = 0; i < SERIES_MAX && rc == 0 && !s->loaded; i++) {
        bool there = false;
        char name[32];
        name_of(name, i);
        buf_clear(&value);
        rc = intake_cursor_get(s->run, name, &value, &there, err);
        if (rc == 0 && !there) break; /* they are taken in order */
        if (rc == 0) rc = read_slot(&s->slots[i], bytes_of_buf(&value), err);
    }
    s->loaded = s->loaded || rc == 0;
    buf_done(&value);
    return rc;
}

/* ---- points ------------------------------------------------------------------------------------------------------- */

/* The slot of the series since this start; else a free one; else the one that has been silent for longest. */
static int find(struct otlp_series *s, const uint8_t id[SERIES_ID], const struct series_point *p, size_t *ret,
                struct err *err) {
    size_t oldest = 0;
    for (size_t i = 0; i < SERIES_MAX; i++) {
        const struct slot *slot = &s->slots[i];
        if (!slot->taken || (slot->start == p->from && memcmp(slot->id, id, SERIES_ID) == 0)) {
            *ret = i;
            return 0;
        }
        oldest = slot->time < s->slots[oldest].time ? i : oldest;
    }
    if (s->slots[oldest].time + SILENT_NS > p->to) {
        return err_set(err, ERR_LIMIT,
                       "more than %d cumulative series at once; set "
                       "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta",
                       SERIES_MAX);
    }
    free(s->slots[oldest].buckets);
    s->slots[oldest] = (struct slot){.taken = false};
    *ret = oldest;
    return 0;
}

static double real_of(const struct series_number *n) {
    return n->whole ? (double)n->integer : n->real;
}

static bool is_same(const struct slot *slot, const struct series_point *p) {
    return p->count == slot->count && p->sum.there == slot->sum.there &&
           (!p->sum.there || real_of(&p->sum) == real_of(&slot->sum));
}

static bool fell(const struct slot *slot, const struct series_point *p) {
    bool sum_fell = !p->has_count && p->sum.there && slot->sum.there && real_of(&p->sum) < real_of(&slot->sum);
    bool fewer = p->count < slot->count || sum_fell || p->n_buckets != slot->n_buckets;
    for (size_t i = 0; i < p->n_buckets && !fewer; i++) {
        fewer = p->buckets[i] < slot->buckets[i];
    }
    return fewer;
}

static void subtract(struct series_point *p, const struct slot *slot) {
    struct series_number *sum = &p->sum;
    int64_t whole = 0;
    p->count -= slot->count;
    if (sum->there && slot->sum.there) {
        bool exact = sum->whole && slot->sum.whole && !__builtin_sub_overflow(sum->integer, slot->sum.integer, &whole);
        sum->real = real_of(sum) - real_of(&slot->sum);
        sum->integer = whole;
        sum->whole = exact;
    }
    for (size_t i = 0; i < p->n_buckets; i++) {
        p->buckets[i] -= slot->buckets[i];
    }
}

int otlp_series_take(struct otlp_series *s, const uint8_t id[SERIES_ID], struct series_point *p, struct err *err) {
    size_t i = 0;
    int rc = load(s, err);
    if (rc == 0) rc = find(s, id, p, &i, err);
    if (rc != 0) return rc;
    struct slot *slot = &s->slots[i];
    const bool known = slot->taken;
    if (known && p->to <= slot->time) return 1; /* sent again, or late: it is in what is known */
    if (known && is_same(slot, p)) return 1;
    const struct series_point whole = *p;
    const bool anew = !known || fell(slot, p);
    if (known) {
        p->from = slot->time;
        p->has_range = false;
    }
    if (!anew) {
        subtract(p, slot);
    }
    rc = keep_buckets(slot, whole.buckets, whole.n_buckets, err);
    if (rc != 0) return rc;
    slot->taken = true;
    memcpy(slot->id, id, SERIES_ID);
    slot->start = whole.from;
    slot->time = whole.to;
    slot->count = whole.count;
    slot->sum = whole.sum;
    rc = store(s, i, err);
    if (rc != 0) return rc;
    return p->count == 0 && (!p->sum.there || real_of(&p->sum) == 0) ? 1 : 0;
}
