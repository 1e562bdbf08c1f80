/* base/mp.h, reading: only the canonical form is accepted, and a refusal says what and where. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "tests/base/mp_sample.h"

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static void the_reader_gives_back_what_was_written(void **state) {
    (void)state;
    struct buf out;
    struct err err = {0};
    buf_init(&out, BUF_MAX);
    put_rich(&out);
    assert_int_equal(mp_check(bytes_of_buf(&out), &err), 0);
    assert_int_equal(err.code, 0);
    assert_identity(bytes_of_buf(&out));
    struct mp_reader r;
    struct mp_item item;
    mp_reader_init(&r, bytes_of_buf(&out));
    assert_int_equal(mp_next(&r, &item, &err), 0);
    assert_int_equal(item.type, MP_ARRAY);
    assert_int_equal(item.count, 26);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(mp_next(&r, &item, &err), 0);
        assert_int_equal(item.type, i % 2 == 0 ? MP_UINT : MP_INT);
    }
    assert_true(item.sint == INT64_MIN);
    assert_int_equal(mp_next(&r, &item, &err), 0);
    assert_int_equal(item.type, MP_NIL);
    struct bytes raw;
    const uint8_t *at = r.p;
    assert_int_equal(mp_skip(&r, 1, &raw, &err), 0);
    assert_ptr_equal(raw.p, at);
    assert_ptr_equal(raw.p + raw.n, r.p);
    assert_int_equal(mp_check(raw, &err), 0);
    assert_int_equal(mp_next(&r, &item, &err), 0);
    assert_int_equal(item.data.n, 40);
    while (r.p != r.end) {
        assert_int_equal(mp_skip(&r, 1, NULL, &err), 0);
    }
    assert_int_equal(mp_next(&r, &item, &err), 1);
    assert_int_equal(mp_skip(&r, 0, NULL, &err), ERR_CORRUPT);
    buf_done(&out);
}

static const struct {
    const char *hex, *message;
} refusals[] = {
    {"", "byte 0: an item is missing"},
    {"c0c0", "byte 1: bytes follow the item"},
    {"90c0", "byte 1: bytes follow the item"},
    {"c1", "byte 0: 0xc1 begins no item"},
    {"91c1", "byte 1: 0xc1 begins no item"},
    {"ca3f800000", "byte 0: a float is written in 32 bits, expected 64"},
    {"cb7ff0000000000000", "byte 0: a float is not a number, infinite or negative zero"},
    {"cbfff0000000000000", "byte 0: a float is not a number, infinite or negative zero"},
    {"cb7ff8000000000000", "byte 0: a float is not a number, infinite or negative zero"},
    {"cb7ff0000000000001", "byte 0: a float is not a number, infinite or negative zero"},
    {"cb8000000000000000", "byte 0: a float is not a number, infinite or negative zero"},
    {"cc00", "byte 0: an integer is not in its shortest form"},
    {"cc7f", "byte 0: an integer is not in its shortest form"},
    {"cd00ff", "byte 0: an integer is not in its shortest form"},
    {"ce0000ffff", "byte 0: an integer is not in its shortest form"},
    {"cf00000000ffffffff", "byte 0: an integer is not in its shortest form"},
    {"cf8000000000000000", "byte 0: an integer is larger than 9223372036854775807"},
    {"cfffffffffffffffff", "byte 0: an integer is larger than 9223372036854775807"},
    {"d000", "byte 0: a non-negative integer is written as a signed one"},
    {"d17fff", "byte 0: a non-negative integer is written as a signed one"},
    {"d27fffffff", "byte 0: a non-negative integer is written as a signed one"},
    {"d37fffffffffffffff", "byte 0: a non-negative integer is written as a signed one"},
    {"d0ff", "byte 0: an integer is not in its shortest form"},
    {"d0e0", "byte 0: an integer is not in its shortest form"},
    {"d1ff80", "byte 0: an integer is not in its shortest form"},
    {"d2ffff8000", "byte 0: an integer is not in its shortest form"},
    {"d3ffffffff80000000", "byte 0: an integer is not in its shortest form"},
    {"d900", "byte 0: a length is not in its shortest form"},
    {"d91f", "byte 0: a length is not in its shortest form"},
    {"da00ff", "byte 0: a length is not in its shortest form"},
    {"db0000ffff", "byte 0: a length is not in its shortest form"},
    {"c500ff", "byte 0: a length is not in its shortest form"},
    {"c60000ffff", "byte 0: a length is not in its shortest form"},
    {"dc000f", "byte 0: a length is not in its shortest form"},
    {"dd0000ffff", "byte 0: a length is not in its shortest form"},
    {"de000f", "byte 0: a length is not in its shortest form"},
    {"df0000ffff", "byte 0: a length is not in its shortest form"},
    {"a161a2", "byte 2: bytes follow the item"},
    {"a261", "byte 0: the input ends inside an item"},
    {"dbffffffff61", "byte 0: the input ends inside an item"},
    {"c6ffffffff61", "byte 0: the input ends inside an item"},
    {"cb3ff80000000000", "byte 0: the input ends inside an item"},
    {"92c0c4", "byte 2: the input ends inside an item"},
    {"92c4", "byte 0: an array has more elements than the input has room for"},
    {"929100", "byte 3: the input ends inside an item"},
    {"9000", "byte 1: bytes follow the item"},
    {"91", "byte 0: an array has more elements than the input has room for"},
    {"ddffffffff", "byte 0: an array has more elements than the input has room for"},
    {"dcffff00", "byte 0: an array has more elements than the input has room for"},
    {"81a0", "byte 0: a map has more pairs than the input has room for"},
    {"dfffffffffa0c0", "byte 0: a map has more pairs than the input has room for"},
    {"df80000000a0c0", "byte 0: a map has more pairs than the input has room for"},
    {"a1ff", "byte 1: text is not valid UTF-8"},
    {"a3616280", "byte 3: text is not valid UTF-8"},
    {"a3eda080", "byte 1: text is not valid UTF-8"},
    {"a2c080", "byte 1: text is not valid UTF-8"},
    {"d4ff00", "byte 0: extension types are not accepted"},
    {"d5010000", "byte 0: extension types are not accepted"},
    {"d6ff00000000", "byte 0: extension types are not accepted"},
    {"d7ff0000000000000000", "byte 0: extension types are not accepted"},
    {"d801", "byte 0: extension types are not accepted"},
    {"c70001", "byte 0: extension types are not accepted"},
    {"c8000001", "byte 0: extension types are not accepted"},
    {"c90000000001", "byte 0: extension types are not accepted"},
    {"8101c0", "byte 1: a map key is not text"},
    {"81c40161c0", "byte 1: a map key is not text"},
    {"8190c0", "byte 1: a map key is not text"},
    {"82a161c0a161c0", "byte 4: a map has the same key twice"},
    {"82a162c0a161c0", "byte 4: map keys are not in the order of their bytes"},
    {"82a26161c0a161c0", "byte 5: map keys are not in the order of their bytes"},
    {"82a162c0a26161c0", "byte 4: map keys are not in the order of their bytes"},
    {"82a2c3b6c0a17ac0", "byte 5: map keys are not in the order of their bytes"},
    {"9182a162c0a161c0", "byte 5: map keys are not in the order of their bytes"},
    {"81a16182a162c0a161c0", "byte 7: map keys are not in the order of their bytes"},
};

static void each_rule_is_refused_with_its_own_words(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        struct err err = {0};
        struct bytes input = unhex(view(refusals[i].hex));
        assert_int_equal(mp_check(input, &err), ERR_CORRUPT);
        assert_int_equal(err.code, ERR_CORRUPT);
        assert_string_equal(err.msg, refusals[i].message);
        assert_int_equal(mp_check(input, NULL), ERR_CORRUPT);
        unhex_free(input);
    }
}

static void keys_are_ordered_by_their_text_and_not_by_their_encoding(void **state) {
    (void)state;
    static const char *const good[] = {"80",           "82a161c0a26161c0",          "82a26161c0a162c0", "82a17ac0a2c3b6c0",
                                       "82a0c0a161c0", "82a16181a162c0a16281a161c0"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct err err = {0};
        struct bytes input = unhex(view(good[i]));
        assert_int_equal(mp_check(input, &err), 0);
        assert_string_equal(err.msg, "");
        assert_identity(input);
        unhex_free(input);
    }
}

static void thirty_two_levels_are_accepted_and_thirty_three_refused(void **state) {
    (void)state;
    for (unsigned map = 0; map < 2; map++) {
        struct buf out;
        struct err err = {0};
        buf_init(&out, BUF_MAX);
        for (unsigned level = 0; level < 32; level++) {
            map ? mp_put_map(&out, 1) : mp_put_array(&out, 1);
            if (map) {
                mp_put_str(&out, view("k"));
            }
        }
        size_t at = out.n;
        mp_put_uint(&out, 1);
        assert_int_equal(mp_check(bytes_of_buf(&out), &err), 0);
        struct mp_reader r;
        mp_reader_init(&r, bytes_of_buf(&out));
        assert_int_equal(mp_skip(&r, 1, NULL, &err), ERR_CORRUPT);
        assert_ptr_equal(r.p, r.start);
        assert_int_equal(mp_skip(&r, 33, NULL, &err), ERR_CORRUPT);
        out.n = at;
        mp_put_array(&out, 0);
        assert_int_equal(mp_check(bytes_of_buf(&out), &err), ERR_CORRUPT);
        char want[64];
        snprintf(want, sizeof(want), "byte %zu: nested deeper than 32 levels", at);
        assert_string_equal(err.msg, want);
        buf_done(&out);
    }
}

static void depth_does_not_grow_with_breadth(void **state) {
    (void)state;
    struct buf out;
    struct err err = {0};
    buf_init(&out, BUF_MAX);
    mp_put_array(&out, 1000);
    for (unsigned i = 0; i < 1000; i++) {
        mp_put_array(&out, 1);
        mp_put_map(&out, i % 2);
        if (i % 2 == 1) {
            mp_put_str(&out, view("k"));
            mp_put_map(&out, 0);
        }
    }
    assert_int_equal(mp_check(bytes_of_buf(&out), &err), 0);
    buf_done(&out);
}

static void a_cut_at_every_byte_is_refused(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, BUF_MAX);
    put_rich(&out);
    for (size_t n = 0; n < out.n; n++) {
        struct err err = {0};
        uint8_t *p = malloc(n + 1);
        assert_non_null(p);
        memcpy(p + 1, out.p, n);
        struct bytes cut = {p + 1, n};
        assert_int_equal(mp_check(cut, &err), ERR_CORRUPT);
        assert_true(strlen(err.msg) > 0);
        free(p);
    }
    buf_done(&out);
}

static void a_flip_of_every_bit_is_refused_or_is_another_canonical_document(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, BUF_MAX);
    put_rich(&out);
    size_t accepted = 0, refused = 0;
    for (size_t bit = 0; bit < out.n * 8; bit++) {
        out.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (mp_check(bytes_of_buf(&out), NULL) == 0) {
            accepted++;
            assert_identity(bytes_of_buf(&out));
        } else {
            refused++;
        }
        out.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(accepted > 0 && refused > 0);
    buf_done(&out);
}

static void every_input_of_three_bytes_is_refused_or_canonical(void **state) {
    (void)state;
    size_t accepted = 0;
    for (uint32_t v = 0; v < 0x1000000; v++) {
        uint8_t p[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        struct bytes input = {p, sizeof(p)};
        if (mp_check(input, NULL) == 0) {
            accepted++;
            assert_identity(input);
        }
    }
    assert_true(accepted > 0);
}

/* For each head and length: what is peeked is what mp_next returns, and mp_next returns no short text that is not peeked.
 */
