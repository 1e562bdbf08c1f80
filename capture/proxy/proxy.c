/* One thread accepts, one serves each connection.
 *
 *   accept --> a place in the table; when there is none, the connection that has been idle for longest goes first
 *   stop   --> idle connections are shut down at once, exchanges five seconds later; then every thread ends by itself
 *
 * A socket is shut down by others, and closed by its own thread alone, under the lock. */
#include "capture/proxy/proxy.h"

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
#include "capture/proxy/pass.h"
#include "ledger/version.h"
#include "work/model/place.h"

#define CONNECTIONS_MAX 64
#define IDLE_HTTP_MAX   8
#define HOSTS_MAX       34
#define WAIT_MS         100
#define STOP_NS         (5 * CLOCK_NS_PER_S)
#define PLACE_NS        (10 * CLOCK_NS_PER_S)

struct proxy;

struct slot {
    struct proxy *proxy;
    int fd; /* -1: free */
    bool idle;
    uint64_t since; /* idle since then */
};

struct proxy {
    const struct proxy_options *options;
    struct pass_shared shared;
    struct httpd_listener listener;
    struct work_place place;
    char pin[MODEL_PIN_MAX], endpoint[WORK_HOST_MAX + 16];
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

static struct http *take_http(struct proxy *p) {
    struct http *http = NULL;
    struct err err = {0};
    pthread_mutex_lock(&p->lock);
    if (p->http_n > 0) http = p->http[--p->http_n];
    pthread_mutex_unlock(&p->lock);
    if (http == NULL && http_open("ledger/" LEDGER_VERSION, &http, &err) != 0) return NULL;
    return http;
}

static void give_http(struct proxy *p, struct http *http) {
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
    struct proxy *p = slot->proxy;
    pthread_mutex_lock(&p->lock);
    slot->idle = idle;
    slot->since = clock_monotonic_ns();
    pthread_mutex_unlock(&p->lock);
}

static void on_begun(void *ctx) {
    set_idle(ctx, false);
}

static void *serve(void *ctx) {
    struct slot *slot = ctx;
    struct proxy *p = slot->proxy;
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
static void end_one(struct proxy *p) {
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
static struct slot *find_slot(struct proxy *p) {
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

static void accept_one(struct proxy *p) {
    int yes = 1, fd = accept4(p->listener.fd, NULL, NULL, SOCK_CLOEXEC);
    pthread_t thread;
    if (fd < 0) return;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)); /* an event of a stream is not delayed */
    pthread_mutex_lock(&p->lock);
    struct slot *slot = find_slot(p);
    if (slot != NULL) {
        *slot = (struct slot){.proxy = p, .fd = fd, .idle = true, .since = clock_monotonic_ns()};
        p->n++;
    }
    pthread_mutex_unlock(&p->lock);
    if (slot == NULL) {
        send_away(fd);
    } else if (thread_start(&thread, serve, slot) == 0) {
        (void)pthread_detach(thread);
    } else {
        pthread_mutex_lock(&p->lock);
        slot->fd = -1;
        p->n--;
        pthread_mutex_unlock(&p->lock);
        send_away(fd);
    }
}

static void shut(struct proxy *p, bool all) {
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        struct slot *s = &p->slots[i];
        if (s->fd >= 0 && (all || s->idle)) (void)shutdown(s->fd, all ? SHUT_RDWR : SHUT_RD);
    }
    pthread_mutex_unlock(&p->lock);
}

static bool is_busy(struct proxy *p) {
    pthread_mutex_lock(&p->lock);
    bool busy = p->n > 0;
    pthread_mutex_unlock(&p->lock);
    return busy;
}

/* Ends everything; returns when no thread is left. */
static void drain(struct proxy *p) {
    uint64_t until = clock_monotonic_ns() + STOP_NS;
    atomic_store(&p->shared.stopping, true);
    while (is_busy(p)) {
        bool late = clock_monotonic_ns() >= until;
        if (late) atomic_store(&p->shared.ending, true);
        shut(p, late);
        (void)poll(NULL, 0, WAIT_MS / 5);
    }
}

static int serve_all(struct proxy *p, struct err *err) {
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

static int set_upstream(struct proxy *p, struct err *err) {
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
    p->shared.watch.egress = !found || !p->place.loopback;
    snprintf(p->endpoint, sizeof(p->endpoint), "%s:%u", p->place.host, p->place.port);
    p->shared.watch.endpoint = p->endpoint;
    return 0;
}

static int set_token(struct proxy *p, struct err *err) {
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

static int set_listener(struct proxy *p, struct err *err) {
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

static int open_all(struct proxy *p, struct ledger *ledger, struct err *err) {
    const struct proxy_options *o = p->options;
    struct watch_shared *w = &p->shared.watch;
    const struct recorder_options recorder = {.actor = o->actor != NULL ? o->actor : "service:proxy", .source = "proxy"};
    proxy_watch_shared_init(w);
    w->content = o->content;
    w->run = o->run;
    w->runtime = o->runtime;
    int rc = set_token(p, err);
    if (rc == 0) rc = set_upstream(p, err);
    if (rc == 0) rc = names_open(ledger, &w->names, err);
    if (rc == 0) rc = recorder_open(ledger, &recorder, &w->recorder, err);
    if (rc == 0) rc = set_listener(p, err);
    return rc;
}

static void close_all(struct proxy *p, struct proxy_result *ret) {
    struct recorder_stats stats = {0};
    if (p->listener.fd >= 0) {
        close(p->listener.fd);
        if (strncmp(p->listener.address, HTTPD_UNIX, strlen(HTTPD_UNIX)) == 0) {
            (void)unlink(p->listener.address + strlen(HTTPD_UNIX));
        }
    }
    while (p->http_n > 0) {
        http_close(p->http[--p->http_n]);
    }
    names_close(p->shared.watch.names);
    recorder_close(p->shared.watch.recorder, &stats);
    crypt_secret_free(p->token);
    *ret = (struct proxy_result){.calls = atomic_load(&p->shared.watch.calls),
                                 .others = atomic_load(&p->shared.watch.others),
                                 .refused = atomic_load(&p->shared.refused),
                                 .written = stats.written,
                                 .lost = stats.lost};
}

int proxy_run(struct ledger *ledger, const struct proxy_options *options, struct proxy_result *ret, struct err *err) {
    struct proxy *p = calloc(1, sizeof(*p));
    if (p == NULL) return err_set(err, ERR_NOMEM, "proxy: out of memory");
    p->options = options;
    p->listener.fd = -1;
    for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
        p->slots[i].fd = -1;
    }
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->freed, NULL);
    int rc = open_all(p, ledger, err);
    if (rc == 0) {
        if (options->listening != NULL) options->listening(options->ctx, p->listener.address);
        rc = serve_all(p, err);
    }
    close_all(p, ret);
    pthread_cond_destroy(&p->freed);
    pthread_mutex_destroy(&p->lock);
    free(p);
    return rc;
}
