/* Parses an address, binds and listens; or takes the socket that a service manager has bound. */
#include "base/http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/http/passed.h"
#include "base/text.h"

#define BACKLOG 4096 /* the system's limit is the same or lower; waiting there costs us nothing */

static int bad_address(const char *address, bool any, struct err *err) {
    if (any) {
        return err_set(err, ERR_INVALID, "'%.60s' is not an address to listen on; expected: ADDRESS:PORT or unix:PATH",
                       address);
    }
    return err_set(err, ERR_INVALID,
                   "'%.60s' is not an address to listen on; expected: 127.0.0.1:PORT, [::1]:PORT, localhost:PORT "
                   "(this machine only: remote connections are not accepted), or " HTTPD_PASSED " for the socket of a unit",
                   address);
}

static int parse_address(const char *address, bool any, struct sockaddr_storage *ret, socklen_t *ret_n, struct err *err) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    const char *colon = strrchr(address, ':');
    char host[48];
    uint64_t port = 0;
    memset(ret, 0, sizeof(*ret));
    if (colon == NULL || (size_t)(colon - address) >= sizeof(host) || text_parse_u64(bytes_of(colon + 1), &port) != 0 ||
        port > 65535) {
        return bad_address(address, any, err);
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    size_t n = strlen(host);
    if (n > 2 && host[0] == '[' && host[n - 1] == ']') {
        host[n - 1] = '\0';
        v6->sin6_family = AF_INET6;
        if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) != 1 || (!any && !IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))) {
            return bad_address(address, any, err);
        }
        v6->sin6_port = htons((uint16_t)port);
        *ret_n = sizeof(*v6);
        return 0;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *ret_n = sizeof(*v4);
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4->sin_addr) != 1 ||
        (!any && ntohl(v4->sin_addr.s_addr) >> 24 != 127)) {
        return bad_address(address, any, err);
    }
    return 0;
}

static int name_address(struct httpd_listener *l, const char *address, struct err *err) {
    struct sockaddr_storage bound;
    socklen_t n = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(l->fd, (struct sockaddr *)&bound, &n) != 0) {
        return err_errno(err, errno, "listening on '%s'", address);
    }
    if (bound.ss_family == AF_UNIX) {
        const struct sockaddr_un *un = (const struct sockaddr_un *)&bound;
        snprintf(l->address, sizeof(l->address), "unix:%.*s", HTTPD_ADDRESS_MAX - 8, un->sun_path);
        snprintf(l->named, sizeof(l->named), "localhost"); /* what clients of such sockets send as Host */
        return 0;
    }
    bool v6 = bound.ss_family == AF_INET6;
    unsigned port = ntohs(v6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
    inet_ntop(bound.ss_family,
              v6 ? (void *)&((struct sockaddr_in6 *)&bound)->sin6_addr : (void *)&((struct sockaddr_in *)&bound)->sin_addr,
              host, sizeof(host));
    snprintf(l->address, sizeof(l->address), v6 ? "[%s]:%u" : "%s:%u", host, port);
    snprintf(l->named, sizeof(l->named), "localhost:%u", port);
    return 0;
}

