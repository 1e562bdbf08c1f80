/* A call from its request to its result.
 *
 *   budget -> body -> place -> [ attempt -> pause ] ... -> identity -> counts
 *
 *   attempt: one exchange. Data comes to on_data, is cut into frames, and each frame is given to the answer's reader; the tick
 *            looks at the deadlines of a stream. Whatever of these ends it says how in `end`; otherwise the connection
 *            or the status says it. */
#include <stdarg.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/text.h"
#include "work/model/answer.h"
#include "work/model/ask.h"
#include "work/model/frame.h"
#include "work/model/retry.h"
#include "work/model/site.h"

#define CONNECT_MS  3000
#define FIRST_MS    120000
#define IDLE_MS     60000
#define TOTAL_MS    600000
#define TEXT_BYTES  ((uint32_t)4 << 20)
#define FRAME_BYTES ((uint32_t)1 << 20)
#define WHOLE_BYTES ((uint32_t)16 << 20)
#define RECEIVED    ((uint64_t)64 << 20)
#define REFUSAL_MAX ((size_t)64 << 10)
#define IDENTIFY_MS 10000
#define MILLION     1000000

struct call {
    struct work_model *site;
    const struct work_model_request *request;
    struct work_model_result *r;
    struct work_model_limit limit;
    struct work_retry retry;
    bool stream;
    char url[SITE_URL_MAX];
    struct buf body;
    uint64_t start_ns, until_ns, random;
    /* of the attempt */
    uint64_t attempt_ns, token_ns; /* began; newest token, 0: none */
    uint64_t whole_ns;             /* when the answer was complete; 0: it is not */
    struct model_frames frames;
    struct model_answer answer;
    bool framed;
    struct buf refusal; /* the body of another status than 200 */
    struct http_answer http;
    bool ended; /* by something here: */
    enum work_call_end end;
};

static uint32_t or_default(uint32_t value, uint32_t standard) {
    return value != 0 ? value : standard;
}

static struct work_model_limit limit_of(const struct work_model_limit *l) {
    return (struct work_model_limit){
        .connect_ms = or_default(l->connect_ms, CONNECT_MS),
        .first_ms = or_default(l->first_ms, FIRST_MS),
        .idle_ms = or_default(l->idle_ms, IDLE_MS),
        .total_ms = or_default(l->total_ms, TOTAL_MS),
        .text_bytes = or_default(l->text_bytes, TEXT_BYTES),
        .frame_bytes = or_default(l->frame_bytes, FRAME_BYTES),
        .received_bytes = l->received_bytes != 0 ? l->received_bytes : RECEIVED,
    };
}

/* ---- the result in words ---- */

