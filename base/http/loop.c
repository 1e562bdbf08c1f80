/* The loop: what epoll(7) says, new connections, those that are too slow.
 *
 *   httpd_run: turn, again and again --> every connection that has something to read or room to write
 *                                    --> new connections; when the table is full, another one goes first
 *                                    --> those that are too slow
 *
 * What a connection does is in connection.c. */
#include "base/http/server.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/connection.h"

#define LARGE      (128 << 10)
#define ACCEPTS    64 /* per turn: a new connection has several turns before it is the oldest */
#define WAIT_MS    100
#define LOOK_NS    (CLOCK_NS_PER_S / 10)
#define HEADER_NS  (10 * CLOCK_NS_PER_S) /* from the connection, or the last answer */
#define PACE_NS    (10 * CLOCK_NS_PER_S) /* in each of which a body must deliver PACE_BYTES */
#define PACE_BYTES ((uint64_t)160 << 10)
#define ANSWER_NS  (30 * CLOCK_NS_PER_S) /* in which some byte of an answer must be taken */
#define LEAVING_NS (10 * CLOCK_NS_PER_S)
#define STOP_NS    (5 * CLOCK_NS_PER_S)

/* ---- accepting and dropping --------------------------------------------------------------------------------------- */

bool httpd_wait_for(struct httpd *h, struct httpd_watch *watch, int how, unsigned events) {
    struct epoll_event e = {.events = events, .data.ptr = watch};
    return epoll_ctl(h->epoll, how, watch->fd, &e) == 0;
}

/* A connection that has sent something is told why, as far as the socket takes it. */
static void send_away(struct httpd *h, struct httpd_exchange *c, unsigned status, const char *message) {
    if (c->phase == HTTPD_RECEIVING || (c->phase == HTTPD_WAITING && c->in.n > 0)) {
        httpd_connection_cut_off(h, c, status, message);
    }
}

static bool may_go(const struct httpd_exchange *c, enum httpd_phase phase, uint64_t now) {
    return c->phase == phase && (phase != HTTPD_RECEIVING || now - c->heard > HTTPD_STALLED_NS);
}

/* Drops the connection that matters least: first one that has had its answer, then the one that has been without a
 * complete header for longest, then an idle body. One that is being answered stays. */
static bool end_one(struct httpd *h) {
    static const enum httpd_phase order[] = {HTTPD_LEAVING, HTTPD_REFUSING_H2, HTTPD_WAITING, HTTPD_RECEIVING};
    uint64_t now = clock_boot_ns();
    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        for (struct httpd_exchange *c = h->first; c != NULL; c = c->next) {
            if (may_go(c, order[i], now)) {
                send_away(h, c, 503, HTTPD_BUSY);
                httpd_connection_end(h, c);
                return true;
            }
        }
    }
    return false;
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
            bool room = h->n < h->options.connections_max || end_one(h);
            struct httpd_exchange *c = httpd_connection_new(h, fd);
            if (c != NULL && !room) {
                httpd_connection_cut_off(h, c, 503, HTTPD_BUSY);
                httpd_connection_end(h, c);
            }
        }
    }
}

static void end_if_slow(struct httpd *h, struct httpd_exchange *c, uint64_t now) {
    uint64_t took = now - c->since;
    if (c->phase == HTTPD_WAITING && took > HEADER_NS) {
        bool silent = c->in.n == 0;
        send_away(h, c, 408, "the header did not arrive in time");
        if (silent) {
            httpd_connection_end(h, c);
        }
    } else if (c->phase == HTTPD_RECEIVING && took > PACE_NS) {
        if (c->received < PACE_BYTES) {
            send_away(h, c, 408, "the body arrives too slowly");
        } else {
            c->since = now;
            c->received = 0;
        }
    } else if ((c->phase == HTTPD_REFUSING_H2 && took > HEADER_NS) || (c->phase == HTTPD_LEAVING && took > LEAVING_NS) ||
               (c->phase == HTTPD_ANSWERING && now - c->heard > ANSWER_NS) ||
               (c->phase == HTTPD_STREAMING && c->sent < c->out.n && now - c->heard > ANSWER_NS)) {
        httpd_connection_end(h, c);
    }
}

