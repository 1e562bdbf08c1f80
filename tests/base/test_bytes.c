/* Borrowed views compare by bytes; buffers grow to their maximum and no further; a failure sticks. */
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* realloc fails when this is 0; it counts down otherwise. SIZE_MAX: never. */
static size_t allocations_left = SIZE_MAX;

void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n) {
    if (allocations_left == 0) return NULL;
    if (allocations_left != SIZE_MAX) {
        allocations_left--;
    }
    return __real_realloc(p, n);
}

static void views_order_by_bytes_and_a_shorter_prefix_comes_first(void **state) {
    (void)state;
    assert_int_equal(bytes_cmp(bytes_of("a"), bytes_of("a")), 0);
    assert_true(bytes_cmp(bytes_of("a"), bytes_of("b")) < 0);
    assert_true(bytes_cmp(bytes_of("ab"), bytes_of("a")) > 0);
    assert_true(bytes_cmp(bytes_of(""), bytes_of("a")) < 0);
    assert_true(bytes_cmp(bytes_of("\xff"), bytes_of("a")) > 0);
    assert_int_equal(bytes_cmp(bytes_of(NULL), bytes_of("")), 0);
}

static void equality_and_prefixes_know_the_empty_view(void **state) {
    (void)state;
    const struct bytes none = {NULL, 0};
    assert_true(bytes_eq(none, bytes_of("")));
    assert_false(bytes_eq(none, bytes_of("a")));
    assert_true(bytes_is(bytes_of("run.started"), "run.started"));
    assert_false(bytes_is(bytes_of("run.started"), "run.start"));
    assert_true(bytes_has_prefix(bytes_of("run.started"), "run."));
    assert_true(bytes_has_prefix(none, ""));
    assert_false(bytes_has_prefix(bytes_of("ru"), "run."));
    assert_true(bytes_starts(bytes_of("run"), none) && bytes_starts(none, none) && !bytes_starts(none, bytes_of("r")));
    assert_true(bytes_starts(bytes_of("run"), bytes_of("run")) && !bytes_starts(bytes_of("ruin"), bytes_of("run")));
    assert_null(bytes_find(none, 'r'));
    const struct bytes run = bytes_of("run");
    assert_true(bytes_find(run, 'n') == run.p + 2 && bytes_find(run, 'x') == NULL);
    char to[4] = "abc";
    bytes_copy(to, none);
    assert_string_equal(to, "abc");
    bytes_copy(to, run);
    assert_string_equal(to, "run");
}

static void a_buffer_collects_what_is_put_into_it(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_int_equal(buf_put(&buf, "ab", 2), 0);
    assert_int_equal(buf_put_str(&buf, "c"), 0);
    assert_int_equal(buf_put_bytes(&buf, bytes_of("de")), 0);
    assert_int_equal(buf_put_u8(&buf, 'f'), 0);
    assert_int_equal(buf_put_be16(&buf, 0x6768), 0);
    assert_int_equal(buf_put_be32(&buf, 0x696a6b6c), 0);
    assert_int_equal(buf_put_be64(&buf, 0x6d6e6f7071727374), 0);
    assert_int_equal(buf_printf(&buf, "%s-%d", "u", 7), 0);
    assert_int_equal(buf_put(&buf, NULL, 0), 0);
    assert_true(bytes_is(bytes_of_buf(&buf), "abcdefghijklmnopqrstu-7"));
    assert_int_equal(buf_check(&buf, "text", NULL), 0);
    buf_done(&buf);
    assert_null(buf.p);
    assert_int_equal(buf.max, 1000);
    buf_done(&buf);
    buf_done(NULL);
}

static void a_buffer_holds_exactly_its_maximum(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(buf_put_u8(&buf, (uint8_t)i), 0);
    }
    assert_int_equal(buf_put_u8(&buf, 1), ERR_LIMIT);
    assert_int_equal(buf.n, 100);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(buf.p[i], i);
    }
    buf_done(&buf);
}

