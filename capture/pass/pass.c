/* Everything happens inside http_fetch, on one thread: libcurl asks for the body's next bytes, and we read them from the client;
 * it has bytes of the answer, and we send them. So neither side can be faster than the other, and nothing piles up here. What the
 * handler holds is the exception: a request is read before there is an upstream to give it to, an answer's head waits for its body. */
#include "capture/pass/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http/status.h"
#include "base/json.h"
#include "base/text.h"
#include "capture/pass/fields.h"
#include "capture/pass/held.h"

#define OUT_MAX    ((size_t)72 << 10)
#define CONNECT_MS 10000
#define CHUNK_MAX  ((size_t)16 << 10) /* what libcurl passes at once */

struct exchange {
    struct pass_shared *shared;
    struct client *client;
    struct http *http;
    const struct pass_handler *handler;
    void *room; /* the handler's */
    struct fields_answer answer;
    bool old, is_head, closes;    /* HTTP/1.0; HEAD; the connection ends with this answer */
    bool begun, chunks, sent_all; /* the head is sent; the body goes out in chunks */
    bool was_called, replaced;    /* the handler was told; what goes on is the handler's */
    enum pass_manner manner;      /* of the answer */
    struct held request, whole;   /* what is held */
    struct bytes left;            /* of a request that was held: what has not gone on yet */
    struct buf written;
    enum pass_end end;
    unsigned status; /* of a refusal of our own */
    const char *kind;
    char status_line[128];
};

/* ---- answers of our own ------------------------------------------------------------------------------------------- */

/* {"error": {"message", "type", "code"}}, the form that clients of model servers read. */
static void refuse(struct client *c, unsigned status, const char *kind, const char *allow, const char *message,
                   bool is_head) {
    struct buf json = {.max = 4096}, out = {.max = 8192};
    struct bytes words = bytes_of(message);
    struct err err = {0};
    words.n = text_utf8_valid(words.p, words.n);
    buf_put_str(&json, "{\"error\":{\"message\":");
    json_put_str(&json, words);
    buf_printf(&json, ",\"type\":\"%s\",\"code\":%u}}", kind, status);
    httpd_put_status(&out, status);
    buf_printf(&out,
               "Content-Type: application/json\r\nContent-Length: %zu\r\nX-Content-Type-Options: nosniff\r\n"
               "Cache-Control: no-store\r\nConnection: close\r\n",
               json.n);
    if (allow != NULL) buf_printf(&out, "Allow: %s\r\n", allow);
    if (status == 401) buf_put_str(&out, "WWW-Authenticate: Bearer\r\n");
    if (status == 503) buf_put_str(&out, "Retry-After: 1\r\n");
    buf_put_str(&out, "\r\n");
    if (!is_head) buf_put_bytes(&out, bytes_of_buf(&json));
    if (out.fail == 0 && json.fail == 0 && client_send(c, bytes_of_buf(&out), &err) == 0) client_leave(c);
    buf_done(&json);
    buf_done(&out);
}

/* ---- the answer --------------------------------------------------------------------------------------------------- */

static int fail(struct exchange *x, enum pass_end end, unsigned status, const char *kind) {
    x->end = end;
    x->status = status;
    x->kind = kind;
    return ERR_NET;
}

/* Where a redirect leads: it must stay at the upstream, because it is the only one. */
static int put_location(struct exchange *x, struct buf *out, struct err *err) {
    char place[HTTP_URL_MAX] = "", authority[HTTP_URL_MAX];
    const char *location = x->answer.location, *slashes = strstr(location, "://");
    if (slashes != NULL) {
        int n = snprintf(authority, sizeof(authority), "%.*s",
                         (int)(slashes + 3 - location) + (int)strcspn(slashes + 3, "/?#"), location);
        struct err why = {0};
        if (n >= (int)sizeof(authority) || http_base(x->http, authority, place, &why) != 0) place[0] = '\0';
    }
    const char *path =
        x->answer.refused ? NULL : fields_location(location, x->shared->origin, place[0] != '\0' ? place : NULL);
    if (path == NULL) {
        (void)fail(x, PASS_FAILED, 502, "redirect");
        return err_set(err, ERR_NET, "the upstream redirects elsewhere, which is not followed");
    }
    buf_printf(out, "Location: %s\r\n", path);
    return 0;
}

