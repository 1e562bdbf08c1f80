/* The server over real sockets: what it hands on and answers, what it refuses although its library would take it, and how
 * it ends connections, requests and itself. The clock is moved by hand where time has to pass. */
#include "base/httpd.h"

#include <dlfcn.h>
#include <pthread.h>
#include <zlib.h>

#include "base/clock.h"
#include "tests/base/http_client.h"

#define BODY_MAX   100000
#define BODIES_MAX 150000

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);
void *__real_dlopen(const char *name, int flags);
void *__wrap_dlopen(const char *name, int flags);

static _Atomic uint64_t skipped_ns;
static _Atomic bool no_library;

uint64_t __wrap_clock_boot_ns(void) {
    return __real_clock_boot_ns() + skipped_ns;
}

void *__wrap_dlopen(const char *name, int flags) {
    return no_library ? NULL : __real_dlopen(name, flags);
}

struct server {
    struct httpd *httpd;
    pthread_t thread;
    bool joined;
    char address[HTTPD_ADDRESS_MAX];
    int code; /* of httpd_run */
    struct err err;
    pthread_mutex_t lock; /* over what follows */
    size_t handled, bytes;
    char body[64];
    unsigned status; /* the handler's next */
    int answer;
};

/* Set as the command sets it: by a signal, in the thread that reads it. */
static volatile sig_atomic_t stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

static const struct httpd_route routes[] = {{"POST", "/in", "application/json", NULL}};

static int handle(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    struct server *s = ctx;
    pthread_mutex_lock(&s->lock);
    s->handled++;
    s->bytes = request->body.n;
    snprintf(s->body, sizeof(s->body), "%.*s", (int)(request->body.n < 60 ? request->body.n : 60),
             (const char *)request->body.p);
    if (s->status != 0) {
        reply->status = s->status;
        reply->retry_after_s = 7;
        buf_put_str(&reply->body, "not now");
    } else {
        buf_printf(&reply->body, "{\"bytes\":%zu}", request->body.n);
    }
    int answer = s->answer;
    pthread_mutex_unlock(&s->lock);
    return answer != 0 ? err_set(err, answer, "the handler has enough") : 0;
}

static void *serve(void *ctx) {
    struct server *s = ctx;
    s->code = httpd_run(s->httpd, &stopped, &s->err);
    return NULL;
}

static int setup_at(void **state, const char *address) {
    struct server *s = calloc(1, sizeof(*s));
    struct err err = {0};
    const struct httpd_options options = {.address = address,
                                          .routes = routes,
                                          .n_routes = 1,
                                          .body_max = BODY_MAX,
                                          .bodies_max = BODIES_MAX,
                                          .ctx = s,
                                          .handle = handle};
    pthread_mutex_init(&s->lock, NULL);
    skipped_ns = 0;
    stopped = 0;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
    if (httpd_open(&options, &s->httpd, &err) != 0) {
        fail_msg("%s", err.msg);
    }
    snprintf(s->address, sizeof(s->address), "%s", httpd_address(s->httpd));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    *state = s;
    return 0;
}

static int setup(void **state) {
    return setup_at(state, "127.0.0.1:0");
}

static void end(struct server *s) {
    pthread_kill(s->thread, SIGUSR1);
    pthread_join(s->thread, NULL);
    s->joined = true;
}

static int teardown(void **state) {
    struct server *s = *state;
    if (!s->joined) {
        end(s);
    }
    httpd_close(s->httpd);
    pthread_mutex_destroy(&s->lock);
    free(s);
    return 0;
}

