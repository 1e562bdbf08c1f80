/* What is new, for who stays: text/event-stream (HTML Living Standard, 9.2). An event is written once for all viewers, at most once a
 * second; a comment now and then keeps connections alive and finds those that are gone. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ledger/log.h"
#include "serve/web/site.h"

#define VIEWERS_MAX 4096
#define EVERY_NS    CLOCK_NS_PER_S
#define ALIVE_NS    (15 * CLOCK_NS_PER_S)

struct web_stream {
    struct httpd_exchange *viewers[VIEWERS_MAX];
    size_t n;
    uint64_t sent, alive; /* when an event, when anything was written */
    uint64_t size;        /* of the ledger, as it was told last */
};

int web_stream_open(struct web *w, struct err *err) {
    w->stream = calloc(1, sizeof(*w->stream));
    return w->stream != NULL ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

void web_stream_close(struct web *w) {
    free(w->stream);
    w->stream = NULL;
}

static void put_head(struct buf *out, const struct log_head *head) {
    buf_printf(out, "event: head\nid: %llu\ndata: {\"size\":%llu,\"time\":\"%llu\"}\n\n", (unsigned long long)head->size,
               (unsigned long long)head->size, (unsigned long long)head->time);
}

void web_answer_stream(struct web *w, struct web_call *call, struct httpd_reply *reply) {
    struct web_stream *s = w->stream;
    struct log_head head = {0};
    if (s->n == VIEWERS_MAX) {
        web_problem(w, reply, 503, call->id, "too many clients follow the stream already");
        reply->retry_after_s = 30;
        return;
    }
    if (log_head(w->options->ledger, &head, NULL) != 0) {
        web_problem(w, reply, 503, call->id, "the ledger cannot be read");
        return;
    }
    s->viewers[s->n++] = call->request->exchange;
    if (s->n == 1) s->size = head.size;
    buf_put_str(&reply->body, "retry: 2000\n");
    put_head(&reply->body, &head);
    web_json(w, reply, call->id);
    reply->type = "text/event-stream";
    reply->when = HTTPD_STREAM;
}

static void push(struct web *w, struct bytes piece) {
    struct web_stream *s = w->stream;
    for (size_t i = 0; i < s->n;) {
        if (httpd_push(w->httpd, s->viewers[i], piece)) {
            i++;
        } else {
            s->viewers[i] = s->viewers[--s->n];
        }
    }
    s->alive = clock_boot_ns();
}

void web_stream_tick(struct web *w) {
    struct web_stream *s = w->stream;
    uint64_t now = clock_boot_ns();
    struct log_head head;
    if (s->n == 0 || now - s->sent < EVERY_NS) return;
    if (log_head(w->options->ledger, &head, NULL) == 0 && head.size != s->size) {
        struct buf piece = {.max = 1024};
        put_head(&piece, &head);
        s->size = head.size;
        s->sent = now;
        push(w, bytes_of_buf(&piece));
        buf_done(&piece);
    } else if (now - s->alive > ALIVE_NS) {
        push(w, bytes_of(":\n\n"));
    }
    w->counts.viewers = s->n;
}

void web_stream_gone(struct web *w, const struct httpd_exchange *exchange) {
    struct web_stream *s = w->stream;
    for (size_t i = 0; i < s->n; i++) {
        if (s->viewers[i] == exchange) {
            s->viewers[i] = s->viewers[--s->n];
            return;
        }
    }
}
