/* A client that sends the given bytes unchanged and reads until the other end closes or an answer is complete. */
#ifndef TESTS_BASE_HTTP_CLIENT_H
#define TESTS_BASE_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define CLIENT_WAIT_MS 20000 /* no answer within this time is a failure */

struct client {
    int fd;
    char answer[65536]; /* what was received last, with NUL */
    size_t n;
};

/* `address` is "127.0.0.1:PORT" or "[::1]:PORT", with or without "http://". */
static inline void client_open(struct client *c, const char *address) {
    const char *host = strncmp(address, "http://", 7) == 0 ? address + 7 : address;
    unsigned port = (unsigned)strtoul(strrchr(host, ':') + 1, NULL, 10);
    bool v6 = host[0] == '[';
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port), .sin6_addr = in6addr_loopback};
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    memset(c, 0, sizeof(*c));
    c->fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(c->fd >= 0);
    if (connect(c->fd, v6 ? (void *)&six : (void *)&v4, v6 ? sizeof(six) : sizeof(v4)) != 0) {
        fail_msg("connect to %s: %s", address, strerror(errno));
    }
}

static inline void client_close(struct client *c) {
    close(c->fd);
    c->fd = -1;
}

static inline void client_send(struct client *c, const void *p, size_t n) {
    const char *at = p;
    while (n > 0) {
        ssize_t sent = send(c->fd, at, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* the other end has closed; what it sent can still be read */
        }
        at += sent;
        n -= (size_t)sent;
    }
}

static inline void client_say(struct client *c, const char *text) {
    client_send(c, text, strlen(text));
}

/* True if there is a complete answer: its header and as many bytes as it announces. */
static inline bool client_has_answer(const struct client *c) {
    const char *end = strstr(c->answer, "\r\n\r\n"), *length = strcasestr(c->answer, "\r\ncontent-length:");
    return end != NULL && length != NULL && length < end &&
           c->n - (size_t)(end + 4 - c->answer) >= strtoul(length + 17, NULL, 10);
}

/* Reads one answer, or to the end. Interim answers (100) are skipped. */
static inline const char *client_read(struct client *c) {
    c->n = 0;
    c->answer[0] = '\0';
    while (!client_has_answer(c)) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (poll(&p, 1, CLIENT_WAIT_MS) <= 0) {
            fail_msg("no answer; so far: %s", c->answer);
        }
        ssize_t got = recv(c->fd, c->answer + c->n, sizeof(c->answer) - 1 - c->n, 0);
        if (got <= 0) break;
        c->n += (size_t)got;
        c->answer[c->n] = '\0';
        if (strncmp(c->answer, "HTTP/1.1 100 Continue\r\n\r\n", 25) == 0) {
            c->n -= 25;
            memmove(c->answer, c->answer + 25, c->n + 1);
        }
    }
    return c->answer;
}

/* The other end has closed, and nothing more was received. */
static inline void client_is_closed(struct client *c) {
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    char byte;
    assert_true(poll(&p, 1, CLIENT_WAIT_MS) > 0);
    assert_true(recv(c->fd, &byte, 1, 0) <= 0);
}

static inline unsigned client_status(const struct client *c) {
    return strncmp(c->answer, "HTTP/1.1 ", 9) == 0 ? (unsigned)strtoul(c->answer + 9, NULL, 10) : 0;
}

/* What follows the header. */
static inline const char *client_body(const struct client *c) {
    const char *end = strstr(c->answer, "\r\n\r\n");
    return end != NULL ? end + 4 : "";
}

/* The other end refused with `status` before it closed, as far as the refusal arrived, or just closed. */
static inline void client_is_closed_or_refused(struct client *c, unsigned status) {
    client_read(c);
    if (client_status(c) != 0) {
        assert_int_equal(client_status(c), status);
        client_is_closed(c);
    }
}

/* A whole request on its own connection; the answer stays in *c. */
static inline void client_request(struct client *c, const char *address, const char *request) {
    client_open(c, address);
    client_say(c, request);
    client_read(c);
    client_close(c);
}

#endif
