/* Terms are copied, checked and sorted once, so that an event is judged without lookups: header terms first, then body
 * terms by field number, which is the order of a body's names. */
#include "query/condition/match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "query/condition/value.h"

#define TWO_63 9223372036854775808.0

void query_init(struct query *query) {
    *query = (struct query){.to = LOG_NO_SEQ};
}

/* ---- checking ---- */

static int check_term(const struct query_term *term, struct err *err) {
    if (term->field >= query_field_count()) {
        return err_set(err, ERR_INVALID, "a condition names field %zu; there are %zu", term->field, query_field_count());
    }
    const char *name = query_field_name(term->field);
    if ((unsigned)term->op > QUERY_GE) {
        return err_set(err, ERR_INVALID, "the condition on '%s' has the unknown operator %u", name, (unsigned)term->op);
    }
    if (term->n_values > MATCH_VALUES_MAX) {
        return err_set(err, ERR_LIMIT, "the condition on '%s' has %zu values; at most %d", name, term->n_values,
                       MATCH_VALUES_MAX);
    }
    if (term->op != QUERY_EQ && term->n_values != 1) {
        return err_set(err, ERR_INVALID, "the condition on '%s' has %zu values; this comparison takes one", name,
                       term->n_values);
    }
    for (size_t i = 0; i < term->n_values; i++) {
        if (term->values[i].type == QUERY_REAL && isnan(term->values[i].real)) {
            return err_set(err, ERR_INVALID, "the condition on '%s' compares with something that is not a number", name);
        }
    }
    if ((term->op == QUERY_PREFIX || term->op == QUERY_GLOB) && term->values[0].type != QUERY_TEXT) {
        return err_set(err, ERR_INVALID, "the condition on '%s' compares with a pattern, which must be text", name);
    }
    return 0;
}

/* ---- copying ---- */

static bool has_bytes(const struct query_value *v) {
    return v->type == QUERY_TEXT || v->type == QUERY_OTHER;
}

static int by_value(const void *a, const void *b) {
    return value_order(a, b);
}

static int by_field(const void *a, const void *b) {
    size_t x = ((const struct match_term *)a)->field, y = ((const struct match_term *)b)->field;
    return (x > y) - (x < y);
}

static int copy_terms(struct match *match, const struct query *query, struct err *err) {
    size_t values = 0, bytes = 0;
    for (size_t i = 0; i < query->n_terms; i++) {
        values += query->terms[i].n_values;
        for (size_t k = 0; k < query->terms[i].n_values; k++) {
            const struct query_value *v = &query->terms[i].values[k];
            bytes += has_bytes(v) ? v->text.n : 0;
        }
    }
    size_t terms_n = query->n_terms * sizeof(struct match_term), values_n = values * sizeof(struct query_value);
    match->memory[0] = malloc(terms_n + values_n + 1);
    match->memory[1] = malloc(bytes + 1);
    if (match->memory[0] == NULL || match->memory[1] == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory for the conditions");
    }
    match->terms = match->memory[0];
    struct query_value *value = (struct query_value *)(void *)(match->terms + query->n_terms);
    uint8_t *text = match->memory[1];
    for (size_t i = 0; i < query->n_terms; i++) {
        const struct query_term *from = &query->terms[i];
        match->terms[i] = (struct match_term){from->field, from->op, value, from->n_values};
        for (size_t k = 0; k < from->n_values; k++, value++) {
            *value = from->values[k];
            if (has_bytes(value)) {
                if (value->text.n > 0) {
                    memcpy(text, value->text.p, value->text.n);
                }
                value->text.p = text;
                text += value->text.n;
            }
        }
        if (from->op == QUERY_EQ && from->n_values > 1) {
            qsort(value - from->n_values, from->n_values, sizeof(*value), by_value);
        }
    }
    match->n_terms = query->n_terms;
    qsort(match->terms, match->n_terms, sizeof(*match->terms), by_field);
    return 0;
}

/* ---- ranges ---- */

/* The smallest integer that is not below v, or the largest that is not above it; false when there is none. */
static bool whole_above(const struct query_value *v, int64_t *ret) {
    if (v->type == QUERY_INT) {
        *ret = v->int_;
        return true;
    }
    double up = ceil(v->real);
    *ret = up < -TWO_63 ? INT64_MIN : (int64_t)(up < TWO_63 ? up : 0);
    return up < TWO_63;
}

static bool whole_below(const struct query_value *v, int64_t *ret) {
    if (v->type == QUERY_INT) {
        *ret = v->int_;
        return true;
    }
    double down = floor(v->real);
    *ret = down >= TWO_63 ? INT64_MAX : (int64_t)(down >= -TWO_63 ? down : 0);
    return down >= -TWO_63;
}

