/* Conditions on their way from SQLite to the index.
 *
 * The cost of a plan is a guess from the kind of condition; it only has to rank plans: a seq is a look-up, a run is a
 * handful of events, a kind is a part of the log. Events beyond the index are read in full.
 *
 * Values are converted where SQLite would convert them too. A value that does not fit leaves the condition to SQLite,
 * which checks every row that it gets. */
#include "query/sql/conditions.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <sqlite3ext.h>

#include "base/text.h"
#include "ledger/kinds/kind.h"

#define SEGMENT_EVENTS 65536.0
#define POINT_COST     40.0 /* of unpacking a group, in scanned events */
#define LIST_GUESS     4.0  /* values of an IN */
#define VALUES_MAX     50000
#define TEXTS_MAX      ((size_t)64 << 20)
#define TIME_END       ((uint64_t)1 << 63)

/* ---- worth ---- */

int sql_guess_begin(struct sql_guess *guess, struct sql_state *state, struct err *err) {
    struct log_head head;
    uint64_t covered = 0;
    int rc = sql_state_ledger(state, err);
    if (rc == 0) rc = log_head(state->ledger, &head, err);
    if (rc != 0) return rc;
    if (state->no_index || query_index_covered(state->ledger, &covered, NULL) != 0 || covered > head.size) {
        covered = 0;
    }
    *guess =
        (struct sql_guess){.events = (double)head.size, .unindexed = (double)(head.size - covered), .span = 1, .rows = 1};
    return 0;
}

static double share_of(size_t column, double events) {
    double few = events < 1 ? 1 : 1 / events;
    switch (column) {
    case SQL_COL_KEY:
        return few;
    case SQL_COL_CAUSE:
        return 3 * few;
    case SQL_COL_RUN:
        return 20 * few;
    case SQL_COL_SUBJECT:
        return 200 * few;
    default:
        break;
    }
    return sql_column_class(column) == SQL_BOOL ? 0.5 : sql_column_class(column) == SQL_NUMBER ? 0.01 : 0.05;
}

void sql_guess_condition(struct sql_guess *guess, size_t column, char op) {
    bool equal = op == SQL_PUSH_EQ || op == SQL_PUSH_IN;
    double share = equal ? share_of(column, guess->events) : op == SQL_PUSH_GLOB || op == SQL_PUSH_LIKE ? 0.1 : 0.4;
    share *= op == SQL_PUSH_IN ? LIST_GUESS : 1;
    share = op == SQL_PUSH_THERE ? 0.5 : share;
    share = share > 1 ? 1 : share;
    if (column == SQL_COL_SEQ || column == SQL_COL_TIME || column == SQL_COL_AT) {
        guess->span *= !equal ? share : guess->events < 1 ? 1 : (op == SQL_PUSH_IN ? LIST_GUESS : 1) / guess->events;
        guess->seq = guess->seq || (column == SQL_COL_SEQ && op == SQL_PUSH_EQ);
    } else {
        guess->rows *= share;
        guess->indexed = true;
    }
}

void sql_guess_end(const struct sql_guess *guess, double *ret_cost, long long *ret_rows) {
    double rows = guess->events * guess->span * guess->rows, scanned = guess->events * guess->span;
    rows = rows < 1 ? 1 : rows;
    if (guess->indexed) {
        double segments = guess->span * (guess->events - guess->unindexed) / SEGMENT_EVENTS;
        double looked_up = 4 * segments + 2 * rows + guess->span * guess->unindexed;
        scanned = looked_up < scanned ? looked_up : scanned;
    }
    *ret_cost = POINT_COST + scanned;
    *ret_rows = (long long)rows;
}

/* ---- values ---- */

enum fit {
    FITS,
    FITS_NOTHING, /* compared with NULL: no row */
    FITS_NOT      /* left to SQLite */
};

/* Texts are offsets into c->texts until the end, because it may move. */
static void put_value(struct sql_conditions *c, struct query_value v) {
    if (v.type == QUERY_TEXT) {
        size_t at = c->texts.n;
        buf_put_bytes(&c->texts, v.text);
        v.text.p = (const uint8_t *)(uintptr_t)at;
    }
    buf_put(&c->values, &v, sizeof(v));
}

