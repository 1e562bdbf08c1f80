/* What a step reaches through its proxy, and what it reports through its socket. The server that it talks to is a child of
 * this test on the loopback interface; names lead where this test says. */
#include "tests/work/sandbox.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

static struct {
    uint16_t port;
    pid_t pid;
} server;

int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list);

/* "x.test" leads to the loopback interface, as a name of an attacker may. */
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **list) {
    bool mine = strlen(node) > 5 && strcmp(node + strlen(node) - 5, ".test") == 0;
    return __real_getaddrinfo(mine || strcmp(node, "localhost") == 0 ? "127.0.0.1" : node, service, hints, list);
}

/* Answers each connection: what it was sent, up to the end of the head, comes back as a body. */
static void serve(int listener) {
    (void)signal(SIGPIPE, SIG_IGN); /* who asked may be gone */
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char text[4096], head[128];
        size_t n = 0;
        ssize_t got;
        while (fd >= 0 && n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) > 0) {
            n += (size_t)got;
            text[n] = 0;
            if (strstr(text, "\r\n\r\n") != NULL) {
                break;
            }
        }
        int k = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", n);
        if (fd >= 0 && (write(fd, head, (size_t)k) != k || write(fd, text, n) != (ssize_t)n)) {
            n = 0;
        }
        close(fd);
    }
}

static int setup(void **state) {
    (void)state;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof in;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&in, n) != 0 || listen(fd, 16) != 0 ||
        getsockname(fd, (struct sockaddr *)&in, &n) != 0) {
        return -1;
    }
    server.port = ntohs(in.sin_port);
    server.pid = fork();
    if (server.pid == 0) {
        serve(fd);
    }
    close(fd);
    return server.pid > 0 ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    kill(server.pid, SIGKILL);
    return waitpid(server.pid, NULL, 0) == server.pid ? 0 : -1;
}

static const char script_ask[] =
    "import os, urllib.request, http.client, socket\n"
    "def ask(url):\n"
    "    try: return urllib.request.urlopen(url, timeout=20).read().decode().splitlines()[:2]\n"
    "    except urllib.error.HTTPError as e: return e.code, e.read().decode().strip()\n"
    "    except OSError as e: return type(e).__name__\n";

struct ask {
    const char *grants[4];
    const char *script; /* %u is the server's port */
    const char *out;
    void (*check)(const struct work_result *result);
};

static const char *asks(void *ctx) {
    const struct ask *ask = ctx;
    char script[4096], out[2048], grants[4][128];
    const char *patterns[5] = {NULL};
    unsigned port = server.port;
    size_t n = (size_t)snprintf(script, sizeof script, "%sP = %u\n%s", script_ask, port, ask->script);
    assert_true(n < sizeof script);
    for (size_t i = 0; ask->grants[i] != NULL; i++) {
        snprintf(grants[i], sizeof grants[i], "%s:%u", ask->grants[i], port);
        patterns[i] = grants[i];
    }
    struct sandbox s = {.process.egress = patterns};
    sandbox_python(&s, script);
    sandbox_run(&s);
    for (char *p; (p = strstr(s.out, grants[0] + strlen(ask->grants[0]) + 1)) != NULL;) { /* the port differs each time */
        memmove(p + 4, p + strlen(grants[0]) - strlen(ask->grants[0]) - 1,
                strlen(p) + 1 - (strlen(grants[0]) - strlen(ask->grants[0]) - 1));
        memcpy(p, "PORT", 4);
    }
    snprintf(out, sizeof out, "%s: %s | %s", work_end_name(s.result.end), s.out, s.error);
    static char wrong[4200];
    snprintf(wrong, sizeof wrong, "said '%s'", out);
    bool good = s.rc == 0 && s.result.end == WORK_EXITED && s.result.code == 0 && strcmp(s.out, ask->out) == 0;
    if (good && ask->check != NULL) {
        ask->check(&s.result);
    }
    sandbox_done(&s);
    return good ? NULL : wrong;
}

