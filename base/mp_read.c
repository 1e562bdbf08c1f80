/* The strict reader of canonical MessagePack.
 *
 * It allocates nothing and trusts nothing: a length is compared with what remains of the input before it is used, and a
 * container with more elements than bytes remain is refused at its head, so that no small input causes much work. An
 * item has exactly one valid encoding: decoding and encoding again gives the same bytes. Nesting is tracked on a fixed
 * stack of MP_DEPTH_MAX frames, never by recursion. */
#include "base/mp.h"

#include <string.h>

#include "base/text.h"

static const char truncated[] = "the input ends inside an item";
static const char long_int[] = "an integer is not in its shortest form";
static const char long_length[] = "a length is not in its shortest form";

/* Reports what is wrong at p and returns ERR_CORRUPT. Out of line, to keep the error-free path fast. */
static __attribute__((noinline, cold)) int corrupt(const struct mp_reader *r, const uint8_t *p, const char *what,
                                                   struct err *err) {
    return err_set(err, ERR_CORRUPT, "byte %zu: %s", (size_t)(p - r->start), what);
}

static size_t left(const struct mp_reader *r, const uint8_t *p) {
    return (size_t)(r->end - p);
}

static uint64_t be_get(const uint8_t *p, size_t n) {
    switch (n) {
    case 1:
        return p[0];
    case 2:
        return be16_get(p);
    case 4:
        return be32_get(p);
    default:
        return be64_get(p);
    }
}

/* 0xcc..0xcf: unsigned in 1, 2, 4, 8 bytes. p is after the head byte. */
static int read_uint(struct mp_reader *r, const uint8_t *p, struct mp_item *ret, struct err *err) {
    static const uint64_t least[] = {0x80, 0x100, 0x10000, UINT64_C(0x100000000)};
    unsigned size_log2 = *r->p - 0xccU;
    size_t n = (size_t)1 << size_log2;
    if (left(r, p) < n) return corrupt(r, r->p, truncated, err);
    uint64_t v = be_get(p, n);
    if (v < least[size_log2]) return corrupt(r, r->p, long_int, err);
    if (v > MP_INT_MAX) {
        return corrupt(r, r->p, "an integer is larger than 9223372036854775807", err);
    }
    ret->type = MP_UINT;
    ret->uint = v;
    r->p = p + n;
    return 0;
}

/* 0xd0..0xd3: signed in 1, 2, 4, 8 bytes; canonical for negative values only. */
static int read_int(struct mp_reader *r, const uint8_t *p, struct mp_item *ret, struct err *err) {
    static const int64_t most[] = {-33, INT8_MIN - 1, INT16_MIN - 1, INT64_C(-2147483649)};
    unsigned size_log2 = *r->p - 0xd0U;
    size_t n = (size_t)1 << size_log2;
    if (left(r, p) < n) return corrupt(r, r->p, truncated, err);
    uint64_t raw = be_get(p, n);
    int64_t v = n == 1 ? (int8_t)raw : n == 2 ? (int16_t)raw : n == 4 ? (int32_t)raw : (int64_t)raw;
    if (v >= 0) return corrupt(r, r->p, "a non-negative integer is written as a signed one", err);
    if (v > most[size_log2]) return corrupt(r, r->p, long_int, err);
    ret->type = MP_INT;
    ret->sint = v;
    r->p = p + n;
    return 0;
}

static int read_float(struct mp_reader *r, const uint8_t *p, struct mp_item *ret, struct err *err) {
    if (left(r, p) < 8) return corrupt(r, r->p, truncated, err);
    const uint64_t exponent = UINT64_C(0x7ff) << 52, negative_zero = UINT64_C(1) << 63;
    uint64_t raw = be64_get(p);
    double v;
    memcpy(&v, &raw, sizeof(v));
    if ((raw & exponent) == exponent || raw == negative_zero) { /* mp_float_ok, without a call */
        return corrupt(r, r->p, "a float is not a number, infinite or negative zero", err);
    }
    ret->type = MP_FLOAT;
    ret->real = v;
    r->p = p + 8;
    return 0;
}

