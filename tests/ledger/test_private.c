/* The record of private fields: decoded as it was encoded, small and compressed, and no changed bit accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/archive/zst.h"
#include "base/mp.h"
#include "ledger/event/private.h"

static int whole_map(struct bytes record, const uint8_t commit[EVENT_HASH], struct buf *scratch, struct bytes *ret_map,
                     struct err *err) {
    struct private_view view;
    int rc = private_open(record, commit, scratch, &view, err);
    if (rc == 0 && view.salt == NULL) {
        rc = err_set(err, ERR_NOTFOUND, "some private fields were erased");
    }
    if (rc == 0) {
        *ret_map = view.map;
    }
    return rc;
}

static const uint8_t salt[EVENT_HASH] = {0x5a, 0x17};

static void make(struct buf *map, struct buf *record, uint8_t commit[EVENT_HASH], size_t long_n) {
    buf_init(map, EVENT_PRIVATE_MAX);
    buf_init(record, 2 * EVENT_PRIVATE_MAX);
    mp_put_map(map, 2);
    mp_put_str(map, bytes_of("note"));
    mp_put_str(map, bytes_of("for the March invoices"));
    mp_put_str(map, bytes_of("prompt"));
    char *text = malloc(long_n + 1);
    assert_non_null(text);
    memset(text, 'p', long_n);
    mp_put_str(map, (struct bytes){(const uint8_t *)text, long_n});
    free(text);
    assert_int_equal(event_private_commit(commit, salt, bytes_of_buf(map), NULL), 0);
    assert_int_equal(private_encode(record, salt, bytes_of_buf(map), NULL), 0);
}

static void fields_come_back_raw_and_compressed(void **state) {
    static const size_t sizes[] = {0, 10, PRIVATE_ZSTD_FROM, 100000, EVENT_PRIVATE_MAX - 200};
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct buf map, record, scratch;
        struct bytes back = {NULL, 0};
        uint8_t commit[EVENT_HASH];
        make(&map, &record, commit, sizes[i]);
        assert_int_equal(record.p[0], i < 2 ? 0 : 1);
        buf_init(&scratch, 2 * EVENT_PRIVATE_MAX);
        assert_int_equal(whole_map(bytes_of_buf(&record), commit, &scratch, &back, NULL), 0);
        assert_true(bytes_eq(back, bytes_of_buf(&map)));
        buf_done(&map);
        buf_done(&record);
        buf_done(&scratch);
    }
}

static void no_cut_is_accepted_and_a_flip_changes_no_field(void **state) {
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct buf map, record, scratch;
        struct bytes back = {NULL, 0};
        uint8_t commit[EVENT_HASH];
        make(&map, &record, commit, i == 0 ? 20 : 900);
        buf_init(&scratch, 2 * EVENT_PRIVATE_MAX);
        for (size_t bit = 0; bit < 8 * record.n; bit++) {
            record.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
            int rc = whole_map(bytes_of_buf(&record), commit, &scratch, &back, NULL);
            if (rc == 0) { /* a bit of the frame's head without meaning */
                assert_true(i == 1 && bytes_eq(back, bytes_of_buf(&map)));
            } else {
                assert_true(rc == ERR_CORRUPT || rc == ERR_TAMPERED);
            }
            record.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        }
        for (size_t n = 0; n < record.n; n++) {
            uint8_t *cut = malloc(n == 0 ? 1 : n);
            assert_non_null(cut);
            memcpy(cut, record.p, n);
            assert_true(whole_map((struct bytes){cut, n}, commit, &scratch, &back, NULL) < 0);
            free(cut);
        }
        commit[0] ^= 1;
        struct err err = {0};
        assert_int_equal(whole_map(bytes_of_buf(&record), commit, &scratch, &back, &err), ERR_TAMPERED);
        assert_string_equal(err.msg, "the private fields differ from their commitment");
        buf_done(&map);
        buf_done(&record);
        buf_done(&scratch);
    }
}

