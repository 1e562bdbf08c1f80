/* One frame as a stream: however it is cut, it is read back completely or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive/zst.h"

#define PLAIN 300000

static struct err why;
static uint8_t plain[PLAIN];
static struct buf packed;

static int put(void *ctx, struct bytes bytes, struct err *err) {
    (void)err;
    return buf_put_bytes(ctx, bytes);
}

static int start(void **state) {
    struct zst_writer *w;
    (void)state;
    srand(7);
    for (size_t i = 0; i < PLAIN; i++) {
        plain[i] = (uint8_t)(rand() % 7 == 0 ? rand() : (int)(i / 100));
    }
    buf_init(&packed, 2 * PLAIN);
    assert_int_equal(zst_writer_new(3, true, put, &packed, &w, &why), 0);
    for (size_t at = 0; at < PLAIN;) {
        size_t n = (size_t)rand() % 40000;
        n = n < PLAIN - at ? n : PLAIN - at;
        assert_int_equal(zst_write(w, (struct bytes){plain + at, n}, &why), 0);
        at += n;
    }
    assert_int_equal(zst_writer_end(w, &why), 0);
    zst_writer_free(w);
    assert_true(packed.n < PLAIN);
    return 0;
}

static int finish(void **state) {
    (void)state;
    buf_done(&packed);
    return 0;
}

struct source {
    struct bytes left;
    size_t at_once;
};

static int take(void *ctx, void *p, size_t n, size_t *ret_n, struct err *err) {
    struct source *s = ctx;
    (void)err;
    n = n < s->at_once ? n : s->at_once;
    n = n < s->left.n ? n : s->left.n;
    memcpy(p, s->left.p, n);
    s->left.p += n;
    s->left.n -= n;
    *ret_n = n;
    return 0;
}

/* Reads everything; the content so far in out. */
static int unpack(struct bytes bytes, size_t at_once, size_t piece, struct buf *out) {
    struct source source = {bytes, at_once};
    struct zst_reader *r;
    uint8_t part[9000];
    size_t n = 1;
    buf_clear(out);
    assert_int_equal(zst_reader_new(take, &source, &r, &why), 0);
    int rc = 0;
    while (rc == 0 && n > 0) {
        rc = zst_read(r, part, piece, &n, &why);
        if (rc == 0) {
            assert_int_equal(buf_put(out, part, n), 0);
        }
    }
    if (rc == 0) {
        assert_int_equal(zst_reader_taken(r), bytes.n);
    }
    zst_reader_free(r);
    return rc;
}

static void pieces_of_any_size_come_back_whole(void **state) {
    static const size_t sizes[][2] = {{1 << 20, 9000}, {7, 9000}, {1000, 1}, {1, 4096}};
    struct buf out;
    (void)state;
    buf_init(&out, 2 * PLAIN);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        assert_int_equal(unpack(bytes_of_buf(&packed), sizes[i][0], sizes[i][1], &out), 0);
        assert_int_equal(out.n, PLAIN);
        assert_memory_equal(out.p, plain, PLAIN);
    }
    buf_done(&out);
}

static void a_cut_frame_and_one_with_something_else_behind_it_are_refused(void **state) {
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'};
    struct buf out, longer;
    (void)state;
    buf_init(&out, 2 * PLAIN);
    buf_init(&longer, 4 * PLAIN);
    for (size_t n = 0; n < packed.n; n += n < 100 || n > packed.n - 100 ? 1 : 4999) {
        assert_int_equal(unpack((struct bytes){packed.p, n}, 1 << 20, 9000, &out), ERR_CORRUPT);
    }
    buf_put_bytes(&longer, bytes_of_buf(&packed));
    buf_put_u8(&longer, 0);
    assert_int_equal(unpack(bytes_of_buf(&longer), 1 << 20, 9000, &out), ERR_CORRUPT);
    buf_clear(&longer);
    buf_put_bytes(&longer, bytes_of_buf(&packed));
    buf_put(&longer, skippable, sizeof(skippable));
    assert_int_equal(unpack(bytes_of_buf(&longer), 1 << 20, 9000, &out), ERR_CORRUPT);
    buf_put_bytes(&longer, bytes_of_buf(&packed));
    assert_int_equal(unpack(bytes_of_buf(&longer), 1 << 20, 9000, &out), ERR_CORRUPT);
    buf_done(&out);
    buf_done(&longer);
}

static void frames_behind_each_other_are_one_content(void **state) {
    struct buf out, twice;
    (void)state;
    buf_init(&out, 4 * PLAIN);
    buf_init(&twice, 4 * PLAIN);
    buf_put_bytes(&twice, bytes_of_buf(&packed));
    buf_put_bytes(&twice, bytes_of_buf(&packed));
    for (size_t take = 1; take <= 3; take++) { /* the second begins anywhere within a read */
        assert_int_equal(unpack(bytes_of_buf(&twice), take == 1 ? packed.n : take * 4999, 9000, &out), 0);
        assert_int_equal(out.n, 2 * PLAIN);
        assert_memory_equal(out.p, plain, PLAIN);
        assert_memory_equal(out.p + PLAIN, plain, PLAIN);
    }
    assert_int_equal(unpack((struct bytes){twice.p, twice.n - 1}, 1 << 20, 9000, &out), ERR_CORRUPT);
    assert_int_equal(unpack((struct bytes){twice.p, packed.n + 3}, 1 << 20, 9000, &out), ERR_CORRUPT);
    buf_done(&out);
    buf_done(&twice);
}

