/* Which fields are passed on, and where redirects lead. */
#include "capture/pass/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void what_is_about_one_connection_stays(void **state) {
    (void)state;
    static const char *const given[][2] = {{"Host", "proxy:1"},
                                           {"Connection", " close, X-Mine "},
                                           {"x-mine", "1"},
                                           {"Keep-Alive", "5"},
                                           {"TE", "trailers"},
                                           {"Transfer-Encoding", "chunked"},
                                           {"Proxy-Authorization", "x"},
                                           {"Proxy-Connection", "x"},
                                           {"Expect", "100-continue"},
                                           {"Accept-Encoding", "br"},
                                           {"Content-Length", "3"},
                                           {"Authorization", "Bearer a"},
                                           {"X-Empty", ""},
                                           {"Accept", "*/*"},
                                           {"X-Two", " a:b "}};
    struct httpd_head head = {.n = sizeof(given) / sizeof(given[0])};
    for (size_t i = 0; i < head.n; i++) {
        head.headers[i] = (struct httpd_header){bytes_of(given[i][0]), bytes_of(given[i][1])};
    }
    for (int token = 0; token < 2; token++) {
        struct fields fields;
        struct err err = {0};
        fields_init(&fields);
        assert_int_equal(fields_request(&fields, &head, token == 1, &err), 0);
        static const char *const wanted[] = {"Authorization: Bearer a",   "X-Empty;",   "Accept: */*", "X-Two: a:b",
                                             "Accept-Encoding: identity", "User-Agent:"};
        assert_int_equal(fields.n, token == 1 ? 5 : 6);
        for (size_t i = 0; i < fields.n; i++) {
            assert_string_equal(fields.lines[i], wanted[i + (token == 1 ? 1 : 0)]);
        }
        fields_done(&fields);
    }
    assert_true(bytes_is(fields_value(&head, "x-two"), "a:b"));
}

static void an_answers_head_is_framed_anew(void **state) {
    (void)state;
    static const char *const lines[] = {"X-Hop: 1",
                                        "Content-Type: text/event-stream",
                                        "Transfer-Encoding: chunked",
                                        "Content-Length: 3",
                                        "Connection: close, x-hop",
                                        "Alt-Svc: h3=\":1\"",
                                        "Set-Cookie: a=b",
                                        "X-Empty:",
                                        "Content-Encoding: gzip"};
    struct fields_answer answer;
    struct buf out = {.max = 4096};
    struct err err = {0};
    fields_answer_init(&answer);
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        assert_int_equal(fields_answer_put(&answer, bytes_of(lines[i]), &err), 0);
    }
    assert_true(answer.chunked && answer.has_length && answer.coded);
    assert_int_equal(fields_answer_write(&answer, NULL, &out, &err), 0);
    assert_true(bytes_is(bytes_of_buf(&out),
                         "Content-Type: text/event-stream\r\nSet-Cookie: a=b\r\nX-Empty:\r\nContent-Encoding: gzip\r\n"));
    static const char *const bad[] = {"no colon", ": x", "a b: c", "a: \x01", "Transfer-Encoding: gzip, chunked"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(fields_answer_put(&answer, bytes_of(bad[i]), &err), ERR_INVALID);
    }
    buf_done(&out);
    fields_answer_done(&answer);
}

static void redirects_stay_at_the_upstream(void **state) {
    (void)state;
    static const char origin[] = "http://127.0.0.1:80", other[] = "http://127.0.0.1:81";
    static const struct {
        const char *location, *place, *wanted;
    } rows[] = {
        {"/a?b", NULL, "/a?b"},
        {"a/b", NULL, "a/b"},
        {"?q", NULL, "?q"},
        {"http://127.0.0.1/a", origin, "/a"},
        {"HTTP://127.0.0.1", origin, "/"},
        {"http://127.0.0.1/a", other, NULL},
        {"http://127.0.0.1/a", NULL, NULL},
        {"http://127.0.0.1//a", origin, NULL},
        {"http://127.0.0.1?q", origin, NULL},
        {"//evil.example/", NULL, NULL},
        {"/\\evil.example", NULL, NULL},
        {"ftp://127.0.0.1/", NULL, NULL},
        {"javascript:alert(1)", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = fields_location(rows[i].location, origin, rows[i].place);
        if (rows[i].wanted == NULL) {
            assert_null(got);
        } else {
            assert_non_null(got);
            assert_string_equal(got, rows[i].wanted);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_about_one_connection_stays),
        cmocka_unit_test(an_answers_head_is_framed_anew),
        cmocka_unit_test(redirects_stay_at_the_upstream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
