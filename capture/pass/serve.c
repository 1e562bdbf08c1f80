/* One thread accepts, one serves each connection.
 *
 *   accept --> a place in the table; when there is none, the connection that has been idle for longest goes first
 *   stop   --> idle connections are shut down at once, exchanges five seconds later; then every thread ends by itself
 *
 * A socket is shut down by others, and closed by its own thread alone, under the lock. */
#include "capture/pass/serve.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/http/bearer.h"
#include "base/http/listen.h"
#include "base/thread.h"
#include "ledger/version.h"
#include "work/model/place.h"

#define CONNECTIONS_MAX 64
#define IDLE_HTTP_MAX   8
#define HOSTS_MAX       34
#define WAIT_MS         100
#define STOP_NS         (5 * CLOCK_NS_PER_S)
#define PLACE_NS        (10 * CLOCK_NS_PER_S)

struct slot {
    struct serve *serve;
    int fd; /* -1: free */
    bool idle;
    uint64_t since; /* idle since then */
};

struct serve {
    const struct serve_options *options;
    struct pass_shared shared;
    struct httpd_listener listener;
    struct work_place place;
    char pin[MODEL_PIN_MAX];
    struct serve_place said;
    const char *hosts[HOSTS_MAX];
    uint8_t *token;
    pthread_mutex_t lock;
    pthread_cond_t freed;
    struct slot slots[CONNECTIONS_MAX];
    size_t n;
    struct http *http[IDLE_HTTP_MAX]; /* with connections to the upstream that may be used again */
    size_t http_n;
};

/* ---- connections -------------------------------------------------------------------------------------------------- */

static struct http *take_http(struct serve *p) {
    struct http *http = NULL;
    struct err err = {0};
    pthread_mutex_lock(&p->lock);
    if (p->http_n > 0) http = p->http[--p->http_n];
    pthread_mutex_unlock(&p->lock);
    if (http == NULL && http_open("ledger/" LEDGER_VERSION, &http, &err) != 0) return NULL;
    return http;
}

static void give_http(struct serve *p, struct http *http) {
    pthread_mutex_lock(&p->lock);
    if (p->http_n < IDLE_HTTP_MAX) {
        p->http[p->http_n++] = http;
        http = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    http_close(http);
}

/* An idle connection may have to make room for others: until the head of a request is whole. */
static void set_idle(void *ctx, bool idle) {
    struct slot *slot = ctx;
    struct serve *p = slot->serve;
    pthread_mutex_lock(&p->lock);
    slot->idle = idle;
    slot->since = clock_monotonic_ns();
    pthread_mutex_unlock(&p->lock);
}

static void on_begun(void *ctx) {
    set_idle(ctx, false);
}

static void *serve_client(void *ctx) {
    struct slot *slot = ctx;
    struct serve *p = slot->serve;
    struct client *client = malloc(sizeof(*client));
    struct http *http = take_http(p);
    bool more = client != NULL && http != NULL;
    if (more) {
        client_init(client, slot->fd);
    }
    while (more && !atomic_load(&p->shared.stopping) && client_wait(client)) {
        more = pass_next(&p->shared, client, http, on_begun, slot);
        set_idle(slot, true);
    }
    if (client != NULL && http != NULL) {
        client_done(client);
    }
    free(client);
    if (http != NULL) {
        give_http(p, http);
    }
    pthread_mutex_lock(&p->lock);
    close(slot->fd);
    slot->fd = -1;
    p->n--;
    pthread_cond_broadcast(&p->freed);
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* Shuts down the connection that has been idle for longest. With the lock. */
static void end_one(struct serve *p) {
    struct slot *oldest = NULL;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct slot *s = &p->slots[i];
        if (s->fd >= 0 && s->idle && (oldest == NULL || s->since < oldest->since)) oldest = s;
    }
    if (oldest != NULL) {
        oldest->idle = false;
        (void)shutdown(oldest->fd, SHUT_RDWR);
    }
}

/* A free place, or NULL. With the lock. */
static struct slot *find_slot(struct serve *p) {
    struct timespec until;
    if (p->n == CONNECTIONS_MAX) {
        end_one(p);
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 200 * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        while (p->n == CONNECTIONS_MAX && pthread_cond_timedwait(&p->freed, &p->lock, &until) == 0) {
        }
    }
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        if (p->slots[i].fd < 0) return &p->slots[i];
    }
    return NULL;
}

