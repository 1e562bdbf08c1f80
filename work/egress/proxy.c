/* One thread accepts, one serves each connection.
 *
 *   read the head ─▶ does a pattern fit host and port? ─▶ resolve the name here ─▶ for each address: is it public, or named
 *   by a pattern? ─▶ connect to that very address ─▶ answer, then bytes both ways until either end closes
 *
 * A name is resolved once, and what was checked is what is connected to: a second answer of the resolver cannot change it.
 * A refusal is an answer (403 and why), and a record. Threads share one struct under one lock; who is last frees it, since a
 * resolver may keep a thread longer than the step lives. */
#include "work/egress/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "work/egress/request.h"

enum {
    CLIENTS_MAX = 32,
    HEAD_MS = 30000,
    CONNECT_MS = 15000,
    IDLE_MS = 300000,
    STOP_MS = 1000,
    PIECE = 1 << 16,
    MS = 1000000,
    OUT_MAX = 1 << 15,
    STACK = 1 << 18
};

struct egress_proxy {
    pthread_mutex_t lock;
    pthread_cond_t gone; /* a thread ended */
    unsigned threads;    /* that run */
    unsigned holders;    /* of this struct */
    int listener, stop;  /* stop: an eventfd, readable from egress_proxy_stop on */
    bool stopping;
    char **patterns;
    struct egress_record list[EGRESS_LIST_MAX];
    size_t list_n;
    uint64_t more;
};

struct client {
    struct egress_proxy *proxy;
    int fd, server;
    struct egress_record record;
};

static void free_proxy(struct egress_proxy *p) {
    for (size_t i = 0; p->patterns != NULL && p->patterns[i] != NULL; i++) {
        free(p->patterns[i]);
    }
    free(p->patterns);
    if (p->listener >= 0) {
        close(p->listener);
    }
    if (p->stop >= 0) {
        close(p->stop);
    }
    (void)pthread_cond_destroy(&p->gone);
    (void)pthread_mutex_destroy(&p->lock);
    free(p);
}

static void let_go(struct egress_proxy *p, bool thread) {
    (void)pthread_mutex_lock(&p->lock);
    p->threads -= thread ? 1 : 0;
    bool last = --p->holders == 0;
    (void)pthread_cond_broadcast(&p->gone);
    (void)pthread_mutex_unlock(&p->lock);
    if (last) {
        free_proxy(p);
    }
}

static bool same(const struct egress_record *a, const struct egress_record *b) {
    return a->target.port == b->target.port && strcmp(a->target.host, b->target.host) == 0 &&
           strcmp(a->address, b->address) == 0 && strcmp(a->refused, b->refused) == 0;
}

/* Requests that are alike are one record. Refusals get at most half of the list: a step cannot crowd out what it reached. */
static void record(struct egress_proxy *p, const struct egress_record *r) {
    (void)pthread_mutex_lock(&p->lock);
    size_t i = 0, refused = 0;
    while (i < p->list_n && !same(&p->list[i], r)) {
        refused += p->list[i++].refused[0] != 0 ? 1 : 0;
    }
    struct egress_record *to = i < p->list_n ? &p->list[i] : NULL;
    if (to == NULL && i < EGRESS_LIST_MAX && (r->refused[0] == 0 || refused < EGRESS_LIST_MAX / 2)) {
        to = &p->list[p->list_n++];
        *to = *r;
        to->sent = to->received = 0;
    }
    if (to != NULL) {
        to->times++;
        to->sent += r->sent;
        to->received += r->received;
        to->arrived = r->arrived < to->arrived ? r->arrived : to->arrived;
    } else {
        p->more++;
    }
    (void)pthread_mutex_unlock(&p->lock);
}

static bool is_stopping(struct egress_proxy *p) {
    (void)pthread_mutex_lock(&p->lock);
    bool stopping = p->stopping;
    (void)pthread_mutex_unlock(&p->lock);
    return stopping;
}

