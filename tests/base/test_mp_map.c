/* Bodies assembled in any order: the result is canonical, and fields without a value are absent. */
#include "base/mp_map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/mp.h"

static struct bytes text(const char *s) {
    return bytes_of(s);
}

static void names_are_written_in_their_order_and_absent_values_not_at_all(void **state) {
    (void)state;
    struct mp_map f;
    struct buf out, json;
    mp_map_init(&f, 4096);
    buf_init(&out, 4096);
    buf_init(&json, 4096);
    mp_map_text(&f, "zeta", text("z"));
    mp_map_text(&f, "absent", text(""));
    mp_map_raw(&f, "gone", (struct bytes){NULL, 0});
    mp_map_digest(&f, "none", text(""));
    mp_map_uint(&f, "at", 7);
    mp_map_nil(&f, "unknown");
    mp_map_bool(&f, "ok", false);
    mp_map_begin(&f, "list");
    mp_put_array(&f.values, 2);
    mp_put_uint(&f.values, 1);
    mp_put_str(&f.values, text("two"));
    mp_map_end(&f);
    assert_int_equal(mp_map_write(&f, &out, NULL), 0);
    assert_int_equal(mp_check(bytes_of_buf(&out), NULL), 0);
    assert_int_equal(json_from_mp(bytes_of_buf(&out), JSON_LINE, &json, NULL), 0);
    buf_put_u8(&json, 0);
    assert_string_equal((const char *)json.p,
                        "{\"at\":7,\"list\":[1,\"two\"],\"ok\":false,\"unknown\":null,\"zeta\":\"z\"}");
    mp_map_clear(&f);
    buf_clear(&out);
    assert_int_equal(mp_map_write(&f, &out, NULL), 0);
    assert_int_equal(out.n, 1); /* an empty map */
    mp_map_done(&f);
    buf_done(&out);
    buf_done(&json);
}

static void digests_are_written_in_lower_case(void **state) {
    (void)state;
    struct mp_map f;
    struct buf out;
    char hex[65];
    memset(hex, 'A', 64);
    hex[64] = '\0';
    mp_map_init(&f, 4096);
    buf_init(&out, 4096);
    mp_map_digest(&f, "d", text(hex));
    assert_int_equal(mp_map_write(&f, &out, NULL), 0);
    assert_non_null(memmem(out.p, out.n, "sha256:aaaa", 11));
    assert_null(memmem(out.p, out.n, "A", 1));
    mp_map_done(&f);
    buf_done(&out);
}

static void a_value_beyond_its_bound_is_kept_as_its_digest_and_size(void **state) {
    (void)state;
    struct mp_map f;
    struct buf out, raw;
    char big[3000];
    memset(big, 'x', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    mp_map_init(&f, 1 << 16);
    buf_init(&out, 1 << 16);
    buf_init(&raw, 1 << 16);
    mp_put_str(&raw, text(big));
    mp_map_bounded(&f, "fits", bytes_of_buf(&raw), raw.n);
    mp_map_bounded(&f, "large", bytes_of_buf(&raw), raw.n - 1);
    mp_map_bounded(&f, "none", (struct bytes){NULL, 0}, 1);
    assert_int_equal(mp_map_write(&f, &out, NULL), 0);
    struct bytes fits, large, bytes;
    struct mp_item item;
    assert_int_equal(mp_map_get(bytes_of_buf(&out), "fits", &fits), 0);
    assert_true(bytes_eq(fits, bytes_of_buf(&raw)));
    assert_int_equal(mp_map_get(bytes_of_buf(&out), "large", &large), 0);
    assert_int_equal(mp_map_get(large, "bytes", &bytes), 0);
    assert_int_equal(mp_scalar(bytes, &item), 0);
    assert_int_equal(item.uint, raw.n);
    assert_int_equal(mp_map_get(large, "sha256", &bytes), 0);
    assert_int_equal(mp_scalar(bytes, &item), 0);
    assert_int_equal(item.data.n, 64);
    assert_int_equal(mp_map_get(bytes_of_buf(&out), "none", &bytes), ERR_NOTFOUND);
    mp_map_done(&f);
    buf_done(&out);
    buf_done(&raw);
}

static void values_past_the_maximum_are_an_error_when_the_map_is_written(void **state) {
    (void)state;
    struct mp_map f;
    struct buf out;
    struct err err = {0};
    mp_map_init(&f, 16);
    buf_init(&out, 4096);
    mp_map_text(&f, "a", text("0123456789"));
    mp_map_text(&f, "b", text("0123456789"));
    assert_int_equal(mp_map_write(&f, &out, &err), ERR_LIMIT);
    assert_non_null(strstr(err.msg, "a map"));
    mp_map_done(&f);
    buf_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_written_in_their_order_and_absent_values_not_at_all),
        cmocka_unit_test(digests_are_written_in_lower_case),
        cmocka_unit_test(a_value_beyond_its_bound_is_kept_as_its_digest_and_size),
        cmocka_unit_test(values_past_the_maximum_are_an_error_when_the_map_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