static void send_away(int fd) {
    static const char busy[] =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";
    (void)send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

static void accept_one(struct serve *p) {
    int yes = 1, fd = accept4(p->listener.fd, NULL, NULL, SOCK_CLOEXEC);
    pthread_t thread;
    if (fd < 0) return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* an event of a stream is not delayed */
    pthread_mutex_lock(&p->lock);
    struct slot *slot = find_slot(p);
    if (slot != NULL) {
        *slot = (struct slot){.serve = p, .fd = fd, .idle = true, .since = clock_monotonic_ns()};
        p->n++;
    }
    pthread_mutex_unlock(&p->lock);
    if (slot == NULL) {
        send_away(fd);
    } else if (thread_start(&thread, serve_client, slot) == 0) {
        (void)pthread_detach(thread);
    } else {
        pthread_mutex_lock(&p->lock);
        slot->fd = -1;
        p->n--;
        pthread_mutex_unlock(&p->lock);
        send_away(fd);
    }
}

static void shut(struct serve *p, bool all) {
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct slot *s = &p->slots[i];
        if (s->fd >= 0 && (all || s->idle)) (void)shutdown(s->fd, all ? SHUT_RDWR : SHUT_RD);
    }
    pthread_mutex_unlock(&p->lock);
}

static bool is_busy(struct serve *p) {
    pthread_mutex_lock(&p->lock);
    bool busy = p->n > 0;
    pthread_mutex_unlock(&p->lock);
    return busy;
}

/* Ends everything; returns when no thread is left. */
static void drain(struct serve *p) {
    uint64_t until = clock_monotonic_ns() + STOP_NS;
    atomic_store(&p->shared.stopping, true);
    while (is_busy(p)) {
        bool late = clock_monotonic_ns() >= until;
        if (late) atomic_store(&p->shared.ending, true);
        shut(p, late);
        (void)poll(NULL, 0, WAIT_MS / 5);
    }
}

static int serve_until(struct serve *p, struct err *err) {
    int rc = 0;
    while (rc == 0 && *p->options->stop == 0) {
        struct pollfd poll_ = {.fd = p->listener.fd, .events = POLLIN};
        int n = poll(&poll_, 1, WAIT_MS);
        if (n > 0) {
            accept_one(p);
        } else if (n < 0 && errno != EINTR) {
            rc = err_errno(err, errno, "serving on '%s'", p->listener.address);
        }
    }
    drain(p);
    return rc;
}

/* ---- setting up --------------------------------------------------------------------------------------------------- */

static int set_upstream(struct serve *p, struct err *err) {
    struct http *http = NULL;
    int rc = http_open("ledger/" LEDGER_VERSION, &http, err);
    if (rc != 0) return rc;
    rc = http_base(http, p->options->upstream, p->shared.upstream, err);
    if (rc == 0) {
        give_http(p, http);
    } else {
        http_close(http);
        err_prefix(err, "--upstream");
        return rc;
    }
    const char *path = strchr(strstr(p->shared.upstream, "://") + 3, '/');
    snprintf(p->shared.origin, sizeof(p->shared.origin), "%.*s",
             (int)(path != NULL ? (size_t)(path - p->shared.upstream) : strlen(p->shared.upstream)), p->shared.upstream);
    snprintf(p->said.path, sizeof(p->said.path), "%s", path != NULL ? path : "");
    if (p->options->own_paths) memcpy(p->shared.upstream, p->shared.origin, sizeof(p->shared.upstream));
    if (!model_place_read(p->shared.upstream, &p->place)) {
        return err_set(err, ERR_INVALID, "--upstream: the host's name is too long");
    }
    const struct work_stop stop = {.flag = p->options->stop};
    struct err why = {0};
    bool found = model_place_find(&p->place, &stop, clock_monotonic_ns() + PLACE_NS, &why) == 0;
    /* A name that was of this box stays so: nothing leaves it unseen because a resolver changes its mind. */
    if (found && p->place.loopback) {
        model_place_pin(&p->place, p->pin);
        p->shared.pin = p->pin[0] != '\0' ? p->pin : NULL;
    }
    p->said.egress = !found || !p->place.loopback;
    snprintf(p->said.endpoint, sizeof(p->said.endpoint), "%s:%u", p->place.host, p->place.port);
    return 0;
}

