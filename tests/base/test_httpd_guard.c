/* The guard's rules, one by one: the status and the message of each refusal, and what passes. */
#include "base/http/guard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/http/status.h"

static const struct httpd_route routes[] = {{"POST", "/in", "application/json", " (hint)", false},
                                            {"POST", "/other", "text/plain", NULL, true}};
static const char *const hosts[] = {"127.0.0.1:4318", "localhost:4318"};
static const struct httpd_policy policy = {
    .routes = routes, .n_routes = 2, .hosts = hosts, .n_hosts = 2, .body_max = 1000, .instead_of_grpc = "set IT=http"};

/* A head from "name: value" lines; what precedes a ':' is the name, unchanged. */
static void head_of(struct httpd_head *head, const char *method, const char *target, const char *lines) {
    *head = (struct httpd_head){.method = bytes_of(method), .target = bytes_of(target), .version = bytes_of("HTTP/1.1")};
    while (*lines != '\0') {
        const char *end = strchrnul(lines, '\n'), *colon = memchr(lines, ':', (size_t)(end - lines));
        assert_non_null(colon);
        struct httpd_header *h = &head->headers[head->n++];
        h->name = (struct bytes){(const uint8_t *)lines, (size_t)(colon - lines)};
        h->value = (struct bytes){(const uint8_t *)colon + 1, (size_t)(end - colon - 1)};
        lines = *end == '\0' ? end : end + 1;
    }
}

#define GOOD "Host: 127.0.0.1:4318\nContent-Type: application/json\n"

static void good_heads_pass(void **state) {
    (void)state;
    struct httpd_head head;
    struct httpd_verdict v;
    head_of(&head, "POST", "/in", GOOD "Content-Length: 1000");
    httpd_judge(&policy, &head, &v);
    assert_int_equal(v.status, 0);
    assert_true(v.route == 0 && v.has_length && v.length == 1000 && v.coding == HTTPD_IDENTITY);
    head_of(&head, "POST", "/in",
            "HOST: LOCALHOST:4318\ncontent-type:  Application/JSON ; charset=utf-8\nTransfer-Encoding: Chunked\n"
            "Content-Encoding: GZip\nExpect: 100-continue\nX-Other: \xc3\xa4\nAuthorization: Bearer x");
    httpd_judge(&policy, &head, &v);
    assert_int_equal(v.status, 0);
    assert_true(v.route == 0 && !v.has_length && v.coding == HTTPD_GZIP);
    head_of(&head, "POST", "/other",
            "Host: localhost:4318\nContent-Type: text/plain\nContent-Length: 0\nContent-Encoding: identity");
    httpd_judge(&policy, &head, &v);
    assert_int_equal(v.status, 0);
    assert_int_equal(v.route, 1);
}

