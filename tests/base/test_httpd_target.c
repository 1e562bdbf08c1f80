/* Targets: what they say, decoded once, and what is refused of them. */
#include "base/http/target.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void refused(const char *target, const char *why) {
    struct httpd_target t;
    struct err err = {0};
    assert_int_equal(httpd_target_split(bytes_of(target), &t, &err), ERR_INVALID);
    assert_non_null(strstr(err.msg, why));
    assert_null(t.room.p);
}

static void segments_and_parameters_are_decoded_behind_the_split(void **state) {
    (void)state;
    struct httpd_target t;
    assert_int_equal(
        httpd_target_split(bytes_of("/v1/states/routes/a%2Fb%20c?at=2026-01-01&q=a+b%26c%3D1&empty=&bare&at=2"), &t, NULL),
        0);
    assert_true(bytes_is(t.path, "/v1/states/routes/a/b c"));
    assert_int_equal(t.n_segments, 4);
    assert_true(bytes_is(t.segments[3], "a/b c"));
    assert_string_equal((const char *)t.segments[2].p, "routes");
    assert_true(bytes_is(httpd_target_param(&t, "q"), "a b&c=1"));
    assert_true(bytes_is(httpd_target_param(&t, "at"), "2026-01-01"));
    assert_true(httpd_target_param(&t, "empty").p != NULL && httpd_target_param(&t, "empty").n == 0);
    assert_true(httpd_target_param(&t, "bare").p != NULL);
    assert_null(httpd_target_param(&t, "none").p);
    assert_int_equal(httpd_target_form(bytes_of("token=x%0Ay&q=second"), &t, NULL), 0);
    assert_true(bytes_is(httpd_target_param(&t, "token"), "x\ny"));
    assert_true(bytes_is(httpd_target_param(&t, "q"), "a b&c=1"));
    assert_true(bytes_is(t.segments[0], "v1"));
    httpd_target_done(&t);
    assert_int_equal(httpd_target_split(bytes_of("/"), &t, NULL), 0);
    assert_int_equal(t.n_segments, 0);
    httpd_target_done(&t);
}

static void tricks_are_refused(void **state) {
    (void)state;
    refused("", "must be a path");
    refused("v1", "must be a path");
    refused("/%", "hexadecimal");
    refused("/%4", "hexadecimal");
    refused("/%g0", "hexadecimal");
    refused("/a?b=%f", "hexadecimal");
    refused("/%00", "control character");
    refused("/a%0a", "control character");
    refused("/a?b=%1b", "control character");
    refused("/%ff", "not UTF-8");
    refused("/%c0%af", "not UTF-8");
    refused("//", "empty segment");
    refused("/a//b", "empty segment");
    refused("/a/", "empty segment");
    refused("/a/../b", "segment of dots");
    refused("/a/%2e%2e", "segment of dots");
    refused("/a/%2e/b", "segment of dots");
    refused("/1/2/3/4/5/6/7/8/9", "too many segments");
    char many[512] = "/?";
    for (int i = 0; i <= HTTPD_PARAMS_MAX; i++) {
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "p%d=1&", i);
    }
    refused(many, "more than 32 parameters");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(segments_and_parameters_are_decoded_behind_the_split),
                                       cmocka_unit_test(tricks_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