static size_t n_values(const struct sql_conditions *c) {
    return c->values.n / sizeof(struct query_value);
}

static void begin_term(struct sql_conditions *c, size_t field, enum query_op op) {
    c->terms[c->n] = (struct query_term){.field = field, .op = op};
    c->first[c->n++] = n_values(c);
}

static void drop_term(struct sql_conditions *c) {
    c->values.n = c->first[--c->n] * sizeof(struct query_value);
    c->complete = false;
}

/* As a number, if it is one or a text that SQLite would convert to one. */
static int number_of(sqlite3_value *value, struct query_value *ret) {
    int type = sqlite3_value_type(value);
    sqlite3_value *copy = NULL;
    if (type == SQLITE_TEXT) { /* converting changes the value, which may be shared */
        copy = sqlite3_value_dup(value);
        value = copy;
        type = copy == NULL ? SQLITE_TEXT : sqlite3_value_numeric_type(copy);
    }
    if (type == SQLITE_INTEGER) {
        *ret = (struct query_value){.type = QUERY_INT, .int_ = sqlite3_value_int64(value)};
    } else if (type == SQLITE_FLOAT) {
        *ret = (struct query_value){.type = QUERY_REAL, .real = sqlite3_value_double(value)};
    }
    sqlite3_value_free(copy);
    return type;
}

static struct bytes text_of(sqlite3_value *value) {
    const uint8_t *p = sqlite3_value_text(value);
    return (struct bytes){p, p == NULL ? 0 : (size_t)sqlite3_value_bytes(value)};
}

static void look_at_kind(struct sql_state *state, struct bytes kind) {
    if (kind_find(kind) != NULL || kind_is_custom(kind)) return;
    const char *near = kind_suggest(kind);
    sql_state_note(state, "the catalog has no kind '%.*s'%s%s%s", kind.n < 100 ? (int)kind.n : 100, (const char *)kind.p,
                   near == NULL ? "" : "; did you mean '", near == NULL ? "" : near, near == NULL ? "" : "'?");
}

/* `exact`: the column must be equal to it. */
static enum fit fit_value(struct sql_state *state, size_t column, sqlite3_value *value, bool exact,
                          struct query_value *ret) {
    int type = sqlite3_value_type(value);
    enum sql_class class = sql_column_class(column);
    struct bytes text;
    if (type == SQLITE_NULL) return FITS_NOTHING;
    if (class == SQL_NUMBER || class == SQL_BOOL) {
        int is = number_of(value, ret);
        if (is == SQLITE_TEXT) {
            text = text_of(value);
            sql_state_note(state, "column '%s' holds numbers and is compared with the text '%.*s'%s",
                           sql_column_name(column), text.n < 60 ? (int)text.n : 60, (const char *)text.p,
                           column == SQL_COL_TIME       ? "; compare with ts('...') or ago('2h'), or use the column 'at'"
                           : column == SQL_COL_HAPPENED ? "; compare with ts('...') or ago('2h'), or use 'happened_at'"
                                                        : "");
        }
        if (is != SQLITE_INTEGER && (is != SQLITE_FLOAT || class == SQL_BOOL)) return FITS_NOT;
        if (class == SQL_BOOL) {
            int64_t v = ret->int_;
            *ret = (struct query_value){.type = QUERY_BOOL, .boolean = v == 1};
            return v == 0 || v == 1 ? FITS : FITS_NOT;
        }
        return FITS;
    }
    if (type != SQLITE_TEXT || (text = text_of(value)).p == NULL) return FITS_NOT;
    if (class == SQL_ANY && text.n > 0 && (text.p[0] == '[' || text.p[0] == '{')) {
        return FITS_NOT; /* maps and arrays look like this in SQL */
    }
    if (column == SQL_COL_KIND && exact) {
        look_at_kind(state, text);
    }
    *ret = (struct query_value){.type = QUERY_TEXT, .text = text};
    return FITS;
}

