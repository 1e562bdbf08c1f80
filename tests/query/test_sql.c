/* Statements over the log: what is allowed, what is reported when it is not, their limits, and damage that they meet. */
#include "query/sql/sql.h"
#include "tests/query/random_log.h"

#define EVENTS 1200

static struct sql *sql;

static int start(void **state) {
    (void)state;
    random_start();
    scratch_in_memory();
    scratch_new(&s, (uint64_t)256 << 20);
    log_fill(s.ledger, EVENTS);
    must(sql_open(s.ledger, NULL, &sql, &why));
    return 0;
}

static int finish(void **state) {
    (void)state;
    sql_close(sql);
    scratch_done(&s);
    return 0;
}

/* ---- answers as text ---- */

static struct buf answer;
static size_t rows;

static int put_names(void *ctx, const struct sql_row *row, struct err *err) {
    (void)ctx;
    (void)err;
    for (size_t i = 0; i < row->n; i++) {
        buf_printf(&answer, "%s%s", i == 0 ? "" : "|", row->names[i]);
    }
    return buf_put_str(&answer, "\n");
}

static int put_row(void *ctx, const struct sql_row *row, struct err *err) {
    (void)ctx;
    (void)err;
    rows++;
    for (size_t i = 0; i < row->n; i++) {
        const struct query_value *v = &row->values[i];
        buf_put_str(&answer, i == 0 ? "" : "|");
        if (v->type == QUERY_INT) {
            buf_printf(&answer, "%lld", (long long)v->int_);
        } else if (v->type == QUERY_REAL) {
            buf_printf(&answer, "%.15g", v->real);
        } else if (v->type == QUERY_NULL) {
            buf_put_str(&answer, "NULL");
        } else {
            buf_put_bytes(&answer, v->text);
        }
    }
    return buf_put_str(&answer, "\n");
}

static int ask(struct sql *of, const char *statement) {
    answer.max = (size_t)16 << 20;
    buf_clear(&answer);
    rows = 0;
    why.msg[0] = '\0';
    int rc = sql_run(of, bytes_of(statement), put_names, put_row, NULL, &why);
    buf_put(&answer, "", 1);
    return rc;
}

static void gives(struct sql *of, const char *statement, const char *expected) {
    if (ask(of, statement) != 0) {
        fail_msg("%s: %s", statement, why.msg);
    }
    if (strcmp((const char *)answer.p, expected) != 0) {
        fail_msg("%s gives\n%s", statement, (const char *)answer.p);
    }
}

static void refuses(struct sql *of, const char *statement, int code, const char *words) {
    int rc = ask(of, statement);
    if (rc != code || strstr(why.msg, words) == NULL) {
        fail_msg("%s: %s '%s', not %s '%s'", statement, err_name(rc), why.msg, err_name(code), words);
    }
}

/* ---- reading ---- */

static void a_statement_gives_names_and_rows(void **state) {
    (void)state;
    gives(sql, "SELECT seq, kind, schema FROM events WHERE seq = 0", "seq|kind|schema\n0|ledger.created|1\n");
    gives(sql, "SELECT count(*) AS n FROM events;", "n\n1201\n");
    gives(sql, "SELECT seq FROM events WHERE seq = -1 OR seq = 1e300 -- nothing\n;", "seq\n");
    gives(sql, "SELECT 1 WHERE 0", "1\n");
    gives(sql, "SELECT iso(ts('2026-11-01')), age(ago('2h')), ts('2026-11-01T01:00:00+01:00') = ts('2026-11-01')",
          "iso(ts('2026-11-01'))|age(ago('2h'))|ts('2026-11-01T01:00:00+01:00') = ts('2026-11-01')\n"
          "2026-11-01T00:00:00.000000000Z|2h|1\n");
    gives(sql, "SELECT min(at = iso(time)), min(time <= ts('now')) FROM events",
          "min(at = iso(time))|min(time <= ts('now'))\n1|1\n");
    gives(sql, "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4) SELECT sum(i) s FROM n", "s\n10\n");
    gives(sql, "SELECT value FROM json_each('[1,2]')", "value\n1\n2\n");
}

