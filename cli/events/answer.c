/* Rows of events. Each listing is one walk of a cursor, or two: for the newest few, a first walk backwards only finds where
 * they begin, so that rows and damage are still reported in order. */
#include "cli/events/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mp.h"
#include "base/obj.h"
#include "cli/print/out.h"
#include "cli/print/summary.h"
#include "ledger/kinds/kind.h"

#define WHERE_BATCH  4096 /* seqs of --where that one cursor looks up */
#define FOLLOW_NS    200000000
#define FOLLOW_FIRST 10 /* rows shown before new ones */

bool answer_over(const struct answer *a) {
    return *a->stop != 0 || !out_good(a->cli);
}

void answer_add_cost(struct answer *a, const struct query_cost *cost) {
    if (cost->plan[0] != '\0' && a->cost.plan[0] == '\0') {
        memcpy(a->cost.plan, cost->plan, sizeof(cost->plan));
    }
    a->cost.segments += cost->segments;
    a->cost.bundles += cost->bundles;
    a->cost.events += cost->events;
}

/* Up to `limit` rows; 0: all. */
static int open_rows(struct answer *a, struct query *query, uint64_t limit, struct query_cursor **ret, struct err *err) {
    query->stop = a->stop;
    query->no_index = a->no_index;
    query->limit = a->ask.has_rest ? 0 : limit;
    return query_open_at(a->ledger, query, a->size, ret, err);
}

/* The next row that meets all conditions; 1: the end. */
static int next_row(struct answer *a, struct query_cursor *cursor, struct err *why) {
    int rc, rest;
    do {
        rc = query_next(cursor, why);
        rest = rc == 0 ? ask_rest(&a->ask, cursor, why) : 0;
    } while (rc == 0 && rest > 0);
    return rest < 0 ? rest : rc;
}

static void close_rows(struct answer *a, struct query_cursor *cursor) {
    struct query_cost cost;
    query_cost(cursor, &cost);
    answer_add_cost(a, &cost);
    query_close(cursor);
}

int answer_scan(struct answer *a, const struct query *query, uint64_t limit, answer_row_fn *each, struct err *err) {
    struct query_cursor *cursor = NULL;
    struct query q = *query;
    uint64_t n = 0;
    int rc = open_rows(a, &q, limit, &cursor, err);
    if (rc != 0) return rc;
    while (rc == 0 && (limit == 0 || n < limit) && out_good(a->cli)) {
        struct err why = {0};
        rc = next_row(a, cursor, &why);
        if (rc == 0) {
            n++;
            rc = each(a, cursor, &why);
        }
        rc = damage_pass(&a->damage, rc, &why, err);
    }
    close_rows(a, cursor);
    return rc == 1 ? 0 : rc;
}

/* ---- the rows themselves ---- */

/* Reads the private fields of the row into a->private_fields; empty if it has none. */
static int read_private(struct answer *a, struct query_cursor *cursor, const struct log_event *event, struct err *err) {
    buf_clear(&a->private_fields);
    return event->has_private ? query_private(cursor, &a->private_fields, err) : 0;
}

/* In a table: the private fields, or for custom kinds how many there are. */
static int remark_private(struct answer *a, struct query_cursor *cursor, const struct log_event *event, struct err *err) {
    struct mp_reader reader;
    struct mp_item item;
    if (!event->has_private || !(a->ask.private_ || kind_is_custom(event->kind))) return 0;
    int rc = read_private(a, cursor, event, err);
    if (rc != 0) return rc;
    mp_reader_init(&reader, bytes_of_buf(&a->private_fields));
    uint32_t n = mp_next(&reader, &item, NULL) == 0 && item.type == MP_MAP ? item.count : 0;
    if (n == 0) {
        buf_put_str(&a->remark, "(private fields erased)");
    } else if (a->ask.private_) {
        buf_put_str(&a->remark, "private: ");
        summary_put(event->kind, bytes_of_buf(&a->private_fields), NULL, &a->remark);
    } else {
        buf_printf(&a->remark, "(%u private)", n);
    }
    return 0;
}

/* Loads which events from this one on were corrected. Most lists go forward. */
static int know_corrected(struct answer *a, uint64_t seq, struct err *err) {
    if (a->has_corrected && seq >= a->corrected_from) return 0;
    uint64_t from = a->has_corrected ? 0 : seq;
    corrected_done(&a->corrected);
    int rc = corrected_load(a->ledger, from, &a->corrected, err);
    a->corrected_from = from;
    a->has_corrected = rc == 0;
    return rc;
}

/* Adds remarks to the row: that it was corrected, and its private fields. */
static int remark(struct answer *a, struct query_cursor *cursor, struct err *err) {
    const struct log_event *event = NULL;
    int rc = query_event(cursor, &event, err);
    if (rc == 0) rc = know_corrected(a, event->seq, err);
    buf_clear(&a->remark);
    if (rc == 0) {
        corrected_put(&a->corrected, event->seq, &a->remark);
        rc = remark_private(a, cursor, event, err);
    }
    if (rc == 0 && a->remark.n > 0) {
        rows_remark(a->rows, bytes_of_buf(&a->remark));
    }
    if (rc == 0) rc = buf_check(&a->remark, "the private fields", err);
    return rc;
}

