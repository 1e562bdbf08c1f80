/* The libmicrohttpd door.
 *
 *   httpd_run: MHD_run_wait, again and again --> on_connection: a list of connections, for the deadlines
 *                                            --> on_request: guard | body, piece by piece | handler, answer
 *                                            --> on_completed: a request is forgotten
 *
 * A refusal while the body comes in can be sent only after it: the rest is read and dropped, up to a limit. libmicrohttpd
 * counts only the time without a byte; a sender of one byte a second is ended by shutting its socket down. */
#include "base/httpd.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/gz.h"
#include "base/json.h"
#include "base/text.h"

#define CONNECTIONS_MAX  128
#define CONNECTION_BYTES ((size_t)32 << 10)
#define BACKLOG          64
#define WAIT_MS          100
#define IDLE_S           10
#define HEADER_NS        (20 * CLOCK_NS_PER_S)
#define BODY_NS          (10 * CLOCK_NS_PER_S) /* and a second for each BODY_RATE bytes */
#define BODY_RATE        ((uint64_t)16 << 10)
#define ANSWER_NS        (30 * CLOCK_NS_PER_S)
#define STOP_NS          (5 * CLOCK_NS_PER_S)
#define DROPPED_MAX      ((uint64_t)64 << 20) /* bytes of a refused body that are still read */
#define BUSY_RETRY_S     1
#define REPLY_MAX        ((size_t)64 << 10)

#define FUNCTIONS(X)                                                                                                       \
    X(MHD_start_daemon)                                                                                                    \
    X(MHD_stop_daemon)                                                                                                     \
    X(MHD_quiesce_daemon)                                                                                                  \
    X(MHD_run_wait)                                                                                                        \
    X(MHD_get_connection_values_n)                                                                                         \
    X(MHD_get_connection_info)                                                                                             \
    X(MHD_create_response_from_buffer)                                                                                     \
    X(MHD_add_response_header)                                                                                             \
    X(MHD_queue_response)                                                                                                  \
    X(MHD_destroy_response)

struct functions {
#define MEMBER(name) __typeof__(&name) name;
    FUNCTIONS(MEMBER)
#undef MEMBER
};

enum phase { WAITING, RECEIVING, ANSWERING };

struct connection {
    struct connection *next, **link;
    int fd;
    enum phase phase;
    uint64_t since, received; /* of the phase; bytes of the body */
    bool ended;               /* shut down by us */
};

struct request {
    size_t route;
    unsigned refused; /* the status that is sent when the body has come */
    char message[256];
    uint64_t held, dropped; /* bytes that count in httpd.bodies; of a refused body */
    struct gz_push *gz;     /* NULL: the body comes as it is */
    struct buf body;
};

struct httpd {
    struct httpd_options options;
    void *library;
    struct functions f;
    struct MHD_Daemon *daemon;
    int fd;
    char address[HTTPD_ADDRESS_MAX], named[HTTPD_ADDRESS_MAX];
    const char *hosts[2];
    struct httpd_policy policy;
    struct connection *connections;
    uint64_t bodies;
    const volatile sig_atomic_t *stop; /* may be NULL */
    int code;                          /* of the handler */
    struct err why;
};

/* ---- loading ------------------------------------------------------------------------------------------------------ */

