/* The packer produces each group's record as if the writer had encoded it, oldest first, with a second thread or without.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "ledger/write/packer.h"
#include "tests/ledger/sample_group.h"

static struct err why;

/* A full group of that index. */
static void make(struct group *group, uint64_t index) {
    assert_int_equal(sample_group(group, index % 2 == 0 ? SAMPLE_SMALL : SAMPLE_WIDE), 0);
    group->index = index;
}

static void take_and_compare(struct packer *packer, uint64_t index) {
    struct group *expected = group_new();
    struct buf record;
    struct bytes taken;
    uint64_t got;
    assert_non_null(expected);
    buf_init(&record, GROUP_PLAIN_MAX);
    make(expected, index);
    assert_int_equal(group_encode(expected, &record, &why), 0);
    assert_int_equal(packer_take(packer, &got, &taken, &why), 0);
    assert_int_equal(got, index);
    assert_true(bytes_eq(taken, bytes_of_buf(&record)));
    buf_done(&record);
    group_free(expected);
}

static void pass_through(bool threaded) {
    struct packer *packer = packer_new();
    struct group *group = group_new();
    uint64_t taken = 0;
    assert_non_null(packer);
    assert_non_null(group);
    if (threaded) {
        packer_start(packer);
        packer_start(packer);
    }
    assert_false(packer_pending(packer));
    for (uint64_t i = 0; i < 40; i++) {
        while (!packer_has_room(packer) || (i % 7 == 0 && packer_ready(packer))) {
            take_and_compare(packer, taken++);
        }
        make(group, i);
        packer_put(packer, &group);
        assert_true(packer_pending(packer));
    }
    while (packer_pending(packer)) {
        take_and_compare(packer, taken++);
    }
    assert_int_equal(taken, 40);
    assert_false(packer_ready(packer));
    group_free(group);
    packer_free(packer);
}

static void records_come_out_in_order_as_the_writer_would_encode_them(void **state) {
    (void)state;
    pass_through(false);
}

static void a_second_thread_changes_nothing_of_them(void **state) {
    (void)state;
    pass_through(true);
}

static void what_is_forgotten_never_comes_out(void **state) {
    struct packer *packer = packer_new();
    struct group *group = group_new();
    (void)state;
    packer_start(packer);
    for (uint64_t i = 0; i < 30; i++) {
        make(group, 100 + i);
        packer_put(packer, &group);
        if (i % 2 == 0) {
            make(group, 200 + i);
            packer_put(packer, &group);
        }
        packer_clear(packer);
        assert_false(packer_pending(packer));
    }
    make(group, 7);
    packer_put(packer, &group);
    take_and_compare(packer, 7);
    group_free(group);
    packer_free(packer);
}

static void it_can_be_left_with_groups_in_it(void **state) {
    (void)state;
    for (int threaded = 0; threaded < 2; threaded++) {
        struct packer *packer = packer_new();
        struct group *group = group_new();
        if (threaded == 1) {
            packer_start(packer);
        }
        make(group, 1);
        packer_put(packer, &group);
        make(group, 2);
        packer_put(packer, &group);
        assert_false(packer_has_room(packer));
        packer_free(packer);
        group_free(group);
    }
    packer_free(NULL);
    packer_clear(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_come_out_in_order_as_the_writer_would_encode_them),
        cmocka_unit_test(a_second_thread_changes_nothing_of_them),
        cmocka_unit_test(what_is_forgotten_never_comes_out),
        cmocka_unit_test(it_can_be_left_with_groups_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
