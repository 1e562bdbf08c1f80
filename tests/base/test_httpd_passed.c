/* Sockets that a service manager passed: the one with the address is taken, whatever is not of this machine alone is refused,
 * variables for another process are ignored, and afterwards they are gone. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/http/listen.h"
#include "base/http/passed.h"

static int open_on(const char *host, bool listens) {
    struct sockaddr_in a = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(inet_pton(AF_INET, host, &a.sin_addr), 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof(a)), 0);
    if (listens) assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static unsigned port_of(int fd) {
    struct sockaddr_in a;
    socklen_t n = sizeof(a);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
    return ntohs(a.sin_port);
}

/* Runs `check` in a child, to which `n` descriptors are passed as a service manager does. */
static void pass(const int *fds, int n, long pid, void (*check)(unsigned port)) {
    char words[32];
    unsigned port = n > 0 ? port_of(fds[0]) : 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (int i = 0; i < n; i++) {
            if (fcntl(fds[i], F_DUPFD, 20) < 0) _exit(9);
        }
        for (int i = 0; i < n; i++) {
            if (dup2(20 + i, 3 + i) < 0) _exit(9);
            close(20 + i);
        }
        snprintf(words, sizeof(words), "%ld", pid != 0 ? pid : (long)getpid());
        setenv("LISTEN_PID", words, 1);
        snprintf(words, sizeof(words), "%d", n);
        setenv("LISTEN_FDS", words, 1);
        setenv("LISTEN_FDNAMES", "x", 1);
        check(port);
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    for (int i = 0; i < n; i++) {
        close(fds[i]);
    }
}

/* In the child an assertion is its exit code. */
#define must(held) ((held) ? (void)0 : _exit(__LINE__ % 200 + 1))

static void is_taken(unsigned port) {
    struct httpd_listener l;
    char address[64];
    struct err err = {0};
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    must(httpd_listen(address, &l, &err) == 0 && l.fd == 3 && strcmp(l.address, address) == 0);
    must((fcntl(3, F_GETFL) & O_NONBLOCK) != 0 && (fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
    must(getenv("LISTEN_PID") == NULL && getenv("LISTEN_FDS") == NULL && getenv("LISTEN_FDNAMES") == NULL);
    must(httpd_listen("127.0.0.1:0", &l, &err) == 0 && l.fd != 3); /* it is taken once */
}

static void a_socket_with_the_address_is_taken_and_the_variables_are_gone(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, 0, is_taken);
}

static void second_is_taken(unsigned port) {
    struct httpd_listener l;
    char address[64];
    struct err err = {0};
    (void)port;
    snprintf(address, sizeof(address), "127.0.0.2:%u", port_of(4));
    must(httpd_listen(address, &l, &err) == 0 && l.fd == 4 && (fcntl(3, F_GETFD) & FD_CLOEXEC) != 0);
}

static void of_several_the_one_with_the_address_is_taken(void **state) {
    (void)state;
    int fds[] = {open_on("127.0.0.1", true), open_on("127.0.0.2", true)};
    pass(fds, 2, 0, second_is_taken);
}

static void first_is_taken(unsigned port) {
    struct httpd_listener l;
    struct err err = {0};
    (void)port;
    must(httpd_listen("passed", &l, &err) == 0 && l.fd == 3);
    must(httpd_listen("passed", &l, &err) == ERR_INVALID && strstr(err.msg, "no socket was passed") != NULL);
}

static void the_address_may_be_whatever_was_passed(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, 0, first_is_taken);
}

static void is_ignored(unsigned port) {
    struct httpd_listener l;
    char address[64];
    struct err err = {0};
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    must(httpd_listen(address, &l, &err) == ERR_IO); /* it is bound by another, and that is not ours */
    must(httpd_listen("127.0.0.1:0", &l, &err) == 0 && l.fd != 3);
    must(getenv("LISTEN_PID") != NULL);
}

static void what_was_passed_to_another_process_is_ignored(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, (long)getpid(), is_ignored);
}

static void is_adopted(unsigned port) {
    struct httpd_listener l;
    char address[64];
    struct err err = {0};
    snprintf(address, sizeof(address), "127.0.0.1:%u", port);
    httpd_passed_adopt(getppid());
    must(httpd_listen(address, &l, &err) == 0 && l.fd == 3);
}

static void a_child_takes_what_was_passed_to_its_parent(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, (long)getpid(), is_adopted);
}

static void is_open_to_all(unsigned port) {
    struct httpd_listener l;
    struct err err = {0};
    (void)port;
    must(httpd_listen("passed", &l, &err) == ERR_INVALID && strstr(err.msg, "can be reached from other machines") != NULL);
    must(getenv("LISTEN_FDS") == NULL);
}

static void a_socket_of_the_network_is_refused(void **state) {
    (void)state;
    int fd = open_on("0.0.0.0", true);
    pass(&fd, 1, 0, is_open_to_all);
}

static void does_not_listen(unsigned port) {
    struct httpd_listener l;
    struct err err = {0};
    (void)port;
    must(httpd_listen("passed", &l, &err) == ERR_INVALID && strstr(err.msg, "is not a listening stream socket") != NULL);
}

static void a_descriptor_that_does_not_listen_is_refused(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", false);
    pass(&fd, 1, 0, does_not_listen);
}

static void is_elsewhere(unsigned port) {
    struct httpd_listener l;
    char address[64];
    struct err err = {0};
    snprintf(address, sizeof(address), "127.0.0.1:%u", port == 65535 ? 1 : port + 1);
    must(httpd_listen(address, &l, &err) == ERR_INVALID);
    must(strstr(err.msg, "the service manager passed 1 socket, none of which listens there") != NULL);
}

static void another_address_than_the_passed_one_is_refused(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, 0, is_elsewhere);
}

static void is_unix(unsigned port) {
    struct httpd_listener l;
    struct err err = {0};
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "\0ledger-test"};
    (void)port;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "ledger-test-%ld", (long)getpid());
    must(bind(fd, (const struct sockaddr *)&a, sizeof(a)) == 0 && listen(fd, 8) == 0 && dup2(fd, 3) == 3);
    must(httpd_listen("passed", &l, &err) == 0 && l.fd == 3 && strcmp(l.named, "localhost") == 0);
}

static void a_unix_socket_is_taken(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, 0, is_unix);
}

static void counts_are_garbage(unsigned port) {
    static const char *const words[] = {"", "-1", "x", "0", "17", "99999999999999999999", "1 "};
    struct httpd_listener l;
    struct err err = {0};
    (void)port;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        setenv("LISTEN_FDS", words[i], 1);
        must(httpd_listen("127.0.0.1:0", &l, &err) == 0 && l.fd != 3);
        close(l.fd);
    }
}

static void a_count_that_is_none_is_ignored(void **state) {
    (void)state;
    int fd = open_on("127.0.0.1", true);
    pass(&fd, 1, 0, counts_are_garbage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_with_the_address_is_taken_and_the_variables_are_gone),
        cmocka_unit_test(of_several_the_one_with_the_address_is_taken),
        cmocka_unit_test(the_address_may_be_whatever_was_passed),
        cmocka_unit_test(what_was_passed_to_another_process_is_ignored),
        cmocka_unit_test(a_child_takes_what_was_passed_to_its_parent),
        cmocka_unit_test(a_socket_of_the_network_is_refused),
        cmocka_unit_test(a_descriptor_that_does_not_listen_is_refused),
        cmocka_unit_test(another_address_than_the_passed_one_is_refused),
        cmocka_unit_test(a_unix_socket_is_taken),
        cmocka_unit_test(a_count_that_is_none_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