/* Until `fd` is ready; false: it is not in time, or the proxy stops. */
static bool ready(const struct client *c, int fd, short events, int ms) {
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = c->proxy->stop, .events = POLLIN}};
    int n;
    while ((n = poll(fds, 2, ms)) < 0 && errno == EINTR) {
    }
    return n > 0 && fds[1].revents == 0;
}

static bool put_all(const struct client *c, int fd, struct bytes b) {
    while (b.n > 0) {
        ssize_t n = send(fd, b.p, b.n, MSG_NOSIGNAL);
        if (n > 0) {
            b = (struct bytes){b.p + n, b.n - (size_t)n};
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!ready(c, fd, POLLOUT, IDLE_MS)) {
                return false;
            }
        } else {
            return false;
        }
    }
    return true;
}

static void answer(const struct client *c, const char *status, const char *why) {
    char text[768];
    int n =
        snprintf(text, sizeof text,
                 "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nConnection: close\r\nContent-Length: %zu\r\n\r\nledger: %s\n",
                 status, strlen(why) + 9, why);
    if (n > 0 && n < (int)sizeof text) {
        (void)put_all(c, c->fd, (struct bytes){(const uint8_t *)text, (size_t)n});
    }
}

static void refuse(struct client *c, const char *why) {
    char text[EGRESS_REFUSED_MAX + EGRESS_HOST_MAX + 64];
    (void)snprintf(c->record.refused, sizeof c->record.refused, "%s", why);
    (void)snprintf(text, sizeof text, "'%s' port %u: %s", c->record.target.host, (unsigned)c->record.target.port, why);
    answer(c, "403 Forbidden", text);
}

static int connect_to(const struct client *c, const struct sockaddr *address, socklen_t n) {
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    int failed = connect(fd, address, n) == 0 ? 0 : errno;
    if (failed == EINPROGRESS) {
        socklen_t size = sizeof failed;
        failed = !ready(c, fd, POLLOUT, CONNECT_MS) || getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) != 0 ? ETIMEDOUT
                                                                                                                 : failed;
    }
    if (failed != 0) {
        close(fd);
        errno = failed;
        return -1;
    }
    return fd;
}

