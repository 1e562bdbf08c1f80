/* The server over real sockets: what it passes on and answers, and how it ends connections, requests and itself. */
#include <zlib.h>

#include "tests/base/httpd_server.h"

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);

/* The clock is advanced by hand where time has to pass. */
uint64_t __wrap_clock_boot_ns(void) {
    return __real_clock_boot_ns() + skipped_ns;
}

static void a_request_is_handed_on_and_answered(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    post(text, sizeof(text), s, "Content-Length: 9\r\n", "{\"a\": 12}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 200);
    assert_string_equal(client_body(&c), "{\"bytes\":9}");
    assert_non_null(strstr(c.answer, "\r\nContent-Type: application/json\r\n"));
    assert_non_null(strstr(c.answer, "\r\nX-Content-Type-Options: nosniff\r\n"));
    assert_null(strcasestr(c.answer, "Access-Control"));
    assert_string_equal(s->body, "{\"a\": 12}");
    post(text, sizeof(text), s, "Content-Length: 0\r\n", "");
    client_request(&c, s->address, text);
    assert_string_equal(client_body(&c), "{\"bytes\":0}");
}

static void a_connection_may_have_many_requests(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    client_open(&c, s->address);
    for (int i = 0; i < 20; i++) {
        post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
        client_say(&c, text);
        client_read(&c);
        assert_int_equal(client_status(&c), 200);
    }
    client_close(&c);
    assert_int_equal(handled(s), 20);
}

static void a_body_may_come_in_chunks_late_and_after_an_interim_answer(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    post(text, sizeof(text), s, "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", "");
    client_open(&c, s->address);
    client_say(&c, text);
    client_say(&c, "3\r\n{\"a\r\n");
    client_say(&c, "6\r\n\": 12}\r\n0\r\n\r\n");
    client_read(&c);
    assert_int_equal(client_status(&c), 200);
    assert_string_equal(s->body, "{\"a\": 12}");
    client_close(&c);
}

/* n bytes of 'x' as gzip; the caller frees. */
static uint8_t *packed(size_t n, size_t *ret_n) {
    uint8_t *plain = malloc(n + 1), *out = malloc(n + 1000);
    z_stream z = {0};
    memset(plain, 'x', n);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = plain;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)(n + 1000);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    *ret_n = z.total_out;
    deflateEnd(&z);
    free(plain);
    return out;
}

static void post_packed(struct server *s, struct client *c, const uint8_t *p, size_t n) {
    char text[512], headers[128];
    snprintf(headers, sizeof(headers), "Content-Encoding: gzip\r\nContent-Length: %zu\r\n", n);
    post(text, sizeof(text), s, headers, "");
    client_open(c, s->address);
    client_say(c, text);
    client_send(c, p, n);
    client_read(c);
    client_close(c);
}

static void a_compressed_body_is_handed_on_decoded(void **state) {
    struct server *s = *state;
    struct client c;
    size_t n;
    uint8_t *p = packed(5000, &n);
    post_packed(s, &c, p, n);
    assert_int_equal(client_status(&c), 200);
    assert_string_equal(client_body(&c), "{\"bytes\":5000}");
    free(p);
    p = packed(BODY_MAX, &n);
    post_packed(s, &c, p, n);
    assert_int_equal(client_status(&c), 200);
    free(p);
}

static void a_compressed_body_that_is_large_cut_or_damaged_is_refused(void **state) {
    struct server *s = *state;
    struct client c;
    size_t n;
    uint8_t *p = packed(BODY_MAX + 1, &n);
    post_packed(s, &c, p, n);
    assert_int_equal(client_status(&c), 413);
    assert_string_equal(client_body(&c),
                        "{\"code\":8,\"message\":\"the body is too large; expected at most 100000 bytes, decoded\"}");
    free(p);
    p = packed((size_t)20 << 20, &n);
    post_packed(s, &c, p, n);
    assert_int_equal(client_status(&c), 413);
    free(p);
    p = packed(1000, &n);
    post_packed(s, &c, p, n - 1);
    assert_int_equal(client_status(&c), 400);
    assert_non_null(strstr(client_body(&c), "gzip data is cut short after "));
    post_packed(s, &c, (const uint8_t *)"{}", 2);
    assert_int_equal(client_status(&c), 400);
    free(p);
    assert_int_equal(handled(s), 0);
}

