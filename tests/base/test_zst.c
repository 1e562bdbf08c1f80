/* zstd frames: compressed data is restored; a frame that is cut, extended, flipped, too large or not a single plain frame
 * is refused; and whatever can be salvaged from a damaged frame is salvaged. */
#define ZSTD_STATIC_LINKING_ONLY
#include "base/archive/zst.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zstd.h>

#define MAX ((size_t)1 << 20)

/* Text that compresses, but not to nothing: the same in every run. */
static struct buf sample(size_t n) {
    struct buf out;
    buf_init(&out, n + 100);
    uint32_t x = 1;
    while (out.n < n) {
        x = x * 1664525 + 1013904223;
        buf_printf(&out, "{\"seq\":%zu,\"kind\":\"run.step\",\"v\":%u}\n", out.n, x >> 12);
    }
    out.n = n;
    return out;
}

static struct buf frame_of(struct bytes plain, int level) {
    struct buf out;
    buf_init(&out, 64 * MAX);
    assert_int_equal(zst_compress(&out, plain, level, NULL), 0);
    return out;
}

static int try(struct bytes frame, size_t max, struct err *err) {
    struct buf out;
    buf_init(&out, 64 * MAX);
    int rc = zst_decompress(&out, frame, max, err);
    if (rc != 0) {
        assert_int_equal(out.n, 0);
    }
    buf_done(&out);
    return rc;
}

static void what_was_compressed_comes_back_at_every_size_and_level(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 255, 256, 257, 4096, 100000, 131072, 131073, 300000};
    static const int levels[] = {-5, 1, 3, 9, 19};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        for (size_t k = 0; k < sizeof(levels) / sizeof(levels[0]); k++) {
            struct buf plain = sample(sizes[i]);
            struct buf frame = frame_of(bytes_of_buf(&plain), levels[k]);
            struct buf back;
            buf_init(&back, MAX);
            buf_put_str(&back, "kept");
            assert_int_equal(zst_decompress(&back, bytes_of_buf(&frame), sizes[i], NULL), 0);
            assert_int_equal(back.n, sizes[i] + 4);
            assert_memory_equal(back.p, "kept", 4);
            assert_true(sizes[i] == 0 || memcmp(back.p + 4, plain.p, sizes[i]) == 0);
            buf_done(&back);
            buf_done(&frame);
            buf_done(&plain);
        }
    }
}

static void a_frame_carries_its_content_size_and_a_checksum(void **state) {
    (void)state;
    struct buf frame = frame_of(bytes_of("some content"), 1);
    ZSTD_frameHeader head;
    assert_int_equal(ZSTD_getFrameHeader(&head, frame.p, frame.n), 0);
    assert_int_equal(head.frameContentSize, strlen("some content"));
    assert_int_equal(head.checksumFlag, 1);
    buf_done(&frame);
}

static void levels_that_need_more_than_the_window_are_refused(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, MAX);
    struct err err = {0};
    assert_int_equal(zst_compress(&out, bytes_of("x"), 20, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, "compression level 20; expected"));
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

static void a_frame_may_fill_a_buffer_to_its_last_byte_and_no_further(void **state) {
    (void)state;
    struct buf plain = sample(5000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 3);
    struct buf exact;
    buf_init(&exact, frame.n);
    assert_int_equal(zst_compress(&exact, bytes_of_buf(&plain), 3, NULL), 0);
    assert_true(bytes_eq(bytes_of_buf(&exact), bytes_of_buf(&frame)));
    buf_done(&exact);
    buf_init(&exact, frame.n - 1);
    struct err err = {0};
    assert_int_equal(zst_compress(&exact, bytes_of_buf(&plain), 3, &err), ERR_LIMIT);
    assert_int_equal(exact.n, 0);
    buf_done(&exact);
    struct buf small;
    buf_init(&small, 4999);
    assert_int_equal(zst_decompress(&small, bytes_of_buf(&frame), MAX, &err), ERR_LIMIT);
    assert_int_equal(small.n, 0);
    buf_done(&small);
    buf_done(&frame);
    buf_done(&plain);
}