static const struct bad {
    const char *method, *target, *lines;
    unsigned status;
    const char *message;
} bads[] = {
    {"POST", "/in", GOOD "Content-Length: 1\nContent-Length: 1", 400, "the header 'content-length' appears twice"},
    {"POST", "/in", GOOD "Host: localhost:4318\nContent-Length: 1", 400, "the header 'host' appears twice"},
    {"POST", "/in", GOOD "Content-Type: text/plain\nContent-Length: 1", 400, "the header 'content-type' appears twice"},
    {"POST", "/in", GOOD "Content-Length: 1\nTransfer-Encoding: chunked", 400,
     "both 'content-length' and 'transfer-encoding' are present"},
    {"POST", "/in", GOOD "Transfer-Encoding: xchunked", 400,
     "'transfer-encoding' must be 'chunked', and the version HTTP/1.1"},
    {"POST", "/in", GOOD "Transfer-Encoding: gzip, chunked", 400,
     "'transfer-encoding' must be 'chunked', and the version HTTP/1.1"},
    {"POST", "/in", GOOD "Content-Length: +3", 400, "'content-length' is not a number"},
    {"POST", "/in", GOOD "Content-Length: -1", 400, "'content-length' is not a number"},
    {"POST", "/in", GOOD "Content-Length: 3, 3", 400, "'content-length' is not a number"},
    {"POST", "/in", GOOD "Content-Length: 0x3", 400, "'content-length' is not a number"},
    {"POST", "/in", GOOD "Content-Length:", 400, "'content-length' is not a number"},
    {"POST", "/in", GOOD "Content-Length: 1001", 413, "the body is too large; expected at most 1000 bytes"},
    {"POST", "/in", GOOD "Content-Length: 99999999999999999999999999", 413,
     "the body is too large; expected at most 1000 bytes"},
    {"POST", "/in", GOOD, 411, "the body's length is missing"},
    {"POST", "/in", GOOD "Content-Length : 3", 400, "a header's name is not a token"},
    {"POST", "/in", GOOD "X y: 3", 400, "a header's name is not a token"},
    {"POST", "/in", GOOD ": 3", 400, "a header's name is not a token"},
    {"POST", "/in", GOOD "X: a\x01", 400, "a header's value has control characters"},
    {"POST", "/in", GOOD "X: a\x7f", 400, "a header's value has control characters"},
    {"POST", "/in", GOOD "Content-Length: 1\nExpect: 200-ok", 417, "'expect' must be '100-continue'"},
    {"POST", "/in", GOOD "Content-Length: 1\nUpgrade: h2c", 400, "protocol upgrades are not supported"},
    {"POST", "/in", "Content-Type: application/json\nContent-Length: 1", 400, "the header 'host' is missing"},
    {"POST", "/in", "Host: 127.0.0.1\nContent-Length: 1", 403,
     "'host' is not an address of this server; expected: 127.0.0.1:4318"},
    {"POST", "/in", "Host: localhost.evil.example:4318\nContent-Length: 1", 403,
     "'host' is not an address of this server; expected: 127.0.0.1:4318"},
    {"POST", "/in", "Host: evil.example\nContent-Length: 1", 403,
     "'host' is not an address of this server; expected: 127.0.0.1:4318"},
    {"POST", "/in", "Host:\nContent-Length: 1", 403, "'host' is not an address of this server; expected: 127.0.0.1:4318"},
    {"POST", "/in", GOOD "Origin: http://localhost:4318\nContent-Length: 1", 403,
     "requests from web pages are not accepted"},
    {"POST", "/in", GOOD "Origin: null\nContent-Length: 1", 403, "requests from web pages are not accepted"},
    {"POST", "/in", GOOD "Sec-Fetch-Site: same-origin\nContent-Length: 1", 403, "requests from web pages are not accepted"},
    {"GET", "/in", GOOD, 405, "the method must be POST"},
    {"OPTIONS", "/in", GOOD, 405, "the method must be POST"},
    {"POST", "/", GOOD "Content-Length: 1", 404, "unknown path; expected: /in, /other"},
    {"POST", "/in/", GOOD "Content-Length: 1", 404, "unknown path; expected: /in, /other"},
    {"POST", "/%69n", GOOD "Content-Length: 1", 404, "unknown path; expected: /in, /other"},
    {"POST", "/x/../in", GOOD "Content-Length: 1", 404, "unknown path; expected: /in, /other"},
    {"POST", "http://127.0.0.1:4318/in", GOOD "Content-Length: 1", 404, "unknown path; expected: /in, /other"},
    {"POST", "/in", "Host: localhost:4318\nContent-Length: 1", 415,
     "content type '' is not supported; expected: application/json (hint)"},
    {"POST", "/in", "Host: localhost:4318\nContent-Type: application/x-protobuf\nContent-Length: 1", 415,
     "content type 'application/x-protobuf' is not supported; expected: application/json (hint)"},
    {"POST", "/in", "Host: localhost:4318\nContent-Type: application/jsonp\nContent-Length: 1", 415,
     "content type 'application/jsonp' is not supported; expected: application/json (hint)"},
    {"POST", "/in", "Host: localhost:4318\nContent-Type: application/grpc+proto\nContent-Length: 1", 415,
     "gRPC is not served: set IT=http"},
    {"POST", "/other", GOOD "Content-Length: 1", 415,
     "content type 'application/json' is not supported; expected: text/plain, application/x-protobuf"},
    {"POST", "/in", GOOD "Content-Encoding: br\nContent-Length: 1", 415,
     "this content encoding is not supported; expected: gzip, zstd, identity"},
    {"POST", "/in", GOOD "Content-Encoding: gzip, gzip\nContent-Length: 1", 415,
     "this content encoding is not supported; expected: gzip, zstd, identity"},
};

