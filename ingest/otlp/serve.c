/* The receiver: OTLP/HTTP (opentelemetry.io/docs/specs/otlp) at /v1/traces, /v1/logs and /v1/metrics, as JSON and as
 * Protocol Buffers.
 *
 * A request is answered when its records are durable and sealed, so that "200" means they are stored. Rejected records are
 * reported as a partial success; a request that can be retried gets 503. All requests together are one input of the run;
 * its receipt is written at the end, and also after many events or a long time. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/http/server.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/otlp/otlp.h"

#define BODY_MAX      ((size_t)10 << 20) /* it bounds the memory of this process */
#define RETRY_AFTER_S 5
#define MESSAGE_MAX   400
#define INSTEAD       "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"

/* A route has the number of the type of its records. */
#define N_ROUTES 3
static const struct httpd_route routes[N_ROUTES] = {
    [OTLP_SPAN] = {"POST", "/v1/traces", "application/json", NULL, true},
    [OTLP_LOG] = {"POST", "/v1/logs", "application/json", NULL, true},
    [OTLP_METRIC] = {"POST", "/v1/metrics", "application/json", NULL, true},
};
static const char *const rejected_names[N_ROUTES] = {
    [OTLP_SPAN] = "rejectedSpans", [OTLP_LOG] = "rejectedLogRecords", [OTLP_METRIC] = "rejectedDataPoints"};
static const char *const record_names[N_ROUTES] = {
    [OTLP_SPAN] = "'resourceSpans'", [OTLP_LOG] = "'resourceLogs'", [OTLP_METRIC] = "'resourceMetrics'"};

struct server {
    struct otlp *otlp;
    char name[HTTPD_ADDRESS_MAX + 8]; /* of the input: "http://127.0.0.1:4318" */
};

static void refuse(struct httpd_reply *reply, unsigned status, const char *message) {
    reply->status = status;
    buf_clear(&reply->body);
    buf_put_str(&reply->body, message);
}

/* {}, or {"partialSuccess": {...}} when records were rejected or there is a message. */
static void put_json(struct buf *out, size_t route, uint64_t rejected, struct bytes message) {
    if (rejected == 0 && message.n == 0) {
        buf_put_str(out, "{}");
        return;
    }
    buf_put_str(out, "{\"partialSuccess\":{");
    if (rejected > 0) {
        buf_printf(out, "\"%s\":\"%llu\",", rejected_names[route], (unsigned long long)rejected);
    }
    buf_put_str(out, "\"errorMessage\":");
    json_put_str(out, message);
    buf_put_str(out, "}}");
}

static void put_varint(struct buf *out, uint64_t v) {
    for (; v >= 0x80; v >>= 7) {
        buf_put_u8(out, (uint8_t)(v | 0x80));
    }
    buf_put_u8(out, (uint8_t)v);
}

/* The same: message 1 {int64 rejected = 1; string error_message = 2}. */
static void put_protobuf(struct buf *out, uint64_t rejected, struct bytes message) {
    struct buf partial = {.max = 2 * MESSAGE_MAX};
    if (rejected == 0 && message.n == 0) return;
    if (rejected > 0) {
        buf_put_u8(&partial, 1 << 3);
        put_varint(&partial, rejected);
    }
    buf_put_u8(&partial, 2 << 3 | OTLP_WIRE_BYTES);
    put_varint(&partial, message.n);
    buf_put_bytes(&partial, message);
    buf_put_u8(out, 1 << 3 | OTLP_WIRE_BYTES);
    put_varint(out, partial.n);
    buf_put_bytes(out, bytes_of_buf(&partial));
    out->fail = out->fail != 0 ? out->fail : partial.fail;
    buf_done(&partial);
}

static int refuse_cut(int code, const struct err *why, struct httpd_reply *reply, struct err *err) {
    if (code == ERR_NOMEM) return err_set(err, code, "%s", why->msg);
    refuse(reply, code == ERR_LIMIT ? 413 : 400, why->msg);
    return 1;
}

static int cut_protobuf(struct otlp *o, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    struct err why = {0};
    int rc = otlp_wire_cut(&o->cut, (enum otlp_type)request->route, request->body, &why);
    if (rc == ERR_INVALID) {
        err_prefix(&why, "not valid protobuf");
    }
    return rc == 0 ? 0 : refuse_cut(rc, &why, reply, err);
}

