/* The HTTP client against a server that behaves well and badly, on the loopback interface. */
#include "base/http/http.h"

#include <stdlib.h>
#include <string.h>

#include "tests/base/python_server.h"

struct box {
    struct python_server server;
    struct http *http;
    struct buf body;
    struct http_answer answer;
    struct err err;
    char lines[4096];
    unsigned n_lines, stop_at;
};

static int setup(void **state) {
    struct box *b = calloc(1, sizeof(*b));
    assert_non_null(b);
    python_server_start(&b->server, "tests/base/http_server.py", NULL, NULL);
    if (http_open("ledger/test", &b->http, &b->err) != 0) {
        fail_msg("%s", b->err.msg);
    }
    buf_init(&b->body, (size_t)4 << 20);
    *state = b;
    return 0;
}

static int teardown(void **state) {
    struct box *b = *state;
    http_close(b->http);
    buf_done(&b->body);
    python_server_stop(&b->server);
    free(b);
    return 0;
}

static int ask(struct box *b, const char *path, struct http_request r) {
    char url[128];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", b->server.port, path);
    buf_clear(&b->body);
    memset(&b->err, 0, sizeof(b->err));
    r.url = url;
    if (r.line == NULL && r.data == NULL) {
        r.to = &b->body;
    }
    return http_fetch(b->http, &r, &b->answer, &b->err);
}

static int get(struct box *b, const char *path) {
    return ask(b, path, (struct http_request){.limits = {.total_ms = 20000}});
}

static int keep_line(void *ctx, struct bytes line, struct err *err) {
    struct box *b = ctx;
    size_t n = strlen(b->lines);
    if (n + line.n + 2 < sizeof(b->lines)) {
        snprintf(b->lines + n, sizeof(b->lines) - n, "%.*s|", (int)line.n, (const char *)line.p);
    }
    return ++b->n_lines == b->stop_at ? err_set(err, ERR_CONFLICT, "enough") : 0;
}

static int get_lines(struct box *b, const char *path, struct http_limits limits) {
    b->lines[0] = '\0';
    b->n_lines = 0;
    return ask(b, path, (struct http_request){.limits = limits, .line = keep_line, .ctx = b});
}

static void fails(struct box *b, int rc, enum http_fault fault, const char *words) {
    if (rc != ERR_NET || b->answer.fault != fault || strstr(b->err.msg, words) == NULL) {
        fail_msg("wanted %s with '%s', got %d, %s: %s", http_fault_name(fault), words, rc, http_fault_name(b->answer.fault),
                 b->err.msg);
    }
}

static void an_answer_comes_with_status_type_and_body(void **state) {
    struct box *b = *state;
    assert_int_equal(get(b, "/ok"), 0);
    assert_int_equal(b->answer.status, 200);
    assert_string_equal(b->answer.type, "application/json");
    assert_true(bytes_is(bytes_of_buf(&b->body), "{\"fine\":true}"));
    assert_int_equal(b->answer.bytes, 13);
    assert_int_equal(b->answer.fault, HTTP_NONE);
    assert_int_equal(get(b, "/missing"), 0);
    assert_int_equal(b->answer.status, 404);
    assert_true(bytes_is(bytes_of_buf(&b->body), "{\"error\":\"no such thing\"}"));
}

static void a_request_says_who_asks_and_nothing_more(void **state) {
    struct box *b = *state;
    char want[256];
    assert_int_equal(get(b, "/echo"), 0);
    snprintf(want, sizeof(want),
             "GET /echo HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nUser-Agent: ledger/test\r\nAccept: */*\r\n\r\n", b->server.port);
    buf_put_u8(&b->body, 0);
    assert_string_equal((char *)b->body.p, want);
}