static void a_failure_sticks_until_clear(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    assert_int_equal(buf_put_str(&buf, "12345"), ERR_LIMIT);
    assert_int_equal(buf_put_str(&buf, "1"), ERR_LIMIT);
    assert_int_equal(buf_printf(&buf, "1"), ERR_LIMIT);
    assert_null(buf_room(&buf, 0));
    assert_int_equal(buf.n, 0);
    struct err err = {0};
    assert_int_equal(buf_check(&buf, "header", &err), ERR_LIMIT);
    assert_string_equal(err.msg, "header: larger than 4 bytes");
    buf_clear(&buf);
    assert_int_equal(buf_put_str(&buf, "1234"), 0);
    assert_int_equal(buf_check(&buf, "header", &err), 0);
    buf_done(&buf);
}

static void a_size_near_the_largest_number_does_not_wrap_around(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_put_str(&buf, "ab");
    assert_null(buf_room(&buf, SIZE_MAX));
    assert_int_equal(buf.fail, ERR_LIMIT);
    buf_clear(&buf);
    buf_put_str(&buf, "ab");
    assert_null(buf_room(&buf, SIZE_MAX - 1));
    assert_int_equal(buf.fail, ERR_LIMIT);
    buf_done(&buf);
}

static void without_memory_a_buffer_keeps_what_it_has(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100000);
    assert_int_equal(buf_put_str(&buf, "kept"), 0);
    char big[5000];
    memset(big, 'x', sizeof(big));
    allocations_left = 0;
    int rc = buf_put(&buf, big, sizeof(big));
    allocations_left = SIZE_MAX;
    assert_int_equal(rc, ERR_NOMEM);
    assert_true(bytes_is(bytes_of_buf(&buf), "kept"));
    struct err err = {0};
    assert_int_equal(buf_check(&buf, "body", &err), ERR_NOMEM);
    assert_string_equal(err.msg, "body: out of memory");
    buf_done(&buf);
}

static void printing_needs_room_for_its_text_only(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 5);
    assert_int_equal(buf_printf(&buf, "%s", "12345"), 0);
    assert_true(bytes_is(bytes_of_buf(&buf), "12345"));
    assert_int_equal(buf_printf(&buf, "%s", ""), 0);
    assert_int_equal(buf_printf(&buf, "%d", 6), ERR_LIMIT);
    assert_true(bytes_is(bytes_of_buf(&buf), "12345"));
    buf_done(&buf);
}

static void big_endian_numbers_read_back_as_they_were_written(void **state) {
    (void)state;
    static const uint64_t numbers[] = {0, 1, 0x7f, 0x80, 0xff, 0x8000, 0xffff, 0x80000000, 0xffffffff, UINT64_MAX};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        uint8_t b[8];
        be64_put(b, numbers[i]);
        assert_true(be64_get(b) == numbers[i]);
        be32_put(b, (uint32_t)numbers[i]);
        assert_true(be32_get(b) == (uint32_t)numbers[i]);
    }
    const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
    assert_int_equal(be16_get(bytes), 0x0102);
    assert_int_equal(be32_get(bytes), 0x01020304);
    assert_true(be64_get(bytes) == 0x0102030405060708);
    const uint8_t high[] = {0xff, 0xfe, 0xfd, 0xfc};
    assert_int_equal(be16_get(high), 0xfffe);
    assert_true(be32_get(high) == 0xfffefdfc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_order_by_bytes_and_a_shorter_prefix_comes_first),
        cmocka_unit_test(equality_and_prefixes_know_the_empty_view),
        cmocka_unit_test(a_buffer_collects_what_is_put_into_it),
        cmocka_unit_test(a_buffer_holds_exactly_its_maximum),
        cmocka_unit_test(a_failure_sticks_until_clear),
        cmocka_unit_test(a_size_near_the_largest_number_does_not_wrap_around),
        cmocka_unit_test(without_memory_a_buffer_keeps_what_it_has),
        cmocka_unit_test(printing_needs_room_for_its_text_only),
        cmocka_unit_test(big_endian_numbers_read_back_as_they_were_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
