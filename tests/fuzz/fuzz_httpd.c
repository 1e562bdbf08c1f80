/* Arbitrary bytes as a request to a receiver: refused with a message, or read the same in one piece and byte by byte. No
 * control character remains in a header. */
#include <stdlib.h>
#include <string.h>

#include "base/http/guard.h"
#include "base/http/h2.h"
#include "base/http/target.h"

#define CONTENT_MAX ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want(bool ok) {
    if (!ok) {
        abort();
    }
}

static const struct httpd_route routes[] = {{"POST", "/in", "application/json", NULL, true}};
static const char *const hosts[] = {"127.0.0.1:4318"};
static const struct httpd_policy policy = {
    .routes = routes, .n_routes = 1, .hosts = hosts, .n_hosts = 1, .body_max = CONTENT_MAX};

static const struct httpd_route site_routes[] = {{"GET", "/a/{x}", NULL, NULL, false}, {"GET", "/", NULL, NULL, false}};
static const struct httpd_policy site = {
    .routes = site_routes, .n_routes = 2, .hosts = hosts, .n_hosts = 1, .body_max = CONTENT_MAX, .site = true};

/* What is accepted can be taken apart, and has neither control characters nor ways out. */
static void check_target(struct bytes text) {
    struct httpd_target t;
    struct err err = {0};
    if (httpd_target_split(text, &t, &err) != 0) {
        want(err.msg[0] != '\0' && t.room.p == NULL);
        return;
    }
    for (size_t i = 0; i < t.n_segments; i++) {
        want(t.segments[i].n > 0 && t.segments[i].p[t.segments[i].n] == 0 && !bytes_is(t.segments[i], ".."));
        want(strlen((const char *)t.segments[i].p) == t.segments[i].n);
    }
    for (size_t i = 0; i < t.n_params; i++) {
        want(strlen((const char *)t.params[i].value.p) == t.params[i].value.n);
    }
    httpd_target_done(&t);
}

static int read_chunks(struct bytes in, size_t step, struct buf *content, size_t *ret_used) {
    struct httpd_chunks chunks = {0};
    int rc = 2;
    *ret_used = 0;
    for (size_t at = 0; at < in.n && rc == 2; at += step) {
        struct bytes part = {in.p + at, step < in.n - at ? step : in.n - at}, piece;
        struct err err = {0};
        while ((rc = httpd_chunks_take(&chunks, &part, &piece, &err)) == 1) {
            want(piece.n > 0 && buf_put_bytes(content, piece) == 0);
        }
        want(rc == 0 || (rc == 2 && part.n == 0) || (rc == ERR_INVALID && err.msg[0] != '\0'));
        *ret_used = (size_t)(part.p - in.p);
    }
    return rc;
}

static void check_chunks(struct bytes in) {
    struct buf whole, bytewise;
    size_t used, used_bytewise;
    buf_init(&whole, CONTENT_MAX);
    buf_init(&bytewise, CONTENT_MAX);
    want(read_chunks(in, in.n, &whole, &used) == read_chunks(in, 1, &bytewise, &used_bytewise));
    want(used == used_bytewise && bytes_eq(bytes_of_buf(&whole), bytes_of_buf(&bytewise)));
    buf_done(&whole);
    buf_done(&bytewise);
}

static void check_head(const struct httpd_scan *scan, struct bytes text) {
    struct httpd_head head;
    struct httpd_verdict v;
    struct err err = {0};
    if (httpd_head_split(scan, text, &head, &err) != 0) {
        want(err.msg[0] != '\0');
        return;
    }
    for (size_t i = 0; i < text.n; i++) {
        want((text.p[i] >= ' ' && text.p[i] != 0x7f) || memchr("\t\r\n", text.p[i], 3) != NULL);
    }
    for (size_t i = 0; i < head.n && i < HTTPD_HEADERS_MAX; i++) {
        want(memchr(head.headers[i].value.p, '\r', head.headers[i].value.n) == NULL);
    }
    httpd_judge(&policy, &head, &v);
    check_target(head.target);
    struct httpd_verdict of_site;
    httpd_judge(&site, &head, &of_site);
    want(of_site.status == 0 ? of_site.route < 2 && !of_site.has_body : of_site.message[0] != '\0');
    want(v.status == 0 ? v.route == 0 && (!v.has_length || v.length <= CONTENT_MAX) : v.message[0] != '\0');
}

/* The same as frames of HTTP/2, as they would arrive. */
static void refuse_h2(struct bytes in) {
    struct httpd_h2 h2 = {0};
    struct buf out = {.max = (size_t)1 << 20};
    int rc = 1;
    for (size_t n = 1; n <= in.n && rc == 1; n += 7) {
        rc = httpd_h2_take(&h2, (struct bytes){in.p, n}, "set IT=http", &out);
        if (h2.at > n || (rc != 0 && rc != 1 && rc != ERR_INVALID)) {
            abort();
        }
    }
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    refuse_h2((struct bytes){data, size});
    struct bytes in = {data, size < CONTENT_MAX ? size : CONTENT_MAX};
    struct httpd_scan scan = {0}, bytewise = {0};
    struct err err = {0};
    size_t n = 0, n_bytewise = 0;
    int rc = httpd_head_scan(&scan, in, &n, &err), slow = 1;
    want(rc == 0 || rc == 1 || (rc == ERR_INVALID && err.msg[0] != '\0'));
    for (size_t i = 1; i <= in.n && slow == 1; i++) {
        slow = httpd_head_scan(&bytewise, (struct bytes){in.p, i}, &n_bytewise, NULL);
    }
    want(rc == slow && n == n_bytewise && n <= in.n);
    if (rc == 0) {
        check_head(&scan, (struct bytes){in.p, n});
        in.p += n;
        in.n -= n;
    }
    check_chunks(in);
    return 0;
}
