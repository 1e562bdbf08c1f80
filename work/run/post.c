/* The connection is not kept: what follows the request is not read. */
#include "work/run/post.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/http/guard.h"

enum { HEAD_MAX = 16 << 10 };

static const struct httpd_route routes[] = {{"POST", "/v1/traces", "application/json", NULL, false},
                                            {"POST", "/v1/logs", "application/json", NULL, false}};
static const char *const hosts[] = {"localhost", "localhost:4318", "127.0.0.1:4318"};
static const struct httpd_policy policy = {.routes = routes,
                                           .n_routes = sizeof routes / sizeof *routes,
                                           .hosts = hosts,
                                           .n_hosts = sizeof hosts / sizeof *hosts,
                                           .body_max = WORK_REPORT_LINE_MAX};

bool run_post_begins(uint8_t first) {
    return first >= 'A' && first <= 'Z';
}

void run_post_init(struct post *post) {
    *post = (struct post){.head = {.max = HEAD_MAX}};
}

void run_post_done(struct post *post) {
    buf_done(&post->head);
    httpd_body_done(&post->body);
    run_post_init(post);
}

/* A client that does not read its answer misses it. */
static void put(int fd, const char *text, size_t n) {
    (void)send(fd, text, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void answer(int fd, unsigned status, const char *content) {
    char text[512];
    int n =
        snprintf(text, sizeof text,
                 "HTTP/1.1 %u %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                 status, status == 200 ? "OK" : "Refused", strlen(content), content);
    put(fd, text, (size_t)n);
}

void run_post_accept(int fd) {
    answer(fd, 200, "{}");
}

static int refuse(int fd, unsigned status) {
    answer(fd, status, "{\"message\":\"refused; expected: POST /v1/traces or /v1/logs with application/json\"}");
    return 1;
}

/* 0: the head is complete and good, and *ret_rest follows it; 2: more is needed; 1: refused. */
static int take_head(struct post *post, int fd, struct bytes in, struct bytes *ret_rest, struct err *err) {
    struct httpd_head head;
    struct httpd_verdict verdict;
    size_t n = 0, before = post->head.n, room = HEAD_MAX - before;
    (void)buf_put(&post->head, in.p, in.n < room ? in.n : room);
    if (post->head.fail != 0) return refuse(fd, 431);
    const struct bytes all = bytes_of_buf(&post->head);
    int rc = httpd_head_scan(&post->scan, all, &n, NULL);
    if (rc == 1) return in.n < room ? 2 : refuse(fd, 431);
    if (rc != 0 || httpd_head_split(&post->scan, (struct bytes){all.p, n}, &head, NULL) != 0) return refuse(fd, 400);
    httpd_judge(&policy, &head, &verdict);
    if (verdict.status != 0) return refuse(fd, verdict.status);
    rc = httpd_body_begin(&post->body, &verdict, WORK_REPORT_LINE_MAX, err);
    if (rc != 0) return rc;
    post->in_body = true;
    if (verdict.expects) put(fd, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    *ret_rest = (struct bytes){in.p + (n - before), in.n - (n - before)};
    return 0;
}

int run_post_take(struct post *post, int fd, struct bytes in, bool *ret_good, struct err *err) {
    int rc = post->in_body ? 0 : take_head(post, fd, in, &in, err);
    if (rc != 0) return rc == 2 ? 0 : rc;
    struct err why = {0};
    rc = httpd_body_take(&post->body, &in, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "out of memory");
    if (rc < 0) return refuse(fd, rc == ERR_LIMIT ? 413 : 400);
    *ret_good = rc == 0;
    return rc == 0 ? 1 : 0;
}