static size_t handled(struct server *s) {
    pthread_mutex_lock(&s->lock);
    size_t n = s->handled;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* "POST /in" with the headers and a body that follow. */
static void post(char *ret, size_t n, const struct server *s, const char *headers, const char *body) {
    snprintf(ret, n, "POST /in HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n%s\r\n%s", s->address, headers,
             body);
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
                        "{\"code\":8,\"message\":\"the body is too large; accepted: 100000 bytes, decoded\"}");
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

static void bodies_that_are_too_much_together_are_asked_to_come_again(void **state) {
    struct server *s = *state;
    struct client first, second;
    char text[512], *half = malloc(90000);
    memset(half, 'x', 90000);
    post(text, sizeof(text), s, "Content-Length: 100000\r\n", "");
    client_open(&first, s->address);
    client_say(&first, text);
    client_send(&first, half, 90000);
    client_open(&second, s->address);
    unsigned status = 200;
    for (int i = 0; i < 1000 && status == 200; i++) { /* until the first one's bytes have been read */
        client_say(&second, text);
        client_send(&second, half, 90000);
        client_send(&second, half, 10000);
        client_read(&second);
        status = client_status(&second);
    }
    assert_int_equal(status, 503);
    assert_non_null(strstr(second.answer, "\r\nRetry-After: 1\r\n"));
    client_close(&second);
    client_send(&first, half, 10000);
    client_read(&first);
    assert_int_equal(client_status(&first), 200);
    client_close(&first);
    client_open(&second, s->address); /* there is room again */
    client_say(&second, text);
    client_send(&second, half, 90000);
    client_send(&second, half, 10000);
    client_read(&second);
    assert_int_equal(client_status(&second), 200);
    client_close(&second);
    free(half);
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

/* What is sent, with HOST in place of the address; which statuses are right. 0: closed without an answer. */
static const struct probe {
    const char *text;
    unsigned status, or_status;
} probes[] = {
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\nContent-Length: "
     "3\r\n\r\n{}x",
     400, 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0\r\n\r\n",
     400, 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: xchunked\r\n\r\n", 400, 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: "
     "identity\r\nTransfer-Encoding: chunked\r\n\r\n",
     400, 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length : 2\r\n\r\n{}", 400, 411},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 400,
     400},
    {"POST /in HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 400, 400},
    {"POST /in HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 400, 400},
    {"POST /in HTTP/1.1\r\nHost: evil.example\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 403, 403},
    {"POST http://HOST/in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 404,
     400},
    {"POST /in%00 HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 404, 400},
    {"POST /../../etc/passwd HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 404,
     400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nOrigin: http://HOST\r\nContent-Type: application/json\r\nContent-Length: "
     "2\r\n\r\n{}",
     403, 403},
    {"GET /in HTTP/1.1\r\nHost: HOST\r\n\r\n", 405, 405},
    {"TRACE /in HTTP/1.1\r\nHost: HOST\r\n\r\n", 405, 400},
    {"CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n", 404, 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: +2\r\n\r\n{}", 400, 413},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
     413, 400},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nTransfer-Encoding: "
     "chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
     400, 0},
    {"POST /in HTTP/1.1\r\nHost: HOST\r\nContent-Type: application/json\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\n{}",
     400, 400},
    {"no HTTP at all\r\n\r\n", 400, 0},
    {"\x16\x03\x01\x02\x01\x01\r\n\r\n", 400, 0},
};

static void what_two_readers_could_take_differently_is_refused(void **state) {
    struct server *s = *state;
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
        struct client c;
        char text[1024] = "";
        for (const char *p = probes[i].text; *p != '\0'; p++) {
            size_t n = strlen(text);
            bool host = strncmp(p, "HOST", 4) == 0;
            snprintf(text + n, sizeof(text) - n, host ? "%s" : "%.1s", host ? s->address : p);
            p += host ? 3 : 0;
        }
        client_request(&c, s->address, text);
        unsigned status = client_status(&c);
        if (status != probes[i].status && status != probes[i].or_status) {
            fail_msg("probe %zu: %u: %s", i, status, text);
        }
        assert_int_equal(handled(s), 0);
    }
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
    assert_true(client_status(&c) == 431 || client_status(&c) == 413 || client_status(&c) == 0);
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

/* A byte now and then is no progress: the library would wait for ever. */
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
    client_request(&other, s->address, text); /* both have been accepted by now */
    assert_int_equal(client_status(&other), 200);
    skipped_ns += 15 * CLOCK_NS_PER_S;
    client_is_closed(&body);
    client_say(&header, "TP/1.1\r\n");
    skipped_ns += 10 * CLOCK_NS_PER_S;
    client_is_closed(&header);
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
            strstr(err.msg, "is no address that can be listened on; accepted: 127.0.0.1:PORT, [::1]:PORT, localhost:PORT"));
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

static void a_library_that_is_not_there_is_named(void **state) {
    (void)state;
    struct httpd *h = NULL;
    struct err err = {0};
    no_library = true;
    assert_int_equal(open_at("127.0.0.1:0", &h, &err), ERR_IO);
    no_library = false;
    assert_string_equal(err.msg,
                        "receiving over HTTP needs libmicrohttpd, which is not installed (Debian package libmicrohttpd12)");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_handed_on_and_answered),
        TEST(a_connection_may_have_many_requests),
        TEST(a_body_may_come_in_chunks_late_and_after_an_interim_answer),
        TEST(a_compressed_body_is_handed_on_decoded),
        TEST(a_compressed_body_that_is_large_cut_or_damaged_is_refused),
        TEST(a_body_beyond_the_bound_is_refused),
        TEST(bodies_that_are_too_much_together_are_asked_to_come_again),
        TEST(a_handler_may_refuse_for_a_while),
        TEST(what_two_readers_could_take_differently_is_refused),
        TEST(a_header_that_is_too_large_is_refused),
        TEST(a_body_that_breaks_off_is_not_handed_on),
        TEST(a_sender_that_drips_is_ended),
        TEST(a_stop_lets_a_request_end_and_takes_no_other),
        TEST(an_error_of_the_handler_ends_the_server_after_its_answer),
        cmocka_unit_test(the_other_loopback_is_served_too),
        cmocka_unit_test(only_addresses_of_this_machine_are_listened_on),
        TEST(an_address_that_is_taken_is_an_error),
        cmocka_unit_test(a_library_that_is_not_there_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
