/* A site: paths with names in them, methods without bodies, its own pages and no others; and answers that come later, in pieces, or from a
 * file. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/clock.h"
#include "base/http/server.h"
#include "tests/base/http_client.h"

enum { R_NOW, R_LATER, R_STREAM, R_FILE, R_POST, R_NAMED, R_COUNT };
static const struct httpd_route routes[] = {[R_NOW] = {"GET", "/now", NULL, NULL, false},
                                            [R_LATER] = {"GET", "/later", NULL, NULL, false},
                                            [R_STREAM] = {"GET", "/stream", NULL, NULL, false},
                                            [R_FILE] = {"GET", "/file", NULL, NULL, false},
                                            [R_POST] = {"POST", "/now", "application/json", NULL, false},
                                            [R_NAMED] = {"GET", "/a/{x}/b", NULL, NULL, false}};
#define FILE_N 1000000

struct site {
    struct httpd *httpd;
    pthread_t thread;
    char address[HTTPD_ADDRESS_MAX], path[64];
    struct httpd_exchange *waiting[4096], *streams[64];
    size_t n_waiting, n_streams;
    _Atomic size_t gone, cut, held; /* held: answers are put off until it is 0, and pieces are large and many */
    int code;
    bool unix_socket;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number) {
    (void)number;
    stopped = 1;
}

static int handle(void *ctx, const struct httpd_request *request, struct httpd_reply *reply, struct err *err) {
    struct site *s = ctx;
    (void)err;
    reply->type = "text/plain";
    if (request->route == R_LATER) {
        s->waiting[s->n_waiting++] = request->exchange;
        reply->when = HTTPD_LATER;
    } else if (request->route == R_STREAM) {
        s->streams[s->n_streams++] = request->exchange;
        buf_put_str(&reply->body, "first");
        reply->when = HTTPD_STREAM;
    } else if (request->route == R_FILE) {
        reply->file = open(s->path, O_RDONLY | O_CLOEXEC);
        reply->file_n = FILE_N;
    } else {
        buf_printf(&reply->body, "%.*s %.*s %s", (int)request->head->method.n, (const char *)request->head->method.p,
                   (int)request->head->target.n, (const char *)request->head->target.p, request->peer);
    }
    return 0;
}

static void gone(void *ctx, struct httpd_exchange *exchange) {
    struct site *s = ctx;
    for (size_t i = 0; i < s->n_waiting; i++) {
        if (s->waiting[i] == exchange) s->waiting[i] = s->waiting[--s->n_waiting];
    }
    for (size_t i = 0; i < s->n_streams; i++) {
        if (s->streams[i] == exchange) s->streams[i] = s->streams[--s->n_streams];
    }
    s->gone++;
}

static int tick(void *ctx, struct err *err) {
    struct site *s = ctx;
    (void)err;
    while (s->n_waiting > 0 && s->held == 0) {
        struct httpd_reply reply;
        struct httpd_exchange *exchange = s->waiting[--s->n_waiting];
        httpd_reply_init(s->httpd, &reply);
        reply.type = "text/plain";
        buf_put_str(&reply.body, "at last");
        httpd_answer(s->httpd, exchange, &reply);
    }
    static const char large[60000] = "more";
    for (size_t i = 0; i < s->n_streams;) {
        bool there = true;
        for (int n = 0; there && n < (s->held != 0 ? 20 : 1); n++) {
            there = httpd_push(s->httpd, s->streams[i],
                               (struct bytes){(const uint8_t *)large, s->held != 0 ? sizeof(large) : 4});
        }
        if (there) {
            i++;
        } else {
            s->streams[i] = s->streams[--s->n_streams];
            s->cut++;
        }
    }
    return 0;
}

static void *serve(void *ctx) {
    struct site *s = ctx;
    struct err err = {0};
    s->code = httpd_run(s->httpd, &stopped, &err);
    return NULL;
}