static void a_frame_cut_at_any_byte_is_refused(void **state) {
    (void)state;
    struct buf plain = sample(3000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 3);
    for (size_t n = 0; n < frame.n; n++) {
        /* A separate copy, so that the sanitizer detects a read past its end. */
        uint8_t *copy = malloc(n == 0 ? 1 : n);
        assert_non_null(copy);
        memcpy(copy, frame.p, n);
        struct bytes cut = {copy, n};
        assert_int_equal(try(cut, MAX, NULL), ERR_CORRUPT);
        free(copy);
    }
    buf_done(&frame);
    buf_done(&plain);
}

static void bytes_after_the_frame_are_refused(void **state) {
    (void)state;
    struct buf frame = frame_of(bytes_of("content"), 3);
    struct buf twice;
    buf_init(&twice, MAX);
    buf_put_bytes(&twice, bytes_of_buf(&frame));
    buf_put_u8(&twice, 0);
    struct err err = {0};
    assert_int_equal(try(bytes_of_buf(&twice), MAX, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "compressed data: 1 bytes after the frame's end");
    twice.n--;
    buf_put_bytes(&twice, bytes_of_buf(&frame));
    assert_int_equal(try(bytes_of_buf(&twice), MAX, &err), ERR_CORRUPT);
    buf_done(&twice);
    buf_done(&frame);
}

static void any_flipped_bit_is_refused_or_changes_nothing(void **state) {
    (void)state;
    struct buf plain = sample(2000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 3);
    size_t harmless = 0;
    for (size_t bit = 0; bit < 8 * frame.n; bit++) {
        frame.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct buf back;
        buf_init(&back, MAX);
        if (zst_decompress(&back, bytes_of_buf(&frame), MAX, NULL) == 0) {
            assert_true(bytes_eq(bytes_of_buf(&back), bytes_of_buf(&plain)));
            harmless++;
        }
        buf_done(&back);
        frame.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    /* The format has a few bits that no decoder reads: reserved ones, padding, unused ends of code tables. */
    assert_true(harmless < 8 * frame.n / 50);
    buf_done(&frame);
    buf_done(&plain);
}

static void a_bomb_is_refused_by_what_it_declares(void **state) {
    (void)state;
    size_t n = 32 * MAX;
    uint8_t *zeros = calloc(1, n);
    assert_non_null(zeros);
    struct bytes plain = {zeros, n};
    struct buf frame = frame_of(plain, 1);
    assert_true(frame.n < 16384);
    struct buf out;
    buf_init(&out, 64 * MAX);
    struct err err = {0};
    assert_int_equal(zst_decompress(&out, bytes_of_buf(&frame), MAX, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "compressed data: 33554432 bytes declared; expected at most 1048576");
    assert_int_equal(out.cap, 0);
    assert_int_equal(zst_decompress(&out, bytes_of_buf(&frame), n - 1, NULL), ERR_CORRUPT);
    assert_int_equal(zst_decompress(&out, bytes_of_buf(&frame), n, NULL), 0);
    assert_int_equal(out.n, n);
    buf_done(&out);
    buf_done(&frame);
    free(zeros);
}

/* Frames as in RFC 8878: magic, descriptor, window or content size, then one raw last block. */
static void a_frame_that_declares_less_than_it_holds_is_refused(void **state) {
    (void)state;
    const uint8_t honest[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 'a', 'b', 'c'};
    uint8_t liar[sizeof(honest)];
    const struct bytes good = {honest, sizeof(honest)}, bad = {liar, sizeof(liar)};
    assert_int_equal(try(good, MAX, NULL), 0);
    for (unsigned size = 0; size < 256; size++) {
        memcpy(liar, honest, sizeof(liar));
        liar[5] = (uint8_t)size;
        assert_int_equal(try(bad, MAX, NULL), size == 3 ? 0 : ERR_CORRUPT);
    }
}

static void an_unknown_content_size_is_refused(void **state) {
    (void)state;
    const uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x19, 0, 0, 'a', 'b', 'c'};
    const struct bytes b = {frame, sizeof(frame)};
    uint8_t plain[3];
    assert_int_equal(ZSTD_decompress(plain, 3, frame, sizeof(frame)), 3); /* the frame is otherwise good */
    struct err err = {0};
    assert_int_equal(try(b, MAX, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "compressed data: the content size is not declared");
}

static void what_a_frame_declares_can_be_asked_for_and_is_not_believed(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 255, 256, 100000, 300000};
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buf plain = sample(sizes[i]);
        struct buf frame = frame_of(bytes_of_buf(&plain), 1);
        assert_int_equal(zst_declared(bytes_of_buf(&frame)), sizes[i]);
        assert_int_equal(zst_declared((struct bytes){frame.p, 0}), 0);
        assert_int_equal(zst_declared((struct bytes){frame.p, 4}), 0); /* cut before the size */
        frame.p[0] ^= 1;
        assert_int_equal(zst_declared(bytes_of_buf(&frame)), 0);
        buf_done(&plain);
        buf_done(&frame);
    }
}

static void a_window_beyond_8_mib_is_refused(void **state) {
    (void)state;
    /* Window descriptor 0x68 is 2^23 bytes, 0x70 is 2^24; the content size is the four bytes after it. */
    uint8_t frame[] = {0x28, 0xb5, 0x2f, 0xfd, 0x80, 0x68, 3, 0, 0, 0, 0x19, 0, 0, 'a', 'b', 'c'};
    const struct bytes b = {frame, sizeof(frame)};
    assert_int_equal(try(b, MAX, NULL), 0);
    frame[5] = 0x70;
    struct err err = {0};
    assert_int_equal(try(b, MAX, &err), ERR_CORRUPT);
    assert_string_equal(err.msg, "compressed data: a window of 16777216 bytes; expected at most 8388608");
}

static void skippable_frames_dictionaries_and_garbage_are_refused(void **state) {
    (void)state;
    const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 2, 0, 0, 0, 'x', 'y'};
    const uint8_t dictionary[] = {0x28, 0xb5, 0x2f, 0xfd, 0x21, 7, 3, 0x19, 0, 0, 'a', 'b', 'c'};
    const struct bytes rows[] = {
        {skippable, sizeof(skippable)}, {dictionary, sizeof(dictionary)}, bytes_of("not zstd at all"), {NULL, 0}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(try(rows[i], MAX, NULL), ERR_CORRUPT);
    }
}

