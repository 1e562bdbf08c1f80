/* One thread, one table of connections, poll(2).
 *
 *   httpd_run: turn, again and again --> every connection that has something to read or room to write
 *                                    --> new connections; when the table is full, another one goes first
 *                                    --> those that are too slow
 *
 *   a connection:   WAITING ---- a header is whole, the guard accepts ----> RECEIVING ---- the body is whole: the handler
 *                      ^  \                                                     |                           |
 *                      |   `----------- not HTTP, too late, refused -----------.|                           |
 *                      |                                                        v                           |
 *                      `------------------ it may have another ------------ ANSWERING <---------------------'
 *                                                                               |
 *                                            the end <-- LEAVING <-- it was the last
 *
 * A client of HTTP/2 goes from WAITING to REFUSING_H2, until its first request is there, and then to ANSWERING.
 *
 * LEAVING reads and drops what still comes for a while: closing a socket with unread bytes would reset the connection, and
 * the sender might never see why it was refused. */
#include "base/http/server.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/body.h"
#include "base/http/h2.h"
#include "base/http/status.h"

#define LARGE           (128 << 10)
#define CONNECTIONS_MAX 512
#define ACCEPTS         64 /* per turn: a new connection has several turns before it is the oldest */
#define HEAD_MAX        ((size_t)32 << 10)
#define READ_BYTES      ((size_t)64 << 10)
#define REPLY_MAX       ((size_t)64 << 10)
#define WAIT_MS         100
#define HEADER_NS       (10 * CLOCK_NS_PER_S) /* from the connection, or the last answer */
#define PACE_NS         (10 * CLOCK_NS_PER_S) /* in each of which a body must deliver PACE_BYTES */
#define PACE_BYTES      ((uint64_t)160 << 10)
#define STALLED_NS      CLOCK_NS_PER_S /* a body that is idle this long makes room for others */
#define ANSWER_NS       (30 * CLOCK_NS_PER_S)
#define LEAVING_NS      (10 * CLOCK_NS_PER_S)
#define STOP_NS         (5 * CLOCK_NS_PER_S)
#define DROPPED_MAX     ((uint64_t)64 << 20) /* bytes of a refused body that are read and dropped */
#define BUSY_RETRY_S    1
#define BUSY            "too many requests are being received at once; try again"

enum phase { WAITING, REFUSING_H2, RECEIVING, ANSWERING, LEAVING, ENDED };

struct connection {
    struct connection *next, **link; /* longest in its phase first */
    int fd;
    enum phase phase;
    uint64_t since, heard; /* of the phase, of the pace; the last byte */
    uint64_t received;     /* bytes since then */
    struct buf in, later;  /* a header; what arrived before the previous answer was sent */
    struct httpd_scan scan;
    struct httpd_body body;
    uint64_t held; /* bytes counted in httpd.bodies */
    size_t route;
    enum httpd_form form; /* of the request, and of its answer */
    struct httpd_h2 h2;
    bool closes, is_head; /* after this request; HEAD: it wants the header alone */
    struct buf out;
    size_t sent;
};

struct httpd {
    struct httpd_options options;
    struct httpd_listener listener;
    const char *hosts[2];
    struct httpd_policy policy;
    struct connection *first, **last;
    size_t n;
    bool no_room; /* no connection can be accepted for now */
    struct pollfd polls[CONNECTIONS_MAX + 1];
    struct connection *polled[CONNECTIONS_MAX + 1];
    uint64_t bodies;
    const volatile sig_atomic_t *stop; /* may be NULL */
    int code;                          /* returned by the handler */
    struct err why;
    uint8_t read[READ_BYTES];
};

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void take_out(struct httpd *h, struct connection *c) {
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    } else {
        h->last = c->link;
    }
}

static void put_last(struct httpd *h, struct connection *c) {
    c->next = NULL;
    c->link = h->last;
    *h->last = c;
    h->last = &c->next;
}

static void enter(struct httpd *h, struct connection *c, enum phase phase) {
    take_out(h, c);
    put_last(h, c);
    c->phase = phase;
    c->since = c->heard = clock_boot_ns();
    c->received = 0;
}

static void drop_body(struct httpd *h, struct connection *c) {
    h->bodies -= c->held;
    c->held = 0;
    httpd_body_done(&c->body);
}