static void a_body_goes_by_post_with_its_type(void **state) {
    struct box *b = *state;
    assert_int_equal(
        ask(b, "/echo", (struct http_request){.content_type = "application/json", .body = bytes_of("{\"model\":\"m\"}")}),
        0);
    buf_put_u8(&b->body, 0);
    const char *text = (const char *)b->body.p;
    assert_memory_equal(text, "POST /echo HTTP/1.1\r\n", 21);
    assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(text, "\r\nContent-Length: 13\r\n"));
    assert_non_null(strstr(text, "\r\n\r\n{\"model\":\"m\"}"));
    assert_null(strstr(text, "Expect"));
    /* the next request of the same handle is a plain one again */
    assert_int_equal(get(b, "/echo"), 0);
    assert_memory_equal(b->body.p, "GET ", 4);
}

static void lines_come_one_by_one_without_ends_and_blanks(void **state) {
    struct box *b = *state;
    assert_int_equal(get_lines(b, "/text", (struct http_limits){0}), 0);
    assert_string_equal(b->lines, "one|two|three|");
    assert_string_equal(b->answer.type, "application/x-ndjson");
    assert_int_equal(get_lines(b, "/late-error", (struct http_limits){0}), 0);
    assert_string_equal(b->lines, "{\"n\":1}|{\"n\":2}|{\"error\":\"it broke\"}|");
    assert_int_equal(b->answer.status, 200);
}

static void a_callback_that_has_enough_ends_the_exchange_with_its_code(void **state) {
    struct box *b = *state;
    b->stop_at = 3;
    assert_int_equal(get_lines(b, "/endless-lines", (struct http_limits){0}), ERR_CONFLICT);
    assert_string_equal(b->err.msg, "enough");
    assert_int_equal(b->answer.fault, HTTP_STOPPED);
    assert_int_equal(b->n_lines, 3);
    b->stop_at = 3; /* the last line, which has no line feed */
    assert_int_equal(get_lines(b, "/text", (struct http_limits){0}), ERR_CONFLICT);
}

static void a_server_that_is_down_is_refused(void **state) {
    struct box *b = *state;
    struct http_request r = {.url = "http://127.0.0.1:1/", .to = &b->body};
    fails(b, http_fetch(b->http, &r, &b->answer, &b->err), HTTP_REFUSED, "");
    assert_int_equal(b->answer.status, 0);
}

static void a_server_that_does_not_answer_in_time_is_a_timeout(void **state) {
    struct box *b = *state;
    fails(b, ask(b, "/silent", (struct http_request){.limits = {.total_ms = 200}}), HTTP_TIMEOUT, "");
    fails(b, ask(b, "/slow", (struct http_request){.limits = {.total_ms = 200}}), HTTP_TIMEOUT, "");
    assert_int_equal(b->answer.bytes, 3);
    fails(b, ask(b, "/slow", (struct http_request){.limits = {.slow_s = 1}}), HTTP_TIMEOUT, "");
}

static void lengths_that_are_lies_are_found(void **state) {
    struct box *b = *state;
    fails(b, get(b, "/short"), HTTP_PROTOCOL, "");
    fails(b, get(b, "/huge"), HTTP_LIMIT, "");
    fails(b, get(b, "/negative"), HTTP_PROTOCOL, "");
    fails(b, get(b, "/bad-chunk"), HTTP_PROTOCOL, "");
    fails(b, get(b, "/cut-chunk"), HTTP_PROTOCOL, "");
    assert_int_equal(get(b, "/long"), 0); /* what follows the length is not part of the answer */
    assert_true(bytes_is(bytes_of_buf(&b->body), "true"));
    assert_int_equal(get(b, "/ok"), 0); /* nor of the next one */
    assert_true(bytes_is(bytes_of_buf(&b->body), "{\"fine\":true}"));
}

