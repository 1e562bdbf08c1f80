/* Plain and gzip streams: the bytes are read back whatever the block size; input that is cut, flipped, followed by
 * something else or too large is refused with a message that says where. */
#include "base/archive/gz.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <zlib.h>

#define MAX ((size_t)16 << 20)

static char path[] = "/tmp/test_gz.XXXXXX";

static int setup(void **state) {
    (void)state;
    int fd = mkstemp(path);
    if (fd < 0) return -1;
    close(fd);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    return unlink(path);
}

static void write_file(struct bytes data) {
    int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data.p, data.n), (ssize_t)data.n);
    close(fd);
}

static void gzip(struct buf *out, struct bytes plain) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uLong bound = deflateBound(&z, plain.n) + 64;
    uint8_t *copy = malloc(plain.n + 1);
    if (plain.n > 0) {
        memcpy(copy, plain.p, plain.n);
    }
    z.next_in = copy;
    z.avail_in = (uInt)plain.n;
    z.next_out = buf_room(out, bound);
    z.avail_out = (uInt)bound;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    out->n += z.total_out;
    deflateEnd(&z);
    free(copy);
}

/* Reads the file in pieces of `step`. */
static int slurp(enum gz_form form, uint64_t max, size_t step, struct buf *out, struct err *err) {
    struct gz *gz = NULL;
    int rc = gz_open(path, form, max, &gz, err);
    while (rc == 0) {
        size_t got = 0;
        uint8_t *room = buf_room(out, step);
        assert_non_null(room);
        rc = gz_read(gz, room, step, &got, err);
        out->n += rc == 0 ? got : 0;
        if (rc == 0 && got == 0 && gz_at_end(gz)) break;
    }
    gz_close(gz);
    return rc;
}

static struct buf text(size_t n) {
    struct buf out;
    buf_init(&out, n + 100);
    uint32_t x = 7;
    while (out.n < n) {
        x = x * 1664525 + 1013904223;
        buf_printf(&out, "line %zu %x\n", out.n, x >> 8);
    }
    out.n = n;
    return out;
}

static void check_roundtrip(struct bytes stored, struct bytes content) {
    static const size_t steps[] = {1, 3, 1000, 65536, 300000};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct buf out;
        struct err err = {0};
        if (content.n > 100000 && steps[i] == 1) continue;
        buf_init(&out, MAX);
        write_file(stored);
        assert_int_equal(slurp(GZ_DETECT, MAX, steps[i], &out, &err), 0);
        assert_true(bytes_eq(bytes_of_buf(&out), content));
        buf_done(&out);
    }
}

static void plain_and_gzip_content_comes_back_in_any_step(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 3, 5000, 400000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buf plain = text(sizes[i]), zipped;
        buf_init(&zipped, MAX);
        gzip(&zipped, bytes_of_buf(&plain));
        check_roundtrip(bytes_of_buf(&plain), bytes_of_buf(&plain));
        check_roundtrip(bytes_of_buf(&zipped), bytes_of_buf(&plain));
        buf_done(&plain);
        buf_done(&zipped);
    }
}

static void a_plain_file_that_begins_like_half_a_gzip_header_is_plain(void **state) {
    (void)state;
    check_roundtrip((struct bytes){(const uint8_t *)"\x1f", 1}, (struct bytes){(const uint8_t *)"\x1f", 1});
    check_roundtrip((struct bytes){(const uint8_t *)"\x1fxyz", 4}, (struct bytes){(const uint8_t *)"\x1fxyz", 4});
}

static void members_and_zero_padding_after_them_are_one_content(void **state) {
    (void)state;
    struct buf zipped;
    buf_init(&zipped, MAX);
    gzip(&zipped, bytes_of("first\n"));
    gzip(&zipped, bytes_of(""));
    gzip(&zipped, bytes_of("second\n"));
    check_roundtrip(bytes_of_buf(&zipped), bytes_of("first\nsecond\n"));
    static const uint8_t zeros[512];
    buf_put(&zipped, zeros, sizeof(zeros));
    check_roundtrip(bytes_of_buf(&zipped), bytes_of("first\nsecond\n"));
    buf_done(&zipped);
}