static int load_functions(struct httpd *h, struct err *err) {
    h->library = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (h->library == NULL) {
        return err_set(err, ERR_IO,
                       "receiving over HTTP needs libmicrohttpd, which is not installed (Debian package libmicrohttpd12)");
    }
#define LOAD(name)                                                                                                         \
    {                                                                                                                      \
        void *symbol = dlsym(h->library, #name);                                                                           \
        if (symbol == NULL) {                                                                                              \
            return err_set(err, ERR_IO, "libmicrohttpd has no %s; version 0.9.73 or newer is needed", #name);              \
        }                                                                                                                  \
        memcpy(&h->f.name, &symbol, sizeof(symbol));                                                                       \
    }
    FUNCTIONS(LOAD)
#undef LOAD
    return 0;
}

/* ---- answering ---------------------------------------------------------------------------------------------------- */

static struct connection *connection_of(const struct httpd *h, struct MHD_Connection *c) {
    const union MHD_ConnectionInfo *info = h->f.MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static void enter(const struct httpd *h, struct MHD_Connection *c, enum phase phase) {
    struct connection *connection = connection_of(h, c);
    if (connection != NULL) {
        connection->phase = phase;
        connection->since = clock_boot_ns();
        connection->received = 0;
    }
}

static bool is_stopping(const struct httpd *h) {
    return h->stop != NULL && *h->stop != 0;
}

static enum MHD_Result send_json(struct httpd *h, struct MHD_Connection *c, unsigned status, unsigned retry_after_s,
                                 const char *allow, struct bytes json) {
    char seconds[16];
    struct MHD_Response *r = h->f.MHD_create_response_from_buffer(json.n, (void *)(uintptr_t)json.p, MHD_RESPMEM_MUST_COPY);
    if (r == NULL) {
        return MHD_NO;
    }
    h->f.MHD_add_response_header(r, "Content-Type", "application/json");
    h->f.MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    h->f.MHD_add_response_header(r, "Cache-Control", "no-store");
    if (retry_after_s > 0) {
        snprintf(seconds, sizeof(seconds), "%u", retry_after_s);
        h->f.MHD_add_response_header(r, "Retry-After", seconds);
    }
    if (allow != NULL) {
        h->f.MHD_add_response_header(r, "Allow", allow);
    }
    if (is_stopping(h) || (status >= 400 && status != 503)) {
        h->f.MHD_add_response_header(r, "Connection", "close");
    }
    enum MHD_Result sent = h->f.MHD_queue_response(c, status, r);
    h->f.MHD_destroy_response(r);
    enter(h, c, ANSWERING);
    return sent;
}

static enum MHD_Result send_refusal(struct httpd *h, struct MHD_Connection *c, unsigned status, unsigned retry_after_s,
                                    const char *allow, const char *message) {
    struct buf json;
    struct bytes words = bytes_of(message);
    words.n = text_utf8_valid(words.p, words.n); /* it may be cut within a character */
    buf_init(&json, REPLY_MAX);
    buf_printf(&json, "{\"code\":%d,\"message\":", httpd_rpc_code(status));
    json_put_str(&json, words);
    buf_put_u8(&json, '}');
    enum MHD_Result sent = json.fail == 0 ? send_json(h, c, status, retry_after_s, allow, bytes_of_buf(&json)) : MHD_NO;
    buf_done(&json);
    return sent;
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

static enum MHD_Result on_header(void *ctx, enum MHD_ValueKind kind, const char *name, size_t name_n, const char *value,
                                 size_t value_n) {
    struct httpd_head *head = ctx;
    (void)kind;
    if (head->n < HTTPD_HEADERS_MAX) {
        head->headers[head->n] = (struct httpd_header){{(const uint8_t *)name, name_n}, {(const uint8_t *)value, value_n}};
    }
    head->n++;
    return MHD_YES;
}

/* A body is mapped at its largest: only the pages that it comes to fill are there, growing copies nothing, and afterwards
 * the system has all of it back. The buffer has no room to grow, so nothing else is done with what it points to. */
static bool body_map(struct buf *body, size_t max) {
    void *p = mmap(NULL, max + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    buf_init(body, max);
    if (p == MAP_FAILED) {
        return false;
    }
    body->p = p;
    body->cap = max;
    return true;
}

static void body_unmap(struct buf *body) {
    if (body->p != NULL) {
        munmap(body->p, body->max + 1);
    }
    buf_init(body, body->max);
}

static void refuse(struct httpd *h, struct request *r, unsigned status, const char *message) {
    r->refused = status;
    snprintf(r->message, sizeof(r->message), "%.255s", message);
    h->bodies -= r->held;
    r->held = 0;
    gz_push_free(r->gz);
    r->gz = NULL;
    body_unmap(&r->body);
}

#define BUSY "too much is being received at once; try again"

static enum MHD_Result begin(struct httpd *h, struct MHD_Connection *c, const struct httpd_head *head, void **ret) {
    struct httpd_verdict v;
    httpd_judge(&h->policy, head, &v);
    if (v.status != 0) {
        return send_refusal(h, c, v.status, 0, v.allow, v.message);
    }
    if (v.has_length && v.length > h->options.bodies_max - h->bodies) {
        return send_refusal(h, c, 503, BUSY_RETRY_S, NULL, BUSY);
    }
    struct request *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        return MHD_NO;
    }
    r->route = v.route;
    bool mapped = body_map(&r->body, (size_t)h->options.body_max + 1);
    if (!mapped || (v.coding == HTTPD_GZIP && gz_push_new(&r->gz, NULL) != 0)) {
        body_unmap(&r->body);
        free(r);
        return MHD_NO;
    }
    enter(h, c, RECEIVING);
    *ret = r;
    return MHD_YES;
}

static enum MHD_Result receive(struct httpd *h, struct MHD_Connection *c, struct request *r, const char *data, size_t n) {
    struct connection *connection = connection_of(h, c);
    struct err why = {0};
    if (connection != NULL) {
        connection->received += n;
    }
    if (r->refused != 0) {
        r->dropped += n;
        return r->dropped <= DROPPED_MAX ? MHD_YES : MHD_NO;
    }
    int code = r->gz != NULL ? gz_push(r->gz, data, n, &r->body, &why) : buf_put(&r->body, data, n);
    if (code == ERR_NOMEM) {
        return MHD_NO;
    }
    if (code == 0 && r->body.n > h->options.body_max) {
        code = ERR_LIMIT;
    }
    if (code == ERR_LIMIT) {
        char message[128];
        snprintf(message, sizeof(message), "the body is too large; accepted: %llu bytes, decoded",
                 (unsigned long long)h->options.body_max);
        refuse(h, r, 413, r->body.n > h->options.body_max || r->gz == NULL ? message : why.msg);
    } else if (code != 0) {
        refuse(h, r, 400, why.msg);
    } else if (r->body.n - r->held > h->options.bodies_max - h->bodies) {
        refuse(h, r, 503, BUSY);
    } else {
        h->bodies += r->body.n - r->held;
        r->held = r->body.n;
    }
    return MHD_YES;
}

static enum MHD_Result answer(struct httpd *h, struct MHD_Connection *c, struct request *r) {
    struct httpd_reply reply = {.status = 200};
    struct err why = {0};
    if (r->refused == 0 && h->code != 0) {
        refuse(h, r, 503, "the server ends");
    }
    if (r->refused == 0 && r->gz != NULL && gz_push_end(r->gz, &why) != 0) {
        refuse(h, r, 400, why.msg);
    }
    if (r->refused != 0) {
        return send_refusal(h, c, r->refused, r->refused == 503 ? BUSY_RETRY_S : 0, NULL, r->message);
    }
    buf_init(&reply.body, REPLY_MAX);
    const struct httpd_request request = {r->route, bytes_of_buf(&r->body)};
    int code = h->options.handle(h->options.ctx, &request, &reply, &why);
    if (code != 0 && h->code == 0) {
        h->code = code;
        h->why = why;
    }
    enum MHD_Result sent;
    if (reply.status == 200) {
        sent = send_json(h, c, 200, 0, NULL, bytes_of_buf(&reply.body));
    } else {
        buf_put_u8(&reply.body, 0);
        sent = send_refusal(h, c, reply.status, reply.retry_after_s, NULL,
                            reply.body.fail == 0 ? (const char *)reply.body.p : "");
    }
    buf_done(&reply.body);
    return sent;
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method,
                                  const char *version, const char *data, size_t *data_n, void **state) {
    struct httpd *h = ctx;
    if (*state == NULL) {
        struct httpd_head head = {.method = method, .target = url, .version = version};
        h->f.MHD_get_connection_values_n(c, MHD_HEADER_KIND, on_header, &head);
        return begin(h, c, &head, state);
    }
    if (*data_n > 0) {
        enum MHD_Result taken = receive(h, c, *state, data, *data_n);
        *data_n = 0;
        return taken;
    }
    return answer(h, c, *state);
}

/* Also when the connection broke: then nothing was handed on. */
static void on_completed(void *ctx, struct MHD_Connection *c, void **state, enum MHD_RequestTerminationCode how) {
    struct httpd *h = ctx;
    struct request *r = *state;
    (void)how;
    if (r != NULL) {
        h->bodies -= r->held;
        gz_push_free(r->gz);
        body_unmap(&r->body);
        free(r);
        *state = NULL;
    }
    enter(h, c, WAITING);
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void on_connection(void *ctx, struct MHD_Connection *c, void **state, enum MHD_ConnectionNotificationCode what) {
    struct httpd *h = ctx;
    struct connection *connection = *state;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (connection != NULL) {
            *connection->link = connection->next;
            if (connection->next != NULL) {
                connection->next->link = connection->link;
            }
            free(connection);
            *state = NULL;
        }
        return;
    }
    const union MHD_ConnectionInfo *info = h->f.MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL || info == NULL) {
        free(connection);
        return; /* without deadlines, but with the library's own limit */
    }
    connection->fd = info->connect_fd;
    connection->since = clock_boot_ns();
    connection->next = h->connections;
    connection->link = &h->connections;
    if (connection->next != NULL) {
        connection->next->link = &connection->next;
    }
    h->connections = connection;
    *state = connection;
}

/* Whoever takes longer than his phase may is shut down; the library then finds his socket at its end. */
static void end_slow(struct httpd *h) {
    uint64_t now = clock_boot_ns();
    for (struct connection *c = h->connections; c != NULL; c = c->next) {
        uint64_t may = c->phase == WAITING     ? HEADER_NS
                       : c->phase == ANSWERING ? ANSWER_NS
                                               : BODY_NS + c->received / BODY_RATE * CLOCK_NS_PER_S;
        if (!c->ended && now - c->since > may) {
            shutdown(c->fd, SHUT_RDWR);
            c->ended = true;
        }
    }
}

/* ---- the address -------------------------------------------------------------------------------------------------- */

static int bad_address(const char *address, struct err *err) {
    return err_set(err, ERR_INVALID,
                   "'%.60s' is no address that can be listened on; accepted: 127.0.0.1:PORT, [::1]:PORT, localhost:PORT "
                   "(this machine only: what comes from elsewhere has no right here)",
                   address);
}

static int parse_address(const char *address, struct sockaddr_storage *ret, socklen_t *ret_n, struct err *err) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
    const char *colon = strrchr(address, ':');
    char host[48];
    uint64_t port = 0;
    memset(ret, 0, sizeof(*ret));
    if (colon == NULL || (size_t)(colon - address) >= sizeof(host) || text_parse_u64(bytes_of(colon + 1), &port) != 0 ||
        port > 65535) {
        return bad_address(address, err);
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    if (strcmp(host, "[::1]") == 0) {
        v6->sin6_family = AF_INET6;
        v6->sin6_addr = in6addr_loopback;
        v6->sin6_port = htons((uint16_t)port);
        *ret_n = sizeof(*v6);
        return 0;
    }
    v4->sin_family = AF_INET;
    v4->sin_port = htons((uint16_t)port);
    *ret_n = sizeof(*v4);
    if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4->sin_addr) != 1 ||
        ntohl(v4->sin_addr.s_addr) >> 24 != 127) {
        return bad_address(address, err);
    }
    return 0;
}

/* What was bound, and what a request may call it. */
static int name_address(struct httpd *h, struct err *err) {
    struct sockaddr_storage bound;
    socklen_t n = sizeof(bound);
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(h->fd, (struct sockaddr *)&bound, &n) != 0) {
        return err_errno(err, errno, "listening on '%s'", h->options.address);
    }
    bool v6 = bound.ss_family == AF_INET6;
    unsigned port = ntohs(v6 ? ((struct sockaddr_in6 *)&bound)->sin6_port : ((struct sockaddr_in *)&bound)->sin_port);
    inet_ntop(bound.ss_family,
              v6 ? (void *)&((struct sockaddr_in6 *)&bound)->sin6_addr : (void *)&((struct sockaddr_in *)&bound)->sin_addr,
              host, sizeof(host));
    snprintf(h->address, sizeof(h->address), v6 ? "[%s]:%u" : "%s:%u", host, port);
    snprintf(h->named, sizeof(h->named), "localhost:%u", port);
    h->hosts[0] = h->address;
    h->hosts[1] = h->named;
    h->policy = (struct httpd_policy){h->options.routes, h->options.n_routes, h->hosts, 2, h->options.body_max};
    return 0;
}

