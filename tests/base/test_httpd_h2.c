/* Clients of HTTP/2: one of gRPC is told what to do instead, in a form that it shows; another is asked for HTTP/1.1. */
#define INSTEAD "set IT=http"
#include "tests/base/httpd_server.h"

#define PREFACE  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define SETTINGS "\0\0\0\x04\0\0\0\0\0"
#define ACK      "\0\0\0\x04\x01\0\0\0\0"

/* Reads until the server closes. */
static void read_all(struct client *c) {
    ssize_t got;
    shutdown(c->fd, SHUT_WR);
    c->n = 0;
    while ((got = recv(c->fd, c->answer + c->n, sizeof(c->answer) - 1 - c->n, 0)) > 0) {
        c->n += (size_t)got;
    }
    client_close(c);
}

static void read_n(struct client *c, char *ret, size_t n) {
    for (size_t at = 0; at < n;) {
        ssize_t got = recv(c->fd, ret + at, n - at, 0);
        assert_true(got > 0);
        at += (size_t)got;
    }
}

static void is(const struct client *c, const char *wanted, size_t n) {
    assert_int_equal(c->n, n);
    assert_memory_equal(c->answer, wanted, n);
}
#define IS(c, wanted) is(c, wanted, sizeof(wanted) - 1)

#define REFUSAL                                                                                                            \
    "\0\0\x52\x01\x05\0\0\0\x01\x88\x0f\x10\x10"                                                                           \
    "application/grpc"                                                                                                     \
    "\0\x0b"                                                                                                               \
    "grpc-status"                                                                                                          \
    "\x02"                                                                                                                 \
    "12"                                                                                                                   \
    "\0\x0c"                                                                                                               \
    "grpc-message"                                                                                                         \
    "\x1f"                                                                                                                 \
    "gRPC is not served: set IT=http"                                                                                      \
    "\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0"

static void a_client_of_grpc_is_told_what_to_do(void **state) {
    static const char headers[] =
        "\0\0\x0e\x01\x04\0\0\0\x01\x83\x5f\x8b\x1d\x75\xd0\x62\x0d\x26\x3d\x4c\x4d\x65\x64"; /* coded */
    static const char plain[] = "\0\0\x14\x01\x04\0\0\0\x01\x83\x0f\x10\x10"
                                "application/grpc";
    struct server *s = *state;
    struct client c;
    char settings[9];
    client_open(&c, s->address);
    client_send(&c, PREFACE, sizeof(PREFACE) - 1);
    read_n(&c, settings, sizeof(settings)); /* clients wait for it */
    assert_memory_equal(settings, SETTINGS, 9);
    client_send(&c, SETTINGS, 9);
    for (size_t i = 0; i < sizeof(headers) - 1; i++) { /* in pieces */
        client_send(&c, headers + i, 1);
    }
    read_all(&c);
    IS(&c, ACK REFUSAL);
    client_open(&c, s->address);
    client_send(&c, PREFACE SETTINGS, sizeof(PREFACE SETTINGS) - 1);
    client_send(&c, plain, sizeof(plain) - 1);
    read_all(&c);
    IS(&c, SETTINGS ACK REFUSAL);
    assert_int_equal(handled(s), 0);
}

static void another_client_is_asked_for_http_1(void **state) {
    struct server *s = *state;
    struct client c;
    client_open(&c, s->address);
    client_send(&c, PREFACE SETTINGS "\0\0\x01\x01\x05\0\0\0\x01\x82", sizeof(PREFACE) - 1 + 9 + 10);
    read_all(&c);
    IS(&c, SETTINGS ACK "\0\0\x2a\x07\0\0\0\0\0\0\0\0\0\0\0\0\x0d"
                        "HTTP/2 is not served; use HTTP/1.1");
}

static void what_is_not_http_2_ends(void **state) {
    static const struct {
        const char *p;
        size_t n;
    } all[] = {
        {"SM\r\nX", 5}, {"SM\r\n\r\n\0\x40\x01\0\0\0\0\0\x01", 15}, /* a frame larger than allowed */
    };
    struct server *s = *state;
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct client c;
        client_open(&c, s->address);
        client_say(&c, "PRI * HTTP/2.0\r\n\r\n");
        client_send(&c, all[i].p, all[i].n);
        read_all(&c);
        assert_int_equal(c.n, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_client_of_grpc_is_told_what_to_do),
        TEST(another_client_is_asked_for_http_1),
        TEST(what_is_not_http_2_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