/* How the client learns where the body ends. */
static void put_framing(struct exchange *x, unsigned status, struct buf *out) {
    bool none = status == 204 || status == 304;
    if (x->answer.has_length && !x->answer.chunked && status != 204 && x->manner == PASS_AS_IT_IS) {
        buf_printf(out, "Content-Length: %s\r\n", x->answer.length);
    } else if (!none && !x->is_head) {
        x->chunks = !x->old;
        x->closes = x->closes || x->old;
        if (x->chunks) buf_put_str(out, "Transfer-Encoding: chunked\r\n");
    }
    if (x->closes || !x->client->body_ended || atomic_load(&x->shared->stopping)) {
        x->closes = true;
        buf_put_str(out, "Connection: close\r\n");
    } else if (x->old) {
        x->closes = true;
    }
    buf_put_str(out, "\r\n");
}

static void tell_called(struct exchange *x) {
    if (!x->was_called && x->handler->called != NULL) x->handler->called(x->room);
    x->was_called = true;
}

/* An answer that is not the upstream's, or of which the body is not. */
static int send_reply(struct exchange *x, const struct pass_reply *reply, bool upstreams, struct err *err) {
    struct buf out = {.max = OUT_MAX};
    int rc = 0;
    if (reply->status != 0) {
        httpd_put_status(&out, reply->status);
    } else {
        buf_printf(&out, "HTTP/1.1 %s\r\n", x->status_line);
    }
    if (upstreams) rc = fields_answer_write(&x->answer, reply->type != NULL ? "content-type" : NULL, &out, err);
    if (reply->type != NULL) buf_printf(&out, "Content-Type: %s\r\n", reply->type);
    bool none = strncmp(x->status_line, "204", 3) == 0 || strncmp(x->status_line, "304", 3) == 0;
    if (reply->status != 0 || !none) buf_printf(&out, "Content-Length: %zu\r\n", reply->body.n);
    x->closes = x->closes || !x->client->body_ended || atomic_load(&x->shared->stopping);
    buf_put_str(&out, x->closes ? "Connection: close\r\n\r\n" : "\r\n");
    if (rc == 0) rc = buf_check(&out, "the answer's header", err);
    if (rc == 0) {
        x->begun = true;
        rc = client_send(x->client, bytes_of_buf(&out), err);
        if (rc == 0 && !x->is_head) rc = client_send(x->client, reply->body, err);
        if (rc != 0) x->end = PASS_CLIENT;
    }
    buf_done(&out);
    return rc;
}

static int send_head(struct exchange *x, const struct http_answer *answer, struct err *err) {
    struct buf out = {.max = OUT_MAX};
    buf_printf(&out, "HTTP/1.1 %s\r\n", x->status_line);
    int rc = fields_answer_write(&x->answer, NULL, &out, err);
    if (rc == 0 && x->answer.location[0] != '\0') rc = put_location(x, &out, err);
    put_framing(x, answer->status, &out);
    if (rc == 0) rc = buf_check(&out, "the answer's header", err);
    if (rc == 0) {
        x->begun = true;
        rc = client_send(x->client, bytes_of_buf(&out), err);
        if (rc != 0) x->end = PASS_CLIENT;
    }
    buf_done(&out);
    return rc;
}

static int send_data(struct exchange *x, struct bytes data, struct err *err) {
    char piece[CHUNK_MAX + 32];
    int rc = 0;
    for (struct bytes left = data; rc == 0 && left.n > 0;) {
        size_t n = left.n < CHUNK_MAX ? left.n : CHUNK_MAX, at = 0;
        if (x->chunks) at = (size_t)snprintf(piece, sizeof(piece), "%zx\r\n", n);
        memcpy(piece + at, left.p, n);
        at += n;
        if (x->chunks) {
            memcpy(piece + at, "\r\n", 2);
            at += 2;
        }
        rc = client_send(x->client, (struct bytes){(const uint8_t *)piece, at}, err);
        left = (struct bytes){left.p + n, left.n - n};
    }
    if (rc != 0) x->end = atomic_load(&x->shared->ending) ? PASS_STOPPED : PASS_CLIENT;
    return rc;
}

