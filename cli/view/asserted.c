/* An import seals events long after their source's times; events recorded as they happen are sealed within moments.
 * Events in flight at the end of the range are not reported. */
#include "cli/view/asserted.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/obj.h"
#include "cli/print/when.h"

#define ON_THEIR_WAY_NS (60 * CLOCK_NS_PER_S)

static int first_event_time(struct ledger *ledger, uint64_t *ret, struct err *err) {
    struct log_reader *reader = NULL;
    struct log_event event;
    int rc = log_reader_open(ledger, 0, 1, &reader, err);
    if (rc == 0) rc = log_reader_next(reader, &event, err);
    *ret = rc == 0 ? event.time : 0;
    log_reader_close(reader);
    return rc == 1 ? 0 : rc;
}

static int outermost_time(struct ledger *ledger, const struct query *query, bool last, uint64_t *ret, struct err *err) {
    struct query_cursor *cursor = NULL;
    struct query q = *query;
    q.descending = last;
    q.limit = 1;
    int rc = query_open(ledger, &q, &cursor, err);
    if (rc == 0) rc = query_next(cursor, err);
    if (rc == 0) {
        *ret = query_seq(cursor);
    }
    query_close(cursor);
    return rc;
}

static int add(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    (void)values;
    (void)err;
    *(uint64_t *)ctx += count;
    return 0;
}

int asserted_of(struct ledger *ledger, uint64_t from, uint64_t to, struct asserted *ret, struct err *err) {
    uint64_t lost = 0, past = to < INT64_MAX - ON_THEIR_WAY_NS ? to + ON_THEIR_WAY_NS : INT64_MAX;
    const struct query_value values[] = {{.type = QUERY_INT, .int_ = (int64_t)from},
                                         {.type = QUERY_INT, .int_ = (int64_t)(to < INT64_MAX ? to : INT64_MAX)},
                                         {.type = QUERY_INT, .int_ = (int64_t)past}};
    const struct query_term terms[] = {{.field = QUERY_HAPPENED, .op = QUERY_GE, .values = &values[0], .n_values = 1},
                                       {.field = QUERY_HAPPENED, .op = QUERY_LE, .values = &values[1], .n_values = 1},
                                       {.field = QUERY_TIME, .op = QUERY_GT, .values = &values[2], .n_values = 1}};
    struct asserted asserted = {0};
    struct query q;
    query_init(&q);
    q.terms = terms;
    q.n_terms = sizeof(terms) / sizeof(terms[0]);
    int rc = first_event_time(ledger, &asserted.begun, err);
    if (rc == 0) rc = query_count(ledger, &q, NULL, 0, add, &asserted.n, NULL, &lost, &(struct err){0});
    if (rc == 0 && asserted.n > 0) {
        rc = outermost_time(ledger, &q, false, &asserted.first, err);
        if (rc == 0) rc = outermost_time(ledger, &q, true, &asserted.last, err);
    }
    if (rc >= 0) {
        *ret = asserted;
    }
    return rc < 0 ? rc : 0;
}

bool asserted_words(const struct asserted *asserted, uint64_t to, char ret[ASSERTED_WORDS]) {
    struct buf text = {.max = ASSERTED_WORDS - 1};
    if (asserted->begun > to) {
        buf_put_str(&text, "the log began on ");
        when_text(&text, asserted->begun, WHEN_UTC, 0);
    }
    if (asserted->n == 1) {
        buf_printf(&text, "%sevent %llu, recorded later, tells of that time", text.n > 0 ? "; " : "",
                   (unsigned long long)asserted->first);
    } else if (asserted->n > 1) {
        buf_printf(&text, "%s%llu events, recorded later, tell of that time (events %llu to %llu)", text.n > 0 ? "; " : "",
                   (unsigned long long)asserted->n, (unsigned long long)asserted->first,
                   (unsigned long long)asserted->last);
    }
    snprintf(ret, ASSERTED_WORDS, "%.*s", (int)text.n, text.n > 0 ? (const char *)text.p : "");
    buf_done(&text);
    return ret[0] != '\0';
}

void asserted_put(const struct asserted *asserted, struct obj *obj) {
    struct obj one = {0};
    if (asserted->n == 0) {
        obj_text(obj, "told", NULL);
        return;
    }
    obj_uint(&one, "events", asserted->n);
    obj_uint(&one, "first", asserted->first);
    obj_uint(&one, "last", asserted->last);
    obj_obj(obj, "told", &one);
    obj_done(&one);
}
