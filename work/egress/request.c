/* Strict: one space between the words, lines that end in CR LF, no folded lines. What is not understood is refused rather
 * than passed on. A body is not looked at: it goes to the one server that the head was granted for. */
#include "work/egress/request.h"

#include <strings.h>

enum { HTTP_PORT = 80, LINES_MAX = 200 };

static bool is_name(struct bytes name, const char *word) {
    return name.n == strlen(word) && strncasecmp((const char *)name.p, word, name.n) == 0;
}

/* The bytes up to the next `by`; `rest` moves past it. False: there is none. */
static bool cut(struct bytes *rest, const char *by, struct bytes *ret) {
    size_t n = strlen(by);
    const uint8_t *at = rest->n >= n ? memmem(rest->p, rest->n, by, n) : NULL;
    if (at == NULL) {
        return false;
    }
    *ret = (struct bytes){rest->p, (size_t)(at - rest->p)};
    *rest = (struct bytes){at + n, rest->n - ret->n - n};
    return true;
}

static bool visible(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] == 0x7f) {
            return false;
        }
    }
    return text.n > 0;
}

/* Headers between the client and its proxy, and those that are written anew. */
static bool dropped(struct bytes name) {
    static const char *const words[] = {"host",       "connection", "proxy-connection", "proxy-authorization",
                                        "keep-alive", "te",         "upgrade"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_name(name, words[i])) {
            return true;
        }
    }
    return false;
}

static int put_headers(struct bytes lines, struct buf *out, struct err *err) {
    struct bytes line, name;
    size_t n = 0;
    while (cut(&lines, "\r\n", &line)) {
        struct bytes rest = line;
        if (++n > LINES_MAX) {
            return err_set(err, ERR_LIMIT, "the request has more than %d header lines", LINES_MAX);
        }
        if (!cut(&rest, ":", &name) || !visible(name) || bytes_find(line, '\n') != NULL || bytes_find(line, '\r') != NULL ||
            bytes_find(line, 0) != NULL) {
            return err_set(err, ERR_INVALID, "a header line of the request is wrong");
        }
        if (!dropped(name)) {
            (void)buf_put_bytes(out, line);
            (void)buf_put_str(out, "\r\n");
        }
    }
    return 0;
}

/* "http://host:port/path": the authority is what is granted, the path what the server sees. */
static int put_plain(struct bytes method, struct bytes url, struct bytes headers, struct egress_request *ret,
                     struct buf *out, struct err *err) {
    static const char scheme[] = "http://";
    const size_t n = sizeof scheme - 1;
    if (url.n <= n || strncasecmp((const char *)url.p, scheme, n) != 0) {
        return err_set(err, ERR_INVALID, "the proxy takes CONNECT and URLs that begin with 'http://'");
    }
    struct bytes rest = {url.p + n, url.n - n};
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#') {
        end++;
    }
    struct bytes authority = {rest.p, end}, path = {rest.p + end, rest.n - end};
    if (!egress_grant_target(authority, HTTP_PORT, &ret->target)) {
        return err_set(err, ERR_INVALID, "the URL's host is neither a name nor an address");
    }
    (void)buf_put_bytes(out, method);
    (void)buf_put_str(out, path.n > 0 && path.p[0] == '/' ? " " : " /");
    (void)buf_put_bytes(out, path);
    (void)buf_put_str(out, " HTTP/1.1\r\nHost: ");
    (void)buf_put_bytes(out, authority);
    (void)buf_put_str(out, "\r\nConnection: close\r\n");
    int rc = put_headers(headers, out, err);
    (void)buf_put_str(out, "\r\n");
    return rc != 0 ? rc : buf_check(out, "the head of the request", err);
}

int egress_request_read(struct bytes text, struct egress_request *ret, struct buf *out, struct err *err) {
    struct bytes rest = text, head, first, method, url;
    struct egress_request request = {.connect = false};
    if (!cut(&rest, "\r\n\r\n", &head)) {
        return text.n < EGRESS_HEAD_MAX
                   ? 1
                   : err_set(err, ERR_LIMIT, "the head of the request is longer than %zu bytes", EGRESS_HEAD_MAX);
    }
    if (head.n + 4 > EGRESS_HEAD_MAX) {
        return err_set(err, ERR_LIMIT, "the head of the request is longer than %zu bytes", EGRESS_HEAD_MAX);
    }
    request.consumed = head.n + 4;
    head.n += 2; /* each line with its end */
    if (!cut(&head, "\r\n", &first) || !cut(&first, " ", &method) || !cut(&first, " ", &url) || !visible(method) ||
        !visible(url) || !(bytes_is(first, "HTTP/1.1") || bytes_is(first, "HTTP/1.0"))) {
        return err_set(err, ERR_INVALID, "the request's first line is wrong");
    }
    int rc = 0;
    request.connect = bytes_is(method, "CONNECT");
    if (!request.connect) {
        rc = put_plain(method, url, head, &request, out, err);
    } else if (!egress_grant_target(url, 0, &request.target)) {
        rc = err_set(err, ERR_INVALID, "CONNECT names no 'host:port'");
    }
    if (rc == 0) {
        *ret = request;
    }
    return rc;
}
