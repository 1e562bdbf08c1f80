/* Everything happens inside http_fetch, on one thread: libcurl asks for the body's next bytes, and we read them from the client;
 * it has bytes of the answer, and we send them. So neither side can be faster than the other, and nothing piles up here. */
#include "capture/proxy/pass.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/http/status.h"
#include "base/json.h"
#include "base/text.h"
#include "capture/proxy/fields.h"

#define OUT_MAX    ((size_t)72 << 10)
#define CONNECT_MS 10000
#define CHUNK_MAX  ((size_t)16 << 10) /* what libcurl passes at once */

struct exchange {
    struct pass_shared *shared;
    struct client *client;
    struct http *http;
    struct watch watch;
    struct fields_answer answer;
    bool old, is_head, closes;    /* HTTP/1.0; HEAD; the connection ends with this answer */
    bool begun, chunks, sent_all; /* the head is sent; the body goes out in chunks */
    enum watch_end end;
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

static int fail(struct exchange *x, enum watch_end end, unsigned status, const char *kind) {
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
        (void)fail(x, WATCH_FAILED, 502, "redirect");
        return err_set(err, ERR_NET, "the upstream redirects elsewhere, which is not followed");
    }
    buf_printf(out, "Location: %s\r\n", path);
    return 0;
}

/* How the client learns where the body ends. */
static void put_framing(struct exchange *x, unsigned status, struct buf *out) {
    bool none = status == 204 || status == 304;
    if (x->answer.has_length && !x->answer.chunked && status != 204) {
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

static int send_head(struct exchange *x, const struct http_answer *answer, struct err *err) {
    struct buf out = {.max = OUT_MAX};
    buf_printf(&out, "HTTP/1.1 %s\r\n", x->status_line);
    int rc = fields_answer_write(&x->answer, &out, err);
    if (rc == 0 && x->answer.location[0] != '\0') rc = put_location(x, &out, err);
    put_framing(x, answer->status, &out);
    if (rc == 0) rc = buf_check(&out, "the answer's header", err);
    if (rc == 0) {
        x->begun = true;
        proxy_watch_answer(&x->watch, answer->status, answer->type, x->answer.coded);
        rc = client_send(x->client, bytes_of_buf(&out), err);
        if (rc != 0) x->end = WATCH_CLIENT;
    }
    buf_done(&out);
    return rc;
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
    return line.n > 0 ? fields_answer_put(&x->answer, line, err) : send_head(x, answer, err);
}

static int on_data(void *ctx, const struct http_answer *answer, struct bytes data, struct err *err) {
    struct exchange *x = ctx;
    char piece[CHUNK_MAX + 32];
    int rc = 0;
    (void)answer;
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
    if (rc != 0) x->end = atomic_load(&x->shared->ending) ? WATCH_STOPPED : WATCH_CLIENT;
    proxy_watch_data(&x->watch, data);
    return rc;
}

/* ---- the request -------------------------------------------------------------------------------------------------- */

static int on_read(void *ctx, uint8_t *to, size_t max, size_t *ret_n, struct err *err) {
    struct exchange *x = ctx;
    struct client *c = x->client;
    int rc = client_body_take(c, to, max, ret_n, err);
    if (rc == ERR_LIMIT) {
        (void)fail(x, WATCH_FAILED, 413, "too_large");
    } else if (rc != 0 && c->slow) {
        (void)fail(x, WATCH_CLIENT, 408, "too_slow");
    } else if (rc != 0 && c->bad) {
        (void)fail(x, WATCH_FAILED, 400, "bad_request");
    } else if (rc != 0) {
        x->end = WATCH_CLIENT;
    }
    if (rc != 0) return rc;
    proxy_watch_request(&x->watch, (struct bytes){to, *ret_n});
    if (c->body_ended) proxy_watch_called(&x->watch);
    return 0;
}

static int on_tick(void *ctx, struct err *err) {
    struct exchange *x = ctx;
    if (atomic_load(&x->shared->ending)) {
        (void)fail(x, WATCH_STOPPED, 503, "stopped");
        return err_set(err, ERR_NET, "the proxy stops");
    }
    if (!client_gone(x->client)) return 0;
    x->end = WATCH_CLIENT;
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
    if (x->end != WATCH_COMPLETE) return;
    x->end = x->begun ? WATCH_CUT : WATCH_FAILED;
    x->status = rc == ERR_INVALID ? 502 : of[answer->fault].status;
    x->kind = of[answer->fault].kind;
}

static const char *error_of(const struct exchange *x) {
    return x->end == WATCH_CLIENT    ? "client_gone"
           : x->end == WATCH_STOPPED ? "stopped"
           : x->end == WATCH_CUT     ? "cut"
           : x->end == WATCH_FAILED  ? x->kind
                                     : "";
}

static void finish(struct exchange *x, int rc, const char *words) {
    static const char last[] = "0\r\n\r\n";
    struct err err = {0};
    if (rc == 0 && x->chunks && client_send(x->client, bytes_of(last), &err) != 0) {
        x->end = WATCH_CLIENT;
        rc = ERR_NET;
    }
    proxy_watch_called(&x->watch);
    proxy_watch_end(&x->watch, x->end, error_of(x), words);
    if (rc != 0 && !x->begun && x->status != 0) {
        refuse(x->client, x->status, x->kind, NULL, words, x->is_head);
    }
    x->sent_all = rc == 0 && x->begun;
    if (x->sent_all && x->closes) client_leave(x->client);
}

static void exchange(struct exchange *x, const struct httpd_head *head, const struct httpd_verdict *verdict, char *url,
                     char *method) {
    struct fields fields;
    struct http_answer answer = {0};
    struct err err = {0};
    fields_init(&fields);
    fields_answer_init(&x->answer);
    int rc = fields_request(&fields, head, x->shared->policy.token.n > 0, &err);
    const struct http_pass pass = {.method = method,
                                   .fields = fields.lines,
                                   .n_fields = fields.n,
                                   .has_body = verdict->has_body,
                                   .length = verdict->has_length ? verdict->length : UINT64_MAX,
                                   .read = on_read,
                                   .head = on_head};
    const struct http_request request = {.url = url,
                                         .pass = &pass,
                                         .limits = {.connect_ms = CONNECT_MS},
                                         .pin = x->shared->pin,
                                         .data = on_data,
                                         .tick = on_tick,
                                         .ctx = x};
    if (rc == 0 && !verdict->has_body) proxy_watch_called(&x->watch);
    if (rc == 0) rc = http_fetch(x->http, &request, &answer, &err);
    if (rc != 0) blame(x, &answer, rc);
    finish(x, rc, rc == 0 ? "" : err.msg);
    fields_answer_done(&x->answer);
    fields_done(&fields);
}

static bool pass_request(struct pass_shared *shared, struct client *client, struct http *http,
                         const struct httpd_head *head, const struct httpd_verdict *verdict) {
    struct exchange *x = calloc(1, sizeof(*x));
    size_t n = strlen(shared->upstream) + head->target.n + 1;
    char *url = malloc(n), method[32];
    bool more = false;
    if (x != NULL && url != NULL && head->method.n < sizeof(method)) {
        snprintf(url, n, "%s%.*s", shared->upstream, (int)head->target.n, (const char *)head->target.p);
        snprintf(method, sizeof(method), "%.*s", (int)head->method.n, (const char *)head->method.p);
        *x = (struct exchange){.shared = shared,
                               .client = client,
                               .http = http,
                               .old = bytes_is(head->version, "HTTP/1.0"),
                               .is_head = bytes_is(head->method, "HEAD"),
                               .closes = verdict->closes};
        client_body_begin(client, verdict, shared->policy.body_max);
        proxy_watch_begin(&x->watch, &shared->watch, head);
        exchange(x, head, verdict, url, method);
        more = x->sent_all && !x->closes;
    } else {
        refuse(client, 503, "busy", NULL, "out of memory", false);
    }
    if (url != NULL) {
        explicit_bzero(url, n);
    }
    free(url);
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
