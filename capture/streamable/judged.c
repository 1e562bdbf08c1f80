/*   POST   what may go on ── the server ── its messages ─┐
 *          what may not ── answers of our own ───────────┴──> one answer
 *
 * Nothing of a body that is not a message goes on, in either direction, but for errors of HTTP that nobody takes for one. */
#include "capture/streamable/judged.h"

#include <stdio.h>

#include "base/json.h"
#include "capture/tap/exact.h"

#define BODY_MAX (4 * PASS_HELD_MAX)
#define DROPPED                                                                                                            \
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"refused by the ledger: the server's "       \
    "answer "                                                                                                              \
    "could not be read\"}}"

static void on_begin(void *ctx, void *shared, const struct httpd_head *head, struct pass_plan *ret) {
    struct exchange *x = ctx;
    if (!exchange_begin(x, shared, head, ret)) return;
    buf_init(&x->go, BODY_MAX);
    buf_init(&x->back, BODY_MAX);
    buf_init(&x->request, BODY_MAX);
    buf_init(&x->reply, BODY_MAX);
}

/* ---- the request -------------------------------------------------------------------------------------------------- */

/* Appends a line of tap_strict as an element. */
static int put(struct buf *to, size_t *n, struct bytes text) {
    if (text.n > 0 && text.p[text.n - 1] == '\n') text.n--;
    if ((*n)++ > 0) buf_put_u8(to, ',');
    return buf_put_bytes(to, text);
}

static int to_go(void *ctx, struct bytes text) {
    struct exchange *x = ctx;
    return put(&x->go, &x->n_go, text);
}

static int to_back(void *ctx, struct bytes text) {
    static const char null[] = "{\"jsonrpc\":\"2.0\",\"id\":null,";
    struct exchange *x = ctx;
    x->ids += !bytes_has_prefix(text, null);
    return put(&x->back, &x->n_back, text);
}

/* Messages, in brackets if they came so. */
static struct bytes wrap(const struct exchange *x, const struct buf *first, const struct buf *more, struct buf *out) {
    buf_clear(out);
    if (x->batch) buf_put_u8(out, '[');
    buf_put_bytes(out, bytes_of_buf(first));
    if (more != NULL && first->n > 0 && more->n > 0) buf_put_u8(out, ',');
    if (more != NULL) buf_put_bytes(out, bytes_of_buf(more));
    if (x->batch) buf_put_u8(out, ']');
    return bytes_of_buf(out);
}

static bool is_list(struct bytes text) {
    size_t i = 0;
    while (i < text.n && (text.p[i] == ' ' || text.p[i] == '\t' || text.p[i] == '\r' || text.p[i] == '\n')) {
        i++;
    }
    return i < text.n && text.p[i] == '[';
}

static void begin_strict(struct exchange *x, enum tap_side side, int (*pass)(void *, struct bytes)) {
    tap_strict_done(&x->strict);
    x->strict = (struct tap_strict){.link = x->session->link,
                                    .record = x->session->record,
                                    .within = x->within,
                                    .side = side,
                                    .pass = pass,
                                    .answer = to_back,
                                    .ctx = x};
    tap_strict_init(&x->strict);
}

/* A server may act by these fields instead of the body. */
static bool agrees(const struct exchange *x, struct bytes body) {
    struct buf mp = {.max = (size_t)8 << 20};
    struct rpc_message m;
    bool good = x->method[0] == '\0' && x->tool[0] == '\0';
    if (!good && json_to_mp(body, &mp, NULL) == 0 && rpc_message_open(bytes_of_buf(&mp), &m, NULL) == 0) {
        bool call = bytes_is(m.method, "tools/call");
        good = (x->method[0] == '\0' || bytes_is(m.method, x->method)) &&
               (!call || x->tool[0] == '\0' || bytes_is(rpc_word(m.params, "name"), x->tool));
    }
    buf_done(&mp);
    return good;
}

static void answer_with(struct pass_reply *ret, unsigned status, struct bytes body) {
    *ret = (struct pass_reply){.status = status, .type = body.n > 0 ? "application/json" : NULL, .body = body};
}