static void a_short_text_can_be_peeked_at(void **state) {
    (void)state;
    for (unsigned head = 0; head < 256; head++) {
        for (unsigned second = 0; second < 256; second++) {
            for (size_t n = 0; n < 40; n++) {
                uint8_t *p = malloc(n != 0 ? n : 1); /* in its own block, so that a read past the end is detected */
                assert_non_null(p);
                memset(p, 'x', n);
                if (n > 0) {
                    p[0] = (uint8_t)head;
                }
                if (n > 1) {
                    p[1] = (uint8_t)second;
                }
                struct mp_reader r, after;
                struct mp_item item;
                struct bytes text = {NULL, 0};
                mp_reader_init(&r, (struct bytes){p, n});
                after = r;
                bool there = mp_peek_text(&r, &text);
                int rc = mp_next(&after, &item, NULL);
                assert_ptr_equal(r.p, p);
                if (there && rc == 0) {
                    assert_int_equal(item.type, MP_STR);
                    assert_ptr_equal(item.data.p, text.p);
                    assert_int_equal(item.data.n, text.n);
                    assert_ptr_equal(after.p, text.p + text.n);
                } else if (there) { /* not UTF-8, which is not checked */
                    assert_true(rc == ERR_CORRUPT && n > 1 && second >= 0x80);
                } else {
                    assert_true(rc != 0 || item.type != MP_STR || item.data.n > 255);
                }
                free(p);
            }
        }
    }
}

