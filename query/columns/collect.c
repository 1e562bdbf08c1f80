/* Collecting: each field begins as a dictionary; when it has too many values it continues as numbers, if all of them are,
 * or else as hashes. The outcome depends only on the values and their order. */
#include <stdlib.h>
#include <string.h>

#include "query/columns/data.h"
#include "query/condition/hash64.h"
#include "query/condition/value.h"

#define SLOTS (4 * COLUMNS_DICT_MAX) /* power of two */

struct columns_collector *columns_collector_new(void) {
    return calloc(1, sizeof(struct columns_collector));
}

static void field_free(struct collect_field *f) {
    if (f != NULL) {
        free(f->at);
        free(f->what);
        free(f->bits);
        free(f->real);
        buf_done(&f->texts);
        free(f->value);
        free(f->slots);
        free(f);
    }
}

void columns_collector_free(struct columns_collector *c) {
    if (c != NULL) {
        struct collect_scratch *s = &c->scratch;
        void *const all[] = {s->class_of, s->real, s->at, s->rank, s->order, s->key[0], s->key[1], s->bits, s->k, c->time};
        for (size_t i = 0; i < FIELD_MAX; i++) {
            field_free(c->field[i]);
        }
        for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
            free(all[i]);
        }
        free(c);
    }
}

static void field_reset(struct collect_field *f) {
    f->mode = COLLECT_DICT;
    f->numbers = true;
    f->n = f->n_values = f->last = 0;
    buf_clear(&f->texts);
    memset(f->slots, 0, SLOTS * sizeof(*f->slots));
}

void columns_collector_reset(struct columns_collector *c, uint64_t first, uint64_t since) {
    c->first = first;
    c->since = since;
    c->begin = c->end = (uint32_t)(since - first);
    for (size_t i = 0; i < FIELD_MAX; i++) {
        if (c->field[i] != NULL) {
            field_reset(c->field[i]);
        }
    }
}

uint64_t columns_collected(const struct columns_collector *c) {
    return c->first + c->end;
}

/* ---- memory ---- */

static int out_of_memory(struct err *err) {
    return err_set(err, ERR_NOMEM, "out of memory for the index");
}

/* Room for n elements of `size` bytes; doubles the capacity. */
static bool room(void *array, size_t n, size_t size) {
    void **p = array;
    void *more = realloc(*p, n * size);
    *p = more == NULL ? *p : more;
    return more != NULL;
}

static bool field_grow(struct collect_field *f) {
    uint32_t cap = f->cap == 0 ? 1024 : 2 * f->cap;
    if (!room(&f->at, cap, sizeof(*f->at)) || !room(&f->what, cap, sizeof(*f->what)) ||
        (f->mode == COLLECT_NUMBERS &&
         (!room(&f->bits, cap, sizeof(*f->bits)) || !room(&f->real, cap, sizeof(*f->real))))) {
        return false;
    }
    f->cap = cap;
    return true;
}

static struct collect_field *field_new(struct columns_collector *c, size_t field) {
    struct collect_field *f = calloc(1, sizeof(*f));
    if (f == NULL || (f->slots = malloc(SLOTS * sizeof(*f->slots))) == NULL) {
        free(f);
        return NULL;
    }
    buf_init(&f->texts, COLUMNS_DICT_BYTES);
    field_reset(f);
    c->field[field] = f;
    return f;
}

/* ---- values ---- */

static uint64_t bits_of(const struct query_value *v) {
    uint64_t bits = 0;
    if (v->type == QUERY_BOOL) return v->boolean;
    if (v->type == QUERY_INT || v->type == QUERY_REAL) {
        memcpy(&bits, v->type == QUERY_INT ? (const void *)&v->int_ : (const void *)&v->real, sizeof(bits));
    }
    return bits;
}

static bool has_text(uint8_t type) {
    return type == QUERY_TEXT || type == QUERY_OTHER;
}

uint64_t columns_hash(const struct query_value *v) {
    uint8_t bytes[9];
    if (v->type == QUERY_TEXT) return hash64(v->text);
    if (v->type == QUERY_OTHER) return ~hash64(v->text);
    const struct query_value plain = value_plain(*v);
    bytes[0] = (uint8_t)plain.type;
    be64_put(bytes + 1, bits_of(&plain));
    return ~hash64((struct bytes){bytes, sizeof(bytes)});
}

uint64_t collect_hash_number(uint64_t bits, bool real) {
    struct query_value v = {.type = real ? QUERY_REAL : QUERY_INT};
    memcpy(real ? (void *)&v.real : (void *)&v.int_, &bits, sizeof(bits));
    return columns_hash(&v);
}

struct query_value collect_value_of(const struct collect_field *f, uint32_t value) {
    const struct collect_value *e = &f->value[value];
    struct query_value v = {.type = (enum query_type)e->type};
    if (has_text(e->type)) {
        v.text = (struct bytes){f->texts.p + e->at, e->n};
    } else if (v.type == QUERY_BOOL) {
        v.boolean = e->bits != 0;
    } else {
        memcpy(v.type == QUERY_INT ? (void *)&v.int_ : (void *)&v.real, &e->bits, sizeof(e->bits));
    }
    return v;
}

/* Whether two times n bytes are equal; compares the end first, where most differ. */
static inline bool same_bytes(const uint8_t *a, const uint8_t *b, size_t n) {
    uint64_t x, y;
    if (n < sizeof(x)) {
        for (; n > 0 && a[n - 1] == b[n - 1]; n--) {
        }
        return n == 0;
    }
    memcpy(&x, a + n - sizeof(x), sizeof(x));
    memcpy(&y, b + n - sizeof(y), sizeof(y));
    return x == y && memcmp(a, b, n - sizeof(x)) == 0;
}

