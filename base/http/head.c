/* The head of an answer. libcurl accepts more than RFC 9112 allows a careful client to: of two lengths it believes the
 * last one, it takes a version that nobody asked for, and lines that end in LF alone. Each of these lets a server, or
 * somebody between, end one answer where this side does not, so that the rest answers the next request. */
#include "base/http/head.h"

#include <string.h>
#include <strings.h>

#define HEAD_BYTES_MAX ((uint64_t)64 << 10)

/* The value of a line when it has this name. */
static bool header_is(struct bytes line, const char *name, struct bytes *ret) {
    size_t n = strlen(name);
    if (line.n <= n || strncasecmp((const char *)line.p, name, n) != 0 || line.p[n] != ':') {
        return false;
    }
    struct bytes v = {line.p + n + 1, line.n - n - 1};
    while (v.n > 0 && (v.p[0] == ' ' || v.p[0] == '\t')) {
        v = (struct bytes){v.p + 1, v.n - 1};
    }
    while (v.n > 0 && (v.p[v.n - 1] == ' ' || v.p[v.n - 1] == '\t')) {
        v.n--;
    }
    *ret = v;
    return true;
}

static void take_type(struct head *head, struct bytes value) {
    size_t n = 0;
    while (n < value.n && n < HEAD_TYPE_MAX - 1 && value.p[n] > ' ' && value.p[n] < 0x7f && value.p[n] != ';') {
        uint8_t c = value.p[n];
        head->type[n++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
    }
    head->type[n] = '\0';
}

/* "HTTP/1.1 200 OK": every answer begins with one, including interim ones and redirects. */
static int take_status(struct head *head, struct bytes line, struct err *err) {
    const size_t at = strlen("HTTP/1.1 ");
    unsigned status = 0;
    size_t n = at;
    if (head->inside || head->body) {
        return err_set(err, ERR_INVALID, "the answer has a second line of status");
    }
    if (!bytes_has_prefix(line, "HTTP/1.1 ") && !bytes_has_prefix(line, "HTTP/1.0 ")) {
        return err_set(err, ERR_INVALID, "the answer is not in HTTP/1.1 or HTTP/1.0, which was asked for");
    }
    for (; n < line.n && n < at + 3 && line.p[n] >= '0' && line.p[n] <= '9'; n++) {
        status = status * 10 + (unsigned)(line.p[n] - '0');
    }
    if (n != at + 3 || (n < line.n && line.p[n] != ' ')) {
        return err_set(err, ERR_INVALID, "the answer's status is not a number of three digits");
    }
    head->status = status;
    head->type[0] = '\0';
    head->inside = true;
    head->has_length = head->points_elsewhere = false;
    return 0;
}

/* RFC 9112, 6.3: lengths that differ are an error; one that is stated twice is not. */
static int take_length(struct head *head, struct bytes value, struct err *err) {
    uint64_t length = 0;
    bool number = value.n > 0;
    for (size_t i = 0; i < value.n && number; i++) {
        number = value.p[i] >= '0' && value.p[i] <= '9' && !__builtin_mul_overflow(length, UINT64_C(10), &length) &&
                 !__builtin_add_overflow(length, (uint64_t)(value.p[i] - '0'), &length);
    }
    if (!number) return err_set(err, ERR_INVALID, "the answer's Content-Length is not one number");
    if (head->has_length && head->length != length) {
        return err_set(err, ERR_INVALID, "the answer states two lengths that differ; one Content-Length is expected");
    }
    head->has_length = true;
    head->length = length;
    return 0;
}

int head_take(struct head *head, struct bytes line, struct err *err) {
    struct bytes value;
    head->bytes += line.n;
    if (head->bytes > HEAD_BYTES_MAX) return err_set(err, ERR_LIMIT, HEAD_MAX_WORDS);
    if (line.n < 2 || line.p[line.n - 2] != '\r' || line.p[line.n - 1] != '\n') {
        return err_set(err, ERR_INVALID, "a line of the answer's header does not end in CR LF");
    }
    line.n -= 2;
    if (line.n == 0) {
        head->inside = false;
    } else if (bytes_has_prefix(line, "HTTP/")) {
        return take_status(head, line, err);
    } else if (header_is(line, "content-length", &value)) {
        return take_length(head, value, err);
    } else if (header_is(line, "content-type", &value)) {
        take_type(head, value);
    } else if (header_is(line, "location", &value)) {
        head->points_elsewhere = head->status >= 300 && head->status < 400;
    } else if (header_is(line, "content-encoding", &value) && !head->any_coding && value.n > 0 &&
               !bytes_is(value, "identity")) {
        return err_set(err, ERR_INVALID, "the answer is in a content encoding, and none was asked for");
    }
    return 0;
}
