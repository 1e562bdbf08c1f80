/* Reads msgpack without validating it again: events are verified up to their leaf before they are read here, and their form
 * was checked when they were written. Only bounds are checked. */
#include "query/condition/value.h"

#include <math.h>
#include <string.h>

/* ---- msgpack ---- */

static uint64_t be_get(const uint8_t *p, unsigned n) {
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* What follows the first byte of an item of 0xc0 .. 0xdf: fixed bytes, bytes of a length, and what the length counts. */
enum { COUNTS_NOTHING, COUNTS_BYTES, COUNTS_ITEMS, COUNTS_PAIRS };
struct form {
    uint8_t fixed, length, counts;
};
static const struct form forms[32] = {
    [0x04] = {0, 1, COUNTS_BYTES},
    [0x05] = {0, 2, COUNTS_BYTES},
    [0x06] = {0, 4, COUNTS_BYTES},
    [0x07] = {1, 1, COUNTS_BYTES},
    [0x08] = {1, 2, COUNTS_BYTES},
    [0x09] = {1, 4, COUNTS_BYTES},
    [0x0a] = {4, 0, 0},
    [0x0b] = {8, 0, 0},
    [0x0c] = {1, 0, 0},
    [0x0d] = {2, 0, 0},
    [0x0e] = {4, 0, 0},
    [0x0f] = {8, 0, 0},
    [0x10] = {1, 0, 0},
    [0x11] = {2, 0, 0},
    [0x12] = {4, 0, 0},
    [0x13] = {8, 0, 0},
    [0x14] = {2, 0, 0},
    [0x15] = {3, 0, 0},
    [0x16] = {5, 0, 0},
    [0x17] = {9, 0, 0},
    [0x18] = {17, 0, 0},
    [0x19] = {0, 1, COUNTS_BYTES},
    [0x1a] = {0, 2, COUNTS_BYTES},
    [0x1b] = {0, 4, COUNTS_BYTES},
    [0x1c] = {0, 2, COUNTS_ITEMS},
    [0x1d] = {0, 4, COUNTS_ITEMS},
    [0x1e] = {0, 2, COUNTS_PAIRS},
    [0x1f] = {0, 4, COUNTS_PAIRS},
};

/* The end of the item at p; NULL when that is not before `end`. */
static const uint8_t *skip(const uint8_t *p, const uint8_t *end) {
    for (uint64_t items = 1; items > 0; items--) {
        if (p >= end) return NULL;
        uint8_t c = *p++;
        if (c < 0x80 || c >= 0xe0) continue;
        if (c >= 0xc0) {
            const struct form *f = &forms[c & 31];
            if ((size_t)(end - p) < (size_t)f->fixed + f->length) return NULL;
            uint64_t n = be_get(p, f->length);
            p += f->fixed + f->length;
            items += f->counts == COUNTS_ITEMS ? n : f->counts == COUNTS_PAIRS ? 2 * n : 0;
            n = f->counts == COUNTS_BYTES ? n : 0;
            if (n > (uint64_t)(end - p)) return NULL;
            p += n;
        } else if (c >= 0xa0) {
            if ((size_t)(end - p) < (c & 31U)) return NULL;
            p += c & 31U;
        } else {
            items += c >= 0x90 ? c & 15U : 2 * (c & 15U);
        }
    }
    return p;
}

bool value_walk_begin(struct bytes map, struct value_walk *ret) {
    const uint8_t *p = map.p;
    *ret = (struct value_walk){0};
    if (map.n >= 1 && (p[0] & 0xf0) == 0x80) {
        *ret = (struct value_walk){p + 1, p + map.n, p[0] & 15U};
    } else if (map.n >= 3 && p[0] == 0xde) {
        *ret = (struct value_walk){p + 3, p + map.n, (uint32_t)be_get(p + 1, 2)};
    } else if (map.n >= 5 && p[0] == 0xdf) {
        *ret = (struct value_walk){p + 5, p + map.n, (uint32_t)be_get(p + 1, 4)};
    } else {
        return false;
    }
    return true;
}

/* The text or bytes after an item's head; NULL pointer when it is neither. */
static struct bytes data_of(const uint8_t *p, const uint8_t *end) {
    size_t head = 0, n = 0;
    if (p < end && (p[0] & 0xe0) == 0xa0) {
        head = 1;
        n = p[0] & 31U;
    } else if (end - p >= 2 && p[0] == 0xd9) {
        head = 2;
        n = p[1];
    } else if (end - p >= 3 && p[0] == 0xda) {
        head = 3;
        n = (size_t)be_get(p + 1, 2);
    } else if (end - p >= 5 && p[0] == 0xdb) {
        head = 5;
        n = (size_t)be_get(p + 1, 4);
    }
    return head == 0 || n > (size_t)(end - p) - head ? (struct bytes){NULL, 0} : (struct bytes){p + head, n};
}

bool value_walk_next(struct value_walk *walk, struct bytes *ret_name, struct bytes *ret_raw) {
    if (walk->left == 0) return false;
    struct bytes name = data_of(walk->p, walk->end);
    const uint8_t *at = name.p == NULL ? NULL : name.p + name.n;
    const uint8_t *after = at == NULL ? NULL : skip(at, walk->end);
    if (after == NULL) {
        walk->left = 0;
        return false;
    }
    *ret_name = name;
    *ret_raw = (struct bytes){at, (size_t)(after - at)};
    walk->p = after;
    walk->left--;
    return true;
}

struct bytes value_body_of(struct bytes payload) {
    if (payload.n < 2 || payload.p[0] != 0x92) return (struct bytes){NULL, 0};
    return (struct bytes){payload.p + 1, payload.n - 1};
}

static struct query_value integer(uint64_t v) {
    return (struct query_value){.type = QUERY_INT, .int_ = (int64_t)v};
}

static struct query_value real_of(const uint8_t *p) {
    struct query_value v = {.type = QUERY_REAL};
    uint64_t bits = be64_get(p);
    memcpy(&v.real, &bits, sizeof(bits));
    return v;
}

struct query_value value_of(struct bytes raw) {
    const struct query_value other = {.type = QUERY_OTHER, .text = raw};
    if (raw.n == 0) return (struct query_value){.type = QUERY_NULL};
    uint8_t c = raw.p[0];
    struct bytes text = data_of(raw.p, raw.p + raw.n);
    if (text.p != NULL) return (struct query_value){.type = QUERY_TEXT, .text = text};
    if (c < 0x80) return integer(c);
    if (c >= 0xe0) return integer((uint64_t)(int64_t)(int8_t)c);
    if (c < 0xc0 || raw.n < (size_t)1 + forms[c & 31].fixed) return other;
    switch (c) {
    case 0xc0:
        return (struct query_value){.type = QUERY_NULL};
    case 0xc2:
    case 0xc3:
        return (struct query_value){.type = QUERY_BOOL, .boolean = c == 0xc3};
    case 0xcb:
        return real_of(raw.p + 1);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return integer(be_get(raw.p + 1, 1U << (c - 0xcc)));
    case 0xd0:
        return integer((uint64_t)(int64_t)(int8_t)raw.p[1]);
    case 0xd1:
        return integer((uint64_t)(int64_t)(int16_t)be_get(raw.p + 1, 2));
    case 0xd2:
        return integer((uint64_t)(int64_t)(int32_t)be_get(raw.p + 1, 4));
    case 0xd3:
        return integer(be_get(raw.p + 1, 8));
    default:
        return other;
    }
}

/* Decodes the most common forms directly; NULL: another form. */
static const uint8_t *take_plain(const uint8_t *p, const uint8_t *end, struct query_value *ret) {
    uint8_t c = *p;
    if (c < 0x80 || c >= 0xe0) {
        *ret = integer((uint64_t)(int64_t)(int8_t)c);
        return p + 1;
    }
    if ((c & 0xe0) == 0xa0 && (size_t)(end - p) > (c & 31U)) {
        *ret = (struct query_value){.type = QUERY_TEXT, .text = {p + 1, c & 31U}};
        return p + 1 + (c & 31U);
    }
    if (c == 0xd9 && end - p >= 2 && (size_t)(end - p) >= 2 + (size_t)p[1]) {
        *ret = (struct query_value){.type = QUERY_TEXT, .text = {p + 2, p[1]}};
        return p + 2 + p[1];
    }
    if (c == 0xcb && end - p >= 9) {
        *ret = real_of(p + 1);
        return p + 9;
    }
    return NULL;
}

/* Any value; NULL: malformed. */
static const uint8_t *take_value(const uint8_t *p, const uint8_t *end, struct query_value *ret) {
    const uint8_t *after = p < end ? take_plain(p, end, ret) : NULL;
    if (after == NULL && (after = skip(p, end)) != NULL) {
        *ret = value_of((struct bytes){p, (size_t)(after - p)});
    }
    return after;
}

bool value_header_of(const struct group *group, size_t i, struct event_header *ret) {
    const struct group_event *e = &group->event[i];
    const uint8_t *p = e->header.p + e->facts.middle_at, *end = p + e->facts.middle_n;
    struct query_value v[9]; /* kind, schema, subject, actor, source, grade, run, cause, key */
    for (size_t k = 0; k < 9; k++) {
        static const enum query_type type[9] = {QUERY_TEXT, QUERY_INT,  QUERY_TEXT, QUERY_TEXT, QUERY_TEXT,
                                                QUERY_TEXT, QUERY_TEXT, QUERY_INT,  QUERY_TEXT};
        p = take_value(p, end, &v[k]);
        if (p == NULL || (v[k].type != type[k] && !(k == 7 && v[k].type == QUERY_NULL))) {
            return false;
        }
    }
    *ret = (struct event_header){.seq = group->index * EVENT_GROUP + i,
                                 .time = e->facts.time,
                                 .schema = (uint32_t)v[1].int_,
                                 .kind = v[0].text,
                                 .subject = v[2].text,
                                 .actor = v[3].text,
                                 .source = v[4].text,
                                 .grade = v[5].text,
                                 .run = v[6].text,
                                 .key = v[8].text,
                                 .has_cause = v[7].type == QUERY_INT,
                                 .cause = v[7].type == QUERY_INT ? (uint64_t)v[7].int_ : 0};
    return p == end;
}

bool value_walk_value(struct value_walk *walk, struct bytes *ret_name, struct query_value *ret) {
    struct bytes name, raw;
    if (walk->left == 0 || walk->p >= walk->end) return false;
    if ((walk->p[0] & 0xe0) == 0xa0 && (size_t)(walk->end - walk->p) > (walk->p[0] & 31U) + 1U) {
        const uint8_t *at = walk->p + 1 + (walk->p[0] & 31U);
        const uint8_t *after = take_plain(at, walk->end, ret);
        if (after != NULL) {
            *ret_name = (struct bytes){walk->p + 1, walk->p[0] & 31U};
            walk->p = after;
            walk->left--;
            return true;
        }
    }
    if (!value_walk_next(walk, &name, &raw)) return false;
    *ret_name = name;
    *ret = value_of(raw);
    return true;
}

/* ---- comparing ---- */

#define TWO_63 9223372036854775808.0

static int compare_int(int64_t a, int64_t b) {
    return (a > b) - (a < b);
}

static int compare_mixed(int64_t a, double b) {
    if (b >= TWO_63) return -1;
    if (b < -TWO_63) return 1;
    int64_t whole = (int64_t)b; /* towards 0 */
    int c = compare_int(a, whole);
    double rest = b - (double)whole;
    return c != 0 ? c : (rest < 0) - (rest > 0);
}

static bool is_number(const struct query_value *v) {
    return v->type == QUERY_INT || v->type == QUERY_REAL;
}

static int compare_numbers(const struct query_value *a, const struct query_value *b) {
    if (a->type == QUERY_INT) {
        return b->type == QUERY_INT ? compare_int(a->int_, b->int_) : compare_mixed(a->int_, b->real);
    }
    if (b->type == QUERY_INT) return -compare_mixed(b->int_, a->real);
    return (a->real > b->real) - (a->real < b->real);
}

bool value_compare(const struct query_value *a, const struct query_value *b, int *ret) {
    if (is_number(a) && is_number(b)) {
        if ((a->type == QUERY_REAL && isnan(a->real)) || (b->type == QUERY_REAL && isnan(b->real))) {
            return false;
        }
        *ret = compare_numbers(a, b);
        return true;
    }
    if (a->type != b->type || a->type == QUERY_NULL) return false;
    *ret = a->type == QUERY_BOOL ? (int)a->boolean - (int)b->boolean : bytes_cmp(a->text, b->text);
    return true;
}

bool value_equal(const struct query_value *a, const struct query_value *b) {
    int c;
    if (a->type == QUERY_TEXT && b->type == QUERY_TEXT) return bytes_eq(a->text, b->text);
    return value_compare(a, b, &c) && c == 0;
}

int value_order(const struct query_value *a, const struct query_value *b) {
    static const uint8_t rank[] = {
        [QUERY_NULL] = 0, [QUERY_BOOL] = 1, [QUERY_INT] = 2, [QUERY_REAL] = 2, [QUERY_TEXT] = 3, [QUERY_OTHER] = 4};
    int c = rank[a->type] - rank[b->type];
    if (c != 0 || a->type == QUERY_NULL) return c;
    return value_compare(a, b, &c) ? c : 0;
}

struct query_value value_plain(struct query_value v) {
    if (v.type == QUERY_REAL && v.real >= -TWO_63 && v.real < TWO_63 && v.real == (double)(int64_t)v.real) {
        return (struct query_value){.type = QUERY_INT, .int_ = (int64_t)v.real};
    }
    return v;
}
