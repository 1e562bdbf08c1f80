/* A server in Python beside a test: it prints its port, and serves until its standard input ends. */
#ifndef TESTS_BASE_PYTHON_SERVER_H
#define TESTS_BASE_PYTHON_SERVER_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

struct python_server {
    pid_t pid;
    int input;
    unsigned port;
};

/* `one` and `two`: arguments of the script; NULL: none. */
static inline void python_server_start(struct python_server *s, const char *script, const char *one, const char *two) {
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp("python3", "python3", script, one, two, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    s->input = in[1];
    FILE *f = fdopen(out[0], "r");
    assert_non_null(f);
    assert_int_equal(fscanf(f, "%u", &s->port), 1);
    fclose(f);
}

static inline void python_server_stop(struct python_server *s) {
    close(s->input);
    waitpid(s->pid, NULL, 0);
    s->pid = 0;
}

#endif
