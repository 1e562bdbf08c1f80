/* OTLP/HTTP with JSON: one request of log records (opentelemetry-proto, logs/v1). Integers of 64 bits are strings there. A
 * record's time is when its source says that it happened, else when it was recorded; it is observed when it was recorded.
 *
 * Names of the conventions for generative AI are used where a field means the same; everything else keeps its own. */
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/stream/writer.h"
#include "ledger/version.h"

#define INFO  9
#define ERROR 17

static const struct {
    const char *field, *name;
} conventions[] = {
    {"model", "gen_ai.request.model"},
    {"served", "gen_ai.response.model"},
    {"tokens_in", "gen_ai.usage.input_tokens"},
    {"tokens_out", "gen_ai.usage.output_tokens"},
    {"tool", "gen_ai.tool.name"},
    {"agent", "gen_ai.agent.name"},
};

/* ---- values ---- */

static int put_value(struct buf *out, struct mp_reader *r, struct err *err);

static int put_list(struct buf *out, struct mp_reader *r, uint32_t n, struct err *err) {
    int rc = 0;
    buf_put_str(out, "{\"arrayValue\":{\"values\":[");
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        buf_put_str(out, i == 0 ? "" : ",");
        rc = put_value(out, r, err);
    }
    buf_put_str(out, "]}}");
    return rc;
}

static int put_pairs(struct buf *out, struct mp_reader *r, uint32_t n, struct err *err) {
    struct mp_item name;
    int rc = 0;
    buf_put_str(out, "{\"kvlistValue\":{\"values\":[");
    for (uint32_t i = 0; i < n && rc == 0; i++) {
        rc = mp_next(r, &name, err);
        buf_put_str(out, i == 0 ? "{\"key\":" : ",{\"key\":");
        if (rc == 0) {
            json_put_str(out, name.data);
            buf_put_str(out, ",\"value\":");
            rc = put_value(out, r, err);
        }
        buf_put_u8(out, '}');
    }
    buf_put_str(out, "]}}");
    return rc;
}

static int put_real(struct buf *out, double real, struct err *err) {
    struct buf mp = {.max = 16};
    mp_put_float(&mp, real);
    buf_put_str(out, "{\"doubleValue\":");
    int rc = json_from_mp(bytes_of_buf(&mp), JSON_LINE, out, err);
    buf_put_u8(out, '}');
    buf_done(&mp);
    return rc;
}

static int put_value(struct buf *out, struct mp_reader *r, struct err *err) {
    struct mp_item item;
    int rc = mp_next(r, &item, err);
    if (rc != 0) return rc;
    switch (item.type) {
    case MP_NIL:
        buf_put_str(out, "{}");
        break;
    case MP_BOOL:
        buf_put_str(out, item.boolean ? "{\"boolValue\":true}" : "{\"boolValue\":false}");
        break;
    case MP_UINT:
        buf_printf(out, "{\"intValue\":\"%llu\"}", (unsigned long long)item.uint);
        break;
    case MP_INT:
        buf_printf(out, "{\"intValue\":\"%lld\"}", (long long)item.sint);
        break;
    case MP_FLOAT:
        return put_real(out, item.real, err);
    case MP_STR:
        buf_put_str(out, "{\"stringValue\":");
        json_put_str(out, item.data);
        buf_put_u8(out, '}');
        break;
    case MP_BIN:
        buf_put_str(out, "{\"bytesValue\":\"");
        text_base64(out, item.data.p, item.data.n);
        buf_put_str(out, "\"}");
        break;
    case MP_ARRAY:
        return put_list(out, r, item.count, err);
    default:
        return put_pairs(out, r, item.count, err);
    }
    return 0;
}

static int put_map(struct buf *out, struct bytes map, struct err *err) {
    struct mp_reader r;
    mp_reader_init(&r, map);
    return put_value(out, &r, err);
}

/* ---- attributes ---- */

static void put_text(struct buf *out, const char *name, struct bytes text) {
    if (text.n == 0) return;
    buf_printf(out, ",{\"key\":\"%s\",\"value\":{\"stringValue\":", name);
    json_put_str(out, text);
    buf_put_str(out, "}}");
}

static void put_uint(struct buf *out, const char *name, uint64_t value) {
    buf_printf(out, ",{\"key\":\"%s\",\"value\":{\"intValue\":\"%llu\"}}", name, (unsigned long long)value);
}