static void a_header_that_two_readers_could_read_differently_is_refused(void **state) {
    static const char *const bad[][2] = {
        {"/two-lengths", "two lengths that differ"},
        {"/two-lengths-down", "two lengths that differ"},
        {"/list-of-lengths", "not one number"},
        {"/no-length", "Content-Length"},
        {"/negative", "Content-Length"},
        {"/http-2", "not in HTTP/1.1 or HTTP/1.0"},
        {"/http-1.2", "HTTP"},
        {"/two-states", "second line of status"},
        {"/bare-lf", "does not end in CR LF"},
        {"/bare-lf-once", "does not end in CR LF"},
    };
    static const char *const good[] = {"/same-lengths", "/length-of-each", "/http-1.0"};
    struct box *b = *state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        fails(b, get(b, bad[i][0]), HTTP_PROTOCOL, bad[i][1]);
        assert_int_equal(b->body.n, 0);
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(get(b, good[i]), 0);
        assert_int_equal(b->answer.status, 200);
        assert_true(bytes_is(bytes_of_buf(&b->body), "true"));
    }
}

static void kept(struct box *b, const char *words) {
    assert_int_equal(get(b, "/kept"), 0);
    if (!bytes_is(bytes_of_buf(&b->body), words)) {
        fail_msg("wanted '%s', got '%.*s'", words, (int)b->body.n, (const char *)b->body.p);
    }
}

/* By another client, whose connection is not the one in question. */
static void meanwhile(struct box *b, const char *path) {
    struct http *own = b->http;
    assert_int_equal(http_open("ledger/test", &b->http, &b->err), 0);
    assert_int_equal(get(b, path), 0);
    http_close(b->http);
    b->http = own;
}

static void what_a_server_sends_unasked_answers_no_request(void **state) {
    struct box *b = *state;
    kept(b, "connection 1, request 1");
    kept(b, "connection 1, request 2");
    meanwhile(b, "/push");
    kept(b, "connection 2, request 1");
    kept(b, "connection 2, request 2");
    meanwhile(b, "/hang-up");
    kept(b, "connection 3, request 1");
    kept(b, "connection 3, request 2");
}

static void a_connection_that_was_passed_over_is_not_used_later(void **state) {
    struct box *b = *state;
    kept(b, "connection 1, request 1");
    meanwhile(b, "/push");
    assert_int_equal(ask(b, "/ok", (struct http_request){.fresh = true}), 0);
    kept(b, "connection 2, request 1");
}

static void an_answer_without_an_end_meets_a_limit(void **state) {
    struct box *b = *state;
    struct http_limits small = {.bytes_max = 100000, .line_max = 50000};
    fails(b, ask(b, "/endless", (struct http_request){.limits = small}), HTTP_LIMIT, "exceeds the limit");
    assert_true(b->body.n <= 100000);
    fails(b, get_lines(b, "/endless-line", small), HTTP_LIMIT, "line of the answer exceeds");
    fails(b, get_lines(b, "/endless-lines", small), HTTP_LIMIT, "exceeds the limit");
    fails(b, get(b, "/endless-headers"), HTTP_LIMIT, "65536 bytes of headers");
    fails(b, get(b, "/endless-header"), HTTP_LIMIT, "65536 bytes of headers");
    fails(b, get(b, "/endless-100"), HTTP_LIMIT, "65536 bytes of headers");
    b->body.max = 1000;
    fails(b, get(b, "/endless"), HTTP_LIMIT, "exceeds the limit");
    assert_true(b->body.n <= 1000);
}

static void redirects_are_followed_only_where_asked_for_and_to_http_alone(void **state) {
    struct box *b = *state;
    fails(b, get(b, "/redirect"), HTTP_REDIRECT, "status 302");
    assert_int_equal(b->answer.status, 302);
    assert_int_equal(ask(b, "/redirect", (struct http_request){.limits = {.redirects = 1}}), 0);
    assert_true(bytes_is(bytes_of_buf(&b->body), "{\"fine\":true}"));
    fails(b, ask(b, "/redirect-loop", (struct http_request){.limits = {.redirects = 3}}), HTTP_REDIRECT, "");
    fails(b, ask(b, "/redirect-file", (struct http_request){.limits = {.redirects = 3}}), HTTP_REDIRECT, "");
    fails(b, ask(b, "/redirect-ftp", (struct http_request){.limits = {.redirects = 3}}), HTTP_REDIRECT, "");
    assert_int_equal(b->body.n, 0);
}