/* Closes a connection; its memory stays until the turn is over. */
static void end(struct httpd *h, struct connection *c) {
    if (c->phase != ENDED) {
        close(c->fd);
        drop_body(h, c);
        c->phase = ENDED;
        h->n--;
    }
}

static void free_ended(struct httpd *h) {
    for (struct connection *c = h->first, *next; c != NULL; c = next) {
        next = c->next;
        if (c->phase == ENDED) {
            take_out(h, c);
            buf_done(&c->in);
            buf_done(&c->later);
            buf_done(&c->out);
            free(c);
        }
    }
}

/* ---- answering ---------------------------------------------------------------------------------------------------- */

static bool is_stopping(const struct httpd *h) {
    return h->stop != NULL && *h->stop != 0;
}

/* Writes what the socket takes. Once all is sent, the connection waits for another request, or leaves. */
static void flush(struct httpd *h, struct connection *c) {
    while (c->sent < c->out.n) {
        ssize_t n = send(c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (errno != EAGAIN) {
                end(h, c);
            }
            return;
        }
        c->sent += (size_t)n;
    }
    buf_done(&c->out);
    c->sent = 0;
    if (c->closes) {
        shutdown(c->fd, SHUT_WR);
        buf_done(&c->later);
    }
    enter(h, c, c->closes ? LEAVING : WAITING);
}

static void send_body(struct httpd *h, struct connection *c, struct httpd_answer answer, struct bytes body) {
    c->closes = answer.closes = c->closes || is_stopping(h);
    answer.form = c->form;
    answer.length = body.n;
    httpd_put_head(&c->out, &answer);
    if (!c->is_head) {
        buf_put_bytes(&c->out, body);
    }
    c->is_head = false;
    drop_body(h, c);
    buf_done(&c->in);
    c->scan = (struct httpd_scan){0};
    if (c->out.fail != 0) {
        end(h, c);
        return;
    }
    enter(h, c, ANSWERING);
    flush(h, c);
}

static void send_refusal(struct httpd *h, struct connection *c, unsigned status, unsigned retry_after_s, const char *allow,
                         const char *message) {
    struct buf body = {.max = REPLY_MAX};
    httpd_put_refusal(&body, c->form, status, message);
    if (body.fail == 0) {
        send_body(h, c, (struct httpd_answer){.status = status, .retry_after_s = retry_after_s, .allow = allow},
                  bytes_of_buf(&body));
    } else {
        end(h, c);
    }
    buf_done(&body);
}

