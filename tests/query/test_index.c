/* The index: with and without it every answer is the same, whatever happens to it. */
#include "tests/query/same_answers.h"

#include "ledger/derived/derived.h"

#define EVENTS    4600
#define QUESTIONS 60

static int start(void **state) {
    (void)state;
    random_start();
    scratch_new(&s, (uint64_t)256 << 20);
    log_fill(s.ledger, EVENTS);
    log_sample(s.ledger);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&log_texts);
    scratch_done(&s);
    return 0;
}

/* ---- the same answers ---- */

static void answers_are_the_same_with_and_without_an_index(void **state) {
    static const uint32_t sizes[] = {256, 512, 1024, 4096};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        build(sizes[i]);
        uint64_t least = sizes[i] == 4096 ? 256 : sizes[i];
        assert_int_equal(covered(), scratch_size(&s) / least * least);
        ask_random(QUESTIONS);
    }
}

static void every_field_of_every_event_is_the_same_by_the_index(void **state) {
    struct query q;
    struct query_cursor *cursor;
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    build(4096);
    query_init(&q);
    must(query_open(s.ledger, &q, &cursor, &why));
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        must(query_next(cursor, &why));
        for (size_t f = 0; f < query_field_count(); f++) {
            struct query_value expected = plain_value(&event, f), v;
            must(query_get(cursor, f, &v, &why));
            same_value(&v, &expected);
        }
    }
    assert_int_equal(query_next(cursor, &why), 1);
    log_reader_close(reader);
    query_close(cursor);
}

/* Each value in the log finds the events that have it, and no others. */
static void every_sampled_value_finds_its_events(void **state) {
    (void)state;
    build(1024);
    for (int i = 0; i < 150; i++) {
        const struct log_value *from = &log_values[random_below(n_log_values)];
        struct query_term term = {.field = from->field, .op = QUERY_EQ, .values = &from->v, .n_values = 1};
        struct query q;
        query_init(&q);
        q.terms = &term;
        q.n_terms = 1;
        same_rows(&q);
    }
}

static void times_at_the_borders_of_segments_are_found(void **state) {
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    build(512);
    for (uint64_t seq = 0; seq < EVENTS; seq += random_below(2) == 0 ? 256 : 255) {
        must(log_reader_open(s.ledger, seq, seq + 1, &reader, &why));
        must(log_reader_next(reader, &event, &why));
        for (unsigned op = QUERY_EQ; op <= QUERY_GE; op++) {
            size_t field = random_below(2) == 0 ? QUERY_TIME : QUERY_HAPPENED;
            struct query_value at = plain_value(&event, field);
            at.int_ -= at.int_ == INT64_MAX ? 1 : 0;
            at.int_ += (int64_t)random_below(3) - 1;
            struct query_term term = {.field = field, .op = (enum query_op)op, .values = &at, .n_values = 1};
            struct query q;
            if (op == QUERY_PREFIX || op == QUERY_GLOB) continue;
            query_init(&q);
            q.terms = &term;
            q.n_terms = 1;
            q.descending = random_below(2) == 0;
            q.limit = 300;
            same_rows(&q);
        }
        log_reader_close(reader);
    }
}

/* ---- counts ---- */

struct counts {
    struct buf text;
};

static int put_count(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct counts *c = ctx;
    (void)err;
    buf_printf(&c->text, "%llu", (unsigned long long)count);
    for (size_t i = 0; i < 2; i++) {
        const struct query_value *v = &values[i];
        buf_printf(&c->text, " %d:", (int)v->type);
        if (v->type == QUERY_TEXT || v->type == QUERY_OTHER) {
            buf_put_bytes(&c->text, v->text);
        } else if (v->type == QUERY_INT || v->type == QUERY_REAL) {
            buf_printf(&c->text, "%.17g", v->type == QUERY_INT ? (double)v->int_ : v->real);
        } else if (v->type == QUERY_BOOL) {
            buf_printf(&c->text, "%d", v->boolean);
        }
    }
    buf_put_str(&c->text, "\n");
    return 0;
}

