/* Nothing here can fail: what cannot be kept or read is left out of the record. */
#include "capture/proxy/watch.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "capture/pass/fields.h"
#include "capture/proxy/facts.h"
#include "capture/proxy/members.h"
#include "work/model/frame.h"

#define KEPT_MAX  ((long long)24 << 20)
#define FRAME_MAX ((size_t)1 << 20)
#define BODY_MAX  ((size_t)256 << 10)
#define NS_PER_MS 1e6

struct watch {
    struct watch_shared *shared;
    bool on, called, has_cause; /* it is recorded; its first event was made, and has a place in the queue */
    bool stream, over;          /* a stream was requested; there is too much to read */
    unsigned models, streams;   /* how many members of the request may be its model, and say whether it wants a stream */
    const char *operation, *runtime;
    char model[FACTS_NAME_MAX], call[17], run[RECORDER_KEY_MAX], parent[17];
    uint64_t at, began, first, body_n;
    size_t held;
    struct members members;
    struct hash *prompt, *output;
    struct buf prompt_text, parameters;
    uint32_t parameters_n;
    struct facts facts;
    struct model_frames frames;
    bool parses, output_any;
    unsigned status;
};

/* The calls of a model, by path; "/v1" before it may be missing. */
static const struct call {
    const char *path, *operation, *runtime;
} calls[] = {
    {"/chat/completions", "chat", "openai"},
    {"/completions", "completion", "openai"},
    {"/embeddings", "embedding", "openai"},
    {"/responses", "chat", "openai"},
    {"/completion", "completion", "llamacpp"},
    {"/api/chat", "chat", "ollama"},
    {"/api/generate", "completion", "ollama"},
    {"/api/embed", "embedding", "ollama"},
    {"/api/embeddings", "embedding", "ollama"},
    {"/api/v0/chat/completions", "chat", "lmstudio"},
    {"/api/v0/completions", "completion", "lmstudio"},
    {"/api/v0/embeddings", "embedding", "lmstudio"},
    {"/api/v1/chat", "chat", "lmstudio"},
};

void proxy_watch_shared_init(struct watch_shared *shared) {
    memset(shared, 0, sizeof(*shared));
    atomic_init(&shared->left, KEPT_MAX);
    atomic_init(&shared->calls, 0);
    atomic_init(&shared->others, 0);
}

/* As lenient as a server may be: a path in another case, or with a slash at its end, is the same call. Other forms of it are not
 * passed on (base/http/guard.c). */
static const struct call *find_call(const struct httpd_head *head) {
    struct bytes path = head->target;
    const uint8_t *query = bytes_find(path, '?');
    if (!bytes_is(head->method, "POST")) return NULL;
    path.n = query != NULL ? (size_t)(query - path.p) : path.n;
    if (path.n > 1 && path.p[path.n - 1] == '/') path.n--;
    if (path.n > 4 && httpd_is_word((struct bytes){path.p, 4}, "/v1/")) path = (struct bytes){path.p + 3, path.n - 3};
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        if (httpd_is_word(path, calls[i].path)) return &calls[i];
    }
    return NULL;
}

/* ---- the request -------------------------------------------------------------------------------------------------- */

static const char *const parameter_names[] = {
    "temperature",       "top_p",     "top_k", "min_p", "seed", "n", "max_tokens", "max_completion_tokens", "num_predict",
    "max_output_tokens", "keep_alive"};

static void keep_parameter(struct watch *w, const char *name, struct bytes json) {
    size_t i = 0, n = sizeof(parameter_names) / sizeof(parameter_names[0]);
    while (i < n && strcmp(parameter_names[i], name) != 0) {
        i++;
    }
    if (i == n || json.n == 0 || json.n > 32 || json.p[0] == '"' || w->parameters_n == n) return;
    buf_put_u8(&w->parameters, w->parameters_n++ == 0 ? '{' : ',');
    json_put_str(&w->parameters, bytes_of(name));
    buf_put_u8(&w->parameters, ':');
    buf_put_bytes(&w->parameters, json);
}

static void on_member(void *ctx, const char *name, struct bytes json) {
    struct watch *w = ctx;
    struct buf mp = {.max = 2 * MEMBERS_VALUE_MAX};
    struct mp_item item;
    if (strcmp(name, "model") == 0 && json_to_mp(json, &mp, NULL) == 0 && mp_scalar(bytes_of_buf(&mp), &item) == 0 &&
        item.type == MP_STR) {
        proxy_facts_name(w->model, sizeof(w->model), item.data);
    } else if (strcmp(name, "stream") == 0) {
        w->stream = bytes_is(json, "true");
    } else {
        keep_parameter(w, name, json);
    }
    buf_done(&mp);
}