__attribute__((format(printf, 3, 4))) static void conclude(struct call *c, enum work_call_end end, const char *fmt, ...) {
    char text[ERR_MSG_MAX + WORK_MODEL_NAME_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    c->r->end = end;
    c->r->why[0] = '\0';
    if (end != WORK_CALL_OK) {
        site_why(c->site, c->url, text, c->r->why);
    }
}

/* Ends the exchange from a callback. */
static int finish(struct call *c, enum work_call_end end, int code) {
    c->ended = true;
    c->end = end;
    return code;
}

/* ---- while an answer arrives ---- */

static int on_frame(void *ctx, struct bytes frame, bool error, struct err *err) {
    struct call *c = ctx;
    char words[SITE_WORDS_MAX];
    bool no_model = false;
    int rc = model_answer_take(&c->answer, frame, error, err);
    if (c->answer.token && c->answer.stream) {
        c->token_ns = clock_monotonic_ns();
        c->r->first_ns = c->r->first_ns != WORK_UNKNOWN ? c->r->first_ns : c->token_ns - c->attempt_ns;
    }
    if (rc == ERR_NET) {
        site_words(c->site, frame, words, &no_model);
        err_set(err, rc, "the server reports an error%s", words);
        return finish(c, no_model ? WORK_CALL_NO_MODEL : WORK_CALL_ERROR, rc);
    }
    if (rc < 0 && rc != ERR_NOMEM) return finish(c, rc == ERR_LIMIT ? WORK_CALL_TOO_LONG : WORK_CALL_BAD_ANSWER, rc);
    if (rc >= 0 && c->r->remote_host[0] != '\0' && !c->site->off_box) {
        err_set(err, ERR_NET, "the request has left this box: '%s' computes the answer; expected: a model of this box",
                c->r->remote_host);
        return finish(c, WORK_CALL_OFF_BOX, ERR_NET);
    }
    if (rc >= 0 && c->request->piece != NULL && c->answer.piece.n > 0) {
        int code = c->request->piece(c->request->piece_ctx, c->answer.piece, err);
        if (code != 0) return finish(c, WORK_CALL_STOPPED, code < 0 ? code : ERR_CONFLICT);
    }
    return rc;
}

/* What the content type says of the form. A server may answer a stream in one piece. */
static int begin_frames(struct call *c, const char *type, struct err *err) {
    bool ollama = c->site->protocol == WORK_OLLAMA;
    const char *streamed = ollama ? "application/x-ndjson" : "text/event-stream";
    enum model_form form = ollama ? MODEL_LINES : MODEL_EVENTS;
    uint32_t max = c->limit.frame_bytes;
    if (!c->stream || strcmp(type, streamed) != 0) {
        if (strcmp(type, "application/json") != 0) {
            err_set(err, ERR_INVALID, "content type '%s'; expected: %s%sapplication/json", type, c->stream ? streamed : "",
                    c->stream ? " or " : "");
            return finish(c, WORK_CALL_BAD_ANSWER, ERR_INVALID);
        }
        form = MODEL_WHOLE;
        max = max > WHOLE_BYTES ? max : WHOLE_BYTES;
    }
    model_frames_init(&c->frames, form, max, on_frame, c);
    c->answer = (struct model_answer){.protocol = c->site->protocol,
                                      .operation = c->request->operation,
                                      .stream = form != MODEL_WHOLE,
                                      .inputs = c->request->messages_n,
                                      .text_max = c->limit.text_bytes,
                                      .result = c->r};
    model_answer_init(&c->answer, max);
    c->framed = true;
    return 0;
}

static int on_data(void *ctx, const struct http_answer *head, struct bytes data, struct err *err) {
    struct call *c = ctx;
    int rc = 0;
    if (head->status != 200) return buf_put_bytes(&c->refusal, data) != 0; /* enough */
    if (!c->framed) rc = begin_frames(c, head->type, err);
    if (rc == 0) rc = model_frames_put(&c->frames, data, err);
    if (rc == 1) c->whole_ns = clock_monotonic_ns();
    return rc == ERR_LIMIT && !c->ended ? finish(c, WORK_CALL_TOO_LONG, rc) : rc;
}

static int on_tick(void *ctx, struct err *err) {
    struct call *c = ctx;
    uint64_t now = clock_monotonic_ns();
    bool first = c->token_ns == 0;
    uint32_t most = first ? c->limit.first_ms : c->limit.idle_ms;
    if (!c->stream || now - (first ? c->attempt_ns : c->token_ns) < most * SITE_NS_PER_MS) return 0;
    err_set(err, ERR_NET, first ? "no token within %u ms" : "no token for %u ms", most);
    return finish(c, WORK_CALL_TIMEOUT, ERR_NET);
}

/* ---- one attempt ---- */

/* Another status than 200. */
static void judge_status(struct call *c) {
    char words[SITE_WORDS_MAX] = "";
    bool no_model = false;
    unsigned status = c->http.status;
    if (strcmp(c->http.type, "application/json") == 0) {
        site_words(c->site, bytes_of_buf(&c->refusal), words, &no_model);
    } else {
        snprintf(words, sizeof(words), ", content type '%s'", c->http.type);
    }
    no_model = no_model && (status == 404 || status == 400);
    if (no_model) {
        conclude(c, WORK_CALL_NO_MODEL, "no model '%s': status %u%s; expected: a model that the server has",
                 c->request->model, status, words);
    } else {
        conclude(c, site_status_end(status, false), "status %u%s; expected: 200", status, words);
    }
}

/* A complete exchange of status 200. */
static int judge_answer(struct call *c, struct err *err) {
    struct err why = {0};
    int rc = c->framed && !c->answer.done ? model_frames_end(&c->frames, &why) : 0;
    bool ollama = c->site->protocol == WORK_OLLAMA;
    if (c->ended) {
        conclude(c, c->end, "%s", why.msg);
    } else if (rc < 0) {
        return err_set(err, rc, "%s: %s", c->url, why.msg);
    } else if (!c->framed || (!c->answer.done && c->http.bytes == 0)) {
        conclude(c, WORK_CALL_CUT, "the answer is empty; expected: JSON");
    } else if (!c->answer.done) {
        conclude(c, WORK_CALL_CUT, "the answer ends early; expected at its end: %s", ollama ? "\"done\": true" : "[DONE]");
    } else {
        conclude(c, WORK_CALL_OK, "ok");
    }
    return 0;
}

/* No complete exchange. */
static void conclude_fault(struct call *c, enum work_call_end end, const char *words) {
    if (end == WORK_CALL_TIMEOUT && c->http.sent) {
        conclude(c, end, "%s; expected: the whole answer within %u ms", words, c->limit.total_ms);
    } else if (end == WORK_CALL_TIMEOUT) {
        conclude(c, end, "%s; expected: a connection within %u ms", words, c->limit.connect_ms);
    } else if (end == WORK_CALL_UNREACHABLE) {
        conclude(c, end, "%s; expected: a server that listens there", words);
    } else {
        conclude(c, end, "%s", words);
    }
}

static void attempt_done(struct call *c) {
    if (c->framed) {
        model_frames_done(&c->frames);
        model_answer_done(&c->answer);
    }
    c->framed = false;
}

static int attempt(struct call *c, struct err *err) {
    struct err why = {0};
    enum work_call_end end;
    uint32_t left = site_left_ms(c->until_ns);
    struct http_request request = {
        .url = c->url,
        .content_type = "application/json",
        .body = bytes_of_buf(&c->body),
        .limits = {.bytes_max = c->limit.received_bytes,
                   .connect_ms = c->limit.connect_ms,
                   .total_ms = left > 0 ? left : 1,
                   .slow_s = c->limit.total_ms / 1000 + 1}, /* slowness is ours to judge */
        .data = on_data,
        .tick = on_tick,
        .ctx = c,
    };
    c->ended = false;
    c->token_ns = c->whole_ns = 0;
    c->attempt_ns = clock_monotonic_ns();
    buf_clear(&c->refusal);
    int rc = site_fetch(c->site, &request, &c->request->stop, &c->http, &end, &why);
    unsigned status = c->http.status;
    bool broken = c->http.fault == HTTP_PROTOCOL || c->http.fault == HTTP_LIMIT || rc == 0;
    if (rc != 0 && rc != ERR_NET && !c->ended) {
        attempt_done(c);
        return err_set(err, rc, "%s: %s", c->url, why.msg);
    }
    c->r->status = status;
    c->r->sent = c->http.sent;
    c->r->retry_after_s = c->http.retry_s;
    c->r->received = c->http.bytes;
    if (c->ended) {
        conclude(c, c->end, "%s", why.msg);
    } else if (status != 0 && status != 200 && broken) {
        judge_status(c);
    } else if (rc == 0) {
        rc = judge_answer(c, err);
    } else {
        conclude_fault(c, end, why.msg);
    }
    c->r->answer_ns = (c->whole_ns != 0 ? c->whole_ns : clock_monotonic_ns()) - c->attempt_ns;
    snprintf(c->r->address, sizeof(c->r->address), "%s", c->http.address);
    attempt_done(c);
    return rc == ERR_NOMEM ? rc : 0;
}

/* Whether there is another attempt, after its pause. */
static bool pause_and_repeat(struct call *c, unsigned n) {
    struct work_attempt *a = &c->r->attempts[n];
    uint64_t pause_ms = 0;
    *a = (struct work_attempt){.end = c->r->end, .status = c->r->status};
    c->r->attempts_n = n + 1;
    if (c->r->end == WORK_CALL_OK || c->r->end == WORK_CALL_STOPPED || n + 1 >= c->retry.attempts ||
        !model_retry_safe(&c->http) || model_retry_pause(&c->retry, n, c->http.retry_s, &c->random, &pause_ms) != 0) {
        return false;
    }
    uint64_t until_ns = clock_monotonic_ns() + pause_ms * SITE_NS_PER_MS;
    if (until_ns >= c->until_ns) return false;
    a->pause_ms = pause_ms;
    model_wait(&c->request->stop, until_ns);
    if (model_stopped(&c->request->stop)) {
        conclude(c, WORK_CALL_STOPPED, "stopped before the next attempt");
        return false;
    }
    return true;
}

static int attempts(struct call *c, struct err *err) {
    struct err why = {0};
    enum work_call_end end = WORK_CALL_UNREACHABLE;
    uint64_t until_ns = clock_monotonic_ns() + SITE_PLACE_MS * SITE_NS_PER_MS;
    int rc = site_ready(c->site, &c->request->stop, until_ns < c->until_ns ? until_ns : c->until_ns, &end, &why);
    c->r->loopback = c->site->place.loopback;
    if (rc == ERR_NET) {
        conclude(c, end, "%s", why.msg);
        return 0;
    }
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    for (unsigned n = 0; rc == 0; n++) {
        rc = attempt(c, err);
        if (rc != 0 || !pause_and_repeat(c, n)) break;
    }
    return rc;
}

/* ---- the budget ---- */

/* The cost of so many tokens, rounded up; never WORK_UNKNOWN. */
static uint64_t cost_of(uint64_t tokens, uint64_t price) {
    uint64_t cost;
    if (__builtin_mul_overflow(tokens, price, &cost)) return WORK_UNKNOWN - 1;
    return cost / MILLION + (cost % MILLION != 0);
}

/* The most tokens that the answer may have; 0: as many as it likes. False: nothing is left. */
static bool plan_tokens(const struct work_model_request *r, uint64_t *ret) {
    const struct work_budget *b = r->budget;
    uint64_t most = r->max_tokens != 0 ? r->max_tokens : WORK_UNKNOWN;
    if (b != NULL && b->tokens < most) most = b->tokens;
    if (b != NULL && b->cost != WORK_UNKNOWN && b->completion_price > 0) {
        uint64_t payable = b->cost > WORK_UNKNOWN / MILLION ? WORK_UNKNOWN : b->cost * MILLION / b->completion_price;
        most = payable < most ? payable : most;
    }
    bool paid = b == NULL || b->cost > 0 || (b->prompt_price == 0 && b->completion_price == 0);
    *ret = most == WORK_UNKNOWN ? 0 : most < INT32_MAX ? most : INT32_MAX; /* servers take no more */
    return most > 0 && paid;
}

static void count_cost(struct call *c) {
    const struct work_budget *b = c->request->budget;
    struct work_model_result *r = c->r;
    uint64_t written = c->request->operation == WORK_EMBED ? 0 : r->completion_tokens;
    if (b == NULL || r->prompt_tokens == WORK_UNKNOWN || written == WORK_UNKNOWN) return;
    uint64_t cost = cost_of(r->prompt_tokens, b->prompt_price), more = cost_of(written, b->completion_price);
    r->cost = more < WORK_UNKNOWN - 1 - cost ? cost + more : WORK_UNKNOWN - 1;
    r->over_budget = r->prompt_tokens + written > b->tokens || r->cost > b->cost;
}

/* ---- the call ---- */

static void mask_result(struct call *c) {
    struct work_model_result *r = c->r;
    char *const texts[] = {r->finish, r->served, r->fingerprint, r->remote_host};
    site_mask(c->site, r->text.p, r->text.n);
    site_mask(c->site, r->reasoning.p, r->reasoning.n);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        site_mask_text(c->site, texts[i]);
    }
    for (size_t i = 0; i < r->tools_n; i++) {
        site_mask_text(c->site, r->tools[i].id);
        site_mask_text(c->site, r->tools[i].name);
        site_mask(c->site, r->tools[i].arguments.p, r->tools[i].arguments.n);
    }
}