static bool address_of(const struct sockaddr *sa, struct egress_address *ret) {
    *ret = (struct egress_address){.n = 0};
    if (sa->sa_family == AF_INET) {
        ret->n = 4;
        memcpy(ret->p, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        ret->n = 16;
        memcpy(ret->p, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    }
    return ret->n > 0;
}

/* Connects to the first address that may be reached and answers. False: none; the client has been told. */
static bool reach(struct client *c) {
    const struct egress_target *t = &c->record.target;
    const char *const *patterns = (const char *const *)c->proxy->patterns;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
    char port[8], why[EGRESS_REFUSED_MAX] = "";
    if (!egress_grant_fits(patterns, t)) {
        refuse(c, "not granted (network.egress)");
        return false;
    }
    (void)snprintf(port, sizeof port, "%u", (unsigned)t->port);
    hints.ai_flags |= t->is_address ? AI_NUMERICHOST : 0;
    int failed = getaddrinfo(t->host, port, &hints, &list);
    if (failed != 0 || is_stopping(c->proxy)) {
        (void)snprintf(c->record.refused, sizeof c->record.refused, "not found: %s",
                       failed != 0 ? gai_strerror(failed) : "stopped");
        answer(c, "502 Bad Gateway", c->record.refused);
    }
    int last = 0;
    for (const struct addrinfo *a = failed == 0 ? list : NULL; a != NULL && c->server < 0 && !is_stopping(c->proxy);
         a = a->ai_next) {
        struct egress_address address;
        const char *fault = address_of(a->ai_addr, &address) ? egress_address_fault(&address) : "unknown";
        if (fault != NULL && (address.n == 0 || !egress_grant_names(patterns, t, &address))) {
            (void)snprintf(why, sizeof why, "leads to a %s address, which no grant names", fault);
            continue;
        }
        c->server = connect_to(c, a->ai_addr, a->ai_addrlen);
        last = c->server < 0 ? errno : 0;
        if (c->server >= 0) {
            egress_address_text(&address, c->record.address);
        }
    }
    if (list != NULL) {
        freeaddrinfo(list);
    }
    if (c->server < 0 && failed == 0 && c->record.refused[0] == 0 && last == 0) {
        refuse(c, why[0] != 0 ? why : "stopped");
    } else if (c->server < 0 && failed == 0 && c->record.refused[0] == 0) {
        (void)snprintf(c->record.refused, sizeof c->record.refused, "not reached: %s", strerror(last));
        answer(c, "502 Bad Gateway", c->record.refused);
    }
    return c->server >= 0;
}

/* Bytes from one end to the other. 1: some; 0: that end has closed; -1: broken. */
static int pass(const struct client *c, int from, int to, uint8_t *room, uint64_t *count) {
    ssize_t n = recv(from, room, PIECE, MSG_DONTWAIT);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? 1 : -1;
    }
    if (n == 0) {
        (void)shutdown(to, SHUT_WR);
        return 0;
    }
    if (!put_all(c, to, (struct bytes){room, (size_t)n})) {
        return -1;
    }
    *count += (uint64_t)n;
    return 1;
}

static void tunnel(struct client *c, uint8_t *room) {
    bool up = true, down = true;
    while (up || down) {
        struct pollfd fds[] = {{.fd = up ? c->fd : -1, .events = POLLIN},
                               {.fd = down ? c->server : -1, .events = POLLIN},
                               {.fd = c->proxy->stop, .events = POLLIN}};
        int n = poll(fds, 3, IDLE_MS);
        if ((n <= 0 && !(n < 0 && errno == EINTR)) || fds[2].revents != 0) {
            return;
        }
        int one = fds[0].revents != 0 ? pass(c, c->fd, c->server, room, &c->record.sent) : 1;
        int two = fds[1].revents != 0 ? pass(c, c->server, c->fd, room, &c->record.received) : 1;
        if (one < 0 || two < 0) {
            return;
        }
        up = up && one > 0;
        down = down && two > 0;
    }
}

/* The head, and what follows it. 0, or what was wrong; the client has been told. */
static int take_head(struct client *c, uint8_t *room, size_t *ret_n, struct egress_request *request, struct buf *out) {
    struct err err = {0};
    uint64_t until = clock_monotonic_ns() / MS + HEAD_MS;
    for (size_t n = 0;;) {
        int rc = n > 0 ? egress_request_read((struct bytes){room, n}, request, out, &err) : 1;
        if (rc <= 0) {
            *ret_n = n;
            if (rc != 0) {
                (void)snprintf(c->record.refused, sizeof c->record.refused, "not understood");
                answer(c, "400 Bad Request", err.msg);
            }
            return rc;
        }
        uint64_t now = clock_monotonic_ns() / MS;
        ssize_t got = now < until && ready(c, c->fd, POLLIN, (int)(until - now)) ? recv(c->fd, room + n, PIECE - n, 0) : 0;
        if (got <= 0) {
            return ERR_NET;
        }
        n += (size_t)got;
    }
}

static void *serve(void *arg) {
    struct client *c = arg;
    struct egress_request request;
    struct buf out;
    uint8_t *room = malloc(PIECE);
    size_t n = 0;
    buf_init(&out, OUT_MAX);
    if (room != NULL && take_head(c, room, &n, &request, &out) == 0) {
        c->record.target = request.target;
        if (reach(c)) {
            struct bytes rest = {room + request.consumed, n - request.consumed};
            static const char established[] = "HTTP/1.1 200 Connection established\r\n\r\n";
            bool ok =
                request.connect ? put_all(c, c->fd, bytes_of(established)) : put_all(c, c->server, bytes_of_buf(&out));
            c->record.sent += ok ? out.n : 0;
            if (ok && put_all(c, c->server, rest)) {
                c->record.sent += rest.n;
                tunnel(c, room);
            }
        }
        record(c->proxy, &c->record);
    } else if (c->record.refused[0] != 0) {
        record(c->proxy, &c->record);
    }
    buf_done(&out);
    free(room);
    close(c->fd);
    if (c->server >= 0) {
        close(c->server);
    }
    let_go(c->proxy, true);
    free(c);
    return NULL;
}

static bool begin_thread(struct egress_proxy *p, void *(*work)(void *), void *arg) {
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t all, before;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are for the threads that expect them */
    (void)pthread_mutex_lock(&p->lock);
    bool ok = p->threads <= CLIENTS_MAX && !p->stopping && pthread_attr_init(&attr) == 0;
    if (ok) {
        (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        (void)pthread_attr_setstacksize(&attr, STACK);
        ok = pthread_create(&thread, &attr, work, arg) == 0;
        (void)pthread_attr_destroy(&attr);
    }
    p->threads += ok ? 1 : 0;
    p->holders += ok ? 1 : 0;
    (void)pthread_mutex_unlock(&p->lock);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return ok;
}

static void *accept_all(void *arg) {
    struct egress_proxy *p = arg;
    struct client waiting = {.proxy = p, .fd = -1};
    uint64_t arrived = 0;
    while (!is_stopping(p)) {
        if (!ready(&waiting, p->listener, POLLIN, -1)) {
            continue;
        }
        int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) {
                (void)nanosleep(&(struct timespec){0, 10 * MS}, NULL);
            }
            continue;
        }
        struct client *c = calloc(1, sizeof *c);
        if (c != NULL) {
            *c = (struct client){.proxy = p, .fd = fd, .server = -1, .record.arrived = ++arrived};
        }
        if (c == NULL || !begin_thread(p, serve, c)) { /* too many at once */
            close(fd);
            free(c);
        }
    }
    let_go(p, true);
    return NULL;
}

