/* Rows: cells, canonical bytes, evidence, keys. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "projections/rows/row.h"

enum { NAME, STATE, COUNT, SHARE, READY, WHY, LIST, EVIDENCE, COLUMNS };
static const struct state_column columns[] = {
    [NAME] = {"name", CELL_TEXT, COLUMN_KEY, "its name"},
    [STATE] = {"state", CELL_TEXT, COLUMN_MAIN, "its state"},
    [COUNT] = {"count", CELL_INT, 0, "how many"},
    [SHARE] = {"share", CELL_REAL, 0, "how much"},
    [READY] = {"ready", CELL_BOOL, 0, "whether"},
    [WHY] = {"why", CELL_TEXT, COLUMN_JUDGED, "why"},
    [LIST] = {"list", CELL_LIST, 0, "what is in it"},
    [EVIDENCE] = {"evidence", CELL_SEQS, COLUMN_EVIDENCE, "what it rests on"},
};
static const struct state_table table = {"things", "thing", "A row is a thing.", columns, COLUMNS, NULL};
static struct err why;

static void fill(struct row *row) {
    static const uint8_t list[] = {0x92, 0x01, 0xa1, 'x'};
    row_set_str(row, NAME, "a");
    row_set_str(row, STATE, "ready");
    row_set_int(row, COUNT, -3);
    row_set_real(row, SHARE, 0.5);
    row_set_bool(row, READY, true);
    row_set_str(row, WHY, "not stored");
    row_set_list(row, LIST, (struct bytes){list, sizeof(list)});
    row_cite(row, EVIDENCE, 300);
    row_cite(row, EVIDENCE, 7);
    row_cite(row, EVIDENCE, 300);
}

static struct buf encoded(const struct row *row) {
    struct buf out;
    buf_init(&out, ROW_BYTES_MAX);
    assert_int_equal(row_encode(row, &out, &why), 0);
    return out;
}

static void a_row_has_these_bytes_and_comes_back(void **state) {
    struct row row, back;
    uint64_t seqs[4];
    (void)state;
    row_init(&row, &table);
    row_init(&back, &table);
    fill(&row);
    struct buf out = encoded(&row);
    static const uint8_t bytes[] = {0x97, 0xa1, 'a', 0xa5, 'r',  'e',  'a',  'd',  'y', 0xfd, 0xcb, 0x3f, 0xe0, 0,   0,
                                    0,    0,    0,   0,    0xc3, 0x92, 0x01, 0xa1, 'x', 0x92, 0x07, 0xcd, 0x01, 0x2c};
    assert_int_equal(out.n, sizeof(bytes));
    assert_memory_equal(out.p, bytes, sizeof(bytes));
    assert_int_equal(row_decode(&back, bytes_of_buf(&out), NULL, 0, &why), 0);
    assert_false(back.absent);
    assert_true(row_is(&back, STATE, "ready"));
    assert_int_equal(row_int(&back, COUNT), -3);
    assert_true(row_real(&back, SHARE) == 0.5);
    assert_true(row_bool(&back, READY));
    assert_false(row_has(&back, WHY));
    assert_int_equal(row_text(&back, LIST).n, 0);
    assert_int_equal(row_seqs(&back, EVIDENCE, seqs, 4), 2);
    assert_true(seqs[0] == 7 && seqs[1] == 300);
    buf_done(&out);
    row_done(&row);
    row_done(&back);
}

static void every_truncation_and_every_flip_is_refused_or_another_row(void **state) {
    struct row row, back;
    (void)state;
    row_init(&row, &table);
    row_init(&back, &table);
    fill(&row);
    struct buf out = encoded(&row);
    for (size_t n = 0; n < out.n; n++) {
        assert_int_equal(row_decode(&back, (struct bytes){out.p, n}, NULL, 0, &why), ERR_CORRUPT);
        assert_true(back.absent);
    }
    for (size_t bit = 0; bit < 8 * out.n; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (row_decode(&back, bytes_of_buf(&out), NULL, 0, &why) == 0) {
            struct buf again = encoded(&back);
            assert_true(bytes_eq(bytes_of_buf(&again), bytes_of_buf(&out)));
            buf_done(&again);
        }
        out.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    buf_done(&out);
    row_done(&row);
    row_done(&back);
}

static void cells_follow_when_the_row_grows(void **state) {
    struct row row;
    char text[ROW_TEXT_MAX];
    (void)state;
    row_init(&row, &table);
    memset(text, 'x', sizeof(text));
    row_set_str(&row, NAME, "first");
    for (size_t i = 1; i < sizeof(text); i += 97) {
        row_set_text(&row, STATE, (struct bytes){(const uint8_t *)text, i});
        row_set_text(&row, WHY, row_text(&row, STATE)); /* from itself, also where the buffer moves */
        assert_true(row_is(&row, NAME, "first"));
        assert_int_equal(row_text(&row, WHY).n, i);
        assert_memory_equal(row_text(&row, WHY).p, text, i);
    }
    row_set_text(&row, WHY, row_text(&row, NAME)); /* from itself */
    assert_true(row_is(&row, WHY, "first"));
    row_done(&row);
}