/* Text or bytes of n bytes at p. */
static int read_data(struct mp_reader *r, const uint8_t *p, uint32_t n, enum mp_type type, struct mp_item *ret,
                     struct err *err) {
    if (n > left(r, p)) return corrupt(r, r->p, truncated, err);
    if (type == MP_STR) {
        size_t good = text_utf8_valid(p, n);
        if (good != n) return corrupt(r, p + good, "text is not valid UTF-8", err);
    }
    ret->type = type;
    ret->data.p = p;
    ret->data.n = n;
    r->p = p + n;
    return 0;
}

static int read_container(struct mp_reader *r, const uint8_t *p, uint32_t count, enum mp_type type, struct mp_item *ret,
                          struct err *err) {
    uint64_t items = type == MP_MAP ? (uint64_t)count * 2 : count;
    if (items > left(r, p)) {
        return corrupt(r, r->p,
                       type == MP_MAP ? "a map has more pairs than the input has room for"
                                      : "an array has more elements than the input has room for",
                       err);
    }
    ret->type = type;
    ret->count = count;
    r->p = p;
    return 0;
}

/* Heads followed by a length of `size` bytes; `least` is the smallest length that needs so many. */
struct sized_head {
    uint8_t size;
    enum mp_type type;
    uint32_t least;
};

static int read_sized(struct mp_reader *r, const uint8_t *p, struct sized_head head, struct mp_item *ret, struct err *err) {
    if (left(r, p) < head.size) return corrupt(r, r->p, truncated, err);
    uint32_t n = (uint32_t)be_get(p, head.size);
    if (n < head.least) return corrupt(r, r->p, long_length, err);
    p += head.size;
    if (head.type == MP_STR || head.type == MP_BIN) return read_data(r, p, n, head.type, ret, err);
    return read_container(r, p, n, head.type, ret, err);
}

/* Heads 0xc0..0xdf. */
static int read_headed(struct mp_reader *r, uint8_t c, struct mp_item *ret, struct err *err) {
    static const struct sized_head sized[32] = {
        [0x04] = {1, MP_BIN, 0},       [0x05] = {2, MP_BIN, 0x100},     [0x06] = {4, MP_BIN, 0x10000},
        [0x19] = {1, MP_STR, 32},      [0x1a] = {2, MP_STR, 0x100},     [0x1b] = {4, MP_STR, 0x10000},
        [0x1c] = {2, MP_ARRAY, 16},    [0x1d] = {4, MP_ARRAY, 0x10000}, [0x1e] = {2, MP_MAP, 16},
        [0x1f] = {4, MP_MAP, 0x10000},
    };
    const uint8_t *p = r->p + 1;
    switch (c) {
    case 0xc0:
        ret->type = MP_NIL;
        r->p = p;
        return 0;
    case 0xc1:
        return corrupt(r, r->p, "0xc1 begins no item", err);
    case 0xc2:
    case 0xc3:
        ret->type = MP_BOOL;
        ret->boolean = c == 0xc3;
        r->p = p;
        return 0;
    case 0xca:
        return corrupt(r, r->p, "a float is written in 32 bits, expected 64", err);
    case 0xcb:
        return read_float(r, p, ret, err);
    case 0xcc:
    case 0xcd:
    case 0xce:
    case 0xcf:
        return read_uint(r, p, ret, err);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return read_int(r, p, ret, err);
    default:
        if (sized[c - 0xc0].size == 0) {
            return corrupt(r, r->p, "extension types are not accepted", err);
        }
        return read_sized(r, p, sized[c - 0xc0], ret, err);
    }
}

void mp_reader_init(struct mp_reader *r, struct bytes input) {
    static const uint8_t nothing;
    r->start = r->p = input.p != NULL ? input.p : &nothing;
    r->end = r->p + input.n;
}

int mp_next(struct mp_reader *r, struct mp_item *ret, struct err *err) {
    if (r->p == r->end) return 1;
    uint8_t c = *r->p;
    if (c < 0x80) {
        ret->type = MP_UINT;
        ret->uint = c;
        r->p++;
        return 0;
    }
    if (c >= 0xe0) {
        ret->type = MP_INT;
        ret->sint = (int8_t)c;
        r->p++;
        return 0;
    }
    if (c >= 0xc0) return read_headed(r, c, ret, err);
    if (c >= 0xa0) return read_data(r, r->p + 1, c & 31U, MP_STR, ret, err);
    return read_container(r, r->p + 1, c & 15U, c >= 0x90 ? MP_ARRAY : MP_MAP, ret, err);
}

