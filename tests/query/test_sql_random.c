/* Random statements, run over the log and over a real SQLite table with the same events: the same rows. */
#include <sqlite3.h>

#include "base/json.h"
#include "query/index/index.h"
#include "query/sql/sql.h"
#include "query/sql/state.h"
#include "tests/query/random_log.h"

#define EVENTS     2500
#define SEGMENT    1024
#define STATEMENTS 200
#define ANSWER_MAX ((size_t)64 << 20)

static sqlite3 *table;
static struct sql *sql;

/* ---- the real table ---- */

static bool holds(enum sql_class class, const struct query_value *v) {
    bool number = v->type == QUERY_INT || v->type == QUERY_REAL;
    return class == SQL_ANY || (class == SQL_NUMBER && number) || (class == SQL_TEXT && v->type == QUERY_TEXT) ||
           (class == SQL_BOOL && v->type == QUERY_BOOL);
}

static void bind_text(sqlite3_stmt *insert, int at, struct bytes text) {
    sqlite3_bind_text(insert, at, (const char *)text.p, (int)text.n, SQLITE_TRANSIENT);
}

static void bind_json(sqlite3_stmt *insert, int at, struct bytes mp) {
    struct buf json;
    buf_init(&json, 1 << 20);
    must(json_from_mp(mp, JSON_LINE, &json, &why));
    bind_text(insert, at, bytes_of_buf(&json));
    buf_done(&json);
}

static void bind(sqlite3_stmt *insert, size_t column, const struct log_event *e) {
    int at = (int)column + 1;
    char text[100];
    struct query_value v = {.type = QUERY_NULL};
    if (sql_column_time(column) != SIZE_MAX) {
        text_time(text, (uint64_t)plain_value(e, sql_column_time(column)).int_);
        v = (struct query_value){.type = QUERY_TEXT, .text = bytes_of(text)};
    } else if (column == SQL_COL_LEAF) {
        text_hex(text, e->leaf, LOG_HASH);
        v = (struct query_value){.type = QUERY_TEXT, .text = bytes_of(text)};
    } else if (column == SQL_COL_BODY) {
        v = (struct query_value){.type = e->body.n == 0 ? QUERY_NULL : QUERY_OTHER, .text = e->body};
    } else if (column != SQL_COL_PRIVATE) {
        v = plain_value(e, sql_column_field(column));
    }
    if (sql_column_class(column) != SQL_MADE && !holds(sql_column_class(column), &v)) {
        v.type = QUERY_NULL;
    }
    switch (v.type) {
    case QUERY_INT:
        sqlite3_bind_int64(insert, at, v.int_);
        break;
    case QUERY_REAL:
        sqlite3_bind_double(insert, at, v.real);
        break;
    case QUERY_BOOL:
        sqlite3_bind_int(insert, at, v.boolean);
        break;
    case QUERY_TEXT:
        bind_text(insert, at, v.text);
        break;
    case QUERY_OTHER:
        bind_json(insert, at, v.text);
        break;
    default:
        sqlite3_bind_null(insert, at);
    }
}

static void must_sqlite(int rc) {
    if (rc != SQLITE_OK && rc != SQLITE_DONE) {
        fail_msg("SQLite: %s", sqlite3_errmsg(table));
    }
}