static size_t common_prefix(const struct buf *a, const struct buf *b) {
    size_t n = 0;
    while (n < a->n && n < b->n && a->p[n] == b->p[n]) {
        n++;
    }
    return n;
}

static struct buf salvage(struct bytes frame, size_t max) {
    struct buf out;
    buf_init(&out, MAX);
    assert_int_equal(zst_salvage(&out, frame, max), 0);
    assert_true(out.n <= max);
    return out;
}

static void salvaging_a_good_frame_gives_all_of_it(void **state) {
    (void)state;
    struct buf plain = sample(300000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 1);
    struct buf out = salvage(bytes_of_buf(&frame), MAX);
    assert_true(bytes_eq(bytes_of_buf(&out), bytes_of_buf(&plain)));
    buf_done(&out);
    out = salvage(bytes_of_buf(&frame), 1000);
    assert_true(common_prefix(&out, &plain) <= 1000);
    buf_done(&out);
    buf_done(&frame);
    buf_done(&plain);
}

static void a_damaged_checksum_alone_costs_nothing(void **state) {
    (void)state;
    struct buf plain = sample(50000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 1);
    frame.p[frame.n - 1] ^= 0x10;
    assert_int_equal(try(bytes_of_buf(&frame), MAX, NULL), ERR_CORRUPT);
    struct buf out = salvage(bytes_of_buf(&frame), MAX);
    assert_true(bytes_eq(bytes_of_buf(&out), bytes_of_buf(&plain)));
    buf_done(&out);
    buf_done(&frame);
    buf_done(&plain);
}