static void a_body_beyond_the_bound_is_refused(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512], *large = malloc(BODY_MAX + 1);
    memset(large, 'x', BODY_MAX + 1);
    post(text, sizeof(text), s, "Content-Length: 100001\r\n", "");
    client_open(&c, s->address);
    client_say(&c, text);
    client_read(&c); /* before the body */
    assert_int_equal(client_status(&c), 413);
    client_is_closed(&c);
    client_close(&c);
    post(text, sizeof(text), s, "Transfer-Encoding: chunked\r\n", "186a1\r\n");
    client_open(&c, s->address);
    client_say(&c, text);
    client_send(&c, large, BODY_MAX + 1);
    client_say(&c, "\r\n0\r\n\r\n");
    client_read(&c);
    assert_int_equal(client_status(&c), 413);
    client_close(&c);
    post(text, sizeof(text), s, "Content-Length: 100000\r\n", "");
    client_open(&c, s->address);
    client_say(&c, text);
    client_send(&c, large, BODY_MAX);
    client_read(&c);
    assert_int_equal(client_status(&c), 200);
    client_close(&c);
    assert_int_equal(handled(s), 1);
    free(large);
}

static void a_handler_may_refuse_for_a_while(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    pthread_mutex_lock(&s->lock);
    s->status = 503;
    pthread_mutex_unlock(&s->lock);
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 503);
    assert_non_null(strstr(c.answer, "\r\nRetry-After: 7\r\n"));
    assert_string_equal(client_body(&c), "{\"code\":14,\"message\":\"not now\"}");
}

static void requests_may_be_sent_before_the_answers_are_read(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512], all[4096] = "";
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    for (size_t i = 0; i < 5; i++) {
        snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s", text);
    }
    post(text, sizeof(text), s, "Content-Length: 2\r\nConnection: x, Close\r\n", "{}");
    snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", text, text);
    client_open(&c, s->address);
    client_say(&c, all);
    while (strstr(c.answer, "\r\nConnection: close\r\n") == NULL) {
        client_read(&c);
        assert_int_equal(client_status(&c), 200);
    }
    client_is_closed(&c);
    client_close(&c);
    assert_int_equal(handled(s), 6); /* nothing follows the last one */
}

static void a_header_that_is_asked_for_alone_comes_alone(void **state) {
    struct server *s = *state;
    struct client c;
    char text[256];
    snprintf(text, sizeof(text), "HEAD /in HTTP/1.1\r\nHost: %s\r\n\r\n", s->address);
    client_open(&c, s->address);
    client_say(&c, text);
    for (ssize_t n = 1; n > 0; c.n += n > 0 ? (size_t)n : 0) { /* to the end */
        n = recv(c.fd, c.answer + c.n, sizeof(c.answer) - 1 - c.n, 0);
    }
    client_close(&c);
    assert_int_equal(client_status(&c), 405);
    assert_string_equal(client_body(&c), "");
    assert_null(strstr(c.answer, "Content-Length: 0"));
}

static void a_header_that_is_too_large_is_refused(void **state) {
    struct server *s = *state;
    struct client c;
    size_t n = 60000;
    char *text = malloc(n + 600);
    int at = snprintf(text, 600, "POST /in HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nX: ", s->address);
    memset(text + at, 'x', n);
    snprintf(text + at + n, 100, "\r\nContent-Length: 2\r\n\r\n{}");
    client_open(&c, s->address);
    client_say(&c, text);
    client_read(&c);
    assert_int_equal(client_status(&c), 431);
    assert_string_equal(client_body(&c),
                        "{\"code\":8,\"message\":\"the header is too large; expected at most 32768 bytes\"}");
    client_close(&c);
    assert_int_equal(handled(s), 0);
    free(text);
}

static void a_body_that_breaks_off_is_not_handed_on(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    post(text, sizeof(text), s, "Content-Length: 10\r\n", "{\"a\":");
    client_open(&c, s->address);
    client_say(&c, text);
    client_close(&c);
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 200);
    assert_int_equal(handled(s), 1);
    assert_string_equal(s->body, "{}");
}

/* A byte now and then does not count as progress. */
static void a_sender_that_drips_is_ended(void **state) {
    struct server *s = *state;
    struct client header, body;
    char text[512];
    client_open(&header, s->address);
    client_say(&header, "POST /in HT");
    client_open(&body, s->address);
    post(text, sizeof(text), s, "Content-Length: 50000\r\n", "{\"a\"");
    client_say(&body, text);
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    struct client other;
    client_request(&other, s->address, text); /* both have been accepted by then */
    assert_int_equal(client_status(&other), 200);
    client_say(&body, ": 1");
    skipped_ns += 6 * CLOCK_NS_PER_S;
    client_say(&header, "TP/1.1\r\n");
    skipped_ns += 6 * CLOCK_NS_PER_S;
    client_read(&header);
    assert_int_equal(client_status(&header), 408);
    assert_string_equal(client_body(&header), "{\"code\":4,\"message\":\"the header did not arrive in time\"}");
    client_is_closed(&header);
    client_read(&body);
    assert_int_equal(client_status(&body), 408);
    assert_string_equal(client_body(&body), "{\"code\":4,\"message\":\"the body arrives too slowly\"}");
    client_is_closed(&body);
    client_close(&header);
    client_close(&body);
    client_request(&other, s->address, text);
    assert_int_equal(client_status(&other), 200);
    assert_int_equal(handled(s), 2);
}

