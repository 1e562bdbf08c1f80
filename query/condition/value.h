/* Values: from a body's bytes, and how they compare. */
#ifndef QUERY_CONDITION_VALUE_H
#define QUERY_CONDITION_VALUE_H

#include "ledger/event/group.h"
#include "query/query.h"

/* A walk over a body map whose form was checked when it was written: fast, and bounded by its bytes whatever they are. */
struct value_walk {
    const uint8_t *p, *end;
    uint32_t left; /* remaining pairs */
};
/* False: not a map. */
bool value_walk_begin(struct bytes map, struct value_walk *ret);
/* The next pair: its name, and its value as msgpack. False at the end, or where it is malformed. */
bool value_walk_next(struct value_walk *walk, struct bytes *ret_name, struct bytes *ret_raw);
/* The same, with the value decoded. */
bool value_walk_value(struct value_walk *walk, struct bytes *ret_name, struct query_value *ret);
/* bytes_cmp for names, most of which differ in the first byte. */
static inline int value_name_order(struct bytes a, struct bytes b) {
    return a.n > 0 && b.n > 0 && a.p[0] != b.p[0] ? (a.p[0] < b.p[0] ? -1 : 1) : bytes_cmp(a, b);
}
/* The body map within a payload, and what follows it, for a walk; empty bytes when there is none. */
struct bytes value_body_of(struct bytes payload);

/* The fields of the header of event i, in a group whose leaves are verified: its form was checked when it was written. No
 * hashes. False: it has another form all the same. */
bool value_header_of(const struct group *group, size_t i, struct event_header *ret);

/* Borrows from `raw`. Nil is QUERY_NULL. */
struct query_value value_of(struct bytes raw);

/* True when they are comparable: numbers with numbers, otherwise values of one type. *ret is <0, 0, >0. Exact, also between
 * integers and reals. */
bool value_compare(const struct query_value *a, const struct query_value *b, int *ret);
bool value_equal(const struct query_value *a, const struct query_value *b);
/* A total order over values, for sorted answers: null, false, true, numbers, texts, the rest. */
int value_order(const struct query_value *a, const struct query_value *b);
/* Turns a real with an integer value into that integer: equal values become identical. */
struct query_value value_plain(struct query_value v);

#endif