static void blocks_before_the_damage_are_saved(void **state) {
    (void)state;
    struct buf plain = sample(500000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 1);
    frame.n = frame.n * 9 / 10;
    struct buf out = salvage(bytes_of_buf(&frame), MAX);
    assert_true(common_prefix(&out, &plain) >= 3 * 131072);
    assert_true(out.n < plain.n);
    buf_done(&out);
    buf_done(&frame);
    buf_done(&plain);
}

static void a_salvage_of_anything_at_all_is_no_error(void **state) {
    (void)state;
    struct buf plain = sample(3000);
    struct buf frame = frame_of(bytes_of_buf(&plain), 3);
    size_t saved = 0;
    for (size_t bit = 0; bit < 8 * frame.n; bit += 3) {
        frame.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        struct buf out = salvage(bytes_of_buf(&frame), 4096);
        saved += common_prefix(&out, &plain);
        buf_done(&out);
        frame.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    assert_true(saved > 8 * frame.n / 3 * 200); /* on average more than 200 bytes survive a flip */
    struct buf out = salvage(bytes_of("not zstd at all"), 4096);
    assert_int_equal(out.n, 0);
    buf_done(&out);
    out = salvage(bytes_of(""), 0);
    assert_int_equal(out.n, 0);
    buf_done(&out);
    buf_done(&frame);
    buf_done(&plain);
}

static void a_salvage_does_not_make_the_next_read_lenient(void **state) {
    (void)state;
    struct buf frame = frame_of(bytes_of("content"), 1);
    frame.p[frame.n - 1] ^= 1;
    struct buf out = salvage(bytes_of_buf(&frame), MAX);
    assert_true(bytes_is(bytes_of_buf(&out), "content"));
    assert_int_equal(try(bytes_of_buf(&frame), MAX, NULL), ERR_CORRUPT);
    buf_done(&out);
    buf_done(&frame);
}

static void *round_trips(void *ret_wrong) {
    for (size_t i = 1; i < 60; i++) {
        struct buf plain = sample(i * 300), frame, back;
        buf_init(&frame, MAX);
        buf_init(&back, MAX);
        if (zst_compress(&frame, bytes_of_buf(&plain), 1, NULL) != 0 ||
            zst_decompress(&back, bytes_of_buf(&frame), MAX, NULL) != 0 ||
            !bytes_eq(bytes_of_buf(&plain), bytes_of_buf(&back))) {
            ++*(int *)ret_wrong;
        }
        buf_done(&plain);
        buf_done(&frame);
        buf_done(&back);
    }
    return NULL;
}

static void threads_compress_at_the_same_time(void **state) {
    (void)state;
    pthread_t threads[6];
    int wrong[6] = {0};
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, round_trips, &wrong[i]), 0);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(wrong[i], 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_compressed_comes_back_at_every_size_and_level),
        cmocka_unit_test(a_frame_carries_its_content_size_and_a_checksum),
        cmocka_unit_test(levels_that_need_more_than_the_window_are_refused),
        cmocka_unit_test(a_frame_may_fill_a_buffer_to_its_last_byte_and_no_further),
        cmocka_unit_test(a_frame_cut_at_any_byte_is_refused),
        cmocka_unit_test(bytes_after_the_frame_are_refused),
        cmocka_unit_test(any_flipped_bit_is_refused_or_changes_nothing),
        cmocka_unit_test(a_bomb_is_refused_by_what_it_declares),
        cmocka_unit_test(a_frame_that_declares_less_than_it_holds_is_refused),
        cmocka_unit_test(an_unknown_content_size_is_refused),
        cmocka_unit_test(what_a_frame_declares_can_be_asked_for_and_is_not_believed),
        cmocka_unit_test(a_window_beyond_8_mib_is_refused),
        cmocka_unit_test(skippable_frames_dictionaries_and_garbage_are_refused),
        cmocka_unit_test(salvaging_a_good_frame_gives_all_of_it),
        cmocka_unit_test(a_damaged_checksum_alone_costs_nothing),
        cmocka_unit_test(blocks_before_the_damage_are_saved),
        cmocka_unit_test(a_salvage_of_anything_at_all_is_no_error),
        cmocka_unit_test(a_salvage_does_not_make_the_next_read_lenient),
        cmocka_unit_test(threads_compress_at_the_same_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