static int on_data(void *ctx, const struct http_answer *answer, struct bytes data, struct err *err) {
    struct exchange *x = ctx;
    bool written = x->manner == PASS_WRITTEN;
    (void)answer;
    if (x->manner == PASS_WHOLE) {
        int rc = held_put(&x->whole, data, err);
        if (rc != 0) (void)fail(x, PASS_FAILED, 502, "too_large");
        return rc;
    }
    int rc = written ? 0 : send_data(x, data, err);
    buf_clear(&x->written);
    if (x->handler->data != NULL && !x->handler->data(x->room, data, written ? &x->written : NULL) && rc == 0) {
        x->end = PASS_CUT;
        rc = err_set(err, ERR_NET, "the answer cannot be judged");
    }
    if (rc == 0 && written) rc = buf_check(&x->written, "a part of the answer", err);
    return rc == 0 && written ? send_data(x, bytes_of_buf(&x->written), err) : rc;
}

static int on_head(void *ctx, const struct http_answer *answer, struct bytes line, struct err *err) {
    struct exchange *x = ctx;
    if (bytes_has_prefix(line, "HTTP/") && x->status_line[0] == '\0') {
        size_t at = strlen("HTTP/1.1 ");
        snprintf(x->status_line, sizeof(x->status_line), "%.*s", (int)(line.n - at), (const char *)line.p + at);
        for (char *p = x->status_line; *p != '\0'; p++) {
            *p = *p >= ' ' && *p <= '~' ? *p : '?';
        }
        return 0;
    }
    if (line.n > 0) return fields_answer_put(&x->answer, line, err);
    const struct pass_answer head = {
        .status = answer->status, .type = answer->type, .coded = x->answer.coded, .lines = bytes_of_buf(&x->answer.lines)};
    if (x->handler->answer != NULL) x->manner = x->handler->answer(x->room, &head);
    int rc = x->manner == PASS_WHOLE ? 0 : send_head(x, answer, err);
    return rc == 0 && x->manner == PASS_WRITTEN ? on_data(x, answer, (struct bytes){0}, err) : rc;
}

/* ---- the request -------------------------------------------------------------------------------------------------- */

static int take_body(struct exchange *x, uint8_t *to, size_t max, size_t *ret_n, struct err *err) {
    struct client *c = x->client;
    int rc = client_body_take(c, to, max, ret_n, err);
    if (rc == ERR_LIMIT) {
        (void)fail(x, PASS_FAILED, 413, "too_large");
    } else if (rc != 0 && c->slow) {
        (void)fail(x, PASS_CLIENT, 408, "too_slow");
    } else if (rc != 0 && c->bad) {
        (void)fail(x, PASS_FAILED, 400, "bad_request");
    } else if (rc != 0) {
        x->end = PASS_CLIENT;
    }
    return rc;
}

static int on_read(void *ctx, uint8_t *to, size_t max, size_t *ret_n, struct err *err) {
    struct exchange *x = ctx;
    if (x->replaced) {
        *ret_n = x->left.n < max ? x->left.n : max;
        bytes_copy(to, (struct bytes){x->left.p, *ret_n});
        x->left = (struct bytes){x->left.p + *ret_n, x->left.n - *ret_n};
        if (x->left.n == 0) tell_called(x);
        return 0;
    }
    int rc = take_body(x, to, max, ret_n, err);
    if (rc != 0) return rc;
    if (x->handler->request != NULL) x->handler->request(x->room, (struct bytes){to, *ret_n});
    if (x->client->body_ended) tell_called(x);
    return 0;
}

/* Reads all of a request that is held. */
static int hold(struct exchange *x, struct err *err) {
    uint8_t piece[CLIENT_PIECE_MAX];
    size_t n = 1;
    int rc = 0;
    while (rc == 0 && n > 0) {
        rc = take_body(x, piece, sizeof(piece), &n, err);
        if (rc == 0 && n > 0) {
            rc = held_put(&x->request, (struct bytes){piece, n}, err);
            if (rc != 0) (void)fail(x, PASS_FAILED, x->request.body.fail == ERR_LIMIT ? 413 : 503, "too_large");
        }
    }
    explicit_bzero(piece, sizeof(piece));
    return rc;
}