static void fill_table(void) {
    struct log_reader *reader;
    struct log_event event;
    struct buf text;
    sqlite3_stmt *insert;
    buf_init(&text, 65536);
    must(sql_column_declare(&text));
    for (char *p = (char *)text.p; (p = strstr(p, "HIDDEN")) != NULL;) {
        memset(p, ' ', 6);
    }
    must_sqlite(sqlite3_open(":memory:", &table));
    must_sqlite(sqlite3_exec(table, (const char *)text.p, NULL, NULL, NULL));
    must_sqlite(
        sqlite3_exec(table, "CREATE INDEX s ON events(seq); CREATE INDEX c ON events(cause); CREATE INDEX r ON events(run)",
                     NULL, NULL, NULL));
    buf_clear(&text);
    buf_put_str(&text, "INSERT INTO events VALUES (?");
    for (size_t c = 1; c < sql_column_count(); c++) {
        buf_put_str(&text, ",?");
    }
    buf_put(&text, ")", 2);
    must_sqlite(sqlite3_prepare_v2(table, (const char *)text.p, -1, &insert, NULL));
    buf_done(&text);
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        for (size_t c = 0; c < sql_column_count(); c++) {
            bind(insert, c, &event);
        }
        must_sqlite(sqlite3_step(insert));
        must_sqlite(sqlite3_reset(insert));
    }
    sqlite3_finalize(insert);
    log_reader_close(reader);
}

/* ---- answers ---- */

struct answer {
    struct buf text;   /* all rows */
    size_t from[8192]; /* where each begins */
    size_t n;
};
static struct answer ours, theirs;

static void begin_answer(struct answer *a) {
    a->text.max = ANSWER_MAX;
    buf_clear(&a->text);
    a->n = 0;
}

static void begin_row(struct answer *a) {
    assert_true(a->n + 1 < sizeof(a->from) / sizeof(a->from[0]));
    a->from[a->n++] = a->text.n;
}

static void put_real(struct answer *a, double v) {
    buf_printf(&a->text, "%.12g|", v);
}

static void put_bytes(struct answer *a, struct bytes b) {
    buf_put_bytes(&a->text, b);
    buf_put_str(&a->text, "|");
}

static int our_row(void *ctx, const struct sql_row *row, struct err *err) {
    (void)ctx;
    (void)err;
    begin_row(&ours);
    for (size_t i = 0; i < row->n; i++) {
        const struct query_value *v = &row->values[i];
        if (v->type == QUERY_NULL) {
            buf_put_str(&ours.text, "NULL|");
        } else if (v->type == QUERY_INT) {
            put_real(&ours, (double)v->int_); /* a real column of SQLite stores 5.0 as 5 */
        } else if (v->type == QUERY_REAL) {
            put_real(&ours, v->real);
        } else {
            put_bytes(&ours, v->text);
        }
    }
    return 0;
}

static bool their_rows(const char *statement) {
    sqlite3_stmt *stmt;
    int rc;
    begin_answer(&theirs);
    if (sqlite3_prepare_v2(table, statement, -1, &stmt, NULL) != SQLITE_OK) return false;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        begin_row(&theirs);
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            int type = sqlite3_column_type(stmt, i);
            if (type == SQLITE_NULL) {
                buf_put_str(&theirs.text, "NULL|");
            } else if (type == SQLITE_INTEGER) {
                put_real(&theirs, (double)sqlite3_column_int64(stmt, i));
            } else if (type == SQLITE_FLOAT) {
                put_real(&theirs, sqlite3_column_double(stmt, i));
            } else {
                const uint8_t *p = sqlite3_column_text(stmt, i);
                put_bytes(&theirs, (struct bytes){p, (size_t)sqlite3_column_bytes(stmt, i)});
            }
        }
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE;
}

static const struct answer *sorting;
static struct bytes row_at(const struct answer *a, size_t i, size_t from) {
    size_t end = i + 1 < a->n ? a->from[i + 1] : a->text.n;
    return (struct bytes){a->text.p + from, end - from};
}

static int by_text(const void *a, const void *b) {
    return strcmp((const char *)sorting->text.p + *(const size_t *)a, (const char *)sorting->text.p + *(const size_t *)b);
}

/* Rows become NUL-terminated texts, sorted if the order is open. */
static void close_answer(struct answer *a, bool sort) {
    struct buf text;
    buf_init(&text, ANSWER_MAX);
    for (size_t i = 0; i < a->n; i++) {
        struct bytes row = row_at(a, i, a->from[i]);
        a->from[i] = text.n;
        buf_put_bytes(&text, row);
        buf_put(&text, "", 1);
    }
    must(buf_check(&text, "an answer", &why));
    buf_done(&a->text);
    a->text = text;
    sorting = a;
    if (sort) {
        qsort(a->from, a->n, sizeof(a->from[0]), by_text);
    }
}

