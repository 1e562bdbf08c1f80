/* From collected values to a record: each field's form, presence by kind, zstd. */
#include <stdlib.h>
#include <string.h>

#include "base/archive/zst.h"
#include "query/columns/data.h"
#include "query/condition/hash64.h"
#include "query/condition/value.h"

/* ---- the values of a segment ---- */

struct order { /* for qsort_r */
    const struct collect_field *f;
};

static int compare_values(const void *a, const void *b, void *ctx) {
    const struct collect_field *f = ((const struct order *)ctx)->f;
    const struct query_value x = collect_value_of(f, *(const uint32_t *)a), y = collect_value_of(f, *(const uint32_t *)b);
    int c = value_order(&x, &y);
    return c != 0 ? c : (int)x.type - (int)y.type;
}

/* The used values of a dictionary, in order. */
static void order_values(struct collect_slice *slice, struct collect_scratch *scratch) {
    const struct collect_field *f = slice->f;
    struct order order = {f};
    uint32_t n = 0;
    for (uint32_t v = 0; v < f->n_values; v++) {
        scratch->rank[v] = UINT32_MAX;
    }
    for (uint32_t i = 0; i < slice->n; i++) {
        if (scratch->rank[slice->what[i]] == UINT32_MAX) {
            scratch->rank[slice->what[i]] = 0;
            scratch->order[n++] = slice->what[i];
        }
    }
    qsort_r(scratch->order, n, sizeof(*scratch->order), compare_values, &order);
    for (uint32_t i = 0; i < n; i++) {
        scratch->rank[scratch->order[i]] = i;
    }
    slice->n_values = n;
    slice->order = scratch->order;
    slice->rank = scratch->rank;
}

static uint32_t place_of(const struct collect_field *f, uint32_t at) {
    uint32_t lo = 0, hi = f->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (f->at[mid] < at) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return lo;
}

/* The field's values for events [from, to) of the collector. */
static void slice_of(struct columns_collector *c, size_t field, uint32_t from, uint32_t to, struct collect_slice *ret) {
    const struct collect_field *f = c->field[field];
    *ret = (struct collect_slice){.f = f, .first = c->first + from};
    uint32_t begin = f == NULL ? 0 : place_of(f, from), end = f == NULL ? 0 : place_of(f, to);
    if (begin == end) return;
    ret->mode = f->mode;
    ret->n = end - begin;
    ret->what = f->what + begin;
    ret->bits = f->mode == COLLECT_NUMBERS ? f->bits + begin : NULL;
    ret->real = f->mode == COLLECT_NUMBERS ? f->real + begin : NULL;
    ret->at = f->at + begin;
    if (from > 0) {
        for (uint32_t i = 0; i < ret->n; i++) {
            c->scratch.at[i] = (uint16_t)(ret->at[i] - from);
        }
        ret->at = c->scratch.at;
    }
    if (ret->mode == COLLECT_DICT) {
        order_values(ret, &c->scratch);
    }
}

/* Turns a dictionary of numbers into the numbers. False: it has other values too. */
static bool become_numbers(struct collect_slice *slice, struct collect_scratch *scratch) {
    const struct collect_value *value = slice->f->value;
    for (uint32_t i = 0; i < slice->n_values; i++) {
        uint8_t type = value[slice->order[i]].type;
        if (type != QUERY_INT && type != QUERY_REAL) return false;
    }
    for (uint32_t i = 0; i < slice->n; i++) {
        scratch->bits[i] = value[slice->what[i]].bits;
        scratch->real[i] = value[slice->what[i]].type == QUERY_REAL;
    }
    slice->bits = scratch->bits;
    slice->real = scratch->real;
    return true;
}

/* ---- classes and presence ---- */

struct classes { /* of the segment's events */
    uint32_t n, events;
    const uint8_t *of; /* of each event */
    uint32_t total[COLUMNS_CLASSES_MAX];
};