static void quantiles_lie_between_the_two_values_around_their_rank(void **state) {
    (void)state;
    gives(sql,
          "SELECT quantile(value, 0) a, quantile(value, 0.25) b, median(value) c, p90(value) d, quantile(value, 1) e "
          "FROM json_each('[40, 10, 30, 20, null]')",
          "a|b|c|d|e\n10|17.5|25|37|40\n");
    gives(sql, "SELECT median(value) FROM json_each('[]')", "median(value)\nNULL\n");
    gives(sql, "SELECT median(value) FROM json_each('[7]')", "median(value)\n7\n");
    gives(sql,
          "SELECT p99(value) - 99 FROM (WITH n(value) AS (SELECT 0 UNION ALL SELECT value + 1 FROM n WHERE value < 100) "
          "SELECT value FROM n ORDER BY value * 37 % 101)",
          "p99(value) - 99\n0\n");
    refuses(sql, "SELECT quantile(seq, 95) FROM events", ERR_INVALID, "one number from 0 to 1");
    refuses(sql, "SELECT quantile(seq, seq / 5000.0) FROM events", ERR_INVALID, "one number from 0 to 1");
    refuses(sql, "SELECT median(kind) FROM events", ERR_INVALID, "numbers");
}

static void private_fields_are_json_and_can_be_withheld(void **state) {
    struct sql_options options = {.no_private = true};
    struct sql *withheld;
    (void)state;
    must(ask(sql, "SELECT count(*), min(json_type(private, '$.detail')) FROM events WHERE kind = 'run.step'"));
    assert_non_null(strstr((const char *)answer.p, "|text\n"));
    must(sql_open(s.ledger, &options, &withheld, &why));
    gives(withheld, "SELECT count(private) n FROM events", "n\n0\n");
    sql_close(withheld);
}

static void star_has_no_private_fields(void **state) {
    (void)state;
    must(ask(sql, "SELECT * FROM events WHERE seq = 1"));
    assert_non_null(
        strstr((const char *)answer.p,
               "seq|time|at|happened|happened_at|kind|schema|subject|actor|source|grade|run|cause|key|leaf|body\n"));
}

/* ---- errors are reported ---- */

static void a_wrong_name_is_told_with_its_place_and_the_nearest(void **state) {
    (void)state;
    refuses(sql, "SELECT seq, modle FROM events", ERR_INVALID, "at byte 12: no such column: modle; did you mean 'model'?");
    refuses(sql, "SELECT e.boddy FROM events e", ERR_INVALID, "did you mean 'body'?");
    refuses(sql, "SELECT seq FROM event", ERR_INVALID, "at byte 16: no such table: event; did you mean 'events'?");
    refuses(sql, "SELECT quantil(seq, 0.5) FROM events", ERR_INVALID, "did you mean 'quantile'?");
    refuses(sql, "SELECT cuont(seq) FROM events", ERR_INVALID, "did you mean 'count'?");
    refuses(sql, "SELECT seq FROM events WHERE kind = \"run.started\"", ERR_INVALID,
            "text goes in single quotes: 'run.started'");
    refuses(sql, "SELECT seq FORM events WHERE", ERR_INVALID, "at byte 16: near \"events\": syntax error");
    refuses(sql, "SELECT ts('yesterday')", ERR_INVALID, "expected a date (2026-11-21)");
    refuses(sql, "SELECT ago('3 days')", ERR_INVALID, "expected for example 90s, 15m, 2h, 7d, 2w");
    refuses(sql, "SELECT body_get('x', 'y')", ERR_INVALID, "the seq of an event");
    refuses(sql, "SELECT body_get(1)", ERR_INVALID, "body_get takes a seq and names");
}

static void a_condition_that_finds_nothing_leaves_a_note(void **state) {
    (void)state;
    gives(sql, "SELECT seq FROM events WHERE kind = 'run.startd'", "seq\n");
    assert_string_equal(sql_note(sql), "the catalog has no kind 'run.startd'; did you mean 'run.started'?");
    gives(sql, "SELECT seq FROM events WHERE time > '2026-11-01' AND seq < 0", "seq\n");
    assert_non_null(strstr(sql_note(sql), "compare with ts('...')"));
    gives(sql, "SELECT count(*) > 0 FROM events WHERE kind IN ('run.started', 'x.acme.note')", "count(*) > 0\n1\n");
    assert_null(sql_note(sql));
    gives(sql, "SELECT count(*) FROM events WHERE kind GLOB 'x.none*' OR kind > 'zz'", "count(*)\n0\n");
    assert_null(sql_note(sql)); /* these are no kinds */
}

static void one_statement_at_a_time_is_run(void **state) {
    (void)state;
    refuses(sql, "", ERR_INVALID, "there is no statement");
    refuses(sql, " -- words\n ; ", ERR_INVALID, "there is no statement");
    refuses(sql, "SELECT 1; SELECT 2", ERR_INVALID, "at byte 9: a second statement begins");
    refuses(sql, "SELECT 1; nonsense", ERR_INVALID, "a second statement begins");
    refuses(sql, "SELECT ?1", ERR_INVALID, "the parameter '?1' has no value here");
    must_fail(sql_run(sql, (struct bytes){(const uint8_t *)"SELECT\0 1", 9}, NULL, put_row, NULL, &why), ERR_INVALID,
              "at byte 6: a NUL byte");
    gives(sql, "SELECT 1; -- and no more\n ; /* nothing */", "1\n1\n");
}