static void an_encoding_that_was_not_asked_for_is_not_unpacked(void **state) {
    struct box *b = *state;
    fails(b, get(b, "/gzip"), HTTP_PROTOCOL, "content encoding");
    assert_int_equal(b->body.n, 0);
}

static void what_is_no_http_or_no_tls_is_told_apart(void **state) {
    struct box *b = *state;
    char url[64];
    fails(b, get(b, "/garbage"), HTTP_PROTOCOL, "");
    fails(b, get(b, "/nothing"), HTTP_PROTOCOL, "");
    snprintf(url, sizeof(url), "https://127.0.0.1:%u/ok", b->server.port);
    struct http_request r = {.url = url, .to = &b->body, .limits = {.total_ms = 5000}};
    fails(b, http_fetch(b->http, &r, &b->answer, &b->err), HTTP_TLS, "");
}

static void the_stop_flag_ends_a_wait(void **state) {
    struct box *b = *state;
    static const volatile sig_atomic_t stop = 1;
    fails(b, ask(b, "/silent", (struct http_request){.stop = &stop}), HTTP_STOPPED, "");
}

static void a_readable_descriptor_ends_a_wait(void **state) {
    struct box *b = *state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "x", 1), 1);
    fails(b, ask(b, "/silent", (struct http_request){.stop_fd = ends[0]}), HTTP_STOPPED, "");
    close(ends[0]);
    close(ends[1]);
}

static int after_three(void *ctx, struct err *err) {
    struct box *b = ctx;
    return ++b->n_lines == 3 ? err_set(err, ERR_LIMIT, "three ticks") : 0;
}

static void a_tick_ends_a_wait_with_its_code(void **state) {
    struct box *b = *state;
    assert_int_equal(ask(b, "/silent", (struct http_request){.tick = after_three, .ctx = b}), ERR_LIMIT);
    assert_string_equal(b->err.msg, "three ticks");
    assert_true(b->answer.sent);
}

static int keep_data(void *ctx, const struct http_answer *answer, struct bytes data, struct err *err) {
    struct box *b = ctx;
    (void)err;
    assert_int_equal(answer->status, 200);
    assert_string_equal(answer->type, "application/x-ndjson");
    return data.n > 0 && ++b->n_lines == b->stop_at;
}

static void data_comes_as_it_arrives_until_it_is_enough(void **state) {
    struct box *b = *state;
    b->stop_at = 2;
    assert_int_equal(ask(b, "/endless-lines", (struct http_request){.data = keep_data, .ctx = b}), 0);
    assert_int_equal(b->answer.fault, HTTP_NONE);
    assert_int_equal(b->n_lines, 2);
}

static void a_secret_is_one_header_of_one_request(void **state) {
    struct box *b = *state;
    const struct http_request with = {.bearer = bytes_of("s3cret-word")};
    assert_int_equal(ask(b, "/echo", with), 0);
    buf_put_u8(&b->body, 0);
    assert_non_null(strstr((const char *)b->body.p, "\r\nAuthorization: Bearer s3cret-word\r\n"));
    assert_int_equal(get(b, "/echo"), 0);
    buf_put_u8(&b->body, 0);
    assert_null(strstr((const char *)b->body.p, "Authorization"));
    struct http_request bad = {.bearer = bytes_of("two\r\nX-Lines: 1")};
    assert_int_equal(ask(b, "/echo", bad), ERR_INVALID);
    assert_null(strstr(b->err.msg, "Lines"));
    bad = (struct http_request){.bearer = bytes_of("s3cret-word"), .limits = {.redirects = 1}};
    assert_int_equal(ask(b, "/redirect", bad), ERR_INVALID);
}