static void reached(const struct work_result *r) {
    assert_true(r->proxy);
    assert_int_equal(r->connections_n, 1);
    const struct work_connection *c = &r->connections[0];
    assert_int_equal(c->times, 2);
    assert_string_equal(c->host, "127.0.0.1");
    assert_string_equal(c->address, "127.0.0.1");
    assert_string_equal(c->refused, "");
    assert_int_equal(c->port, server.port);
    assert_true(c->sent > 40);
    assert_true(c->received > c->sent);
}

static void what_was_granted_is_reached_and_recorded(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"127.0.0.1"},
                      .script = "print(ask('http://127.0.0.1:%d/a?b' % P))\n"
                                "c = http.client.HTTPConnection('127.0.0.1', 3128)\n"
                                "c.set_tunnel('127.0.0.1', P); c.request('GET', '/tunnel')\n"
                                "print(c.getresponse().read().decode().splitlines()[0])\n",
                      .out = "['GET /a?b HTTP/1.1', 'Host: 127.0.0.1:PORT']\nGET /tunnel HTTP/1.1\n",
                      .check = reached};
    sandbox_each_user(asks, &ask);
}

/* Threads record them, in the order in which they end. */
static void refused(const struct work_result *r) {
    size_t evil = 0, other = 0;
    assert_int_equal(r->connections_n, 3);
    for (size_t i = 0; i < 3; i++) {
        const struct work_connection *c = &r->connections[i];
        bool is_evil = strcmp(c->host, "evil.test") == 0;
        evil += is_evil;
        other += strcmp(c->host, "other.example") == 0;
        assert_string_equal(c->address, "");
        assert_string_equal(c->refused,
                            is_evil ? "leads to a loopback address, which no grant names" : "not granted (network.egress)");
    }
    assert_int_equal(evil, 1);
    assert_int_equal(other, 1);
}

static void what_was_not_granted_is_refused_and_recorded(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"evil.test"},
                      .script = "print(ask('http://evil.test:%d/' % P))\n"
                                "print(ask('http://other.example:%d/' % P))\n"
                                "print(ask('http://127.0.0.1:%d/' % P))\n",
                      .out = "(403, \"ledger: 'evil.test' port PORT: leads to a loopback address, which no grant names\")\n"
                             "(403, \"ledger: 'other.example' port PORT: not granted (network.egress)\")\n"
                             "(403, \"ledger: '127.0.0.1' port PORT: not granted (network.egress)\")\n",
                      .check = refused};
    sandbox_each_user(asks, &ask);
}

static void a_name_reaches_a_special_address_that_is_granted_too(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"*.test", "127.0.0.1"},
                      .script = "print(ask('http://a.test:%d/' % P)[0])\nprint(ask('http://a.b.test:%d/' % P)[0])\n",
                      .out = "GET / HTTP/1.1\n403\n"};
    sandbox_each_user(asks, &ask);
}

static void a_grant_of_localhost_is_one_of_the_loopback_interface(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {
        .grants = {"localhost"}, .script = "print(ask('http://localhost:%d/' % P)[0])\n", .out = "GET / HTTP/1.1\n"};
    sandbox_each_user(asks, &ask);
}

static void a_program_that_does_not_use_the_proxy_has_no_network(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"127.0.0.1"},
                      .script = "os.environ.clear()\nprint(ask('http://127.0.0.1:%d/' % P))\n"
                                "s = socket.socket()\n"
                                "try: s.connect(('192.0.2.1', 80))\nexcept OSError as e: print(e.strerror)\n"
                                "try: socket.socket(socket.AF_UNIX)\nexcept OSError as e: print(e.strerror)\n",
                      .out = "URLError\nNetwork is unreachable\nPermission denied\n"};
    sandbox_each_user(asks, &ask);
}