static int put_conventions(struct buf *out, struct bytes kind, struct bytes body, struct err *err) {
    int rc = 0;
    if (body.n == 0 || !bytes_has_prefix(kind, "run.")) return 0;
    for (size_t i = 0; i < sizeof(conventions) / sizeof(conventions[0]) && rc == 0; i++) {
        struct bytes raw;
        if (mp_map_get(body, conventions[i].field, &raw) != 0) continue;
        buf_printf(out, ",{\"key\":\"%s\",\"value\":", conventions[i].name);
        rc = put_map(out, raw, err);
        buf_put_u8(out, '}');
    }
    return rc;
}

static int put_attributes(struct buf *out, const struct stream_event *e, const struct log_event *event,
                          struct bytes private_, struct err *err) {
    char leaf[2 * LOG_HASH + 1];
    text_hex(leaf, e->leaf, LOG_HASH);
    buf_printf(out, "\"attributes\":[{\"key\":\"ledger.seq\",\"value\":{\"intValue\":\"%llu\"}}",
               (unsigned long long)event->seq);
    put_text(out, "ledger.leaf", bytes_of(leaf));
    put_text(out, "ledger.kind", event->kind);
    put_uint(out, "ledger.schema", event->schema);
    put_text(out, "ledger.subject", event->subject);
    put_text(out, "ledger.actor", event->actor);
    put_text(out, "ledger.source", event->source);
    put_text(out, "ledger.grade", event->grade);
    put_text(out, "ledger.run", event->run);
    put_text(out, "ledger.author", event->author);
    if (event->has_cause) {
        put_uint(out, "ledger.cause", event->cause);
    }
    if (e->fate != STREAM_SHOWN) {
        put_text(out, "ledger.content", bytes_of(e->fate == STREAM_ERASED ? "erased" : "withheld"));
    }
    int rc = put_conventions(out, event->kind, event->body, err);
    if (rc == 0 && private_.n > 0) {
        buf_put_str(out, ",{\"key\":\"ledger.private\",\"value\":");
        rc = put_map(out, private_, err);
        buf_put_u8(out, '}');
    }
    buf_put_u8(out, ']');
    return rc;
}

/* ---- records ---- */

static void put_head(struct stream *s) {
    struct buf *out = &s->piece;
    buf_put_str(out,
                "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":"
                "\"ledger\"}},{\"key\":\"ledger.origin\",\"value\":{\"stringValue\":");
    json_put_str(out, bytes_of(log_origin(s->ledger)));
    buf_put_str(out,
                "}}]},\"scopeLogs\":[{\"scope\":{\"name\":\"ledger\",\"version\":\"" LEDGER_VERSION "\"},\"logRecords\":[");
}

/* A run that is a trace id of 32 digits is the record's trace. */
static void put_trace(struct buf *out, struct bytes run) {
    uint8_t id[16];
    if (text_unhex(id, sizeof(id), run) == 0) {
        buf_printf(out, ",\"traceId\":\"%.*s\"", (int)run.n, (const char *)run.p);
    }
}

int stream_otlp_event(struct stream *s, const struct stream_event *e, struct err *err) {
    struct log_event event;
    struct bytes private_;
    struct buf *out = &s->piece;
    int rc = stream_content(s, e, &event, &private_, err);
    if (rc != 0) return rc;
    bool bad = event.body.n > 0 && (bytes_is(mp_get_text(event.body, "outcome"), "error") ||
                                    bytes_is(mp_get_text(event.body, "status"), "error"));
    if (s->in_piece == 0) {
        put_head(s);
    } else {
        buf_put_u8(out, ',');
    }
    uint64_t at = event.body.n > 0 ? mp_get_uint(event.body, "at", event.time) : event.time;
    buf_printf(out,
               "{\"timeUnixNano\":\"%llu\",\"observedTimeUnixNano\":\"%llu\",\"severityNumber\":%d,\"severityText\":\"%s\"",
               (unsigned long long)at, (unsigned long long)event.time, bad ? ERROR : INFO, bad ? "ERROR" : "INFO");
    buf_put_str(out, ",\"eventName\":");
    json_put_str(out, event.kind);
    put_trace(out, event.run);
    if (event.body.n > 0) {
        buf_put_str(out, ",\"body\":");
        rc = put_map(out, event.body, err);
    }
    buf_put_u8(out, ',');
    if (rc == 0) rc = put_attributes(out, e, &event, private_, err);
    buf_put_u8(out, '}');
    return rc == 0 ? buf_check(out, "a request", err) : rc;
}

int stream_otlp_end(struct stream *s, struct err *err) {
    buf_put_str(&s->piece, "]}]}]}\n");
    return buf_check(&s->piece, "a request", err);
}