static void a_gzip_file_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    struct buf plain = text(3000), zipped;
    buf_init(&zipped, MAX);
    gzip(&zipped, bytes_of_buf(&plain));
    for (size_t n = 2; n < zipped.n; n++) {
        struct buf out;
        struct err err = {0};
        char want[64];
        buf_init(&out, MAX);
        write_file((struct bytes){zipped.p, n});
        assert_int_equal(slurp(GZ_DETECT, MAX, 4096, &out, &err), ERR_CORRUPT);
        snprintf(want, sizeof(want), "gzip data is cut short after %zu bytes", n);
        assert_string_equal(err.msg, want);
        buf_done(&out);
    }
    buf_done(&plain);
    buf_done(&zipped);
}

static void a_flipped_bit_in_data_or_trailer_never_changes_content_unseen(void **state) {
    (void)state;
    struct buf plain = text(600), zipped;
    buf_init(&zipped, MAX);
    gzip(&zipped, bytes_of_buf(&plain));
    size_t harmless = 0;
    for (size_t bit = 10 * 8; bit < zipped.n * 8; bit++) { /* the header's time and system do not affect the content */
        struct buf out;
        struct err err = {0};
        buf_init(&out, MAX);
        zipped.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        write_file(bytes_of_buf(&zipped));
        int rc = slurp(GZ_DETECT, MAX, 4096, &out, &err);
        assert_true(rc == ERR_CORRUPT || (rc == 0 && bytes_eq(bytes_of_buf(&out), bytes_of_buf(&plain))));
        harmless += rc == 0;
        zipped.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        buf_done(&out);
    }
    assert_true(harmless < 64); /* bits that inflate never reads, and other encodings of the same codes */
    buf_done(&plain);
    buf_done(&zipped);
}

static void garbage_after_the_last_member_is_refused(void **state) {
    (void)state;
    static const char *const tails[] = {"x", "\x1f", "\x1fq", "junk"};
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        struct buf zipped, out;
        struct err err = {0};
        char want[96];
        buf_init(&zipped, MAX);
        buf_init(&out, MAX);
        gzip(&zipped, bytes_of("content\n"));
        snprintf(want, sizeof(want), "gzip data is damaged near byte %zu: something else follows it", zipped.n);
        buf_put_str(&zipped, tails[i]);
        write_file(bytes_of_buf(&zipped));
        assert_int_equal(slurp(GZ_DETECT, MAX, 4096, &out, &err), ERR_CORRUPT);
        assert_string_equal(err.msg, want);
        buf_done(&zipped);
        buf_done(&out);
    }
}

