/* The pipe of its standard error does not block it: what does not fit is lost, and what it says first is what matters. */
#include "ingest/journal/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/text.h"

#define WORDS_MAX    400
#define ARGS_MAX     12
#define REAP_TRIES   200
#define REAP_STEP_MS 10

static int find_program(const char *root, char ret[FILE_PATH_MAX], struct err *err) {
    static const char *const places[] = {"/usr/bin/journalctl", "/bin/journalctl"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        int n = snprintf(ret, FILE_PATH_MAX, "%s%s", root != NULL && strcmp(root, "/") != 0 ? root : "", places[i]);
        if (n > 0 && n < FILE_PATH_MAX && access(ret, X_OK) == 0) return 0;
    }
    return err_set(err, ERR_NOTFOUND,
                   "journalctl is neither in /usr/bin nor in /bin; another machine's journal can be piped: journalctl -o "
                   "export -f | ledger ingest journal --follow -");
}

/* In the child, after fork: nothing that allocates. */
static void become(char *const *argv, int out_fd, int errors_fd, pid_t parent) {
    static const int ours[] = {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGCHLD, SIGUSR1, SIGUSR2};
    static char locale[] = "LC_ALL=C", path[] = "PATH=" SPAWN_PATH;
    char *const envp[] = {locale, path, NULL};
    sigset_t none;
    sigemptyset(&none);
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        signal(ours[i], SIG_DFL);
    }
    sigprocmask(SIG_SETMASK, &none, NULL);
    setpgid(0, 0); /* a Ctrl-C at the terminal is for the parent */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 || dup2(errors_fd, STDERR_FILENO) < 0 ||
        close_range(STDERR_FILENO + 1, ~0U, 0) != 0) {
        _exit(126);
    }
    execve(argv[0], argv, envp);
    _exit(127);
}

/* Both pipes' ends: out for reading, out for writing, the same of errors. */
static int make_pipes(int fds[4], struct err *err) {
    if (pipe2(fds, O_CLOEXEC) != 0) return err_errno(err, errno, "a pipe");
    if (pipe2(fds + 2, O_CLOEXEC | O_NONBLOCK) == 0) return 0;
    int why = errno;
    close(fds[0]);
    close(fds[1]);
    return err_errno(err, why, "a pipe");
}

int journal_child_start(struct journal_child *child, const char *root, const char *cursor, struct err *err) {
    char program[FILE_PATH_MAX], after[JOURNAL_CURSOR_MAX + 32];
    static char output[] = "--output=export", follow[] = "--follow", all[] = "--no-tail", manager[] = "_PID=1",
                either[] = "+", managers[] = "_SYSTEMD_USER_UNIT=init.scope", kernel[] = "_TRANSPORT=kernel";
    char *argv[ARGS_MAX] = {program, output, follow, all};
    size_t n = 4;
    int fds[4];
    *child = (struct journal_child){.out_fd = -1, .errors_fd = -1};
    int rc = find_program(root, program, err);
    if (rc == 0) rc = make_pipes(fds, err);
    if (rc != 0) return rc;
    if (cursor[0] != '\0') {
        snprintf(after, sizeof(after), "--after-cursor=%.*s", JOURNAL_CURSOR_MAX, cursor);
        argv[n++] = after;
    }
    char *const matches[] = {manager, either, managers, either, kernel};
    memcpy(argv + n, matches, sizeof(matches));
    pid_t parent = getpid(), pid = fork();
    if (pid == 0) become(argv, fds[1], fds[3], parent);
    int why = errno;
    close(fds[1]);
    close(fds[3]);
    if (pid < 0) {
        close(fds[0]);
        close(fds[2]);
        return err_errno(err, why, "cannot start '%s'", program);
    }
    child->pid = pid;
    child->out_fd = fds[0];
    child->errors_fd = fds[2];
    snprintf(child->out, sizeof(child->out), "/proc/self/fd/%d", child->out_fd);
    return 0;
}

/* Its output has ended, so it is about to; or it is killed. */
static void reap(pid_t pid, int *ret_status) {
    for (unsigned i = 0; i < REAP_TRIES; i++) {
        pid_t got = waitpid(pid, ret_status, WNOHANG);
        if (got == pid || (got < 0 && errno != EINTR)) return;
        poll(NULL, 0, REAP_STEP_MS);
    }
    kill(pid, SIGKILL);
    while (waitpid(pid, ret_status, 0) < 0 && errno == EINTR) {
    }
}

/* The first line that it wrote to standard error. */
static void read_words(int fd, char ret[WORDS_MAX]) {
    ssize_t n = read(fd, ret, WORDS_MAX - 1);
    ret[n > 0 ? n : 0] = '\0';
    ret[strcspn(ret, "\n")] = '\0';
    ret[text_utf8_valid((const uint8_t *)ret, strlen(ret))] = '\0';
    if (text_has_control(bytes_of(ret))) {
        ret[0] = '\0';
    }
}

int journal_child_end(struct journal_child *child, bool stopped, struct err *err) {
    char words[WORDS_MAX];
    int status = 0, rc = 0;
    if (child->pid <= 0) return 0;
    if (stopped) {
        kill(child->pid, SIGKILL); /* it has nothing to put in order */
    }
    close(child->out_fd);
    reap(child->pid, &status);
    read_words(child->errors_fd, words);
    close(child->errors_fd);
    child->pid = 0;
    if (!stopped && WIFEXITED(status)) {
        rc = err_set(err, ERR_IO, "journalctl ended by itself, with exit code %d%s%s", WEXITSTATUS(status),
                     words[0] != '\0' ? ": " : "", words);
    } else if (!stopped) {
        rc = err_set(err, ERR_IO, "journalctl was ended by signal %d%s%s", WTERMSIG(status), words[0] != '\0' ? ": " : "",
                     words);
    }
    return rc;
}
