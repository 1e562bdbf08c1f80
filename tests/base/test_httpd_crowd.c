/* Clients that the server does not allow to lock out others. */
#include <sys/resource.h>

#include "tests/base/httpd_server.h"

uint64_t __real_clock_boot_ns(void);
uint64_t __wrap_clock_boot_ns(void);
int __real_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);
int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags);

static _Atomic int no_descriptors; /* calls of accept4 that fail for lack of descriptors */

/* The clock is advanced by hand where time has to pass. */
uint64_t __wrap_clock_boot_ns(void) {
    return __real_clock_boot_ns() + skipped_ns;
}

int __wrap_accept4(int fd, struct sockaddr *address, socklen_t *n, int flags) {
    if (no_descriptors > 0) {
        no_descriptors--;
        errno = EMFILE;
        return -1;
    }
    return __real_accept4(fd, address, n, flags);
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

#define MANY 700 /* more than the server has room for */

static void raise_limits(void) {
    struct rlimit files;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_true(files.rlim_cur > 2 * MANY);
}

static struct client *open_many(const struct server *s, const char *text) {
    struct client *many = calloc(MANY, sizeof(*many));
    raise_limits();
    for (size_t i = 0; i < MANY; i++) {
        client_open(&many[i], s->address);
        client_say(&many[i], text);
    }
    return many;
}

static void close_many(struct client *many) {
    for (size_t i = 0; i < MANY; i++) {
        client_close(&many[i]);
    }
    free(many);
}

static void half_headers_keep_nobody_out(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    struct client *many = open_many(s, "POST /in HTTP/1.1\r\nX-A");
    for (int i = 0; i < 20; i++) {
        post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
        client_request(&c, s->address, text);
        assert_int_equal(client_status(&c), 200);
    }
    client_is_closed_or_refused(&many[0], 503); /* the oldest was closed to make room, the newest was not */
    client_say(&many[MANY - 1], ": b\r\n");
    snprintf(text, sizeof(text), "Host: %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", s->address);
    client_say(&many[MANY - 1], text);
    client_read(&many[MANY - 1]);
    assert_int_equal(client_status(&many[MANY - 1]), 200);
    close_many(many);
}

static void silent_connections_keep_nobody_out(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    struct client *many = open_many(s, "");
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 200);
    client_is_closed(&many[0]);
    close_many(many);
}

static void bodies_that_rest_keep_nobody_out(void **state) {
    struct server *s = *state;
    struct client c;
    char text[512];
    post(text, sizeof(text), s, "Content-Length: 100\r\n", "{");
    struct client *many = open_many(s, text);
    client_is_closed_or_refused(&many[MANY - 1], 503); /* they may all be legitimate so far: refused, without a delay */
    skipped_ns += 2 * CLOCK_NS_PER_S;
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 200);
    close_many(many);
}

static void a_body_that_rests_gives_up_its_room(void **state) {
    struct server *s = *state;
    struct client first, second;
    char text[512], *bytes = malloc(90000);
    memset(bytes, 'x', 90000);
    post(text, sizeof(text), s, "Content-Length: 100000\r\n", "");
    client_open(&first, s->address);
    client_say(&first, text);
    client_send(&first, bytes, 90000);
    post(text, sizeof(text), s, "Content-Length: 60001\r\n", "");
    unsigned status = 200;
    while (status == 200) { /* until all of the first one's bytes have been read */
        client_open(&second, s->address);
        client_say(&second, text);
        client_send(&second, bytes, 60001);
        client_read(&second);
        status = client_status(&second);
        client_close(&second);
    }
    assert_int_equal(status, 503);
    skipped_ns += 2 * CLOCK_NS_PER_S;
    client_open(&second, s->address);
    client_say(&second, text);
    client_send(&second, bytes, 60001);
    client_read(&second);
    assert_int_equal(client_status(&second), 200);
    client_read(&first);
    assert_int_equal(client_status(&first), 503);
    client_close(&first);
    client_close(&second);
    free(bytes);
}

static void without_descriptors_an_idle_connection_makes_room(void **state) {
    struct server *s = *state;
    struct client idle, c;
    char text[512];
    post(text, sizeof(text), s, "Content-Length: 2\r\n", "{}");
    client_open(&idle, s->address);
    client_say(&idle, text);
    client_read(&idle);
    no_descriptors = 3; /* one more than there are connections to close */
    client_request(&c, s->address, text);
    assert_int_equal(client_status(&c), 200);
    assert_int_equal(no_descriptors, 0);
    client_is_closed(&idle);
    client_close(&idle);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(bodies_that_are_too_much_together_are_asked_to_come_again),
        TEST(half_headers_keep_nobody_out),
        TEST(silent_connections_keep_nobody_out),
        TEST(bodies_that_rest_keep_nobody_out),
        TEST(a_body_that_rests_gives_up_its_room),
        TEST(without_descriptors_an_idle_connection_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