/* ---- maps and scalars --------------------------------------------------------------------------------------------- */

static void what_is_known_to_be_canonical_is_read_alike(void **state) {
    struct buf out;
    struct mp_reader a, b;
    struct bytes whole, raw;
    (void)state;
    buf_init(&out, BUF_MAX);
    put_rich(&out);
    mp_reader_init(&a, bytes_of_buf(&out));
    b = a;
    while (a.p != a.end) {
        struct mp_item x = {.type = MP_NIL}, y = {.type = MP_NIL};
        struct mp_reader at = a, known = b;
        assert_int_equal(mp_skip(&at, 0, &whole, NULL), 0);
        assert_int_equal(mp_skip_known(&known, &raw), 0);
        assert_true(known.p == at.p && raw.p == whole.p && raw.n == whole.n);
        assert_int_equal(mp_next(&a, &x, NULL), 0);
        assert_int_equal(mp_next_known(&b, &y), 0);
        assert_true(a.p == b.p && x.type == y.type && x.count == y.count && x.uint == y.uint && x.sint == y.sint &&
                    bytes_eq(x.data, y.data));
    }
    assert_int_equal(mp_next_known(&b, &(struct mp_item){.type = MP_NIL}), 1);
    assert_int_equal(mp_skip_known(&b, &raw), ERR_CORRUPT);
    buf_done(&out);
}