static void whatever_does_more_than_read_is_refused(void **state) {
    static const char *const statements[] = {
        "INSERT INTO events(seq) VALUES (1)",
        "UPDATE events SET kind = 'x'",
        "DELETE FROM events",
        "CREATE TABLE t(a)",
        "CREATE TEMP TABLE t(a)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE VIRTUAL TABLE t USING fts5(a)",
        "CREATE TRIGGER t AFTER INSERT ON sqlite_master BEGIN SELECT 1; END",
        "DROP TABLE events",
        "ALTER TABLE events RENAME TO e",
        "ATTACH 'x.db' AS x",
        "DETACH main",
        "PRAGMA query_only = 0",
        "PRAGMA table_info(events)",
        "PRAGMA table_xinfo(events)",
        "SELECT * FROM pragma_table_info('events')",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM dbstat",
        "SELECT * FROM sqlite_stmt",
        "SELECT load_extension('x')",
        "SELECT writefile('x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT edit('x')",
        "SELECT fts3_tokenizer('simple')",
        "SELECT sqlite_compileoption_get(1)",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT a",
        "VACUUM INTO 'x.db'",
        "REINDEX",
        "ANALYZE",
        "REPLACE INTO sqlite_master VALUES (1, 2, 3, 4, 5)",
        "EXPLAIN ATTACH 'x.db' AS x",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        refuses(sql, statements[i], ERR_INVALID, "");
        assert_int_equal(access("x.db", F_OK), -1);
    }
    refuses(sql, "ATTACH 'x.db' AS x", ERR_INVALID, "ATTACH is refused: a statement may only read");
    refuses(sql, "PRAGMA user_version", ERR_INVALID, "PRAGMA is refused");
    refuses(sql, "SELECT load_extension('x')", ERR_INVALID, "the function 'load_extension' is refused");
    refuses(sql, "SELECT * FROM pragma_database_list", ERR_INVALID, "reading another table, is refused");
    gives(sql, "SELECT name FROM sqlite_master", "name\n");
}

static void the_columns_of_a_table_can_be_listed(void **state) {
    (void)state;
    gives(sql, "SELECT name FROM pragma_table_xinfo('events') LIMIT 3", "name\nseq\ntime\nat\n");
    gives(sql, "SELECT count(*) n FROM pragma_table_xinfo('events') WHERE name IN ('model', 'private', 'body')", "n\n3\n");
    refuses(sql, "PRAGMA table_xinfo(events)", ERR_INVALID, "is refused");
}

/* ---- limits ---- */

static struct sql *limited(struct sql_options options) {
    struct sql *ret = NULL;
    must(sql_open(s.ledger, &options, &ret, &why));
    return ret;
}

static const char endless[] = "WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

static void a_statement_that_takes_too_long_is_ended(void **state) {
    struct sql *q = limited((struct sql_options){.time_ns = 200000000});
    (void)state;
    refuses(q, endless, ERR_LIMIT, "the statement takes longer than its limit of 0.2 s");
    refuses(q, "SELECT count(*) FROM events a, events b, events c WHERE a.seq + b.seq = c.seq + 1", ERR_LIMIT, "0.2 s");
    sql_close(q);
    q = limited((struct sql_options){.time_ns = 1}); /* over before the first row */
    refuses(q, "SELECT count(*) FROM events a, events b, events c", ERR_LIMIT, "takes longer");
    sql_close(q);
    q = limited((struct sql_options){.time_ns = UINT64_MAX});
    gives(q, "SELECT 1", "1\n1\n");
    sql_close(q);
}

static void a_statement_that_gives_too_many_rows_is_ended(void **state) {
    struct sql *q = limited((struct sql_options){.rows = 5});
    (void)state;
    refuses(q, "SELECT a.seq FROM events a, events b", ERR_LIMIT, "more rows than its limit of 5");
    assert_int_equal(rows, 5);
    gives(q, "SELECT count(*) FROM (SELECT seq FROM events LIMIT 5)", "count(*)\n5\n");
    must(ask(q, "SELECT seq FROM events LIMIT 5"));
    sql_close(q);
}

