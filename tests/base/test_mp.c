/* base/mp.h, encoding: the shortest form of everything, and the worked examples to the last byte. */
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "tests/base/mp_sample.h"

/* ---- encoding ----------------------------------------------------------------------------------------------------- */

static void unsigned_integers_take_the_shortest_form(void **state) {
    (void)state;
    static const struct {
        uint64_t v;
        const char *hex;
    } cases[] = {{0, "00"},
                 {127, "7f"},
                 {128, "cc80"},
                 {255, "ccff"},
                 {256, "cd0100"},
                 {65535, "cdffff"},
                 {65536, "ce00010000"},
                 {UINT32_MAX, "ceffffffff"},
                 {UINT64_C(1) << 32, "cf0000000100000000"},
                 {MP_INT_MAX, "cf7fffffffffffffff"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, BUF_MAX);
        mp_put_uint(&out, cases[i].v);
        assert_hex(&out, cases[i].hex);
        buf_clear(&out);
        mp_put_int(&out, (int64_t)cases[i].v);
        assert_hex(&out, cases[i].hex);
        buf_done(&out);
    }
}

static void negative_integers_take_the_shortest_form(void **state) {
    (void)state;
    static const struct {
        int64_t v;
        const char *hex;
    } cases[] = {{-1, "ff"},
                 {-32, "e0"},
                 {-33, "d0df"},
                 {-128, "d080"},
                 {-129, "d1ff7f"},
                 {-32768, "d18000"},
                 {-32769, "d2ffff7fff"},
                 {INT32_MIN, "d280000000"},
                 {INT64_C(-2147483649), "d3ffffffff7fffffff"},
                 {INT64_MIN, "d38000000000000000"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out, BUF_MAX);
        mp_put_int(&out, cases[i].v);
        assert_hex(&out, cases[i].hex);
        buf_done(&out);
    }
}

static void the_other_scalars_have_their_bytes(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, BUF_MAX);
    mp_put_nil(&out);
    mp_put_bool(&out, false);
    mp_put_bool(&out, true);
    mp_put_float(&out, 1.5);
    mp_put_float(&out, 0.0);
    mp_put_str(&out, view("a"));
    mp_put_bin(&out, view("a"));
    mp_put_str(&out, view(""));
    mp_put_bin(&out, view(""));
    assert_hex(&out, "c0c2c3"
                     "cb3ff8000000000000"
                     "cb0000000000000000"
                     "a161"
                     "c40161"
                     "a0"
                     "c400");
    buf_done(&out);
}

static void lengths_take_the_shortest_form(void **state) {
    (void)state;
    static const struct {
        uint32_t n;
        const char *str, *bin, *array, *map;
    } cases[] = {{15, "af", "c40f", "9f", "8f"},
                 {16, "b0", "c410", "dc0010", "de0010"},
                 {31, "bf", "c41f", "dc001f", "de001f"},
                 {32, "d920", "c420", "dc0020", "de0020"},
                 {255, "d9ff", "c4ff", "dc00ff", "de00ff"},
                 {256, "da0100", "c50100", "dc0100", "de0100"},
                 {65535, "daffff", "c5ffff", "dcffff", "deffff"},
                 {65536, "db00010000", "c600010000", "dd00010000", "df00010000"}};
    static uint8_t zeros[65536];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        struct bytes data = {zeros, cases[i].n};
        buf_init(&out, BUF_MAX);
        mp_put_str(&out, data);
        assert_int_equal(out.n, strlen(cases[i].str) / 2 + data.n);
        out.n -= data.n;
        assert_hex(&out, cases[i].str);
        buf_clear(&out);
        mp_put_bin(&out, data);
        assert_int_equal(out.n, strlen(cases[i].bin) / 2 + data.n);
        out.n -= data.n;
        assert_hex(&out, cases[i].bin);
        buf_clear(&out);
        mp_put_array(&out, cases[i].n);
        assert_hex(&out, cases[i].array);
        buf_clear(&out);
        mp_put_map(&out, cases[i].n);
        assert_hex(&out, cases[i].map);
        buf_done(&out);
    }
}

static void what_is_out_of_range_is_not_encoded(void **state) {
    (void)state;
    struct err err = {0};
    struct buf out;
    buf_init(&out, BUF_MAX);
    mp_put_uint(&out, MP_INT_MAX + 1);
    assert_int_equal(out.n, 0);
    assert_int_equal(buf_check(&out, "event", &err), ERR_LIMIT);
    buf_clear(&out);
    mp_put_str(&out, (struct bytes){(const uint8_t *)"", (size_t)UINT32_MAX + 1});
    assert_int_equal(out.fail, ERR_LIMIT);
    buf_clear(&out);
    mp_put_bin(&out, (struct bytes){(const uint8_t *)"", (size_t)UINT32_MAX + 1});
    assert_int_equal(out.fail, ERR_LIMIT);
    assert_int_equal(out.n, 0);
    buf_done(&out);
    assert_true(mp_float_ok(0.0));
    assert_true(mp_float_ok(-DBL_MAX));
    assert_true(mp_float_ok(DBL_TRUE_MIN));
    assert_false(mp_float_ok(-0.0));
    assert_false(mp_float_ok((double)NAN));
    assert_false(mp_float_ok((double)INFINITY));
    assert_false(mp_float_ok((double)-INFINITY));
}

