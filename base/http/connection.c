/* A connection's life.
 *
 *   WAITING ---- a header is whole, the guard accepts ----> RECEIVING ---- the body is whole: the handler
 *      ^  \                                                     |              |            |          |
 *      |   `----------- not HTTP, too late, refused -----------.|           PENDING     STREAMING      |
 *      |                                                        v              |            |          |
 *      `------------------ it may have another ------------ ANSWERING <--------'------------'----------'
 *                                                               |
 *                            the end <-- LEAVING <-- it was the last
 *
 * A client of HTTP/2 goes from WAITING to REFUSING_H2, until its first request is there, and then to ANSWERING.
 *
 * LEAVING reads and drops what still comes for a while: closing a socket with unread bytes would reset the connection, and
 * the sender might never see why it was refused. */
#include "base/http/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/peer.h"
#include "base/http/status.h"

#define HEAD_MAX     ((size_t)32 << 10)
#define DROPPED_MAX  ((uint64_t)64 << 20) /* bytes of a refused body that are read and dropped */
#define BUSY_RETRY_S 1
#define HEAD_ROOM    4096 /* of an answer */
#define FILE_PIECE   ((size_t)64 << 10)

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void take_out(struct httpd *h, struct httpd_exchange *c) {
    *c->link = c->next;
    if (c->next != NULL) {
        c->next->link = c->link;
    } else {
        h->last = c->link;
    }
}

static void put_last(struct httpd *h, struct httpd_exchange *c) {
    c->next = NULL;
    c->link = h->last;
    *h->last = c;
    h->last = &c->next;
}

static void enter(struct httpd *h, struct httpd_exchange *c, enum httpd_phase phase) {
    take_out(h, c);
    put_last(h, c);
    c->phase = phase;
    c->since = c->heard = clock_boot_ns();
    c->received = 0;
}

static void drop_body(struct httpd *h, struct httpd_exchange *c) {
    h->bodies -= c->held;
    c->held = 0;
    httpd_body_done(&c->body);
}

static void drop_file(struct httpd_exchange *c) {
    if (c->file >= 0) {
        close(c->file);
        c->file = -1;
    }
}

void httpd_connection_end(struct httpd *h, struct httpd_exchange *c) {
    bool told = c->phase == HTTPD_PENDING || c->phase == HTTPD_STREAMING;
    if (c->phase == HTTPD_ENDED) return;
    close(c->watch.fd);
    drop_body(h, c);
    drop_file(c);
    buf_done(&c->in);
    buf_done(&c->later);
    buf_done(&c->out);
    take_out(h, c);
    c->phase = HTTPD_ENDED;
    c->next = h->ended;
    h->ended = c;
    h->n--;
    if (told && h->options.gone != NULL) {
        h->options.gone(h->options.ctx, c);
    }
}

/* What this phase waits for; asking the kernel for the same again is left out. */
static void wait_in_phase(struct httpd *h, struct httpd_exchange *c) {
    unsigned events = EPOLLIN;
    if (c->phase == HTTPD_ENDED) return;
    if (c->phase == HTTPD_PENDING || c->phase == HTTPD_STREAMING) {
        events = EPOLLRDHUP | (c->sent < c->out.n ? EPOLLOUT : 0);
    } else if (c->phase == HTTPD_ANSWERING) {
        events = EPOLLOUT;
    }
    if (events != c->waits_for) {
        c->waits_for = events;
        if (!httpd_wait_for(h, &c->watch, EPOLL_CTL_MOD, events)) {
            httpd_connection_end(h, c);
        }
    }
}

/* ---- answering ---------------------------------------------------------------------------------------------------- */

bool httpd_is_stopping(const struct httpd *h) {
    return h->stop != NULL && *h->stop != 0;
}

/* Refills `out` from the file. False: there is no more. */
static bool more_of_file(struct httpd *h, struct httpd_exchange *c) {
    uint64_t left = c->file_n - c->file_at;
    size_t want = left < FILE_PIECE ? (size_t)left : FILE_PIECE;
    if (c->file < 0 || left == 0) return false;
    buf_clear(&c->out);
    c->sent = 0;
    uint8_t *room = buf_room(&c->out, want);
    ssize_t n = room != NULL ? pread(c->file, room, want, (off_t)c->file_at) : -1;
    if (n <= 0) { /* it is shorter than was said: the client sees that the answer is cut off */
        httpd_connection_end(h, c);
        return false;
    }
    c->out.n = (size_t)n;
    c->file_at += (uint64_t)n;
    return true;
}