static void a_statement_that_needs_too_much_memory_is_ended(void **state) {
    struct sql *q = limited((struct sql_options){.memory = (uint64_t)4 << 20});
    (void)state;
    refuses(q, "SELECT length(group_concat(a.leaf || b.leaf)) FROM events a, events b", ERR_LIMIT,
            "its limit of 4 MiB of memory");
    refuses(q, "SELECT length(zeroblob(100000000) || 'x')", ERR_LIMIT, "4 MiB of memory");
    refuses(q, "SELECT median(a.seq) FROM events a, events b", ERR_LIMIT, "4 MiB of memory");
    /* SQLite reports these only at the end, which is never reached */
    refuses(q, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT group_concat(i) FROM n", ERR_LIMIT,
            "4 MiB of memory");
    refuses(q, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT json_group_array(i) FROM n",
            ERR_LIMIT, "4 MiB of memory");
    gives(q, "SELECT length(group_concat(seq)) > 0 FROM events", "length(group_concat(seq)) > 0\n1\n"); /* and continues */
    gives(q, "SELECT count(*) n FROM events", "n\n1201\n");
    sql_close(q);
    gives(sql, "SELECT length(zeroblob(100000000)) n", "n\n100000000\n"); /* the limit is that of the statement */
}

static int stop_at_three(void *ctx, const struct sql_row *row, struct err *err) {
    (void)row;
    (void)err;
    if (++rows == 3) {
        *(volatile int *)ctx = 1;
    }
    return 0;
}

static void a_set_stop_flag_ends_a_statement(void **state) {
    volatile int stop = 1;
    struct sql *q = limited((struct sql_options){.stop = &stop});
    (void)state;
    refuses(q, endless, ERR_BUSY, "interrupted");
    stop = 0;
    rows = 0;
    must_fail(sql_run(q, bytes_of("SELECT seq FROM events"), NULL, stop_at_three, (void *)(uintptr_t)&stop, &why), ERR_BUSY,
              "interrupted");
    assert_int_equal(rows, 3);
    stop = 0;
    gives(q, "SELECT 1", "1\n1\n");
    sql_close(q);
    stop = 1;
    q = limited((struct sql_options){.stop = &stop, .time_ns = UINT64_MAX}); /* through the watch */
    refuses(q, endless, ERR_BUSY, "interrupted");
    sql_close(q);
}

static int end_it(void *ctx, const struct sql_row *row, struct err *err) {
    (void)ctx;
    (void)row;
    return err_set(err, ERR_CONFLICT, "enough");
}

static void a_row_function_ends_the_statement_with_its_answer(void **state) {
    (void)state;
    must_fail(sql_run(sql, bytes_of("SELECT seq FROM events"), NULL, end_it, NULL, &why), ERR_CONFLICT, "enough");
    must_fail(sql_run(sql, bytes_of("SELECT seq FROM events"), end_it, put_row, NULL, &why), ERR_CONFLICT, "enough");
    gives(sql, "SELECT 1", "1\n1\n");
}

/* ---- one tree size, and the cost ---- */

static int append_in_between(void *ctx, const struct sql_row *row, struct err *err) {
    (void)err;
    if (rows++ == 0) {
        log_fill(s.ledger, 300);
    }
    assert_true(row->values[1].int_ == *(const int64_t *)ctx); /* the other cursor is reopened for each row */
    return 0;
}

static void a_statement_sees_one_size_while_others_append(void **state) {
    int64_t size = (int64_t)scratch_size(&s);
    (void)state;
    rows = 0;
    must(sql_run(sql,
                 bytes_of("SELECT seq, (SELECT max(seq) + 1 FROM events b WHERE b.seq >= max(a.seq, 1100)) FROM events a"),
                 NULL, append_in_between, &size, &why));
    assert_int_equal(rows, size);
    assert_true(scratch_size(&s) >= (uint64_t)size + 300);
    must(ask(sql, "SELECT count(*) FROM events"));
    assert_true(strtoll((const char *)answer.p + strlen("count(*)\n"), NULL, 10) >= size + 300);
}

static void what_a_statement_cost_is_known(void **state) {
    struct query_cost cost;
    (void)state;
    must(ask(sql, "SELECT seq FROM events WHERE seq < 300 AND kind GLOB '*'"));
    sql_cost(sql, &cost);
    assert_int_equal(cost.rows, 300);
    assert_int_equal(cost.size, scratch_size(&s));
    assert_int_equal(cost.bundles, 2);
    assert_true(cost.events >= 300);
    assert_true(cost.plan[0] != '\0');
    must(ask(sql, "SELECT kind FROM events WHERE seq = 700"));
    sql_cost(sql, &cost);
    assert_int_equal(cost.events, 1);
}