static void counts_are_the_same_with_and_without_an_index(void **state) {
    static struct log_question question;
    (void)state;
    build(1024);
    for (int i = 0; i < 40; i++) {
        struct counts a, b;
        struct query plain;
        size_t by[2] = {(size_t)random_below(QUERY_HEADER_FIELDS), (size_t)random_below(query_field_count())};
        random_question(&question, EVENTS);
        question.q.n_terms = i % 3 == 0 ? 0 : question.q.n_terms;
        if (i % 2 == 0) {
            by[0] = QUERY_KIND;
            by[1] = log_values[random_below(n_log_values)].field;
        }
        plain = question.q;
        plain.no_index = true;
        buf_init(&a.text, SIZE_MAX);
        buf_init(&b.text, SIZE_MAX);
        must(query_count(s.ledger, &question.q, by, 2, put_count, &a, NULL, NULL, &why));
        must(query_count(s.ledger, &plain, by, 2, put_count, &b, NULL, NULL, &why));
        assert_int_equal(a.text.n, b.text.n);
        assert_true(a.text.n == 0 || memcmp(a.text.p, b.text.p, a.text.n) == 0);
        buf_done(&a.text);
        buf_done(&b.text);
    }
}

static void a_count_by_codes_unpacks_no_event(void **state) {
    struct query q;
    struct query_cost cost;
    struct counts c;
    size_t by[2] = {QUERY_KIND, query_field_find(bytes_of("decision"))};
    (void)state;
    build(1024);
    query_init(&q);
    q.to = EVENTS / 1024 * 1024;
    buf_init(&c.text, SIZE_MAX);
    must(query_count(s.ledger, &q, by, 2, put_count, &c, &cost, NULL, &why));
    assert_int_equal(cost.bundles, 0);
    assert_int_equal(cost.segments, EVENTS / 1024);
    buf_done(&c.text);
}

static void subjects_of_one_sort_are_found_without_unpacking_events(void **state) {
    static const struct {
        const char *pattern;
        bool settled;
    } rows[] = {{"pack/*", true}, {"run/**", true}, {"ru*", true}, {"run/r-1*", false}, {"none/*", true}};
    (void)state;
    build(1024);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct query_value pattern = {.type = QUERY_TEXT, .text = bytes_of(rows[i].pattern)};
        struct query_term term = {.field = QUERY_SUBJECT, .op = QUERY_GLOB, .values = &pattern, .n_values = 1};
        struct query_cursor *cursor;
        struct query_cost cost;
        struct query q;
        query_init(&q);
        q.terms = &term;
        q.n_terms = 1;
        q.to = EVENTS / 1024 * 1024;
        must(query_open(s.ledger, &q, &cursor, &why));
        while (query_next(cursor, &why) == 0) {
        }
        query_cost(cursor, &cost);
        query_close(cursor);
        assert_int_equal(cost.bundles == 0, rows[i].settled);
        same_rows(&q);
    }
}

/* ---- its life cycle ---- */

static int none(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    (void)ctx;
    (void)values;
    (void)count;
    (void)err;
    return 0;
}

static void the_check_agrees_with_what_was_built(void **state) {
    unsigned differ = 0;
    uint64_t n;
    (void)state;
    build(4096);
    must(query_index_check(s.ledger, NULL, count_differs, &differ, &n, &why));
    assert_int_equal(n, covered());
    assert_int_equal(check(), 0);
    must(query_index_drop(s.ledger, &why));
    assert_int_equal(covered(), 0);
    must(query_index_check(s.ledger, NULL, count_differs, &differ, &n, &why));
    assert_int_equal(n, 0);
    ask_random(10);
}

static void larger_segments_take_the_place_of_smaller_ones(void **state) {
    struct db *db;
    struct db_txn *txn;
    uint64_t n;
    (void)state;
    build(4096);
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, false, &txn, &why));
    must(db_count(txn, DERIVED_COLUMN, &n, &why));
    db_abort(txn);
    uint64_t size = scratch_size(&s);
    assert_int_equal(n, size / 4096 + size % 4096 / 256);
    log_fill(s.ledger, 4096 - size % 4096 + 10);
    build(0);
    must(db_begin(db, false, &txn, &why));
    must(db_count(txn, DERIVED_COLUMN, &n, &why));
    db_abort(txn);
    assert_int_equal(n, scratch_size(&s) / 4096);
    assert_int_equal(check(), 0);
    ask_random(30);
}