/* Pushes the bytes in pieces; the code of the first failure, or of the end. */
static int push(struct bytes bytes, size_t step, struct buf *out, size_t max) {
    struct zst_push *zst = NULL;
    buf_init(out, max);
    assert_int_equal(zst_push_new(&zst, &why), 0);
    int rc = 0;
    for (size_t at = 0; at < bytes.n && rc == 0; at += step) {
        rc = zst_push(zst, bytes.p + at, step < bytes.n - at ? step : bytes.n - at, out, &why);
    }
    if (rc == 0) rc = zst_push_end(zst, &why);
    zst_push_free(zst);
    return rc;
}

static void pushed_frames_are_one_content_with_one_bound(void **state) {
    static const size_t steps[] = {1, 4999, 1 << 20};
    struct buf out, twice;
    (void)state;
    buf_init(&twice, 4 * PLAIN);
    buf_put_bytes(&twice, bytes_of_buf(&packed));
    buf_put_bytes(&twice, bytes_of_buf(&packed));
    struct bytes all = bytes_of_buf(&twice);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        assert_int_equal(push(all, steps[i], &out, 4 * PLAIN), 0);
        assert_int_equal(out.n, 2 * PLAIN);
        assert_memory_equal(out.p, plain, PLAIN);
        assert_memory_equal(out.p + PLAIN, plain, PLAIN);
        buf_done(&out);
        assert_int_equal(push(all, steps[i], &out, 2 * PLAIN - 1), ERR_LIMIT);
        buf_done(&out);
        assert_int_equal(push((struct bytes){all.p, all.n - 1}, steps[i], &out, 4 * PLAIN), ERR_CORRUPT);
        buf_done(&out);
        assert_int_equal(push((struct bytes){all.p, packed.n + 1}, steps[i], &out, 4 * PLAIN), ERR_CORRUPT);
        assert_non_null(strstr(why.msg, "cut short"));
        buf_done(&out);
    }
    twice.p[packed.n] = 'x';
    assert_int_equal(push(all, 4999, &out, 4 * PLAIN), ERR_CORRUPT);
    assert_non_null(strstr(why.msg, "followed by something else"));
    buf_done(&out);
    buf_done(&twice);
}

/* One frame from zst_compress with a changed header: refused, however it is cut. */
static void is_refused(const struct buf *frame) {
    struct buf out;
    buf_init(&out, 2 * PLAIN);
    for (size_t at_once = 1; at_once < 9; at_once++) {
        assert_int_equal(unpack(bytes_of_buf(frame), at_once, 9000, &out), ERR_CORRUPT);
    }
    assert_int_equal(unpack(bytes_of_buf(frame), 1 << 20, 9000, &out), ERR_CORRUPT);
    buf_done(&out);
}

static void frames_of_another_kind_are_refused(void **state) {
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 'x'};
    struct buf frame, out;
    (void)state;
    buf_init(&frame, 2 * PLAIN);
    buf_init(&out, 2 * PLAIN);
    buf_put(&frame, skippable, sizeof(skippable)); /* which is followed by nothing, */
    is_refused(&frame);
    assert_int_equal(zst_compress(&frame, (struct bytes){plain, 5000}, 1, &why), 0);
    is_refused(&frame); /* or by a good one */
    buf_clear(&frame);
    assert_int_equal(zst_compress(&frame, (struct bytes){plain, 5000}, 1, &why), 0);
    assert_int_equal(unpack(bytes_of_buf(&frame), 1, 9000, &out), 0);
    frame.p[4] ^= 4; /* it says that it has no checksum, and has none */
    frame.n -= 4;
    is_refused(&frame);
    frame.p[4] ^= 4;
    frame.n += 4;
    frame.p[4] ^= 0x20; /* no segment, but a window */
    buf_put_u8(&frame, 0);
    memmove(frame.p + 6, frame.p + 5, frame.n - 6);
    frame.p[5] = 13 << 3;
    assert_int_equal(unpack(bytes_of_buf(&frame), 1, 9000, &out), 0);
    frame.p[5]++;
    is_refused(&frame);
    buf_done(&frame);
    buf_done(&out);
}

static void a_flipped_bit_never_gives_other_content(void **state) {
    struct buf out;
    (void)state;
    buf_init(&out, 4 * PLAIN);
    for (size_t at = 0; at < packed.n; at += at < 32 ? 1 : 997) {
        for (unsigned bit = 0; bit < 8; bit++) {
            packed.p[at] ^= (uint8_t)(1U << bit);
            if (unpack(bytes_of_buf(&packed), 1 << 20, 9000, &out) == 0) {
                assert_int_equal(out.n, PLAIN);
                assert_memory_equal(out.p, plain, PLAIN);
            }
            packed.p[at] ^= (uint8_t)(1U << bit);
        }
    }
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_any_size_come_back_whole),
        cmocka_unit_test(a_cut_frame_and_one_with_something_else_behind_it_are_refused),
        cmocka_unit_test(frames_behind_each_other_are_one_content),
        cmocka_unit_test(pushed_frames_are_one_content_with_one_bound),
        cmocka_unit_test(frames_of_another_kind_are_refused),
        cmocka_unit_test(a_flipped_bit_never_gives_other_content),
    };
    return cmocka_run_group_tests(tests, start, finish);
}
