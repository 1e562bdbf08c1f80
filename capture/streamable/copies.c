/* A message is recorded when it is whole. What is too large, or compressed, is counted as lost. */
#include "capture/streamable/copies.h"

static void on_begin(void *x, void *ctx, const struct httpd_head *head, struct pass_plan *ret) {
    (void)exchange_begin(x, ctx, head, ret);
}

/* *lost counts all of it as soon as it is too large. */
static void keep(struct held *held, struct bytes piece, uint64_t *lost) {
    struct err why = {0};
    if (*lost == 0 && held_put(held, piece, &why) == 0) return;
    *lost += piece.n + held->body.n;
    buf_done(&held->body);
}

static void on_request(void *ctx, struct bytes piece) {
    struct exchange *x = ctx;
    if (x->on && x->posts) keep(&x->sent, piece, &x->sent_lost);
}

static void record_sent(struct exchange *x) {
    if (x->sent.body.n > 0) tap_record_text(exchange_record(x), TAP_CLIENT, &x->within, bytes_of_buf(&x->sent.body));
    if (x->sent_lost > 0) tap_record_lose(exchange_record(x), TAP_CLIENT, x->sent_lost);
    x->sent_lost = 0;
    buf_done(&x->sent.body);
}

/* Of a request that begins a session the run is known with its answer. */
static void on_called(void *ctx) {
    struct exchange *x = ctx;
    if (!x->on) return;
    x->initializes = !x->named && exchange_is_initialize(bytes_of_buf(&x->sent.body));
    if (!x->initializes) record_sent(x);
}

static int on_event(void *ctx, const struct sse_event *event, struct err *err) {
    struct exchange *x = ctx;
    (void)err;
    bool message = event->type.n == 0 || bytes_is(event->type, "message");
    if (message && event->data.n > 0) tap_record_text(exchange_record(x), TAP_SERVER, &x->within, event->data);
    return 0;
}

static enum pass_manner on_answer(void *ctx, const struct pass_answer *answer) {
    struct exchange *x = ctx;
    if (!x->on) return PASS_AS_IT_IS;
    exchange_answered(x, answer);
    if (x->initializes) record_sent(x);
    if (x->streams && !x->coded) sse_init(&x->sse, EXCHANGE_MESSAGE_MAX, &x->shared->left, on_event, x);
    return PASS_AS_IT_IS;
}

static bool on_data(void *ctx, struct bytes piece, struct buf *out) {
    struct exchange *x = ctx;
    struct err why = {0};
    (void)out;
    if (!x->on || (!x->streams && !x->is_json)) return true;
    if (x->coded) {
        x->answer_lost += piece.n;
    } else if (x->streams) {
        (void)sse_put(&x->sse, piece, &why);
    } else {
        keep(&x->answer, piece, &x->answer_lost);
    }
    return true;
}

static void on_end(void *ctx, enum pass_end end, const char *error, const char *words) {
    struct exchange *x = ctx;
    struct bytes text = bytes_of_buf(&x->answer.body);
    (void)words;
    if (!x->on) return;
    record_sent(x);
    bool message = text.n > 0 && (x->status < 300 || memmem(text.p, text.n, "\"jsonrpc\"", 9) != NULL);
    if (message && end == PASS_COMPLETE) tap_record_text(exchange_record(x), TAP_SERVER, &x->within, text);
    x->answer_lost += x->sse.skipped;
    if (x->answer_lost > 0) tap_record_lose(exchange_record(x), TAP_SERVER, x->answer_lost);
    exchange_end(x, end, error);
}

void copies_handler(struct streamable_shared *shared, struct pass_handler *ret) {
    *ret = (struct pass_handler){.ctx = shared,
                                 .size = sizeof(struct exchange),
                                 .begin = on_begin,
                                 .request = on_request,
                                 .called = on_called,
                                 .answer = on_answer,
                                 .data = on_data,
                                 .end = on_end};
}