static uint32_t few(uint32_t events) {
    uint32_t n = events / (COLUMNS_EVENTS / COLUMNS_FEW);
    return n > COLUMNS_FEW_MIN ? n : COLUMNS_FEW_MIN;
}

static bool is_dict(const struct collect_slice *s, uint32_t events) {
    return s->mode == COLLECT_DICT && (s->n_values <= few(events) || COLUMNS_REPEATED * s->n_values <= s->n);
}

static void make_classes(struct columns_collector *c, uint32_t from, uint32_t to, struct classes *ret) {
    struct collect_slice kind;
    uint8_t *class_of = c->scratch.class_of;
    memset(class_of, 0, to - from);
    *ret = (struct classes){.n = 1, .events = to - from, .of = class_of};
    slice_of(c, QUERY_KIND, from, to, &kind);
    if (kind.n == to - from && is_dict(&kind, to - from) && kind.n_values <= COLUMNS_CLASSES_MAX) {
        ret->n = kind.n_values;
        for (uint32_t i = 0; i < kind.n; i++) {
            class_of[kind.at[i]] = (uint8_t)kind.rank[kind.what[i]];
        }
    }
    for (uint32_t i = 0; i < to - from; i++) {
        ret->total[class_of[i]]++;
    }
}

static void put_presence(const struct classes *classes, const struct collect_slice *s, struct buf *a) {
    uint32_t have[COLUMNS_CLASSES_MAX] = {0}, bits = 0;
    uint8_t state[COLUMNS_CLASSES_MAX];
    for (uint32_t i = 0; i < s->n; i++) {
        have[classes->of[s->at[i]]]++;
    }
    buf_put_be16(a, (uint16_t)classes->n);
    for (uint32_t k = 0; k < classes->n; k++) {
        state[k] = have[k] == 0 ? COLUMNS_NEVER : have[k] == classes->total[k] ? COLUMNS_ALWAYS : COLUMNS_SOMETIMES;
        bits += state[k] == COLUMNS_SOMETIMES ? classes->total[k] : 0;
        buf_put_u8(a, state[k]);
    }
    buf_put_be32(a, bits);
    uint8_t *p = buf_room(a, (bits + 7) / 8);
    if (bits == 0 || p == NULL) return;
    memset(p, 0, (bits + 7) / 8);
    a->n += (bits + 7) / 8;
    for (uint32_t i = 0, at = 0, next = 0; i < classes->events; i++) {
        bool has = next < s->n && s->at[next] == i;
        next += has ? 1 : 0;
        if (state[classes->of[i]] == COLUMNS_SOMETIMES) {
            p[at / 8] |= (uint8_t)((has ? 1U : 0U) << at % 8);
            at++;
        }
    }
}

/* ---- dictionaries ---- */

static void put_value(struct buf *a, const struct query_value *v) {
    uint64_t bits = 0;
    buf_put_u8(a, (uint8_t)v->type);
    if (v->type == QUERY_BOOL) {
        buf_put_u8(a, v->boolean);
    } else if (v->type == QUERY_INT || v->type == QUERY_REAL) {
        memcpy(&bits, v->type == QUERY_INT ? (const void *)&v->int_ : (const void *)&v->real, sizeof(bits));
        buf_put_be64(a, bits);
    } else {
        buf_put_be32(a, (uint32_t)v->text.n);
        buf_put_bytes(a, v->text);
    }
}

static void put_dict(const struct collect_slice *s, struct buf *a, struct buf *b) {
    buf_put_be32(a, s->n_values);
    for (uint32_t i = 0; i < s->n_values; i++) {
        const struct query_value v = collect_value_of(s->f, s->order[i]);
        put_value(a, &v);
    }
    size_t n = s->n_values == 1 ? 0 : s->n_values <= 256 ? s->n : 2 * (size_t)s->n;
    uint8_t *p = buf_room(b, n);
    if (n == 0 || p == NULL) return;
    b->n += n;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t code = s->rank[s->what[i]];
        if (s->n_values > 256) {
            p[i] = (uint8_t)(code >> 8);
            p[s->n + i] = (uint8_t)code;
        } else {
            p[i] = (uint8_t)code;
        }
    }
}