/* Some ten times a second: with thousands of connections it is too much for every turn. */
static void end_slow(struct httpd *h) {
    uint64_t now = clock_boot_ns();
    if (now - h->looked < LOOK_NS) return;
    h->looked = now;
    for (struct httpd_exchange *c = h->first, *next; c != NULL; c = next) {
        next = c->next;
        end_if_slow(h, c, now);
    }
}

static void free_ended(struct httpd *h) {
    while (h->ended != NULL) {
        struct httpd_exchange *c = h->ended;
        h->ended = c->next;
        free(c);
    }
}

/* ---- the server --------------------------------------------------------------------------------------------------- */

static bool is_unix(const char *address) {
    return strncmp(address, HTTPD_UNIX, strlen(HTTPD_UNIX)) == 0;
}

static int listen_for(const struct httpd_options *options, struct httpd_listener *ret, struct err *err) {
    return options->site && is_unix(options->address) ? httpd_listen_unix(options->address, ret, err)
                                                      : httpd_listen(options->address, ret, err);
}

static void make_policy(struct httpd *h) {
    h->hosts[0] = h->listener.address;
    h->hosts[1] = h->listener.named;
    for (size_t i = 0; i < 2; i++) {
        snprintf(h->origin[i], sizeof(h->origin[i]), "http://%s", h->hosts[i]);
        h->origins[i] = h->origin[i];
    }
    h->policy = (struct httpd_policy){.routes = h->options.routes,
                                      .n_routes = h->options.n_routes,
                                      .site = h->options.site,
                                      .hosts = h->hosts,
                                      .n_hosts = h->listener.named[0] != '\0' ? 2 : 0, /* any, on a Unix socket of ours */
                                      .origins = h->origins,
                                      .n_origins = h->options.site ? 2 : 0,
                                      .body_max = h->options.body_max,
                                      .instead_of_grpc = h->options.instead_of_grpc};
}

static void on_listener(struct httpd_watch *watch) {
    (void)watch; /* new connections come after all that is heard of the others */
}

int httpd_open(const struct httpd_options *options, struct httpd **ret, struct err *err) {
    struct httpd *h = calloc(1, sizeof(*h));
    (void)mallopt(M_MMAP_THRESHOLD,
                  LARGE); /* otherwise glibc raises it, and one large body leaves its room to small blocks */
    if (h == NULL) return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    h->options = *options;
    if (h->options.connections_max == 0) h->options.connections_max = HTTPD_CONNECTIONS;
    if (h->options.reply_max == 0) h->options.reply_max = HTTPD_REPLY_MAX;
    h->last = &h->first;
    h->listener.fd = -1;
    h->epoll = epoll_create1(EPOLL_CLOEXEC);
    int rc = h->epoll >= 0 ? listen_for(options, &h->listener, err) : err_errno(err, errno, "epoll");
    h->accepts = (struct httpd_watch){on_listener, h->listener.fd};
    if (rc == 0 && !httpd_wait_for(h, &h->accepts, EPOLL_CTL_ADD, EPOLLIN)) rc = err_errno(err, errno, "epoll");
    if (rc != 0) {
        httpd_close(h);
        return rc;
    }
    h->hears = true;
    make_policy(h);
    *ret = h;
    return 0;
}

const char *httpd_address(const struct httpd *h) {
    return h->listener.address;
}

size_t httpd_connections(const struct httpd *h) {
    return h->n;
}

int httpd_watch(struct httpd *h, struct httpd_watch *watch, struct err *err) {
    return httpd_wait_for(h, watch, EPOLL_CTL_ADD, EPOLLIN) ? 0 : err_errno(err, errno, "epoll");
}

