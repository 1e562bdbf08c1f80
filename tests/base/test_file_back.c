/* A temporary file is read back completely, or it is an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static int put_piece(void *ctx, struct bytes piece, struct err *err) {
    (void)err;
    assert_true(piece.n > 0 && piece.n <= FILE_PIECE);
    return buf_put_bytes(ctx, piece);
}

static int had_enough(void *ctx, struct bytes piece, struct err *err) {
    unsigned *calls = ctx;
    (void)piece;
    ++*calls;
    return err_set(err, ERR_BUSY, "enough");
}

static void a_file_is_read_back_whole_or_it_is_an_error(void **state) {
    static uint8_t data[3 * FILE_PIECE + 7];
    struct buf back;
    struct err err = {0};
    unsigned calls = 0;
    int fd = -1;
    (void)state;
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i * 7 + i / 251);
    }
    buf_init(&back, sizeof(data));
    assert_int_equal(file_unnamed(NULL, &fd, &err), 0);
    assert_int_equal(file_put_all(fd, data, sizeof(data)), 0);
    assert_int_equal(file_read_back(fd, sizeof(data), put_piece, &back, &err), 0);
    assert_true(bytes_eq(bytes_of_buf(&back), (struct bytes){data, sizeof(data)}));
    buf_clear(&back);
    assert_int_equal(file_read_back(fd, sizeof(data) + 1, put_piece, &back, &err), ERR_IO);
    assert_string_equal(err.msg, "a temporary file ends too early");
    assert_int_equal(file_read_back(fd, sizeof(data), had_enough, &calls, &err), ERR_BUSY);
    assert_int_equal(calls, 1);
    close(fd);
    buf_done(&back);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_read_back_whole_or_it_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