static int listen_on(struct httpd *h, struct err *err) {
    struct sockaddr_storage address;
    socklen_t n = 0;
    int yes = 1;
    int code = parse_address(h->options.address, &address, &n, err);
    if (code != 0) {
        return code;
    }
    h->fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (h->fd < 0 || setsockopt(h->fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(h->fd, (struct sockaddr *)&address, n) != 0 || listen(h->fd, BACKLOG) != 0) {
        return err_errno(err, errno, "listening on '%s'", h->options.address);
    }
    return name_address(h, err);
}

/* ---- the server --------------------------------------------------------------------------------------------------- */

/* Targets are compared as they come. */
static size_t do_not_unescape(void *ctx, struct MHD_Connection *c, char *text) {
    (void)ctx, (void)c;
    return strlen(text);
}

static int start(struct httpd *h, struct err *err) {
    struct MHD_OptionItem items[] = {
        {MHD_OPTION_LISTEN_SOCKET, h->fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, (intptr_t)CONNECTION_BYTES, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, h},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, h},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)do_not_unescape, h},
        {MHD_OPTION_END, 0, NULL},
    };
    h->daemon = h->f.MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, h, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    return h->daemon != NULL ? 0 : err_set(err, ERR_IO, "listening on '%s': libmicrohttpd does not start", h->address);
}