static int on_tick(void *ctx, struct err *err) {
    struct exchange *x = ctx;
    if (atomic_load(&x->shared->ending)) {
        (void)fail(x, PASS_STOPPED, 503, "stopped");
        return err_set(err, ERR_NET, "the proxy stops");
    }
    if (!client_gone(x->client)) return 0;
    x->end = PASS_CLIENT;
    return err_set(err, ERR_NET, "the client went away");
}

/* What went wrong when none of our own callbacks said so. */
static void blame(struct exchange *x, const struct http_answer *answer, int rc) {
    static const struct {
        unsigned status;
        const char *kind;
    } of[] = {
        [HTTP_NONE] = {502, "upstream"},     [HTTP_REFUSED] = {502, "unreachable"}, [HTTP_TIMEOUT] = {504, "timeout"},
        [HTTP_TLS] = {502, "tls"},           [HTTP_PROTOCOL] = {502, "protocol"},   [HTTP_LIMIT] = {502, "too_large"},
        [HTTP_REDIRECT] = {502, "redirect"}, [HTTP_STOPPED] = {502, "upstream"},
    };
    if (x->end != PASS_COMPLETE) return;
    x->end = x->begun ? PASS_CUT : PASS_FAILED;
    x->status = rc == ERR_INVALID ? 502 : of[answer->fault].status;
    x->kind = of[answer->fault].kind;
}

static const char *error_of(const struct exchange *x) {
    return x->end == PASS_CLIENT    ? "client_gone"
           : x->end == PASS_STOPPED ? "stopped"
           : x->end == PASS_CUT     ? "cut"
           : x->end == PASS_FAILED  ? x->kind
                                    : "";
}

static void finish(struct exchange *x, int rc, const char *words) {
    static const char last[] = "0\r\n\r\n";
    struct err err = {0};
    if (rc == 0 && x->chunks && client_send(x->client, bytes_of(last), &err) != 0) {
        x->end = PASS_CLIENT;
        rc = ERR_NET;
    }
    tell_called(x);
    if (x->handler->end != NULL) x->handler->end(x->room, x->end, error_of(x), words);
    if (rc != 0 && !x->begun && x->status != 0) {
        refuse(x->client, x->status, x->kind, NULL, words, x->is_head);
    }
    x->sent_all = rc == 0 && x->begun;
    if (x->sent_all && x->closes) client_leave(x->client);
}

/* The exchange with the upstream. */
static int fetch(struct exchange *x, const struct httpd_head *head, const struct httpd_verdict *verdict, char *url,
                 char *method, struct err *err) {
    struct fields fields;
    struct http_answer answer = {0};
    struct pass_reply reply = {0};
    fields_init(&fields);
    int rc = fields_request(&fields, head, x->shared->policy.token.n > 0, err);
    const struct http_pass pass = {.method = method,
                                   .fields = fields.lines,
                                   .n_fields = fields.n,
                                   .has_body = verdict->has_body,
                                   .length = x->replaced           ? x->left.n
                                             : verdict->has_length ? verdict->length
                                                                   : UINT64_MAX,
                                   .read = on_read,
                                   .head = on_head};
    const struct http_request request = {.url = url,
                                         .pass = &pass,
                                         .limits = {.connect_ms = CONNECT_MS},
                                         .pin = x->shared->pin,
                                         .data = on_data,
                                         .tick = on_tick,
                                         .ctx = x};
    if (rc == 0 && !verdict->has_body) tell_called(x);
    if (rc == 0) rc = http_fetch(x->http, &request, &answer, err);
    if (rc == 0 && x->manner == PASS_WHOLE) {
        x->handler->whole(x->room, bytes_of_buf(&x->whole.body), &reply);
        rc = send_reply(x, &reply, true, err);
    }
    if (rc != 0) blame(x, &answer, rc);
    fields_done(&fields);
    return rc;
}