static void content_beyond_the_bound_is_refused(void **state) {
    (void)state;
    struct buf plain = text(100000), zipped, out;
    struct err err = {0};
    buf_init(&zipped, MAX);
    buf_init(&out, MAX);
    gzip(&zipped, bytes_of_buf(&plain));
    write_file(bytes_of_buf(&zipped));
    assert_int_equal(slurp(GZ_DETECT, 99999, 4096, &out, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "content is larger than 99999 bytes");
    buf_clear(&out);
    assert_int_equal(slurp(GZ_DETECT, 100000, 4096, &out, &err), 0);
    buf_done(&plain);
    buf_done(&zipped);
    buf_done(&out);
}

static void plain_form_takes_gzip_bytes_as_they_stand(void **state) {
    (void)state;
    struct buf zipped, out;
    buf_init(&zipped, MAX);
    buf_init(&out, MAX);
    gzip(&zipped, bytes_of("x\n"));
    write_file(bytes_of_buf(&zipped));
    assert_int_equal(slurp(GZ_PLAIN, MAX, 10, &out, NULL), 0);
    assert_true(bytes_eq(bytes_of_buf(&out), bytes_of_buf(&zipped)));
    buf_done(&zipped);
    buf_done(&out);
}

static void a_plain_file_that_grows_gives_its_new_bytes(void **state) {
    (void)state;
    struct gz *gz = NULL;
    uint8_t block[64];
    size_t got = 9;
    write_file(bytes_of("one\n"));
    assert_int_equal(gz_open(path, GZ_PLAIN, MAX, &gz, NULL), 0);
    assert_int_equal(gz_read(gz, block, sizeof(block), &got, NULL), 0);
    assert_int_equal(got, 4);
    assert_int_equal(gz_read(gz, block, sizeof(block), &got, NULL), 0);
    assert_int_equal(got, 0);
    assert_true(gz_at_end(gz));
    FILE *f = fopen(path, "ae");
    fputs("two\n", f);
    fclose(f);
    assert_int_equal(gz_read(gz, block, sizeof(block), &got, NULL), 0);
    assert_int_equal(got, 4);
    assert_memory_equal(block, "two\n", 4);
    assert_int_equal(gz_taken(gz), 8);
    gz_close(gz);
}

static void an_absent_file_and_a_directory_are_told_apart(void **state) {
    (void)state;
    struct gz *gz = NULL;
    struct err err = {0};
    assert_int_equal(gz_open("/nonexistent/file", GZ_DETECT, MAX, &gz, &err), ERR_NOTFOUND);
    assert_string_equal(err.msg, "/nonexistent/file: No such file or directory");
    assert_int_equal(gz_open("/", GZ_DETECT, MAX, &gz, &err), ERR_INVALID);
    assert_string_equal(err.msg, "/: is a directory; expected a file");
    assert_null(gz);
    gz_close(NULL);
}

/* ---- pushed ---- */

/* Pushes `packed` in pieces of `step` into a buffer of at most `max`; returns the code of the first failure, or of the end.
 */
static int push(struct bytes packed, size_t step, struct buf *out, size_t max, struct err *err) {
    struct gz_push *gz = NULL;
    buf_init(out, max);
    assert_int_equal(gz_push_new(&gz, NULL), 0);
    int rc = 0;
    for (size_t at = 0; at < packed.n && rc == 0; at += step) {
        rc = gz_push(gz, packed.p + at, step < packed.n - at ? step : packed.n - at, out, err);
    }
    if (rc == 0) rc = gz_push_end(gz, err);
    gz_push_free(gz);
    return rc;
}

/* Text that does not compress to almost nothing. */
static void fill_text(struct buf *plain, size_t n) {
    uint64_t x = 88172645463325252u;
    buf_init(plain, n);
    while (plain->n < n) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        buf_put_u8(plain, (uint8_t)('a' + x % 7));
    }
}

static void pushed_content_comes_back_in_any_step(void **state) {
    (void)state;
    static const size_t steps[] = {1, 2, 7, 1000, 65536, (size_t)1 << 20};
    struct buf plain, packed, out;
    fill_text(&plain, 300000);
    buf_init(&packed, MAX);
    gzip(&packed, bytes_of_buf(&plain));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_int_equal(push(bytes_of_buf(&packed), steps[i], &out, MAX, NULL), 0);
        assert_true(bytes_eq(bytes_of_buf(&out), bytes_of_buf(&plain)));
        buf_done(&out);
    }
    buf_done(&plain);
    buf_done(&packed);
}

static void pushed_members_are_one_content_with_one_bound(void **state) {
    (void)state;
    static const size_t steps[] = {1, 7, 65536, (size_t)1 << 20};
    struct buf plain, packed, out;
    struct err err = {0};
    fill_text(&plain, 100000);
    buf_init(&packed, MAX);
    gzip(&packed, bytes_of_buf(&plain));
    size_t one = packed.n;
    gzip(&packed, bytes_of(""));
    gzip(&packed, bytes_of_buf(&plain));
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_int_equal(push(bytes_of_buf(&packed), steps[i], &out, MAX, NULL), 0);
        assert_int_equal(out.n, 2 * plain.n);
        assert_memory_equal(out.p, plain.p, plain.n);
        assert_memory_equal(out.p + plain.n, plain.p, plain.n);
        buf_done(&out);
        assert_int_equal(push(bytes_of_buf(&packed), steps[i], &out, 2 * plain.n - 1, &err), ERR_LIMIT);
        assert_true(out.n < 2 * plain.n);
        buf_done(&out);
        assert_int_equal(push((struct bytes){packed.p, packed.n - 1}, steps[i], &out, MAX, &err), ERR_CORRUPT);
        buf_done(&out);
        assert_int_equal(push((struct bytes){packed.p, one + 1}, steps[i], &out, MAX, &err), ERR_CORRUPT);
        assert_non_null(strstr(err.msg, "cut short"));
        buf_done(&out);
    }
    buf_done(&plain);
    buf_done(&packed);
}

