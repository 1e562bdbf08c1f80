/* One thread. Questions run as processes, a few at once; while as many run as may, a further one waits, and nothing more is read. What is asked twice under one id is refused: its answers could not be told apart. */
#include "serve/mcp/mcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rpc/line.h"
#include "serve/mcp/method.h"

#define QUESTIONS   4
#define LINE_MAX_   ((size_t)1 << 20) /* of a client; longer ones are refused */
#define MESSAGE_MAX ((size_t)4 << 20) /* as MessagePack */
#define OUT_MAX     ((size_t)1 << 20)
#define PIECE       65536

struct question {
    bool runs, modern, of_resource;
    struct buf id, uri;
    struct guest_words words;
    struct guest answer;
};

struct serving {
    const struct mcp_server *server;
    int in, to, stop; /* stop: -1 or a descriptor that can be read when it is to end */
    struct rpc_lines lines;
    struct buf message, out;
    struct question questions[QUESTIONS];
    size_t n;
};

static int write_out(struct serving *s, struct err *err) {
    size_t sent = 0;
    while (sent < s->out.n) {
        ssize_t n = write(s->to, s->out.p + sent, s->out.n - sent);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return err_errno(err, errno, "writing an answer");
        sent += (size_t)n;
    }
    buf_clear(&s->out);
    return 0;
}

static void end(struct serving *s, struct question *q) {
    guest_done(&q->answer);
    guest_words_done(&q->words);
    buf_done(&q->id);
    buf_done(&q->uri);
    *q = (struct question){0};
    s->n--;
}

static struct question *find(struct serving *s, struct bytes id) {
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (s->questions[i].runs && bytes_eq(bytes_of_buf(&s->questions[i].id), id)) return &s->questions[i];
    }
    return NULL;
}

static int wait_and_finish(struct serving *s, int in, struct pollfd *ret_in, struct err *err);

/* Until one more question can run. */
static int make_room(struct serving *s, struct err *err) {
    struct pollfd none;
    int rc = 0;
    while (rc == 0 && s->n == QUESTIONS) {
        rc = wait_and_finish(s, -1, &none, err);
    }
    return rc;
}

/* Takes over ask->words. */
static int begin(struct serving *s, struct mcp_ask *ask, struct bytes id, struct err *err) {
    struct question *q = s->questions;
    struct err why = {0};
    if (find(s, id) != NULL) {
        guest_words_done(&ask->words);
        return mcp_put_error(&s->out, id, MCP_NO_REQUEST, "a request with this id is still being answered", NULL, err);
    }
    int rc = make_room(s, err);
    if (rc != 0) {
        guest_words_done(&ask->words);
        return rc;
    }
    while (q->runs) {
        q++;
    }
    *q = (struct question){.modern = ask->modern, .of_resource = ask->asks == MCP_ASKS_RESOURCE, .words = ask->words};
    buf_init(&q->id, MESSAGE_MAX);
    buf_init(&q->uri, MESSAGE_MAX);
    buf_put_bytes(&q->id, id);
    buf_put_bytes(&q->uri, ask->about);
    rc = buf_check(&q->id, "a request", &why);
    if (rc == 0) rc = guest_start(s->server->program, &q->words, s->server->limit_ns, &q->answer, &why);
    q->runs = true;
    s->n++;
    if (rc == 0) return 0;
    end(s, q);
    return mcp_put_error(&s->out, id, MCP_BROKEN, why.msg, NULL, err);
}

static int take_line(void *ctx, const struct rpc_line *line, struct err *err) {
    struct serving *s = ctx;
    struct mcp_ask ask;
    struct bytes id;
    int rc;
    if (rpc_line_is_blank(line)) return 0;
    if (line->too_long || line->text.n > LINE_MAX_) {
        rc = mcp_put_error(&s->out, (struct bytes){0}, MCP_NO_REQUEST, "the message is longer than 1 MiB", NULL, err);
    } else {
        rc = mcp_take(s->server, line->text, &s->message, &s->out, &ask, &id, err);
        if (rc == 0 && (ask.asks == MCP_ASKS_TOOL || ask.asks == MCP_ASKS_RESOURCE)) {
            rc = begin(s, &ask, id, err);
        } else if (rc == 0 && ask.asks == MCP_CANCELS) {
            struct question *q = ask.about.n > 0 ? find(s, ask.about) : NULL;
            if (q != NULL) end(s, q); /* no answer follows */
        }
    }
    return rc == 0 ? write_out(s, err) : rc;
}