/* The request's one document; 0, or 1 when it was refused. */
static int cut(struct otlp *o, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    const struct bytes body = request->body;
    struct err why = {0};
    otlp_cut_begin(&o->cut);
    o->is_protobuf = request->form == HTTPD_PROTOBUF;
    if (o->is_protobuf) return cut_protobuf(o, request, reply, err);
    int rc = otlp_cut_feed(&o->cut, body, &why);
    if (rc < 0) return refuse_cut(rc, &why, reply, err);
    if (rc == 1) {
        refuse(reply, 400, body.n == 0 ? "the body is empty; expected: a JSON object" : "the JSON text is cut off");
        return 1;
    }
    for (size_t i = o->cut.end; i < body.n; i++) {
        if (body.p[i] == '\0' || strchr(" \t\r\n", body.p[i]) == NULL) {
            refuse(reply, 400, "unexpected data after the JSON object");
            return 1;
        }
    }
    return 0;
}

static void put_success(struct otlp *o, const struct httpd_request *request, struct httpd_reply *reply) {
    char message[MESSAGE_MAX] = "";
    const char *newest;
    (void)intake_rejected(o->run, &newest);
    if (o->rejected > 0) {
        snprintf(message, sizeof(message), "%llu rejected; the last one: %.*s", (unsigned long long)o->rejected,
                 MESSAGE_MAX - 64, newest);
    } else if (o->cut.n_records == 0 && o->cut.has == 0 && request->body.n > 2) {
        snprintf(message, sizeof(message), "nothing was recorded: the document has no %s", record_names[request->route]);
    }
    const struct bytes words = {(const uint8_t *)message, text_utf8_valid((const uint8_t *)message, strlen(message))};
    if (request->form == HTTPD_PROTOBUF) {
        put_protobuf(&reply->body, o->rejected, words);
    } else {
        put_json(&reply->body, request->route, o->rejected, words);
    }
}

/* Uncommitted drafts are dropped: the sender may retry, and committed ones then count as duplicates. */
static bool may_retry(int code) {
    return code == ERR_FULL || code == ERR_BUSY;
}

static int on_request(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    const struct server *s = ctx;
    struct otlp *o = s->otlp;
    struct err why = {0};
    int rc = cut(o, request, reply, err);
    if (rc != 0) return rc == 1 ? 0 : rc;
    rc = otlp_document(o, s->name, request->body, 0, intake_digest(o->run)->bytes, &why);
    lines_digest_put(intake_digest(o->run), request->body);
    if (rc == 0) rc = intake_flush(o->run, &why);
    if (may_retry(rc)) {
        intake_drop(o->run);
        otlp_forget(o);
        refuse(reply, 503, why.msg);
        reply->retry_after_s = RETRY_AFTER_S;
        return 0;
    }
    if (rc != 0) {
        refuse(reply, rc == INTAKE_STOP ? 400 : 503, rc == INTAKE_STOP ? "the record was rejected" : why.msg);
        if (err != NULL) {
            *err = why;
        }
        return rc;
    }
    put_success(o, request, reply);
    return 0;
}

static int on_tick(void *ctx, struct err *err) {
    const struct server *s = ctx;
    return intake_receipt_if_due(s->otlp->run, err);
}

int otlp_serve(struct otlp *o, const char *address, struct err *err) {
    const struct ingest_options *options = intake_options(o->run);
    struct server s = {.otlp = o};
    struct httpd *httpd = NULL;
    const struct httpd_options served = {.address = address,
                                         .routes = routes,
                                         .n_routes = N_ROUTES,
                                         .instead_of_grpc = INSTEAD,
                                         .body_max = BODY_MAX,
                                         .bodies_max = BODY_MAX,
                                         .ctx = &s,
                                         .handle = on_request,
                                         .tick = on_tick};
    int rc = httpd_open(&served, &httpd, err);
    if (rc == 0) {
        snprintf(s.name, sizeof(s.name), "http://%s", httpd_address(httpd));
        intake_begin(o->run, s.name);
        if (options->listening != NULL) {
            options->listening(options->ctx, s.name);
        }
        rc = httpd_run(httpd, options->stop, err);
    }
    if (rc == 0) rc = intake_end(o->run, err);
    httpd_close(httpd);
    return rc;
}
