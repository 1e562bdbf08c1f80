/* Upcasting bodies to the current schema. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "projections/fold/upcast.h"

static struct err why;
static struct buf scratch[2];

/* {"n": k} becomes {"n": k + 1}, twice. */
static int one_more(struct bytes body, struct buf *out, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    if (mp_map_get(body, "n", &raw) != 0 || mp_scalar(raw, &item) != 0) {
        return err_set(err, ERR_INVALID, "there is no 'n'");
    }
    mp_put_map(out, 1);
    mp_put_str(out, bytes_of("n"));
    mp_put_uint(out, item.uint + 1);
    return 0;
}

static const struct upcast steps[] = {
    {"pack.installed", 2, one_more}, {"pack.removed", 1, one_more}, {"pack.installed", 1, one_more}};

static int lift(const char *kind, uint32_t from, uint32_t to, const char *json, int64_t *ret) {
    struct log_event event = {.seq = 5, .schema = from, .kind = bytes_of(kind)};
    struct bytes body = {0}, raw;
    struct mp_item item;
    struct buf in;
    buf_init(&in, 1024);
    if (json != NULL) {
        assert_int_equal(log_json_to_body(bytes_of(json), &in, &why), 0);
    }
    event.body = bytes_of_buf(&in);
    int rc = upcast_body(steps, 3, &event, to, scratch, &body, &why);
    *ret = rc == 0 && mp_map_get(body, "n", &raw) == 0 && mp_scalar(raw, &item) == 0 ? (int64_t)item.uint : -1;
    buf_done(&in);
    return rc;
}

static void a_body_is_lifted_step_by_step(void **state) {
    int64_t n;
    (void)state;
    assert_int_equal(lift("pack.installed", 1, 3, "{\"n\": 10}", &n), 0);
    assert_int_equal(n, 12);
    assert_int_equal(lift("pack.installed", 2, 3, "{\"n\": 10}", &n), 0);
    assert_int_equal(n, 11);
    assert_int_equal(lift("pack.installed", 3, 3, "{\"n\": 10}", &n), 0);
    assert_int_equal(n, 10);
}

static void what_cannot_be_lifted_says_why(void **state) {
    int64_t n;
    (void)state;
    assert_int_equal(lift("pack.removed", 1, 3, "{\"n\": 1}", &n), ERR_VERSION);
    assert_string_equal(why.msg, "there is no step from schema 2 of 'pack.removed' to the next");
    assert_int_equal(lift("pack.removed", 4, 3, "{\"n\": 1}", &n), ERR_VERSION);
    assert_string_equal(why.msg, "its kind 'pack.removed' has schema 4, this program knows 3");
    assert_int_equal(lift("pack.installed", 1, 3, "{\"m\": 1}", &n), ERR_INVALID);
}

static void an_erased_body_stays_erased(void **state) {
    int64_t n;
    (void)state;
    assert_int_equal(lift("pack.installed", 1, 3, NULL, &n), 0);
    assert_int_equal(n, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_body_is_lifted_step_by_step),
        cmocka_unit_test(what_cannot_be_lifted_says_why),
        cmocka_unit_test(an_erased_body_stays_erased),
    };
    buf_init(&scratch[0], 1024);
    buf_init(&scratch[1], 1024);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_done(&scratch[0]);
    buf_done(&scratch[1]);
    return failed;
}