static void a_pinned_name_leads_to_its_address_alone(void **state) {
    struct box *b = *state;
    char url[64], pin[64];
    snprintf(url, sizeof(url), "http://pinned.example:%u/ok", b->server.port);
    snprintf(pin, sizeof(pin), "pinned.example:%u:127.0.0.1", b->server.port);
    struct http_request r = {.url = url, .pin = pin, .to = &b->body, .fresh = true};
    assert_int_equal(http_fetch(b->http, &r, &b->answer, &b->err), 0);
    assert_string_equal(b->answer.address, "127.0.0.1");
    snprintf(pin, sizeof(pin), "pinned.example:%u:127.0.0.77", b->server.port); /* where nobody listens */
    fails(b, http_fetch(b->http, &r, &b->answer, &b->err), HTTP_REFUSED, "");
    assert_false(b->answer.sent);
}

static void an_answer_says_when_to_ask_again_and_whether_it_was_cut(void **state) {
    struct box *b = *state;
    assert_int_equal(get(b, "/later"), 0);
    assert_int_equal(b->answer.status, 429);
    assert_int_equal(b->answer.retry_s, 7);
    fails(b, get(b, "/short"), HTTP_PROTOCOL, "");
    assert_true(b->answer.cut && b->answer.sent);
    fails(b, get(b, "/nothing"), HTTP_PROTOCOL, "");
    assert_true(b->answer.cut);
    fails(b, get(b, "/garbage"), HTTP_PROTOCOL, "");
    assert_false(b->answer.cut);
}

static void the_environments_proxies_are_not_asked(void **state) {
    struct box *b = *state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
    assert_int_equal(get(b, "/ok"), 0);
    unsetenv("http_proxy");
    unsetenv("ALL_PROXY");
}

static void other_schemes_and_user_parts_are_invalid(void **state) {
    struct box *b = *state;
    static const char *const urls[] = {
        "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://user:word@127.0.0.1/", "http://", "",
        "127.0.0.1"};
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]) - 1; i++) {
        struct http_request r = {.url = urls[i], .to = &b->body};
        int rc = http_fetch(b->http, &r, &b->answer, &b->err);
        if (rc != ERR_INVALID) {
            fail_msg("'%s': %d, %s", urls[i], rc, b->err.msg);
        }
    }
}

static void an_address_has_one_form(void **state) {
    struct box *b = *state;
    static const struct {
        const char *address, *base;
    } good[] = {
        {"http://127.0.0.1:11434", "http://127.0.0.1:11434"},
        {"HTTP://LocalHost:11434/", "http://localhost:11434"},
        {"http://box.example.org", "http://box.example.org:80"},
        {"https://box.example.org/Ollama/", "https://box.example.org:443/Ollama"},
        {"http://[::1]:11434", "http://[::1]:11434"},
    };
    static const struct {
        const char *address, *why;
    } bad[] = {
        {"127.0.0.1:11434", "does not begin with http://"},
        {"ftp://a", "does not begin with http://"},
        {"http://", "invalid address"},
        {"http://a:99999", "invalid address"},
        {"http://user@a", "a user part"},
        {"http://a:b@c", "a user part"},
        {"http://a?x=1", "a query or a fragment"},
        {"http://a#x", "a query or a fragment"},
        {"http://a b", "invalid address"},
    };
    char base[HTTP_URL_MAX], many[1024];
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(http_base(b->http, good[i].address, base, &b->err), 0);
        assert_string_equal(base, good[i].base);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(http_base(b->http, bad[i].address, base, &b->err), ERR_INVALID);
        if (strstr(b->err.msg, bad[i].why) == NULL) {
            fail_msg("'%s': %s", bad[i].address, b->err.msg);
        }
    }
    snprintf(many, sizeof(many), "http://a/%0900d", 1);
    assert_int_equal(http_base(b->http, many, base, &b->err), ERR_INVALID);
}

static int on_head(void *ctx, const struct http_answer *answer, struct bytes line, struct err *err) {
    assert_true(answer->status >= 200);
    return keep_line(ctx, line, err);
}

