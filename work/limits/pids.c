/* A read may end anywhere, so digits are gathered across reads until what ends them has been seen. */
#include "work/limits/pids.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <unistd.h>

void limits_pids_open(struct limits_pids *pids, const char *path) {
    pids->fd = open(path, O_RDONLY | O_CLOEXEC);
    pids->at = 0;
    pids->n = 0;
}

/* -1: the end. */
static int next_char(struct limits_pids *pids) {
    ssize_t got = 0;
    while (pids->at == pids->n) {
        got = pids->fd >= 0 ? read(pids->fd, pids->text, sizeof pids->text) : 0;
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return -1;
        }
        pids->at = 0;
        pids->n = got > 0 ? (size_t)got : 0;
    }
    return (unsigned char)pids->text[pids->at++];
}

static bool is_between(int c) {
    return c == ' ' || c == '\n';
}

pid_t limits_pids_next(struct limits_pids *pids) {
    for (;;) {
        uint64_t number = 0;
        int c = next_char(pids);
        while (is_between(c)) {
            c = next_char(pids);
        }
        for (; c >= '0' && c <= '9' && number <= INT_MAX; c = next_char(pids)) {
            number = number * 10 + (uint64_t)(c - '0');
        }
        if (!is_between(c) || number > INT_MAX) {
            limits_pids_close(pids);
            return 0;
        }
        if (number > 0) { /* 0 stands for a process that this namespace does not see */
            return (pid_t)number;
        }
    }
}

void limits_pids_close(struct limits_pids *pids) {
    if (pids->fd >= 0) {
        close(pids->fd);
    }
    pids->fd = -1;
    pids->at = 0;
    pids->n = 0;
}
