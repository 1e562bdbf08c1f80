/* A message of RFC 5424:
 *
 *   <PRI>1 TIMESTAMP HOSTNAME ledger - MSGID [ledger@32473 seq="7" leaf="..." ...] BOM BODY
 *
 * HOSTNAME is the ledger's origin, MSGID the kind (cut at 32 characters: the parameter has it whole), the facility "log
 * audit". The body is JSON; one that is too long is left out, and `content` says so. */
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "export/stream/writer.h"

#define FACILITY (13 * 8)
#define INFO     6
#define ERROR    3
#define HOST_MAX 255
#define ID_MAX   32
#define BODY_MAX ((size_t)6144) /* so that a message fits in 8 KiB of most receivers, unless its subject is long */
#define BOM      "\xef\xbb\xbf"

/* Printable ASCII without blanks, at most `max` bytes. */
static void put_name(struct buf *out, struct bytes text, size_t max) {
    size_t n = text.n < max ? text.n : max;
    for (size_t i = 0; i < n; i++) {
        buf_put_u8(out, text.p[i] > 0x20 && text.p[i] < 0x7f ? text.p[i] : '_');
    }
    buf_put_str(out, n == 0 ? "-" : "");
}

static void put_param(struct buf *out, const char *name, struct bytes text) {
    if (text.n == 0) return;
    buf_printf(out, " %s=\"", name);
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"' || text.p[i] == '\\' || text.p[i] == ']') {
            buf_put_u8(out, '\\');
        }
        buf_put_u8(out, text.p[i]);
    }
    buf_put_u8(out, '"');
}

/* RFC 3339 with microseconds, the most that RFC 5424 allows. */
static void put_time(struct buf *out, uint64_t ns) {
    char text[TEXT_TIME_MAX];
    text_time(text, ns);
    const char *point = strchr(text, '.');
    buf_printf(out, "%.*sZ", point == NULL ? (int)strlen("2026-11-21T00:32:38") : (int)(point - text) + 7, text);
}

/* {"body":{...},"private":{...}}, or the body alone. */
static int put_json(struct buf *out, struct bytes body, struct bytes private_, struct err *err) {
    int rc = 0;
    buf_put_str(out, private_.n > 0 ? "{\"body\":" : "");
    rc = json_from_mp(body, JSON_LINE, out, err);
    if (rc == 0 && private_.n > 0) {
        buf_put_str(out, ",\"private\":");
        rc = json_from_mp(private_, JSON_LINE, out, err);
        buf_put_u8(out, '}');
    }
    return rc == 0 ? buf_check(out, "a message", err) : rc;
}

static void put_data(struct buf *out, const struct stream_event *e, const struct log_event *event, const char *content) {
    char leaf[2 * LOG_HASH + 1], number[24];
    text_hex(leaf, e->leaf, LOG_HASH);
    buf_printf(out, "[" STREAM_PEN " seq=\"%llu\" leaf=\"%s\"", (unsigned long long)event->seq, leaf);
    put_param(out, "kind", event->kind);
    put_param(out, "subject", event->subject);
    put_param(out, "actor", event->actor);
    put_param(out, "source", event->source);
    put_param(out, "grade", event->grade);
    put_param(out, "run", event->run);
    if (event->has_cause) {
        snprintf(number, sizeof(number), "%llu", (unsigned long long)event->cause);
        put_param(out, "cause", bytes_of(number));
    }
    put_param(out, "author", event->author);
    put_param(out, "content", bytes_of(content));
    buf_put_u8(out, ']');
}

int stream_syslog_event(struct stream *s, const struct stream_event *e, struct err *err) {
    struct log_event event;
    struct bytes private_;
    struct buf *out = &s->piece, json = {.max = (size_t)16 << 20};
    int rc = stream_content(s, e, &event, &private_, err);
    if (rc == 0 && event.body.n > 0) rc = put_json(&json, event.body, private_, err);
    if (rc == 0) {
        bool bad = event.body.n > 0 && (bytes_is(mp_get_text(event.body, "outcome"), "error") ||
                                        bytes_is(mp_get_text(event.body, "status"), "error"));
        const char *content = e->fate == STREAM_ERASED ? "erased"
                              : e->fate == STREAM_HELD ? "withheld"
                              : json.n > BODY_MAX      ? "too_long"
                                                       : "";
        buf_printf(out, "<%d>1 ", FACILITY + (bad ? ERROR : INFO));
        put_time(out, event.time);
        buf_put_u8(out, ' ');
        put_name(out, bytes_of(log_origin(s->ledger)), HOST_MAX);
        buf_put_str(out, " ledger - ");
        put_name(out, event.kind, ID_MAX);
        buf_put_u8(out, ' ');
        put_data(out, e, &event, content);
        if (json.n > 0 && json.n <= BODY_MAX) {
            buf_put_str(out, " " BOM);
            buf_put_bytes(out, bytes_of_buf(&json));
        }
        rc = buf_check(out, "a message", err);
    }
    buf_done(&json);
    return rc;
}
