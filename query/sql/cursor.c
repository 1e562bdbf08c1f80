/* Rows for SQLite: a cursor over query/query.h or, for one seq, the event itself from a cached reader, because joins look
 * up one cause after another. Values are computed only when a column is read.
 *
 * Events that cannot be read are recorded in the connection's state and skipped. Inside another program they end the scan
 * with an error at once, since there is no other way to report them, and a LIMIT may end the scan early. */
#include "query/sql/cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3ext.h>

#include "base/mp.h"
#include "base/text.h"
#include "query/condition/field.h"
#include "query/condition/value.h"
#include "query/rows/cursor.h"
#include "query/sql/conditions.h"

struct sql_cursor {
    sqlite3_vtab_cursor base;
    struct sql_cursor *next; /* of the connection's open cursors */
    struct sql_state *state;
    struct query_cursor *query; /* NULL: none, or a point */
    struct sql_point point;
    bool is_point, at_end, named; /* named: its plan is in the statement's cost */
    uint64_t seq;
};

static struct sql_cursor *of(sqlite3_vtab_cursor *base) {
    return (struct sql_cursor *)base;
}

/* ---- opening ---- */

int sql_cursor_open(struct sql_state *state, sqlite3_vtab_cursor **ret) {
    struct sql_cursor *c = calloc(1, sizeof(*c));
    if (c == NULL) return SQLITE_NOMEM;
    sql_state_enter(state);
    c->state = state;
    c->at_end = true;
    c->next = state->cursors;
    state->cursors = c;
    *ret = &c->base;
    return SQLITE_OK;
}

static void end_query(struct sql_cursor *c) {
    struct query_cost cost, *all = &c->state->cost;
    if (c->query == NULL) return;
    query_cost(c->query, &cost);
    if (!c->named) {
        size_t n = strlen(all->plan);
        snprintf(all->plan + n, sizeof(all->plan) - n, "%s%s", n == 0 ? "" : "; ", cost.plan);
        c->named = true;
    }
    all->covered = cost.covered;
    all->segments += cost.segments;
    all->bundles += cost.bundles;
    all->events += cost.events;
    query_close(c->query);
    c->query = NULL;
}

int sql_cursor_close(sqlite3_vtab_cursor *base) {
    struct sql_cursor *c = of(base), **at = &c->state->cursors;
    while (*at != c) {
        at = &(*at)->next;
    }
    *at = c->next;
    end_query(c);
    sql_point_done(&c->point);
    free(c);
    return SQLITE_OK;
}

static int fail(struct sql_cursor *c, const struct err *why) {
    c->at_end = true;
    return sql_vtab_fail(c->base.pVtab, c->state, why);
}

/* ---- going ---- */

static void note_damage(struct sql_cursor *c, const struct err *why, int rc) {
    uint64_t first = c->seq, n = 1;
    if (c->query != NULL) {
        n = c->query->damaged == 0 ? 1 : c->query->damaged;
        first = query_seq(c->query);
        first = c->query->descending && first + 1 >= n ? first + 1 - n : first;
    }
    sql_state_damage(c->state, why, rc, first, n);
}

/* Inside another program the scan ends here. */
static int fail_damaged(struct sql_cursor *c) {
    struct err why = {0};
    sql_state_damaged(c->state, &why);
    return fail(c, &why);
}

int sql_cursor_next(sqlite3_vtab_cursor *base) {
    struct sql_cursor *c = of(base);
    struct err why = {0};
    int rc;
    c->at_end = true;
    if (c->query == NULL) { /* a point has one row */
        return SQLITE_OK;
    }
    while (err_is_damage(rc = query_next(c->query, &why))) {
        note_damage(c, &why, rc);
        if (c->state->shell) return fail_damaged(c);
        why = (struct err){0};
    }
    if (rc == 0) {
        c->seq = query_seq(c->query);
        c->at_end = false;
    }
    return rc >= 0 ? SQLITE_OK : fail(c, &why);
}

static int filter_point(struct sql_cursor *c, const struct sql_conditions *conditions) {
    struct query_value v = conditions->terms[0].values[0];
    struct err why = {0};
    if (v.type == QUERY_REAL) {
        if (!(v.real >= 0 && v.real < (double)c->state->size) || v.real != (double)(int64_t)v.real) {
            return SQLITE_OK;
        }
        v.int_ = (int64_t)v.real;
    }
    if (v.int_ < 0 || (uint64_t)v.int_ >= c->state->size) return SQLITE_OK;
    c->seq = (uint64_t)v.int_;
    int rc = sql_point_go(&c->point, c->state->ledger, c->seq, &why);
    c->state->cost.events++;
    if (rc == 0) {
        c->at_end = false;
        return SQLITE_OK;
    }
    if (err_is_damage(rc)) {
        note_damage(c, &why, rc);
        return c->state->shell ? fail_damaged(c) : SQLITE_OK;
    }
    return rc == 1 ? SQLITE_OK : fail(c, &why);
}

