/* Output is read by the owner's loop; descriptors do not block. */
#include "serve/guest/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

extern char **environ;

#define ENV_MAX 4096

/* ---- words ---- */

static int put(struct guest_words *words, char *copy, struct err *err) {
    if (copy == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    if (words->n == GUEST_WORDS) {
        free(copy);
        return err_set(err, ERR_LIMIT, "the question has more than %d words", GUEST_WORDS);
    }
    words->word[words->n++] = copy;
    words->word[words->n] = NULL;
    return 0;
}

int guest_word(struct guest_words *words, const char *word, struct err *err) {
    return put(words, strdup(word), err);
}

int guest_option(struct guest_words *words, const char *name, struct bytes text, struct err *err) {
    struct buf word = {.max = (size_t)1 << 20};
    if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL) {
        return err_set(err, ERR_INVALID, "'%s' has a NUL character", name);
    }
    buf_printf(&word, "--%s=", name);
    buf_put_bytes(&word, text);
    buf_put_u8(&word, '\0');
    int rc = buf_check(&word, "an argument", err);
    if (rc == 0) rc = put(words, strdup((const char *)word.p), err);
    buf_done(&word);
    return rc;
}

void guest_words_done(struct guest_words *words) {
    for (size_t i = 0; i < words->n; i++) {
        free(words->word[i]);
    }
    *words = (struct guest_words){0};
}

/* ---- the process ---- */

static void close_fd(int *fd) {
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

/* The environment, and that it is a guest. ERR_LIMIT, ERR_NOMEM. */
static int guest_environment(char ***ret, struct err *err) {
    size_t n = 0;
    while (environ != NULL && environ[n] != NULL) {
        n++;
    }
    if (n > ENV_MAX) return err_set(err, ERR_LIMIT, "the environment has more than %d variables", ENV_MAX);
    char **made = calloc(n + 2, sizeof(*made));
    if (made == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    static char guest[] = GUEST_ENV "=1";
    made[0] = guest;
    if (n > 0) memcpy(made + 1, environ, n * sizeof(*made));
    *ret = made;
    return 0;
}

static int spawn(const char *program, const struct guest_words *words, int out, int err_out, pid_t *ret, struct err *err) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, defaults;
    char **environment = NULL, *argv[GUEST_WORDS + 2] = {(char *)(uintptr_t) "ledger"};
    int rc = guest_environment(&environment, err);
    if (rc != 0) return rc;
    memcpy(argv + 1, words->word, words->n * sizeof(*argv));
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (int i = 1; i < 32; i++) {
        if (i != SIGKILL && i != SIGSTOP) sigaddset(&defaults, i);
    }
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err_out, STDERR_FILENO);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    int n = posix_spawn(ret, program, &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(environment);
    return n == 0 ? 0 : err_errno(err, n, "'%.200s' cannot be started", program);
}

int guest_start(const char *program, const struct guest_words *words, uint64_t limit_ns, struct guest *ret,
                struct err *err) {
    int out[2] = {-1, -1}, complaints[2] = {-1, -1};
    pid_t pid = 0;
    int rc = 0;
    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(complaints, O_CLOEXEC) != 0) {
        rc = err_errno(err, errno, "a pipe for an answer");
    }
    if (rc == 0) rc = spawn(program, words, out[1], complaints[1], &pid, err);
    close_fd(&out[1]);
    close_fd(&complaints[1]);
    if (rc != 0) {
        close_fd(&out[0]);
        close_fd(&complaints[0]);
        return rc;
    }
    (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
    (void)fcntl(complaints[0], F_SETFL, O_NONBLOCK);
    *ret = (struct guest){.pid = pid, .out = out[0], .err_out = complaints[0], .until = clock_monotonic_ns() + limit_ns};
    buf_init(&ret->said, GUEST_OUT_MAX + 1);
    buf_init(&ret->complained, GUEST_ERR_MAX);
    return 0;
}

size_t guest_fds(const struct guest *a, struct pollfd *fds) {
    size_t n = 0;
    if (a->out >= 0) fds[n++] = (struct pollfd){.fd = a->out, .events = POLLIN};
    if (a->err_out >= 0) fds[n++] = (struct pollfd){.fd = a->err_out, .events = POLLIN};
    return n;
}

/* What does not fit any more is dropped. */
static void drain(int *fd, struct buf *to) {
    uint8_t piece[16384];
    while (*fd >= 0) {
        ssize_t n = read(*fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            close_fd(fd);
            return;
        }
        size_t room = to->max - to->n, kept = (size_t)n < room ? (size_t)n : room;
        if (kept > 0) buf_put(to, piece, kept);
        if (to->n == to->max) return;
    }
}

/* Waits for a process that has been ended, or has closed its output. */
static void reap(struct guest *a) {
    int status = 0;
    while (a->pid > 0 && waitpid(a->pid, &status, 0) != a->pid && errno == EINTR) {
    }
    a->pid = 0;
    close_fd(&a->out);
    close_fd(&a->err_out);
    if (a->end != GUEST_EXITED) return;
    if (WIFEXITED(status)) {
        a->exit_code = WEXITSTATUS(status);
    } else {
        a->end = GUEST_DIED;
    }
}

bool guest_read(struct guest *a, uint64_t now) {
    drain(&a->err_out, &a->complained);
    if (a->err_out >= 0 && a->complained.n == a->complained.max) close_fd(&a->err_out);
    drain(&a->out, &a->said);
    bool over = a->out < 0 && a->err_out < 0;
    if (a->said.n > GUEST_OUT_MAX) {
        a->end = GUEST_LARGE;
    } else if (!over && now >= a->until) {
        a->end = GUEST_LATE;
    } else if (!over) {
        return false;
    }
    if (a->end != GUEST_EXITED) (void)kill(a->pid, SIGKILL);
    reap(a);
    return true;
}

struct bytes guest_last_line(struct bytes text) {
    while (text.n > 0 && text.p[text.n - 1] == '\n') {
        text.n--;
    }
    for (size_t i = text.n; i > 0; i--) {
        if (text.p[i - 1] == '\n') return (struct bytes){text.p + i, text.n - i};
    }
    return text;
}

void guest_done(struct guest *a) {
    if (a->pid > 0) {
        (void)kill(a->pid, SIGKILL);
        a->end = GUEST_DIED;
        reap(a);
    }
    buf_done(&a->said);
    buf_done(&a->complained);
}
