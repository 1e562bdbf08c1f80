/* What a probe says, on its way to the parent, which reads it as from outside. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mp.h"
#include "base/mp_map.h"
#include "base/text.h"
#include "doctor/probe/record.h"

static struct err err;

static const struct probe_check full = {.check = "disk-space",
                                        .status = "low",
                                        .target = "ledger",
                                        .pack = "pdf-ops",
                                        .unit = "bytes",
                                        .digest = "sha256:0000000000000000000000000000000000000000000000000000000000000000",
                                        .path = "/var/lib/ledger",
                                        .detail = "words",
                                        .value = 12,
                                        .limit = 345678901234};

static void is_full(const struct probe_record *r) {
    assert_true(bytes_is(r->check, "disk-space") && bytes_is(r->status, "low") && bytes_is(r->target, "ledger"));
    assert_true(r->value == 12 && r->limit == 345678901234);
    assert_true(bytes_is(mp_get_text(r->open, "pack"), "pdf-ops") && bytes_is(mp_get_text(r->open, "unit"), "bytes"));
    assert_true(bytes_is(mp_get_text(r->open, "digest"), full.digest));
    assert_true(bytes_is(mp_get_text(r->private_, "path"), "/var/lib/ledger"));
    assert_true(bytes_is(mp_get_text(r->private_, "detail"), "words"));
}

static void what_is_said_is_read(void **state) {
    struct probe_out out;
    struct probe_record r;
    const struct probe_check least = PROBE_CHECK("time-sync", "ok");
    (void)state;
    probe_out_init(&out);
    probe_say(&out, &full);
    probe_say(&out, &least);
    struct bytes rest = bytes_of_buf(&out.bytes);
    assert_int_equal(probe_read(&rest, &r, &err), 0);
    is_full(&r);
    assert_int_equal(probe_read(&rest, &r, &err), 0);
    assert_true(bytes_is(r.check, "time-sync") && bytes_is(r.status, "ok") && r.target.n == 0);
    assert_true(r.value == UINT64_MAX && r.limit == UINT64_MAX && r.private_.n == 0);
    assert_int_equal(probe_read(&rest, &r, &err), 1);
    probe_out_done(&out);
}

/* What is read is within its limits, whatever it is. */
static void read_all(struct bytes said) {
    struct probe_record r;
    struct bytes rest = said;
    int rc;
    err = (struct err){0};
    while ((rc = probe_read(&rest, &r, &err)) == 0) {
        assert_true(r.check.n > 0 && r.check.n <= PROBE_WORD_MAX && r.status.n > 0 && r.status.n <= PROBE_WORD_MAX);
        assert_true(r.target.n <= 8 * PROBE_TEXT_MAX);
        assert_int_equal(mp_check(r.open, NULL), 0);
        assert_true(r.private_.n == 0 || mp_check(r.private_, NULL) == 0);
    }
    assert_true(rc == 1 ? rest.n == 0 : rc == ERR_CORRUPT && err.msg[0] != '\0');
}

/* In memory of exactly that size, so that a read past the end is seen. */
static void read_copy(const uint8_t *p, size_t n) {
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert_non_null(copy);
    memcpy(copy, p, n);
    read_all((struct bytes){copy, n});
    free(copy);
}

static void every_truncation_is_an_error(void **state) {
    struct probe_out out;
    struct probe_record r;
    (void)state;
    probe_out_init(&out);
    probe_say(&out, &full);
    for (size_t n = 1; n < out.bytes.n; n++) {
        struct bytes rest = {out.bytes.p, n};
        assert_int_equal(probe_read(&rest, &r, &err), ERR_CORRUPT);
        assert_int_equal(rest.n, n);
        read_copy(out.bytes.p, n);
    }
    probe_out_done(&out);
}