/* False: the socket takes no more for now, or the connection has ended. */
static bool send_out(struct httpd *h, struct httpd_exchange *c) {
    while (c->sent < c->out.n) {
        ssize_t n = send(c->watch.fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            if (errno != EAGAIN) {
                httpd_connection_end(h, c);
            }
            return false;
        }
        c->sent += (size_t)n;
        c->heard = clock_boot_ns();
    }
    return true;
}

/* Writes what the socket takes. Once all is sent, the connection waits for another request, or leaves. */
static void flush(struct httpd *h, struct httpd_exchange *c) {
    do {
        if (!send_out(h, c)) return;
    } while (more_of_file(h, c));
    if (c->phase == HTTPD_ENDED) return;
    buf_done(&c->out);
    drop_file(c);
    c->sent = 0;
    if (c->phase == HTTPD_STREAMING) return;
    if (c->closes) {
        shutdown(c->watch.fd, SHUT_WR);
        buf_done(&c->later);
    }
    enter(h, c, c->closes ? HTTPD_LEAVING : HTTPD_WAITING);
}

static void put_chunk(struct httpd_exchange *c, struct bytes piece) {
    if (piece.n == 0) return;
    if (c->chunks) {
        buf_printf(&c->out, "%zx\r\n", piece.n);
    }
    buf_put_bytes(&c->out, piece);
    if (c->chunks) {
        buf_put_str(&c->out, "\r\n");
    }
}

/* Nothing of the request is needed any more. */
static void drop_request(struct httpd *h, struct httpd_exchange *c) {
    drop_body(h, c);
    buf_done(&c->in);
    c->scan = (struct httpd_scan){0};
}

static void send_answer(struct httpd *h, struct httpd_exchange *c, struct httpd_answer answer,
                        const struct httpd_reply *reply) {
    bool streams = reply != NULL && reply->when == HTTPD_STREAM && !c->is_head, is_head = c->is_head;
    struct bytes body = reply != NULL ? bytes_of_buf(&reply->body) : (struct bytes){0};
    c->chunks = streams && !c->old;
    c->closes = answer.closes = c->closes || httpd_is_stopping(h) || (streams && c->old);
    answer.form = c->form;
    answer.length = body.n;
    answer.framing = c->chunks ? HTTPD_CHUNKED : streams ? HTTPD_UNTIL_CLOSED : HTTPD_LENGTH;
    if (reply != NULL && reply->file >= 0) {
        answer.length = reply->file_n;
    }
    httpd_put_head(&c->out, &answer);
    if (streams) {
        put_chunk(c, body);
    } else if (!is_head) {
        buf_put_bytes(&c->out, body);
    }
    if (reply != NULL && reply->file >= 0) {
        c->file = reply->file;
        c->file_n = is_head ? 0 : reply->file_n;
        c->file_at = 0;
    }
    c->is_head = false;
    drop_request(h, c);
    enter(h, c, streams ? HTTPD_STREAMING : HTTPD_ANSWERING);
    if (c->out.fail != 0) {
        httpd_connection_end(h, c);
        return;
    }
    flush(h, c);
}

static void own_refusal(struct httpd *h, const struct httpd_exchange *c, unsigned status, struct bytes target,
                        const char *message, struct httpd_reply *reply) {
    buf_clear(&reply->body);
    reply->status = status;
    if (h->options.refuse != NULL) {
        h->options.refuse(h->options.ctx, status, target, message, reply);
    } else {
        httpd_put_refusal(&reply->body, c->form, status, message);
    }
}

static void send_refusal(struct httpd *h, struct httpd_exchange *c, unsigned status, unsigned retry_after_s,
                         const char *allow, struct bytes target, const char *message) {
    struct httpd_reply reply;
    httpd_reply_init(h, &reply);
    own_refusal(h, c, status, target, message, &reply);
    if (reply.body.fail == 0) {
        send_answer(
            h, c,
            (struct httpd_answer){
                .status = status, .retry_after_s = retry_after_s, .allow = allow, .type = reply.type, .extra = reply.extra},
            &reply);
    } else {
        httpd_connection_end(h, c);
    }
    buf_done(&reply.body);
}

