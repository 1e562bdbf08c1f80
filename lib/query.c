/* Named conditions become numbered terms; an event is read when it is requested. */
#include <ledger/query.h>

#include <stdlib.h>

#include "base/mp.h"
#include "lib/facade.h"
#include "query/sql/sql.h"

_Static_assert((int)LEDGER_OP_PREFIX == (int)QUERY_PREFIX && (int)LEDGER_OP_GE == (int)QUERY_GE, "");

/* ---- conditions ---- */

/* A query and what it borrows. */
struct asked {
    struct query query;
    struct query_term *terms;
    struct query_value *values;
};

static void asked_done(struct asked *asked) {
    free(asked->terms);
    free(asked->values);
}

static int take_value(const struct ledger_value *from, struct query_value *ret, struct err *err) {
    *ret = (struct query_value){.type = QUERY_NULL};
    switch (from->type) {
    case LEDGER_INT:
        *ret = (struct query_value){.type = QUERY_INT, .int_ = from->integer};
        return 0;
    case LEDGER_REAL:
        *ret = (struct query_value){.type = QUERY_REAL, .real = from->real};
        return 0;
    case LEDGER_TEXT:
        *ret = (struct query_value){.type = QUERY_TEXT, .text = facade_bytes(from->text)};
        return 0;
    case LEDGER_BOOL:
        *ret = (struct query_value){.type = QUERY_BOOL, .boolean = from->boolean != 0};
        return 0;
    default:
        return err_set(err, ERR_INVALID, "a condition compares with a number, a text or a boolean");
    }
}

