/* A cursor goes over the possible seqs, group by group, and judges each event by its header's and body's bytes; only rows
 * are decoded completely. */
#include <stdlib.h>
#include <string.h>

#include "query/condition/value.h"
#include "query/rows/cursor.h"

/* ---- the row at hand ---- */

static void forget_row(struct query_cursor *c) {
    c->has_row = c->has_header = c->has_body = c->has_event = false;
}

/* The group after `index` that will be read, as far as the current segment tells. */
static uint64_t next_group(const void *ctx, uint64_t index) {
    const struct query_cursor *c = ctx;
    const struct plan *p = &c->plan;
    uint64_t seq;
    if (c->descending) {
        seq = index == 0 ? LOG_NO_SEQ : p->state == PLAN_SOME ? plan_last(p, index * EVENT_GROUP) : index * EVENT_GROUP - 1;
        return seq == LOG_NO_SEQ || seq < p->first ? LOG_NO_SEQ : seq / EVENT_GROUP;
    }
    seq = (index + 1) * EVENT_GROUP;
    seq = p->state == PLAN_SOME ? plan_next(p, seq) : seq;
    return seq == LOG_NO_SEQ || seq >= p->end ? LOG_NO_SEQ : seq / EVENT_GROUP;
}

#define MANY 4 /* groups: a reader of this many will read more; for fewer, threads cost more than they save */

/* The group of the row. */
static int load_group(struct query_cursor *c, struct err *err) {
    uint64_t index = c->seq / EVENT_GROUP;
    if (c->group != NULL && c->group->index == index) return 0;
    c->group = NULL;
    c->header = (struct event_header){0};
    int rc = prefetch_group(c->prefetch, index, c->planned && c->loads >= MANY, next_group, c, &c->reader, &c->group, err);
    c->cost.bundles++;
    c->loads++;
    return rc;
}

static int load_header(struct query_cursor *c, struct err *err) {
    if (c->has_header) return 0;
    int rc = load_group(c, err);
    if (rc != 0) return rc;
    size_t i = (size_t)(c->seq % EVENT_GROUP);
    if (!group_header(c->group, i, &c->header)) {
        c->header = (struct event_header){0};
        rc = event_header_decode(c->group->event[i].header, &c->header, err);
        if (rc == 0) rc = err_set(err, ERR_CORRUPT, "its header is not canonical");
        c->header = (struct event_header){0};
        err_prefix(err, "event %llu", (unsigned long long)c->seq);
        return rc;
    }
    c->cost.events += c->has_body ? 0 : 1;
    c->has_header = true;
    return 0;
}

static int load_body(struct query_cursor *c, struct err *err) {
    struct bytes payload;
    if (c->has_body) return 0;
    size_t i = (size_t)(c->seq % EVENT_GROUP);
    int rc = load_group(c, err);
    if (rc == 0 && c->group->event[i].where == GROUP_EXTERNAL) { /* its header has the commitment */
        rc = load_header(c, err);
    }
    if (rc == 0) rc = reader_payload(c->reader, i, &c->header, &payload, err);
    if (rc == 0) {
        c->cost.events += c->has_header ? 0 : 1;
        c->body = value_body_of(payload);
        c->has_body = true;
    }
    return rc;
}

static int load_event(struct query_cursor *c, struct err *err) {
    if (c->has_event) return 0;
    int rc = load_group(c, err);
    if (rc == 0) rc = reader_give(c->reader, (size_t)(c->seq % EVENT_GROUP), &c->event, err);
    if (rc == 0) {
        c->body = c->event.body; /* the previous one may be gone */
        c->has_event = c->has_body = true;
    }
    return rc;
}

/* ---- opening ---- */

/* The time of a group's first event. */
static int group_time(struct query_cursor *c, uint64_t index, uint64_t *ret, struct err *err) {
    if (plan_time(&c->plan, index * EVENT_GROUP, ret)) return 0;
    forget_row(c);
    c->seq = index * EVENT_GROUP;
    int rc = load_header(c, err);
    if (rc == 0) {
        *ret = c->header.time;
    }
    forget_row(c);
    return rc;
}

/* Binary search over the pieces [*lo, *hi), each of so many groups: the first that begins after `time` (`or_at`: or at it)
 * is then in [*lo, *hi], exactly if all that was needed could be read. Times never go back. */