static void pushed_data_that_is_cut_damaged_or_followed_is_refused(void **state) {
    (void)state;
    struct buf plain, packed, out;
    struct err err = {0};
    fill_text(&plain, 1000);
    buf_init(&packed, MAX);
    gzip(&packed, bytes_of_buf(&plain));
    for (size_t n = 0; n < packed.n; n++) {
        assert_int_equal(push((struct bytes){packed.p, n}, 64, &out, MAX, &err), ERR_CORRUPT);
        buf_done(&out);
    }
    assert_int_equal(push((struct bytes){packed.p, 20}, 64, &out, MAX, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "gzip data is cut short after 20 bytes");
    buf_done(&out);
    assert_int_equal(push(bytes_of("plain text, no gzip"), 64, &out, MAX, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "gzip data is damaged near byte 2: incorrect header check");
    buf_done(&out);
    buf_put_u8(&packed, 'x');
    assert_int_equal(push(bytes_of_buf(&packed), 1, &out, MAX, &err), ERR_CORRUPT);
    assert_non_null(strstr(err.msg, "gzip data is followed by something else after byte "));
    buf_done(&out);
    for (size_t i = 10; i < packed.n - 1; i++) {
        packed.p[i] ^= 1;
        int rc = push((struct bytes){packed.p, packed.n - 1}, 64, &out, MAX, &err);
        assert_true(rc == ERR_CORRUPT || (rc == 0 && bytes_eq(bytes_of_buf(&out), bytes_of_buf(&plain))));
        packed.p[i] ^= 1;
        buf_done(&out);
    }
    buf_done(&plain);
    buf_done(&packed);
}

static void a_bomb_is_refused_by_its_ratio_and_by_its_size(void **state) {
    (void)state;
    struct buf plain, packed, out;
    struct err err = {0};
    buf_init(&plain, MAX);
    assert_non_null(buf_room(&plain, MAX));
    memset(plain.p, 0, MAX);
    plain.n = MAX;
    buf_init(&packed, 2 * MAX);
    gzip(&packed, bytes_of_buf(&plain));
    assert_int_equal(push(bytes_of_buf(&packed), 4096, &out, MAX, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "gzip data decodes to more than 200 times its size");
    assert_true(out.n < 2 * ((size_t)1 << 20) + 200 * 4096);
    buf_done(&out);
    assert_int_equal(push(bytes_of_buf(&packed), 4096, &out, 100000, &err), ERR_LIMIT);
    assert_string_equal(err.msg, "what gzip decodes to: larger than 100000 bytes");
    assert_true(out.n <= 100000);
    buf_done(&out);
    buf_done(&plain);
    buf_done(&packed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_gzip_content_comes_back_in_any_step),
        cmocka_unit_test(a_plain_file_that_begins_like_half_a_gzip_header_is_plain),
        cmocka_unit_test(members_and_zero_padding_after_them_are_one_content),
        cmocka_unit_test(a_gzip_file_cut_at_any_byte_is_refused),
        cmocka_unit_test(a_flipped_bit_in_data_or_trailer_never_changes_content_unseen),
        cmocka_unit_test(garbage_after_the_last_member_is_refused),
        cmocka_unit_test(content_beyond_the_bound_is_refused),
        cmocka_unit_test(plain_form_takes_gzip_bytes_as_they_stand),
        cmocka_unit_test(a_plain_file_that_grows_gives_its_new_bytes),
        cmocka_unit_test(an_absent_file_and_a_directory_are_told_apart),
        cmocka_unit_test(pushed_content_comes_back_in_any_step),
        cmocka_unit_test(pushed_members_are_one_content_with_one_bound),
        cmocka_unit_test(pushed_data_that_is_cut_damaged_or_followed_is_refused),
        cmocka_unit_test(a_bomb_is_refused_by_its_ratio_and_by_its_size),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
