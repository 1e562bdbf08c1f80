/* Events that are in a window of time by one clock alone. A segment's least and greatest times tell whether all of its
 * events are in the window, or none: one on which the clocks agree is skipped without reading its columns, and in most
 * others at most one clock has to be read event by event. */
#include "query/condition/value.h"
#include "query/rows/cursor.h"

enum within { WITHIN_NONE, WITHIN_SOME, WITHIN_ALL };

struct clocks {
    struct query_cursor *cursor;
    struct query_value from, to; /* both included */
    enum within sealed, happened;
    struct query_clocks count;
};

static enum within within_of(const struct clocks *k, const struct query_value *least, const struct query_value *greatest) {
    int begin, end;
    if (!value_compare(greatest, &k->from, &begin) || !value_compare(least, &k->to, &end)) {
        return WITHIN_SOME;
    }
    if (begin < 0 || end > 0) return WITHIN_NONE;
    bool all = value_compare(least, &k->from, &begin) && value_compare(greatest, &k->to, &end) && begin >= 0 && end <= 0;
    return all ? WITHIN_ALL : WITHIN_SOME;
}

/* By the directory alone. True: the clocks agree on each of the segment's events. */
static bool judge_segment(struct clocks *k, const struct columns_record *record) {
    struct query_value least = {.type = QUERY_INT, .int_ = (int64_t)record->first_time};
    struct query_value greatest = {.type = QUERY_INT, .int_ = (int64_t)record->last_time};
    struct columns_entry entry;
    k->sealed = within_of(k, &least, &greatest);
    if (!columns_entry(record, QUERY_HAPPENED, &entry)) return true;
    k->happened = WITHIN_SOME;
    if (entry.form == COLUMNS_NUMBERS) {
        least = (struct query_value){.type = QUERY_REAL, .real = entry.least};
        greatest = (struct query_value){.type = QUERY_REAL, .real = entry.greatest};
        k->happened = within_of(k, &least, &greatest);
    }
    return k->sealed == k->happened && k->sealed != WITHIN_SOME;
}

static bool is_within(const struct clocks *k, const struct query_value *v) {
    return v->type == QUERY_INT && v->int_ >= k->from.int_ && v->int_ <= k->to.int_;
}

static void add(struct clocks *k, bool sealed, bool happened, uint64_t n) {
    k->count.sealed += sealed && !happened ? n : 0;
    k->count.happened += happened && !sealed ? n : 0;
}

/* Those that satisfy the conditions, by columns. ERR_NOTFOUND: columns cannot tell. */
static int count_columns(struct clocks *k, struct err *err) {
    struct plan *p = &k->cursor->plan;
    const struct column *sealed = NULL, *happened = NULL;
    int rc = k->sealed == WITHIN_SOME ? plan_column(p, QUERY_TIME, &sealed, err) : 0;
    if (rc == 0 && k->happened == WITHIN_SOME) rc = plan_column(p, QUERY_HAPPENED, &happened, err);
    if (rc == 0 && ((k->sealed == WITHIN_SOME && sealed == NULL) || (k->happened == WITHIN_SOME && happened == NULL))) {
        rc = ERR_NOTFOUND;
    }
    if (rc != 0) return rc;
    if (sealed == NULL && happened == NULL) {
        add(k, k->sealed == WITHIN_ALL, k->happened == WITHIN_ALL, plan_count(p, p->first, p->end));
        return 0;
    }
    for (uint64_t seq = plan_next(p, p->first); seq != LOG_NO_SEQ; seq = plan_next(p, seq + 1)) {
        uint32_t at = (uint32_t)(seq - p->record.first);
        struct query_value v;
        bool in_sealed = k->sealed == WITHIN_ALL, in_happened = k->happened == WITHIN_ALL;
        if (sealed != NULL) {
            v = column_value(sealed, at);
            in_sealed = is_within(k, &v);
        }
        if (happened != NULL) {
            v = column_value(happened, at);
            in_happened = is_within(k, &v);
        }
        add(k, in_sealed, in_happened, 1);
    }
    return 0;
}

static int count_rows(struct clocks *k, struct err *err) {
    struct query_value sealed, happened;
    int rc;
    while ((rc = cursor_next(k->cursor, err)) == 0) {
        rc = query_get(k->cursor, QUERY_TIME, &sealed, err);
        bool in_sealed = rc == 0 && is_within(k, &sealed);
        if (rc == 0) rc = query_get(k->cursor, QUERY_HAPPENED, &happened, err);
        if (rc != 0) return rc;
        add(k, in_sealed, is_within(k, &happened), 1);
    }
    return rc == 1 ? 0 : rc;
}

static int count_segment(struct clocks *k, struct err *err) {
    struct query_cursor *c = k->cursor;
    struct plan *p = &c->plan;
    if (plan_hold(p, c->lo) && judge_segment(k, &p->record)) {
        uint64_t end = p->record.first + p->record.events;
        c->lo = end < c->hi ? end : c->hi;
        c->planned = false;
        return 0;
    }
    int rc = cursor_segment(c, err);
    if (rc == 0 && p->state != PLAN_SCAN) { /* a larger record may have replaced it */
        rc = p->state == PLAN_NONE || judge_segment(k, &p->record) ? 0 : p->certain ? count_columns(k, err) : ERR_NOTFOUND;
        if (rc == 0) {
            cursor_skip_segment(c);
        }
    } else if (rc == 0) {
        rc = ERR_NOTFOUND;
    }
    return rc == ERR_NOTFOUND ? count_rows(k, err) : rc;
}

int query_count_clocks(struct ledger *ledger, const struct query *query, uint64_t from, uint64_t to,
                       struct query_clocks *ret, struct err *err) {
    struct query all = *query;
    struct clocks k = {.from = {.type = QUERY_INT, .int_ = (int64_t)from}, .to = {.type = QUERY_INT, .int_ = (int64_t)to}};
    all.limit = 0;
    all.descending = all.whole = false;
    int rc = query_open(ledger, &all, &k.cursor, err);
    if (rc != 0) return rc;
    while (rc == 0 && k.cursor->lo < k.cursor->hi) {
        rc = count_segment(&k, err);
    }
    query_close(k.cursor);
    if (rc == 0) {
        *ret = k.count;
    }
    return rc;
}