static void what_is_not_canonical_after_all_is_never_read_past_its_end(void **state) {
    struct buf out;
    (void)state;
    buf_init(&out, BUF_MAX);
    put_rich(&out);
    for (size_t n = 0; n < out.n; n++) {
        struct mp_reader r;
        struct mp_item item;
        struct bytes raw;
        uint8_t *copy = malloc(n + 1); /* of the exact size, so that a read past it is seen */
        memcpy(copy, out.p, n);
        mp_reader_init(&r, (struct bytes){copy, n});
        assert_int_equal(mp_skip_known(&r, &raw), ERR_CORRUPT);
        assert_ptr_equal(r.p, r.start);
        copy = realloc(copy, out.n);
        assert_non_null(copy);
        for (unsigned bit = 0; bit < 8; bit++) {
            memcpy(copy, out.p, out.n);
            copy[n] = (uint8_t)(copy[n] ^ 1U << bit);
            mp_reader_init(&r, (struct bytes){copy, out.n});
            assert_true(mp_skip_known(&r, &raw) != 0 || (r.p <= r.end && raw.n <= out.n));
            for (mp_reader_init(&r, (struct bytes){copy, out.n}); mp_next_known(&r, &item) == 0;) {
                assert_true(r.p <= r.end);
            }
        }
        free(copy);
    }
    buf_done(&out);
}

static void records_are_taken_item_by_item(void **state) {
    const uint8_t good[] = {0x94, 0x07, 0xc4, 0x02, 0xaa, 0xbb, 0xa1, 'x', 0xc4, 0x00};
    const struct bytes whole = {good, sizeof(good)};
    struct mp_reader r;
    struct mp_item text;
    uint8_t two[2] = {0};
    uint64_t n = 1;
    (void)state;
    mp_reader_init(&r, whole);
    assert_true(mp_take_array(&r, 4) && mp_take_uint(&r, 7, &n) && mp_take_bin(&r, two, 2) && mp_take(&r, MP_STR, &text) &&
                mp_take_bin(&r, NULL, 0));
    assert_true(r.p == r.end && n == 7 && two[0] == 0xaa && two[1] == 0xbb && bytes_is(text.data, "x"));
    assert_false(mp_take(&r, MP_STR, &text));
    mp_reader_init(&r, whole);
    assert_false(mp_take_array(&r, 3));
    mp_reader_init(&r, (struct bytes){good + 1, 5});
    n = 1;
    assert_false(mp_take_uint(&r, 6, &n));
    assert_int_equal(n, 1);
    two[0] = 0;
    assert_false(mp_take_bin(&r, two, 1));
    assert_int_equal(two[0], 0);
}

