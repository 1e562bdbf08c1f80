/* Growing arrays: room for what is requested, the content kept, and nothing changed if memory runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/array.h"

static void an_array_keeps_its_content_while_it_grows(void **state) {
    uint32_t *array = NULL;
    size_t cap = 0;
    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(array_room(&array, i + 1, &cap, sizeof(*array), NULL), 0);
        assert_true(cap > i);
        array[i] = i;
    }
    for (uint32_t i = 0; i < 5000; i++) {
        assert_int_equal(array[i], i);
    }
    assert_int_equal(array_room(&array, 100000, &cap, sizeof(*array), NULL), 0);
    assert_true(cap >= 100000);
    assert_int_equal(array[4999], 4999);
    free(array);
}

static void what_no_memory_can_hold_leaves_the_array_as_it_was(void **state) {
    uint64_t *array = NULL;
    size_t cap = 0;
    struct err err = {0};
    (void)state;
    assert_int_equal(array_room(&array, 3, &cap, sizeof(*array), &err), 0);
    uint64_t *before = array;
    size_t room = cap;
    assert_int_equal(array_room(&array, SIZE_MAX / 4, &cap, sizeof(*array), &err), ERR_NOMEM);
    assert_int_equal(err.code, ERR_NOMEM);
    assert_ptr_equal(array, before);
    assert_int_equal(cap, room);
    free(array);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_array_keeps_its_content_while_it_grows),
        cmocka_unit_test(what_no_memory_can_hold_leaves_the_array_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
