/* getaddrinfo has no deadline. It runs in a thread of its own, which shares a heap object with the one that waits; the last
 * of the two frees it. */
#include "work/model/place.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/thread.h"
#include "work/egress/address.h"

#define SLICE_MS  50
#define NS_PER_MS UINT64_C(1000000)

bool model_stopped(const struct work_stop *stop) {
    struct pollfd p = {.fd = stop != NULL ? stop->fd : -1, .events = POLLIN};
    if (stop == NULL) return false;
    return (stop->flag != NULL && *stop->flag != 0) || (stop->fd > 0 && poll(&p, 1, 0) > 0);
}

void model_wait(const struct work_stop *stop, uint64_t until_ns) {
    struct pollfd p = {.fd = stop != NULL && stop->fd > 0 ? stop->fd : -1, .events = POLLIN};
    for (uint64_t now = clock_monotonic_ns(); now < until_ns && !model_stopped(stop); now = clock_monotonic_ns()) {
        uint64_t ms = (until_ns - now) / NS_PER_MS + 1;
        poll(&p, 1, ms < SLICE_MS ? (int)ms : SLICE_MS);
    }
}

bool model_place_read(const char *base, struct work_place *ret) {
    const char *host = strstr(base, "://");
    const char *end = host == NULL ? NULL : host[3] == '[' ? strchr(host, ']') : strchr(host + 3, ':');
    uint64_t port;
    if (end == NULL) return false;
    host += host[3] == '[' ? 4 : 3;
    size_t n = (size_t)(end - host);
    const char *digits = end + (*end == ']' ? 2 : 1);
    if (n == 0 || n >= sizeof(ret->host) ||
        text_parse_u64((struct bytes){(const uint8_t *)digits, strcspn(digits, "/")}, &port) != 0 || port > UINT16_MAX) {
        return false;
    }
    *ret = (struct work_place){.port = (uint16_t)port};
    memcpy(ret->host, host, n);
    return true;
}

/* ---- the look-up ---- */

struct lookup {
    pthread_mutex_t lock;
    pthread_cond_t known;
    unsigned holders;
    bool done;
    int failed; /* of getaddrinfo */
    struct work_place place;
};

static void let_go(struct lookup *l) {
    pthread_mutex_lock(&l->lock);
    bool last = --l->holders == 0;
    pthread_mutex_unlock(&l->lock);
    if (last) {
        pthread_cond_destroy(&l->known);
        pthread_mutex_destroy(&l->lock);
        free(l);
    }
}

static bool address_of(const struct sockaddr *sa, struct egress_address *ret) {
    if (sa->sa_family == AF_INET) {
        *ret = (struct egress_address){.n = 4};
        memcpy(ret->p, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, 4);
    } else if (sa->sa_family == AF_INET6) {
        *ret = (struct egress_address){.n = 16};
        memcpy(ret->p, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr, 16);
    }
    return sa->sa_family == AF_INET || sa->sa_family == AF_INET6;
}

static void add_address(struct work_place *place, const struct egress_address *address) {
    const char *fault = egress_address_fault(address);
    bool here = fault != NULL && strcmp(fault, "loopback") == 0;
    if (place->addresses_n == WORK_ADDRESSES_MAX) return;
    place->loopback = here && (place->addresses_n == 0 || place->loopback);
    egress_address_text(address, place->addresses[place->addresses_n++]);
}

static void *look_up(void *ctx) {
    struct lookup *l = ctx;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    struct work_place found = l->place; /* nobody else writes it before `done` */
    struct egress_address address;
    int failed = getaddrinfo(found.host, NULL, &hints, &list);
    for (const struct addrinfo *a = failed == 0 ? list : NULL; a != NULL; a = a->ai_next) {
        if (address_of(a->ai_addr, &address)) {
            add_address(&found, &address);
        }
    }
    if (list != NULL) {
        freeaddrinfo(list);
    }
    pthread_mutex_lock(&l->lock);
    l->failed = failed != 0 ? failed : found.addresses_n == 0 ? EAI_NONAME : 0;
    l->place = found;
    l->done = true;
    pthread_cond_signal(&l->known);
    pthread_mutex_unlock(&l->lock);
    let_go(l);
    return NULL;
}

static void await(struct lookup *l, const struct work_stop *stop, uint64_t until_ns) {
    while (!l->done && !model_stopped(stop) && clock_monotonic_ns() < until_ns) {
        uint64_t next = clock_monotonic_ns() + SLICE_MS * NS_PER_MS;
        struct timespec t = {(time_t)(next / CLOCK_NS_PER_S), (long)(next % CLOCK_NS_PER_S)};
        pthread_cond_clockwait(&l->known, &l->lock, CLOCK_MONOTONIC, &t);
    }
}

static int find_by_name(struct work_place *place, const struct work_stop *stop, uint64_t until_ns, struct err *err) {
    struct lookup *l = calloc(1, sizeof(*l));
    pthread_t thread;
    int rc = 0;
    if (l == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->known, NULL);
    l->holders = 2;
    l->place = *place;
    if (thread_start(&thread, look_up, l) != 0) {
        l->holders = 1;
        let_go(l);
        return err_set(err, ERR_NOMEM, "no thread can be started");
    }
    pthread_detach(thread);
    pthread_mutex_lock(&l->lock);
    await(l, stop, until_ns);
    if (l->done && l->failed == 0) {
        *place = l->place;
    } else if (l->done) {
        rc = err_set(err, ERR_NET, "'%s' is not found: %s", place->host, gai_strerror(l->failed));
    } else {
        rc = err_set(err, ERR_NET, model_stopped(stop) ? "stopped" : "looking up '%s' takes too long", place->host);
    }
    pthread_mutex_unlock(&l->lock);
    let_go(l);
    return rc;
}

int model_place_find(struct work_place *place, const struct work_stop *stop, uint64_t until_ns, struct err *err) {
    struct egress_address address;
    if (egress_address_read(bytes_of(place->host), &address)) {
        add_address(place, &address);
        return 0;
    }
    return find_by_name(place, stop, until_ns, err);
}

void model_place_pin(const struct work_place *place, char ret[MODEL_PIN_MAX]) {
    struct egress_address literal;
    ret[0] = '\0';
    if (egress_address_read(bytes_of(place->host), &literal)) return;
    size_t n = (size_t)snprintf(ret, MODEL_PIN_MAX, "%s:%u:", place->host, (unsigned)place->port);
    for (size_t i = 0; i < place->addresses_n && n < MODEL_PIN_MAX; i++) {
        const char *a = place->addresses[i];
        bool six = strchr(a, ':') != NULL;
        n += (size_t)snprintf(ret + n, MODEL_PIN_MAX - n, "%s%s%s%s", i > 0 ? "," : "", six ? "[" : "", a, six ? "]" : "");
    }
}
