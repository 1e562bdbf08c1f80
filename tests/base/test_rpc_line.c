/* Lines of a stream: the same however it is cut into pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rpc/line.h"

#define STREAM 6000

struct seen {
    struct buf all; /* each line as it is said, with a mark */
    size_t n, too_long;
    uint64_t bytes;
};

static int on_line(void *ctx, const struct rpc_line *line, struct err *err) {
    struct seen *seen = ctx;
    (void)err;
    seen->n++;
    seen->bytes += line->bytes;
    seen->too_long += line->too_long;
    buf_put_bytes(&seen->all, line->text);
    return buf_put_u8(&seen->all, line->ended ? '|' : '$');
}

static uint32_t next(uint32_t *random) {
    *random = *random * 1664525U + 1013904223U;
    return *random >> 8;
}

static void the_lines_are_the_same_in_any_pieces(void **state) {
    static const uint8_t letters[] = "\n\r\n{a\xff\0x";
    (void)state;
    for (uint32_t seed = 1; seed <= 300; seed++) {
        uint8_t stream[STREAM];
        uint32_t random = seed;
        struct seen whole = {.all = {.max = 4 * STREAM}}, cut = {.all = {.max = 4 * STREAM}};
        struct rpc_lines lines;
        for (size_t i = 0; i < STREAM; i++) {
            stream[i] = letters[next(&random) % (sizeof(letters) - 1)];
        }
        rpc_lines_init(&lines);
        assert_int_equal(rpc_lines_put(&lines, (struct bytes){stream, STREAM}, on_line, &whole, NULL), 0);
        assert_int_equal(rpc_lines_end(&lines, on_line, &whole, NULL), 0);
        for (size_t at = 0; at < STREAM;) {
            size_t n = next(&random) % (seed % 7 == 0 ? 3 : 200);
            n = n < STREAM - at ? n : STREAM - at;
            assert_int_equal(rpc_lines_put(&lines, (struct bytes){stream + at, n}, on_line, &cut, NULL), 0);
            at += n;
        }
        assert_int_equal(rpc_lines_end(&lines, on_line, &cut, NULL), 0);
        assert_int_equal(cut.n, whole.n);
        assert_true(cut.bytes == STREAM && whole.bytes == STREAM);
        assert_true(bytes_eq(bytes_of_buf(&whole.all), bytes_of_buf(&cut.all)));
        rpc_lines_done(&lines);
        buf_done(&whole.all);
        buf_done(&cut.all);
    }
}

static void a_line_that_is_too_long_is_known_by_its_length(void **state) {
    const size_t n = RPC_LINE_MAX + 10, piece = (size_t)1 << 16;
    struct seen seen = {.all = {.max = 4096}};
    struct rpc_lines lines;
    uint8_t *x = malloc(n);
    (void)state;
    assert_non_null(x);
    memset(x, 'x', n);
    rpc_lines_init(&lines);
    for (size_t at = 0; at < n; at += piece) {
        const struct bytes part = {x + at, n - at < piece ? n - at : piece};
        assert_int_equal(rpc_lines_put(&lines, part, on_line, &seen, NULL), 0);
    }
    assert_int_equal(rpc_lines_put(&lines, bytes_of("\nab\n"), on_line, &seen, NULL), 0);
    assert_int_equal(seen.n, 2);
    assert_int_equal(seen.too_long, 1);
    assert_true(seen.bytes == n + 4);
    assert_true(bytes_is(bytes_of_buf(&seen.all), "|ab|"));
    rpc_lines_done(&lines);
    buf_done(&seen.all);
    free(x);
}

static void what_is_missing_takes_its_line_with_it(void **state) {
    struct seen seen = {.all = {.max = 4096}};
    struct rpc_lines lines;
    (void)state;
    rpc_lines_init(&lines);
    rpc_lines_put(&lines, bytes_of("one\ntw"), on_line, &seen, NULL);
    rpc_lines_lose(&lines);
    rpc_lines_put(&lines, bytes_of("ree\nfour\n"), on_line, &seen, NULL);
    assert_true(bytes_is(bytes_of_buf(&seen.all), "one|four|"));
    rpc_lines_done(&lines);
    buf_done(&seen.all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lines_are_the_same_in_any_pieces),
        cmocka_unit_test(a_line_that_is_too_long_is_known_by_its_length),
        cmocka_unit_test(what_is_missing_takes_its_line_with_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