static void compare(const char *statement, bool ordered) {
    begin_answer(&ours);
    bool good = their_rows(statement);
    int rc = sql_run(sql, bytes_of(statement), NULL, our_row, NULL, &why);
    if ((rc == 0) != good) {
        fail_msg("%s\nours: %s, SQLite: %s", statement, rc == 0 ? "good" : why.msg, sqlite3_errmsg(table));
    }
    if (ours.n != theirs.n) {
        fail_msg("%s\n%zu rows, not %zu", statement, ours.n, theirs.n);
    }
    close_answer(&ours, !ordered);
    close_answer(&theirs, !ordered);
    for (size_t i = 0; i < ours.n; i++) {
        const char *a = (const char *)ours.text.p + ours.from[i], *b = (const char *)theirs.text.p + theirs.from[i];
        if (strcmp(a, b) != 0) {
            fail_msg("%s\nrow %zu: %s\nnot:   %s", statement, i, a, b);
        }
    }
}

/* ---- random statements ---- */

static void put_literal(struct buf *out, const struct query_value *v, size_t cut) {
    switch (v->type) {
    case QUERY_INT:
        buf_printf(out, "%lld", (long long)v->int_);
        break;
    case QUERY_REAL:
        buf_printf(out, "%.17e", v->real);
        break;
    case QUERY_BOOL:
        buf_printf(out, "%d", v->boolean);
        break;
    case QUERY_TEXT:
        buf_put_u8(out, '\'');
        for (size_t i = 0; i < v->text.n && i < cut; i++) {
            if (v->text.p[i] == '\'') {
                buf_put_u8(out, '\'');
            }
            buf_put_u8(out, v->text.p[i]);
        }
        buf_put_u8(out, '\'');
        break;
    default:
        buf_put_str(out, "NULL");
    }
}

static const struct log_value *random_value(void) {
    return &log_values[random_below(n_log_values)];
}

static size_t column_of_field(size_t field) {
    for (size_t c = 0; c < sql_column_count(); c++) {
        if (sql_column_field(c) == field) return c;
    }
    return 0;
}

static void put_column(struct buf *out, const char *from, size_t column) {
    buf_printf(out, "%s\"%s\"", from, sql_column_name(column));
}

/* 'abc%', 'abc*' and invalid patterns. */
static void put_pattern(struct buf *out, bool like, const struct query_value *v) {
    static const char *const like_tails[] = {"%", "_%", "%a%", ""};
    static const char *const glob_tails[] = {"*", "?*", "[a-z]*", ""};
    char text[300];
    size_t n = v->type == QUERY_TEXT ? (size_t)random_below(v->text.n + 1) : 0, tail = (size_t)random_below(4);
    n = n > 200 ? 200 : n;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t c = v->text.p[i];
        text[m++] = random_below(6) == 0 && c >= 'a' && c <= 'z' ? (char)(c - 32) : (char)c;
    }
    snprintf(text + m, sizeof(text) - m, "%s", like ? like_tails[tail] : glob_tails[tail]);
    put_literal(out, &(struct query_value){.type = QUERY_TEXT, .text = bytes_of(text)}, SIZE_MAX);
}

static void put_at(struct buf *out, const char *from) {
    static const char *const ops[] = {"=", "<", "<=", ">", ">="};
    char at[TEXT_TIME_MAX];
    struct log_head head;
    must(log_head(s.ledger, &head, &why));
    uint64_t before = random_below(4) == 0 ? random_below(400) * 86400000000000 : random_below(3000000000U);
    text_time(at, head.time - random_below(2) * before);
    at[random_below(5) == 0 ? random_below(31) : 30] = '\0';
    buf_printf(out, "%s%sat %s '%s'", from, random_below(2) == 0 ? "happened_" : "", ops[random_below(5)], at);
}