/* Narrows [*lo, *hi], both included, to what the term allows. False: nothing. */
static bool narrow(const struct match_term *term, uint64_t *lo, uint64_t *hi) {
    const struct query_value *least = &term->values[0], *most = &term->values[0];
    int64_t from = 0, to = INT64_MAX, v;
    if (term->op == QUERY_PREFIX || term->op == QUERY_GLOB) return false;
    if (term->op == QUERY_EQ) { /* sorted: the numbers are adjacent */
        size_t first = 0, n = term->n_values;
        while (first < n && term->values[first].type != QUERY_INT && term->values[first].type != QUERY_REAL) {
            first++;
        }
        while (n > first && term->values[n - 1].type != QUERY_INT && term->values[n - 1].type != QUERY_REAL) {
            n--;
        }
        if (first == n) return false;
        least = &term->values[first];
        most = &term->values[n - 1];
    } else if (least->type != QUERY_INT && least->type != QUERY_REAL) {
        return false;
    }
    if (term->op == QUERY_EQ || term->op == QUERY_GE || term->op == QUERY_GT) {
        if (!whole_above(least, &v)) return false;
        bool past = term->op == QUERY_GT && (least->type == QUERY_INT || (double)v == least->real);
        if (past && v == INT64_MAX) return false;
        from = v + (past ? 1 : 0);
    }
    if (term->op == QUERY_EQ || term->op == QUERY_LE || term->op == QUERY_LT) {
        if (!whole_below(most, &v)) return false;
        bool before = term->op == QUERY_LT && (most->type == QUERY_INT || (double)v == most->real);
        if (before && v == INT64_MIN) return false;
        to = v - (before ? 1 : 0);
    }
    if (to < 0) return false;
    *lo = from > 0 && (uint64_t)from > *lo ? (uint64_t)from : *lo;
    *hi = (uint64_t)to < *hi ? (uint64_t)to : *hi;
    return *lo <= *hi;
}

int match_init(struct match *match, const struct query *query, struct err *err) {
    *match = (struct match){.from = query->from, .to = query->to, .time_to = INT64_MAX};
    if (query->n_terms > MATCH_TERMS_MAX) {
        return err_set(err, ERR_LIMIT, "%zu conditions; at most %d", query->n_terms, MATCH_TERMS_MAX);
    }
    for (size_t i = 0; i < query->n_terms; i++) {
        int rc = check_term(&query->terms[i], err);
        if (rc != 0) return rc;
    }
    int rc = copy_terms(match, query, err);
    if (rc != 0) {
        match_done(match);
        return rc;
    }
    uint64_t first = match->from, last = match->to == 0 ? 0 : match->to - 1;
    match->never = match->to <= match->from;
    for (size_t i = 0; i < match->n_terms; i++) {
        const struct match_term *t = &match->terms[i];
        match->n_header += t->field < QUERY_HEADER_FIELDS ? 1 : 0;
        match->n_happened += t->field == QUERY_HAPPENED ? 1 : 0;
        if (t->n_values == 0 || (t->field == QUERY_SEQ && !narrow(t, &first, &last)) ||
            (t->field == QUERY_TIME && !narrow(t, &match->time_from, &match->time_to))) {
            match->never = true;
        }
    }
    match->from = first;
    match->to = last == LOG_NO_SEQ ? last : last + 1;
    return 0;
}

void match_done(struct match *match) {
    free(match->memory[0]);
    free(match->memory[1]);
    *match = (struct match){0};
}

/* ---- judging ---- */

static bool match_equal(const struct match_term *term, const struct query_value *v) {
    if (term->n_values <= 4) {
        for (size_t i = 0; i < term->n_values; i++) {
            if (value_equal(&term->values[i], v)) return true;
        }
        return false;
    }
    size_t lo = 0, hi = term->n_values;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = value_order(v, &term->values[mid]);
        if (c == 0) return value_equal(v, &term->values[mid]);
        if (c < 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return false;
}

bool match_value(const struct match_term *term, const struct query_value *v) {
    const struct query_value *with = term->values;
    int c;
    switch (term->op) {
    case QUERY_EQ:
        return match_equal(term, v);
    case QUERY_PREFIX:
        return v->type == QUERY_TEXT && bytes_starts(v->text, with->text);
    case QUERY_GLOB:
        return v->type == QUERY_TEXT && glob_match(with->text, v->text);
    default:
        if (v->type == QUERY_OTHER || v->type == QUERY_BOOL || !value_compare(v, with, &c)) {
            return false;
        }
        return term->op == QUERY_LT ? c < 0 : term->op == QUERY_LE ? c <= 0 : term->op == QUERY_GT ? c > 0 : c >= 0;
    }
}

bool match_header(const struct match *match, const struct event_header *h) {
    for (size_t i = 0; i < match->n_header; i++) {
        const struct query_value v = field_of_header(h, match->terms[i].field);
        if (!match_value(&match->terms[i], &v)) return false;
    }
    return true;
}

static bool match_happened(const struct match *match, const struct event_header *h, struct bytes body) {
    const struct query_value v = field_happened_of(h->time, body);
    for (size_t i = 0; i < match->n_happened; i++) {
        if (!match_value(&match->terms[match->n_header + i], &v)) return false;
    }
    return true;
}

bool match_body(const struct match *match, const struct event_header *h, struct bytes body) {
    struct value_walk walk;
    struct bytes name, raw;
    size_t at = match->n_header + match->n_happened;
    if (match->n_happened > 0 && !match_happened(match, h, body)) return false;
    if (at == match->n_terms) return true;
    value_walk_begin(body, &walk);
    struct bytes wanted = field_body_name(match->terms[at].field);
    while (value_walk_next(&walk, &name, &raw)) {
        int c = value_name_order(name, wanted);
        if (c > 0) {
            return false; /* the names are sorted: it is absent */
        }
        if (c < 0) continue;
        const struct query_value v = value_of(raw);
        size_t field = match->terms[at].field;
        for (; at < match->n_terms && match->terms[at].field == field; at++) {
            if (!match_value(&match->terms[at], &v)) return false;
        }
        if (at == match->n_terms) return true;
        wanted = field_body_name(match->terms[at].field);
    }
    return false;
}