static void long_texts_are_cut_between_characters_and_long_lists_unknown(void **state) {
    struct row row;
    size_t n = ROW_LIST_MAX + 1;
    uint8_t *big = calloc(1, n);
    (void)state;
    assert_non_null(big);
    row_init(&row, &table);
    for (size_t i = 0; i + 3 <= ROW_TEXT_MAX + 3; i += 3) {
        memcpy(big + i, "\xe2\x82\xac", 3);
    }
    row_set_text(&row, STATE, (struct bytes){big, ROW_TEXT_MAX + 2});
    assert_int_equal(row_text(&row, STATE).n, ROW_TEXT_MAX / 3 * 3);
    row_set_list(&row, LIST, (struct bytes){big, n});
    assert_false(row_has(&row, LIST));
    free(big);
    row_done(&row);
}

static void numbers_stay_within_what_can_be_stored(void **state) {
    struct row row;
    (void)state;
    row_init(&row, &table);
    row_set_int(&row, COUNT, INT64_MAX - 1);
    row_add(&row, COUNT, 5);
    assert_true(row_int(&row, COUNT) == INT64_MAX);
    row_set_real(&row, SHARE, -0.0);
    assert_false(signbit(row_real(&row, SHARE)));
    row_set_real(&row, SHARE, (double)INFINITY);
    assert_false(row_has(&row, SHARE));
    row_done(&row);
}

static void evidence_keeps_the_first_and_the_newest(void **state) {
    struct row row;
    uint64_t seqs[ROW_SEQS_MAX + 1];
    (void)state;
    row_init(&row, &table);
    for (uint64_t seq = 10; seq < 10 + 2 * ROW_SEQS_MAX; seq++) {
        row_cite(&row, EVIDENCE, seq);
    }
    assert_int_equal(row_seqs(&row, EVIDENCE, seqs, ROW_SEQS_MAX + 1), ROW_SEQS_MAX);
    assert_int_equal(seqs[0], 10);
    assert_int_equal(seqs[ROW_SEQS_MAX - 1], 9 + 2 * ROW_SEQS_MAX);
    assert_int_equal(seqs[1], 11 + ROW_SEQS_MAX);
    row_done(&row);
}

static void a_row_of_other_columns_is_read_by_a_map(void **state) {
    static const uint8_t bytes[] = {0x93, 0xa3, 'o', 'l', 'd', 0xa4, 'g', 'o', 'n', 'e', 0x05};
    static const size_t map[] = {STATE, SIZE_MAX, COUNT};
    struct row row;
    (void)state;
    row_init(&row, &table);
    assert_int_equal(row_decode(&row, (struct bytes){bytes, sizeof(bytes)}, map, 3, &why), 0);
    assert_true(row_is(&row, STATE, "old"));
    assert_int_equal(row_int(&row, COUNT), 5);
    assert_false(row_has(&row, NAME));
    row_done(&row);
}

static void keys_are_short_unambiguous_and_in_order(void **state) {
    char text[300];
    struct buf a, b;
    (void)state;
    buf_init(&a, KEY_MAX);
    buf_init(&b, KEY_MAX);
    memset(text, 'k', sizeof(text));
    struct bytes one[] = {bytes_of("a"), bytes_of("bc")}, other[] = {bytes_of("ab"), bytes_of("c")};
    row_key(&a, one, 2);
    row_key(&b, other, 2);
    assert_true(bytes_is(bytes_of_buf(&a), "a\001bc"));
    assert_true(bytes_cmp(bytes_of_buf(&a), bytes_of_buf(&b)) < 0);
    struct bytes longs[] = {{(const uint8_t *)text, 300}, {(const uint8_t *)text, 299}, {(const uint8_t *)"a\0b\001", 4}};
    buf_clear(&a);
    row_key(&a, longs, 3);
    assert_int_equal(a.fail, 0);
    assert_null(memchr(a.p, 0, a.n));
    buf_clear(&a);
    buf_clear(&b);
    row_key(&a, longs, 1);
    row_key(&b, longs + 1, 1);
    assert_false(bytes_eq(bytes_of_buf(&a), bytes_of_buf(&b)));
    buf_done(&a);
    buf_done(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_has_these_bytes_and_comes_back),
        cmocka_unit_test(every_truncation_and_every_flip_is_refused_or_another_row),
        cmocka_unit_test(cells_follow_when_the_row_grows),
        cmocka_unit_test(long_texts_are_cut_between_characters_and_long_lists_unknown),
        cmocka_unit_test(numbers_stay_within_what_can_be_stored),
        cmocka_unit_test(evidence_keeps_the_first_and_the_newest),
        cmocka_unit_test(a_row_of_other_columns_is_read_by_a_map),
        cmocka_unit_test(keys_are_short_unambiguous_and_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