static int open_socket(const struct sockaddr_storage *where, socklen_t n, const char *address, int *ret_fd,
                       struct err *err) {
    int yes = 1;
    *ret_fd = socket(where->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool good = *ret_fd >= 0 && setsockopt(*ret_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) == 0 &&
                bind(*ret_fd, (const struct sockaddr *)where, n) == 0 && listen(*ret_fd, BACKLOG) == 0;
    return good ? 0 : err_errno(err, errno, "listening on '%s'", address);
}

static int listen_at(const char *address, bool any, struct httpd_listener *ret, struct err *err) {
    struct sockaddr_storage where;
    struct httpd_listener l = {.fd = -1};
    socklen_t n = 0;
    bool passed = strcmp(address, HTTPD_PASSED) == 0;
    int rc = passed ? 0 : parse_address(address, any, &where, &n, err);
    if (rc != 0) return rc;
    rc = httpd_passed_take(passed ? NULL : &where, &l.fd, err);
    if (rc == 0 && passed && l.fd < 0) rc = err_set(err, ERR_INVALID, "no socket was passed");
    if (rc != 0) return err_prefix(err, "listening on '%.60s'", address), rc;
    if (l.fd < 0) rc = open_socket(&where, n, address, &l.fd, err);
    if (rc == 0) rc = name_address(&l, address, err);
    if (rc != 0) {
        if (l.fd >= 0) {
            close(l.fd);
        }
        return rc;
    }
    *ret = l;
    return 0;
}

int httpd_listen(const char *address, struct httpd_listener *ret, struct err *err) {
    return listen_at(address, false, ret, err);
}

int httpd_listen_any(const char *address, struct httpd_listener *ret, struct err *err) {
    return listen_at(address, true, ret, err);
}

int httpd_listen_check(const char *address, struct err *err) {
    struct sockaddr_storage where;
    socklen_t n;
    return strcmp(address, HTTPD_PASSED) == 0 ? 0 : parse_address(address, false, &where, &n, err);
}

bool httpd_listen_same(const char *a, const char *b) {
    struct sockaddr_storage one, other;
    socklen_t n, m;
    if (parse_address(a, false, &one, &n, NULL) != 0 || parse_address(b, false, &other, &m, NULL) != 0) {
        return strcmp(a, b) == 0;
    }
    /* the port has the same place in both families */
    return ((struct sockaddr_in *)&one)->sin_port != 0 && n == m && memcmp(&one, &other, n) == 0;
}

bool httpd_listen_is_here(const char *address) {
    struct sockaddr_storage where;
    socklen_t n;
    return strncmp(address, HTTPD_UNIX, strlen(HTTPD_UNIX)) == 0 || parse_address(address, false, &where, &n, NULL) == 0;
}

/* Removes a socket that its process left behind. */
static int clear_way(const struct sockaddr_un *where, struct err *err) {
    struct stat st;
    if (lstat(where->sun_path, &st) != 0) {
        return errno == ENOENT ? 0 : err_errno(err, errno, "listening on '%s'", where->sun_path);
    }
    if (!S_ISSOCK(st.st_mode) || st.st_uid != geteuid()) {
        return err_set(err, ERR_INVALID, "'%s' is there already, and is not a socket of this user", where->sun_path);
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool dead = fd >= 0 && connect(fd, (const struct sockaddr *)where, sizeof(*where)) != 0 && errno == ECONNREFUSED;
    if (fd >= 0) {
        close(fd);
    }
    if (!dead) return err_set(err, ERR_BUSY, "another process listens on '%s'", where->sun_path);
    return unlink(where->sun_path) == 0 ? 0 : err_errno(err, errno, "removing '%s'", where->sun_path);
}

int httpd_listen_unix(const char *address, struct httpd_listener *ret, struct err *err) {
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    struct httpd_listener l = {.fd = -1};
    const char *path = address + strlen(HTTPD_UNIX);
    if (path[0] == '\0' || strlen(path) >= sizeof(where.sun_path)) {
        return err_set(err, ERR_INVALID, "the path of a socket has 1 to %zu bytes; expected: unix:PATH",
                       sizeof(where.sun_path) - 1);
    }
    memcpy(where.sun_path, path, strlen(path) + 1);
    int rc = clear_way(&where, err);
    if (rc != 0) return rc;
    l.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* Its mode is set before anybody can connect: that needs listen. */
    if (l.fd < 0 || bind(l.fd, (const struct sockaddr *)&where, sizeof(where)) != 0 || chmod(path, 0600) != 0 ||
        listen(l.fd, BACKLOG) != 0) {
        rc = err_errno(err, errno, "listening on '%s'", path);
        if (l.fd >= 0) {
            close(l.fd);
        }
        return rc;
    }
    snprintf(l.address, sizeof(l.address), "%s", address);
    *ret = l;
    return 0;
}
