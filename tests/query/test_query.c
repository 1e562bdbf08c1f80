/* Conditions over real events: every answer equals that of reading all of them. */
#include "tests/query/same_answers.h"

#define EVENTS    3000
#define QUESTIONS 400

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

static size_t field(const char *name) {
    size_t f = query_field_find(bytes_of(name));
    assert_int_not_equal(f, SIZE_MAX);
    return f;
}

static struct query_value text(const char *t) {
    return (struct query_value){.type = QUERY_TEXT, .text = bytes_of(t)};
}

static struct query_value whole(int64_t v) {
    return (struct query_value){.type = QUERY_INT, .int_ = v};
}

/* ---- rows ---- */

static void every_answer_is_that_of_reading_all_events(void **state) {
    static uint64_t seqs[EVENTS + 1];
    static struct log_question question;
    (void)state;
    for (int i = 0; i < QUESTIONS; i++) {
        struct query_cursor *cursor;
        random_question(&question, EVENTS + 1);
        size_t n = plain_rows(s.ledger, &question.q, seqs, EVENTS + 1);
        size_t expected = question.q.limit > 0 && n > question.q.limit ? (size_t)question.q.limit : n;
        must(query_open(s.ledger, &question.q, &cursor, &why));
        for (size_t k = 0; k < expected; k++) {
            must(query_next(cursor, &why));
            assert_int_equal(query_seq(cursor), question.q.descending ? seqs[n - 1 - k] : seqs[k]);
        }
        assert_int_equal(query_next(cursor, &why), 1);
        assert_int_equal(query_next(cursor, &why), 1);
        query_close(cursor);
    }
}

static void all_fields_of_a_row_are_those_of_its_event(void **state) {
    struct query q;
    struct query_cursor *cursor;
    struct log_reader *reader;
    struct log_event event;
    (void)state;
    query_init(&q);
    must(query_open(s.ledger, &q, &cursor, &why));
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        const struct log_event *got;
        must(query_next(cursor, &why));
        assert_int_equal(query_seq(cursor), event.seq);
        for (size_t f = 0; f < query_field_count(); f++) {
            struct query_value expected = plain_value(&event, f), v;
            must(query_get(cursor, f, &v, &why));
            same_value(&v, &expected);
        }
        must(query_event(cursor, &got, &why));
        assert_memory_equal(got->leaf, event.leaf, LOG_HASH);
        assert_true(bytes_eq(got->body, event.body));
    }
    assert_int_equal(query_next(cursor, &why), 1);
    log_reader_close(reader);
    query_close(cursor);
}

static void a_body_field_of_any_name_can_be_had(void **state) {
    struct query q;
    struct query_cursor *cursor;
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_PREFIX, .values = &(struct query_value){0}, .n_values = 1};
    struct query_value kind = text("x.acme."), v;
    unsigned seen = 0;
    (void)state;
    query_init(&q);
    term.values = &kind;
    q.terms = &term;
    q.n_terms = 1;
    must(query_open(s.ledger, &q, &cursor, &why));
    while (query_next(cursor, &why) == 0) {
        must(query_get_body(cursor, bytes_of("blob"), &v, &why));
        if (v.type != QUERY_NULL) {
            assert_int_equal(v.type, QUERY_TEXT);
            assert_int_equal(v.text.n, 20000);
            seen++;
        }
        must(query_get_body(cursor, bytes_of("no_such_field"), &v, &why));
        assert_int_equal(v.type, QUERY_NULL);
    }
    printf("%u of over 16 KiB\n", seen);
    query_close(cursor);
}

static void private_fields_come_with_the_row_that_has_them(void **state) {
    struct query q;
    struct query_cursor *cursor;
    struct query_value kind = text("run.step");
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1};
    struct buf out;
    (void)state;
    query_init(&q);
    q.terms = &term;
    q.n_terms = 1;
    q.limit = 5;
    buf_init(&out, 65536);
    must(query_open(s.ledger, &q, &cursor, &why));
    for (int i = 0; i < 5; i++) {
        struct bytes raw;
        must(query_next(cursor, &why));
        buf_clear(&out);
        must(query_private(cursor, &out, &why));
        assert_int_equal(mp_map_get(bytes_of_buf(&out), "detail", &raw), 0);
    }
    query_close(cursor);
    buf_done(&out);
}

static void a_cursor_sees_the_size_at_which_it_was_opened(void **state) {
    struct query q;
    struct query_cursor *cursor, *earlier;
    struct query_cost cost;
    uint64_t size = scratch_size(&s), n = 0;
    (void)state;
    query_init(&q);
    q.from = size - 100;
    must(query_open(s.ledger, &q, &cursor, &why));
    must(query_open_at(s.ledger, &q, size - 50, &earlier, &why));
    must(query_next(cursor, &why));
    log_fill(s.ledger, 600);
    for (n = 1; query_next(cursor, &why) == 0; n++) {
    }
    assert_int_equal(n, 100);
    query_cost(cursor, &cost);
    assert_int_equal(cost.size, size);
    assert_int_equal(cost.rows, 100);
    for (n = 0; query_next(earlier, &why) == 0; n++) {
    }
    assert_int_equal(n, 50);
    query_close(cursor);
    query_close(earlier);
}

static void a_set_stop_flag_ends_a_query(void **state) {
    volatile int stop = 0;
    struct query q;
    struct query_cursor *cursor;
    (void)state;
    query_init(&q);
    q.stop = &stop;
    must(query_open(s.ledger, &q, &cursor, &why));
    must(query_next(cursor, &why));
    stop = 1;
    must_fail(query_next(cursor, &why), ERR_BUSY, "interrupted");
    query_close(cursor);
}

