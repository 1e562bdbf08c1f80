/* From a record back to values. Nothing in it is trusted before it is checked: the directory by its checksum, compressed
 * parts by their frame's, and every number in them against what it counts. */
#include <stdlib.h>
#include <string.h>

#include "base/archive/zst.h"
#include "query/columns/columns.h"
#include "query/columns/number.h"
#include "query/condition/hash64.h"

static double double_at(const uint8_t *p) {
    uint64_t bits = be64_get(p);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* Checks everything up to the end of the directory. */
static bool is_whole(struct bytes record) {
    const uint8_t *p = record.p;
    if (record.n < COLUMNS_HEADER || record.n > COLUMNS_RECORD_MAX) return false;
    uint32_t n = be32_get(p + 60);
    return n <= FIELD_MAX && record.n >= COLUMNS_HEADER + (size_t)n * COLUMNS_ENTRY &&
           be64_get(p) == hash64((struct bytes){p + 8, COLUMNS_HEADER - 8 + (size_t)n * COLUMNS_ENTRY});
}

bool columns_stale(struct bytes record) {
    return is_whole(record) && be64_get(record.p + 8) != columns_rules();
}

bool columns_open(struct bytes record, struct columns_record *ret) {
    const uint8_t *p = record.p;
    if (record.n < COLUMNS_HEADER || be64_get(p + 8) != columns_rules() || !is_whole(record)) {
        return false;
    }
    uint32_t events = be32_get(p + 56);
    if (events == 0 || events > COLUMNS_EVENTS) return false;
    *ret = (struct columns_record){.bytes = record,
                                   .first = be64_get(p + 48),
                                   .first_time = be64_get(p + 64),
                                   .last_time = be64_get(p + 72),
                                   .since = be64_get(p + 80),
                                   .until = be64_get(p + 88),
                                   .events = events,
                                   .node = p + 16,
                                   .n = be32_get(p + 60)};
    return true;
}

bool columns_open_vouched(struct vouched *vouched, struct columns_record *ret) {
    struct bytes record = {vouched->copy, vouched->n};
    if (record.n < COLUMNS_HEADER || !vouched_prove(vouched, 0, COLUMNS_HEADER) ||
        be32_get(record.p + 60) > (record.n - COLUMNS_HEADER) / COLUMNS_ENTRY ||
        !vouched_prove(vouched, COLUMNS_HEADER, (size_t)be32_get(record.p + 60) * COLUMNS_ENTRY) ||
        !columns_open(record, ret)) {
        return false;
    }
    ret->vouched = vouched;
    return true;
}

bool columns_have(const struct columns_entry *entry, struct bytes part) {
    const struct columns_record *record = entry->record;
    return record->vouched == NULL || vouched_prove(record->vouched, (size_t)(part.p - record->bytes.p), part.n);
}

bool columns_entry(const struct columns_record *record, size_t field, struct columns_entry *ret) {
    uint32_t lo = 0, hi = record->n;
    const uint8_t *directory = record->bytes.p + COLUMNS_HEADER;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        const uint8_t *p = directory + (size_t)mid * COLUMNS_ENTRY;
        size_t here = be16_get(p);
        if (here == field) {
            uint64_t at = be32_get(p + 4), a = be32_get(p + 8), b = be32_get(p + 12);
            bool fits = at + a + b <= record->bytes.n;
            const uint8_t *from = record->bytes.p + (fits ? at : 0);
            *ret = (struct columns_entry){.field = (uint16_t)field,
                                          .form = fits ? p[2] : COLUMNS_NONE,
                                          .count = be32_get(p + 16),
                                          .distinct = be32_get(p + 20),
                                          .least = double_at(p + 24),
                                          .greatest = double_at(p + 32),
                                          .a = {from, fits ? (size_t)a : 0},
                                          .b = {from + (fits ? a : 0), fits ? (size_t)b : 0},
                                          .record = record};
            return true;
        }
        if (here < field) {
            lo = mid + 1;
        } else {
            hi = mid;
        }
    }
    return false;
}

/* ---- memory ---- */

void column_init(struct column *c) {
    *c = (struct column){0};
    buf_init(&c->a, COLUMNS_PLAIN_MAX + 8);
    buf_init(&c->b, COLUMNS_PLAIN_MAX);
}

void column_done(struct column *c) {
    buf_done(&c->a);
    buf_done(&c->b);
    free(c->present);
    free(c->rank);
    free(c->value);
    free(c->code);
    free(c->k);
    column_init(c);
}

static int out_of_memory(struct err *err) {
    return err_set(err, ERR_NOMEM, "out of memory for a column");
}

static bool room(void *array, size_t *cap, size_t n, size_t size) {
    void **p = array;
    if (n > *cap) {
        void *more = realloc(*p, n * size);
        if (more == NULL) return false;
        *p = more;
        *cap = n;
    }
    return true;
}

static int damaged(struct err *err) {
    return err_set(err, ERR_CORRUPT, "the index: a column is damaged");
}

/* ---- part A ---- */

struct reader {
    const uint8_t *p, *end;
};