static void put_condition(struct buf *out, const char *from) {
    static const char *const ops[] = {"=", "=", "=", "<", "<=", ">", ">=", "<>", "IS", "=="};
    const struct log_value *v = random_value(), *w = random_value();
    size_t column = column_of_field(random_below(10) == 0 ? w->field : v->field);
    uint64_t what = random_below(20);
    if (what == 0) {
        put_at(out, from);
        return;
    }
    if (what == 1) {
        buf_printf(out, "%sseq BETWEEN %llu AND %llu", from, (unsigned long long)random_below(EVENTS),
                   (unsigned long long)random_below(EVENTS + 100));
        return;
    }
    put_column(out, from, column);
    if (what == 2) {
        buf_put_str(out, random_below(3) == 0 ? " IS NULL" : " IS NOT NULL");
    } else if (what < 6) {
        bool like = random_below(2) == 0;
        buf_put_str(out, like ? " LIKE " : " GLOB ");
        put_pattern(out, like, &v->v);
    } else if (what < 9) {
        buf_put_str(out, random_below(4) == 0 ? " NOT IN (" : " IN (");
        for (uint64_t n = 1 + random_below(4); n > 0; n--) {
            put_literal(out, random_below(2) == 0 ? &v->v : &random_value()->v, 200);
            buf_put_str(out, n > 1 ? ", " : ")");
        }
    } else {
        buf_printf(out, " %s ", ops[random_below(10)]);
        if (random_below(12) == 0) { /* a number as text */
            buf_printf(out, "'%llu'", (unsigned long long)random_below(300));
        } else {
            put_literal(out, &v->v, 200);
        }
        buf_put_str(out, random_below(20) == 0 ? " COLLATE NOCASE" : "");
    }
}

static void put_where(struct buf *out, const char *from) {
    uint64_t n = random_below(4);
    for (uint64_t i = 0; i < n; i++) {
        buf_put_str(out, i > 0 ? (random_below(5) == 0 ? " OR " : " AND ") : "");
        buf_put_str(out, random_below(10) == 0 ? "NOT " : "");
        put_condition(out, from);
    }
    buf_put_str(out, n == 0 ? "1" : "");
}

/* Orders that are total. */
static void put_order(struct buf *out) {
    static const char *const orders[] = {"seq",        "seq DESC",      "time DESC, seq DESC",  "time, seq",
                                         "at, rowid",  "kind, seq",     "seq DESC, kind",       "latency_ms DESC, seq",
                                         "rowid DESC", "happened, seq", "happened_at DESC, seq"};
    buf_printf(out, " ORDER BY %s", orders[random_below(11)]);
    if (random_below(2) == 0) {
        buf_printf(out, " LIMIT %llu", (unsigned long long)random_below(30));
        if (random_below(2) == 0) {
            buf_printf(out, " OFFSET %llu", (unsigned long long)random_below(30));
        }
    }
}

static bool put_statement(struct buf *out) {
    static const char *const columns[] = {"seq, kind, model",
                                          "seq, at, latency_ms, ok",
                                          "seq, body, outcome",
                                          "seq, run, cause, leaf, \"key\"",
                                          "seq, time, digest, error, parent",
                                          "seq, happened, happened_at, kind"};
    static const char *const groups[] = {"kind", "model", "actor, ok", "outcome"};
    bool ordered = false;
    const char *group = groups[random_below(4)];
    switch (random_below(7)) {
    case 0:
        buf_printf(out, "SELECT %s, count(*), min(seq), max(time), count(latency_ms), max(latency_ms) FROM events WHERE ",
                   group);
        put_where(out, "");
        buf_printf(out, " GROUP BY %s", group);
        break;
    case 1: /* an event and its cause */
        buf_put_str(out, "SELECT e.seq, c.seq, c.kind FROM events e JOIN events c ON e.cause = c.seq WHERE ");
        put_where(out, "e.");
        break;
    case 2: /* an event and what it caused */
        buf_put_str(out, "SELECT e.seq, c.seq FROM events c LEFT JOIN events e ON e.cause = c.seq AND e.seq < 2000 WHERE ");
        buf_printf(out, "c.seq >= %llu AND (", (unsigned long long)(EVENTS - 40));
        put_where(out, "c.");
        buf_put_str(out, ")");
        break;
    case 3:
        buf_put_str(out, "SELECT seq, run FROM events WHERE run IN (SELECT run FROM events WHERE ");
        put_where(out, "");
        buf_put_str(out, " LIMIT 4000)");
        break;
    default:
        buf_printf(out, "SELECT %s FROM events WHERE ", columns[random_below(6)]);
        put_where(out, "");
        ordered = random_below(2) == 0;
        if (ordered) {
            put_order(out);
        }
    }
    buf_put(out, "", 1);
    return ordered;
}

