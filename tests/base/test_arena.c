/* Memory that is freed at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/arena.h"

static void pieces_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    struct arena arena = {.max = 1 << 20};
    uint8_t *before = NULL;
    for (size_t n = 0; n < 300; n++) {
        uint8_t *p = arena_take(&arena, n);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i], 0);
            p[i] = 0xff;
        }
        assert_true(p != before);
        before = p;
    }
    arena_done(&arena);
}

static void a_piece_larger_than_a_block_is_given(void **state) {
    (void)state;
    struct arena arena = {.max = 1 << 20};
    uint8_t *p = arena_take(&arena, 100000);
    assert_non_null(p);
    p[99999] = 1;
    assert_non_null(arena_take(&arena, 1));
    arena_done(&arena);
}

static void more_than_the_maximum_is_refused(void **state) {
    (void)state;
    struct arena arena = {.max = 1000};
    assert_null(arena_take(&arena, 1001));
    assert_null(arena_take(&arena, SIZE_MAX));
    for (int i = 0; i < 62; i++) {
        assert_non_null(arena_take(&arena, 16));
    }
    assert_null(arena_take(&arena, 16));
    arena_done(&arena);
    assert_non_null(arena_take(&arena, 16));
    arena_done(&arena);
}

static void copies_are_followed_by_a_nul(void **state) {
    (void)state;
    struct arena arena = {.max = 1000};
    struct bytes copy = arena_copy(&arena, bytes_of("abc")), empty = arena_copy(&arena, (struct bytes){NULL, 0});
    assert_string_equal((const char *)copy.p, "abc");
    assert_non_null(empty.p);
    assert_int_equal(empty.p[0], 0);
    arena_done(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_piece_larger_than_a_block_is_given),
        cmocka_unit_test(more_than_the_maximum_is_refused),
        cmocka_unit_test(copies_are_followed_by_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