void httpd_forget(struct httpd *h, const struct httpd_watch *watch) {
    for (int i = h->event; i < h->n_events; i++) {
        if (h->events[i].data.ptr == watch) {
            h->events[i].data.ptr = NULL;
        }
    }
}

void httpd_unwatch(struct httpd *h, struct httpd_watch *watch) {
    epoll_ctl(h->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
    httpd_forget(h, watch);
}

static bool is_connection(const struct httpd_watch *watch) {
    return watch->ready == NULL;
}

/* Waits for events and handles them. */
static int turn(struct httpd *h, int wait_ms, struct err *err) {
    bool accepts = false;
    if (h->listener.fd >= 0 && h->hears == h->no_room) {
        h->hears = !h->no_room;
        httpd_wait_for(h, &h->accepts, EPOLL_CTL_MOD, h->hears ? EPOLLIN : 0);
    }
    h->no_room = false;
    h->n_events = epoll_wait(h->epoll, h->events, HTTPD_EVENTS, wait_ms);
    if (h->n_events < 0 && errno != EINTR) {
        return err_errno(err, errno, "serving on '%s'", h->listener.address);
    }
    for (h->event = 0; h->event < h->n_events;) {
        const struct epoll_event *e = &h->events[h->event++];
        struct httpd_watch *watch = e->data.ptr;
        if (watch == &h->accepts) {
            accepts = true;
        } else if (watch != NULL && is_connection(watch)) {
            httpd_connection_on(h, (struct httpd_exchange *)watch, e->events);
        } else if (watch != NULL) {
            watch->ready(watch);
        }
    }
    h->n_events = 0;
    if (accepts && h->listener.fd >= 0) {
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
    for (const struct httpd_exchange *c = h->first; c != NULL; c = c->next) {
        if (c->phase == HTTPD_RECEIVING || c->phase == HTTPD_PENDING || c->phase == HTTPD_ANSWERING) return true;
    }
    return false;
}

static void end_streams(struct httpd *h) {
    for (struct httpd_exchange *c = h->first, *next; c != NULL; c = next) {
        next = c->next;
        if (c->phase == HTTPD_STREAMING) {
            httpd_connection_end(h, c);
        }
    }
}

static void stop_listening(struct httpd *h) {
    if (h->listener.fd < 0) return;
    close(h->listener.fd);
    if (is_unix(h->options.address)) { /* not one that a service manager passed */
        (void)unlink(h->options.address + strlen(HTTPD_UNIX));
    }
    h->listener.fd = -1;
}

/* Accepts no new connections; requests that have begun may finish. */
static int drain(struct httpd *h, struct err *err) {
    uint64_t until = clock_boot_ns() + STOP_NS;
    stop_listening(h);
    end_streams(h);
    int rc = turn(h, 0, err);
    while (rc == 0 && is_busy(h) && clock_boot_ns() < until) {
        rc = turn(h, WAIT_MS, err);
    }
    return rc;
}

int httpd_run(struct httpd *h, const volatile sig_atomic_t *stop, struct err *err) {
    uint64_t ticked = 0;
    int rc = 0;
    h->stop = stop;
    while (rc == 0 && !httpd_is_stopping(h)) {
        rc = turn(h, WAIT_MS, err);
        if (rc == 0) rc = handler_failed(h, err);
        if (rc == 0 && h->options.tick != NULL && h->looked != ticked) {
            ticked = h->looked;
            rc = h->options.tick(h->options.ctx, err);
        }
    }
    int drained = drain(h, rc == 0 ? err : NULL);
    if (rc == 0) rc = drained;
    if (rc == 0) rc = handler_failed(h, err);
    return rc;
}

void httpd_close(struct httpd *h) {
    if (h == NULL) return;
    while (h->first != NULL) {
        httpd_connection_end(h, h->first);
    }
    free_ended(h);
    stop_listening(h);
    if (h->epoll >= 0) {
        close(h->epoll);
    }
    free(h);
}
