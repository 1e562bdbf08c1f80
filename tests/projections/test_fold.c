/* The input of folds, and the effect of their changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "projections/fold/fold.h"
#include "projections/fold/run.h"

enum { NAME, STATE, COUNT, LIST, BASE };
static const struct state_column columns[] = {
    [NAME] = {"name", CELL_TEXT, COLUMN_KEY, "its name"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "its state"},
    [COUNT] = {"count", CELL_INT, 0, "how many"},
    [LIST] = {"list", CELL_LIST, 0, "what is in it"},
    FOLD_COLUMNS,
};
static const struct state_table tables[] = {{"things", "thing", "A row is a thing.", columns, BASE + FOLD_N, NULL}};
static const struct fold_step_rule rules[] = {
    {"", "made", "whole", NULL},
    {"whole", "broken", "parts", NULL},
    {"parts", "broken", NULL, NULL},
    {"*", "lost", "gone", NULL},
    {"", "broken", "parts", "broken before it was made"},
};
static const char *const kinds[] = {"test.*", NULL};

static int (*behaviour)(struct fold *fold, struct err *err);
static int run(struct fold *fold, struct err *err) {
    return behaviour(fold, err);
}
static const struct projection projection = {"things", 1, tables, 1, kinds, run};

static struct err why;
static struct rows *rows;
static struct fold *fold;
static struct fold_input *input;

static int setup(void **state) {
    (void)state;
    return rows_new(NULL, &rows, &why) != 0 || fold_new(&projection, rows, &fold, &why) != 0 ||
           fold_input_new(NULL, 0, &input, &why) != 0;
}

static int teardown(void **state) {
    (void)state;
    fold_free(fold);
    fold_input_free(input);
    rows_free(rows);
    return 0;
}

static int give(uint64_t seq, const char *kind, const char *subject, const char *json) {
    struct log_event event = {.seq = seq, .time = 1000 + seq, .schema = 1};
    struct buf body;
    buf_init(&body, 1 << 16);
    if (json != NULL) {
        assert_int_equal(log_json_to_body(bytes_of(json), &body, &why), 0);
    }
    event.kind = bytes_of(kind);
    event.subject = bytes_of(subject);
    event.body = bytes_of_buf(&body);
    assert_int_equal(fold_input_set(input, &event, &why), 0);
    int rc = fold_apply(fold, input, &why);
    buf_done(&body);
    return rc;
}

/* The row as stored; false: there is none. */
static bool kept(const char *name, struct row *row) {
    struct bytes part = bytes_of(name), bytes;
    struct buf key;
    buf_init(&key, KEY_MAX);
    row_key(&key, &part, 1);
    assert_int_equal(rows_get(rows, 0, bytes_of_buf(&key), &bytes, &why), 0);
    buf_done(&key);
    row_init(row, &tables[0]);
    return bytes.n > 0 && row_decode(row, bytes, NULL, 0, &why) == 0;
}

static int by_rules(struct fold *f, struct err *err) {
    struct bytes name = fold_name(f, "name");
    struct row *row;
    int rc = fold_row(f, 0, &name, 1, &row, err);
    if (rc == 0) {
        fold_take_step(f, row, BASE, STATE, rules, sizeof(rules) / sizeof(rules[0]));
    }
    return rc;
}

static void expect(const char *name, const char *state, int64_t since, int64_t since_seq, int64_t updated,
                   int64_t violations, const char *words, size_t evidence) {
    struct row row;
    uint64_t seqs[ROW_SEQS_MAX];
    assert_true(kept(name, &row));
    assert_true(row_is(&row, NAME, name));
    assert_true(row_is(&row, STATE, state));
    assert_int_equal(row_int(&row, BASE + FOLD_SINCE), since);
    assert_int_equal(row_int(&row, BASE + FOLD_SINCE_SEQ), since_seq);
    assert_int_equal(row_int(&row, BASE + FOLD_UPDATED_SEQ), updated);
    assert_int_equal(row_int(&row, BASE + FOLD_VIOLATIONS), violations);
    assert_true(bytes_is(row_text(&row, BASE + FOLD_VIOLATION), words));
    assert_int_equal(row_seqs(&row, BASE + FOLD_EVIDENCE, seqs, ROW_SEQS_MAX), evidence);
    row_done(&row);
}

