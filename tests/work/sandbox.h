/* Steps for tests: a small program in Python runs confined, and what came out is looked at. Each can run as this user and,
 * where that is root, as an ordinary one too, in a child process.
 *
 * A machine that forbids user namespaces has no sandbox at all: the tests then say so and are skipped. */
#ifndef TESTS_WORK_SANDBOX_H
#define TESTS_WORK_SANDBOX_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/text.h"
#include "work/process.h"

#define SANDBOX_PYTHON   "/usr/bin/python3"
#define SANDBOX_ORDINARY 65534
#define SANDBOX_TEXT     (1 << 20)

/* A step and what came of it. Zero, then sandbox_python or the fields, then sandbox_run, then sandbox_done. */
struct sandbox {
    struct work_host_options host;
    struct work_process process;
    const char *argv[8];
    struct work_result result;
    struct err err;
    int rc;
    char *out, *error; /* NUL-terminated */
    size_t out_n;
};

static inline char *sandbox_text(int fd, size_t *ret_n) {
    char *text = calloc(1, SANDBOX_TEXT);
    ssize_t n = text != NULL ? pread(fd, text, SANDBOX_TEXT - 1, 0) : 0;
    *ret_n = n > 0 ? (size_t)n : 0;
    close(fd);
    return text;
}

/* Without the site's files: it starts quickly and looks nowhere else. */
static inline void sandbox_python(struct sandbox *s, const char *script) {
    const char *argv[] = {"python3", "-I", "-S", "-c", script, NULL};
    memcpy(s->argv, argv, sizeof argv);
    s->process.program = SANDBOX_PYTHON;
}

static inline void sandbox_run(struct sandbox *s) {
    struct work_host *host = NULL;
    size_t n;
    s->process.argv = s->argv;
    s->process.input = s->process.input > 0 ? s->process.input : -1;
    s->process.stop = s->process.stop > 0 ? s->process.stop : -1;
    s->process.output = memfd_create("out", MFD_CLOEXEC);
    s->process.error = memfd_create("error", MFD_CLOEXEC);
    s->rc = work_host_open(&s->host, &host, &s->err);
    if (s->rc == 0) {
        s->rc = work_process_run(host, &s->process, &s->result, &s->err);
    }
    s->out = sandbox_text(s->process.output, &s->out_n);
    s->error = sandbox_text(s->process.error, &n);
    work_host_close(host);
}

static inline void sandbox_done(struct sandbox *s) {
    work_result_done(&s->result);
    free(s->out);
    free(s->error);
    s->out = s->error = NULL;
}

/* Runs it; NULL: it ended by itself with status 0 and said `out`. Otherwise what it did, static. */
static inline const char *sandbox_says(struct sandbox *s, const char *out) {
    static char text[4096];
    sandbox_run(s);
    bool good = s->rc == 0 && s->result.end == WORK_EXITED && s->result.code == 0 && strcmp(s->out, out) == 0;
    snprintf(text, sizeof text, "rc %d (%s), %s %d (%s), said '%.900s', error '%.900s'", s->rc, s->err.msg,
             work_end_name(s->result.end), s->result.code, s->result.why, s->out, s->error);
    sandbox_done(s);
    return good ? NULL : text;
}

/* Why there is no sandbox here; NULL: there is one. */
static inline const char *sandbox_missing(void) {
    static char words[ERR_MSG_MAX];
    struct sandbox s = {.argv = {"true", NULL}, .process.program = "/usr/bin/true"};
    sandbox_run(&s);
    bool none = s.rc == 0 && s.result.end == WORK_NOT_STARTED && strstr(s.result.why, "bwrap: ") != NULL &&
                (strstr(s.result.why, "namespace") != NULL || strstr(s.result.why, "not permitted") != NULL ||
                 strstr(s.result.why, "uid map") != NULL);
    bool nobody = s.rc != 0 && strstr(s.err.msg, "cannot become") != NULL; /* root of a namespace without other users */
    snprintf(words, sizeof words, "%s", nobody ? s.err.msg : s.result.why);
    none = none || nobody;
    sandbox_done(&s);
    return none ? words : NULL;
}

#define SANDBOX_NEEDED()                                                                                                   \
    do {                                                                                                                   \
        const char *missing_ = sandbox_missing();                                                                          \
        if (missing_ != NULL) {                                                                                            \
            print_message("skipped: no sandbox can be made: %s\n", missing_);                                              \
            skip();                                                                                                        \
        }                                                                                                                  \
    } while (0)

#define SANDBOX_ROOT_NEEDED()                                                                                              \
    do {                                                                                                                   \
        if (geteuid() != 0) {                                                                                              \
            print_message("skipped: this is about steps that root starts\n");                                              \
            skip();                                                                                                        \
        }                                                                                                                  \
    } while (0)

typedef const char *sandbox_scenario(void *ctx);

/* In a child of its own, so that no thread of a proxy is there when the next one is forked. */
static inline void sandbox_as(bool ordinary, sandbox_scenario *scenario, void *ctx) {
    pid_t pid = fork();
    if (pid == 0) {
        if (ordinary && (setgid(SANDBOX_ORDINARY) != 0 || setuid(SANDBOX_ORDINARY) != 0)) {
            _exit(99);
        }
        const char *wrong = scenario(ctx);
        if (wrong != NULL) {
            fprintf(stderr, "as user %u: %s\n", (unsigned)geteuid(), wrong);
        }
        _exit(wrong != NULL);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* As this user, and as an ordinary one where this is root. The scenario says what went wrong, or NULL. */
static inline void sandbox_each_user(sandbox_scenario *scenario, void *ctx) {
    sandbox_as(false, scenario, ctx);
    if (geteuid() == 0) {
        sandbox_as(true, scenario, ctx);
    }
}

/* Whether a process of the machine has this as a whole argument. */
static inline bool sandbox_alive(const char *marker) {
    static char text[1 << 16];
    bool found = false;
    DIR *d = opendir("/proc");
    for (struct dirent *e; d != NULL && !found && (e = readdir(d)) != NULL;) {
        char path[64];
        snprintf(path, sizeof path, "/proc/%.20s/cmdline", e->d_name);
        int fd = e->d_name[0] >= '0' && e->d_name[0] <= '9' ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
        for (ssize_t at = 0; at < n && !found; at += (ssize_t)strlen(text + at) + 1) {
            text[n] = 0;
            found = strcmp(text + at, marker) == 0;
        }
        if (fd >= 0) {
            close(fd);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
    return found;
}

/* Waits until that is so; false: it never was. */
static inline bool sandbox_becomes_alive(const char *marker, bool alive) {
    for (int i = 0; i < 3000; i++) {
        if (sandbox_alive(marker) == alive) {
            return true;
        }
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    return false;
}

#endif