static void random_statements_give_the_rows_of_a_real_table(void **state) {
    struct buf text;
    size_t rows = 0, with_rows = 0;
    (void)state;
    buf_init(&text, 65536);
    for (int i = 0; i < STATEMENTS; i++) {
        buf_clear(&text);
        bool ordered = put_statement(&text);
        compare((const char *)text.p, ordered);
        rows += ours.n;
        with_rows += ours.n > 0 ? 1 : 0;
    }
    printf("%d statements, %zu with rows, %zu rows\n", STATEMENTS, with_rows, rows);
    buf_done(&text);
}

/* Most of the log is indexed then, and the rest is not. */
static void the_same_rows_come_through_the_index(void **state) {
    uint64_t covered = 0;
    must(index_build(s.ledger, SEGMENT, UINT64_MAX, NULL, NULL, &why));
    must(query_index_covered(s.ledger, &covered, &why));
    assert_true(covered >= EVENTS / 2 && covered < EVENTS);
    random_statements_give_the_rows_of_a_real_table(state);
}

static int count_wrong(void *ctx, const struct sql_row *row, struct err *err) {
    (void)err;
    if (row->values[0].int_ != 0) {
        fail_msg("%s: %lld events differ", (const char *)ctx, (long long)row->values[0].int_);
    }
    return 0;
}

static void body_get_gives_what_stands_in_the_json(void **state) {
    static const char *const names[] = {"latency_ms", "model", "ok", "note", "session", "error", "no_such", "span", "blob"};
    char text[500];
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        snprintf(text, sizeof(text),
                 "SELECT count(*) FROM events WHERE body_get(seq, '%s') IS NOT json_extract(body, '$.%s')", names[i],
                 names[i]);
        must(sql_run(sql, bytes_of(text), NULL, count_wrong, text, &why));
        snprintf(text, sizeof(text),
                 "SELECT count(*) FROM (SELECT seq, body FROM events ORDER BY kind DESC, seq LIMIT 500) "
                 "WHERE body_get(seq, '%s', 'k') IS NOT json_extract(body, '$.%s.k')",
                 names[i], names[i]);
        must(sql_run(sql, bytes_of(text), NULL, count_wrong, text, &why));
    }
}

static int start(void **state) {
    struct sql_options options = {.no_index = false};
    (void)state;
    random_start();
    scratch_in_memory();
    scratch_new(&s, (uint64_t)256 << 20);
    log_fill(s.ledger, EVENTS);
    log_sample(s.ledger);
    fill_table();
    must(sql_open(s.ledger, &options, &sql, &why));
    return 0;
}

static int finish(void **state) {
    (void)state;
    sql_close(sql);
    sqlite3_close(table);
    buf_done(&ours.text);
    buf_done(&theirs.text);
    buf_done(&log_texts);
    scratch_done(&s);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_statements_give_the_rows_of_a_real_table),
        cmocka_unit_test(the_same_rows_come_through_the_index),
        cmocka_unit_test(body_get_gives_what_stands_in_the_json),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