/* Fields "a", "b" and "c"; "b" is erased. */
static void make_parts(struct buf *record, uint8_t commit[EVENT_HASH], size_t n) {
    static const char *const names[] = {"b"};
    struct buf map, whole, scratch;
    struct private_view view;
    uint64_t bytes;
    buf_init(&map, EVENT_PRIVATE_MAX);
    buf_init(&whole, EVENT_PRIVATE_MAX);
    buf_init(&scratch, PRIVATE_SCRATCH_MAX);
    buf_init(record, EVENT_PRIVATE_MAX);
    mp_put_map(&map, 3);
    for (const char *name = "abc"; *name != '\0'; name++) {
        mp_put_str(&map, (struct bytes){(const uint8_t *)name, 1});
        mp_put_str(&map, (struct bytes){(const uint8_t *)"0123456789012345678901234567890123456789", n});
    }
    assert_int_equal(event_private_commit(commit, salt, bytes_of_buf(&map), NULL), 0);
    assert_int_equal(private_encode(&whole, salt, bytes_of_buf(&map), NULL), 0);
    assert_int_equal(private_open(bytes_of_buf(&whole), commit, &scratch, &view, NULL), 0);
    assert_int_equal(private_erase(record, &view, names, 1, &bytes, NULL), 0);
    assert_int_equal(bytes, 1 + n + (n < 32 ? 1 : 2));
    buf_done(&map);
    buf_done(&whole);
    buf_done(&scratch);
}

static void what_is_left_of_fields_comes_back_and_no_other_form_of_it_is_accepted(void **state) {
    struct buf record, scratch;
    struct private_view view;
    struct bytes raw;
    uint8_t commit[EVENT_HASH];
    (void)state;
    make_parts(&record, commit, 20);
    buf_init(&scratch, PRIVATE_SCRATCH_MAX);
    assert_int_equal(record.p[0], 2);
    assert_int_equal(private_open(bytes_of_buf(&record), commit, &scratch, &view, NULL), 0);
    assert_null(view.salt);
    assert_int_equal(view.n_erased, 1);
    assert_int_equal(mp_map_get(view.map, "a", &raw), 0);
    assert_int_equal(mp_map_get(view.map, "b", &raw), ERR_NOTFOUND);
    assert_int_equal(mp_map_get(view.map, "c", &raw), 0);
    for (size_t bit = 0; bit < 8 * record.n; bit++) {
        record.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
        int rc = private_open(bytes_of_buf(&record), commit, &scratch, &view, NULL);
        assert_true(rc == ERR_CORRUPT || rc == ERR_TAMPERED);
        record.p[bit / 8] ^= (uint8_t)(1U << (bit % 8));
    }
    for (size_t n = 0; n < record.n; n++) {
        uint8_t *cut = malloc(n == 0 ? 1 : n);
        assert_non_null(cut);
        memcpy(cut, record.p, n);
        assert_true(private_open((struct bytes){cut, n}, commit, &scratch, &view, NULL) < 0);
        free(cut);
    }
    buf_done(&record);
    buf_done(&scratch);
}

static void a_frame_that_claims_too_much_is_refused(void **state) {
    struct buf zeros, record, scratch;
    struct bytes back;
    (void)state;
    buf_init(&zeros, 2 * EVENT_PRIVATE_MAX);
    buf_init(&record, 2 * EVENT_PRIVATE_MAX);
    buf_init(&scratch, 4 * EVENT_PRIVATE_MAX);
    memset(buf_room(&zeros, 2 * EVENT_PRIVATE_MAX), 0, 2 * EVENT_PRIVATE_MAX);
    zeros.n = 2 * EVENT_PRIVATE_MAX;
    buf_put_u8(&record, 1);
    assert_int_equal(zst_compress(&record, bytes_of_buf(&zeros), 1, NULL), 0);
    assert_int_equal(whole_map(bytes_of_buf(&record), salt, &scratch, &back, NULL), ERR_CORRUPT);
    buf_done(&zeros);
    buf_done(&record);
    buf_done(&scratch);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_back_raw_and_compressed),
        cmocka_unit_test(no_cut_is_accepted_and_a_flip_changes_no_field),
        cmocka_unit_test(what_is_left_of_fields_comes_back_and_no_other_form_of_it_is_accepted),
        cmocka_unit_test(a_frame_that_claims_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
