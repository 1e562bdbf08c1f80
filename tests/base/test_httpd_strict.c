/* What the server refuses because two readers could interpret it differently, each case in its own form and at once; and
 * what it accepts. */
#include "tests/base/httpd_server.h"

/* The request, with HOST in place of the address and NUL in place of '\1', and the status of the refusal. */
#define TYPED "Content-Type: application/json\r\n"
#define HEAD  "POST /in HTTP/1.1\r\nHost: HOST\r\n" TYPED
static const struct probe {
    const char *text;
    unsigned status;
} probes[] = {
    {HEAD "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x", 400},
    {HEAD "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: xchunked\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: \"chunked\"\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\v\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {HEAD "Transfer-Encoding\1x: chunked\r\nContent-Length: 2\r\n\r\n{}", 400},
    {HEAD "Content-Length : 2\r\n\r\n{}", 400},
    {HEAD "Content-Length: 2\1"
          "999\r\n\r\n{}",
     400},
    {HEAD "Content-Length:\r\n 2\r\n\r\n{}", 400},
    {HEAD "X: b\r\n Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400},
    {HEAD "X: a\1b\r\nContent-Length: 2\r\n\r\n{}", 400},
    {HEAD "X\r\nContent-Length: 2\r\n\r\n{}", 400},
    {HEAD "Content-Length: 2\n\n{}", 400},
    {HEAD "X: a\rContent-Length: 2\r\n\r\n{}", 400},
    {"POST /in HTTP/1.1\nHost: HOST\nContent-Length: 2\n\n{}", 400},
    {"POST /in HTTP/1.1\rHost: HOST\rContent-Length: 2\r\r{}", 400},
    {"POST /in\1 HTTP/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST\t/in HTTP/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST  /in HTTP/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in HTTP/1.1 \r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in http/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in\r\n", 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\1.evil.example\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in HTTP/1.1\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in HTTP/1.0\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 400},
    {"POST /in HTTP/1.1\r\nHost: evil.example\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 403},
    {"POST /in HTTP/1.1\r\nHost: HOST.evil.example\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 403},
    {"POST http://HOST/in HTTP/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 404},
    {"POST /in%00 HTTP/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 404},
    {"POST /../../etc/passwd HTTP/1.1\r\nHost: HOST\r\n" TYPED "Content-Length: 2\r\n\r\n{}", 404},
    {HEAD "Origin: http://HOST\r\nContent-Length: 2\r\n\r\n{}", 403},
    {"GET /in HTTP/1.1\r\nHost: HOST\r\n\r\n", 405},
    {"TRACE /in HTTP/1.1\r\nHost: HOST\r\n\r\n", 405},
    {"CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", 404},
    {HEAD "Content-Length: +2\r\n\r\n{}", 400},
    {HEAD "Content-Length: 99999999999999999999\r\n\r\n{}", 413},
    {HEAD "Upgrade: h2c\r\nContent-Length: 2\r\n\r\n{}", 400},
    {HEAD "\r\n", 411},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n2 \r\n{}\r\n0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n2\r{}\r\n0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}0\r\n\r\n", 400},
    {HEAD "Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n", 400},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"no HTTP at all\r\n\r\n", 400},
    {"\x16\x03\x01\x02\x1c\x01", 400},
};

static size_t fill_in(char *ret, size_t max, const char *text, const char *host) {
    size_t n = 0;
    for (const char *p = text; *p != '\0'; p++) {
        bool is_host = strncmp(p, "HOST", 4) == 0;
        n += (size_t)snprintf(ret + n, max - n, is_host ? "%s" : "%.1s", is_host ? host : p);
        ret[n - 1] = *p == '\1' ? '\0' : ret[n - 1];
        p += is_host ? 3 : 0;
    }
    return n;
}

static void what_two_readers_could_take_differently_is_refused(void **state) {
    struct server *s = *state;
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        struct client c;
        char text[1024];
        size_t n = fill_in(text, sizeof(text), probes[i].text, s->address);
        client_open(&c, s->address);
        client_send(&c, text, n);
        client_read(&c);
        if (client_status(&c) != probes[i].status || strncmp(client_body(&c), "{\"code\":", 8) != 0 ||
            strstr(c.answer, "\r\nContent-Type: application/json\r\n") == NULL ||
            strstr(c.answer, "\r\nConnection: close\r\n") == NULL) {
            fail_msg("probe %zu: %s answers %s", i, probes[i].text, c.answer);
        }
        client_is_closed(&c);
        client_close(&c);
        assert_int_equal(handled(s), 0);
    }
}

static const char *const lenient[] = {
    HEAD "Content-Length: \t2 \t\r\n\r\n{}",
    HEAD "Transfer-Encoding: chunked \r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding:\tchunked\t\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    HEAD "Transfer-Encoding:Chunked\r\n\r\n00000002\r\n{}\r\n000\r\n\r\n",
    HEAD "Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n{\r\n1;\"x\"\r\n}\r\n0;z\r\nX: y\r\nContent-Length: 5\r\n\r\n",
    "\r\n\r\n" HEAD "Content-Length: 2\r\n\r\n{}",
    "POST /in HTTP/1.0\r\nhost:HOST\r\ncontent-type:application/json\r\ncontent-length:2\r\n\r\n{}",
};

static void what_the_standard_leaves_to_senders_is_taken(void **state) {
    struct server *s = *state;
    for (size_t i = 0; i < sizeof(lenient) / sizeof(lenient[0]); i++) {
        struct client c;
        char text[1024];
        size_t n = fill_in(text, sizeof(text), lenient[i], s->address);
        client_open(&c, s->address);
        for (size_t k = 0; k < n; k++) { /* however it is split */
            client_send(&c, text + k, 1);
        }
        client_read(&c);
        if (client_status(&c) != 200 || strcmp(client_body(&c), "{\"bytes\":2}") != 0) {
            fail_msg("%s answers %s", lenient[i], c.answer);
        }
        client_close(&c);
        assert_string_equal(s->body, "{}");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_two_readers_could_take_differently_is_refused),
        TEST(what_the_standard_leaves_to_senders_is_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