static void settle(struct sql_conditions *c, enum fit fit, struct query_value v) {
    if (fit == FITS) {
        put_value(c, v);
    } else {
        drop_term(c);
        c->never = c->never || fit == FITS_NOTHING;
    }
}

static void take_list(struct sql_conditions *c, struct sql_state *state, size_t column, sqlite3_value *list) {
    sqlite3_value *value = NULL;
    int rc = sql_column_time(column) != SIZE_MAX ? SQLITE_MISMATCH : sqlite3_vtab_in_first(list, &value);
    begin_term(c, sql_column_field(column), QUERY_EQ);
    size_t first = n_values(c);
    for (; rc == SQLITE_OK && value != NULL; rc = sqlite3_vtab_in_next(list, &value)) {
        struct query_value v;
        enum fit fit = fit_value(state, column, value, true, &v);
        if (fit == FITS) {
            put_value(c, v);
        }
        if (fit == FITS_NOT || n_values(c) - first > VALUES_MAX) {
            rc = SQLITE_MISMATCH;
            break;
        }
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        drop_term(c);
    } else if (n_values(c) == first) {
        settle(c, FITS_NOTHING, (struct query_value){0});
    }
}

/* The first time whose text is not below `text` (`after`: is above it); TIME_END: none. */
static uint64_t time_bound(struct bytes text, bool after) {
    uint64_t lo = 0, hi = TIME_END;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        char at[TEXT_TIME_MAX];
        text_time(at, mid);
        int cmp = bytes_cmp(bytes_of(at), text);
        if (after ? cmp > 0 : cmp >= 0) {
            hi = mid;
        } else {
            lo = mid + 1;
        }
    }
    return lo;
}

static void take_bound(struct sql_conditions *c, size_t field, enum query_op op, uint64_t bound) {
    if (bound == TIME_END) {
        c->never = c->never || op == QUERY_GE; /* all are below it */
        return;
    }
    begin_term(c, field, op);
    put_value(c, (struct query_value){.type = QUERY_INT, .int_ = (int64_t)bound});
}

/* A condition on a time as text becomes one on the time. */
static void take_at(struct sql_conditions *c, size_t field, char op, sqlite3_value *value) {
    int type = sqlite3_value_type(value); /* before it is read as text, which changes the type */
    struct bytes text = type == SQLITE_TEXT ? text_of(value) : (struct bytes){NULL, 0};
    if (text.p == NULL) {
        c->never = c->never || type == SQLITE_NULL;
        c->complete = false;
        return;
    }
    if (op == SQL_PUSH_GE || op == SQL_PUSH_GT || op == SQL_PUSH_EQ) {
        take_bound(c, field, QUERY_GE, time_bound(text, op == SQL_PUSH_GT));
    }
    if (op == SQL_PUSH_LE || op == SQL_PUSH_LT || op == SQL_PUSH_EQ) {
        take_bound(c, field, QUERY_LT, time_bound(text, op != SQL_PUSH_LT));
    }
}