/* A container whose elements are being read. */
struct frame {
    uint64_t left; /* items to come; in a map keys and values count each, so an even count means a key */
    bool map;
    bool has_key;
    struct bytes key; /* the newest key */
};

static int check_key(const struct mp_reader *r, const uint8_t *at, struct frame *f, const struct mp_item *item,
                     struct err *err) {
    if (item->type != MP_STR) return corrupt(r, at, "a map key is not text", err);
    if (f->has_key) {
        int c = bytes_cmp(f->key, item->data);
        if (c == 0) return corrupt(r, at, "a map has the same key twice", err);
        if (c > 0) return corrupt(r, at, "map keys are not in the order of their bytes", err);
    }
    f->key = item->data;
    f->has_key = true;
    return 0;
}

/* Reads the next item at nesting `depth` + *top; a container is pushed onto the stack. */
static int skip_step(struct mp_reader *r, unsigned depth, struct frame *stack, unsigned *top, struct err *err) {
    struct mp_item item;
    const uint8_t *at = r->p;
    int rc = mp_next(r, &item, err);
    if (rc != 0) {
        return rc == 1 ? corrupt(r, at, *top == 0 ? "an item is missing" : truncated, err) : rc;
    }
    if (*top > 0) {
        struct frame *f = &stack[*top - 1];
        if (f->map && f->left % 2 == 0 && (rc = check_key(r, at, f, &item, err)) != 0) return rc;
        f->left--;
    }
    if (item.type == MP_ARRAY || item.type == MP_MAP) {
        if (depth + *top >= MP_DEPTH_MAX) {
            return corrupt(r, at, "nested deeper than 32 levels", err);
        }
        struct frame *f = &stack[(*top)++];
        f->map = item.type == MP_MAP;
        f->left = f->map ? (uint64_t)item.count * 2 : item.count;
        f->has_key = false;
    }
    while (*top > 0 && stack[*top - 1].left == 0) {
        (*top)--;
    }
    return 0;
}

int mp_skip(struct mp_reader *r, unsigned depth, struct bytes *ret_raw, struct err *err) {
    struct frame stack[MP_DEPTH_MAX];
    unsigned top = 0;
    const uint8_t *from = r->p;
    if (depth > MP_DEPTH_MAX) return corrupt(r, from, "nested deeper than 32 levels", err);
    do {
        int rc = skip_step(r, depth, stack, &top, err);
        if (rc != 0) {
            r->p = from;
            return rc;
        }
    } while (top > 0);
    if (ret_raw != NULL) {
        ret_raw->p = from;
        ret_raw->n = (size_t)(r->p - from);
    }
    return 0;
}

/* ---- known to be canonical ---------------------------------------------------------------------------------------- */

/* After heads 0xc0..0xdf: bytes of the value, or of a length. */
static const uint8_t after_head[32] = {
    [0x04] = 1, [0x05] = 2, [0x06] = 4, [0x0b] = 8, [0x0c] = 1, [0x0d] = 2, [0x0e] = 4, [0x0f] = 8, [0x10] = 1, [0x11] = 2,
    [0x12] = 4, [0x13] = 8, [0x19] = 1, [0x1a] = 2, [0x1b] = 4, [0x1c] = 2, [0x1d] = 4, [0x1e] = 2, [0x1f] = 4,
};

/* The place after the item's head and data; *ret_items: how many items are in it. NULL: it does not fit. */
static inline const uint8_t *step_over(const uint8_t *p, const uint8_t *end, uint64_t *ret_items) {
    uint8_t c = *p++;
    uint64_t n = 0;
    *ret_items = 0;
    if (c < 0x80 || c >= 0xe0) return p;
    if (c < 0xa0) {
        *ret_items = c >= 0x90 ? c & 15U : 2 * (c & 15U);
        return p;
    }
    if (c < 0xc0) {
        n = c & 31U;
    } else {
        size_t more = after_head[c & 31];
        if ((size_t)(end - p) < more) return NULL;
        uint64_t length = more > 0 ? be_get(p, more) : 0;
        p += more;
        if (c >= 0xdc) {
            *ret_items = c >= 0xde ? 2 * length : length;
        } else if (c >= 0xd9 || (c >= 0xc4 && c <= 0xc6)) {
            n = length;
        }
    }
    return (size_t)(end - p) < n ? NULL : p + n;
}