static int find_time(struct query_cursor *c, uint64_t groups, uint64_t time, bool or_at, uint64_t *lo, uint64_t *hi,
                     struct err *err) {
    struct err quiet = {0};
    while (*lo < *hi) {
        uint64_t mid = *lo + (*hi - *lo) / 2, at;
        int rc = group_time(c, mid * groups, &at, &quiet);
        if (err_is_damage(rc)) return 0;
        if (rc != 0) return err_set(err, rc, "%s", quiet.msg);
        if (at > time || (or_at && at == time)) {
            *hi = mid;
        } else {
            *lo = mid + 1;
        }
    }
    return 0;
}

/* Keeps the pieces that may hold times of the range. */
static int narrow_pieces(struct query_cursor *c, uint64_t groups, struct err *err) {
    const struct match *m = &c->match;
    uint64_t piece = groups * EVENT_GROUP, first = c->lo / piece, end = (c->hi + piece - 1) / piece;
    int rc = 0;
    if (c->lo < c->hi && m->time_to < (uint64_t)INT64_MAX) {
        uint64_t lo = first;
        rc = find_time(c, groups, m->time_to, false, &lo, &end, err);
        c->hi = end * piece < c->hi ? end * piece : c->hi;
    }
    if (rc == 0 && c->lo < c->hi && m->time_from > 0) {
        uint64_t lo = first;
        rc = find_time(c, groups, m->time_from, true, &lo, &end, err);
        if (lo > 0 && (lo - 1) * piece > c->lo) { /* the range may begin within the one before */
            c->lo = (lo - 1) * piece;
        }
    }
    c->lo = c->lo < c->hi ? c->lo : c->hi;
    return rc;
}

/* Segments first, which is cheap with an index, then within a first or last segment without one. */
static int narrow_by_time(struct query_cursor *c, struct err *err) {
    if (c->match.time_from == 0 && c->match.time_to == (uint64_t)INT64_MAX) return 0;
    int rc = narrow_pieces(c, c->plan.view.events / EVENT_GROUP, err);
    if (rc == 0 && c->lo < c->hi && !(plan_indexed(&c->plan, c->lo) && plan_indexed(&c->plan, c->hi - 1))) {
        rc = narrow_pieces(c, 1, err);
    }
    return rc;
}