static int begin(void **state, size_t connections, const char *address) {
    struct site *s = calloc(1, sizeof(*s));
    struct err err = {0};
    const struct httpd_options options = {.address = address,
                                          .routes = routes,
                                          .n_routes = R_COUNT,
                                          .site = true,
                                          .body_max = 1000,
                                          .bodies_max = 10000,
                                          .connections_max = connections,
                                          .ctx = s,
                                          .handle = handle,
                                          .tick = tick,
                                          .gone = gone};
    stopped = 0;
    sigaction(SIGUSR1, &(struct sigaction){.sa_handler = on_signal}, NULL);
    snprintf(s->path, sizeof(s->path), "/tmp/test_httpd_site.XXXXXX");
    int fd = mkstemp(s->path);
    assert_int_equal(ftruncate(fd, FILE_N), 0);
    close(fd);
    if (httpd_open(&options, &s->httpd, &err) != 0) fail_msg("%s", err.msg);
    snprintf(s->address, sizeof(s->address), "%s", httpd_address(s->httpd));
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
    *state = s;
    return 0;
}

static int setup(void **state) {
    return begin(state, 0, "127.0.0.1:0");
}

static int setup_many(void **state) {
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max < 20000 ? limit.rlim_max : 20000;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    return begin(state, 16384, "127.0.0.1:0");
}

static int teardown(void **state) {
    struct site *s = *state;
    pthread_kill(s->thread, SIGUSR1);
    pthread_join(s->thread, NULL);
    assert_int_equal(s->code, 0);
    httpd_close(s->httpd);
    unlink(s->path);
    free(s);
    return 0;
}

static void say(struct client *c, const struct site *s, const char *line, const char *fields) {
    char text[1024];
    int n = snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n", line, s->address, fields);
    client_send(c, text, (size_t)n);
}

/* Reads until the text is there. */
static void expect(struct client *c, const char *text) {
    while (strstr(c->answer, text) == NULL) {
        struct pollfd p = {.fd = c->fd, .events = POLLIN};
        if (poll(&p, 1, CLIENT_WAIT_MS) != 1) fail_msg("no '%s' in: %s", text, c->answer);
        ssize_t n = recv(c->fd, c->answer + c->n, sizeof(c->answer) - 1 - c->n, 0);
        if (n <= 0) fail_msg("no '%s' before the end of: %s", text, c->answer);
        c->n += (size_t)n;
        c->answer[c->n] = '\0';
    }
}

static void ask(const struct site *s, const char *line, const char *fields, const char *status, const char *text) {
    struct client c;
    client_open(&c, s->address);
    say(&c, s, line, fields);
    expect(&c, status);
    expect(&c, text);
    client_close(&c);
}

