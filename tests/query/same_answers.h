/* The same query with and without an index must give the same answer; and the state of the index, in a test's terms. */
#ifndef TESTS_QUERY_SAME_ANSWERS_H
#define TESTS_QUERY_SAME_ANSWERS_H

#include "query/index/index.h"
#include "tests/query/random_log.h"

static inline void same_value(const struct query_value *a, const struct query_value *b) {
    assert_int_equal(a->type, b->type);
    switch (a->type) {
    case QUERY_NULL:
        break;
    case QUERY_BOOL:
        assert_int_equal(a->boolean, b->boolean);
        break;
    case QUERY_INT:
        assert_true(a->int_ == b->int_);
        break;
    case QUERY_REAL:
        assert_memory_equal(&a->real, &b->real, sizeof(a->real));
        break;
    default:
        assert_true(bytes_eq(a->text, b->text));
    }
}

/* Rows in the same order with the same values, as of one size. */
static inline void same_rows_at(struct ledger *ledger, const struct query *q, uint64_t size) {
    struct query plain = *q;
    struct query_cursor *with, *without;
    struct err err = {0};
    int rc;
    plain.no_index = true;
    must(query_open_at(ledger, q, size, &with, &why));
    must(query_open_at(ledger, &plain, size, &without, &why));
    while ((rc = query_next(without, &err)) == 0) {
        must(query_next(with, &why));
        assert_int_equal(query_seq(with), query_seq(without));
        for (int tries = 0; tries < 3; tries++) {
            struct query_value a, b;
            size_t field = (size_t)random_below(query_field_count());
            must(query_get(with, field, &a, &why));
            must(query_get(without, field, &b, &why));
            same_value(&a, &b);
        }
    }
    assert_int_equal(rc, 1);
    assert_int_equal(query_next(with, &why), 1);
    query_close(with);
    query_close(without);
}

static inline void same_rows(const struct query *q) {
    same_rows_at(s.ledger, q, scratch_size(&s));
}

static inline void ask_random(int questions) {
    static struct log_question question;
    uint64_t size = scratch_size(&s);
    for (int i = 0; i < questions; i++) {
        random_question(&question, size);
        question.q.whole = random_below(8) == 0;
        same_rows(&question.q);
    }
}

/* ---- the index ---- */

static inline void build(uint32_t events) {
    must(index_build(s.ledger, events, UINT64_MAX, NULL, NULL, &why));
}

static inline uint64_t covered(void) {
    uint64_t n;
    must(query_index_covered(s.ledger, &n, &why));
    return n;
}

static inline void count_differs(void *ctx, uint64_t first, const char *reason) {
    (void)first;
    (void)reason;
    (*(unsigned *)ctx)++;
}

/* How many of its segments differ from the events. */
static inline unsigned check(void) {
    unsigned n = 0;
    uint64_t checked;
    must(query_index_check(s.ledger, NULL, count_differs, &n, &checked, &why));
    return n;
}

#endif