/* ---- a segment ---- */

/* Appends what was written to `more`, and records where. */
static void gather(struct buf *bytes, struct buf *more, size_t *ret_at, size_t *ret_n) {
    *ret_at = bytes->n;
    *ret_n = more->n;
    if (more->n > 0) {
        buf_put_bytes(bytes, bytes_of_buf(more));
    }
    buf_clear(more);
}

static int failed(const struct buf *a, const struct buf *b, struct err *err) {
    int rc = buf_check(a, "a column", err);
    if (rc == 0) rc = buf_check(b, "a column", err);
    return rc;
}

static int plain_field(struct collect_slice *s, struct collect_scratch *scratch, size_t field,
                       const struct classes *classes, struct buf *a, struct buf *b, struct columns_part *part,
                       struct err *err) {
    static const uint8_t zeros[COLUMNS_EVENTS];
    const struct classes one = {.n = 1, .events = classes->events, .of = zeros, .total = {classes->events}};
    classes = field == QUERY_KIND ? &one : classes; /* the classes come from this column */
    *part = (struct columns_part){.field = (uint16_t)field, .count = s->n};
    if (is_dict(s, classes->events)) {
        part->form = COLUMNS_DICT;
        part->distinct = s->n_values;
        put_dict(s, a, b);
        put_presence(classes, s, a);
        return failed(a, b, err);
    }
    bool numbers = s->mode == COLLECT_NUMBERS || (s->mode == COLLECT_DICT && become_numbers(s, scratch));
    if (numbers && columns_put_numbers(s, field == QUERY_CAUSE, scratch->k, a, b, &part->least, &part->greatest)) {
        part->form = COLUMNS_NUMBERS;
        put_presence(classes, s, a);
        return failed(a, b, err);
    }
    if (failed(a, b, err) != 0) return failed(a, b, err);
    buf_clear(a);
    buf_clear(b);
    part->least = part->greatest = 0;
    part->form = COLUMNS_HASHES;
    if (!columns_put_hashes(s, scratch->key, a, b, &part->distinct)) {
        if (failed(a, b, err) != 0) return failed(a, b, err);
        *part = (struct columns_part){.field = (uint16_t)field, .form = COLUMNS_NONE, .count = s->n};
        buf_clear(a);
        buf_clear(b);
    }
    return 0;
}

static void *room(void *p, size_t size) {
    return p != NULL ? p : malloc(COLUMNS_EVENTS * size);
}

static bool scratch_make(struct collect_scratch *s) {
    if (!s->there) {
        s->class_of = room(s->class_of, sizeof(*s->class_of));
        s->real = room(s->real, sizeof(*s->real));
        s->at = room(s->at, sizeof(*s->at));
        s->rank = room(s->rank, sizeof(*s->rank));
        s->order = room(s->order, sizeof(*s->order));
        s->key[0] = room(s->key[0], sizeof(uint64_t));
        s->key[1] = room(s->key[1], sizeof(uint64_t));
        s->bits = room(s->bits, sizeof(*s->bits));
        s->k = room(s->k, sizeof(*s->k));
        s->there = s->class_of != NULL && s->real != NULL && s->at != NULL && s->rank != NULL && s->order != NULL &&
                   s->key[0] != NULL && s->key[1] != NULL && s->bits != NULL && s->k != NULL;
    }
    return s->there;
}

