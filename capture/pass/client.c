/* recv and send with poll before them. */
#include "capture/pass/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"

#define NS_PER_MS  UINT64_C(1000000)
#define IDLE_MS    60000 /* without a request */
#define HEAD_MS    10000
#define BODY_MS    10000 /* of waiting for a body, in each of which PACE_BYTES come */
#define SEND_MS    30000 /* of waiting for a client to read, in each of which it takes PACE_BYTES */
#define PACE_BYTES ((uint64_t)16 << 10)
#define LEAVE_MS   2000
#define DROPPED    ((uint64_t)64 << 20)

void client_init(struct client *c, int fd) {
    memset(c, 0, sizeof(*c));
    c->fd = fd;
    buf_init(&c->head, CLIENT_HEAD_MAX);
}

void client_done(struct client *c) {
    if (c->head.p != NULL) {
        explicit_bzero(c->head.p, c->head.cap);
    }
    explicit_bzero(c->in, sizeof(c->in));
    buf_done(&c->head);
}

/* Until there is something to do, or then. */
static bool ready(int fd, short events, uint64_t until_ns) {
    for (;;) {
        uint64_t now = clock_monotonic_ns();
        struct pollfd p = {.fd = fd, .events = events};
        int n = now < until_ns ? poll(&p, 1, (int)((until_ns - now) / NS_PER_MS) + 1) : 0;
        if (n > 0) return true;
        if (n == 0 || errno != EINTR) return false;
    }
}

/* More bytes behind those that are there. False: none came. */
static bool receive(struct client *c, uint64_t until_ns) {
    if (c->at > 0) {
        memmove(c->in, c->in + c->at, c->n - c->at);
        c->n -= c->at;
        c->at = 0;
    }
    while (c->n < sizeof(c->in)) {
        ssize_t n = recv(c->fd, c->in + c->n, sizeof(c->in) - c->n, MSG_DONTWAIT);
        if (n > 0) {
            c->n += (size_t)n;
            return true;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR) || !ready(c->fd, POLLIN, until_ns)) return false;
    }
    return false;
}

/* One that gives or takes a byte now and then would hold its place for ever. Only the time counts that was spent waiting for it: how
 * fast the upstream is says nothing about a client. */
static bool keeps_pace(struct client_pace *pace, uint64_t waited_ns, size_t bytes, uint64_t window_ms) {
    pace->waited_ns += waited_ns;
    pace->bytes += bytes;
    if (pace->waited_ns < window_ms * NS_PER_MS) return true;
    bool fast = pace->bytes >= PACE_BYTES;
    *pace = (struct client_pace){0};
    return fast;
}

bool client_wait(struct client *c) {
    return c->at < c->n || receive(c, clock_monotonic_ns() + IDLE_MS * NS_PER_MS);
}

int client_head(struct client *c, struct httpd_head *ret, bool *ret_late, struct err *err) {
    struct httpd_scan scan = {0};
    uint64_t until = clock_monotonic_ns() + HEAD_MS * NS_PER_MS;
    size_t n = 0;
    int rc;
    *ret_late = false;
    while ((rc = httpd_head_scan(&scan, (struct bytes){c->in + c->at, c->n - c->at}, &n, err)) == 1) {
        if (c->n - c->at == sizeof(c->in)) {
            return err_set(err, ERR_LIMIT, "the header is too large; expected at most %zu bytes", CLIENT_HEAD_MAX);
        }
        if (!receive(c, until)) {
            *ret_late = clock_monotonic_ns() >= until;
            return err_set(err, ERR_NET, "the header did not arrive in time");
        }
    }
    if (rc != 0) return rc;
    buf_clear(&c->head);
    if (buf_put(&c->head, c->in + c->at, n) != 0) return err_set(err, ERR_NOMEM, "out of memory");
    c->at += n;
    return httpd_head_split(&scan, bytes_of_buf(&c->head), ret, err);
}

void client_body_begin(struct client *c, const struct httpd_verdict *verdict, uint64_t max) {
    c->chunks = (struct httpd_chunks){0};
    c->has_body = verdict->has_body;
    c->chunked = verdict->has_body && !verdict->has_length;
    c->left = verdict->has_length ? verdict->length : 0;
    c->body_ended = !c->chunked && c->left == 0;
    c->wants_interim = verdict->expects && !c->body_ended;
    c->slow = c->bad = false;
    c->body = c->sending = (struct client_pace){0};
    c->taken = 0;
    c->body_max = max;
}

static int need_more(struct client *c, struct err *err) {
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (c->wants_interim) {
        c->wants_interim = false;
        int rc = client_send(c, bytes_of(interim), err);
        if (rc != 0) return rc;
    }
    uint64_t start = clock_monotonic_ns(), until = start + BODY_MS * NS_PER_MS;
    bool came = receive(c, until);
    uint64_t now = clock_monotonic_ns();
    c->slow = came ? !keeps_pace(&c->body, now - start, c->n - c->at, BODY_MS) : now >= until;
    if (came && !c->slow) return 0;
    return err_set(err, ERR_NET, c->slow ? "the body arrives too slowly" : "the client went away");
}

int client_body_take(struct client *c, uint8_t *to, size_t max, size_t *ret_n, struct err *err) {
    *ret_n = 0;
    while (!c->body_ended) {
        int rc = c->at < c->n ? 0 : need_more(c, err);
        if (rc != 0) return rc;
        struct bytes in = {c->in + c->at, c->n - c->at}, data = {in.p, 0};
        if (c->chunked) {
            in.n = in.n < max ? in.n : max; /* a piece of content is never longer than what it came in */
            size_t offered = in.n;
            rc = httpd_chunks_take(&c->chunks, &in, &data, err);
            c->at += offered - in.n;
            c->body_ended = rc == 0;
            c->bad = rc < 0;
            if (rc < 0) return rc;
        } else {
            data.n = in.n < max ? in.n : max;
            data.n = data.n < c->left ? data.n : (size_t)c->left;
            c->at += data.n;
            c->left -= data.n;
            c->body_ended = c->left == 0;
        }
        c->taken += data.n;
        if (c->taken > c->body_max) {
            return err_set(err, ERR_LIMIT, "the body is too large; expected at most %llu bytes",
                           (unsigned long long)c->body_max);
        }
        if (data.n > 0) {
            memcpy(to, data.p, data.n);
            *ret_n = data.n;
            return 0;
        }
    }
    return 0;
}

int client_send(struct client *c, struct bytes data, struct err *err) {
    while (data.n > 0) {
        ssize_t n = send(c->fd, data.p, data.n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            c->sending.bytes += (uint64_t)n;
            data = (struct bytes){data.p + n, data.n - (size_t)n};
        } else if (n < 0 && errno == EAGAIN) {
            uint64_t start = clock_monotonic_ns();
            bool takes = ready(c->fd, POLLOUT, start + SEND_MS * NS_PER_MS);
            if (!takes || !keeps_pace(&c->sending, clock_monotonic_ns() - start, 0, SEND_MS)) {
                return err_set(err, ERR_NET, "the client does not read");
            }
        } else if (n == 0 || errno != EINTR) {
            return err_set(err, ERR_NET, "the client went away");
        }
    }
    return 0;
}

bool client_gone(const struct client *c) {
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0;
}

void client_leave(struct client *c) {
    uint64_t until = clock_monotonic_ns() + LEAVE_MS * NS_PER_MS, dropped = 0;
    (void)shutdown(c->fd, SHUT_WR);
    do {
        dropped += c->n - c->at;
        c->at = c->n = 0;
    } while (dropped < DROPPED && receive(c, until));
}
