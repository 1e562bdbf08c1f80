/* The head record: decoded as it was encoded, and no changed bit accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "ledger/event/head.h"

static struct head sample(uint64_t size) {
    struct head h = {.size = size,
                     .time = UINT64_C(1790000000000000000),
                     .epoch = 3,
                     .epoch_from = 17,
                     .epoch_since = 99,
                     .wall = 5,
                     .boot = 6,
                     .keyed_from = 65536};
    memset(h.prev, 0x11, sizeof(h.prev));
    memset(h.seed, 0x22, sizeof(h.seed));
    memset(h.boot_id, 0x33, sizeof(h.boot_id));
    h.edge.size = size;
    for (unsigned i = 0; i < merkle_edge_count(size); i++) {
        memset(h.edge.hash[i], (int)i + 1, MERKLE_HASH);
    }
    return h;
}

static bool same(const struct head *a, const struct head *b) {
    return a->size == b->size && a->time == b->time && a->epoch == b->epoch && a->epoch_from == b->epoch_from &&
           a->epoch_since == b->epoch_since && memcmp(a->prev, b->prev, EVENT_HASH) == 0 &&
           memcmp(a->seed, b->seed, EVENT_HASH) == 0 && a->wall == b->wall && a->boot == b->boot &&
           memcmp(a->boot_id, b->boot_id, CLOCK_BOOT_ID_LEN) == 0 && a->keyed_from == b->keyed_from &&
           a->edge.size == b->edge.size &&
           memcmp(a->edge.hash, b->edge.hash, (size_t)merkle_edge_count(a->size) * MERKLE_HASH) == 0;
}

static void a_head_comes_back_as_it_went_in(void **state) {
    static const uint64_t sizes[] = {0, 1, 2, 255, 256, 257, 65535, 65536, UINT64_C(0x5555555555555555), MP_INT_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct head in = sample(sizes[i]), out;
        struct buf record;
        buf_init(&record, 65536);
        buf_put_u8(&record, 0); /* what precedes it is not part of it */
        assert_int_equal(head_encode(&record, &in), 0);
        assert_int_equal(head_decode((struct bytes){record.p + 1, record.n - 1}, &out, NULL), 0);
        assert_true(same(&in, &out));
        buf_done(&record);
    }
}

static void no_flipped_bit_and_no_cut_is_accepted(void **state) {
    struct head in = sample(300), out = {.size = 77};
    struct buf record;
    (void)state;
    buf_init(&record, 65536);
    assert_int_equal(head_encode(&record, &in), 0);
    for (size_t bit = 0; bit < 8 * record.n; bit++) {
        struct err err = {0};
        record.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        int rc = head_decode(bytes_of_buf(&record), &out, &err);
        assert_true(rc == ERR_CORRUPT || (rc == ERR_VERSION && bit / 8 == 1));
        record.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t n = 0; n < record.n; n++) {
        uint8_t *cut = malloc(n == 0 ? 1 : n);
        assert_non_null(cut);
        memcpy(cut, record.p, n);
        assert_int_equal(head_decode((struct bytes){cut, n}, &out, NULL), ERR_CORRUPT);
        free(cut);
    }
    buf_put_u8(&record, 0);
    assert_int_equal(head_decode(bytes_of_buf(&record), &out, NULL), ERR_CORRUPT);
    assert_int_equal(out.size, 77);
    buf_done(&record);
}

static void a_newer_version_is_named(void **state) {
    struct buf record;
    struct head out;
    struct err err = {0};
    (void)state;
    buf_init(&record, 64);
    mp_put_array(&record, 14);
    mp_put_uint(&record, 2);
    for (int i = 1; i < 14; i++) {
        mp_put_nil(&record);
    }
    assert_int_equal(head_decode(bytes_of_buf(&record), &out, &err), ERR_VERSION);
    assert_string_equal(err.msg, "head record version 2 is not known, this program reads 1");
    buf_done(&record);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_comes_back_as_it_went_in),
        cmocka_unit_test(no_flipped_bit_and_no_cut_is_accepted),
        cmocka_unit_test(a_newer_version_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