static void a_stop_lets_a_request_end_and_takes_no_other(void **state) {
    struct server *s = *state;
    struct client c, late;
    char text[512];
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "");
    client_open(&c, s->address);
    client_say(&c, text);
    client_open(&late, s->address);
    char other[512];
    post(other, sizeof(other), s, "Content-Length: 2\r\n", "{}");
    client_say(&late, other);
    client_read(&late); /* so the first one has begun */
    client_close(&late);
    pthread_kill(s->thread, SIGUSR1);
    client_say(&c, "{}");
    client_read(&c);
    assert_int_equal(client_status(&c), 200);
    assert_non_null(strcasestr(c.answer, "\r\nConnection: close\r\n"));
    client_close(&c);
    pthread_join(s->thread, NULL);
    s->joined = true;
    assert_int_equal(s->code, 0);
    assert_int_equal(s->handled, 2);
}

static void an_error_of_the_handler_ends_the_server_after_its_answer(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    pthread_mutex_lock(&s->lock);
    s->answer = ERR_IO;
    s->status = 503;
    pthread_mutex_unlock(&s->lock);
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 503);
    pthread_join(s->thread, NULL);
    s->joined = true;
    assert_int_equal(s->code, ERR_IO);
    assert_string_equal(s->err.msg, "the handler has enough");
}

static void the_other_loopback_is_served_too(void **state) {
    struct client c;
    char text[512];
    int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    bool there = fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0;
    close(fd);
    if (!there) {
        skip(); /* a machine without IPv6 */
    }
    void *six = NULL;
    (void)state;
    setup_at(&six, "[::1]:0");
    struct server *s = six;
    assert_memory_equal(s->address, "[::1]:", 6);
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 200);
    teardown(&six);
}

static int open_at(const char *address, struct httpd **ret, struct err *err) {
    const struct httpd_options options = {
        .address = address, .routes = routes, .n_routes = 1, .body_max = 10, .bodies_max = 10, .handle = handle};
    return httpd_open(&options, ret, err);
}

static void only_addresses_of_this_machine_are_listened_on(void **state) {
    (void)state;
    static const char *const bad[] = {"",
                                      "4318",
                                      ":4318",
                                      "0.0.0.0:4318",
                                      "192.168.1.1:4318",
                                      "[::]:4318",
                                      "example.org:4318",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:x",
                                      "127.0.0.1:65536",
                                      "::1:4318",
                                      "127.0.0.1:-1",
                                      "http://127.0.0.1:4318",
                                      "[::1]",
                                      "128.0.0.1:0"};
    struct httpd *h = NULL;
    struct err err = {0};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(open_at(bad[i], &h, &err), ERR_INVALID);
        assert_non_null(
            strstr(err.msg, "is not an address to listen on; expected: 127.0.0.1:PORT, [::1]:PORT, localhost:PORT"));
    }
    static const char *const good[] = {"127.0.0.1:0", "127.1.2.3:0", "localhost:0"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(open_at(good[i], &h, &err), 0);
        assert_memory_equal(httpd_address(h), i == 1 ? "127.1.2.3:" : "127.0.0.1:", 10);
        httpd_close(h);
    }
    httpd_close(NULL);
}

static void an_address_that_is_taken_is_an_error(void **state) {
    struct httpd *h = NULL;
    struct err err = {0};
    const struct server *s = *state;
    assert_int_equal(open_at(s->address, &h, &err), ERR_IO);
    assert_non_null(strstr(err.msg, "': Address already in use"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_handed_on_and_answered),
        TEST(a_connection_may_have_many_requests),
        TEST(a_body_may_come_in_chunks_late_and_after_an_interim_answer),
        TEST(a_compressed_body_is_handed_on_decoded),
        TEST(a_compressed_body_that_is_large_cut_or_damaged_is_refused),
        TEST(a_body_beyond_the_bound_is_refused),
        TEST(a_handler_may_refuse_for_a_while),
        TEST(requests_may_be_sent_before_the_answers_are_read),
        TEST(a_header_that_is_asked_for_alone_comes_alone),
        TEST(a_header_that_is_too_large_is_refused),
        TEST(a_body_that_breaks_off_is_not_handed_on),
        TEST(a_sender_that_drips_is_ended),
        TEST(a_stop_lets_a_request_end_and_takes_no_other),
        TEST(an_error_of_the_handler_ends_the_server_after_its_answer),
        cmocka_unit_test(the_other_loopback_is_served_too),
        cmocka_unit_test(only_addresses_of_this_machine_are_listened_on),
        TEST(an_address_that_is_taken_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