int mp_skip_known(struct mp_reader *r, struct bytes *ret_raw) {
    const uint8_t *p = r->p;
    uint64_t left = 1, items;
    for (; left > 0; left += items - 1) {
        if (p == r->end || (p = step_over(p, r->end, &items)) == NULL) return ERR_CORRUPT;
    }
    *ret_raw = (struct bytes){r->p, (size_t)(p - r->p)};
    r->p = p;
    return 0;
}

int mp_next_known(struct mp_reader *r, struct mp_item *ret) {
    const uint8_t *p = r->p;
    if (p == r->end) return 1;
    uint8_t c = *p;
    size_t head = c == 0xd9 && r->end - p > 1 ? 2 : 1;
    if ((c & 0xe0) != 0xa0 && head == 1) return mp_next(r, ret, NULL);
    size_t n = head == 2 ? p[1] : c & 31U;
    if ((size_t)(r->end - p) - head < n) return ERR_CORRUPT;
    ret->type = MP_STR;
    ret->data = (struct bytes){p + head, n};
    r->p = p + head + n;
    return 0;
}

int mp_check(struct bytes input, struct err *err) {
    struct mp_reader r;
    mp_reader_init(&r, input);
    int rc = mp_skip(&r, 0, NULL, err);
    if (rc != 0) return rc;
    if (r.p != r.end) return corrupt(&r, r.p, "bytes follow the item", err);
    return 0;
}

int mp_map_get(struct bytes map, const char *key, struct bytes *ret_raw) {
    struct bytes wanted = bytes_of(key);
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, map);
    if (mp_next(&r, &item, NULL) != 0 || item.type != MP_MAP) return ERR_CORRUPT;
    for (uint32_t i = item.count; i > 0; i--) {
        struct mp_item name;
        struct bytes raw;
        if (mp_next(&r, &name, NULL) != 0 || name.type != MP_STR || mp_skip(&r, 1, &raw, NULL) != 0) {
            return ERR_CORRUPT;
        }
        int c = bytes_cmp(name.data, wanted);
        if (c == 0) {
            *ret_raw = raw;
            return 0;
        }
        if (c > 0) return ERR_NOTFOUND;
    }
    return ERR_NOTFOUND;
}

bool mp_take_uint(struct mp_reader *r, uint64_t max, uint64_t *ret) {
    struct mp_item item;
    if (!mp_take(r, MP_UINT, &item) || item.uint > max) return false;
    *ret = item.uint;
    return true;
}

bool mp_take_bin(struct mp_reader *r, void *ret, size_t n) {
    struct mp_item item;
    if (!mp_take(r, MP_BIN, &item) || item.data.n != n) return false;
    if (n > 0) {
        memcpy(ret, item.data.p, n);
    }
    return true;
}

int mp_scalar(struct bytes raw, struct mp_item *ret) {
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, raw);
    if (mp_next(&r, &item, NULL) != 0 || item.type == MP_ARRAY || item.type == MP_MAP || r.p != r.end) {
        return ERR_CORRUPT;
    }
    *ret = item;
    return 0;
}

static bool map_scalar(struct bytes map, const char *key, enum mp_type type, struct mp_item *ret) {
    struct bytes raw;
    return map.n > 0 && mp_map_get(map, key, &raw) == 0 && mp_scalar(raw, ret) == 0 && ret->type == type;
}

struct bytes mp_get_text(struct bytes map, const char *key) {
    struct mp_item item;
    return map_scalar(map, key, MP_STR, &item) ? item.data : (struct bytes){0};
}

uint64_t mp_get_uint(struct bytes map, const char *key, uint64_t otherwise) {
    struct mp_item item;
    return map_scalar(map, key, MP_UINT, &item) ? item.uint : otherwise;
}
