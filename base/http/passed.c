/* Nothing that arrives here is believed: another program's variables may be in the environment, and a socket unit may have been
 * edited to listen on the network. */
#include "base/http/passed.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define FIRST 3 /* descriptor */

static const char *const variables[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"};

/* How many were passed to `pid`. */
static uint64_t passed_to(pid_t pid) {
    const char *who = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
    uint64_t named = 0, n = 0;
    bool ours = who != NULL && count != NULL && text_parse_u64(bytes_of(who), &named) == 0 && named == (uint64_t)pid &&
                text_parse_u64(bytes_of(count), &n) == 0 && n <= HTTPD_PASSED_MAX;
    return ours ? n : 0;
}

void httpd_passed_adopt(pid_t parent) {
    char mine[32];
    if (passed_to(parent) > 0) {
        snprintf(mine, sizeof(mine), "%ld", (long)getpid());
        setenv("LISTEN_PID", mine, 1);
    }
}

static bool is_local(const struct sockaddr_storage *a) {
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)a;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)a;
    return a->ss_family == AF_UNIX || (a->ss_family == AF_INET && ntohl(v4->sin_addr.s_addr) >> 24 == 127) ||
           (a->ss_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr));
}

static int check(int fd, struct sockaddr_storage *ret, struct err *err) {
    int type = 0, listens = 0;
    socklen_t n = sizeof(type), m = sizeof(listens), size = sizeof(*ret);
    memset(ret, 0, sizeof(*ret));
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &m) != 0 || type != SOCK_STREAM || listens == 0 ||
        getsockname(fd, (struct sockaddr *)ret, &size) != 0) {
        return err_set(err, ERR_INVALID,
                       "descriptor %d, which the service manager passed, is not a listening stream socket", fd);
    }
    return is_local(ret) ? 0
                         : err_set(err, ERR_INVALID,
                                   "descriptor %d, which the service manager passed, can be reached from other machines; "
                                   "expected 127.0.0.1:PORT, [::1]:PORT or a Unix socket",
                                   fd);
}

static bool is_same(const struct sockaddr_storage *a, const struct sockaddr_storage *b) {
    const struct sockaddr_in *a4 = (const struct sockaddr_in *)a, *b4 = (const struct sockaddr_in *)b;
    const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a, *b6 = (const struct sockaddr_in6 *)b;
    if (a->ss_family != b->ss_family) return false;
    if (a->ss_family == AF_INET6) return b6->sin6_port == 0 || a6->sin6_port == b6->sin6_port;
    return a->ss_family == AF_INET &&
           (b4->sin_port == 0 || (a4->sin_port == b4->sin_port && a4->sin_addr.s_addr == b4->sin_addr.s_addr));
}

int httpd_passed_take(const struct sockaddr_storage *where, int *ret_fd, struct err *err) {
    struct sockaddr_storage a;
    uint64_t n = passed_to(getpid());
    int found = -1, rc = 0;
    for (int fd = FIRST; rc == 0 && fd < FIRST + (int)n; fd++) {
        rc = check(fd, &a, err);
        if (rc == 0) {
            fcntl(fd, F_SETFD, FD_CLOEXEC);
            found = found < 0 && (where == NULL || is_same(&a, where)) ? fd : found;
        }
    }
    if (rc == 0 && n > 0 && found < 0) {
        rc = err_set(err, ERR_INVALID, "the service manager passed %llu socket%s, none of which listens there",
                     (unsigned long long)n, text_s(n));
    }
    if (rc == 0 && found >= 0 && fcntl(found, F_SETFL, fcntl(found, F_GETFL) | O_NONBLOCK) != 0) {
        rc = err_errno(err, errno, "descriptor %d", found);
    }
    for (size_t i = 0; n > 0 && i < sizeof(variables) / sizeof(variables[0]); i++) {
        unsetenv(variables[i]);
    }
    if (rc == 0) {
        *ret_fd = found;
    }
    return rc;
}