/* Did all events of the slice happen when they were sealed? Then the column of times covers it. */
static bool is_sealed_time(const struct columns_collector *c, const struct collect_slice *s, uint32_t from) {
    for (uint32_t i = 0; i < s->n; i++) {
        uint64_t at = s->mode == COLLECT_DICT ? s->f->value[s->what[i]].bits : s->bits[i];
        if (s->mode == COLLECT_HASHES || at != c->time[from + s->at[i]]) return false;
    }
    return true;
}

static int plain_fields(struct columns_collector *c, uint32_t from, uint32_t to, struct columns_plain *ret,
                        struct err *err) {
    struct classes classes;
    struct buf a = {.max = COLUMNS_PLAIN_MAX}, b = {.max = COLUMNS_PLAIN_MAX};
    int rc = 0;
    make_classes(c, from, to, &classes);
    for (size_t field = 0; field < FIELD_MAX && rc == 0; field++) {
        struct columns_part *part = &ret->part[ret->n];
        struct collect_slice slice;
        slice_of(c, field, from, to, &slice);
        if (slice.n == 0 || (field == QUERY_HAPPENED && is_sealed_time(c, &slice, from))) continue;
        slice.time = field == QUERY_HAPPENED ? c->time + from : NULL;
        rc = plain_field(&slice, &c->scratch, field, &classes, &a, &b, part, err);
        gather(&ret->bytes, &a, &part->a, &part->a_n);
        gather(&ret->bytes, &b, &part->b, &part->b_n);
        ret->n++;
    }
    buf_done(&a);
    buf_done(&b);
    if (rc == 0) rc = buf_check(&ret->bytes, "a segment of the index", err);
    return rc;
}

int columns_plain(struct columns_collector *c, uint64_t first, uint32_t events, struct columns_plain *ret,
                  struct err *err) {
    uint32_t from = (uint32_t)(first - c->first), to = from + events;
    if (first < c->since || from > COLUMNS_EVENTS || to > c->end || events == 0) {
        return err_set(err, ERR_INVALID, "the events of the segment at %llu are not all there", (unsigned long long)first);
    }
    if (!scratch_make(&c->scratch)) return err_set(err, ERR_NOMEM, "out of memory for the index");
    buf_clear(&ret->bytes);
    ret->first = first;
    ret->first_time = c->time[from];
    ret->last_time = c->time[to - 1];
    ret->since = c->since;
    ret->until = columns_collected(c);
    ret->events = events;
    ret->n = 0;
    return plain_fields(c, from, to, ret, err);
}

/* ---- records ---- */

uint64_t columns_rules(void) {
    const uint8_t version[] = {COLUMNS_VERSION};
    return field_rules() ^ hash64((struct bytes){version, sizeof(version)});
}

static void put_double(struct buf *out, double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_put_be64(out, bits);
}

static int put_part(struct buf *out, struct bytes plain, bool packed, struct err *err) {
    if (plain.n == 0) return 0;
    return packed ? zst_compress(out, plain, COLUMNS_ZSTD_LEVEL, err) : buf_put_bytes(out, plain);
}