/* Changes one byte of each record in turn, at a random place. */
static void a_damaged_record_costs_time_and_never_an_answer(void **state) {
    struct db *db;
    struct buf records;
    (void)state;
    build(1024);
    must(derived_open(s.ledger, false, &db, &why));
    buf_init(&records, SIZE_MAX);
    for (int round = 0; round < 8; round++) {
        for (uint64_t first = 0; first < covered(); first += 1024) {
            struct db_txn *txn;
            struct bytes record;
            uint8_t key[9];
            be64_put(key, first);
            key[8] = 10;
            must(db_begin(db, true, &txn, &why));
            must(db_get(txn, DERIVED_COLUMN, (struct bytes){key, 9}, &record, &why));
            buf_clear(&records);
            buf_put_bytes(&records, record);
            size_t at = random_below(round % 4 == 0 ? 96 + 40 * 20 : record.n);
            records.p[at] ^= (uint8_t)(1U << random_below(8));
            if (round % 4 == 3) {
                records.n = at; /* cut short */
            }
            must(db_put(txn, DERIVED_COLUMN, (struct bytes){key, 9}, bytes_of_buf(&records), DB_PUT, &why));
            must(db_commit(txn, &why));
            first += random_below(2) == 0 ? 1024 : 0;
        }
        ask_random(10);
        assert_true(check() > 0);
        must(query_index_drop(s.ledger, &why));
        build(1024);
        assert_int_equal(check(), 0);
    }
    buf_done(&records);
}

static void a_record_that_does_not_fit_is_built_anew(void **state) {
    struct db *db;
    struct db_txn *txn;
    uint8_t key[9];
    (void)state;
    build(1024);
    uint64_t before = covered();
    must(derived_open(s.ledger, false, &db, &why));
    must(db_begin(db, true, &txn, &why));
    be64_put(key, 1024);
    key[8] = 10;
    must(db_put(txn, DERIVED_COLUMN, (struct bytes){key, 9}, bytes_of("nonsense"), DB_PUT, &why));
    must(db_commit(txn, &why));
    assert_int_equal(covered(), 1024);
    assert_int_equal(check(), 1);
    ask_random(10);
    must(query_index_build(s.ledger, NULL, &why));
    assert_int_equal(covered(), before);
    assert_int_equal(check(), 0);
}

static void the_index_of_another_ledger_is_not_believed(void **state) {
    struct scratch mine = s, other;
    (void)state;
    build(256);
    scratch_new(&other, (uint64_t)256 << 20);
    s = other;
    log_fill(s.ledger, EVENTS);
    build(256);
    scratch_close(&s);
    other = s;
    s = mine;
    scratch_close(&s);
    scratch_copy(scratch_at(&other, "box/derived/data.mdb"), scratch_at(&s, "box/derived/data.mdb"));
    scratch_open(&s);
    assert_int_equal(covered(), 0);
    assert_int_equal(check(), 0); /* it is stale, not wrong */
    ask_random(20);
    must(query_index_build(s.ledger, NULL, &why));
    assert_int_equal(covered(), scratch_size(&s) / 256 * 256);
    assert_int_equal(check(), 0);
    scratch_done(&other);
}

static void without_the_derived_directory_all_is_answered(void **state) {
    (void)state;
    build(256);
    scratch_close(&s);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why));
    scratch_open(&s);
    assert_int_equal(covered(), 0);
    ask_random(5);
    assert_false(file_exists(scratch_at(&s, "box/derived"))); /* reading creates nothing */
    build(256);
    must(file_remove_tree(scratch_at(&s, "box/derived"), &why)); /* while it is open */
    ask_random(5);
    scratch_reopen(&s);
    ask_random(5);
    build(256);
    assert_true(covered() > 0);
}