static void on_name(void *ctx, const char *name) {
    struct watch *w = ctx;
    w->models += strcmp(name, "model") == 0 ? 1 : 0;
    w->streams += strcmp(name, "stream") == 0 ? 1 : 0;
}

/* W3C trace context: "00-<trace id>-<parent id>-<flags>". A trace is a run, as it is of what OpenTelemetry reports. */
static void take_trace(struct watch *w, struct bytes value) {
    uint8_t trace[16], parent[8], any = 0;
    if (value.n < 55 || value.p[2] != '-' || value.p[35] != '-' || value.p[52] != '-' ||
        text_unhex(trace, sizeof(trace), (struct bytes){value.p + 3, 32}) != 0 ||
        text_unhex(parent, sizeof(parent), (struct bytes){value.p + 36, 16}) != 0) {
        return;
    }
    for (size_t i = 0; i < sizeof(trace); i++) {
        any |= trace[i];
    }
    if (any == 0) return;
    text_hex(w->run, trace, sizeof(trace));
    text_hex(w->parent, parent, sizeof(parent));
}

static void on_begin(void *x, void *ctx, const struct httpd_head *head, struct pass_plan *ret) {
    struct watch *w = x;
    struct watch_shared *shared = ctx;
    const struct call *call = find_call(head);
    uint8_t random[8];
    (void)ret;
    w->shared = shared;
    w->began = clock_monotonic_ns();
    w->on = call != NULL;
    (void)atomic_fetch_add(w->on ? &shared->calls : &shared->others, 1);
    if (!w->on) return;
    w->at = clock_wall_ns();
    w->operation = call->operation;
    w->runtime = shared->runtime != NULL ? shared->runtime : call->runtime;
    w->stream =
        strcmp(call->runtime, "ollama") == 0 && strcmp(call->operation, "embedding") != 0; /* unless it says otherwise */
    crypt_random(random, sizeof(random));
    text_hex(w->call, random, sizeof(random));
    if (shared->run != NULL) {
        snprintf(w->run, sizeof(w->run), "%s", shared->run);
    } else {
        take_trace(w, fields_value(head, "traceparent"));
    }
    if (w->run[0] == '\0') snprintf(w->run, sizeof(w->run), "proxy-%s", w->call);
    members_init(&w->members, on_member, w);
    w->members.named = on_name;
    w->prompt = hash_new();
    buf_init(&w->parameters, 1024);
    buf_init(&w->prompt_text, shared->content ? WATCH_TEXT_MAX : 0);
    proxy_facts_init(&w->facts, FRAME_MAX, shared->content ? WATCH_TEXT_MAX : 0);
}

/* Whether what is kept now is within what all exchanges may keep. */
static bool hold(struct watch *w) {
    size_t now = w->prompt_text.cap + w->facts.text.cap + w->facts.mp.cap + w->frames.line.cap + w->frames.data.cap;
    long long more = (long long)now - (long long)w->held;
    w->held = now;
    return more == 0 || atomic_fetch_sub(&w->shared->left, more) - more >= 0;
}

static void on_request(void *x, struct bytes piece) {
    struct watch *w = x;
    if (!w->on) return;
    w->body_n += piece.n;
    if (w->prompt != NULL) hash_put(w->prompt, piece.p, piece.n);
    members_put(&w->members, piece);
    if (w->shared->content && w->body_n <= WATCH_TEXT_MAX) {
        (void)buf_put_bytes(&w->prompt_text, piece);
        if (!hold(w)) w->body_n = UINT32_MAX;
    }
}

/* ---- events ------------------------------------------------------------------------------------------------------- */

static void put_count(struct mp_map *map, const char *name, uint64_t n) {
    if (n != FACTS_NONE) mp_map_uint(map, name, n);
}

static void put_ns(struct mp_map *map, const char *name, uint64_t ns) {
    if (ns == FACTS_NONE) return;
    mp_map_begin(map, name);
    mp_put_float(&map->values, (double)(ns / 1000) / 1000);
    mp_map_end(map);
}

static void put_digest(struct mp_map *map, const char *name, struct hash *hash) {
    uint8_t digest[HASH_LEN];
    if (hash == NULL) return;
    hash_end(hash, digest);
    mp_map_hash(map, name, digest);
}

/* Text that is not UTF-8 is known by its digest alone. */
static void put_text(struct mp_map *map, const char *name, const struct buf *text) {
    if (text->fail == 0 && text_utf8_valid(text->p, text->n) == text->n) mp_map_text(map, name, bytes_of_buf(text));
}