static void what_the_proxy_does_not_understand_it_refuses(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"127.0.0.1"},
                      .script = "for text in (b'GET / HTTP/1.1\\r\\n\\r\\n', b'\\x00\\xff\\r\\n\\r\\n', b'x' * 20000):\n"
                                "    s = socket.create_connection(('127.0.0.1', 3128))\n"
                                "    s.sendall(text)\n"
                                "    try: print(s.recv(1000).split(b'\\r\\n')[0].decode())\n"
                                "    except OSError: print('reset')\n",
                      .out = "HTTP/1.1 400 Bad Request\nHTTP/1.1 400 Bad Request\nHTTP/1.1 400 Bad Request\n"};
    sandbox_each_user(asks, &ask);
}

static void crowded(const struct work_result *r) {
    size_t reached = 0;
    for (size_t i = 0; i < r->connections_n; i++) {
        reached += r->connections[i].refused[0] == 0;
    }
    assert_int_equal(r->connections_n, WORK_EGRESS_MAX / 2 + 1);
    assert_int_equal(reached, 1);
    assert_int_equal(r->connections_more, 300 - WORK_EGRESS_MAX / 2);
}

static void refusals_do_not_crowd_out_what_was_reached(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"127.0.0.1"},
                      .script = "for i in range(300): ask('http://x%d.example:%d/' % (i, P))\n"
                                "for i in range(3): print(ask('http://127.0.0.1:%d/' % P)[0])\n",
                      .out = "GET / HTTP/1.1\nGET / HTTP/1.1\nGET / HTTP/1.1\n",
                      .check = crowded};
    sandbox_each_user(asks, &ask);
}

/* None of these is the granted address, whatever a resolver would make of it. */
static void other_ways_to_write_an_address_reach_nothing(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {
        .grants = {"127.0.0.1"},
        .script =
            "def status(target, line=b'CONNECT %s:%d HTTP/1.1\\r\\n\\r\\n'):\n"
            "    s = socket.create_connection(('127.0.0.1', 3128)); s.sendall(line % (target, P))\n"
            "    return s.recv(1000).split(b' ')[1].decode()\n"
            "print(*map(status, (b'[::ffff:127.0.0.1]', b'[::1]', b'0.0.0.0', b'[::]', b'localhost', b'127.0.0.2')))\n"
            "print(*map(status, (b'2130706433', b'017700000001', b'127.1', b'0x7f.1', b'0', b'127.0.0.1.', "
            "b'[fe80::1%25lo]', b'a' * 300)))\n"
            "print(*(status(b'127.0.0.1', t) for t in (b'CONNECT %s:+%d HTTP/1.1\\r\\n\\r\\n', "
            "b'GET http://%s:%d@evil/ HTTP/1.1\\r\\n\\r\\n', b'GET http://evil@%s:%d/ HTTP/1.1\\r\\n\\r\\n', "
            "b'GET http://%s:%d\\\\@evil/ HTTP/1.1\\r\\n\\r\\n', "
            "b'GET http://%s:%d/ HTTP/1.1\\r\\nA: ' + b'b' * 16384 + b'\\r\\n\\r\\n')))\n",
        .out = "403 403 403 403 403 403\n400 400 400 400 400 400 400 400\n400 400 400 400 400\n"};
    sandbox_each_user(asks, &ask);
}

/* More of them than there are threads, each with a byte and no more. */
static void clients_that_never_finish_end_with_the_step(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"127.0.0.1"},
                      .script = "kept = [socket.create_connection(('127.0.0.1', 3128)) for i in range(100)]\n"
                                "for s in kept:\n"
                                "    try: s.sendall(b'G')\n"
                                "    except OSError: pass\n"
                                "print(len(kept))\n",
                      .out = "100\n"};
    sandbox_each_user(asks, &ask);
}

static void a_connection_left_open_ends_with_the_step(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    struct ask ask = {.grants = {"127.0.0.1"},
                      .script = "s = socket.create_connection(('127.0.0.1', 3128))\n"
                                "s.sendall(b'CONNECT 127.0.0.1:%d HTTP/1.1\\r\\n\\r\\n' % P)\n"
                                "print(s.recv(1000).split(b'\\r\\n')[0].decode(), flush=True)\n"
                                "os._exit(0)\n",
                      .out = "HTTP/1.1 200 Connection established\n"};
    sandbox_each_user(asks, &ask);
}