static inline bool is_value(const struct collect_field *f, uint32_t value, const struct query_value *v) {
    const struct collect_value *e = &f->value[value];
    if (e->type != v->type) return false;
    if (!has_text(e->type)) return e->bits == bits_of(v);
    return e->n == v->text.n && same_bytes(f->texts.p + e->at, v->text.p, e->n);
}

/* ---- from a dictionary to what holds many ---- */

static int become_numbers(struct collect_field *f, struct err *err) {
    if (!room(&f->bits, f->cap, sizeof(*f->bits)) || !room(&f->real, f->cap, sizeof(*f->real))) {
        return out_of_memory(err);
    }
    for (uint32_t i = 0; i < f->n; i++) {
        const struct collect_value *e = &f->value[f->what[i]];
        f->bits[i] = e->bits;
        f->real[i] = e->type == QUERY_REAL;
    }
    f->mode = COLLECT_NUMBERS;
    return 0;
}

static void become_hashes(struct collect_field *f) {
    for (uint32_t i = 0; i < f->n; i++) {
        uint64_t hash = f->mode == COLLECT_DICT ? f->value[f->what[i]].hash : collect_hash_number(f->bits[i], f->real[i]);
        f->what[i] = (uint32_t)(hash >> 32);
    }
    f->mode = COLLECT_HASHES;
}

/* The value's index in the dictionary; UINT32_MAX: the field is not a dictionary any more. */
static int look_up(struct collect_field *f, const struct query_value *v, uint64_t hash, uint32_t *ret, struct err *err) {
    size_t at = (size_t)hash & (SLOTS - 1);
    for (; f->slots[at] != 0; at = (at + 1) & (SLOTS - 1)) {
        uint32_t value = f->slots[at] - 1U;
        if (f->value[value].hash == hash && is_value(f, value, v)) {
            *ret = value;
            return 0;
        }
    }
    *ret = UINT32_MAX;
    if (f->numbers && f->n_values == COLUMNS_FEW) return become_numbers(f, err);
    size_t text_n = has_text((uint8_t)v->type) ? v->text.n : 0;
    if (f->n_values == COLUMNS_DICT_MAX || text_n > COLUMNS_DICT_BYTES - f->texts.n) {
        become_hashes(f);
        return 0;
    }
    if (f->n_values == f->cap_values) {
        uint32_t cap = f->cap_values == 0 ? 16 : 4 * f->cap_values;
        if (!room(&f->value, cap, sizeof(*f->value))) return out_of_memory(err);
        f->cap_values = cap;
    }
    f->value[f->n_values] = (struct collect_value){
        .hash = hash, .bits = bits_of(v), .at = (uint32_t)f->texts.n, .n = (uint32_t)text_n, .type = (uint8_t)v->type};
    if (text_n > 0 && buf_put(&f->texts, v->text.p, text_n) != 0) return out_of_memory(err);
    f->slots[at] = (uint16_t)(f->n_values + 1);
    *ret = f->n_values++;
    return 0;
}

static int add(struct columns_collector *c, size_t field, const struct query_value *v, struct err *err) {
    struct collect_field *f = c->field[field];
    if ((f == NULL && (f = field_new(c, field)) == NULL) || (f->n == f->cap && !field_grow(f))) {
        return out_of_memory(err);
    }
    f->at[f->n] = (uint16_t)c->end;
    if (f->mode == COLLECT_DICT) {
        if (f->n_values == 0 || !is_value(f, f->last, v)) {
            bool number = v->type == QUERY_INT || v->type == QUERY_REAL;
            f->numbers = f->numbers && number;
            int rc = look_up(f, v, columns_hash(v), &f->last, err);
            if (rc != 0) return rc;
        }
        f->what[f->n] = f->last;
    }
    if (f->mode == COLLECT_NUMBERS) {
        if (v->type == QUERY_INT || v->type == QUERY_REAL) {
            f->bits[f->n] = bits_of(v);
            f->real[f->n] = v->type == QUERY_REAL;
        } else {
            become_hashes(f);
        }
    }
    if (f->mode == COLLECT_HASHES) {
        f->what[f->n] = (uint32_t)(columns_hash(v) >> 32);
    }
    f->n++;
    return 0;
}

int columns_collect(struct columns_collector *c, const struct event_header *h, struct bytes body, struct err *err) {
    struct value_walk walk;
    struct bytes name;
    struct query_value v, at = {.type = QUERY_NULL};
    int rc = 0;
    if (c->end >= COLUMNS_EVENTS) {
        return err_set(err, ERR_LIMIT, "a segment of the index has %d events", COLUMNS_EVENTS);
    }
    if (c->time == NULL && (c->time = malloc(COLUMNS_EVENTS * sizeof(*c->time))) == NULL) {
        return out_of_memory(err);
    }
    for (size_t field = QUERY_TIME; field < QUERY_HEADER_FIELDS && rc == 0; field++) {
        v = field_of_header(h, field);
        rc = v.type == QUERY_NULL ? 0 : add(c, field, &v, err);
    }
    value_walk_begin(body, &walk);
    while (rc == 0 && value_walk_value(&walk, &name, &v)) {
        size_t field = v.type == QUERY_NULL ? SIZE_MAX : field_of_body(name);
        rc = field == SIZE_MAX ? 0 : add(c, field, &v, err);
        at = bytes_is(name, "at") ? v : at;
    }
    v = field_happened(h->time, &at);
    if (rc == 0) rc = add(c, QUERY_HAPPENED, &v, err);
    v = (struct query_value){.type = QUERY_TEXT, .text = field_subject_head(h->subject)};
    if (rc == 0) rc = add(c, FIELD_SUBJECT_HEAD, &v, err);
    c->time[c->end++] = h->time;
    return rc;
}