static bool shows_line(const struct answer *a) {
    for (size_t i = 0; i < a->fields.n; i++) {
        if (a->fields.field[i].what == FIELD_WHOLE) return a->format == ROWS_TABLE;
    }
    return false;
}

static int put_row(struct answer *a, struct query_cursor *cursor, bool mark, struct err *err) {
    struct query_value values[PICK_MAX + 1];
    const struct log_event *event = NULL;
    size_t marks = a->is_around && a->format == ROWS_TABLE ? 1 : 0;
    if (a->fields.n == 0) {
        int rc = query_event(cursor, &event, err);
        buf_clear(&a->private_fields);
        if (rc == 0 && a->ask.private_) rc = read_private(a, cursor, event, err);
        if (rc == 0) rc = know_corrected(a, event->seq, err);
        if (rc == 0) {
            const struct corrected_one *one = corrected_find(&a->corrected, event->seq);
            rows_event(a->rows, event, bytes_of_buf(&a->private_fields), one != NULL ? one->by : LOG_NO_SEQ);
        }
        return rc;
    }
    values[0] =
        mark ? (struct query_value){.type = QUERY_TEXT, .text = bytes_of(">")} : (struct query_value){.type = QUERY_NULL};
    int rc = shows_line(a) ? remark(a, cursor, err) : 0;
    if (rc == 0) rc = pick_get(&a->fields, cursor, values + marks, err);
    if (rc == 0) {
        rows_values(a->rows, values);
    }
    return rc;
}

static int show(struct answer *a, struct query_cursor *cursor, struct err *err) {
    return put_row(a, cursor, false, err);
}

static int show_marked(struct answer *a, struct query_cursor *cursor, struct err *err) {
    return put_row(a, cursor, true, err);
}

static bool is_whole(const struct answer *a) {
    return (a->fields.n == 0 && a->by.n == 0 && !a->count) || pick_whole(&a->fields) || pick_whole(&a->by);
}

struct each {
    answer_row_fn *call;
};

