/* Rows in memory against a plain list with the same operations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "projections/rows/rows.h"

#define KEYS   500
#define TABLES 2

static struct err why;
static struct plain {
    char bytes[64];
    bool dirty;
} model[TABLES][KEYS];

static int base_get(void *ctx, size_t table, struct bytes key, struct buf *out, struct err *err) {
    unsigned *reads = ctx;
    (void)err;
    (*reads)++;
    int number = (key.p[1] - '0') * 100 + (key.p[2] - '0') * 10 + key.p[3] - '0';
    return table == 0 && number % 3 == 0 ? buf_printf(out, "below %d", number) : ERR_NOTFOUND;
}

static struct bytes key_of(size_t number, char text[16]) {
    snprintf(text, 16, "k%03zu", number);
    return bytes_of(text);
}

static void forget(void) {
    memset(model, 0, sizeof(model));
    for (int i = 0; i < KEYS; i += 3) {
        snprintf(model[0][i].bytes, sizeof(model[0][i].bytes), "below %d", i);
    }
}

static void random_step(struct rows *rows) {
    char text[16], bytes[64] = "";
    size_t table = (size_t)rand() % TABLES, number = (size_t)rand() % KEYS;
    struct plain *m = &model[table][number];
    struct bytes got;
    if (rand() % 4 != 0) {
        memset(bytes, 'a' + rand() % 26, (size_t)rand() % 60);
    }
    if (rand() % 2 == 0) {
        assert_int_equal(rows_get(rows, table, key_of(number, text), &got, &why), 0);
        assert_true(bytes_is(got, m->bytes));
        return;
    }
    assert_int_equal(rows_put(rows, table, key_of(number, text), bytes_of(bytes), &why), 0);
    m->dirty = m->dirty || strcmp(m->bytes, bytes) != 0;
    memcpy(m->bytes, bytes, sizeof(bytes));
}

static void same_dirty(struct rows *rows, size_t only) {
    const struct rows_entry **list;
    size_t n, at = 0;
    char text[16];
    assert_int_equal(rows_sorted(rows, only, &list, &n, &why), 0);
    for (size_t t = 0; t < TABLES; t++) {
        for (size_t i = 0; i < KEYS; i++) {
            if (model[t][i].dirty && (only == SIZE_MAX || only == t)) {
                assert_true(at < n);
                assert_int_equal(list[at]->table, t);
                assert_true(bytes_eq(list[at]->key, key_of(i, text)));
                assert_true(bytes_is(list[at]->bytes, model[t][i].bytes));
                at++;
            }
        }
    }
    assert_int_equal(at, n);
    free(list);
}

static void random_gets_and_puts_do_what_a_list_does(void **state) {
    unsigned reads = 0;
    struct rows_base base = {base_get, &reads};
    struct rows *rows;
    (void)state;
    assert_int_equal(rows_new(&base, &rows, &why), 0);
    for (unsigned seed = 1; seed <= 20; seed++) {
        srand(seed);
        forget();
        for (int i = 0; i < 3000; i++) {
            random_step(rows);
        }
        same_dirty(rows, SIZE_MAX);
        same_dirty(rows, 1);
        rows_clean(rows);
        assert_int_equal(rows_dirty(rows), 0);
        assert_int_equal(rows_bytes(rows), 0);
    }
    rows_free(rows);
}

static void what_was_read_is_not_read_again(void **state) {
    unsigned reads = 0;
    struct rows_base base = {base_get, &reads};
    struct rows *rows;
    struct bytes got;
    (void)state;
    assert_int_equal(rows_new(&base, &rows, &why), 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rows_get(rows, 0, bytes_of("k003"), &got, &why), 0);
        assert_int_equal(rows_get(rows, 1, bytes_of("k003"), &got, &why), 0);
        assert_int_equal(got.n, 0);
    }
    assert_int_equal(reads, 2);
    rows_free(rows);
}

static void changed_back_is_still_changed(void **state) {
    struct rows *rows;
    (void)state;
    assert_int_equal(rows_new(NULL, &rows, &why), 0);
    assert_int_equal(rows_put(rows, 0, bytes_of("a"), bytes_of("1"), &why), 0);
    assert_int_equal(rows_put(rows, 0, bytes_of("a"), (struct bytes){0}, &why), 0);
    assert_int_equal(rows_dirty(rows), 1);
    assert_int_equal(rows_put(rows, 0, bytes_of("b"), (struct bytes){0}, &why), 0);
    assert_int_equal(rows_dirty(rows), 1);
    rows_free(rows);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_gets_and_puts_do_what_a_list_does),
        cmocka_unit_test(what_was_read_is_not_read_again),
        cmocka_unit_test(changed_back_is_still_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