static void an_unreadable_derived_environment_is_made_anew_by_a_build(void **state) {
    (void)state;
    for (int how = 0; how < 2; how++) {
        build(256);
        const char *path = scratch_at(&s, "box/derived/data.mdb");
        scratch_close(&s);
        if (how == 0) {
            scratch_write(path, bytes_of("this is no database"));
        } else {
            assert_int_equal(truncate(path, 3 * 4096), 0);
        }
        scratch_open(&s);
        ask_random(3);
        must(query_index_build(s.ledger, NULL, &why));
        ask_random(3);
    }
    build(256);
    assert_int_equal(check(), 0);
}

/* ---- damaged events ---- */

static void damaged_events_are_told_and_the_others_are_answered(void **state) {
    struct db_txn *txn;
    struct bytes record;
    struct buf copy;
    struct query q;
    (void)state;
    must(query_index_drop(s.ledger, &why));
    buf_init(&copy, SIZE_MAX);
    must(db_begin(s.ledger->evidence, true, &txn, &why));
    must(db_get_u64(txn, T_BUNDLE, 5, &record, &why));
    buf_put_bytes(&copy, record);
    copy.p[copy.n / 2] ^= 1;
    must(db_put_u64(txn, T_BUNDLE, 5, bytes_of_buf(&copy), DB_PUT, &why));
    must(db_commit(txn, &why));
    for (int pass = 0; pass < 4; pass++) {
        struct query_cursor *cursor;
        uint64_t rows = 0, errors = 0, lost = 0;
        int rc;
        query_init(&q);
        q.to = 4096;
        q.descending = pass % 2 == 1;
        q.whole = true;
        must(query_open(s.ledger, &q, &cursor, &why));
        while ((rc = query_next(cursor, &why)) != 1) {
            if (rc == 0) {
                assert_false(query_seq(cursor) >= 1280 && query_seq(cursor) < 1536);
                rows++;
                continue;
            }
            assert_int_equal(rc, ERR_CORRUPT);
            assert_non_null(strstr(why.msg, "events 1280..1535"));
            errors++;
        }
        assert_int_equal(errors, 1);
        assert_int_equal(rows, 4096 - 256);
        query_close(cursor);
        size_t by = QUERY_SUBJECT;
        struct err first = {0};
        must(query_count(s.ledger, &q, &by, 1, none, NULL, NULL, &lost, &first));
        assert_int_equal(lost, 256);
        assert_non_null(strstr(first.msg, "events 1280..1535"));
        if (pass == 1) { /* what can be read is built */
            must_fail(index_build(s.ledger, 1024, UINT64_MAX, NULL, NULL, &why), ERR_CORRUPT, "events 1280..1535");
            assert_int_equal(covered(), 1024);
            assert_int_equal(check(), 0);
        }
    }
    buf_done(&copy);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_same_with_and_without_an_index),
        cmocka_unit_test(every_field_of_every_event_is_the_same_by_the_index),
        cmocka_unit_test(every_sampled_value_finds_its_events),
        cmocka_unit_test(times_at_the_borders_of_segments_are_found),
        cmocka_unit_test(counts_are_the_same_with_and_without_an_index),
        cmocka_unit_test(a_count_by_codes_unpacks_no_event),
        cmocka_unit_test(subjects_of_one_sort_are_found_without_unpacking_events),
        cmocka_unit_test(the_check_agrees_with_what_was_built),
        cmocka_unit_test(larger_segments_take_the_place_of_smaller_ones),
        cmocka_unit_test(a_damaged_record_costs_time_and_never_an_answer),
        cmocka_unit_test(a_record_that_does_not_fit_is_built_anew),
        cmocka_unit_test(the_index_of_another_ledger_is_not_believed),
        cmocka_unit_test(without_the_derived_directory_all_is_answered),
        cmocka_unit_test(an_unreadable_derived_environment_is_made_anew_by_a_build),
        cmocka_unit_test(damaged_events_are_told_and_the_others_are_answered),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