static void exchange(struct exchange *x, const struct httpd_head *head, const struct httpd_verdict *verdict,
                     const struct pass_plan *plan, char *url, char *method) {
    struct pass_reply reply = {0};
    struct err err = {0};
    bool goes = true;
    int rc = 0;
    fields_answer_init(&x->answer);
    held_init(&x->request, PASS_HELD_MAX, &x->shared->held);
    held_init(&x->whole, PASS_HELD_MAX, &x->shared->held);
    buf_init(&x->written, 4 * PASS_HELD_MAX);
    if (plan->status != 0) {
        (void)atomic_fetch_add(&x->shared->refused, 1);
        (void)fail(x, PASS_FAILED, plan->status, "refused");
        rc = err_set(&err, ERR_INVALID, "%s", plan->words);
        x->was_called = true;
    } else if (plan->holds && verdict->has_body) {
        rc = hold(x, &err);
        if (rc == 0) goes = x->handler->judge(x->room, bytes_of_buf(&x->request.body), &x->left, &reply);
        x->replaced = true;
    }
    if (rc == 0) rc = goes ? fetch(x, head, verdict, url, method, &err) : send_reply(x, &reply, false, &err);
    finish(x, rc, rc == 0 ? "" : err.msg);
    fields_answer_done(&x->answer);
    held_done(&x->request);
    held_done(&x->whole);
    buf_done(&x->written);
}

static bool pass_request(struct pass_shared *shared, struct client *client, struct http *http,
                         const struct httpd_head *head, const struct httpd_verdict *verdict) {
    struct exchange *x = calloc(1, sizeof(*x));
    const struct pass_handler *handler = shared->handler;
    void *room = calloc(1, handler->size > 0 ? handler->size : 1);
    struct pass_plan plan = {0};
    size_t n = strlen(shared->upstream) + head->target.n + 1;
    char *url = malloc(n), method[32];
    bool more = false;
    if (x != NULL && room != NULL && url != NULL && head->method.n < sizeof(method)) {
        snprintf(url, n, "%s%.*s", shared->upstream, (int)head->target.n, (const char *)head->target.p);
        snprintf(method, sizeof(method), "%.*s", (int)head->method.n, (const char *)head->method.p);
        *x = (struct exchange){.shared = shared,
                               .client = client,
                               .http = http,
                               .handler = handler,
                               .room = room,
                               .old = bytes_is(head->version, "HTTP/1.0"),
                               .is_head = bytes_is(head->method, "HEAD"),
                               .closes = verdict->closes};
        client_body_begin(client, verdict, shared->policy.body_max);
        if (handler->begin != NULL) handler->begin(room, handler->ctx, head, &plan);
        exchange(x, head, verdict, &plan, url, method);
        more = x->sent_all && !x->closes;
    } else {
        refuse(client, 503, "busy", NULL, "out of memory", false);
    }
    if (url != NULL) {
        explicit_bzero(url, n);
    }
    free(url);
    free(room);
    free(x);
    return more;
}

bool pass_next(struct pass_shared *shared, struct client *client, struct http *http, void (*begun)(void *ctx), void *ctx) {
    struct httpd_head head;
    struct httpd_verdict verdict;
    struct err err = {0};
    bool late = false;
    int rc = client_head(client, &head, &late, &err);
    if (rc == ERR_NET && !late) return false;
    if (rc != 0) {
        (void)atomic_fetch_add(&shared->refused, 1);
        refuse(client,
               rc == ERR_LIMIT   ? 431
               : rc == ERR_NET   ? 408
               : rc == ERR_NOMEM ? 503
                                 : 400,
               "bad_request", NULL, err.msg, false);
        return false;
    }
    begun(ctx);
    httpd_judge(&shared->policy, &head, &verdict);
    if (verdict.status == 0) return pass_request(shared, client, http, &head, &verdict);
    (void)atomic_fetch_add(&shared->refused, 1);
    refuse(client, verdict.status, "refused", verdict.allow, verdict.message, bytes_is(head.method, "HEAD"));
    return false;
}