/* The rows with these sequence numbers, in ascending order. */
static int scan_seqs(struct answer *a, const uint64_t *seqs, size_t n, void *ctx, struct err *err) {
    const struct each *each = ctx;
    struct query_value *values = calloc(WHERE_BATCH, sizeof(*values));
    struct query_term term = {.field = QUERY_SEQ, .op = QUERY_EQ, .values = values};
    bool has_rest = a->ask.has_rest;
    int rc = values ? 0 : err_set(err, ERR_NOMEM, "no memory for the answer");
    a->ask.has_rest = false; /* SQL has checked the rest */
    bool rest[ASK_TERMS_MAX];
    memcpy(rest, a->ask.rest, sizeof(rest));
    memset(a->ask.rest, 0, sizeof(a->ask.rest));
    for (size_t at = 0; rc == 0 && at < n && !answer_over(a);) {
        struct query q;
        query_init(&q);
        for (term.n_values = 0; at < n && term.n_values < WHERE_BATCH; at++) {
            values[term.n_values++] = (struct query_value){.type = QUERY_INT, .int_ = (int64_t)seqs[at]};
        }
        q.terms = &term;
        q.n_terms = 1;
        q.whole = is_whole(a);
        rc = answer_scan(a, &q, 0, each->call, err);
    }
    memcpy(a->ask.rest, rest, sizeof(rest));
    a->ask.has_rest = has_rest;
    free(values);
    if (rc == 0 && *a->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
    return rc == 0 && answer_over(a) ? 1 : rc;
}

int answer_range(struct answer *a, uint64_t from, uint64_t to, uint64_t limit, answer_row_fn *each, struct err *err) {
    if (a->where) {
        struct each rows = {each};
        return answer_where(a, from, to, limit, false, scan_seqs, &rows, err);
    }
    struct query q = a->ask.query;
    q.from = q.from > from ? q.from : from;
    q.to = q.to < to ? q.to : to;
    q.whole = is_whole(a);
    return answer_scan(a, &q, limit, each, err);
}

/* ---- the newest ---- */

struct newest {
    struct answer *answer;
    uint64_t n, seq; /* rows found; the oldest of them */
    bool damaged;
};

/* Walks backwards from `to` until `limit` rows are found, showing nothing. */
static int find_back(struct answer *a, uint64_t to, uint64_t limit, struct newest *ret, struct err *err) {
    struct query_cursor *cursor = NULL;
    struct query q = a->ask.query;
    q.to = q.to < to ? q.to : to;
    q.descending = true;
    int rc = open_rows(a, &q, limit, &cursor, err);
    if (rc != 0) return rc;
    while (rc == 0 && ret->n < limit) {
        struct err why = {0};
        rc = next_row(a, cursor, &why);
        if (rc == 0) {
            ret->seq = query_seq(cursor);
            ret->n++;
        } else if (err_is_damage(rc)) {
            ret->damaged = true;
            rc = 0;
        } else if (rc < 0) {
            *err = why;
        }
    }
    close_rows(a, cursor);
    return rc == 1 ? 0 : rc;
}

/* The newest `limit` rows before `to`, oldest first. */
static int show_back(struct answer *a, uint64_t to, uint64_t limit, struct err *err) {
    struct newest newest = {.seq = to};
    if (limit == 0) return 0;
    if (a->where) {
        struct each rows = {show};
        return answer_where(a, 0, to, limit, true, scan_seqs, &rows, err);
    }
    int rc = find_back(a, to, limit, &newest, err);
    if (rc != 0 || (newest.n == 0 && !newest.damaged)) return rc;
    /* Damage is met again, and then reported, unless enough newer rows were found. */
    uint64_t from = newest.n < limit && newest.damaged ? 0 : newest.seq;
    return answer_range(a, from, to, 0, show, err);
}

/* ---- around one ---- */

static int show_around(struct answer *a, struct err *err) {
    struct query one;
    struct ask all = {0};
    query_init(&one);
    if (a->around >= a->size) {
        return err_set(err, ERR_NOTFOUND, "there is no event %llu: the ledger has %llu", (unsigned long long)a->around,
                       (unsigned long long)a->size);
    }
    one.from = a->around;
    one.to = a->around + 1;
    one.whole = is_whole(a);
    int rc = show_back(a, a->around, a->context, err);
    if (rc == 0) { /* shown whatever the conditions */
        struct ask conditions = a->ask;
        a->ask = all;
        rc = answer_scan(a, &one, 0, show_marked, err);
        a->ask = conditions;
    }
    if (rc == 0 && a->context != 0) rc = answer_range(a, a->around + 1, a->size, a->context, show, err);
    return rc;
}

/* ---- new rows ---- */

static int follow(struct answer *a, struct err *err) {
    const struct timespec pause = {.tv_nsec = FOLLOW_NS};
    struct log_head head;
    int rc = 0;
    rows_flush(a->rows);
    ask_open_end(&a->ask);
    while (rc == 0 && !answer_over(a) && a->size < a->ask.query.to) {
        uint64_t from = a->size;
        rc = log_head(a->ledger, &head, err);
        if (rc == 0 && head.size > from) {
            a->size = head.size;
            rc = answer_range(a, from, a->size, 0, show, err);
            rows_flush(a->rows);
        } else if (rc == 0) {
            nanosleep(&pause, NULL);
        }
    }
    return *a->stop != 0 && rc == ERR_BUSY ? 0 : rc;
}

/* ---- all of it ---- */

void answer_columns(const struct pick *fields, struct rows_column *columns) {
    for (size_t i = 0; i < fields->n; i++) {
        columns[i] =
            (struct rows_column){.is_time = fields->field[i].is_time, .in_line = fields->field[i].what == FIELD_WHOLE};
        snprintf(columns[i].name, sizeof(columns[i].name), "%s", fields->field[i].name);
    }
}

void answer_head(const struct answer *a, struct obj *head) {
    obj_uint(head, "size", a->size);
    if (!a->statement) {
        obj_text(head, "clock", a->ask.clock == QUERY_TIME ? "ledger" : "source");
    }
}

void answer_tail(struct answer *a, struct obj *tail) {
    damage_put(&a->damage, tail);
    tier_count_put(&a->tiers, tail);
    if (a->explain) {
        struct obj cost = {0};
        obj_text(&cost, "plan", a->cost.plan);
        obj_uint(&cost, "covered", a->cost.covered);
        obj_uint(&cost, "segments", a->cost.segments);
        obj_uint(&cost, "bundles", a->cost.bundles);
        obj_uint(&cost, "events", a->cost.events);
        obj_uint(&cost, "us", (clock_boot_ns() - a->start) / 1000);
        obj_obj(tail, "cost", &cost);
    }
}

int answer_open_rows(struct answer *a, const char *schema, const char *list, size_t n, struct err *err) {
    struct obj head = {0};
    answer_head(a, &head);
    struct rows_options options = {.format = a->format,
                                   .style = a->style,
                                   .schema = schema,
                                   .list = list,
                                   .head = &head,
                                   .pager = &a->pager,
                                   .n = n,
                                   .columns = a->columns};
    a->rows = rows_begin(a->cli, &options);
    obj_done(&head);
    return a->rows ? 0 : err_set(err, ERR_NOMEM, "no memory for the answer");
}

int answer_rows(struct answer *a, struct err *err) {
    size_t marks = a->is_around && a->format == ROWS_TABLE ? 1 : 0;
    answer_columns(&a->fields, a->columns + marks);
    int rc = answer_open_rows(a, "ledger.query/1", "events", a->fields.n + marks, err);
    if (rc != 0) return rc;
    if (a->is_around) return show_around(a, err);
    bool bounded = a->has_last || a->first > 0 || a->ask.has_times || a->ask.query.from > 0;
    uint64_t last = a->last > 0 ? a->last : a->follow && !bounded ? FOLLOW_FIRST : 0;
    rc = last > 0 ? show_back(a, a->size, last, err) : answer_range(a, 0, a->size, a->first, show, err);
    if (rc == 0 && a->follow) rc = follow(a, err);
    return rc;
}