static void a_value_is_found_by_its_key(void **state) {
    (void)state;
    struct buf out;
    struct bytes raw = {NULL, 77};
    struct mp_item item;
    buf_init(&out, BUF_MAX);
    put_rich_inner(&out);
    struct bytes map = bytes_of_buf(&out);
    assert_int_equal(mp_map_get(map, "yes", &raw), 0);
    assert_int_equal(mp_scalar(raw, &item), 0);
    assert_int_equal(item.type, MP_BOOL);
    assert_true(item.boolean);
    assert_int_equal(mp_map_get(map, "\xc3\xb6", &raw), 0);
    assert_int_equal(mp_scalar(raw, &item), 0);
    assert_false(item.boolean);
    assert_int_equal(mp_map_get(map, "bin", &raw), 0);
    assert_int_equal(mp_scalar(raw, &item), 0);
    assert_int_equal(item.data.n, 4);
    assert_int_equal(mp_map_get(map, "empty", &raw), 0);
    assert_int_equal(mp_check(raw, NULL), 0);
    assert_int_equal(mp_scalar(raw, &item), ERR_CORRUPT);
    raw.n = 77;
    static const char *const absent[] = {"", "a", "bi", "binn", "ye", "yess", "zz", "\xff"};
    for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(mp_map_get(map, absent[i], &raw), ERR_NOTFOUND);
    }
    assert_int_equal(raw.n, 77);
    buf_done(&out);
}

static void what_is_no_map_or_no_scalar_is_corrupt(void **state) {
    (void)state;
    static const char *const no_map[] = {"", "c0", "90", "a0", "81a1", "81c0c0", "81a161c1", "82a161c0c0c0"};
    static const char *const no_scalar[] = {"", "90", "80", "c0c0", "c1", "cc00", "a2", "a1ff"};
    struct bytes raw;
    struct mp_item item;
    for (size_t i = 0; i < sizeof(no_map) / sizeof(no_map[0]); i++) {
        struct bytes input = unhex(view(no_map[i]));
        assert_int_equal(mp_map_get(input, "b", &raw), ERR_CORRUPT);
        unhex_free(input);
    }
    for (size_t i = 0; i < sizeof(no_scalar) / sizeof(no_scalar[0]); i++) {
        struct bytes input = unhex(view(no_scalar[i]));
        assert_int_equal(mp_scalar(input, &item), ERR_CORRUPT);
        unhex_free(input);
    }
    struct mp_reader r;
    mp_reader_init(&r, (struct bytes){NULL, 0});
    assert_int_equal(mp_next(&r, &item, NULL), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reader_gives_back_what_was_written),
        cmocka_unit_test(each_rule_is_refused_with_its_own_words),
        cmocka_unit_test(keys_are_ordered_by_their_text_and_not_by_their_encoding),
        cmocka_unit_test(thirty_two_levels_are_accepted_and_thirty_three_refused),
        cmocka_unit_test(depth_does_not_grow_with_breadth),
        cmocka_unit_test(a_cut_at_every_byte_is_refused),
        cmocka_unit_test(a_flip_of_every_bit_is_refused_or_is_another_canonical_document),
        cmocka_unit_test(every_input_of_three_bytes_is_refused_or_canonical),
        cmocka_unit_test(a_short_text_can_be_peeked_at),
        cmocka_unit_test(what_is_known_to_be_canonical_is_read_alike),
        cmocka_unit_test(what_is_not_canonical_after_all_is_never_read_past_its_end),
        cmocka_unit_test(records_are_taken_item_by_item),
        cmocka_unit_test(a_value_is_found_by_its_key),
        cmocka_unit_test(what_is_no_map_or_no_scalar_is_corrupt),
    };
    return cmocka_run_group_tests_name("mp_read", tests, NULL, NULL);
}