static bool is_letter(uint8_t c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The prefix that all matches share. LIKE ignores case, so the prefix ends before the first letter, except for kinds,
 * which have no capitals. It also ends before anything that is not ASCII, because an extension may change what is equal
 * there. For SQLite a pattern ends at a NUL, and broken UTF-8 stands for other characters. */
static void take_pattern(struct sql_conditions *c, size_t column, char op, sqlite3_value *value) {
    char prefix[256];
    size_t n = 0;
    int type = sqlite3_value_type(value);
    struct bytes pattern = type == SQLITE_TEXT ? text_of(value) : (struct bytes){NULL, 0};
    c->complete = false;
    if (pattern.p == NULL) {
        c->never = c->never || type == SQLITE_NULL;
        return;
    }
    pattern.n = text_utf8_valid(pattern.p, pattern.n);
    for (; n < pattern.n && n < sizeof(prefix) && pattern.p[n] != '\0'; n++) {
        uint8_t p = pattern.p[n];
        if (op == SQL_PUSH_GLOB ? p == '*' || p == '?' || p == '[' : p == '%' || p == '_' || p >= 0x80) {
            break;
        }
        if (op == SQL_PUSH_LIKE && is_letter(p)) {
            if (column != SQL_COL_KIND) break;
            p |= 0x20;
        }
        prefix[n] = (char)p;
    }
    if (n > 0) {
        begin_term(c, sql_column_field(column), QUERY_PREFIX);
        put_value(c, (struct query_value){.type = QUERY_TEXT, .text = {(const uint8_t *)prefix, n}});
    }
}

static void take_argument(struct sql_conditions *c, struct sql_state *state, char op, size_t column, sqlite3_value *value) {
    static const struct {
        char push;
        enum query_op op;
    } ops[] = {{SQL_PUSH_EQ, QUERY_EQ},
               {SQL_PUSH_LT, QUERY_LT},
               {SQL_PUSH_LE, QUERY_LE},
               {SQL_PUSH_GT, QUERY_GT},
               {SQL_PUSH_GE, QUERY_GE}};
    struct query_value v = {0};
    size_t i = 0;
    while (ops[i].push != op) {
        i++;
    }
    begin_term(c, sql_column_field(column), ops[i].op);
    settle(c, fit_value(state, column, value, ops[i].op == QUERY_EQ, &v), v);
}

/* Any value of the column's type. */
static void take_there(struct sql_conditions *c, size_t column) {
    enum sql_class class = sql_column_class(column);
    begin_term(c, sql_column_field(column), class == SQL_BOOL ? QUERY_EQ : QUERY_GE);
    if (class == SQL_BOOL) {
        put_value(c, (struct query_value){.type = QUERY_BOOL, .boolean = false});
        put_value(c, (struct query_value){.type = QUERY_BOOL, .boolean = true});
    } else if (class == SQL_TEXT) {
        put_value(c, (struct query_value){.type = QUERY_TEXT, .text = {NULL, 0}});
    } else {
        put_value(c, (struct query_value){.type = QUERY_REAL, .real = -INFINITY});
    }
}

static int resolve(struct sql_conditions *c) {
    struct query_value *values = (struct query_value *)(void *)c->values.p;
    size_t n = n_values(c);
    if (c->values.fail != 0 || c->texts.fail != 0) return SQLITE_NOMEM;
    for (size_t i = 0; i < n; i++) {
        if (values[i].type == QUERY_TEXT) {
            values[i].text.p = values[i].text.n == 0 ? (const uint8_t *)"" : c->texts.p + (uintptr_t)values[i].text.p;
        }
    }
    for (size_t t = 0; t < c->n; t++) {
        c->terms[t].values = values + c->first[t];
        c->terms[t].n_values = (t + 1 < c->n ? c->first[t + 1] : n) - c->first[t];
    }
    return SQLITE_OK;
}

int sql_conditions_init(struct sql_conditions *c, struct sql_state *state, const char *pushed, int n,
                        sqlite3_value **args) {
    *c = (struct sql_conditions){.complete = true};
    buf_init(&c->values, 2 * VALUES_MAX * SQL_PUSH_MAX * sizeof(struct query_value));
    buf_init(&c->texts, TEXTS_MAX);
    for (int i = 0; i < n; i++) {
        char op = *pushed++, *after;
        size_t column = strtoul(pushed, &after, 10);
        pushed = after + 1;
        if (op == SQL_PUSH_IN) {
            take_list(c, state, column, args[i]);
        } else if (op == SQL_PUSH_THERE) {
            take_there(c, column);
        } else if (op == SQL_PUSH_LIKE || op == SQL_PUSH_GLOB) {
            take_pattern(c, column, op, args[i]);
        } else if (sql_column_time(column) != SIZE_MAX) {
            take_at(c, sql_column_time(column), op, args[i]);
        } else {
            take_argument(c, state, op, column, args[i]);
        }
    }
    return resolve(c);
}

void sql_conditions_done(struct sql_conditions *c) {
    buf_done(&c->values);
    buf_done(&c->texts);
}