/* ---- reports ---- */

struct lines {
    char text[4096];
    int n, fail_at;
};

static int take_line(void *ctx, struct bytes line, struct err *err) {
    struct lines *l = ctx;
    size_t used = strlen(l->text);
    snprintf(l->text + used, sizeof l->text - used, "%.*s;", (int)line.n, (const char *)line.p);
    return ++l->n == l->fail_at ? err_set(err, ERR_FULL, "the disk is full") : 0;
}

static const char script_report[] =
    "import os, socket\n"
    "def report(data):\n"
    "    s = socket.socket(socket.AF_UNIX); s.connect(os.environ['LEDGER_SOCKET']); s.sendall(data)\n"
    "    s.shutdown(socket.SHUT_WR); s.recv(1); s.close()\n"; /* its lines were taken: those of two connections have no order */

static const char *reports(void *ctx) {
    (void)ctx;
    char script[2048];
    struct lines lines = {.fail_at = 0};
    struct sandbox s = {.process = {.report = take_line, .report_ctx = &lines}};
    snprintf(script, sizeof script,
             "%sreport(b'{\"a\":1}\\n\\n{\"b\":2}\\n')\nreport(b'x' * (2 << 20) + b'\\n{\"c\":3}\\n')\nreport(b'no end')\n"
             "try: socket.socket(socket.AF_INET)\nexcept OSError as e: print(e.strerror)\n",
             script_report);
    sandbox_python(&s, script);
    sandbox_run(&s);
    bool good = s.rc == 0 && s.result.end == WORK_EXITED && s.result.code == 0 &&
                strcmp(s.out, "Permission denied\n") == 0 &&
                strcmp(lines.text, "{\"a\":1};{\"b\":2};{\"c\":3};no end;") == 0 && s.result.reports == 4 &&
                s.result.reports_dropped == 1;
    static char wrong[8192];
    snprintf(wrong, sizeof wrong, "%s %d: %s %.500s: %s", work_end_name(s.result.end), s.result.code, s.out, s.error,
             lines.text);
    sandbox_done(&s);
    return good ? NULL : wrong;
}

static void what_a_step_reports_is_handed_on_by_line(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    sandbox_each_user(reports, NULL);
}

static void a_report_that_cannot_be_taken_ends_the_step(void **state) {
    (void)state;
    SANDBOX_NEEDED();
    char script[2048];
    struct lines lines = {.fail_at = 2};
    struct sandbox s = {.process = {.report = take_line, .report_ctx = &lines}};
    snprintf(script, sizeof script, "%swhile True: report(b'a\\n')\n", script_report);
    sandbox_python(&s, script);
    sandbox_run(&s);
    assert_int_equal(s.rc, ERR_FULL);
    assert_string_equal(s.err.msg, "the disk is full");
    assert_int_equal(s.result.end, WORK_STOPPED);
    assert_int_equal(lines.n, 2);
    sandbox_done(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_granted_is_reached_and_recorded),
        cmocka_unit_test(what_was_not_granted_is_refused_and_recorded),
        cmocka_unit_test(a_name_reaches_a_special_address_that_is_granted_too),
        cmocka_unit_test(a_grant_of_localhost_is_one_of_the_loopback_interface),
        cmocka_unit_test(a_program_that_does_not_use_the_proxy_has_no_network),
        cmocka_unit_test(what_the_proxy_does_not_understand_it_refuses),
        cmocka_unit_test(refusals_do_not_crowd_out_what_was_reached),
        cmocka_unit_test(other_ways_to_write_an_address_reach_nothing),
        cmocka_unit_test(clients_that_never_finish_end_with_the_step),
        cmocka_unit_test(a_connection_left_open_ends_with_the_step),
        cmocka_unit_test(what_a_step_reports_is_handed_on_by_line),
        cmocka_unit_test(a_report_that_cannot_be_taken_ends_the_step),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