static void a_full_buf_stays_within_its_maximum_and_says_so(void **state) {
    (void)state;
    struct buf whole;
    buf_init(&whole, BUF_MAX);
    put_rich(&whole);
    for (size_t max = 0; max < whole.n; max++) {
        struct buf out;
        buf_init(&out, max);
        put_rich(&out);
        assert_int_equal(out.fail, ERR_LIMIT);
        assert_true(out.n <= max);
        assert_memory_equal(out.p == NULL ? whole.p : out.p, whole.p, out.n);
        buf_done(&out);
    }
    buf_done(&whole);
}

/* ---- the project's own vectors ------------------------------------------------------------------------------------ */

static void read_vectors(struct buf *out) {
    static char text[65536];
    struct err err = {0};
    FILE *f = fopen("tests/vectors/events.json", "rb");
    assert_non_null(f);
    struct bytes all = {(const uint8_t *)text, fread(text, 1, sizeof(text), f)};
    fclose(f);
    assert_true(all.n > 0 && all.n < sizeof(text));
    buf_init(out, BUF_MAX);
    assert_int_equal(json_to_mp(all, out, &err), 0);
}

static struct bytes member(struct bytes map, const char *key) {
    struct bytes raw;
    assert_int_equal(mp_map_get(map, key, &raw), 0);
    return raw;
}

static struct mp_item scalar(struct bytes map, const char *key) {
    struct mp_item item;
    assert_int_equal(mp_scalar(member(map, key), &item), 0);
    return item;
}

static struct bytes hex_member(struct bytes map, const char *key) {
    return unhex(scalar(map, key).data);
}

static void put_hex_or_nil(struct buf *out, struct bytes event, const char *key) {
    if (scalar(event, key).type == MP_NIL) {
        mp_put_nil(out);
        return;
    }
    struct bytes b = hex_member(event, key);
    mp_put_bin(out, b);
    unhex_free(b);
}

static void assert_event(struct bytes event, struct bytes prev) {
    static const char *const fields[] = {"seq",    "time",  "kind", "schema", "subject", "actor",
                                         "source", "grade", "run",  "cause",  "key"};
    struct buf out;
    struct err err = {0};
    struct bytes input = member(event, "input"), header = hex_member(event, "header"),
                 payload = hex_member(event, "payload");
    buf_init(&out, BUF_MAX);
    mp_put_array(&out, 15);
    mp_put_uint(&out, 1);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct mp_item item = scalar(input, fields[i]);
        put_item(&out, &item);
    }
    put_hex_or_nil(&out, event, "body_commitment");
    put_hex_or_nil(&out, event, "private_commitment");
    mp_put_bin(&out, prev);
    assert_true(bytes_eq(bytes_of_buf(&out), header));
    buf_clear(&out);
    mp_put_array(&out, 2);
    buf_put_bytes(&out, member(input, "body"));
    if (!scalar(input, "authored").boolean) {
        mp_put_nil(&out);
        assert_true(bytes_eq(bytes_of_buf(&out), payload));
    }
    assert_memory_equal(out.p, payload.p, out.n);
    assert_int_equal(mp_check(header, &err), 0);
    assert_int_equal(mp_check(payload, &err), 0);
    assert_identity(header);
    assert_identity(payload);
    buf_done(&out);
    unhex_free(header);
    unhex_free(payload);
}

static void the_worked_events_are_encoded_to_the_last_byte(void **state) {
    (void)state;
    struct buf doc;
    struct mp_reader r;
    struct mp_item item;
    uint8_t prev[32] = {0};
    read_vectors(&doc);
    mp_reader_init(&r, member(bytes_of_buf(&doc), "events"));
    assert_int_equal(mp_next(&r, &item, NULL), 0);
    assert_int_equal(item.count, 3);
    for (unsigned i = 0; i < 3; i++) {
        struct bytes event;
        assert_int_equal(mp_skip(&r, 1, &event, NULL), 0);
        assert_event(event, (struct bytes){prev, sizeof(prev)});
        assert_int_equal(text_unhex(prev, sizeof(prev), scalar(event, "leaf").data), 0);
    }
    buf_done(&doc);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_integers_take_the_shortest_form),
        cmocka_unit_test(negative_integers_take_the_shortest_form),
        cmocka_unit_test(the_other_scalars_have_their_bytes),
        cmocka_unit_test(lengths_take_the_shortest_form),
        cmocka_unit_test(what_is_out_of_range_is_not_encoded),
        cmocka_unit_test(a_full_buf_stays_within_its_maximum_and_says_so),
        cmocka_unit_test(the_worked_events_are_encoded_to_the_last_byte),
    };
    return cmocka_run_group_tests_name("mp", tests, NULL, NULL);
}