int query_open_at(struct ledger *ledger, const struct query *query, uint64_t size, struct query_cursor **ret,
                  struct err *err) {
    struct log_head head;
    struct query_cursor *c = calloc(1, sizeof(*c));
    if (c == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    *c = (struct query_cursor){.ledger = ledger,
                               .descending = query->descending,
                               .whole = query->whole,
                               .limit = query->limit,
                               .stop = query->stop};
    int rc = match_init(&c->match, query, err);
    enum plan_trust trust = query->no_index ? PLAN_NO_INDEX : query->proven ? PLAN_PROVEN : PLAN_INDEX;
    if (rc == 0) rc = plan_init(&c->plan, ledger, &c->match, trust, err);
    if (rc == 0) rc = log_head(ledger, &head, err);
    if (rc == 0) rc = prefetch_new(ledger, &c->prefetch, err);
    if (rc == 0) {
        c->cost.size = size < head.size ? size : head.size;
        c->lo = c->match.from;
        c->hi = c->match.to < c->cost.size ? c->match.to : c->cost.size;
        c->hi = c->match.never || c->hi < c->lo ? c->lo : c->hi;
        rc = narrow_by_time(c, err);
    }
    if (rc != 0) {
        query_close(c);
        return rc;
    }
    *ret = c;
    return 0;
}

int query_open(struct ledger *ledger, const struct query *query, struct query_cursor **ret, struct err *err) {
    return query_open_at(ledger, query, LOG_NO_SEQ, ret, err);
}

void query_close(struct query_cursor *c) {
    if (c != NULL) {
        prefetch_free(c->prefetch);
        plan_done(&c->plan);
        match_done(&c->match);
        free(c);
    }
}

/* ---- advancing ---- */

/* 0: the event at c->seq is a row; 1: it is not. */
static int judge(struct query_cursor *c, struct err *err) {
    const struct match *m = &c->match;
    int rc = m->n_header + m->n_happened == 0 && m->n_terms > 0 ? 0 : load_header(c, err);
    if (rc != 0) return rc;
    if (!match_header(m, &c->header)) return 1;
    if (m->n_terms == m->n_header) return 0;
    rc = load_body(c, err);
    if (rc == 0) rc = match_body(m, &c->header, c->body) ? 0 : 1;
    return rc;
}

/* The group of c->seq cannot be read: the next call continues after it. */
static void leave_group(struct query_cursor *c) {
    uint64_t from = c->seq / EVENT_GROUP * EVENT_GROUP, to = from + EVENT_GROUP;
    from = from > c->lo ? from : c->lo;
    to = to < c->hi ? to : c->hi;
    c->damaged = c->plan.state == PLAN_SOME ? plan_count(&c->plan, from, to) : to - from;
    if (c->descending) {
        c->hi = from;
    } else {
        c->lo = to;
    }
}

int cursor_segment(struct query_cursor *c, struct err *err) {
    if (c->lo >= c->hi) return 1;
    if (c->stop != NULL && *c->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
    int rc = c->planned ? 0 : plan_segment(&c->plan, c->descending ? c->hi - 1 : c->lo, c->lo, c->hi, err);
    c->planned = rc == 0;
    return rc;
}

void cursor_skip_segment(struct query_cursor *c) {
    if (c->descending) {
        c->hi = c->plan.first;
    } else {
        c->lo = c->plan.end;
    }
    c->planned = false;
}

/* The next seq of the current segment; LOG_NO_SEQ when it has no more. */
static uint64_t candidate(const struct query_cursor *c) {
    const struct plan *p = &c->plan;
    if (p->state == PLAN_NONE || c->lo >= c->hi) return LOG_NO_SEQ;
    if (p->state == PLAN_SOME) return c->descending ? plan_last(p, c->hi) : plan_next(p, c->lo);
    uint64_t seq = c->descending ? c->hi - 1 : c->lo;
    return seq >= p->first && seq < p->end ? seq : LOG_NO_SEQ;
}

/* 0: the candidate at c->seq is a row; 1: it is not. */
static int decide(struct query_cursor *c, struct err *err) {
    bool certain = c->plan.state == PLAN_SOME && c->plan.certain;
    int rc = certain ? 0 : judge(c, err);
    return rc == 0 && c->whole ? load_event(c, err) : rc;
}

static void go_on(struct query_cursor *c) {
    if (c->descending) {
        c->hi = c->seq;
    } else {
        c->lo = c->seq + 1;
    }
}

int cursor_next(struct query_cursor *c, struct err *err) {
    if (c->plan.state != PLAN_NONE && !(c->plan.state == PLAN_SOME && c->plan.certain)) {
        plan_rest(&c->plan); /* reading events may take long */
    }
    for (;;) {
        forget_row(c);
        c->seq = candidate(c);
        if (c->seq == LOG_NO_SEQ) {
            cursor_skip_segment(c);
            return 1;
        }
        int rc = decide(c, err);
        if (rc < 0 && c->group == NULL) {
            leave_group(c);
            return rc;
        }
        go_on(c);
        c->damaged = 1;
        if (rc == 0) {
            c->has_row = true;
            c->cost.rows++;
        }
        if (rc != 1) return rc;
        if (c->stop != NULL && *c->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
    }
}

int query_next(struct query_cursor *c, struct err *err) {
    int rc = 1;
    forget_row(c);
    if (c->limit > 0 && c->cost.rows >= c->limit) return 1;
    while (rc == 1 && (rc = cursor_segment(c, err)) == 0) {
        rc = cursor_next(c, err);
    }
    plan_rest(&c->plan);
    return rc;
}

uint64_t query_seq(const struct query_cursor *c) {
    return c->seq;
}

static int no_row(struct err *err) {
    return err_set(err, ERR_INVALID, "the cursor is not at a row");
}

int query_get_body(struct query_cursor *c, struct bytes name, struct query_value *ret, struct err *err) {
    struct value_walk walk;
    struct bytes at, raw;
    int rc = c->has_row ? load_body(c, err) : no_row(err);
    if (rc != 0) return rc;
    *ret = (struct query_value){.type = QUERY_NULL};
    value_walk_begin(c->body, &walk);
    while (value_walk_next(&walk, &at, &raw)) {
        int cmp = value_name_order(at, name);
        if (cmp >= 0) {
            *ret = cmp == 0 ? value_of(raw) : *ret;
            break;
        }
    }
    return 0;
}

/* Values of the row from a column; 1: the event has to be read. */
static int get_from_column(struct query_cursor *c, size_t field, struct query_value *ret, struct err *err) {
    const struct column *column;
    if (c->has_header || c->has_body || field == QUERY_SEQ) { /* the event is loaded */
        *ret = (struct query_value){.type = QUERY_INT, .int_ = (int64_t)c->seq};
        return field == QUERY_SEQ ? 0 : 1;
    }
    int rc = plan_column(&c->plan, field, &column, err);
    if (rc == 0) {
        *ret = column == NULL ? (struct query_value){.type = QUERY_NULL}
                              : column_value(column, (uint32_t)(c->seq - c->plan.record.first));
    }
    return rc == ERR_NOTFOUND ? 1 : rc;
}

int query_get(struct query_cursor *c, size_t field, struct query_value *ret, struct err *err) {
    if (field >= query_field_count()) {
        return err_set(err, ERR_INVALID, "there is no field %zu", field);
    }
    if (!c->has_row) return no_row(err);
    int from_column = get_from_column(c, field, ret, err);
    if (from_column <= 0) return from_column;
    if (field >= QUERY_BODY_FIELDS) return query_get_body(c, field_body_name(field), ret, err);
    int rc = load_header(c, err);
    if (rc == 0 && field == QUERY_HAPPENED) rc = load_body(c, err);
    if (rc == 0) {
        *ret = field == QUERY_HAPPENED ? field_happened_of(c->header.time, c->body) : field_of_header(&c->header, field);
    }
    return rc;
}

int query_event(struct query_cursor *c, const struct log_event **ret, struct err *err) {
    int rc = c->has_row ? load_event(c, err) : no_row(err);
    if (rc == 0) {
        *ret = &c->event;
    }
    return rc;
}

int query_private(struct query_cursor *c, struct buf *out, struct err *err) {
    int rc = c->has_row ? load_event(c, err) : no_row(err);
    if (rc == 0) rc = log_reader_private(c->reader, out, err);
    return rc;
}

/* ---- cost ---- */

static void put_plan(const struct query_cursor *c, struct buf *out) {
    static const struct {
        enum plan_by by;
        const char *name;
    } ways[] = {{PLAN_BY_SEQ, "seq"},
                {PLAN_BY_HASH, "hash"},
                {PLAN_BY_CODE, "code"},
                {PLAN_BY_NUMBER, "number"},
                {PLAN_BY_EVENT, "event"}};
    const struct plan *p = &c->plan;
    unsigned n = 0;
    for (size_t i = 0; i < c->match.n_terms; i++) {
        buf_printf(out, "%s%s by", n++ > 0 ? ", " : "", query_field_name(c->match.terms[i].field));
        unsigned by = p->by[i] != 0 ? p->by[i] : p->looked > 0 ? 0 : PLAN_BY_EVENT, k = 0;
        for (size_t w = 0; w < sizeof(ways) / sizeof(ways[0]); w++) {
            if (by & ways[w].by) {
                buf_printf(out, "%s %s", k++ > 0 ? " and" : "", ways[w].name);
            }
        }
        buf_put_str(out, k == 0 ? " range" : "");
    }
    buf_put_str(out, n == 0 ? "every event" : "");
    if (p->scanned == 0 && p->looked > 0) {
        buf_printf(out, "; %llu segments of the index", (unsigned long long)p->looked);
    } else {
        buf_printf(out, "; %llu segments of the index, %llu without it", (unsigned long long)p->looked,
                   (unsigned long long)p->scanned);
    }
}

void query_cost(const struct query_cursor *c, struct query_cost *ret) {
    struct buf out;
    *ret = c->cost;
    ret->segments = c->plan.looked;
    buf_init(&out, sizeof(ret->plan) - 1);
    put_plan(c, &out);
    if (out.n > 0) {
        memcpy(ret->plan, out.p, out.n);
    }
    ret->plan[out.n] = '\0';
    buf_done(&out);
}