static void put_head(const struct watch *w, struct mp_map *body) {
    char digest[NAMES_DIGEST_MAX];
    mp_map_text(body, "model", bytes_of(w->model));
    mp_map_text(body, "runtime", bytes_of(w->runtime));
    mp_map_text(body, "call", bytes_of(w->call));
    mp_map_text(body, "span", bytes_of(w->call));
    mp_map_text(body, "parent", bytes_of(w->parent));
    if (names_get(w->shared->names, w->model, digest)) mp_map_text(body, "digest", bytes_of(digest));
}

static bool put_event(struct watch *w, const char *kind, const char *key, const char *cause, struct mp_map *body,
                      struct mp_map *private_) {
    const struct recorder_event event = {
        .kind = kind, .run = w->run, .key = key, .cause = cause, .body = body, .private_ = private_};
    bool taken = recorder_put(w->shared->recorder, &event);
    mp_map_done(body);
    mp_map_done(private_);
    return taken;
}

static void on_called(void *x) {
    struct watch *w = x;
    struct mp_map body, private_;
    struct buf parameters = {.max = 1024};
    char key[RECORDER_KEY_MAX];
    if (!w->on || w->called) return;
    w->called = true;
    if (w->models > 1) w->model[0] = '\0'; /* which of them is served is the server's secret */
    names_want(w->shared->names, w->model);
    mp_map_init(&body, BODY_MAX);
    mp_map_init(&private_, BODY_MAX);
    put_head(w, &body);
    mp_map_uint(&body, "at", w->at);
    mp_map_text(&body, "endpoint", bytes_of(w->shared->endpoint));
    mp_map_text(&body, "operation", bytes_of(w->operation));
    if (w->streams <= 1) mp_map_bool(&body, "stream", w->stream);
    if (w->models > 1 || w->streams > 1) mp_map_text(&body, "error", bytes_of("ambiguous_request"));
    if (w->shared->egress)
        mp_map_bool(&body, "egress", true); /* else the answer says so: a server here may ask one elsewhere */
    if (w->body_n > 0) put_digest(&body, "prompt_digest", w->prompt);
    if (w->parameters_n > 0) {
        buf_put_u8(&w->parameters, '}');
        if (json_to_mp(bytes_of_buf(&w->parameters), &parameters, NULL) == 0) {
            mp_map_raw(&body, "parameters", bytes_of_buf(&parameters));
        }
    }
    if (w->body_n <= WATCH_TEXT_MAX) put_text(&private_, "prompt", &w->prompt_text);
    snprintf(key, sizeof(key), "call:%s", w->call);
    w->has_cause = put_event(w, "run.model_called", key, "", &body, &private_);
    buf_done(&parameters);
    buf_done(&w->prompt_text);
    (void)hold(w);
}

static void put_facts(struct watch *w, struct mp_map *body, struct mp_map *private_) {
    const struct facts *f = &w->facts;
    mp_map_text(body, "served", bytes_of(f->served));
    mp_map_text(body, "finish", bytes_of(f->finish));
    mp_map_text(body, "remote_host", bytes_of(f->remote_host));
    if (w->shared->egress || f->any) mp_map_bool(body, "egress", w->shared->egress || f->remote_host[0] != '\0');
    put_count(body, "tokens_in", f->tokens_in);
    put_count(body, "tokens_out", f->tokens_out);
    put_count(body, "tokens_cached", f->tokens_cached);
    put_count(body, "tokens_reasoning", f->tokens_reasoning);
    put_ns(body, "load_ms", f->load_ns);
    put_ns(body, "prompt_ms", f->prompt_ns);
    put_ns(body, "generate_ms", f->generate_ns);
    if (f->any) mp_map_uint(body, "tool_calls", f->tool_calls);
    if (w->output_any) put_digest(body, "output_digest", w->output);
    put_text(private_, "output", &f->text);
}

/* "ok" needs a complete answer of a good status without an error in it. A stream has an end of its own, by its protocol. */
static const char *outcome_of(const struct watch *w, enum pass_end end, const char *error, const char **ret_error) {
    const struct facts *f = &w->facts;
    *ret_error = error;
    if (end == PASS_CLIENT || end == PASS_STOPPED) return "aborted";
    if (end == PASS_FAILED) return w->status == 401 || w->status == 403 ? "refused" : "error";
    if (f->error) {
        *ret_error = f->error_kind[0] != '\0' ? f->error_kind : "server";
        return "error";
    }
    if (w->status == 401 || w->status == 403 || w->status == 429) {
        *ret_error = "status";
        return "refused";
    }
    if (w->status < 200 || w->status > 299) {
        *ret_error = "status";
        return "error";
    }
    if (end == PASS_CUT) return "aborted";
    if (w->parses && !w->over && w->frames.form != MODEL_WHOLE && !f->done) {
        *ret_error = "no_end";
        return "aborted";
    }
    return "ok";
}