static void steps_go_by_the_rules_and_what_breaks_them_shows(void **state) {
    (void)state;
    behaviour = by_rules;
    assert_int_equal(give(3, "test.broken", "thing/b", "{\"at\": 77}"), 0); /* accepted, and a violation */
    expect("b", "parts", 77, 3, 3, 1, "broken before it was made", 1);
    assert_int_equal(give(4, "test.made", "thing/a", NULL), 0);
    expect("a", "whole", 1004, 4, 4, 0, "", 1);
    assert_int_equal(give(5, "test.made", "thing/a", NULL), 0); /* no rule: unchanged */
    expect("a", "whole", 1004, 4, 5, 1, "made from whole is no legal step", 2);
    assert_int_equal(give(6, "test.broken", "thing/a", NULL), 0);
    expect("a", "parts", 1006, 6, 6, 1, "made from whole is no legal step", 1);
    assert_int_equal(give(7, "test.broken", "thing/a", NULL), 0); /* legal, nothing changes */
    expect("a", "parts", 1006, 6, 7, 1, "made from whole is no legal step", 1);
    assert_int_equal(give(8, "test.lost", "thing/a", "{\"name\": \"ignored\"}"), 0); /* the subject wins */
    expect("a", "gone", 1008, 8, 8, 1, "made from whole is no legal step", 1);
    assert_int_equal(give(9, "test.lost", "thing", "{\"name\": \"c\"}"), 0);
    expect("c", "gone", 1009, 9, 9, 0, "", 1);
}

static int then_fail(struct fold *f, struct err *err) {
    int rc = by_rules(f, err);
    if (rc == 0) rc = err_set(err, ERR_INVALID, "cannot take it");
    return rc;
}

static int makes_too_many(struct fold *f, struct err *err) {
    struct row *row;
    char name[16];
    int rc = 0;
    for (int i = 0; i <= FOLD_ROWS_MAX && rc == 0; i++) {
        snprintf(name, sizeof(name), "many-%d", i);
        struct bytes part = bytes_of(name);
        rc = fold_row(f, 0, &part, 1, &row, err);
    }
    return rc;
}

static void a_fold_that_fails_leaves_nothing(void **state) {
    struct row row;
    size_t before = rows_dirty(rows);
    (void)state;
    behaviour = then_fail;
    assert_int_equal(give(1, "test.made", "thing/f", NULL), ERR_INVALID);
    assert_false(kept("f", &row));
    behaviour = makes_too_many;
    assert_int_equal(give(2, "test.made", "thing/f", NULL), ERR_LIMIT);
    assert_false(kept("many-0", &row));
    assert_int_equal(rows_dirty(rows), before);
}

static int looks_twice(struct fold *f, struct err *err) {
    struct bytes a = bytes_of("twice"), none = bytes_of("none");
    struct row *first, *second, *absent;
    assert_int_equal(fold_find(f, 0, &none, 1, &absent, err), 0);
    assert_null(absent);
    assert_int_equal(fold_row(f, 0, &a, 1, &first, err), 0);
    row_add(first, COUNT, 1);
    assert_int_equal(fold_row(f, 0, &a, 1, &second, err), 0);
    assert_ptr_equal(first, second);
    row_add(second, COUNT, 1);
    return 0;
}

static int drops(struct fold *f, struct err *err) {
    struct bytes a = bytes_of("twice");
    struct row *row;
    assert_int_equal(fold_find(f, 0, &a, 1, &row, err), 0);
    assert_non_null(row);
    fold_drop(row);
    return 0;
}

static int drops_and_makes(struct fold *f, struct err *err) {
    struct bytes a = bytes_of("twice");
    struct row *row;
    assert_int_equal(drops(f, err), 0);
    assert_int_equal(fold_row(f, 0, &a, 1, &row, err), 0);
    row_set_int(row, COUNT, 9);
    return 0;
}

