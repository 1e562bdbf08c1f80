/* One query of one row. */
#include "cli/capture/newest.h"

int newest_of(struct ledger *ledger, const struct query_term *terms, size_t n, struct newest *ret, struct err *err) {
    struct query_cursor *cursor = NULL;
    struct query_value time = {0};
    struct query q;
    query_init(&q);
    q.terms = terms;
    q.n_terms = n;
    q.descending = true;
    q.limit = 1;
    *ret = (struct newest){.seq = LOG_NO_SEQ};
    int rc = query_open(ledger, &q, &cursor, err);
    if (rc == 0) rc = query_next(cursor, err);
    if (rc == 0) rc = query_get(cursor, QUERY_TIME, &time, err);
    if (rc == 0) {
        ret->seq = query_seq(cursor);
        ret->time = time.type == QUERY_INT && time.int_ >= 0 ? (uint64_t)time.int_ : 0;
    }
    query_close(cursor);
    return rc == 1 ? 0 : rc;
}

int newest_find(struct ledger *ledger, size_t field, const char *text, struct newest *ret, struct err *err) {
    const struct query_value value = {.type = QUERY_TEXT, .text = bytes_of(text)};
    const struct query_term term = {.field = field, .op = QUERY_EQ, .values = &value, .n_values = 1};
    return newest_of(ledger, &term, 1, ret, err);
}