/* ---- damage ---- */

/* Changes one byte of a record in the evidence. */
static void damage(enum core_table in, uint64_t key, size_t at) {
    struct db_txn *txn;
    struct bytes record;
    struct buf copy;
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_get_u64(txn, in, key, &record, &why));
    assert_true(at < record.n);
    buf_init(&copy, SIZE_MAX);
    buf_put_bytes(&copy, record);
    copy.p[at] ^= 0x01;
    must(db_put_u64(txn, in, key, bytes_of_buf(&copy), DB_PUT, &why));
    must(db_commit(txn, &why));
    buf_done(&copy);
}

static void damage_gives(const char *statement, const char *expected, const char *words) {
    int rc = ask(sql, statement);
    if (rc != ERR_CORRUPT && rc != ERR_TAMPERED) {
        fail_msg("%s: %s '%s'", statement, err_name(rc), why.msg);
    }
    if (strstr(why.msg, words) == NULL || strstr(why.msg, "events 256..511") == NULL) {
        fail_msg("%s: '%s' lacks '%s'", statement, why.msg, words);
    }
    if (strcmp((const char *)answer.p, expected) != 0) {
        fail_msg("%s gives\n%s", statement, (const char *)answer.p);
    }
}

static void what_can_be_read_is_given_before_the_damage_is_told(void **state) {
    const size_t at = 2 + 32 + 32 + 4 * 5; /* a stored piece of the leaf of event 261 */
    (void)state;
    damage(T_BUNDLE, 1, at);
    damage_gives("SELECT count(*), min(seq), max(seq) FROM events WHERE seq < 1000",
                 "count(*)|min(seq)|max(seq)\n744|0|999\n",
                 "in all 256 events that may belong to the answer could not be read");
    damage_gives("SELECT seq FROM events WHERE seq BETWEEN 255 AND 259 OR seq IN (511, 512) ORDER BY seq DESC",
                 "seq\n512\n255\n", "could not be read");
    damage_gives("SELECT count(*) FROM events a JOIN events b ON b.seq BETWEEN a.seq AND a.seq + 600 WHERE a.seq < 10",
                 "count(*)\n3450\n", "in all 256 events");
    damage_gives("SELECT kind FROM events WHERE seq = 300", "kind\n", "in all 1 event that");
    damage_gives("SELECT body_get(300, 'model') m", "m\nNULL\n", "in all 1 event that");
    gives(sql, "SELECT count(*) FROM events WHERE seq < 256", "count(*)\n256\n"); /* it met none */
    damage(T_BUNDLE, 1, at);
    gives(sql, "SELECT count(*) FROM events WHERE seq < 1000", "count(*)\n1000\n");
}

static void a_record_of_an_unknown_version_is_damage_too(void **state) {
    (void)state;
    for (size_t at = 0; at < 2; at++) { /* version, flags */
        damage(T_BUNDLE, 1, at);
        damage_gives("SELECT count(*) FROM events WHERE seq < 1000", "count(*)\n744\n", "in all 256 events");
        damage(T_BUNDLE, 1, at);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_gives_names_and_rows),
        cmocka_unit_test(quantiles_lie_between_the_two_values_around_their_rank),
        cmocka_unit_test(private_fields_are_json_and_can_be_withheld),
        cmocka_unit_test(star_has_no_private_fields),
        cmocka_unit_test(a_wrong_name_is_told_with_its_place_and_the_nearest),
        cmocka_unit_test(a_condition_that_finds_nothing_leaves_a_note),
        cmocka_unit_test(one_statement_at_a_time_is_run),
        cmocka_unit_test(whatever_does_more_than_read_is_refused),
        cmocka_unit_test(the_columns_of_a_table_can_be_listed),
        cmocka_unit_test(a_statement_that_takes_too_long_is_ended),
        cmocka_unit_test(a_statement_that_gives_too_many_rows_is_ended),
        cmocka_unit_test(a_statement_that_needs_too_much_memory_is_ended),
        cmocka_unit_test(a_set_stop_flag_ends_a_statement),
        cmocka_unit_test(a_row_function_ends_the_statement_with_its_answer),
        cmocka_unit_test(what_can_be_read_is_given_before_the_damage_is_told),
        cmocka_unit_test(a_record_of_an_unknown_version_is_damage_too),
        cmocka_unit_test(a_statement_sees_one_size_while_others_append),
        cmocka_unit_test(what_a_statement_cost_is_known),
    };
    int failed = cmocka_run_group_tests(tests, start, finish);
    buf_done(&answer);
    return failed;
}