static bool take(struct reader *r, size_t n, const uint8_t **ret) {
    if (n > (size_t)(r->end - r->p)) return false;
    *ret = r->p;
    r->p += n;
    return true;
}

static bool get_value(struct reader *r, struct query_value *ret) {
    const uint8_t *p;
    uint64_t bits;
    if (!take(r, 1, &p)) return false;
    *ret = (struct query_value){.type = (enum query_type)p[0]};
    switch (p[0]) {
    case QUERY_BOOL:
        if (!take(r, 1, &p)) return false;
        ret->boolean = p[0] != 0;
        return true;
    case QUERY_INT:
    case QUERY_REAL:
        if (!take(r, 8, &p)) return false;
        bits = be64_get(p);
        memcpy(ret->type == QUERY_INT ? (void *)&ret->int_ : (void *)&ret->real, &bits, sizeof(bits));
        return true;
    case QUERY_TEXT:
    case QUERY_OTHER:
        if (!take(r, 4, &p)) return false;
        ret->text.n = be32_get(p);
        return take(r, ret->text.n, &ret->text.p);
    default:
        return false;
    }
}

static int load_dict(struct column *c, struct reader *r, struct err *err) {
    const uint8_t *p;
    if (!take(r, 4, &p) || be32_get(p) == 0 || be32_get(p) > COLUMNS_DICT_MAX) return damaged(err);
    c->n_values = be32_get(p);
    if (!room(&c->value, &c->cap_values, c->n_values, sizeof(*c->value))) return out_of_memory(err);
    for (uint32_t i = 0; i < c->n_values; i++) {
        if (!get_value(r, &c->value[i])) return damaged(err);
    }
    return 0;
}

static int load_numbers(struct column *c, struct reader *r, struct err *err) {
    const uint8_t *p;
    if (!take(r, 20, &p) || p[0] > COLUMNS_BITS || p[1] > COLUMNS_EXPONENT_MAX || p[2] > 8) {
        return damaged(err);
    }
    c->how = p[0];
    c->exponent = p[1];
    c->width = p[2];
    c->differences = (p[3] & COLUMNS_DIFFERENCES) != 0;
    c->relative = (p[3] & COLUMNS_RELATIVE) != 0;
    c->by_time = (p[3] & COLUMNS_BY_TIME) != 0;
    c->base = (int64_t)be64_get(p + 4);
    c->step = be64_get(p + 12);
    c->types = NULL;
    if ((p[3] & COLUMNS_TYPES) != 0 && !take(r, (c->count + 7) / 8, &c->types)) return damaged(err);
    return 0;
}

/* A bit for each event, and how many are set before each word. May read one byte more than `bits` needs. */
static uint32_t spread(struct column *c, const struct columns_classes *classes, const uint8_t *state, const uint8_t *bits) {
    uint32_t at = 0, sum = 0;
    for (uint32_t from = 0; from < c->events; from += 64) {
        uint64_t word = 0;
        uint32_t n = c->events - from < 64 ? c->events - from : 64;
        for (uint32_t i = 0; i < n; i++) {
            uint8_t s = state[classes->of[from + i]];
            uint64_t bit = bits[at / 8] >> at % 8 & 1;
            word |= ((s & 1) | ((uint64_t)(s >> 1) & bit)) << i;
            at += s >> 1;
        }
        c->present[from / 64] = word;
        c->rank[from / 64] = sum;
        sum += (uint32_t)__builtin_popcountll(word);
    }
    return sum;
}

static int load_presence(struct column *c, const struct columns_classes *classes, struct reader *r, struct err *err) {
    const uint8_t *p, *state, *bits;
    uint32_t total = 0;
    size_t words = (c->events + 63) / 64;
    if (!take(r, 2, &p) || be16_get(p) != classes->n || !take(r, classes->n, &state) || !take(r, 4, &p)) {
        return damaged(err);
    }
    uint32_t n_bits = be32_get(p);
    for (uint32_t i = 0; i < classes->n; i++) {
        if (state[i] > COLUMNS_SOMETIMES) return damaged(err);
        total += state[i] == COLUMNS_SOMETIMES ? classes->total[i] : 0;
    }
    if (n_bits != total || !take(r, ((size_t)n_bits + 7) / 8, &bits)) return damaged(err);
    size_t cap = c->cap_words;
    if (!room(&c->present, &cap, words, sizeof(*c->present)) || !room(&c->rank, &c->cap_words, words, sizeof(*c->rank))) {
        return out_of_memory(err);
    }
    return spread(c, classes, state, bits) == c->count ? 0 : damaged(err);
}

