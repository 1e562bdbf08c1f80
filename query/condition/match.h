/* Conditions, compiled: which seqs are possible at all, and what an event must satisfy. */
#ifndef QUERY_CONDITION_MATCH_H
#define QUERY_CONDITION_MATCH_H

#include "query/condition/field.h"

#define MATCH_TERMS_MAX  256
#define MATCH_VALUES_MAX 100000 /* of one condition */

struct match_term {
    size_t field;
    enum query_op op;
    const struct query_value *values; /* sorted by value_order for QUERY_EQ */
    size_t n_values;
};

struct match {
    struct match_term *terms; /* owned with all they point to; header fields first, body fields by number */
    size_t n_terms, n_header; /* after those of the header those on QUERY_HAPPENED */
    size_t n_happened;
    uint64_t from, to;           /* seqs [from, to), from conditions on seq too */
    uint64_t time_from, time_to; /* times that conditions on time leave, both included */
    bool never;                  /* nothing can satisfy it */
    void *memory[2];
};

/* Copies the terms. ERR_INVALID with words, ERR_LIMIT, ERR_NOMEM. */
int match_init(struct match *match, const struct query *query, struct err *err);
void match_done(struct match *match);

bool match_value(const struct match_term *term, const struct query_value *v);
/* The terms on the header's fields. */
bool match_header(const struct match *match, const struct event_header *h);
/* The other terms: on body fields, and on when it happened; the header is needed for the latter alone. */
bool match_body(const struct match *match, const struct event_header *h, struct bytes body);

#endif