int columns_record(const struct columns_plain *plain, const uint8_t node[EVENT_HASH], struct buf *out, struct err *err) {
    size_t begin = out->n, directory = COLUMNS_HEADER + plain->n * COLUMNS_ENTRY;
    struct buf parts = {.max = COLUMNS_RECORD_MAX};
    int rc = 0;
    buf_put_be64(out, 0);
    buf_put_be64(out, columns_rules());
    buf_put(out, node, EVENT_HASH);
    buf_put_be64(out, plain->first);
    buf_put_be32(out, plain->events);
    buf_put_be32(out, (uint32_t)plain->n);
    buf_put_be64(out, plain->first_time);
    buf_put_be64(out, plain->last_time);
    buf_put_be64(out, plain->since);
    buf_put_be64(out, plain->until);
    for (size_t i = 0; i < plain->n && rc == 0; i++) {
        const struct columns_part *p = &plain->part[i];
        bool packed = p->form != COLUMNS_HASHES;
        size_t a = parts.n;
        rc = put_part(&parts, (struct bytes){plain->bytes.p + p->a, p->a_n}, packed, err);
        size_t b = parts.n;
        if (rc == 0) rc = put_part(&parts, (struct bytes){plain->bytes.p + p->b, p->b_n}, packed, err);
        buf_put_be16(out, p->field);
        buf_put_u8(out, p->form);
        buf_put_u8(out, 0);
        buf_put_be32(out, (uint32_t)(directory + a));
        buf_put_be32(out, (uint32_t)(b - a));
        buf_put_be32(out, (uint32_t)(parts.n - b));
        buf_put_be32(out, p->count);
        buf_put_be32(out, p->distinct);
        put_double(out, p->least);
        put_double(out, p->greatest);
    }
    if (rc == 0) rc = buf_check(&parts, "a segment of the index", err);
    if (rc == 0) rc = buf_check(out, "a segment of the index", err);
    if (rc == 0) {
        be64_put(out->p + begin, hash64((struct bytes){out->p + begin + 8, directory - 8}));
        buf_put_bytes(out, bytes_of_buf(&parts));
        rc = buf_check(out, "a segment of the index", err);
    }
    buf_done(&parts);
    return rc;
}

/* Whether a stored part, compressed or not, holds these bytes. */
static int same_part(struct bytes stored, bool packed, struct bytes plain, struct buf *scratch, bool *ret,
                     struct err *err) {
    struct err why = {0};
    buf_clear(scratch);
    if (packed && stored.n > 0) {
        int rc = zst_decompress(scratch, stored, COLUMNS_PLAIN_MAX, &why);
        if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
        stored = rc == 0 ? bytes_of_buf(scratch) : (struct bytes){NULL, SIZE_MAX};
    }
    *ret = stored.n == plain.n && (plain.n == 0 || memcmp(stored.p, plain.p, plain.n) == 0);
    return 0;
}

static int same_column(const struct columns_plain *plain, const struct columns_part *p, const struct columns_entry *e,
                       struct buf *scratch, bool *ret, struct err *err) {
    bool packed = p->form != COLUMNS_HASHES, a = false, b = false;
    int rc = same_part(e->a, packed, (struct bytes){plain->bytes.p + p->a, p->a_n}, scratch, &a, err);
    if (rc == 0) rc = same_part(e->b, packed, (struct bytes){plain->bytes.p + p->b, p->b_n}, scratch, &b, err);
    *ret = a && b;
    return rc;
}

int columns_differ(const struct columns_plain *plain, const uint8_t node[EVENT_HASH], struct bytes record,
                   const char **ret_why, struct err *err) {
    struct columns_record r;
    struct buf scratch = {.max = COLUMNS_PLAIN_MAX};
    int rc = 0;
    *ret_why = NULL;
    if (!columns_open(record, &r)) {
        *ret_why = "its header does not parse";
    } else if (memcmp(r.node, node, EVENT_HASH) != 0 || r.first != plain->first || r.events != plain->events ||
               r.first_time != plain->first_time || r.last_time != plain->last_time || r.since != plain->since ||
               r.until != plain->until) {
        *ret_why = "it was made from other events";
    } else if (r.n != plain->n) {
        *ret_why = "it has other fields than its events";
    }
    for (size_t i = 0; i < plain->n && rc == 0 && *ret_why == NULL; i++) {
        const struct columns_part *p = &plain->part[i];
        struct columns_entry e;
        bool same = false;
        if (!columns_entry(&r, p->field, &e) || e.form != p->form || e.count != p->count || e.distinct != p->distinct ||
            e.least != p->least || e.greatest != p->greatest) {
            *ret_why = "it says other things of a field than its events";
            break;
        }
        rc = same_column(plain, p, &e, &scratch, &same, err);
        *ret_why = rc == 0 && !same ? "it has other values than its events" : NULL;
    }
    buf_done(&scratch);
    return rc;
}