static void put_content(struct obj *result, const struct question *q, struct bytes text, bool failed) {
    struct obj list = {0}, one = {0};
    if (q->of_resource) {
        obj_str(&one, "uri", bytes_of_buf(&q->uri));
        obj_text(&one, "mimeType", "application/json");
    } else {
        obj_text(&one, "type", "text");
    }
    obj_str(&one, "text", text);
    obj_obj(&list, NULL, &one);
    obj_list(result, q->of_resource ? "contents" : "content", &list);
    if (!q->of_resource) obj_bool(result, "isError", failed);
}

/* Its process has ended. */
static int finish(struct serving *s, struct question *q, struct err *err) {
    struct buf text = {.max = MESSAGE_MAX};
    struct obj result = {0};
    bool failed = false;
    int rc = mcp_text(&q->words, &q->answer, &text, &failed, err);
    if (rc == 0) {
        put_content(&result, q, bytes_of_buf(&text), failed);
        rc = mcp_put_result(&s->out, bytes_of_buf(&q->id), q->modern, &result, err);
    }
    buf_done(&text);
    end(s, q);
    return rc == 0 ? write_out(s, err) : rc;
}

/* How long may be waited for the next that is due, ms. */
static int patience(const struct serving *s, uint64_t now) {
    uint64_t least = UINT64_MAX;
    for (size_t i = 0; i < QUESTIONS; i++) {
        const struct question *q = &s->questions[i];
        if (q->runs && q->answer.until < least) least = q->answer.until;
    }
    return least == UINT64_MAX ? -1 : least <= now ? 0 : (int)((least - now) / (CLOCK_NS_PER_S / 1000)) + 1;
}

/* Waits for something to happen, and gives the answers that are there. `in`: also waited for; -1: nothing is read now. ERR_BUSY: it
 * is to stop. */
static int wait_and_finish(struct serving *s, int in, struct pollfd *ret_in, struct err *err) {
    struct pollfd fds[2 + QUESTIONS * GUEST_FDS] = {{.fd = s->stop, .events = POLLIN}, {.fd = in, .events = POLLIN}};
    size_t n = 2;
    int rc = 0;
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (s->questions[i].runs) n += guest_fds(&s->questions[i].answer, fds + n);
    }
    if (poll(fds, n, patience(s, clock_monotonic_ns())) < 0 && errno != EINTR) return err_errno(err, errno, "waiting");
    if (fds[0].revents != 0) return err_set(err, ERR_BUSY, "interrupted");
    for (size_t i = 0; rc == 0 && i < QUESTIONS; i++) {
        struct question *q = &s->questions[i];
        if (q->runs && guest_read(&q->answer, clock_monotonic_ns())) rc = finish(s, q, err);
    }
    *ret_in = fds[1];
    return rc;
}

/* *ret_over: the input is. */
static int read_some(struct serving *s, bool *ret_over, struct err *err) {
    uint8_t piece[PIECE];
    ssize_t n = read(s->in, piece, sizeof(piece));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    if (n > 0) return rpc_lines_put(&s->lines, (struct bytes){piece, (size_t)n}, take_line, s, err);
    *ret_over = true;
    return rpc_lines_end(&s->lines, take_line, s, err);
}

static int loop(struct serving *s, struct err *err) {
    bool over = false;
    int rc = 0;
    while (rc == 0 && !(over && s->n == 0)) {
        struct pollfd in;
        rc = wait_and_finish(s, over || s->n == QUESTIONS ? -1 : s->in, &in, err);
        if (rc == 0 && in.revents != 0) rc = read_some(s, &over, err);
    }
    return rc == ERR_BUSY ? 0 : rc;
}

int mcp_serve(const struct mcp_server *server, int in, int out, int stop, struct err *err) {
    struct serving *s = calloc(1, sizeof(*s));
    if (s == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    *s = (struct serving){.server = server, .in = in, .to = out, .stop = stop};
    rpc_lines_init(&s->lines);
    buf_init(&s->message, MESSAGE_MAX);
    buf_init(&s->out, OUT_MAX);
    int rc = loop(s, err);
    for (size_t i = 0; i < QUESTIONS; i++) {
        if (s->questions[i].runs) end(s, &s->questions[i]);
    }
    rpc_lines_done(&s->lines);
    buf_done(&s->message);
    buf_done(&s->out);
    free(s);
    return rc;
}