static void every_flipped_bit_is_an_error_or_a_record_within_its_limits(void **state) {
    struct probe_out out;
    (void)state;
    probe_out_init(&out);
    probe_say(&out, &full);
    for (size_t bit = 0; bit < 8 * out.bytes.n; bit++) {
        out.bytes.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
        read_copy(out.bytes.p, out.bytes.n);
        out.bytes.p[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    probe_out_done(&out);
}

/* ---- records that nobody should send ---- */

static void refused(struct buf *said, const char *why) {
    struct probe_record r;
    struct bytes rest = bytes_of_buf(said);
    assert_int_equal(said->fail, 0);
    int rc = probe_read(&rest, &r, &err);
    if (rc != ERR_CORRUPT || strstr(err.msg, why) == NULL) {
        fail_msg("gave %d '%s', not '%s'", rc, err.msg, why);
    }
    buf_clear(said);
}

static void begin(struct buf *said, uint32_t fields) {
    mp_put_array(said, 2);
    mp_put_map(said, fields);
}

static void pair(struct buf *said, const char *name, const char *value) {
    mp_put_text(said, name);
    mp_put_text(said, value);
}

static void what_is_no_record_is_refused_by_name(void **state) {
    struct buf said = {.max = PROBE_OUT_MAX};
    (void)state;
    mp_put_map(&said, 0);
    refused(&said, "a record is not a pair");
    mp_put_array(&said, 3);
    mp_put_nil(&said);
    mp_put_nil(&said);
    mp_put_nil(&said);
    refused(&said, "a record is not a pair");
    mp_put_array(&said, 2);
    refused(&said, "more elements than the input has room for");
    mp_put_array(&said, 2);
    mp_put_text(&said, "open");
    mp_put_text(&said, "private");
    refused(&said, "a record is not made of maps");
    begin(&said, 2);
    pair(&said, "check", "a");
    pair(&said, "status", "ok");
    mp_put_nil(&said);
    refused(&said, "a record is not made of maps");
    begin(&said, 1);
    pair(&said, "check", "a");
    mp_put_map(&said, 0);
    refused(&said, "a record has no check or no status");
    begin(&said, 0);
    mp_put_map(&said, 0);
    refused(&said, "a record has no check or no status");
    begin(&said, 3);
    pair(&said, "check", "a");
    pair(&said, "status", "ok");
    pair(&said, "verdict", "pass");
    mp_put_map(&said, 0);
    refused(&said, "an unknown field in a record");
    begin(&said, 3); /* private in the open part */
    pair(&said, "check", "a");
    pair(&said, "path", "/home");
    pair(&said, "status", "ok");
    mp_put_map(&said, 0);
    refused(&said, "an unknown field in a record");
    begin(&said, 2); /* twice */
    pair(&said, "check", "a");
    pair(&said, "check", "b");
    mp_put_map(&said, 0);
    refused(&said, "");
    begin(&said, 2);
    mp_put_text(&said, "check");
    mp_put_uint(&said, 1);
    pair(&said, "status", "ok");
    mp_put_map(&said, 0);
    refused(&said, "field 'check' is of another type or too long");
    begin(&said, 3);
    pair(&said, "check", "a");
    pair(&said, "status", "ok");
    pair(&said, "value", "12");
    mp_put_map(&said, 0);
    refused(&said, "field 'value' is of another type or too long");
    begin(&said, 3);
    pair(&said, "check", "a");
    pair(&said, "status", "ok");
    mp_put_text(&said, "value");
    mp_put_int(&said, -1);
    mp_put_map(&said, 0);
    refused(&said, "field 'value' is of another type or too long");
    buf_done(&said);
}

static void texts_that_are_too_long_are_refused(void **state) {
    static char text[8 * PROBE_WORDS_MAX + 2];
    struct buf said = {.max = PROBE_OUT_MAX};
    struct probe_record r;
    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    begin(&said, 2);
    pair(&said, "check", "a");
    pair(&said, "status", "ok");
    mp_put_map(&said, 1);
    pair(&said, "detail", text);
    refused(&said, "field 'detail' is of another type or too long");
    text[8 * PROBE_TEXT_MAX + 1] = '\0';
    begin(&said, 3);
    pair(&said, "check", "a");
    pair(&said, "status", "ok");
    pair(&said, "target", text);
    mp_put_map(&said, 0);
    refused(&said, "field 'target' is of another type or too long");
    text[PROBE_WORD_MAX + 1] = '\0';
    begin(&said, 2);
    pair(&said, "check", text);
    pair(&said, "status", "ok");
    mp_put_map(&said, 0);
    refused(&said, "a record has no check or no status of");
    text[PROBE_WORD_MAX] = '\0';
    begin(&said, 2);
    pair(&said, "check", text);
    pair(&said, "status", "ok");
    mp_put_map(&said, 0);
    struct bytes rest = bytes_of_buf(&said);
    assert_int_equal(probe_read(&rest, &r, &err), 0);
    buf_done(&said);
}

static void a_check_and_a_status_are_words(void **state) {
    static const char *const bad[] = {"", "A", "a b", "a/b", "a\n", "\xc3\xa9", "a\x1b[31m"};
    struct buf said = {.max = PROBE_OUT_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        begin(&said, 2);
        pair(&said, "check", bad[i]);
        pair(&said, "status", "ok");
        mp_put_map(&said, 0);
        refused(&said, "a record has no check or no status of");
        begin(&said, 2);
        pair(&said, "check", "a");
        pair(&said, "status", bad[i]);
        mp_put_map(&said, 0);
        refused(&said, "a record has no check or no status of");
    }
    buf_done(&said);
}

/* ---- what a probe may find, and say as it found it ---- */

static void texts_from_outside_are_made_safe_and_cut(void **state) {
    static char text[4 * PROBE_WORDS_MAX];
    struct probe_check check = PROBE_CHECK("thing", "error");
    struct probe_out out;
    struct probe_record r;
    (void)state;
    memset(text, 0x1b, sizeof(text) - 1);
    check.target = "\xff\xfe\x1b[31m\n";
    check.detail = check.path = text;
    probe_out_init(&out);
    probe_say(&out, &check);
    check.target = text;
    check.detail = "\xe2\x82"; /* a part of a character */
    probe_say(&out, &check);
    struct bytes rest = bytes_of_buf(&out.bytes);
    assert_int_equal(probe_read(&rest, &r, &err), 0);
    assert_true(text_is_safe(r.target, false));
    assert_true(mp_get_text(r.private_, "detail").n > 0 && text_is_safe(mp_get_text(r.private_, "detail"), false));
    assert_int_equal(probe_read(&rest, &r, &err), 0);
    assert_true(r.target.n > PROBE_TEXT_MAX && text_is_safe(r.target, false));
    assert_int_equal(probe_read(&rest, &r, &err), 1);
    probe_out_done(&out);
}

static void too_much_is_a_failure_that_stays(void **state) {
    struct probe_out out;
    (void)state;
    probe_out_init(&out);
    while (out.bytes.fail == 0) {
        probe_say(&out, &full);
    }
    probe_say(&out, &full);
    assert_int_equal(buf_check(&out.bytes, "what a probe says", &err), ERR_LIMIT);
    probe_out_done(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_read),
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(every_flipped_bit_is_an_error_or_a_record_within_its_limits),
        cmocka_unit_test(what_is_no_record_is_refused_by_name),
        cmocka_unit_test(texts_that_are_too_long_are_refused),
        cmocka_unit_test(a_check_and_a_status_are_words),
        cmocka_unit_test(texts_from_outside_are_made_safe_and_cut),
        cmocka_unit_test(too_much_is_a_failure_that_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