static void a_row_is_one_row_however_often_it_is_asked_for(void **state) {
    struct row row;
    (void)state;
    behaviour = looks_twice;
    assert_int_equal(give(1, "test.any", "thing/x", NULL), 0);
    assert_true(kept("twice", &row));
    assert_int_equal(row_int(&row, COUNT), 2);
    row_done(&row);
    assert_false(kept("none", &row));
    behaviour = drops_and_makes;
    assert_int_equal(give(2, "test.any", "thing/x", NULL), 0);
    assert_true(kept("twice", &row));
    assert_int_equal(row_int(&row, COUNT), 9);
    row_done(&row);
    behaviour = drops;
    assert_int_equal(give(3, "test.any", "thing/x", NULL), 0);
    assert_false(kept("twice", &row));
}

static int copies(struct fold *f, struct err *err) {
    struct bytes name = fold_subject(f), raw;
    struct row *row;
    double real = -1;
    assert_int_equal(fold_row(f, 0, &name, 1, &row, err), 0);
    fold_copy(f, row, STATE, "text");
    fold_copy(f, row, COUNT, "number");
    fold_copy(f, row, LIST, "list");
    assert_false(fold_raw(f, "null", &raw));
    bool is = fold_real(f, "number", &real);
    assert_int_equal(is, real == 4);
    return 0;
}

static void fields_are_copied_when_they_are_there_and_of_the_type(void **state) {
    static const uint8_t list[] = {0x91, 0x01};
    struct row row;
    (void)state;
    behaviour = copies;
    assert_int_equal(give(1, "test.any", "thing/a/b", "{\"text\":\"t\",\"number\":4,\"list\":[1],\"null\":null}"), 0);
    assert_int_equal(give(2, "test.any", "thing/a/b", "{\"text\":5,\"number\":\"x\",\"list\":\"x\"}"), 0);
    assert_int_equal(give(3, "test.any", "thing/a/b", NULL), 0); /* erased */
    assert_true(kept("a/b", &row));
    assert_true(row_is(&row, STATE, "t"));
    assert_int_equal(row_int(&row, COUNT), 4);
    assert_memory_equal(row.cells[LIST].text.p, list, sizeof(list));
    row_done(&row);
}

static int last_field(struct fold *f, struct err *err) {
    int64_t v = 0;
    (void)err;
    assert_true(fold_int(f, "f000", &v) && v == 0);
    assert_true(fold_int(f, "f299", &v) && v == 299);
    assert_false(fold_int(f, "f300", &v));
    return 0;
}

static void fields_beyond_those_kept_at_hand_are_found(void **state) {
    struct buf json;
    (void)state;
    buf_init(&json, 1 << 16);
    for (int i = 0; i < 300; i++) {
        buf_printf(&json, "%s\"f%03d\":%d", i == 0 ? "{" : ",", i, i);
    }
    buf_put(&json, "}", 2);
    behaviour = last_field;
    assert_int_equal(give(1, "test.any", "thing/x", (const char *)json.p), 0);
    buf_done(&json);
}

static void an_event_of_a_newer_schema_is_not_taken(void **state) {
    struct log_event event = {.seq = 1, .schema = 99, .kind = bytes_of("pack.installed")};
    (void)state;
    assert_int_equal(fold_input_set(input, &event, &why), ERR_VERSION);
    assert_string_equal(why.msg, "its kind 'pack.installed' has schema 99, this program knows 1");
}

static void a_projection_takes_kinds_by_name_and_by_family(void **state) {
    static const char *const some[] = {"permission.*", "run.started", NULL};
    static const struct projection p = {"some", 1, tables, 1, some, run};
    (void)state;
    assert_true(projection_takes(&p, bytes_of("permission.granted")));
    assert_true(projection_takes(&p, bytes_of("run.started")));
    assert_false(projection_takes(&p, bytes_of("run.started_twice")));
    assert_false(projection_takes(&p, bytes_of("permission")));
    assert_int_equal(projection_column(&tables[0], "count"), COUNT);
    assert_true(projection_column(&tables[0], "nothing") == SIZE_MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_go_by_the_rules_and_what_breaks_them_shows),
        cmocka_unit_test(a_fold_that_fails_leaves_nothing),
        cmocka_unit_test(a_row_is_one_row_however_often_it_is_asked_for),
        cmocka_unit_test(fields_are_copied_when_they_are_there_and_of_the_type),
        cmocka_unit_test(fields_beyond_those_kept_at_hand_are_found),
        cmocka_unit_test(an_event_of_a_newer_schema_is_not_taken),
        cmocka_unit_test(a_projection_takes_kinds_by_name_and_by_family),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