static int filter_query(struct sql_cursor *c, const struct sql_conditions *conditions, int flags) {
    struct sql_state *state = c->state;
    struct err why = {0};
    struct query query;
    query_init(&query);
    query.terms = conditions->terms;
    query.n_terms = conditions->n;
    query.descending = (flags & SQL_PLAN_DESCENDING) != 0;
    query.whole = (flags & SQL_PLAN_WHOLE) != 0;
    query.no_index = state->no_index;
    query.proven = state->proven;
    query.stop = state->stop;
    if (query_open_at(state->ledger, &query, state->size, &c->query, &why) != 0) {
        return fail(c, &why);
    }
    return sql_cursor_next(&c->base);
}

int sql_cursor_filter(sqlite3_vtab_cursor *base, int flags, const char *pushed, int n, sqlite3_value **args) {
    struct sql_cursor *c = of(base);
    struct sql_conditions conditions;
    struct err why = {0};
    end_query(c);
    c->at_end = true;
    c->is_point = false;
    if (sql_state_settle(c->state, &why) != 0) return fail(c, &why);
    int rc = sql_conditions_init(&conditions, c->state, pushed, n, args);
    if (rc == SQLITE_OK && !conditions.never) {
        c->is_point = (flags & SQL_PLAN_POINT) != 0 && conditions.n == 1 && conditions.complete;
        rc = c->is_point ? filter_point(c, &conditions) : filter_query(c, &conditions, flags);
    }
    sql_conditions_done(&conditions);
    return rc;
}

int sql_cursor_eof(sqlite3_vtab_cursor *base) {
    return of(base)->at_end;
}

int sql_cursor_rowid(sqlite3_vtab_cursor *base, long long *ret) {
    *ret = (long long)of(base)->seq;
    return SQLITE_OK;
}

/* ---- values ---- */

/* Body fields of an event that was read completely. */
static void walk_body(struct bytes body, struct bytes name, struct query_value *ret) {
    struct value_walk walk;
    struct bytes at, raw;
    *ret = (struct query_value){.type = QUERY_NULL};
    value_walk_begin(body, &walk);
    while (value_walk_next(&walk, &at, &raw)) {
        if (bytes_eq(at, name)) {
            *ret = value_of(raw);
            return;
        }
    }
}

static void point_field(const struct log_event *e, size_t field, struct query_value *ret) {
    if (field >= QUERY_BODY_FIELDS) {
        walk_body(e->body, field_body_name(field), ret);
        return;
    }
    if (field == QUERY_HAPPENED) {
        *ret = field_happened_of(e->time, e->body);
        return;
    }
    const struct event_header h = {.seq = e->seq,
                                   .time = e->time,
                                   .schema = e->schema,
                                   .kind = e->kind,
                                   .subject = e->subject,
                                   .actor = e->actor,
                                   .source = e->source,
                                   .grade = e->grade,
                                   .run = e->run,
                                   .key = e->key,
                                   .has_cause = e->has_cause,
                                   .cause = e->cause};
    *ret = field_of_header(&h, field);
}

static int row_field(struct sql_cursor *c, size_t field, struct query_value *ret, struct err *err) {
    if (c->query != NULL) return query_get(c->query, field, ret, err);
    point_field(&c->point.event, field, ret);
    return 0;
}