static void paths_methods_and_senders_are_judged(void **state) {
    const struct site *s = *state;
    char own[256];
    ask(s, "GET /now", "", " 200 OK", "GET /now 127.0.0.1");
    ask(s, "GET /now?x=1&y=%20", "", " 200 OK", "GET /now?x=1&y=%20");
    ask(s, "GET /a/name/b?q", "", " 200 OK", "/a/name/b?q");
    ask(s, "GET /a//b", "", " 404 ", "nothing at this path");
    ask(s, "GET /a/x/y/b", "", " 404 ", "");
    ask(s, "GET /now/", "", " 404 ", "");
    ask(s, "GET /a/x", "", " 404 ", "");
    ask(s, "GET now", "", " 400 ", "must be a path");
    ask(s, "GET http://x/now", "", " 400 ", "");
    ask(s, "DELETE /now", "", " 405 ", "Allow: GET, HEAD, POST");
    ask(s, "POST /later", "Content-Length: 0\r\n", " 405 ", "Allow: GET, HEAD\r\n");
    ask(s, "GET /now", "Content-Length: 3\r\n", " 400 ", "must not have a body");
    ask(s, "GET /now", "Transfer-Encoding: chunked\r\n", " 400 ", "must not have a body");
    ask(s, "GET /now", "Content-Length: 0\r\n", " 200 OK", "GET /now");
    ask(s, "POST /now", "Content-Type: text/plain\r\nContent-Length: 0\r\n", " 415 ", "");
    ask(s, "POST /now", "Content-Type: application/json\r\n", " 411 ", "");
    ask(s, "POST /now", "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", " 200 OK", "POST /now");
    ask(s, "GET /now", "Sec-Fetch-Site: none\r\n", " 200 OK", "");
    ask(s, "GET /now", "Sec-Fetch-Site: same-origin\r\n", " 200 OK", "");
    ask(s, "GET /now", "Sec-Fetch-Site: same-site\r\n", " 403 ", "web pages");
    ask(s, "GET /now", "Sec-Fetch-Site: cross-site\r\n", " 403 ", "web pages");
    ask(s, "GET /now", "Origin: http://127.0.0.1:1\r\n", " 403 ", "");
    ask(s, "GET /now", "Origin: null\r\n", " 403 ", "");
    snprintf(own, sizeof(own), "Origin: http://%s\r\n", s->address);
    ask(s, "GET /now", own, " 200 OK", "");
    snprintf(own, sizeof(own), "Origin: http://%s\r\nSec-Fetch-Site: cross-site\r\n", s->address);
    ask(s, "GET /now", own, " 403 ", "");
    ask(s, "GET /now", "Content-Length: 0\r\nContent-Length: 0\r\n", " 400 ", "appears twice");
    ask(s, "GET /now", "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", " 400 ", "both");
}

static void a_head_has_no_body_and_the_connection_goes_on(void **state) {
    const struct site *s = *state;
    struct client c;
    client_open(&c, s->address);
    say(&c, s, "HEAD /now", "");
    say(&c, s, "HEAD /file", "");
    say(&c, s, "GET /a/last/b", "");
    expect(&c, "GET /a/last/b");
    assert_null(strstr(c.answer, "HEAD /now"));
    assert_non_null(strstr(c.answer, "Content-Length: 1000000"));
    client_close(&c);
}

static void late_answers_keep_their_order(void **state) {
    struct site *s = *state;
    struct client c;
    client_open(&c, s->address);
    say(&c, s, "GET /later", "");
    say(&c, s, "GET /now", ""); /* waits behind it */
    say(&c, s, "GET /later", "");
    expect(&c, "at last");
    expect(&c, "GET /now");
    char *second = strstr(c.answer, "GET /now");
    assert_true(strstr(c.answer, "at last") < second);
    while (strstr(second, "at last") == NULL) {
        expect(&c, "at last"); /* more arrives */
        struct pollfd p = {.fd = c.fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, CLIENT_WAIT_MS), 1);
        ssize_t n = recv(c.fd, c.answer + c.n, sizeof(c.answer) - 1 - c.n, 0);
        assert_true(n > 0);
        c.n += (size_t)n;
        c.answer[c.n] = '\0';
    }
    client_close(&c);
}

static void wait_for(const _Atomic size_t *what, size_t wanted) {
    for (int i = 0; *what < wanted && i < CLIENT_WAIT_MS; i++) {
        usleep(1000);
    }
    assert_true(*what >= wanted);
}

static void who_leaves_is_told(void **state) {
    struct site *s = *state;
    struct client later, stream;
    s->held = 1;
    client_open(&later, s->address);
    client_open(&stream, s->address);
    say(&later, s, "GET /later", "");
    say(&stream, s, "GET /stream", "");
    expect(&stream, "first");
    ask(s, "GET /now", "", " 200 OK", "");
    client_close(&later);
    client_close(&stream);
    wait_for(&s->gone, 1);
    s->held = 0;
    ask(s, "GET /later", "", " 200 OK", "at last");
}