static void each_bad_head_is_refused_in_its_own_words(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
        struct httpd_head head;
        struct httpd_verdict v;
        head_of(&head, bads[i].method, bads[i].target, bads[i].lines);
        httpd_judge(&policy, &head, &v);
        if (v.status != bads[i].status || strcmp(v.message, bads[i].message) != 0) {
            fail_msg("%s: %u %s", bads[i].lines, v.status, v.message);
        }
        assert_true((v.allow != NULL) == (v.status == 405));
    }
}

static void other_versions_and_too_many_headers_are_refused(void **state) {
    (void)state;
    struct httpd_head head;
    struct httpd_verdict v;
    head_of(&head, "POST", "/in", GOOD "Content-Length: 1");
    head.version = bytes_of("HTTP/2.0");
    httpd_judge(&policy, &head, &v);
    assert_int_equal(v.status, 505);
    head_of(&head, "POST", "/in", GOOD "Transfer-Encoding: chunked");
    head.version = bytes_of("HTTP/1.0");
    httpd_judge(&policy, &head, &v);
    assert_int_equal(v.status, 400);
    head.n = HTTPD_HEADERS_MAX + 1;
    httpd_judge(&policy, &head, &v);
    assert_int_equal(v.status, 431);
    assert_string_equal(v.message, "more than 64 header fields");
}

static void a_message_has_visible_ascii_only(void **state) {
    (void)state;
    struct httpd_head head;
    struct httpd_verdict v;
    head_of(&head, "POST", "/in", "Host: localhost:4318\nContent-Type: a\xe2\x80\xae\nContent-Length: 1");
    httpd_judge(&policy, &head, &v);
    assert_string_equal(v.message, "content type 'a\?\?\?' is not supported; expected: application/json (hint)");
}

static void each_status_has_its_rpc_code(void **state) {
    (void)state;
    static const unsigned pairs[][2] = {{400, 3},  {401, 16}, {403, 7}, {404, 5}, {405, 12}, {408, 4},  {411, 3}, {413, 8},
                                        {415, 12}, {417, 3},  {429, 8}, {431, 8}, {500, 13}, {503, 14}, {505, 12}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        assert_int_equal(httpd_rpc_code(pairs[i][0]), pairs[i][1]);
    }
}

/* ---- requests that are passed on ---- */

static const char *const origins[] = {"https://pages.example"};
static const struct httpd_policy passes = {
    .hosts = hosts, .n_hosts = 2, .body_max = 1000, .passes = true, .origins = origins, .n_origins = 1};

static unsigned judged(const struct httpd_policy *policy_, const char *method, const char *target, const char *lines,
                       struct httpd_verdict *v) {
    struct httpd_head head;
    head_of(&head, method, target, lines);
    httpd_judge(policy_, &head, v);
    return v->status;
}

#define HOST "Host: 127.0.0.1:4318\n"