static int set_token(struct serve *p, struct err *err) {
    size_t n = 0;
    bool here = httpd_listen_is_here(p->options->listen);
    if (p->options->token_file == NULL) {
        return here ? 0
                    : err_set(err, ERR_INVALID,
                              "'%.60s' is not an address of this machine alone; listening there needs --token-file FILE",
                              p->options->listen);
    }
    int rc = bearer_read(p->options->token_file, &p->token, &n, err);
    if (rc != 0) {
        err_prefix(err, "--token-file");
        return rc;
    }
    p->shared.policy.token = (struct bytes){p->token, n};
    return 0;
}

static int set_listener(struct serve *p, struct err *err) {
    const char *address = p->options->listen;
    struct httpd_policy *policy = &p->shared.policy;
    bool on_unix = strncmp(address, HTTPD_UNIX, strlen(HTTPD_UNIX)) == 0;
    int rc = on_unix               ? httpd_listen_unix(address, &p->listener, err)
             : policy->token.n > 0 ? httpd_listen_any(address, &p->listener, err)
                                   : httpd_listen(address, &p->listener, err);
    if (rc != 0) return rc;
    policy->passes = true;
    policy->body_max = PASS_BODY_MAX;
    policy->origins = p->options->origins;
    policy->n_origins = p->options->n_origins;
    policy->hosts = p->hosts;
    if (!on_unix) { /* no web page reaches a Unix socket, and its clients say what they like */
        p->hosts[policy->n_hosts++] = p->listener.address;
        p->hosts[policy->n_hosts++] = p->listener.named;
        for (size_t i = 0; i < p->options->n_hosts && policy->n_hosts < HOSTS_MAX; i++) {
            p->hosts[policy->n_hosts++] = p->options->hosts[i];
        }
    }
    return 0;
}

int serve_open(const struct serve_options *options, struct serve **ret, struct serve_place *ret_place, struct err *err) {
    struct serve *p = calloc(1, sizeof(*p));
    if (p == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    p->options = options;
    p->listener.fd = -1;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        p->slots[i].fd = -1;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->freed, NULL);
    atomic_init(&p->shared.held, PASS_HELD_ALL);
    int rc = set_token(p, err);
    if (rc == 0) rc = set_upstream(p, err);
    if (rc != 0) {
        serve_close(p, NULL);
        return rc;
    }
    *ret = p;
    *ret_place = p->said;
    return 0;
}

int serve_all(struct serve *p, const struct pass_handler *handler, struct err *err) {
    p->shared.handler = handler;
    int rc = set_listener(p, err);
    if (rc != 0) return rc;
    if (p->options->listening != NULL) p->options->listening(p->options->ctx, p->listener.address);
    return serve_until(p, err);
}

void serve_close(struct serve *p, uint64_t *ret_refused) {
    if (p == NULL) return;
    if (p->listener.fd >= 0) {
        close(p->listener.fd);
        if (strncmp(p->listener.address, HTTPD_UNIX, strlen(HTTPD_UNIX)) == 0) {
            (void)unlink(p->listener.address + strlen(HTTPD_UNIX));
        }
    }
    while (p->http_n > 0) {
        http_close(p->http[--p->http_n]);
    }
    crypt_secret_free(p->token);
    if (ret_refused != NULL) *ret_refused = atomic_load(&p->shared.refused);
    pthread_cond_destroy(&p->freed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