/* For requests that were not read to their end: what follows cannot be another one. */
static void cut_off(struct httpd *h, struct connection *c, unsigned status, const char *message) {
    c->closes = true;
    send_refusal(h, c, status, status == 503 ? BUSY_RETRY_S : 0, NULL, message);
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

/* Makes room for more body bytes, at the expense of idle connections. */
static bool make_room(struct httpd *h, uint64_t n) {
    uint64_t now = clock_boot_ns();
    for (struct connection *c = h->first, *next; c != NULL && n > h->options.bodies_max - h->bodies; c = next) {
        next = c->next;
        if (c->phase == RECEIVING && c->held > 0 && now - c->heard > STALLED_NS) {
            cut_off(h, c, 503, BUSY);
        }
    }
    return n <= h->options.bodies_max - h->bodies;
}

/* The preface is there; the settings are sent at once, because clients wait for them. */
static void begin_h2(struct httpd *h, struct connection *c) {
    buf_clear(&c->in);
    c->h2 = (struct httpd_h2){0};
    enter(h, c, REFUSING_H2);
}

static void refuse_h2(struct httpd *h, struct connection *c, struct bytes *in) {
    buf_put_bytes(&c->in, *in);
    in->n = 0;
    int rc = c->in.fail != 0 ? ERR_LIMIT : httpd_h2_take(&c->h2, bytes_of_buf(&c->in), h->options.instead_of_grpc, &c->out);
    if (rc < 0 || c->out.fail != 0) {
        end(h, c);
    } else if (rc == 0) {
        c->closes = true;
        buf_done(&c->in);
        enter(h, c, ANSWERING);
        flush(h, c);
    } else { /* a few bytes, which the socket takes */
        if (send(c->fd, c->out.p, c->out.n, MSG_NOSIGNAL) != (ssize_t)c->out.n && c->out.n > 0) {
            end(h, c);
        }
        buf_clear(&c->out);
    }
}

static void begin(struct httpd *h, struct connection *c, struct bytes text, bool more) {
    struct httpd_head head;
    struct httpd_verdict v;
    struct err why = {0};
    if (httpd_head_split(&c->scan, text, &head, &why) != 0) {
        cut_off(h, c, 400, why.msg);
        return;
    }
    c->is_head = bytes_is(head.method, "HEAD");
    c->form = HTTPD_JSON;
    if (h->options.instead_of_grpc != NULL && httpd_h2_is_preface(&head)) {
        begin_h2(h, c);
        return;
    }
    httpd_judge(&h->policy, &head, &v);
    c->form = v.form;
    if (v.status != 0) {
        c->closes = true;
        send_refusal(h, c, v.status, 0, v.allow, v.message);
        return;
    }
    if (v.has_length && !make_room(h, v.length)) {
        cut_off(h, c, 503, BUSY);
        return;
    }
    if (httpd_body_begin(&c->body, &v, h->options.body_max, &why) != 0) {
        cut_off(h, c, 503, why.msg);
        return;
    }
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    if (v.expects && !more && send(c->fd, interim, sizeof(interim) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(interim) - 1) {
        end(h, c);
        return;
    }
    c->route = v.route;
    c->closes = v.closes;
    buf_done(&c->in);
    enter(h, c, RECEIVING);
}

static void answer(struct httpd *h, struct connection *c) {
    struct httpd_reply reply = {.status = 200};
    struct err why = {0};
    if (h->code != 0) {
        cut_off(h, c, 503, "the server is shutting down");
        return;
    }
    buf_init(&reply.body, REPLY_MAX);
    const struct httpd_request request = {c->route, c->form, bytes_of_buf(&c->body.content)};
    int rc = h->options.handle(h->options.ctx, &request, &reply, &why);
    if (rc != 0) {
        h->code = rc;
        h->why = why;
    }
    if (reply.status == 200 && reply.body.fail == 0) {
        send_body(h, c, (struct httpd_answer){.status = 200}, bytes_of_buf(&reply.body));
    } else {
        buf_put_u8(&reply.body, 0);
        c->closes = c->closes || reply.status != 503;
        send_refusal(h, c, reply.status == 200 ? 500 : reply.status, reply.retry_after_s, NULL,
                     reply.body.fail == 0 ? (const char *)reply.body.p : "");
    }
    buf_done(&reply.body);
}

static void receive(struct httpd *h, struct connection *c, struct bytes *in) {
    struct err why = {0};
    int rc = httpd_body_take(&c->body, in, &why);
    uint64_t more = c->body.content.n - c->held;
    if (rc < 0) {
        cut_off(h, c, rc == ERR_LIMIT ? 413 : rc == ERR_NOMEM ? 503 : 400, why.msg);
    } else if (!make_room(h, more)) {
        cut_off(h, c, 503, BUSY);
    } else {
        h->bodies += more;
        c->held += more;
        if (rc == 0) {
            answer(h, c);
        }
    }
}

static void read_head(struct httpd *h, struct connection *c, struct bytes *in) {
    struct err why = {0};
    size_t before = c->in.n, n = 0;
    size_t taken = in->n < HEAD_MAX - before ? in->n : HEAD_MAX - before;
    if (buf_put(&c->in, in->p, taken) != 0) {
        end(h, c);
        return;
    }
    int rc = httpd_head_scan(&c->scan, bytes_of_buf(&c->in), &n, &why);
    taken = rc == 0 ? n - before : taken;
    in->p += taken;
    in->n -= taken;
    if (rc < 0) {
        cut_off(h, c, 400, why.msg);
    } else if (rc == 0) {
        begin(h, c, (struct bytes){c->in.p, n}, in->n > 0);
    } else if (c->in.n == HEAD_MAX) {
        char message[80];
        snprintf(message, sizeof(message), "the header is too large; expected at most %zu bytes", HEAD_MAX);
        cut_off(h, c, 431, message);
    }
}

/* Handles received data: part of a request, or several. Requests wait until the previous answer is sent. */
static void take(struct httpd *h, struct connection *c, struct bytes in) {
    c->heard = clock_boot_ns();
    c->received += in.n;
    while ((in.n > 0 && (c->phase == WAITING || c->phase == REFUSING_H2)) || c->phase == RECEIVING) {
        if (c->phase != RECEIVING) {
            (c->phase == WAITING ? read_head : refuse_h2)(h, c, &in);
            continue;
        }
        receive(h, c, &in);
        if (in.n == 0 && c->phase == RECEIVING) return;
    }
    if (c->phase == ANSWERING && !c->closes && buf_put_bytes(&c->later, in) != 0) {
        end(h, c);
    } else if (c->phase == LEAVING && c->received > DROPPED_MAX) {
        end(h, c);
    }
}

static void on_readable(struct httpd *h, struct connection *c) {
    ssize_t n = recv(c->fd, h->read, sizeof(h->read), 0);
    if (n > 0) {
        take(h, c, (struct bytes){h->read, (size_t)n});
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        end(h, c);
    }
}

static void on_writable(struct httpd *h, struct connection *c) {
    flush(h, c);
    if (c->phase == WAITING && c->later.n > 0) {
        struct buf later = c->later;
        buf_init(&c->later, READ_BYTES);
        take(h, c, bytes_of_buf(&later));
        buf_done(&later);
    }
}

/* ---- accepting and dropping --------------------------------------------------------------------------------------- */

/* A connection that has sent something is told why, as far as the socket takes it. */
static void send_away(struct httpd *h, struct connection *c, unsigned status, const char *message) {
    if (c->phase == RECEIVING || (c->phase == WAITING && c->in.n > 0)) {
        cut_off(h, c, status, message);
    }
}

static bool may_go(const struct connection *c, enum phase phase, uint64_t now) {
    return c->phase == phase && (phase != RECEIVING || now - c->heard > STALLED_NS);
}

/* Drops the connection that matters least: first one that has had its answer, then the one that has been without a
 * complete header for longest, then an idle body. One that is being answered stays. */
static bool end_one(struct httpd *h) {
    static const enum phase order[] = {LEAVING, REFUSING_H2, WAITING, RECEIVING};
    uint64_t now = clock_boot_ns();
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        for (struct connection *c = h->first; c != NULL; c = c->next) {
            if (may_go(c, order[i], now)) {
                send_away(h, c, 503, BUSY);
                end(h, c);
                return true;
            }
        }
    }
    return false;
}

static struct connection *add(struct httpd *h, int fd) {
    struct connection *c = calloc(1, sizeof(*c));
    int yes = 1;
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* an answer is written at once; do not delay it */
    c->fd = fd;
    buf_init(&c->in, HEAD_MAX);
    buf_init(&c->later, READ_BYTES);
    buf_init(&c->out, REPLY_MAX + 1024);
    put_last(h, c);
    h->n++;
    enter(h, c, WAITING);
    return c;
}

static void accept_some(struct httpd *h) {
    for (int i = 0; i < ACCEPTS; i++) {
        int fd = accept4(h->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            h->no_room = !end_one(h);
            if (h->no_room) return;
        } else if (fd < 0 && errno != ECONNABORTED && errno != EINTR) {
            return;
        } else if (fd >= 0) {
            bool room = h->n < CONNECTIONS_MAX || end_one(h);
            struct connection *c = add(h, fd);
            if (c != NULL && !room) {
                cut_off(h, c, 503, BUSY);
                end(h, c);
            }
        }
    }
}

static void end_slow(struct httpd *h) {
    uint64_t now = clock_boot_ns();
    for (struct connection *c = h->first, *next; c != NULL; c = next) {
        uint64_t took = now - c->since;
        next = c->next;
        if (c->phase == WAITING && took > HEADER_NS) {
            bool silent = c->in.n == 0;
            send_away(h, c, 408, "the header did not arrive in time");
            if (silent) {
                end(h, c);
            }
        } else if (c->phase == RECEIVING && took > PACE_NS) {
            if (c->received < PACE_BYTES) {
                send_away(h, c, 408, "the body arrives too slowly");
            } else {
                c->since = now;
                c->received = 0;
            }
        } else if ((c->phase == REFUSING_H2 && took > HEADER_NS) || (c->phase == ANSWERING && took > ANSWER_NS) ||
                   (c->phase == LEAVING && took > LEAVING_NS)) {
            end(h, c);
        }
    }
}

/* ---- the server --------------------------------------------------------------------------------------------------- */

int httpd_open(const struct httpd_options *options, struct httpd **ret, struct err *err) {
    struct httpd *h = calloc(1, sizeof(*h));
    (void)mallopt(M_MMAP_THRESHOLD,
                  LARGE); /* otherwise glibc raises it, and one large body leaves its room to small blocks */
    if (h == NULL) return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    h->options = *options;
    h->last = &h->first;
    int rc = httpd_listen(options->address, &h->listener, err);
    if (rc != 0) {
        free(h);
        return rc;
    }
    h->hosts[0] = h->listener.address;
    h->hosts[1] = h->listener.named;
    h->policy = (struct httpd_policy){.routes = h->options.routes,
                                      .n_routes = h->options.n_routes,
                                      .hosts = h->hosts,
                                      .n_hosts = 2,
                                      .body_max = h->options.body_max,
                                      .instead_of_grpc = h->options.instead_of_grpc};
    *ret = h;
    return 0;
}

const char *httpd_address(const struct httpd *h) {
    return h->listener.address;
}

/* Waits for events and handles them. */
static int turn(struct httpd *h, int wait_ms, struct err *err) {
    nfds_t n = 0;
    bool listens = h->listener.fd >= 0 && !h->no_room;
    h->no_room = false;
    for (struct connection *c = h->first; c != NULL; c = c->next) {
        h->polled[n] = c;
        h->polls[n++] = (struct pollfd){.fd = c->fd, .events = c->phase == ANSWERING ? POLLOUT : POLLIN};
    }
    h->polls[n] = (struct pollfd){.fd = listens ? h->listener.fd : -1, .events = POLLIN};
    int got = poll(h->polls, n + 1, wait_ms);
    if (got < 0 && errno != EINTR) {
        return err_errno(err, errno, "serving on '%s'", h->listener.address);
    }
    for (nfds_t i = 0; i < n && got > 0; i++) {
        struct connection *c = h->polled[i];
        if (h->polls[i].revents != 0 && c->phase != ENDED) {
            (c->phase == ANSWERING ? on_writable : on_readable)(h, c);
        }
    }
    if (got > 0 && h->polls[n].revents != 0) {
        accept_some(h);
    }
    end_slow(h);
    free_ended(h);
    return 0;
}

static int handler_failed(const struct httpd *h, struct err *err) {
    if (h->code != 0 && err != NULL) {
        *err = h->why;
    }
    return h->code;
}

static bool is_busy(const struct httpd *h) {
    for (const struct connection *c = h->first; c != NULL; c = c->next) {
        if (c->phase == RECEIVING || c->phase == ANSWERING) return true;
    }
    return false;
}

/* Accepts no new connections; requests that have begun may finish. */
static int drain(struct httpd *h, struct err *err) {
    uint64_t until = clock_boot_ns() + STOP_NS;
    close(h->listener.fd);
    h->listener.fd = -1;
    int rc = turn(h, 0, err);
    while (rc == 0 && is_busy(h) && clock_boot_ns() < until) {
        rc = turn(h, WAIT_MS, err);
    }
    return rc;
}

int httpd_run(struct httpd *h, const volatile sig_atomic_t *stop, struct err *err) {
    int rc = 0;
    h->stop = stop;
    while (rc == 0 && !is_stopping(h)) {
        rc = turn(h, WAIT_MS, err);
        if (rc == 0) rc = handler_failed(h, err);
        if (rc == 0 && h->options.tick != NULL) rc = h->options.tick(h->options.ctx, err);
    }
    int drained = drain(h, rc == 0 ? err : NULL);
    if (rc == 0) rc = drained;
    if (rc == 0) rc = handler_failed(h, err);
    return rc;
}

void httpd_close(struct httpd *h) {
    if (h == NULL) return;
    for (struct connection *c = h->first; c != NULL; c = c->next) {
        end(h, c);
    }
    free_ended(h);
    if (h->listener.fd >= 0) {
        close(h->listener.fd);
    }
    free(h);
}