int egress_proxy_start(int listener, const char *const *patterns, struct egress_proxy **ret, struct err *err) {
    struct egress_proxy *p = calloc(1, sizeof *p);
    size_t n = 0;
    while (patterns[n] != NULL) {
        n++;
    }
    if (p == NULL) {
        close(listener);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    pthread_condattr_t attr;
    (void)pthread_condattr_init(&attr);
    (void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->gone, &attr);
    (void)pthread_condattr_destroy(&attr);
    p->listener = listener;
    p->holders = 1;
    p->stop = eventfd(0, EFD_CLOEXEC);
    p->patterns = calloc(n + 1, sizeof *p->patterns);
    bool ok = p->stop >= 0 && p->patterns != NULL && fcntl(listener, F_SETFL, O_NONBLOCK) == 0;
    for (size_t i = 0; ok && i < n; i++) {
        p->patterns[i] = strdup(patterns[i]);
        ok = p->patterns[i] != NULL;
    }
    if (!ok || !begin_thread(p, accept_all, p)) {
        let_go(p, false);
        return err_set(err, ERR_IO, "cannot start the proxy of the step");
    }
    *ret = p;
    return 0;
}

static int compare_arrivals(const void *a, const void *b) {
    uint64_t x = ((const struct egress_record *)a)->arrived, y = ((const struct egress_record *)b)->arrived;
    return (x > y) - (x < y);
}

uint64_t egress_proxy_stop(struct egress_proxy *p, egress_take_fn *take, void *ctx) {
    if (p == NULL) {
        return 0;
    }
    uint64_t one = 1, end = clock_monotonic_ns() + (uint64_t)STOP_MS * MS;
    struct timespec until = {(time_t)(end / CLOCK_NS_PER_S), (long)(end % CLOCK_NS_PER_S)};
    (void)pthread_mutex_lock(&p->lock);
    p->stopping = true;
    (void)!write(p->stop, &one, sizeof one);
    while (p->threads > 0 && pthread_cond_timedwait(&p->gone, &p->lock, &until) == 0) {
    }
    qsort(p->list, p->list_n, sizeof p->list[0], compare_arrivals);
    for (size_t i = 0; i < p->list_n; i++) {
        take(ctx, &p->list[i]);
    }
    uint64_t more = p->more;
    (void)pthread_mutex_unlock(&p->lock);
    let_go(p, false);
    return more;
}
