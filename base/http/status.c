/* Status lines, dates and codes of answers. */
#include "base/http/status.h"

#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"

/* `rpc` is a code of google.rpc.Status. */
static const struct status {
    unsigned status;
    int rpc;
    const char *reason;
} statuses[] = {{200, 0, "OK"},
                {201, 0, "Created"},
                {202, 0, "Accepted"},
                {204, 0, "No Content"},
                {303, 0, "See Other"},
                {304, 0, "Not Modified"},
                {400, 3, "Bad Request"},                     /* INVALID_ARGUMENT */
                {401, 16, "Unauthorized"},                   /* UNAUTHENTICATED */
                {403, 7, "Forbidden"},                       /* PERMISSION_DENIED */
                {404, 5, "Not Found"},                       /* NOT_FOUND */
                {405, 12, "Method Not Allowed"},             /* UNIMPLEMENTED */
                {408, 4, "Request Timeout"},                 /* DEADLINE_EXCEEDED */
                {409, 10, "Conflict"},                       /* ABORTED */
                {411, 3, "Length Required"},                 /* INVALID_ARGUMENT */
                {412, 9, "Precondition Failed"},             /* FAILED_PRECONDITION */
                {413, 8, "Content Too Large"},               /* RESOURCE_EXHAUSTED */
                {414, 3, "URI Too Long"},                    /* INVALID_ARGUMENT */
                {415, 12, "Unsupported Media Type"},         /* UNIMPLEMENTED */
                {417, 3, "Expectation Failed"},              /* INVALID_ARGUMENT */
                {422, 3, "Unprocessable Content"},           /* INVALID_ARGUMENT */
                {429, 8, "Too Many Requests"},               /* RESOURCE_EXHAUSTED */
                {431, 8, "Request Header Fields Too Large"}, /* RESOURCE_EXHAUSTED */
                {500, 13, "Internal Server Error"},          /* INTERNAL */
                {502, 14, "Bad Gateway"},                    /* UNAVAILABLE */
                {503, 14, "Service Unavailable"},            /* UNAVAILABLE */
                {504, 4, "Gateway Timeout"},                 /* DEADLINE_EXCEEDED */
                {505, 12, "HTTP Version Not Supported"}};    /* UNIMPLEMENTED */

static const struct status *find_status(unsigned status) {
    static const struct status unknown = {0, 3, ""};
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        if (statuses[i].status == status) return &statuses[i];
    }
    return &unknown;
}

/* RFC 9110, 5.6.7; the same in every locale. */
static void put_date(struct buf *out) {
    static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    time_t now = (time_t)(clock_wall_ns() / CLOCK_NS_PER_S);
    struct tm t = {0};
    gmtime_r(&now, &t);
    buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d GMT\r\n", days + (ptrdiff_t)t.tm_wday * 3, t.tm_mday,
               months + (ptrdiff_t)t.tm_mon * 3, t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

void httpd_put_status(struct buf *out, unsigned status) {
    buf_printf(out, "HTTP/1.1 %u %s\r\n", status, find_status(status)->reason);
    put_date(out);
}

static const char *type_of(const struct httpd_answer *a) {
    return a->type != NULL ? a->type : a->form == HTTPD_PROTOBUF ? "application/x-protobuf" : "application/json";
}

void httpd_put_head(struct buf *out, const struct httpd_answer *a) {
    httpd_put_status(out, a->status);
    if (a->status != 304 && a->status != 204) { /* these have no body (RFC 9110, 6.4.1) */
        buf_printf(out, "Content-Type: %s\r\n", type_of(a));
        if (a->framing == HTTPD_LENGTH) {
            buf_printf(out, "Content-Length: %llu\r\n", (unsigned long long)a->length);
        } else if (a->framing == HTTPD_CHUNKED) {
            buf_put_str(out, "Transfer-Encoding: chunked\r\n");
        }
    }
    buf_put_str(out, "X-Content-Type-Options: nosniff\r\n");
    buf_put_str(out, a->keeps ? "" : "Cache-Control: no-store\r\n");
    if (a->retry_after_s > 0) {
        buf_printf(out, "Retry-After: %u\r\n", a->retry_after_s);
    }
    if (a->allow != NULL) {
        buf_printf(out, "Allow: %s\r\n", a->allow);
    }
    buf_put_str(out, a->extra != NULL ? a->extra : "");
    buf_put_str(out, a->closes ? "Connection: close\r\n\r\n" : "\r\n");
}

int httpd_rpc_code(unsigned status) {
    return find_status(status)->rpc;
}

static void put_varint(struct buf *out, size_t v) {
    for (; v >= 0x80; v >>= 7) {
        buf_put_u8(out, (uint8_t)(v | 0x80));
    }
    buf_put_u8(out, (uint8_t)v);
}

/* In Protocol Buffers: int32 code = 1; string message = 2; the code is less than 128. */
void httpd_put_refusal(struct buf *out, enum httpd_form form, unsigned status, const char *message) {
    struct bytes words = bytes_of(message);
    words.n = text_utf8_valid(words.p, words.n); /* it may be cut within a character */
    int code = httpd_rpc_code(status);
    if (form == HTTPD_PROTOBUF) {
        const uint8_t head[] = {1 << 3, (uint8_t)code, 2 << 3 | 2};
        buf_put(out, head, sizeof(head));
        put_varint(out, words.n);
        buf_put_bytes(out, words);
    } else {
        buf_printf(out, "{\"code\":%d,\"message\":", code);
        json_put_str(out, words);
        buf_put_u8(out, '}');
    }
}
