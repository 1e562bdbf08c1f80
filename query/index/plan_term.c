/* A condition on a dictionary is judged once for each of its values. On numbers it becomes intervals of the integers that
 * represent them, since those have the order of the numbers. */
#include "query/index/plan_term.h"

#include <string.h>

#include "base/glob.h"

#define EXACT_MAX ((int64_t)1 << 53)

static bool is_number(const struct query_value *v) {
    return v->type == QUERY_INT || v->type == QUERY_REAL;
}

bool plan_term_in_range(const struct match_term *term, double least, double greatest) {
    const struct query_value low = {.type = QUERY_REAL, .real = least}, high = {.type = QUERY_REAL, .real = greatest};
    if (term->op == QUERY_PREFIX || term->op == QUERY_GLOB) return false;
    for (size_t i = 0; i < term->n_values; i++) {
        const struct query_value *v = &term->values[i];
        int below, above; /* the value against least and greatest */
        if (!value_compare(v, &low, &below) || !value_compare(v, &high, &above)) continue;
        bool fits = term->op == QUERY_EQ                           ? below >= 0 && above <= 0
                    : term->op == QUERY_LT || term->op == QUERY_LE ? below >= 0
                                                                   : above <= 0;
        if (fits) return true;
    }
    return false;
}

static void and_present(const struct column *c, uint64_t *bits) {
    for (uint32_t w = 0; w < (c->events + 63) / 64; w++) {
        bits[w] &= c->present[w];
    }
}

/* Which of a dictionary's values satisfy it, and how many. */
static uint32_t accepted(const struct match_term *term, const struct column *c, uint8_t *accept) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < c->n_values; i++) {
        accept[i] = match_value(term, &c->value[i]);
        n += accept[i];
    }
    return n;
}

enum plan_term_needs plan_term_presence(const struct match_term *term, const struct column *c, uint64_t *bits) {
    uint8_t accept[COLUMNS_DICT_MAX];
    and_present(c, bits);
    if (c->form != COLUMNS_DICT) return PLAN_TERM_VALUES;
    uint32_t n = accepted(term, c, accept);
    if (n == 0) {
        memset(bits, 0, c->events / 8);
    }
    return n == 0 || n == c->n_values ? PLAN_TERM_SETTLED : PLAN_TERM_VALUES;
}

/* ---- numbers ---- */

/* The value of an integer of the column, for comparing. */
static struct query_value value_at(const struct column *c, int64_t k) {
    struct query_value v = {.type = QUERY_REAL};
    if (c->how == COLUMNS_INT) return (struct query_value){.type = QUERY_INT, .int_ = k};
    v.real = column_real(c, k);
    return v;
}

/* The integers that stand for numbers at all. */
static void domain(const struct column *c, int64_t *ret_least, int64_t *ret_greatest) {
    *ret_least = c->how == COLUMNS_DECIMAL ? -EXACT_MAX : INT64_MIN;
    *ret_greatest = c->how == COLUMNS_DECIMAL ? EXACT_MAX : INT64_MAX;
    if (c->how == COLUMNS_BITS) {
        *ret_greatest = (int64_t)(UINT64_C(0x7ff) << 52); /* infinity */
        *ret_least = -*ret_greatest - 1;
    }
}

