/* A thread accepts, and one serves each connection. */
#include "bench/model_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "base/thread.h"

enum { HEAD_MAX = 16384 };

struct connection {
    const struct model_server *server;
    int fd;
};

void model_server_init(struct model_server *server) {
    *server = (struct model_server){.listener = -1};
    buf_init(&server->answer, (size_t)1 << 20);
}

void model_server_put_event(struct buf *out, int i) {
    buf_printf(
        out,
        "data: {\"id\":\"chatcmpl-2\",\"object\":\"chat.completion.chunk\",\"created\":1763632800,\"model\":\"tiny\","
        "\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word%d\"},\"finish_reason\":null}]}\n\n",
        i);
}

/* Reads a head and, by its length, a body. */
static bool read_request(int fd) {
    static const char length[] = "Content-Length: ";
    char head[HEAD_MAX];
    size_t n = 0, want = SIZE_MAX;
    while (n < want && n < sizeof(head) - 1) {
        ssize_t got = read(fd, head + n, sizeof(head) - 1 - n);
        if (got <= 0) return false;
        n += (size_t)got;
        head[n] = '\0';
        const char *end = strstr(head, "\r\n\r\n"), *is = strstr(head, length);
        if (end != NULL) want = (size_t)(end + 4 - head) + (is != NULL ? strtoul(is + strlen(length), NULL, 10) : 0);
    }
    return n >= want;
}

static void answer(struct connection c) {
    int yes = 1;
    bool more = true;
    (void)setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    while (more && read_request(c.fd)) {
        more = file_put_all(c.fd, c.server->answer.p, c.server->answer.n) == 0 && c.server->keep;
    }
    close(c.fd);
}

static void *serve_one(void *ctx) {
    struct connection c = *(struct connection *)ctx;
    free(ctx);
    answer(c);
    return NULL;
}

static void *serve(void *ctx) {
    struct model_server *s = ctx;
    for (int fd; (fd = accept(s->listener, NULL, NULL)) >= 0;) {
        struct connection *c = s->keep ? malloc(sizeof(*c)) : NULL;
        pthread_t thread;
        if (c == NULL) {
            answer((struct connection){s, fd});
            continue;
        }
        *c = (struct connection){s, fd};
        if (thread_start(&thread, serve_one, c) == 0) {
            (void)pthread_detach(thread);
        } else {
            close(fd);
            free(c);
        }
    }
    return NULL;
}

int model_server_start(struct model_server *s, bool keep, struct err *err) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(address);
    s->keep = keep;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->answer.fail != 0 || s->listener < 0 || bind(s->listener, (struct sockaddr *)&address, n) != 0 ||
        listen(s->listener, 16) != 0 || getsockname(s->listener, (struct sockaddr *)&address, &n) != 0 ||
        thread_start(&s->thread, serve, s) != 0) {
        return err_set(err, ERR_IO, "no server can be started on the loopback");
    }
    s->started = true;
    s->port = ntohs(address.sin_port);
    return 0;
}

void model_server_stop(struct model_server *s) {
    if (s->started) {
        shutdown(s->listener, SHUT_RDWR);
        pthread_join(s->thread, NULL);
    }
    if (s->listener >= 0) {
        close(s->listener);
    }
    /* A detached thread may still be sending the answer: it is left to the process. */
    if (!s->keep) buf_done(&s->answer);
}