static void cut_off(struct httpd *h, struct httpd_exchange *c, unsigned status, const char *message) {
    c->closes = true;
    send_refusal(h, c, status, status == 503 ? BUSY_RETRY_S : 0, NULL, (struct bytes){0}, message);
}

void httpd_connection_cut_off(struct httpd *h, struct httpd_exchange *c, unsigned status, const char *message) {
    cut_off(h, c, status, message);
    wait_in_phase(h, c);
}

void httpd_reply_init(const struct httpd *h, struct httpd_reply *reply) {
    *reply = (struct httpd_reply){.status = 200, .file = -1};
    buf_init(&reply->body, h->options.reply_max);
}

/* The target of a request whose header is still there. */
static struct bytes target_of(const struct httpd_exchange *c) {
    struct httpd_head head;
    return c->in.n > 0 && httpd_head_split(&c->scan, bytes_of_buf(&c->in), &head, NULL) == 0 ? head.target
                                                                                             : (struct bytes){0};
}

static void send_reply(struct httpd *h, struct httpd_exchange *c, struct httpd_reply *reply) {
    bool good = reply->status == 200 && reply->body.fail == 0;
    struct httpd_answer answer = {.status = reply->status,
                                  .retry_after_s = reply->retry_after_s,
                                  .type = reply->type,
                                  .extra = reply->extra,
                                  .keeps = reply->keeps};
    if (good || (reply->type != NULL && reply->body.fail == 0) || reply->status == 304) {
        send_answer(h, c, answer, reply);
    } else {
        buf_put_u8(&reply->body, 0);
        c->closes = c->closes || reply->status != 503;
        send_refusal(h, c, reply->status == 200 ? 500 : reply->status, reply->retry_after_s, NULL, target_of(c),
                     reply->body.fail == 0 ? (const char *)reply->body.p : "");
        if (reply->file >= 0) {
            close(reply->file);
        }
    }
    buf_done(&reply->body);
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

/* Makes room for more body bytes, at the expense of idle connections. */
static bool make_room(struct httpd *h, uint64_t n) {
    uint64_t now = clock_boot_ns();
    for (struct httpd_exchange *c = h->first, *next; c != NULL && n > h->options.bodies_max - h->bodies; c = next) {
        next = c->next;
        if (c->phase == HTTPD_RECEIVING && c->held > 0 && now - c->heard > HTTPD_STALLED_NS) {
            httpd_connection_cut_off(h, c, 503, HTTPD_BUSY);
        }
    }
    return n <= h->options.bodies_max - h->bodies;
}

/* The preface is there; the settings are sent at once, because clients wait for them. */
static void begin_h2(struct httpd *h, struct httpd_exchange *c) {
    buf_clear(&c->in);
    c->h2 = (struct httpd_h2){0};
    enter(h, c, HTTPD_REFUSING_H2);
}

static void refuse_h2(struct httpd *h, struct httpd_exchange *c, struct bytes *in) {
    buf_put_bytes(&c->in, *in);
    in->n = 0;
    int rc = c->in.fail != 0 ? ERR_LIMIT : httpd_h2_take(&c->h2, bytes_of_buf(&c->in), h->options.instead_of_grpc, &c->out);
    if (rc < 0 || c->out.fail != 0) {
        httpd_connection_end(h, c);
    } else if (rc == 0) {
        c->closes = true;
        buf_done(&c->in);
        enter(h, c, HTTPD_ANSWERING);
        flush(h, c);
    } else { /* a few bytes, which the socket takes */
        if (send(c->watch.fd, c->out.p, c->out.n, MSG_NOSIGNAL) != (ssize_t)c->out.n && c->out.n > 0) {
            httpd_connection_end(h, c);
            return;
        }
        buf_clear(&c->out);
    }
}

static void answer(struct httpd *h, struct httpd_exchange *c) {
    struct httpd_head head;
    struct httpd_reply reply;
    struct err why = {0};
    if (h->code != 0) {
        cut_off(h, c, 503, "the server is shutting down");
        return;
    }
    httpd_reply_init(h, &reply);
    (void)httpd_head_split(&c->scan, bytes_of_buf(&c->in), &head, NULL); /* it could be split before */
    const struct httpd_request request = {c->route, c->form, bytes_of_buf(&c->body.content), &head, c, c->peer};
    int rc = h->options.handle(h->options.ctx, &request, &reply, &why);
    if (rc != 0) {
        h->code = rc;
        h->why = why;
    }
    if (reply.when == HTTPD_LATER) {
        buf_done(&reply.body);
        drop_request(h, c);
        enter(h, c, HTTPD_PENDING);
    } else {
        send_reply(h, c, &reply);
    }
}

/* The request of a header that is whole. */
static void begin_body(struct httpd *h, struct httpd_exchange *c, const struct httpd_verdict *v, bool more) {
    static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct err why = {0};
    if (v->has_length && !make_room(h, v->length)) {
        cut_off(h, c, 503, HTTPD_BUSY);
        return;
    }
    if (httpd_body_begin(&c->body, v, h->options.body_max, &why) != 0) {
        cut_off(h, c, 503, why.msg);
        return;
    }
    if (v->expects && !more &&
        send(c->watch.fd, interim, sizeof(interim) - 1, MSG_NOSIGNAL) != (ssize_t)sizeof(interim) - 1) {
        httpd_connection_end(h, c);
        return;
    }
    enter(h, c, HTTPD_RECEIVING);
}

static void begin(struct httpd *h, struct httpd_exchange *c, bool more) {
    struct httpd_head head;
    struct httpd_verdict v;
    struct err why = {0};
    if (httpd_head_split(&c->scan, bytes_of_buf(&c->in), &head, &why) != 0) {
        cut_off(h, c, 400, why.msg);
        return;
    }
    c->is_head = bytes_is(head.method, "HEAD");
    c->old = bytes_is(head.version, "HTTP/1.0");
    c->form = HTTPD_JSON;
    if (h->options.instead_of_grpc != NULL && httpd_h2_is_preface(&head)) {
        begin_h2(h, c);
        return;
    }
    httpd_judge(&h->policy, &head, &v);
    c->form = v.form;
    c->route = v.route;
    c->closes = v.closes || v.status != 0;
    if (v.status != 0) {
        send_refusal(h, c, v.status, 0, v.allow, head.target, v.message);
    } else if (v.has_body) {
        begin_body(h, c, &v, more);
    } else {
        answer(h, c);
    }
}

static void receive(struct httpd *h, struct httpd_exchange *c, struct bytes *in) {
    struct err why = {0};
    int rc = httpd_body_take(&c->body, in, &why);
    uint64_t more = c->body.content.n - c->held;
    if (rc < 0) {
        cut_off(h, c, rc == ERR_LIMIT ? 413 : rc == ERR_NOMEM ? 503 : 400, why.msg);
    } else if (!make_room(h, more)) {
        cut_off(h, c, 503, HTTPD_BUSY);
    } else {
        h->bodies += more;
        c->held += more;
        if (rc == 0) {
            answer(h, c);
        }
    }
}

static void read_head(struct httpd *h, struct httpd_exchange *c, struct bytes *in) {
    struct err why = {0};
    size_t before = c->in.n, n = 0;
    size_t taken = in->n < HEAD_MAX - before ? in->n : HEAD_MAX - before;
    if (buf_put(&c->in, in->p, taken) != 0) {
        httpd_connection_end(h, c);
        return;
    }
    int rc = httpd_head_scan(&c->scan, bytes_of_buf(&c->in), &n, &why);
    taken = rc == 0 ? n - before : taken;
    in->p += taken;
    in->n -= taken;
    if (rc < 0) {
        cut_off(h, c, 400, why.msg);
    } else if (rc == 0) {
        c->in.n = n;
        begin(h, c, in->n > 0);
    } else if (c->in.n == HEAD_MAX) {
        char message[80];
        snprintf(message, sizeof(message), "the header is too large; expected at most %zu bytes", HEAD_MAX);
        cut_off(h, c, 431, message);
    }
}

/* Handles received data: part of a request, or several. Requests wait until the previous answer is sent. */
static void take(struct httpd *h, struct httpd_exchange *c, struct bytes in) {
    c->heard = clock_boot_ns();
    c->received += in.n;
    while ((in.n > 0 && (c->phase == HTTPD_WAITING || c->phase == HTTPD_REFUSING_H2)) || c->phase == HTTPD_RECEIVING) {
        if (c->phase != HTTPD_RECEIVING) {
            (c->phase == HTTPD_WAITING ? read_head : refuse_h2)(h, c, &in);
            continue;
        }
        receive(h, c, &in);
        if (in.n == 0 && c->phase == HTTPD_RECEIVING) return;
    }
    bool waits = c->phase == HTTPD_ANSWERING || c->phase == HTTPD_PENDING || c->phase == HTTPD_STREAMING;
    if ((waits && !c->closes && buf_put_bytes(&c->later, in) != 0) ||
        (c->phase == HTTPD_LEAVING && c->received > DROPPED_MAX)) {
        httpd_connection_end(h, c);
    }
}

static void take_later(struct httpd *h, struct httpd_exchange *c) {
    if (c->phase == HTTPD_WAITING && c->later.n > 0) {
        struct buf later = c->later;
        buf_init(&c->later, HTTPD_READ_BYTES);
        take(h, c, bytes_of_buf(&later));
        buf_done(&later);
    }
}

static void on_readable(struct httpd *h, struct httpd_exchange *c) {
    ssize_t n = recv(c->watch.fd, h->read, sizeof(h->read), 0);
    if (n > 0) {
        take(h, c, (struct bytes){h->read, (size_t)n});
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        httpd_connection_end(h, c);
    }
}

void httpd_connection_on(struct httpd *h, struct httpd_exchange *c, unsigned events) {
    if (c->phase == HTTPD_PENDING || c->phase == HTTPD_STREAMING) {
        if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) {
            httpd_connection_end(h, c);
        } else {
            flush(h, c);
        }
    } else if (c->phase == HTTPD_ANSWERING) {
        flush(h, c);
        take_later(h, c);
    } else if (c->phase != HTTPD_ENDED) {
        on_readable(h, c);
    }
    wait_in_phase(h, c);
}