static int field_of(const char *name, size_t *ret, struct err *err) {
    struct bytes field = bytes_of(name);
    const char *near;
    *ret = query_field_find(field);
    if (*ret != SIZE_MAX) return 0;
    near = query_field_suggest(field);
    return err_set(err, ERR_INVALID, "unknown field '%.100s'%s%s%s", name == NULL ? "" : name,
                   near == NULL ? "" : "; did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
}

static int take_term(const struct ledger_term *from, struct asked *asked, size_t *used, struct err *err) {
    struct query_term *term = &asked->terms[asked->query.n_terms++];
    int rc = field_of(from->field, &term->field, err);
    if (rc == 0 && (from->op < LEDGER_OP_EQ || from->op > LEDGER_OP_GE)) {
        rc = err_set(err, ERR_INVALID, "%d is not an operator of conditions", from->op);
    }
    term->op = (enum query_op)from->op;
    term->values = &asked->values[*used];
    term->n_values = from->n_values;
    for (size_t i = 0; rc == 0 && i < from->n_values; i++) {
        rc = take_value(&from->values[i], &asked->values[(*used)++], err);
    }
    return rc;
}

static int ask(const struct ledger_query_options *options, struct asked *asked, struct err *err) {
    struct ledger_query_options o;
    size_t n = 0, used = 0;
    *asked = (struct asked){.terms = NULL};
    int rc = FACADE_OPTIONS(&o, options, ledger_query_options, LEDGER_QUERY_OPTIONS_INIT, err);
    if (rc == 0) rc = facade_array(o.terms, o.n_terms, "terms", err);
    for (size_t i = 0; rc == 0 && i < o.n_terms; i++) {
        rc = facade_array(o.terms[i].values, o.terms[i].n_values, "values", err);
        n += o.terms[i].n_values;
    }
    if (rc != 0) return rc;
    query_init(&asked->query);
    asked->terms = calloc(o.n_terms + 1, sizeof(*asked->terms));
    asked->values = calloc(n + 1, sizeof(*asked->values));
    rc = asked->terms == NULL || asked->values == NULL ? err_set(err, ERR_NOMEM, "no memory for conditions") : 0;
    for (size_t i = 0; rc == 0 && i < o.n_terms; i++) {
        rc = take_term(&o.terms[i], asked, &used, err);
    }
    asked->query.terms = asked->terms;
    asked->query.from = o.from;
    asked->query.to = o.to;
    asked->query.limit = o.limit;
    asked->query.descending = o.descending != 0;
    asked->query.no_index = o.no_index != 0;
    asked->query.proven = o.proven != 0;
    asked->query.whole = true;
    asked->query.stop = o.stop;
    return rc;
}

/* ---- events ---- */

struct ledger_query {
    struct query_cursor *cursor;
    struct ledger_event event;
};

static int private_of(void *ctx, struct buf *out, struct err *err) {
    return query_private(((struct ledger_query *)ctx)->cursor, out, err);
}

int ledger_query_open(struct ledger *ledger, const struct ledger_query_options *options, struct ledger_query **ret,
                      struct ledger_error *error) {
    struct err err = {0};
    struct asked asked;
    struct ledger_query *query = calloc(1, sizeof(*query));
    int rc = ask(options, &asked, &err);
    if (rc == 0 && query == NULL) rc = err_set(&err, ERR_NOMEM, "no memory for a query");
    if (rc == 0) rc = query_open(ledger, &asked.query, &query->cursor, &err);
    if (rc == 0) {
        query->event = (struct ledger_event){NULL, private_of, query};
        *ret = query;
    } else {
        free(query);
    }
    asked_done(&asked);
    return facade_end(rc, &err, error);
}

int ledger_query_next(struct ledger_query *query, const struct ledger_event **ret, struct ledger_error *error) {
    struct err err = {0};
    int rc = query_next(query->cursor, &err);
    if (rc == 0) rc = query_event(query->cursor, &query->event.event, &err);
    if (rc == 0) {
        *ret = &query->event;
    }
    return facade_end(rc, &err, error);
}

void ledger_query_close(struct ledger_query *query) {
    if (query != NULL) {
        query_close(query->cursor);
        free(query);
    }
}

/* ---- counts ---- */

struct counting {
    ledger_count_row *each;
    void *ctx;
    size_t n;
};

static int count_one(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    const struct counting *c = ctx;
    struct ledger_value out[QUERY_BY_MAX];
    for (size_t i = 0; i < c->n; i++) {
        facade_value(&values[i], &out[i]);
    }
    return c->each(c->ctx, out, c->n, count) == 0 ? 0 : err_set(err, ERR_BUSY, "ended by its caller");
}

int ledger_query_count(struct ledger *ledger, const struct ledger_query_options *options, const char *const *by,
                       size_t n_by, ledger_count_row *each, void *ctx, struct ledger_error *error) {
    struct err err = {0}, lost = {0};
    struct asked asked;
    struct counting counting = {each, ctx, n_by};
    size_t fields[QUERY_BY_MAX];
    uint64_t n_lost = 0;
    int rc = ask(options, &asked, &err);
    if (rc == 0 && n_by > QUERY_BY_MAX) {
        rc = err_set(&err, ERR_LIMIT, "counts are by at most %d fields", QUERY_BY_MAX);
    }
    if (rc == 0) rc = facade_texts(by, n_by, "by", &err);
    for (size_t i = 0; rc == 0 && i < n_by; i++) {
        rc = field_of(by[i], &fields[i], &err);
    }
    if (rc == 0) {
        rc = query_count(ledger, &asked.query, fields, n_by, count_one, &counting, NULL, &n_lost, &lost);
        err = lost;
    }
    if (rc == 0 && n_lost > 0) {
        rc = err_set(&err, ERR_CORRUPT, "%llu events could not be read: %s", (unsigned long long)n_lost, lost.msg);
    }
    asked_done(&asked);
    return facade_end(rc, &err, error);
}

/* ---- SQL ---- */

struct ledger_sql {
    struct sql *sql;
};

int ledger_sql_open(struct ledger *ledger, const struct ledger_sql_options *options, struct ledger_sql **ret,
                    struct ledger_error *error) {
    struct err err = {0};
    struct ledger_sql_options o;
    struct ledger_sql *sql = calloc(1, sizeof(*sql));
    int rc = FACADE_OPTIONS(&o, options, ledger_sql_options, LEDGER_SQL_OPTIONS_INIT, &err);
    if (rc == 0 && sql == NULL) rc = err_set(&err, ERR_NOMEM, "no memory for SQL");
    const struct sql_options how = {.time_ns = o.time_ns,
                                    .memory = o.memory,
                                    .rows = o.rows,
                                    .no_private = o.no_private != 0,
                                    .no_index = o.no_index != 0,
                                    .proven = o.proven != 0,
                                    .stop = o.stop};
    if (rc == 0) rc = sql_open(ledger, &how, &sql->sql, &err);
    if (rc == 0) {
        *ret = sql;
    } else {
        free(sql);
    }
    return facade_end(rc, &err, error);
}

void ledger_sql_close(struct ledger_sql *sql) {
    if (sql != NULL) {
        sql_close(sql->sql);
        free(sql);
    }
}

struct giving {
    ledger_sql_row *each;
    void *ctx;
};

static int give_row(void *ctx, const struct sql_row *row, struct err *err) {
    const struct giving *g = ctx;
    struct ledger_value *values = calloc(row->n + 1, sizeof(*values));
    if (values == NULL) return err_set(err, ERR_NOMEM, "no memory for a row");
    for (size_t i = 0; i < row->n; i++) {
        facade_value(&row->values[i], &values[i]);
    }
    int rc = g->each(g->ctx, row->names, values, row->n) == 0 ? 0 : err_set(err, ERR_BUSY, "ended by its caller");
    free(values);
    return rc;
}

int ledger_sql_run(struct ledger_sql *sql, const char *statement, ledger_sql_row *each, void *ctx,
                   struct ledger_error *error) {
    struct err err = {0};
    struct giving giving = {each, ctx};
    int rc = facade_utf8(statement, "'statement'", &err);
    if (rc == 0) rc = sql_run(sql->sql, bytes_of(statement), NULL, give_row, &giving, &err);
    return facade_end(rc, &err, error);
}

static int put_line(void *ctx, const struct sql_row *row, struct err *err) {
    struct buf *out = ctx, mp = {.max = FACADE_TEXT_MAX};
    struct obj obj = {0};
    for (size_t i = 0; i < row->n; i++) {
        const struct query_value *v = &row->values[i];
        buf_clear(&mp);
        if (v->type == QUERY_TEXT) {
            obj_str(&obj, row->names[i], v->text);
        } else if (v->type == QUERY_INT) {
            obj_int(&obj, row->names[i], v->int_);
        } else if (v->type == QUERY_BOOL) {
            obj_bool(&obj, row->names[i], v->boolean);
        } else if (v->type == QUERY_REAL && mp_float_ok(v->real)) {
            mp_put_float(&mp, v->real);
            obj_raw(&obj, row->names[i], bytes_of_buf(&mp));
        } else if (v->type == QUERY_OTHER) {
            mp_put_bin(&mp, v->text);
            obj_raw(&obj, row->names[i], bytes_of_buf(&mp));
        } else {
            obj_text(&obj, row->names[i], NULL);
        }
    }
    int rc = buf_check(&mp, "a value", err);
    if (rc == 0) rc = obj_json(&obj, JSON_LINE, out, err);
    if (rc == 0) {
        buf_put_u8(out, '\n');
    }
    buf_done(&mp);
    obj_done(&obj);
    return rc;
}

int ledger_sql_json(struct ledger_sql *sql, const char *statement, char **ret_lines, size_t *ret_n,
                    struct ledger_error *error) {
    struct err err = {0};
    struct buf lines = {.max = FACADE_TEXT_MAX};
    int rc = facade_utf8(statement, "'statement'", &err);
    if (rc == 0) rc = sql_run(sql->sql, bytes_of(statement), NULL, put_line, &lines, &err);
    return facade_end(facade_text(rc, &lines, ret_lines, ret_n, &err), &err, error);
}