static void what_is_passed_on_has_any_method_path_and_content(void **state) {
    (void)state;
    struct httpd_verdict v;
    assert_int_equal(judged(&passes, "GET", "/api/tags?a=../b", HOST, &v), 0);
    assert_false(v.has_body);
    assert_int_equal(judged(&passes, "DELETE", "/a.b/c..d/.e", HOST "Content-Length: 3\nContent-Encoding: br", &v), 0);
    assert_true(v.has_body && v.has_length && v.length == 3);
    assert_int_equal(judged(&passes, "POST", "/", HOST "Transfer-Encoding: chunked\nOrigin: https://pages.example", &v), 0);
    assert_true(v.has_body && !v.has_length);
    assert_int_equal(judged(&passes, "POST", "/", HOST "Content-Length: 1001", &v), 413);
    static const char *const methods[] = {"CONNECT", "TRACE", "G T", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(judged(&passes, methods[i], "/", HOST, &v), 405);
    }
    static const char *const targets[] = {"",        "*",         "http://x/", "//x",    "/a//b",
                                          "/..",     "/../a",     "/a/..",     "/a/./b", "/a/.",
                                          "/a%2E/b", "/a%2fb",    "/a\\b",     "/%00",   "/a\x7f",
                                          "/a b",    "/\xc3\xa4", "/a#b",      "/a?b#c", "/v1/chat/%63ompletions",
                                          "/%5A",    "/%30",      "/%7e",      "/%5F",   "/%2D"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        assert_int_equal(judged(&passes, "GET", targets[i], HOST, &v), 400);
    }
    char *target = calloc(1, 8200);
    memset(target, '/', 1);
    memset(target + 1, 'a', 8192);
    assert_int_equal(judged(&passes, "GET", target, HOST, &v), 414);
    target[8192] = '\0';
    assert_int_equal(judged(&passes, "GET", target, HOST, &v), 0);
    free(target);
}

static void an_escape_that_a_server_would_undo_is_named_and_others_pass(void **state) {
    (void)state;
    struct httpd_verdict v;
    assert_int_equal(judged(&passes, "POST", "/v1/%43hat?a=%63", HOST, &v), 400);
    assert_string_equal(v.message, "the path has '%43', which needs no escape and is not passed on");
    static const char *const targets[] = {"/a%20b", "/%C3%a4", "/%40%5B%60%7b", "/%3A", "/a?b=%63%2e", "/100%"};
    for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
        assert_int_equal(judged(&passes, "GET", targets[i], HOST, &v), 0);
    }
}

static void only_named_origins_and_holders_of_the_token_pass(void **state) {
    (void)state;
    struct httpd_verdict v;
    static const char *const pages[] = {HOST "Origin: null", HOST "Origin: https://pages.example.evil",
                                        HOST "Sec-Fetch-Site: none", HOST "Origin: https://pages.example:1",
                                        "Host: 127.0.0.1.evil:4318"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(judged(&passes, "GET", "/", pages[i], &v), 403);
    }
    struct httpd_policy policy_ = passes;
    policy_.token = bytes_of("correct horse");
    static const char *const others[] = {HOST, HOST "Authorization: Bearer", HOST "Authorization: Bearer correct hors",
                                         HOST "Authorization: Bearer correct horse2",
                                         HOST "Authorization: Basic correct horse"};
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(judged(&policy_, "GET", "/", others[i], &v), 401);
        assert_null(strstr(v.message, "hors"));
    }
    assert_int_equal(judged(&policy_, "GET", "/", HOST "authorization: bearer  correct horse ", &v), 0);
    policy_.n_hosts = 0; /* a Unix socket */
    assert_int_equal(judged(&policy_, "GET", "/", "Host: x\nAuthorization: Bearer correct horse", &v), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_heads_pass),
        cmocka_unit_test(what_is_passed_on_has_any_method_path_and_content),
        cmocka_unit_test(an_escape_that_a_server_would_undo_is_named_and_others_pass),
        cmocka_unit_test(only_named_origins_and_holders_of_the_token_pass),
        cmocka_unit_test(each_bad_head_is_refused_in_its_own_words),
        cmocka_unit_test(other_versions_and_too_many_headers_are_refused),
        cmocka_unit_test(a_message_has_visible_ascii_only),
        cmocka_unit_test(each_status_has_its_rpc_code),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