static void give_text(sqlite3_context *ctx, struct bytes text) {
    sqlite3_result_text64(ctx, (const char *)text.p, text.n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

/* Msgpack becomes JSON text; bytes become a blob. */
static void give_other(sqlite3_context *ctx, struct sql_state *state, struct bytes raw) {
    struct mp_item item;
    if (mp_scalar(raw, &item) == 0 && item.type == MP_BIN) {
        sqlite3_result_blob64(ctx, item.data.p, item.data.n, SQLITE_TRANSIENT);
    } else {
        sql_give_json(ctx, state, raw);
    }
}

void sql_give(sqlite3_context *ctx, struct sql_state *state, enum sql_class class, const struct query_value *v) {
    bool any = class == SQL_ANY;
    switch (v->type) {
    case QUERY_INT:
        if (any || class == SQL_NUMBER) {
            sqlite3_result_int64(ctx, v->int_);
        }
        break;
    case QUERY_REAL:
        if (any || class == SQL_NUMBER) {
            sqlite3_result_double(ctx, v->real);
        }
        break;
    case QUERY_BOOL:
        if (any || class == SQL_BOOL) {
            sqlite3_result_int(ctx, v->boolean ? 1 : 0);
        }
        break;
    case QUERY_TEXT:
        if (any || class == SQL_TEXT) {
            give_text(ctx, v->text);
        }
        break;
    case QUERY_OTHER:
        if (any) {
            give_other(ctx, state, v->text);
        }
        break;
    default: /* NULL is what a result begins as */
        break;
    }
}

static int row_event(struct sql_cursor *c, const struct log_event **ret, struct err *err) {
    if (c->query != NULL) return query_event(c->query, ret, err);
    *ret = &c->point.event;
    return 0;
}

static int give_made(struct sql_cursor *c, sqlite3_context *ctx, size_t column, struct err *err) {
    const struct log_event *event;
    char hex[2 * LOG_HASH + 1];
    struct buf map = {.max = 2 * EVENT_PRIVATE_MAX};
    int rc = row_event(c, &event, err);
    if (rc != 0) return rc;
    if (column == SQL_COL_LEAF) {
        text_hex(hex, event->leaf, LOG_HASH);
        give_text(ctx, bytes_of(hex));
    } else if (column == SQL_COL_BODY && event->body.n > 0) {
        give_other(ctx, c->state, event->body);
    } else if (column == SQL_COL_PRIVATE && event->has_private && !c->state->no_private) {
        rc = c->query != NULL ? query_private(c->query, &map, err) : sql_point_private(&c->point, &map, err);
        if (rc == 0) {
            give_other(ctx, c->state, bytes_of_buf(&map));
        }
        buf_done(&map);
    }
    return rc;
}

/* What cannot be read is NULL in the row and reported at the end; inside another program it is an error. */
static int given(struct sql_cursor *c, sqlite3_context *ctx, int rc, struct err *why) {
    if (rc == 0) return SQLITE_OK;
    if (err_is_damage(rc)) {
        sql_state_damage(c->state, why, rc, c->seq, 1);
        if (!c->state->shell) return SQLITE_OK;
        sql_state_damaged(c->state, why);
    }
    sqlite3_result_error(ctx, why->msg, -1);
    return sql_state_fail(c->state, why);
}

int sql_cursor_column(sqlite3_vtab_cursor *base, sqlite3_context *ctx, int column) {
    struct sql_cursor *c = of(base);
    enum sql_class class = sql_column_class((size_t)column);
    size_t field = sql_column_field((size_t)column);
    struct query_value v = {.type = QUERY_NULL};
    struct err why = {0};
    char at[TEXT_TIME_MAX];
    if (class == SQL_MADE) return given(c, ctx, give_made(c, ctx, (size_t)column, &why), &why);
    size_t time = sql_column_time((size_t)column);
    int rc = row_field(c, time != SIZE_MAX ? time : field, &v, &why);
    if (rc == 0 && time != SIZE_MAX) {
        text_time(at, (uint64_t)v.int_);
        v = (struct query_value){.type = QUERY_TEXT, .text = bytes_of(at)};
    }
    if (rc == 0) {
        sql_give(ctx, c->state, class, &v);
    }
    return given(c, ctx, rc, &why);
}

static int row_body(struct sql_state *state, uint64_t seq, struct bytes name, struct query_value *ret, struct err *err) {
    size_t field = field_of_body(name);
    for (struct sql_cursor *c = state->cursors; c != NULL; c = c->next) {
        if (c->query != NULL && !c->at_end && c->seq == seq) {
            return field == SIZE_MAX ? query_get_body(c->query, name, ret, err) : query_get(c->query, field, ret, err);
        }
    }
    if (state->shell && state->cursors == NULL && seq >= state->size) { /* of a statement that has ended */
        sql_state_begin(state);
    }
    int rc = sql_state_settle(state, err);
    if (rc == 0) rc = seq >= state->size ? 1 : sql_point_go(&state->point, state->ledger, seq, err);
    if (rc == 0) {
        walk_body(state->point.event.body, name, ret);
    }
    return rc;
}

int sql_row_body(struct sql_state *state, uint64_t seq, struct bytes name, struct query_value *ret, struct err *err) {
    int rc = row_body(state, seq, name, ret, err);
    if (err_is_damage(rc) && state->shell) { /* it would not be reported later */
        err->code = rc = ERR_IO;
    }
    return rc;
}
