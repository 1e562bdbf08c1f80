/* Bytes out are bytes in: a tap in a process of its own, between this one and `cat`, with random pieces in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture/tap/stdio.h"

struct tapped {
    pid_t pid;
    int in, out; /* to it, from it */
};

static struct tapped start(char *const *argv) {
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    struct tapped t = {.pid = fork(), .in = in[1], .out = out[0]};
    assert_true(t.pid >= 0);
    if (t.pid == 0) {
        close(in[1]);
        close(out[0]);
        const struct tap_stdio tap = {.argv = argv, .in = in[0], .out = out[1]};
        int status = 0;
        bool busy = false;
        struct err err = {0};
        int rc = tap_stdio_run(&tap, &status, &busy, &err);
        _exit(rc != 0 ? 99 : WIFEXITED(status) ? WEXITSTATUS(status) : 98);
    }
    close(in[0]);
    close(out[1]);
    fcntl(t.in, F_SETFL, O_NONBLOCK);
    return t;
}

static int end_of(const struct tapped *t) {
    int status = 0;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static uint32_t next(uint32_t *random) {
    *random = *random * 1664525U + 1013904223U;
    return *random >> 8;
}

/* Sends all of it in pieces, and takes what comes back in others. */
static void exchange(struct tapped *t, const uint8_t *sent, size_t n, uint8_t *got, uint32_t random, size_t most) {
    size_t at = 0, back = 0;
    while (back < n) {
        struct pollfd fds[] = {{.fd = t->out, .events = POLLIN}, {.fd = at < n ? t->in : -1, .events = POLLOUT}};
        assert_true(poll(fds, 2, 20000) > 0);
        if (fds[1].revents != 0) {
            size_t piece = 1 + next(&random) % most;
            ssize_t k = write(t->in, sent + at, piece < n - at ? piece : n - at);
            assert_true(k > 0);
            at += (size_t)k;
            if (at == n) close(t->in);
        }
        if (fds[0].revents != 0) {
            size_t piece = 1 + next(&random) % most;
            ssize_t k = read(t->out, got + back, piece < n - back ? piece : n - back);
            assert_true(k > 0);
            back += (size_t)k;
        }
    }
    uint8_t more;
    assert_int_equal(read(t->out, &more, 1), 0);
    close(t->out);
}

static void bytes_out_are_bytes_in_for_any_pieces(void **state) {
    char cat[] = "cat";
    char *const argv[] = {cat, NULL};
    static const size_t mosts[] = {3, 300, 5000, 70000, 200000};
    (void)state;
    for (uint32_t seed = 0; seed < 15; seed++) {
        size_t most = mosts[seed % 5], n = most == 3 ? 20000 : 700000;
        uint8_t *sent = malloc(n), *got = malloc(n + 1);
        uint32_t random = seed + 17;
        assert_true(sent != NULL && got != NULL);
        for (size_t i = 0; i < n; i++) {
            sent[i] = next(&random) % 90 == 0 ? '\n' : (uint8_t)next(&random);
        }
        struct tapped t = start(argv);
        exchange(&t, sent, n, got, seed + 1, most);
        assert_memory_equal(sent, got, n);
        assert_int_equal(end_of(&t), 0);
        free(sent);
        free(got);
    }
}

static void a_program_that_is_not_there_is_an_error(void **state) {
    char program[] = "/no/such/program";
    char *const argv[] = {program, NULL};
    const struct tap_stdio tap = {.argv = argv, .in = -1, .out = -1};
    struct err err = {0};
    int status = 0;
    bool busy = false;
    (void)state;
    assert_int_equal(tap_stdio_run(&tap, &status, &busy, &err), ERR_NOTFOUND);
    assert_string_equal(err.msg, "'/no/such/program' cannot be started: No such file or directory");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_out_are_bytes_in_for_any_pieces),
        cmocka_unit_test(a_program_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