static bool on_judge(void *ctx, struct bytes body, struct bytes *ret_body, struct pass_reply *ret) {
    static const char differ[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32020,\"message\":\"refused by the ledger: a field "
        "'mcp-method' or 'mcp-name' is not what the message says\"}}";
    static const char full[] =
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32603,\"message\":\"out of memory\"}}";
    struct exchange *x = ctx;
    struct err err = {0};
    const struct rpc_line line = {.text = body, .bytes = body.n, .ended = true};
    if (!agrees(x, body)) {
        answer_with(ret, 400, bytes_of(differ));
        return false;
    }
    x->batch = is_list(body);
    x->initializes = !x->named && exchange_is_initialize(body);
    begin_strict(x, TAP_CLIENT, to_go);
    if (x->initializes) x->strict.record = NULL; /* its run is known with the answer */
    int rc = tap_strict_line(&x->strict, &line, &err);
    x->called = x->strict.called;
    if (rc != 0 || x->go.fail != 0 || x->back.fail != 0) {
        answer_with(ret, 503, bytes_of(full));
    } else if (x->n_go > 0) {
        *ret_body = wrap(x, &x->go, NULL, &x->request);
        if (x->request.fail == 0) return true;
        answer_with(ret, 503, bytes_of(full));
    } else if (x->n_back > 0) {
        answer_with(ret, x->ids > 0 ? 200 : 400, wrap(x, &x->back, NULL, &x->reply));
    } else {
        answer_with(ret, rpc_line_is_blank(&line) ? 400 : 202, (struct bytes){0});
    }
    return false;
}

/* ---- the answer --------------------------------------------------------------------------------------------------- */

static int to_reply(void *ctx, struct bytes text) {
    struct exchange *x = ctx;
    return put(&x->go, &x->n_go, text);
}

static int to_stream(void *ctx, struct bytes text) {
    struct exchange *x = ctx;
    if (text.n > 0 && text.p[text.n - 1] == '\n') text.n--;
    sse_write(x->out, x->event, text);
    return x->out->fail;
}

/* What has data that is a message goes on as that; what has none is about the stream itself. */
static int on_event(void *ctx, const struct sse_event *event, struct err *err) {
    struct exchange *x = ctx;
    const struct rpc_line line = {.text = event->data, .bytes = event->data.n, .ended = true};
    x->event = event;
    if (event->type.n > 0 && !bytes_is(event->type, "message")) return 0;
    if (rpc_line_is_blank(&line)) {
        sse_write(x->out, event, (struct bytes){0});
        return 0;
    }
    return tap_strict_line(&x->strict, &line, err);
}

static enum pass_manner on_answer(void *ctx, const struct pass_answer *answer) {
    struct exchange *x = ctx;
    if (!x->on) return PASS_AS_IT_IS;
    exchange_answered(x, answer);
    if (x->initializes) tap_record_text(exchange_record(x), TAP_CLIENT, &x->within, bytes_of_buf(&x->request));
    begin_strict(x, TAP_SERVER, to_reply);
    bool good = x->status >= 200 && x->status <= 299;
    buf_clear(&x->go);
    x->n_go = 0;
    if (x->coded || !good || !x->streams) {
        return x->status >= 300 && !x->coded && !x->streams && !x->is_json ? PASS_AS_IT_IS : PASS_WHOLE;
    }
    x->strict.pass = to_stream;
    sse_init(&x->sse, PASS_HELD_MAX, &x->shared->left, on_event, x);
    return PASS_WRITTEN;
}

/* Answers of our own come first. */
static bool on_data(void *ctx, struct bytes piece, struct buf *out) {
    static const struct sse_event plain = {.has_data = true};
    struct exchange *x = ctx;
    struct err why = {0};
    if (out == NULL) return true;
    if (x->n_back > 0) sse_write(out, &plain, wrap(x, &x->back, NULL, &x->reply));
    x->n_back = 0;
    x->out = out;
    return sse_put(&x->sse, piece, &why) == 0 && out->fail == 0;
}

/* An error of HTTP that is no message, such as those of OAuth. */
static bool is_foreign(const struct exchange *x, struct bytes body) {
    struct buf mp = {.max = (size_t)1 << 20};
    bool is = x->status >= 300 && body.n <= mp.max / 2 && json_to_mp(body, &mp, NULL) == 0 &&
              tap_exact_is_foreign(bytes_of_buf(&mp));
    buf_done(&mp);
    return is;
}

static void on_whole(void *ctx, struct bytes body, struct pass_reply *ret) {
    struct exchange *x = ctx;
    struct err err = {0};
    const struct rpc_line line = {.text = body, .bytes = body.n, .ended = true};
    *ret = (struct pass_reply){0};
    if (!x->coded && x->is_json && is_foreign(x, body)) {
        ret->body = body;
        return;
    }
    bool blank = is_list(body) ? false : rpc_line_is_blank(&line);
    bool read = !x->coded && !x->streams && x->is_json;
    if (read && !blank) {
        x->batch = x->batch || is_list(body);
        if (tap_strict_line(&x->strict, &line, &err) != 0 || x->go.fail != 0) x->n_go = 0;
    }
    if (x->n_go > 0 || (blank && x->n_back > 0)) {
        ret->body = wrap(x, &x->go, x->n_back > 0 ? &x->back : NULL, &x->reply);
        if (blank) answer_with(ret, 200, ret->body);
    } else if (!blank) {
        answer_with(ret, 502, bytes_of(DROPPED));
    }
}

static void on_end(void *ctx, enum pass_end end, const char *error, const char *words) {
    struct exchange *x = ctx;
    (void)words;
    if (!x->on) return;
    if (x->sse.skipped > 0) tap_record_lose(exchange_record(x), TAP_SERVER, x->sse.skipped);
    size_t called = x->called;
    struct tap_judge *judge = x->shared->judge;
    if (called > 0) tap_record_wake(exchange_record(x));
    exchange_end(x, end, error);
    if (called > 0) {
        tap_judge_let_go(judge);
        tap_judge_rest(judge, false);
    }
}

void judged_handler(struct streamable_shared *shared, struct pass_handler *ret) {
    *ret = (struct pass_handler){.ctx = shared,
                                 .size = sizeof(struct exchange),
                                 .begin = on_begin,
                                 .judge = on_judge,
                                 .answer = on_answer,
                                 .data = on_data,
                                 .whole = on_whole,
                                 .end = on_end};
}
