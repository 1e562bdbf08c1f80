/* Sockets and collectors. A receiver that is away is tried again, with growing pauses, for as long as it takes; nothing
 * else waits for that: what is not sent stays in the ledger. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/capture/outlet.h"
#include "cli/print/say.h"

#define FIRST_MS    100
#define LAST_MS     60000
#define ONCE_TRIES  5
#define PUT_MS      30000
#define CONNECT_MS  10000
#define ANSWER_MAX  ((size_t)64 << 10)
#define RETRY_S_MAX 3600

bool outlet_pause(const struct outlet *outlet, uint64_t ms) {
    struct pollfd fd = {.fd = stop_descriptor(), .events = POLLIN};
    if (*outlet->stop == 0) {
        (void)poll(&fd, 1, (int)ms);
    }
    return *outlet->stop != 0;
}

bool outlet_is_address(const char *text) {
    const char *colon = strrchr(text, ':');
    uint64_t port;
    return colon != NULL && colon > text && strchr(text, '/') == NULL && text_parse_u64(bytes_of(colon + 1), &port) == 0 &&
           port > 0 && port <= 65535;
}

/* ---- connecting ---- */

/* Waits until the socket can be written to, is broken, or it is told to stop. */
static int wait_for(const struct outlet *o, int fd, int ms, struct err *err) {
    struct pollfd fds[] = {{.fd = fd, .events = POLLOUT}, {.fd = stop_descriptor(), .events = POLLIN}};
    int n;
    do {
        n = poll(fds, 2, ms);
    } while (n < 0 && errno == EINTR && *o->stop == 0);
    if (*o->stop != 0) return err_set(err, ERR_BUSY, "interrupted");
    if (n == 0) return err_set(err, ERR_NET, "it takes nothing for %d s", ms / 1000);
    return n < 0 ? err_errno(err, errno, "waiting for the receiver") : 0;
}

static int connect_to(const struct outlet *o, int fd, const struct sockaddr *address, socklen_t n, struct err *err) {
    int failure = 0;
    socklen_t size = sizeof(failure);
    if (connect(fd, address, n) == 0) return 0;
    if (errno != EINPROGRESS && errno != EAGAIN) return err_set(err, ERR_NET, "%s", strerror(errno));
    int rc = wait_for(o, fd, CONNECT_MS, err);
    if (rc == 0 && (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size) != 0 || failure != 0)) {
        rc = err_set(err, ERR_NET, "%s", strerror(failure != 0 ? failure : errno));
    }
    return rc;
}

static int open_unix(struct outlet *o, struct err *err) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t n = strlen(o->target);
    if (n >= sizeof(address.sun_path)) {
        return err_set(err, ERR_INVALID, "the path of a socket has at most %zu bytes", sizeof(address.sun_path) - 1);
    }
    memcpy(address.sun_path, o->target, n + 1);
    int type = o->format == STREAM_SYSLOG ? SOCK_DGRAM : SOCK_STREAM;
    o->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (o->fd < 0) return err_errno(err, errno, "a socket");
    return connect_to(o, o->fd, (const struct sockaddr *)&address, sizeof(address), err);
}

static int open_address(struct outlet *o, struct err *err) {
    char host[FILE_PATH_MAX];
    struct addrinfo hints = {.ai_socktype = o->kind == OUTLET_UDP ? SOCK_DGRAM : SOCK_STREAM}, *found = NULL;
    const char *colon = strrchr(o->target, ':');
    bool bracketed = o->target[0] == '[' && colon > o->target && colon[-1] == ']';
    snprintf(host, sizeof(host), "%.*s", (int)(colon - o->target) - 2 * bracketed, o->target + bracketed);
    int failure = getaddrinfo(host, colon + 1, &hints, &found);
    if (failure != 0) return err_set(err, ERR_NET, "%s", gai_strerror(failure));
    int rc = err_set(err, ERR_NET, "no address");
    for (const struct addrinfo *a = found; a != NULL && rc != 0 && rc != ERR_BUSY; a = a->ai_next) {
        if (o->fd >= 0) close(o->fd);
        o->fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->ai_protocol);
        rc = o->fd < 0 ? err_errno(err, errno, "a socket") : connect_to(o, o->fd, a->ai_addr, a->ai_addrlen, err);
    }
    freeaddrinfo(found);
    return rc;
}

static void close_socket(struct outlet *o) {
    if (o->fd >= 0) {
        close(o->fd);
    }
    o->fd = -1;
}

/* ---- trying again ---- */

struct patience {
    unsigned tries;
    uint64_t ms;
};

/* After a failure: pauses, or gives up. 0: try again. The message of *err is what failed. */
static int again(struct outlet *o, struct patience *p, uint64_t least_ms, struct err *err) {
    uint64_t ms = p->ms == 0 ? FIRST_MS : p->ms;
    if (p->tries == 0) {
        cli_note(o->cli, "ledger: follow: '%s' does not take the events: %s; trying again", o->target, err->msg);
    }
    if (++p->tries >= ONCE_TRIES && o->once) {
        return err_set(err, ERR_NET, "'%s' does not take the events", o->target);
    }
    p->ms = ms * 2 < LAST_MS ? ms * 2 : LAST_MS;
    if (outlet_pause(o, least_ms > ms ? least_ms : ms)) return err_set(err, ERR_BUSY, "interrupted");
    return 0;
}