/* ---- counts ---- */

struct expected {
    struct log_question *question;
    const size_t *by;
    size_t n_by;
    uint64_t total, last;
};

/* Each count is the number of rows that have these values. */
static int check_count(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    struct expected *e = ctx;
    struct log_reader *reader;
    struct log_event event;
    uint64_t n = 0;
    (void)err;
    must(log_reader_open(s.ledger, 0, LOG_NO_SEQ, &reader, &why));
    while (log_reader_next(reader, &event, &why) == 0) {
        bool same = plain_holds(&e->question->q, &event);
        for (size_t i = 0; i < e->n_by && same; i++) {
            struct query_value v = plain_value(&event, e->by[i]);
            same = (v.type == QUERY_NULL && values[i].type == QUERY_NULL) || plain_same(&v, &values[i]);
        }
        n += same ? 1 : 0;
    }
    log_reader_close(reader);
    assert_int_equal(n, count);
    assert_true(count <= e->last);
    e->last = count;
    e->total += count;
    return 0;
}

static void counts_are_those_of_the_rows(void **state) {
    static struct log_question question;
    static uint64_t seqs[EVENTS + 1000];
    const size_t sets[][2] = {{QUERY_KIND, field("outcome")},
                              {field("model"), QUERY_ACTOR},
                              {field("latency_ms"), field("ok")},
                              {QUERY_GRADE, 0}};
    (void)state;
    for (int i = 0; i < 6; i++) {
        uint64_t lost = 1;
        struct expected e = {.question = &question, .by = sets[i % 4], .n_by = (size_t)(i % 3), .last = UINT64_MAX};
        random_question(&question, EVENTS);
        question.q.n_terms = question.q.n_terms > 1 ? 1 : question.q.n_terms;
        question.q.limit = 0;
        must(query_count(s.ledger, &question.q, e.by, e.n_by, check_count, &e, NULL, &lost, &why));
        assert_int_equal(lost, 0);
        assert_int_equal(e.total, plain_rows(s.ledger, &question.q, seqs, EVENTS + 1000));
    }
}

static int count_one(void *ctx, const struct query_value *values, uint64_t count, struct err *err) {
    (void)values;
    (void)err;
    *(uint64_t *)ctx += count + 1000;
    return 0;
}

static void a_count_of_nothing_is_one_zero(void **state) {
    struct query q;
    struct query_value kind = text("no.such");
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_EQ, .values = &kind, .n_values = 1};
    uint64_t got = 0;
    size_t by = QUERY_KIND;
    (void)state;
    query_init(&q);
    q.terms = &term;
    q.n_terms = 1;
    must(query_count(s.ledger, &q, NULL, 0, count_one, &got, NULL, NULL, &why));
    assert_int_equal(got, 1000);
    must(query_count(s.ledger, &q, &by, 1, count_one, &got, NULL, NULL, &why));
    assert_int_equal(got, 1000);
}

/* ---- invalid queries ---- */

static void a_condition_that_makes_no_sense_is_refused(void **state) {
    struct query_value values[2] = {text("a"), whole(1)};
    struct query_term term = {.field = QUERY_KIND, .op = QUERY_LT, .values = values, .n_values = 2};
    struct query_cursor *cursor;
    struct query q;
    (void)state;
    query_init(&q);
    q.terms = &term;
    q.n_terms = 1;
    must_fail(query_open(s.ledger, &q, &cursor, &why), ERR_INVALID, "'kind' has 2 values");
    term.n_values = 1;
    term.values = &values[1];
    term.op = QUERY_GLOB;
    must_fail(query_open(s.ledger, &q, &cursor, &why), ERR_INVALID, "must be text");
    term.field = 100000;
    must_fail(query_open(s.ledger, &q, &cursor, &why), ERR_INVALID, "field 100000");
    size_t by[5] = {0};
    q.n_terms = 0;
    must_fail(query_count(s.ledger, &q, by, 5, count_one, NULL, NULL, NULL, &why), ERR_LIMIT, "5 fields; at most 4");
}

static void names_lead_to_fields_and_nearest_names(void **state) {
    (void)state;
    assert_int_equal(query_field_find(bytes_of("kind")), QUERY_KIND);
    assert_int_equal(query_field_find(bytes_of("no_such")), SIZE_MAX);
    assert_string_equal(query_field_name(field("latency_ms")), "latency_ms");
    assert_string_equal(query_field_suggest(bytes_of("modle")), "model");
    assert_string_equal(query_field_suggest(bytes_of("outcom")), "outcome");
    assert_null(query_field_suggest(bytes_of("qqqqqqqqqqqq")));
    assert_int_not_equal(field("body_source"), QUERY_SOURCE); /* of ledger.imported */
    assert_int_not_equal(field("body_seq"), QUERY_SEQ);       /* of ledger.erased */
    for (size_t f = 0; f < query_field_count(); f++) {
        assert_int_equal(field(query_field_name(f)), f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_that_of_reading_all_events),
        cmocka_unit_test(all_fields_of_a_row_are_those_of_its_event),
        cmocka_unit_test(a_body_field_of_any_name_can_be_had),
        cmocka_unit_test(private_fields_come_with_the_row_that_has_them),
        cmocka_unit_test(counts_are_those_of_the_rows),
        cmocka_unit_test(a_count_of_nothing_is_one_zero),
        cmocka_unit_test(a_condition_that_makes_no_sense_is_refused),
        cmocka_unit_test(names_lead_to_fields_and_nearest_names),
        cmocka_unit_test(a_set_stop_flag_ends_a_query),
        cmocka_unit_test(a_cursor_sees_the_size_at_which_it_was_opened),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