int column_load(const struct columns_record *record, const struct columns_entry *entry,
                const struct columns_classes *classes, struct column *c, struct err *err) {
    c->form = entry->form;
    c->events = record->events;
    c->first = record->first;
    c->count = entry->count;
    c->n_values = 0;
    c->types = NULL;
    c->by_time = false;
    buf_clear(&c->a);
    if (entry->form != COLUMNS_DICT && entry->form != COLUMNS_NUMBERS) {
        return err_set(err, ERR_INVALID, "a column without values");
    }
    if (entry->count == 0 || entry->count > record->events || !columns_have(entry, entry->a)) {
        return damaged(err);
    }
    int rc = zst_decompress(&c->a, entry->a, COLUMNS_PLAIN_MAX, err);
    if (rc != 0) return rc;
    if (buf_put_be64(&c->a, 0) != 0) { /* what spread() may read */
        return out_of_memory(err);
    }
    struct reader r = {c->a.p, c->a.p + c->a.n - 8};
    rc = entry->form == COLUMNS_DICT ? load_dict(c, &r, err) : load_numbers(c, &r, err);
    if (rc == 0) rc = load_presence(c, classes, &r, err);
    bool fits =
        r.p == r.end && (!c->by_time || (entry->field == QUERY_HAPPENED && c->how == COLUMNS_INT && c->types == NULL));
    return rc == 0 && !fits ? damaged(err) : rc;
}

/* ---- part B ---- */

static int load_codes(struct column *c, struct err *err) {
    uint32_t n = c->count, greatest = 0;
    size_t width = c->n_values == 1 ? 0 : c->n_values <= 256 ? 1 : 2;
    if (c->b.n != n * width) return damaged(err);
    if (!room(&c->code, &c->cap_codes, n, sizeof(*c->code))) return out_of_memory(err);
    const uint8_t *p = c->b.p;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t code = width == 0 ? 0 : width == 1 ? p[i] : (uint32_t)p[i] << 8 | p[n + i];
        greatest = code > greatest ? code : greatest;
        c->code[i] = (uint16_t)code;
    }
    return greatest < c->n_values ? 0 : damaged(err);
}

static int load_integers(struct column *c, struct err *err) {
    if (c->b.n != (size_t)c->count * c->width) return damaged(err);
    if (!room(&c->k, &c->cap_k, c->count, sizeof(*c->k))) return out_of_memory(err);
    column_number_planes(c->b.p, c);
    if (c->relative) { /* from distances to values */
        uint32_t rank = 0;
        for (uint32_t w = 0; w < (c->events + 63) / 64; w++) {
            for (uint64_t word = c->present[w]; word != 0; word &= word - 1, rank++) {
                uint64_t seq = c->first + 64 * w + (uint64_t)__builtin_ctzll(word);
                c->k[rank] = (int64_t)(seq - (uint64_t)c->k[rank]);
            }
        }
    }
    return 0;
}

int column_load_values(const struct columns_entry *entry, struct column *c, struct err *err) {
    buf_clear(&c->b);
    if (!columns_have(entry, entry->b)) return damaged(err);
    int rc = entry->b.n == 0 ? 0 : zst_decompress(&c->b, entry->b, COLUMNS_PLAIN_MAX, err);
    if (rc == 0) rc = c->form == COLUMNS_DICT ? load_codes(c, err) : load_integers(c, err);
    return rc;
}

struct query_value column_value(const struct column *c, uint32_t at) {
    if (!column_has(c, at)) return (struct query_value){.type = QUERY_NULL};
    uint32_t rank = column_rank(c, at);
    return c->form == COLUMNS_DICT ? c->value[c->code[rank]] : column_number(c, rank, c->k[rank]);
}

/* ---- classes ---- */

/* All events are one class. */
static int one_class(struct columns_classes *classes, uint32_t events, struct err *err) {
    if (!room(&classes->of, &classes->cap, events, 1)) return out_of_memory(err);
    memset(classes->of, 0, events);
    memset(classes->total, 0, sizeof(classes->total));
    classes->n = 1;
    classes->total[0] = events;
    return 0;
}

int columns_load_kind(const struct columns_record *record, const struct columns_entry *entry, struct column *ret,
                      struct err *err) {
    struct columns_classes one = {0};
    int rc = one_class(&one, record->events, err);
    if (rc == 0) rc = column_load(record, entry, &one, ret, err);
    columns_classes_done(&one);
    return rc;
}

int columns_classes(const struct columns_record *record, struct column *kinds, struct columns_classes *ret,
                    struct err *err) {
    struct columns_entry entry;
    int rc = one_class(ret, record->events, err);
    if (rc != 0 || !columns_entry(record, QUERY_KIND, &entry) || entry.form != COLUMNS_DICT ||
        entry.distinct > COLUMNS_CLASSES_MAX) {
        return rc;
    }
    rc = column_load(record, &entry, ret, kinds, err);
    if (rc == 0) rc = column_load_values(&entry, kinds, err);
    if (rc != 0) return rc;
    if (kinds->count != record->events || kinds->n_values > COLUMNS_CLASSES_MAX) {
        return damaged(err);
    }
    ret->n = (uint16_t)kinds->n_values;
    ret->total[0] = 0;
    for (uint32_t i = 0; i < record->events; i++) {
        ret->of[i] = (uint8_t)kinds->code[i];
        ret->total[ret->of[i]]++;
    }
    return 0;
}

void columns_classes_done(struct columns_classes *classes) {
    free(classes->of);
    *classes = (struct columns_classes){0};
}
