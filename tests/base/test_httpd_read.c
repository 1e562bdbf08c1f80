/* The framing, byte by byte: the same answer however the bytes are split, and at once when a byte is not allowed where it
 * is. */
#include "base/http/read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "POST /in HTTP/1.1\r\nHost: here\r\nX:\t y \r\n\r\n"

static void a_header_is_whole_at_its_empty_line_and_not_before(void **state) {
    (void)state;
    static const char text[] = "\r\n\r\n" HEAD "body";
    struct httpd_scan scan = {0};
    struct httpd_head head;
    struct err err = {0};
    size_t n = 0, whole = strlen(text) - 4;
    for (size_t i = 0; i < whole; i++) {
        assert_int_equal(httpd_head_scan(&scan, (struct bytes){(const uint8_t *)text, i}, &n, &err), 1);
    }
    const struct bytes all = bytes_of(text);
    assert_int_equal(httpd_head_scan(&scan, all, &n, &err), 0);
    assert_int_equal(n, whole);
    assert_int_equal(httpd_head_split(&scan, (struct bytes){all.p, n}, &head, &err), 0);
    assert_true(bytes_is(head.method, "POST") && bytes_is(head.target, "/in") && bytes_is(head.version, "HTTP/1.1"));
    assert_int_equal(head.n, 2);
    assert_true(bytes_is(head.headers[0].name, "Host") && bytes_is(head.headers[0].value, " here"));
    assert_true(bytes_is(head.headers[1].name, "X") && bytes_is(head.headers[1].value, "\t y "));
}

static int scan_all(struct bytes text, struct err *err) {
    struct httpd_scan scan = {0};
    size_t n;
    return httpd_head_scan(&scan, text, &n, err);
}

/* Every byte at every place of a good header: which are refused, and that no others are. */
static void each_byte_is_refused_where_it_shows(void **state) {
    (void)state;
    char text[sizeof(HEAD)];
    size_t line = strlen("POST /in HTTP/1.1\r\n");
    for (size_t i = line; i < strlen(HEAD); i++) {
        for (unsigned c = 0; c < 256; c++) {
            memcpy(text, HEAD, sizeof(HEAD));
            bool ends = text[i] == '\r' || text[i] == '\n';
            text[i] = (char)c;
            bool control = (c < ' ' && c != '\t') || c == 0x7f;
            bool good = text[i] == HEAD[i] || (!ends && !control);
            const struct bytes upto = {(const uint8_t *)text,
                                       i + 2 < strlen(HEAD) ? i + 2 : strlen(HEAD)}; /* CR is detected late */
            if ((scan_all(upto, NULL) >= 0) != good) {
                fail_msg("byte %u at %zu", c, i);
            }
        }
    }
}

static void a_request_line_has_one_form(void **state) {
    (void)state;
    static const char *const bad[] = {"POST /in\r\n",           "POST /in \r\n",
                                      "POST  /in HTTP/1.1\r\n", "POST /in  HTTP/1.1\r\n",
                                      " POST /in HTTP/1.1\r\n", "POST /in HTTP/1.1 \r\n",
                                      "POST /in HTTP/1.10\r\n", "POST /in HTTP/11\r\n",
                                      "POST /in http/1.1\r\n",  "POST /i\tn HTTP/1.1\r\n",
                                      "PO(ST /in HTTP/1.1\r\n", "POST /\xc3\xa4 HTTP/1.1\r\n",
                                      "POST/inHTTP/1.1\r\n",    "x\r\n"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct err err = {0};
        assert_int_equal(scan_all(bytes_of(bad[i]), &err), ERR_INVALID);
        assert_string_equal(err.msg, "the request line does not have the form METHOD TARGET HTTP/1.1");
    }
}

