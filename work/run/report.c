/* Nothing here believes a line or a body; it is bounded, and handed on. What has no line end when its writer is gone is a line too. */
#include "work/run/report.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINES_MAX = 100000, PIECE = 1 << 16 };

void run_report_init(struct report *r, work_line_fn *take, void *ctx) {
    *r = (struct report){.take = take, .ctx = ctx, .listener = -1};
    for (size_t i = 0; i < REPORT_CLIENTS; i++) {
        r->client[i].fd = -1;
        buf_init(&r->client[i].line, WORK_REPORT_LINE_MAX);
        run_post_init(&r->client[i].post);
    }
}

void run_report_listen(struct report *r, int listener) {
    r->listener = listener;
    (void)fcntl(listener, F_SETFL, O_NONBLOCK);
}

void run_report_done(struct report *r) {
    for (size_t i = 0; i < REPORT_CLIENTS; i++) {
        if (r->client[i].fd >= 0) {
            close(r->client[i].fd);
        }
        buf_done(&r->client[i].line);
        run_post_done(&r->client[i].post);
    }
    if (r->listener >= 0) {
        close(r->listener);
    }
    r->listener = -1;
}

void run_report_poll(const struct report *r, struct pollfd *fds) {
    bool room = false;
    for (size_t i = 0; i < REPORT_CLIENTS; i++) {
        fds[1 + i] = (struct pollfd){.fd = r->client[i].fd, .events = POLLIN};
        room = room || r->client[i].fd < 0;
    }
    fds[0] = (struct pollfd){.fd = room ? r->listener : -1, .events = POLLIN};
}

static int end_line(struct report *r, size_t i, struct err *err) {
    struct buf *line = &r->client[i].line;
    int rc = 0;
    if (r->client[i].skip || line->fail != 0 || (line->n > 0 && r->lines >= LINES_MAX)) {
        r->dropped++;
    } else if (line->n > 0) {
        r->lines++;
        r->bytes += line->n;
        rc = r->take(r->ctx, bytes_of_buf(line), err);
    }
    r->client[i].skip = false;
    buf_clear(line);
    return rc;
}

static int take_bytes(struct report *r, size_t i, struct bytes b, struct err *err) {
    int rc = 0;
    while (rc == 0 && b.n > 0) {
        const uint8_t *end = bytes_find(b, '\n');
        size_t n = end != NULL ? (size_t)(end - b.p) : b.n;
        if (!r->client[i].skip && buf_put(&r->client[i].line, b.p, n) != 0) {
            r->client[i].skip = true;
        }
        b = (struct bytes){b.p + n, b.n - n};
        if (end != NULL) {
            b = (struct bytes){b.p + 1, b.n - 1};
            rc = end_line(r, i, err);
        }
    }
    return rc;
}

static void close_client(struct report *r, size_t i) {
    close(r->client[i].fd);
    r->client[i].fd = -1;
    r->client[i].begun = r->client[i].http = false;
    run_post_done(&r->client[i].post);
}

static int take_post(struct report *r, size_t i, struct bytes in, struct err *err) {
    struct post *post = &r->client[i].post;
    bool good = false;
    int rc = run_post_take(post, r->client[i].fd, in, &good, err);
    if (rc != 1) return rc;
    rc = 0;
    if (good && r->lines < LINES_MAX) {
        r->lines++;
        r->bytes += post->body.content.n;
        rc = r->take(r->ctx, bytes_of_buf(&post->body.content), err);
        run_post_accept(r->client[i].fd);
    } else {
        r->dropped++;
    }
    close_client(r, i);
    return rc;
}

/* *ret_more: there was something. */
static int read_client(struct report *r, size_t i, bool *ret_more, struct err *err) {
    uint8_t room[PIECE];
    ssize_t n = recv(r->client[i].fd, room, sizeof room, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    *ret_more = true;
    if (n > 0) {
        r->client[i].http = r->client[i].begun ? r->client[i].http : run_post_begins(room[0]);
        r->client[i].begun = true;
        const struct bytes in = {room, (size_t)n};
        return r->client[i].http ? take_post(r, i, in, err) : take_bytes(r, i, in, err);
    }
    r->dropped += r->client[i].http; /* a request that is cut short */
    close_client(r, i);
    return end_line(r, i, err);
}

static void accept_one(struct report *r, bool *ret_more) {
    for (size_t i = 0; i < REPORT_CLIENTS; i++) {
        if (r->client[i].fd < 0) {
            r->client[i].fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
            *ret_more = *ret_more || r->client[i].fd >= 0;
            return;
        }
    }
}

/* One piece of each client that is ready, in turn, until more than a piece was handed on. `fds`: NULL: all are. */
static int read_clients(struct report *r, const struct pollfd *fds, bool *ret_more, struct err *err) {
    const uint64_t before = r->bytes;
    const size_t first = r->next;
    int rc = 0;
    r->next = 0;
    for (size_t k = 0; rc == 0 && k < REPORT_CLIENTS; k++) {
        size_t i = (first + k) % REPORT_CLIENTS;
        if (r->client[i].fd >= 0 && (fds == NULL || (fds[1 + i].fd >= 0 && fds[1 + i].revents != 0))) {
            rc = read_client(r, i, ret_more, err);
        }
        if (r->bytes - before > PIECE) {
            r->next = (i + 1) % REPORT_CLIENTS;
            break;
        }
    }
    return rc;
}

int run_report_ready(struct report *r, const struct pollfd *fds, struct err *err) {
    bool more = false;
    int rc = read_clients(r, fds, &more, err);
    if (rc == 0 && fds[0].fd >= 0 && fds[0].revents != 0) {
        accept_one(r, &more);
    }
    return rc;
}

int run_report_drain(struct report *r, bool *ret_more, struct err *err) {
    *ret_more = false;
    if (r->listener < 0) return 0;
    accept_one(r, ret_more);
    int rc = read_clients(r, NULL, ret_more, err);
    *ret_more = *ret_more || r->next != 0;
    return rc;
}

void run_report_drop(struct report *r) {
    for (size_t i = 0; i < REPORT_CLIENTS; i++) {
        r->dropped += r->client[i].fd >= 0;
    }
}
