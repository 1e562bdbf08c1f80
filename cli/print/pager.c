/* The pager is a child process at the other end of a pipe that replaces standard output. $PAGER is a shell command line, as
 * usual; without it `less` is looked up in $PATH, so that answers still appear on a machine that lacks it. */
#include "cli/print/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/print/out.h"

#define LESS "less"

static bool is_in_path(const char *name) {
    const char *path = cli_env("PATH");
    char candidate[FILE_PATH_MAX];
    while (path && *path) {
        size_t n = strcspn(path, ":");
        if (n > 0 && snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)n, path, name) < (int)sizeof(candidate) &&
            access(candidate, X_OK) == 0) {
            return true;
        }
        path += n + (path[n] == ':');
    }
    return false;
}

/* In the child: the pager, reading from `in`. */
static void exec_pager(const char *command, int in) {
    if (dup2(in, STDIN_FILENO) < 0) {
        _exit(127);
    }
    signal(SIGPIPE, SIG_DFL); /* an ignored signal would stay ignored */
    signal(SIGXFSZ, SIG_DFL);
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    if (command) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    } else {
        execlp(LESS, LESS, (char *)NULL);
    }
    _exit(127);
}

/* Replaces standard error if it is a terminal. */
static void hold_stderr(struct pager *pager, const struct cli *cli) {
    pager->said = cli->err_tty ? memfd_create("said", MFD_CLOEXEC) : -1;
    pager->err = pager->said < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (pager->err >= 0 && dup2(pager->said, STDERR_FILENO) == STDERR_FILENO) return;
    if (pager->err >= 0) {
        close(pager->err);
    }
    if (pager->said >= 0) {
        close(pager->said);
        pager->said = -1;
    }
}

static void print_held(struct pager *pager) {
    char text[4096];
    ssize_t n;
    if (pager->said < 0) return;
    fflush(stderr);
    dup2(pager->err, STDERR_FILENO);
    close(pager->err);
    for (off_t at = 0; (n = pread(pager->said, text, sizeof(text), at)) > 0; at += n) {
        if (file_put_all(STDERR_FILENO, (const uint8_t *)text, (size_t)n) != 0) break;
    }
    close(pager->said);
    pager->said = -1;
}

void pager_begin(struct pager *pager, struct cli *cli) {
    const char *command = cli_env("PAGER"), *term = cli_env("TERM");
    int ends[2];
    bool wanted = pager->wanted;
    pager->wanted = false;
    if (!wanted || cli->no_pager || !cli->out_tty || !term || strcmp(term, "dumb") == 0 ||
        (command && strcmp(command, "cat") == 0) || (!command && !is_in_path(LESS)) || pipe2(ends, O_CLOEXEC) != 0) {
        return;
    }
    fflush(stdout);
    size_t columns = out_width(cli);
    pager->terminal = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    pid_t pid = pager->terminal < 0 ? -1 : fork();
    if (pid == 0) {
        exec_pager(command, ends[0]);
    }
    if (pid > 0 && dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO) {
        pager->pid = pid;
        cli->out_columns = columns;
        hold_stderr(pager, cli);
    } else if (pager->terminal >= 0) {
        close(pager->terminal);
    }
    close(ends[0]);
    close(ends[1]);
}

void pager_end(struct pager *pager, struct cli *cli) {
    if (pager->pid == 0) return;
    out_flush(cli);
    if (cli->out_errno == EPIPE) {
        cli->out_errno = 0;
    }
    dup2(pager->terminal, STDOUT_FILENO); /* closes the last writing end: the pager sees the end of its input */
    close(pager->terminal);
    clearerr(stdout);
    while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR) {
    }
    pager->pid = 0;
    cli->out_columns = 0;
    print_held(pager);
}