static void a_line_without_a_colon_and_more_headers_than_fit_are_told(void **state) {
    (void)state;
    char text[4096] = "POST /in HTTP/1.1\r\n";
    struct httpd_scan scan = {0};
    struct httpd_head head;
    struct err err = {0};
    size_t n;
    for (int i = 0; i < HTTPD_HEADERS_MAX + 1; i++) {
        strncat(text, "a:b\r\n", 10);
    }
    strncat(text, "\r\n", 10);
    assert_int_equal(httpd_head_scan(&scan, bytes_of(text), &n, &err), 0);
    assert_int_equal(httpd_head_split(&scan, bytes_of(text), &head, &err), 0);
    assert_int_equal(head.n, HTTPD_HEADERS_MAX + 1);
    static const char bare[] = "POST /in HTTP/1.1\r\nab\r\n\r\n";
    scan = (struct httpd_scan){0};
    assert_int_equal(httpd_head_scan(&scan, bytes_of(bare), &n, &err), 0);
    assert_int_equal(httpd_head_split(&scan, bytes_of(bare), &head, &err), ERR_INVALID);
    assert_string_equal(err.msg, "a line of the header has no colon");
}

/* The content of chunks that arrive in pieces of `step` bytes; what httpd_chunks_take returns last. */
static int content_of(struct bytes text, size_t step, struct buf *ret, struct bytes *ret_left) {
    struct httpd_chunks chunks = {0};
    int rc = 2;
    buf_clear(ret);
    for (size_t at = 0; at < text.n && rc == 2; at += step) {
        struct bytes in = {text.p + at, step < text.n - at ? step : text.n - at}, data;
        while ((rc = httpd_chunks_take(&chunks, &in, &data, NULL)) == 1) {
            assert_true(data.n > 0);
            buf_put_bytes(ret, data);
        }
        *ret_left = in;
    }
    return rc;
}

static void chunks_give_their_content_in_whatever_pieces_they_come(void **state) {
    (void)state;
    const struct bytes text =
        bytes_of("3;a=\"b\"\r\nabc\r\n00B\r\ndefghijklmn\r\n1\r\no\r\n0;x\r\nName: value\r\n \r\n\r\nnext");
    struct buf content;
    struct bytes left = {0};
    buf_init(&content, 100);
    for (size_t step = 1; step <= text.n; step++) {
        assert_int_equal(content_of(text, step, &content, &left), 0);
        assert_true(bytes_is(bytes_of_buf(&content), "abcdefghijklmno"));
    }
    assert_true(bytes_is(left, "next"));
    for (size_t n = 1; n < text.n - 4; n++) { /* no truncation counts as an end */
        assert_int_equal(content_of((struct bytes){text.p, n}, n, &content, &left), 2);
    }
    buf_done(&content);
}

static void bytes_that_are_no_chunks_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"\r\n",        "x\r\n",         " 1\r\n",       "1 \r\n",       "1\n",
                                      "1\r\r\n",     "+1\r\n",        "0x1\r\n",      ";a\r\n",       "000000001\r\n",
                                      "1\r\nab\r\n", "1\r\na\n",      "1\r\na\r\r",   "1;\x01\r\n",   "1;\n",
                                      "0\r\na\n",    "0\r\n\x01\r\n", "0\r\n\ra\r\n", "0\r\na\r\r\n", "FFFFFFFFFF\r\n"};
    struct buf content;
    struct bytes left;
    buf_init(&content, 100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (content_of(bytes_of(bad[i]), 1, &content, &left) != ERR_INVALID) {
            fail_msg("%s", bad[i]);
        }
    }
    buf_done(&content);
}

static void extensions_and_trailers_are_bounded(void **state) {
    (void)state;
    static const char *const beginnings[] = {"1;", "0\r\n"};
    struct httpd_chunks chunks;
    for (size_t i = 0; i < 2; i++) {
        struct bytes in = bytes_of(beginnings[i]), data;
        size_t n = 0;
        chunks = (struct httpd_chunks){0};
        int rc = httpd_chunks_take(&chunks, &in, &data, NULL);
        for (; rc == 2; n++) {
            in = bytes_of("x");
            rc = httpd_chunks_take(&chunks, &in, &data, NULL);
        }
        assert_int_equal(rc, ERR_INVALID);
        assert_int_equal(n, 4097);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_header_is_whole_at_its_empty_line_and_not_before),
        cmocka_unit_test(each_byte_is_refused_where_it_shows),
        cmocka_unit_test(a_request_line_has_one_form),
        cmocka_unit_test(a_line_without_a_colon_and_more_headers_than_fit_are_told),
        cmocka_unit_test(chunks_give_their_content_in_whatever_pieces_they_come),
        cmocka_unit_test(bytes_that_are_no_chunks_are_refused),
        cmocka_unit_test(extensions_and_trailers_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