static void a_stream_comes_in_pieces(void **state) {
    const struct site *s = *state;
    struct client c, old;
    client_open(&c, s->address);
    say(&c, s, "GET /stream", "");
    expect(&c, "Transfer-Encoding: chunked");
    expect(&c, "5\r\nfirst\r\n");
    expect(&c, "4\r\nmore\r\n4\r\nmore\r\n");
    client_close(&c);
    client_open(&old, s->address);
    client_send(&old, "GET /stream HTTP/1.0\r\nHost: ", 28);
    client_send(&old, s->address, strlen(s->address));
    client_send(&old, "\r\n\r\n", 4);
    expect(&old, "firstmoremore");
    assert_null(strstr(old.answer, "chunked"));
    client_close(&old);
}

/* Who does not read is cut off, and holds back nobody. */
static void who_does_not_read_is_cut_off(void **state) {
    struct site *s = *state;
    struct client c;
    int small = 4096;
    client_open(&c, s->address);
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    s->held = 1; /* large pieces */
    say(&c, s, "GET /stream", "");
    for (int i = 0; i < 100; i++) {
        ask(s, "GET /now", "", " 200 OK", "");
    }
    wait_for(&s->cut, 1);
    s->held = 0;
    ask(s, "GET /now", "", " 200 OK", "");
    client_close(&c);
}

static void a_file_is_sent_whole(void **state) {
    const struct site *s = *state;
    struct client c;
    client_open(&c, s->address);
    say(&c, s, "GET /file", "Connection: close\r\n");
    size_t n = 0;
    for (;;) {
        ssize_t got = recv(c.fd, c.answer, sizeof(c.answer), 0);
        assert_true(got >= 0);
        if (got == 0) break;
        n += (size_t)got;
    }
    assert_true(n > FILE_N && n < FILE_N + 1000);
    client_close(&c);
}

/* Ten thousand connections that say nothing keep nobody out, and cost little. */
static void ten_thousand_are_served(void **state) {
    const struct site *s = *state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    size_t n = 5000; /* with both ends in this process */
    if (limit.rlim_cur < 2 * n + 200) n = limit.rlim_cur > 600 ? (limit.rlim_cur - 200) / 2 : 200;
    int *fds = calloc(n, sizeof(*fds));
    for (size_t i = 0; i < n; i++) {
        struct client c;
        client_open(&c, s->address);
        fds[i] = c.fd;
        if (i % 500 == 0) ask(s, "GET /now", "", " 200 OK", "GET /now");
    }
    ask(s, "GET /now", "", " 200 OK", "GET /now");
    ask(s, "GET /later", "", " 200 OK", "at last");
    for (size_t i = 0; i < n; i++) {
        close(fds[i]);
    }
    free(fds);
}

static void a_unix_socket_knows_its_peer(void **state) {
    (void)state;
    void *mine = NULL;
    char path[64], address[80], peer[32];
    struct stat st;
    snprintf(path, sizeof(path), "/tmp/test_httpd_site.%d.sock", (int)getpid());
    snprintf(address, sizeof(address), "unix:%s", path);
    begin(&mine, 0, address);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    snprintf(where.sun_path, sizeof(where.sun_path), "%s", path);
    struct client c = {.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    assert_int_equal(connect(c.fd, (const struct sockaddr *)&where, sizeof(where)), 0);
    client_send(&c, "GET /now HTTP/1.1\r\nHost: anything\r\n\r\n", 37);
    snprintf(peer, sizeof(peer), "uid %d", (int)getuid());
    expect(&c, peer);
    client_close(&c);
    teardown(&mine);
    assert_int_equal(stat(path, &st), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(paths_methods_and_senders_are_judged),
                                       TEST(a_head_has_no_body_and_the_connection_goes_on),
                                       TEST(late_answers_keep_their_order),
                                       TEST(who_leaves_is_told),
                                       TEST(a_stream_comes_in_pieces),
                                       TEST(who_does_not_read_is_cut_off),
                                       TEST(a_file_is_sent_whole),
                                       cmocka_unit_test_setup_teardown(ten_thousand_are_served, setup_many, teardown),
                                       cmocka_unit_test(a_unix_socket_knows_its_peer)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