static int begin(struct call *c, struct err *err) {
    const struct work_model_request *r = c->request;
    int rc = model_ask_write(c->site->protocol, r, c->r->max_tokens, &c->body, err);
    if (rc != 0) return rc;
    snprintf(c->url, sizeof(c->url), "%s%s", c->site->base, model_ask_path(c->site->protocol, r->operation));
    c->random = c->retry.seed;
    if (!c->retry.seeded) {
        rc = crypt_init(err);
        if (rc == 0) crypt_random(&c->random, sizeof(c->random));
    }
    return rc;
}

int work_model_call(struct work_model *model, const struct work_model_request *request, struct work_model_result *result,
                    struct err *err) {
    struct call c = {.site = model, .request = request, .r = result, .limit = limit_of(&request->limit)};
    c.retry = model_retry_of(&request->retry);
    c.stream = !request->whole && request->operation != WORK_EMBED;
    c.start_ns = clock_monotonic_ns();
    c.until_ns = c.start_ns + c.limit.total_ms * SITE_NS_PER_MS;
    model_result_init(result, c.limit.text_bytes);
    buf_init(&c.body, MODEL_ASK_MAX);
    buf_init(&c.refusal, REFUSAL_MAX);
    bool left = plan_tokens(request, &result->max_tokens);
    int rc = begin(&c, err);
    if (rc == 0 && !left) {
        conclude(&c, WORK_CALL_BUDGET, "nothing is left of the budget, and nothing was sent");
    } else if (rc == 0) {
        rc = attempts(&c, err);
    }
    if (rc == 0 && result->end == WORK_CALL_OK && request->identify) {
        rc = work_model_identify(model, request->model, IDENTIFY_MS, &request->stop, &result->identity, err);
    }
    count_cost(&c);
    mask_result(&c);
    result->total_ns = clock_monotonic_ns() - c.start_ns;
    buf_done(&c.body);
    buf_done(&c.refusal);
    return rc;
}