/* The first integer whose value is above the number, or (`or_at`) at it. False: there is none. */
static bool first_above(const struct column *c, const struct query_value *number, bool or_at, int64_t *ret) {
    int64_t lo, hi;
    int cmp = 0;
    domain(c, &lo, &hi);
    struct query_value v = value_at(c, hi);
    if (!value_compare(&v, number, &cmp) || cmp < 0 || (cmp == 0 && !or_at)) return false;
    while (lo < hi) {
        int64_t mid = (int64_t)((uint64_t)lo + ((uint64_t)hi - (uint64_t)lo) / 2);
        v = value_at(c, mid);
        if (value_compare(&v, number, &cmp) && (cmp > 0 || (cmp == 0 && or_at))) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    *ret = lo;
    return true;
}

struct interval {
    int64_t least, greatest; /* both included */
};

/* False: nothing. */
static bool interval_of(const struct column *c, enum query_op op, const struct query_value *number, struct interval *ret) {
    int64_t at;
    if (!is_number(number)) return false;
    domain(c, &ret->least, &ret->greatest);
    if (op == QUERY_GT || op == QUERY_GE || op == QUERY_EQ) {
        if (!first_above(c, number, op != QUERY_GT, &ret->least)) return false;
    }
    if (op == QUERY_LT || op == QUERY_LE || op == QUERY_EQ) {
        if (first_above(c, number, op == QUERY_LT, &at)) {
            if (at == INT64_MIN) return false;
            ret->greatest = at - 1;
        }
    }
    return ret->least <= ret->greatest;
}

/* Keeps the bits of events whose number is in the interval. */
static void keep_interval(const struct column *c, const struct interval *in, uint64_t *bits) {
    uint64_t span = (uint64_t)in->greatest - (uint64_t)in->least;
    for (uint32_t w = 0; w < (c->events + 63) / 64; w++) {
        uint64_t keep = 0;
        if (bits[w] == 0) continue;
        uint32_t rank = c->rank[w];
        for (uint64_t word = c->present[w]; word != 0; word &= word - 1, rank++) {
            uint64_t off = (uint64_t)c->k[rank] - (uint64_t)in->least;
            keep |= off <= span ? word & -word : 0;
        }
        bits[w] &= keep;
    }
}

/* Judges each value by itself. */
static void keep_matching(const struct match_term *term, const struct column *c, uint64_t *bits) {
    for (uint32_t w = 0; w < (c->events + 63) / 64; w++) {
        for (uint64_t word = bits[w]; word != 0; word &= word - 1) {
            uint32_t at = 64 * w + (uint32_t)__builtin_ctzll(word);
            const struct query_value v = column_value(c, at);
            bits[w] &= match_value(term, &v) ? UINT64_MAX : ~(word & -word);
        }
    }
}

static void keep_numbers(const struct match_term *term, const struct column *c, uint64_t *bits) {
    struct interval in;
    if (term->n_values > 1) {
        keep_matching(term, c, bits);
    } else if (term->op == QUERY_PREFIX || term->op == QUERY_GLOB || !interval_of(c, term->op, &term->values[0], &in)) {
        memset(bits, 0, c->events / 8);
    } else {
        keep_interval(c, &in, bits);
    }
}

/* ---- codes ---- */

static void keep_codes(const struct column *c, const uint8_t *accept, uint64_t *bits) {
    for (uint32_t w = 0; w < (c->events + 63) / 64; w++) {
        uint64_t keep = 0;
        if (bits[w] == 0) continue;
        const uint16_t *code = c->code + c->rank[w];
        if (c->present[w] == UINT64_MAX) {
            for (unsigned i = 0; i < 64; i++) {
                keep |= (uint64_t)accept[code[i]] << i;
            }
        } else {
            for (uint64_t word = c->present[w]; word != 0; word &= word - 1) {
                keep |= accept[*code++] ? word & -word : 0;
            }
        }
        bits[w] &= keep;
    }
}

void plan_term_values(const struct match_term *term, const struct column *c, uint64_t *bits) {
    uint8_t accept[COLUMNS_DICT_MAX];
    if (c->form == COLUMNS_DICT) {
        accepted(term, c, accept);
        keep_codes(c, accept, bits);
    } else {
        keep_numbers(term, c, bits);
    }
}

/* ---- heads of subjects ---- */

enum head_says { HEAD_NO, HEAD_MAYBE, HEAD_YES };

/* For a text that begins with `head`: does it begin with `prefix`? */
static enum head_says begins(struct bytes head, struct bytes prefix) {
    size_t n = head.n < prefix.n ? head.n : prefix.n;
    if (n > 0 && memcmp(head.p, prefix.p, n) != 0) return HEAD_NO;
    return head.n >= prefix.n ? HEAD_YES : HEAD_MAYBE;
}

bool plan_term_heads(const struct match_term *term, const struct column *heads, uint64_t *bits) {
    uint8_t accept[COLUMNS_DICT_MAX];
    enum glob_rest rest = GLOB_ANYTHING;
    struct bytes prefix = term->values[0].text;
    struct buf begin;
    bool settled = true;
    buf_init(&begin, prefix.n + 1);
    if (term->op == QUERY_GLOB) {
        glob_prefix(prefix, &begin, &rest);
        prefix = bytes_of_buf(&begin);
    }
    for (uint32_t i = 0; i < heads->n_values; i++) {
        enum head_says says = begin.fail != 0 ? HEAD_MAYBE : begins(heads->value[i].text, prefix);
        settled = settled && (says == HEAD_NO || (says == HEAD_YES && rest == GLOB_ANYTHING));
        accept[i] = says != HEAD_NO;
    }
    keep_codes(heads, accept, bits);
    buf_done(&begin);
    return settled;
}