struct httpd_exchange *httpd_connection_new(struct httpd *h, int fd) {
    struct httpd_exchange *c = calloc(1, sizeof(*c));
    int yes = 1;
    if (c == NULL) {
        close(fd);
        return NULL;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* an answer is written at once; do not delay it */
    c->watch = (struct httpd_watch){NULL, fd};
    c->httpd = h;
    c->file = -1;
    httpd_peer_name(fd, c->peer, sizeof(c->peer));
    buf_init(&c->in, HEAD_MAX);
    buf_init(&c->later, HTTPD_READ_BYTES);
    buf_init(&c->out, h->options.reply_max + HEAD_ROOM);
    put_last(h, c);
    h->n++;
    enter(h, c, HTTPD_WAITING);
    c->waits_for = EPOLLIN;
    if (!httpd_wait_for(h, &c->watch, EPOLL_CTL_ADD, EPOLLIN)) {
        httpd_connection_end(h, c);
        return NULL;
    }
    return c;
}

/* ---- answers that come later ---------------------------------------------------------------------------------------- */

void httpd_answer(struct httpd *h, struct httpd_exchange *c, struct httpd_reply *reply) {
    send_reply(h, c, reply);
    take_later(h, c);
    wait_in_phase(h, c);
}

bool httpd_push(struct httpd *h, struct httpd_exchange *c, struct bytes piece) {
    put_chunk(c, piece);
    if (c->out.fail != 0) {
        c->phase = HTTPD_ANSWERING;
        httpd_connection_end(h, c);
        return false;
    }
    if (c->waits_for == EPOLLRDHUP) { /* otherwise something is unsent already */
        enum httpd_phase phase = c->phase;
        c->phase = HTTPD_ANSWERING; /* its end is told by the result */
        bool all = send_out(h, c);
        if (c->phase == HTTPD_ENDED) return false;
        c->phase = phase;
        if (all) {
            buf_clear(&c->out);
            c->sent = 0;
        }
    }
    wait_in_phase(h, c);
    return c->phase != HTTPD_ENDED;
}

void httpd_finish(struct httpd *h, struct httpd_exchange *c) {
    if (c->chunks) {
        buf_put_str(&c->out, "0\r\n\r\n");
    }
    enter(h, c, HTTPD_ANSWERING);
    if (c->out.fail != 0) {
        httpd_connection_end(h, c);
        return;
    }
    flush(h, c);
    take_later(h, c);
    wait_in_phase(h, c);
}