int httpd_open(const struct httpd_options *options, struct httpd **ret, struct err *err) {
    struct httpd *h = calloc(1, sizeof(*h));
    if (h == NULL) {
        return err_set(err, ERR_NOMEM, "HTTP: out of memory");
    }
    h->options = *options;
    h->fd = -1;
    int code = listen_on(h, err);
    code = code != 0 ? code : load_functions(h, err);
    code = code != 0 ? code : start(h, err);
    if (code != 0) {
        httpd_close(h);
        return code;
    }
    *ret = h;
    return 0;
}

const char *httpd_address(const struct httpd *h) {
    return h->address;
}

static int turn(struct httpd *h, struct err *err) {
    if (h->f.MHD_run_wait(h->daemon, WAIT_MS) != MHD_YES) {
        return err_set(err, ERR_IO, "serving on '%s' failed", h->address);
    }
    end_slow(h);
    if (h->code != 0) {
        if (err != NULL) {
            *err = h->why;
        }
        return h->code;
    }
    return h->options.tick != NULL ? h->options.tick(h->options.ctx, err) : 0;
}

/* No new connections; what has begun may end. The listener is ours again. */
/* Somebody is in the middle of a request and still there. The library waits for those who left, too, for a while. */
static bool is_busy(const struct httpd *h) {
    for (const struct connection *c = h->connections; c != NULL; c = c->next) {
        struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
        if (c->phase != WAITING && !c->ended && poll(&p, 1, 0) == 0) {
            return true;
        }
    }
    return false;
}

static void drain(struct httpd *h) {
    uint64_t until = clock_boot_ns() + STOP_NS;
    h->fd = h->f.MHD_quiesce_daemon(h->daemon);
    while (is_busy(h) && clock_boot_ns() < until && h->f.MHD_run_wait(h->daemon, WAIT_MS) == MHD_YES) {
        end_slow(h);
    }
}

int httpd_run(struct httpd *h, const volatile sig_atomic_t *stop, struct err *err) {
    int code = 0;
    h->stop = stop;
    while (code == 0 && !is_stopping(h)) {
        code = turn(h, err);
    }
    drain(h);
    if (code == 0 && h->code != 0) {
        if (err != NULL) {
            *err = h->why;
        }
        code = h->code;
    }
    return code;
}

void httpd_close(struct httpd *h) {
    if (h == NULL) {
        return;
    }
    if (h->daemon != NULL) {
        h->f.MHD_stop_daemon(h->daemon);
    }
    if (h->fd >= 0) {
        close(h->fd);
    }
    if (h->library != NULL) {
        dlclose(h->library);
    }
    free(h);
}
