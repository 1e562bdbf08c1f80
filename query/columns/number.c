/* Form NUMBERS: integers that have the order of the values, cut down to what distinguishes them. */
#include <math.h>
#include <string.h>

#include "query/columns/data.h"
#include "query/columns/number.h"

#define EXACT_MAX ((int64_t)1 << 53)

static const double powers[COLUMNS_EXPONENT_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6};
static const int64_t whole_powers[COLUMNS_EXPONENT_MAX + 1] = {1, 10, 100, 1000, 10000, 100000, 1000000};

static double real_of(uint64_t bits) {
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* The double's bits, mapped to the order of the doubles; its own inverse. */
static int64_t ordered(uint64_t bits) {
    int64_t v;
    memcpy(&v, &bits, sizeof(v));
    return v < 0 ? v ^ INT64_MAX : v;
}

/* v * 10^e, when v is exactly that many of 10^-e. */
static bool decimal(double v, unsigned e, int64_t *ret) {
    double scaled = v * powers[e];
    if (!(fabs(scaled) < (double)EXACT_MAX)) return false;
    int64_t k = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    if (k >= EXACT_MAX || k <= -EXACT_MAX || (double)k / powers[e] != v || (k == 0 && signbit(v))) {
        return false;
    }
    *ret = k;
    return true;
}

static bool find_exponent(const struct collect_slice *s, unsigned *ret) {
    unsigned e = 0;
    int64_t k;
    for (uint32_t i = 0; i < s->n; i++) {
        while (s->real[i] && !decimal(real_of(s->bits[i]), e, &k)) {
            if (++e > COLUMNS_EXPONENT_MAX) return false;
        }
    }
    *ret = e;
    return true;
}

static bool scale_all(const struct collect_slice *s, unsigned e, int64_t *k) {
    for (uint32_t i = 0; i < s->n; i++) {
        int64_t v = (int64_t)s->bits[i];
        if (s->real[i]) {
            if (!decimal(real_of(s->bits[i]), e, &k[i])) return false;
        } else if (v > EXACT_MAX / whole_powers[e] - 1 || v < 1 - EXACT_MAX / whole_powers[e]) {
            return false;
        } else {
            k[i] = v * whole_powers[e];
        }
    }
    return true;
}

/* How the values become integers, and the integers. */
static bool make_integers(const struct collect_slice *s, bool mixed, int64_t *k, enum columns_how *ret_how,
                          unsigned *ret_e) {
    *ret_e = 0;
    if (!mixed && !s->real[0]) {
        *ret_how = COLUMNS_INT;
        for (uint32_t i = 0; i < s->n; i++) {
            k[i] = (int64_t)s->bits[i];
        }
        return true;
    }
    if (find_exponent(s, ret_e) && scale_all(s, *ret_e, k)) {
        *ret_how = COLUMNS_DECIMAL;
        return true;
    }
    *ret_how = COLUMNS_BITS;
    *ret_e = 0;
    for (uint32_t i = 0; i < s->n; i++) {
        k[i] = ordered(s->bits[i]);
    }
    return !mixed;
}

static uint64_t gcd(uint64_t a, uint64_t b) {
    while (b != 0) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static unsigned width_of(uint64_t v) {
    unsigned width = 0;
    for (; v != 0; v >>= 8) {
        width++;
    }
    return width;
}

struct cut { /* values become (k - base) / step, in `width` bytes */
    int64_t base;
    uint64_t step;
    unsigned width;
    bool differences;
};

static struct cut cut_of(const int64_t *k, uint32_t n, int64_t least) {
    struct cut plain = {.base = least}, delta = {.base = k[0], .differences = true};
    uint64_t plain_max = 0, delta_max = 0;
    bool falls = false;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t x = (uint64_t)k[i] - (uint64_t)least;
        plain.step = plain.step == 1 ? 1 : gcd(x, plain.step);
        plain_max = x > plain_max ? x : plain_max;
        if (i > 0 && !falls) {
            falls = k[i] < k[i - 1];
            uint64_t d = (uint64_t)k[i] - (uint64_t)k[i - 1];
            delta.step = delta.step == 1 ? 1 : gcd(d, delta.step);
            delta_max = d > delta_max ? d : delta_max;
        }
    }
    plain.step = plain.step == 0 ? 1 : plain.step;
    delta.step = delta.step == 0 ? 1 : delta.step;
    plain.width = width_of(plain_max / plain.step);
    delta.width = width_of(delta_max / delta.step);
    return !falls && delta.width < plain.width ? delta : plain;
}

/* How many bytes of the planes differ from the one before: roughly what a compressor leaves of them, whatever its
 * version. */
static uint64_t weight(const int64_t *k, uint32_t n, const struct cut *cut) {
    uint64_t sum = 0, last = 0;
    for (uint32_t i = 0; i < n && cut->width > 0; i++) {
        int64_t from = !cut->differences ? cut->base : i > 0 ? k[i - 1] : cut->base;
        uint64_t x = (uint64_t)k[i] - (uint64_t)from;
        x = cut->step == 1 ? x : x / cut->step;
        for (uint64_t other = x ^ last; other != 0; other >>= 8) {
            sum += (other & 0xff) != 0;
        }
        last = x;
    }
    return sum;
}

static int64_t least_of(const int64_t *k, uint32_t n) {
    int64_t least = k[0];
    for (uint32_t i = 1; i < n; i++) {
        least = k[i] < least ? k[i] : least;
    }
    return least;
}

static void add_times(const struct collect_slice *s, int64_t *k, uint64_t sign) {
    for (uint32_t i = 0; i < s->n; i++) {
        k[i] = (int64_t)((uint64_t)k[i] + sign * s->time[s->at[i]]);
    }
}

/* Distances from the events' times, where these take less space. */
static bool by_time(const struct collect_slice *s, int64_t *k) {
    struct cut cut = cut_of(k, s->n, least_of(k, s->n));
    uint64_t absolute = weight(k, s->n, &cut);
    add_times(s, k, UINT64_MAX);
    cut = cut_of(k, s->n, least_of(k, s->n));
    bool better = weight(k, s->n, &cut) < absolute;
    if (!better) {
        add_times(s, k, 1);
    }
    return better;
}

static bool put_planes(const int64_t *k, uint32_t n, const struct cut *cut, struct buf *b) {
    uint8_t *p = buf_room(b, (size_t)n * cut->width);
    if (p == NULL) return n == 0 || cut->width == 0;
    for (uint32_t i = 0; i < n; i++) {
        int64_t from = !cut->differences ? cut->base : i > 0 ? k[i - 1] : cut->base;
        uint64_t x = ((uint64_t)k[i] - (uint64_t)from);
        x = cut->step == 1 ? x : x / cut->step;
        for (unsigned w = cut->width; w > 0; w--, x >>= 8) {
            p[(size_t)(w - 1) * n + i] = (uint8_t)x;
        }
    }
    b->n += (size_t)n * cut->width;
    return true;
}

static void put_types(const struct collect_slice *s, struct buf *a) {
    for (uint32_t i = 0; i < s->n; i += 8) {
        unsigned byte = 0;
        for (uint32_t j = i; j < s->n && j < i + 8; j++) {
            byte |= (unsigned)s->real[j] << (j - i);
        }
        buf_put_u8(a, (uint8_t)byte);
    }
}

/* The value that an integer stands for, as a double. */
static double meant(enum columns_how how, unsigned e, int64_t k) {
    if (how == COLUMNS_BITS) {
        int64_t bits = k < 0 ? k ^ INT64_MAX : k;
        double v;
        memcpy(&v, &bits, sizeof(v));
        return v;
    }
    return (double)k / powers[e];
}

bool columns_put_numbers(const struct collect_slice *s, bool relative, int64_t *k, struct buf *a, struct buf *b,
                         double *ret_least, double *ret_greatest) {
    enum columns_how how;
    unsigned e;
    bool mixed = false;
    for (uint32_t i = 1; i < s->n; i++) {
        mixed = mixed || s->real[i] != s->real[0];
    }
    if (!make_integers(s, mixed, k, &how, &e)) return false;
    int64_t least = k[0], greatest = k[0];
    for (uint32_t i = 0; i < s->n; i++) {
        least = k[i] < least ? k[i] : least;
        greatest = k[i] > greatest ? k[i] : greatest;
    }
    *ret_least = nextafter(meant(how, e, least), -INFINITY);
    *ret_greatest = nextafter(meant(how, e, greatest), INFINITY);
    relative = relative && how == COLUMNS_INT;
    if (relative) {
        least = INT64_MAX;
        for (uint32_t i = 0; i < s->n; i++) {
            k[i] = (int64_t)(s->first + s->at[i] - (uint64_t)k[i]);
            least = k[i] < least ? k[i] : least;
        }
    }
    bool timed = s->time != NULL && how == COLUMNS_INT && by_time(s, k);
    const struct cut cut = cut_of(k, s->n, timed ? least_of(k, s->n) : least);
    buf_put_u8(a, (uint8_t)how);
    buf_put_u8(a, (uint8_t)e);
    buf_put_u8(a, (uint8_t)cut.width);
    buf_put_u8(a, (uint8_t)((cut.differences ? COLUMNS_DIFFERENCES : 0) | (relative ? COLUMNS_RELATIVE : 0) |
                            (timed ? COLUMNS_BY_TIME : 0) | (mixed || s->real[0] ? COLUMNS_TYPES : 0)));
    buf_put_be64(a, (uint64_t)cut.base);
    buf_put_be64(a, cut.step);
    if (mixed || s->real[0]) {
        put_types(s, a);
    }
    return put_planes(k, s->n, &cut, b) && a->fail == 0 && b->fail == 0;
}

/* ---- reading ---- */

bool column_add_times(struct column *c, const struct column *times) {
    if (!c->by_time || c->count != c->events || times->count != c->events || times->events != c->events) {
        return false;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        const struct query_value v = column_value(times, i);
        if (v.type != QUERY_INT) return false;
        c->k[i] = (int64_t)((uint64_t)c->k[i] + (uint64_t)v.int_);
    }
    return true;
}

struct query_value column_number(const struct column *c, uint32_t rank, int64_t k) {
    bool real = c->types != NULL && (c->types[rank / 8] >> rank % 8 & 1) != 0;
    if (real) {
        return (struct query_value){.type = QUERY_REAL, .real = meant((enum columns_how)c->how, c->exponent, k)};
    }
    return (struct query_value){.type = QUERY_INT, .int_ = c->how == COLUMNS_DECIMAL ? k / whole_powers[c->exponent] : k};
}

double column_real(const struct column *c, int64_t k) {
    return meant((enum columns_how)c->how, c->exponent, k);
}

static uint64_t plane_value(const uint8_t *p, uint32_t n, unsigned width, uint32_t i) {
    uint64_t x = 0;
    for (unsigned w = 0; w < width; w++) {
        x = x << 8 | p[(size_t)w * n + i];
    }
    return x;
}

void column_number_planes(const uint8_t *planes, struct column *c) {
    uint64_t base = (uint64_t)c->base;
    if (c->differences) {
        for (uint32_t i = 0; i < c->count; i++) {
            base += plane_value(planes, c->count, c->width, i) * c->step;
            c->k[i] = (int64_t)base;
        }
        return;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        c->k[i] = (int64_t)(base + plane_value(planes, c->count, c->width, i) * c->step);
    }
}