static int send_all(struct outlet *o, struct bytes piece, struct err *err) {
    bool datagram = o->kind == OUTLET_UDP || (o->kind == OUTLET_UNIX && o->format == STREAM_SYSLOG);
    while (piece.n > 0) {
        ssize_t n = send(o->fd, piece.p, piece.n, MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
            int rc = wait_for(o, o->fd, PUT_MS, err);
            if (rc != 0) return rc;
        } else if (n < 0 && errno == EMSGSIZE && datagram) {
            return err_set(err, ERR_LIMIT, "'%s': a message of %zu bytes is too large for a datagram", o->target, piece.n);
        } else if (n < 0 && errno != EINTR) {
            return err_set(err, ERR_NET, "%s", strerror(errno));
        } else if (n > 0) {
            piece.p += n;
            piece.n -= (size_t)n;
        }
    }
    return 0;
}

/* A connection that the receiver has closed still takes a first message, which is lost: so it is looked at before. */
static bool is_closed(const struct outlet *o) {
    char byte;
    if (o->kind == OUTLET_UDP || o->fd < 0) return false;
    ssize_t n = recv(o->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN);
}

int outlet_put_socket(struct outlet *outlet, struct bytes piece, struct err *err) {
    struct outlet *o = outlet;
    struct patience patience = {0};
    if (o->kind == OUTLET_TCP && o->format == STREAM_SYSLOG) { /* RFC 6587, 3.4.1 */
        buf_clear(&o->text);
        o->text.max = piece.n + 32;
        buf_printf(&o->text, "%zu ", piece.n);
        buf_put_bytes(&o->text, piece);
        int rc = buf_check(&o->text, "a message", err);
        if (rc != 0) return rc;
        piece = bytes_of_buf(&o->text);
    }
    for (;;) {
        int rc = 0;
        bool was_open = o->fd >= 0;
        if (is_closed(o)) rc = err_set(err, ERR_NET, "the receiver has closed the connection");
        if (rc == 0 && !was_open) rc = o->kind == OUTLET_UNIX ? open_unix(o, err) : open_address(o, err);
        if (rc == 0) rc = send_all(o, piece, err);
        if (rc == 0) return 0;
        close_socket(o);
        if (rc == ERR_NET && was_open && o->format == STREAM_JSONL) {
            return err_set(err, ERR_IO, "'%s': the connection ended", o->target);
        }
        if (rc == ERR_NET) rc = again(o, &patience, 0, err);
        if (rc != 0) return rc;
    }
}

/* ---- a collector ---- */

/* How many records the collector says that it refused. */
static uint64_t rejected(struct bytes answer) {
    struct buf mp = {.max = ANSWER_MAX};
    struct bytes part, raw;
    struct mp_item item;
    uint64_t n = 0;
    if (json_to_mp(answer, &mp, NULL) == 0 && mp_map_get(bytes_of_buf(&mp), "partialSuccess", &part) == 0 &&
        mp_map_get(part, "rejectedLogRecords", &raw) == 0 && mp_scalar(raw, &item) == 0) {
        n = item.type == MP_UINT ? item.uint : 0;
        if (item.type == MP_STR && text_parse_u64(item.data, &n) != 0) n = 0;
    }
    buf_done(&mp);
    return n;
}

static bool comes_back(unsigned status) {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

int outlet_put_http(struct outlet *outlet, struct bytes piece, struct err *err) {
    struct outlet *o = outlet;
    struct patience patience = {0};
    for (;;) {
        struct http_answer answer = {0};
        struct http_request request = {.url = o->target,
                                       .content_type = "application/json",
                                       .body = piece,
                                       .limits = {.bytes_max = ANSWER_MAX},
                                       .stop_fd = stop_descriptor(),
                                       .bearer = bytes_of_buf(&o->bearer),
                                       .to = &o->text};
        buf_clear(&o->text);
        int rc = http_fetch(o->http, &request, &answer, err);
        if (*o->stop != 0 && rc != 0) return err_set(err, ERR_BUSY, "interrupted");
        if (rc == 0 && answer.status / 100 == 2) {
            uint64_t n = rejected(bytes_of_buf(&o->text));
            if (n > 0 && o->rejected == 0) {
                cli_note(o->cli, "ledger: follow: '%s' refused %llu record%s for good", o->target, (unsigned long long)n,
                         text_s(n));
            }
            o->rejected += n;
            return 0;
        }
        if (rc == 0) {
            rc = err_set(err, comes_back(answer.status) ? ERR_NET : ERR_IO, "'%s' answers with status %u", o->target,
                         answer.status);
        }
        if (rc != ERR_NET) return rc;
        rc = again(o, &patience, 1000 * (uint64_t)(answer.retry_s < RETRY_S_MAX ? answer.retry_s : RETRY_S_MAX), err);
        if (rc != 0) return rc;
    }
}