static void put_returned(struct watch *w, enum pass_end end, const char *error, const char *words) {
    struct mp_map body, private_;
    char key[RECORDER_KEY_MAX], cause[RECORDER_KEY_MAX] = "";
    const char *why, *outcome = outcome_of(w, end, error, &why);
    mp_map_init(&body, BODY_MAX);
    mp_map_init(&private_, BODY_MAX);
    put_head(w, &body);
    mp_map_text(&body, "outcome", bytes_of(outcome));
    mp_map_bool(&body, "ok", strcmp(outcome, "ok") == 0);
    mp_map_text(&body, "error", bytes_of(why));
    if (w->status != 0) mp_map_uint(&body, "status", w->status);
    put_ns(&body, "latency_ms", clock_monotonic_ns() - w->began);
    if (w->first != 0) put_ns(&body, "first_token_ms", w->first - w->began);
    put_facts(w, &body, &private_);
    mp_map_text(&private_, "detail", bytes_of(w->facts.words[0] != '\0' ? w->facts.words : words));
    if (w->has_cause) snprintf(cause, sizeof(cause), "call:%s", w->call);
    snprintf(key, sizeof(key), "call:%s:end", w->call);
    (void)put_event(w, "run.model_returned", key, cause, &body, &private_);
}

/* ---- the answer --------------------------------------------------------------------------------------------------- */

static int on_frame(void *ctx, struct bytes frame, bool error, struct err *err) {
    struct watch *w = ctx;
    (void)err;
    proxy_facts_take(&w->facts, frame, error);
    if (w->facts.token && w->first == 0 && w->frames.form != MODEL_WHOLE) w->first = clock_monotonic_ns();
    if (w->facts.mp.cap > 65536) {
        (void)hold(w);
        buf_done(&w->facts.mp);
    }
    return 0;
}

static enum pass_manner on_answer(void *x, const struct pass_answer *answer) {
    struct watch *w = x;
    const char *type = answer->type;
    enum model_form form = strcmp(type, "text/event-stream") == 0      ? MODEL_EVENTS
                           : strcmp(type, "application/x-ndjson") == 0 ? MODEL_LINES
                                                                       : MODEL_WHOLE;
    if (!w->on) return PASS_AS_IT_IS;
    w->status = answer->status;
    w->output = hash_new();
    w->parses = !answer->coded && (form != MODEL_WHOLE || strcmp(type, "application/json") == 0);
    model_frames_init(&w->frames, form, FRAME_MAX, on_frame, w);
    return PASS_AS_IT_IS;
}

static bool on_data(void *x, struct bytes piece, struct buf *out) {
    struct watch *w = x;
    struct err err = {0};
    (void)out;
    if (!w->on) return true;
    w->output_any = true;
    if (w->output != NULL) hash_put(w->output, piece.p, piece.n);
    if (!w->parses || w->over) return true;
    w->over = model_frames_put(&w->frames, piece, &err) != 0 || !hold(w);
    if (w->over) {
        model_frames_done(&w->frames);
        (void)hold(w);
    }
    return true;
}

static void on_end(void *x, enum pass_end end, const char *error, const char *words) {
    struct watch *w = x;
    struct err err = {0};
    if (!w->on) return;
    if (w->parses && !w->over && end == PASS_COMPLETE) (void)model_frames_end(&w->frames, &err);
    if (w->called) put_returned(w, end, error, words);
    model_frames_done(&w->frames);
    hash_free(w->prompt);
    hash_free(w->output);
    buf_done(&w->parameters);
    buf_done(&w->prompt_text);
    proxy_facts_done(&w->facts);
    (void)atomic_fetch_add(&w->shared->left, (long long)w->held);
    w->on = false;
}

void proxy_watch_handler(struct watch_shared *shared, struct pass_handler *ret) {
    *ret = (struct pass_handler){.ctx = shared,
                                 .size = sizeof(struct watch),
                                 .begin = on_begin,
                                 .request = on_request,
                                 .called = on_called,
                                 .answer = on_answer,
                                 .data = on_data,
                                 .end = on_end};
}