static int pass_data(void *ctx, const struct http_answer *answer, struct bytes data, struct err *err) {
    struct box *b = ctx;
    (void)answer;
    (void)err;
    return buf_put_bytes(&b->body, data);
}

static int no_body(void *ctx, uint8_t *to, size_t max, size_t *ret_n, struct err *err) {
    (void)ctx;
    (void)to;
    (void)max;
    *ret_n = 0;
    return err_set(err, ERR_CONFLICT, "the client went away");
}

static int pass(struct box *b, const char *path, bool has_body, unsigned stop_at) {
    static const char *const fields[] = {"X-One: 1"};
    const struct http_pass how = {.method = has_body ? "POST" : "GET",
                                  .fields = fields,
                                  .n_fields = 1,
                                  .has_body = has_body,
                                  .length = 5,
                                  .read = no_body,
                                  .head = on_head};
    b->lines[0] = '\0';
    b->n_lines = 0;
    b->stop_at = stop_at;
    return ask(b, path, (struct http_request){.pass = &how, .data = pass_data, .ctx = b});
}

static void what_is_passed_on_comes_back_as_it_is(void **state) {
    struct box *b = *state;
    assert_int_equal(pass(b, "/missing", false, 0), 0);
    assert_int_equal(b->answer.status, 404);
    assert_int_equal(strncmp(b->lines, "HTTP/1.1 404 Not Found|Content-Type: application/json|", 54), 0);
    assert_int_equal(strcmp(b->lines + strlen(b->lines) - 2, "||"), 0); /* the empty line */
    assert_true(bytes_is(bytes_of_buf(&b->body), "{\"error\":\"no such thing\"}"));
    assert_int_equal(pass(b, "/redirect", false, 0), 0); /* an answer like others */
    assert_int_equal(b->answer.status, 302);
    assert_non_null(strstr(b->lines, "|Location: /ok|"));
    assert_int_equal(pass(b, "/length-of-each", false, 0), 0); /* without its interim answer */
    assert_null(strstr(b->lines, "103"));
    fails(b, pass(b, "/two-lengths", false, 0), HTTP_PROTOCOL, "two lengths");
    assert_int_equal(pass(b, "/ok", false, 2), ERR_CONFLICT); /* so says a callback */
    assert_int_equal(pass(b, "/ok", true, 0), ERR_CONFLICT);
    assert_string_equal(b->err.msg, "the client went away");
    assert_int_equal(get(b, "/ok"), 0); /* the connection is not left in the middle of something */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_answer_comes_with_status_type_and_body, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_passed_on_comes_back_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(a_request_says_who_asks_and_nothing_more, setup, teardown),
        cmocka_unit_test_setup_teardown(a_body_goes_by_post_with_its_type, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_come_one_by_one_without_ends_and_blanks, setup, teardown),
        cmocka_unit_test_setup_teardown(a_callback_that_has_enough_ends_the_exchange_with_its_code, setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_that_is_down_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_server_that_does_not_answer_in_time_is_a_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(lengths_that_are_lies_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(a_header_that_two_readers_could_read_differently_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_server_sends_unasked_answers_no_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_connection_that_was_passed_over_is_not_used_later, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_without_an_end_meets_a_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(redirects_are_followed_only_where_asked_for_and_to_http_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(an_encoding_that_was_not_asked_for_is_not_unpacked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_http_or_no_tls_is_told_apart, setup, teardown),
        cmocka_unit_test_setup_teardown(the_stop_flag_ends_a_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_readable_descriptor_ends_a_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(a_tick_ends_a_wait_with_its_code, setup, teardown),
        cmocka_unit_test_setup_teardown(data_comes_as_it_arrives_until_it_is_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_is_one_header_of_one_request, setup, teardown),
        cmocka_unit_test_setup_teardown(a_pinned_name_leads_to_its_address_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(an_answer_says_when_to_ask_again_and_whether_it_was_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(the_environments_proxies_are_not_asked, setup, teardown),
        cmocka_unit_test_setup_teardown(other_schemes_and_user_parts_are_invalid, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_has_one_form, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
