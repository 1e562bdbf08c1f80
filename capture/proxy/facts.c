/* Members are looked up by name; each protocol has some that no other has. */
#include "capture/proxy/facts.h"

#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "base/text.h"

#define NONE       ((struct bytes){NULL, 0})
#define COUNT_MAX  (UINT64_C(1) << 42)
#define VALUES_MAX ((size_t)65536) /* of a frame; a parser's tree takes some hundred bytes for each */

void proxy_facts_init(struct facts *f, size_t frame_max, size_t text_max) {
    memset(f, 0, sizeof(*f));
    f->tokens_in = f->tokens_out = f->tokens_cached = f->tokens_reasoning = FACTS_NONE;
    f->total_ns = f->load_ns = f->prompt_ns = f->generate_ns = FACTS_NONE;
    buf_init(&f->text, text_max);
    buf_init(&f->mp, frame_max);
}

void proxy_facts_done(struct facts *f) {
    buf_done(&f->text);
    buf_done(&f->mp);
}

/* ---- members ---- */

/* Empty: there is none, or it is null. */
static struct bytes member(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_item item;
    bool there = map.n > 0 && mp_map_get(map, name, &raw) == 0;
    return there && !(raw.n == 1 && mp_scalar(raw, &item) == 0 && item.type == MP_NIL) ? raw : NONE;
}

static bool is_true(struct bytes map, const char *name) {
    struct mp_item item;
    return mp_scalar(member(map, name), &item) == 0 && item.type == MP_BOOL && item.boolean;
}

static void take_count(struct bytes map, const char *name, uint64_t *ret) {
    uint64_t n = map.n > 0 ? mp_get_uint(map, name, FACTS_NONE) : FACTS_NONE;
    *ret = n <= COUNT_MAX ? n : *ret;
}

static void take_ns(struct bytes map, const char *name, uint64_t *ret) {
    uint64_t n = map.n > 0 ? mp_get_uint(map, name, FACTS_NONE) : FACTS_NONE;
    *ret = n <= MP_INT_MAX ? n : *ret;
}

/* Milliseconds or seconds, whole or not. */
static void take_time(struct bytes map, const char *name, double ns, uint64_t *ret) {
    struct mp_item item;
    if (mp_scalar(member(map, name), &item) != 0) return;
    double v = item.type == MP_FLOAT ? item.real : item.type == MP_UINT ? (double)item.uint : -1;
    if (v >= 0 && v * ns < 9e18) *ret = (uint64_t)(v * ns);
}

/* Text from elsewhere, cut to fit, on one line; its secrets are masked first, because the rest of one is not recognised. */
static void put_short(char *ret, size_t size, struct bytes text) {
    struct buf safe, masked;
    buf_init(&safe, 4096);
    buf_init(&masked, SIZE_MAX);
    if (secret_mask(&masked, text) > 0) {
        text = bytes_of_buf(&masked);
    }
    text.n = text.n < size && masked.fail == 0 ? text.n : masked.fail == 0 ? size : 0;
    (void)text_safe(&safe, text);
    snprintf(ret, size, "%.*s", (int)safe.n, safe.n > 0 ? (const char *)safe.p : "");
    ret[text_utf8_valid((const uint8_t *)ret, strlen(ret))] = '\0';
    buf_done(&safe);
    buf_done(&masked);
}

static void take_text(struct bytes map, const char *name, char *ret, size_t size) {
    struct bytes text = map.n > 0 ? mp_get_text(map, name) : NONE;
    if (text.n > 0) put_short(ret, size, text);
}

void proxy_facts_name(char *ret, size_t size, struct bytes name) {
    bool path =
        name.n > 0 && (name.p[0] == '/' || name.p[0] == '~' || (name.n > 2 && name.p[1] == ':' && name.p[2] == '\\'));
    path = path && !secret_is_in(name); /* what follows its last slash might look like none */
    for (size_t i = name.n; path && i > 0; i--) {
        if (name.p[i - 1] == '/' || name.p[i - 1] == '\\') {
            name = (struct bytes){name.p + i, name.n - i};
            break;
        }
    }
    put_short(ret, size, name);
}

static void take_served(struct facts *f, struct bytes map) {
    struct bytes text = map.n > 0 ? mp_get_text(map, "model") : NONE;
    if (text.n > 0) proxy_facts_name(f->served, sizeof(f->served), text);
}

/* Each item of a list; *ret_raw borrows. */
static uint32_t list_begin(struct bytes map, const char *name, struct mp_reader *reader) {
    struct mp_item item;
    mp_reader_init(reader, member(map, name));
    return mp_next(reader, &item, NULL) == 0 && item.type == MP_ARRAY ? item.count : 0;
}

static uint32_t list_length(struct bytes map, const char *name) {
    struct mp_reader reader;
    return list_begin(map, name, &reader);
}

static void take_words(struct facts *f, struct bytes map, const char *name) {
    struct bytes text = map.n > 0 ? mp_get_text(map, name) : NONE;
    if (text.n == 0) return;
    f->token = true;
    if (f->text.max > 0 && text.n <= f->text.max - f->text.n) (void)buf_put_bytes(&f->text, text);
}

static void note_thought(struct facts *f, struct bytes map, const char *name) {
    f->token = f->token || (map.n > 0 && mp_get_text(map, name).n > 0);
}

/* ---- protocols ---- */

static void take_error(struct facts *f, struct bytes error) {
    struct mp_item item;
    if (error.n == 0) return;
    f->error = true;
    if (mp_scalar(error, &item) == 0 && item.type == MP_STR) {
        put_short(f->words, sizeof(f->words), item.data);
    } else if (member(error, "message").n > 0) {
        take_text(error, "message", f->words, sizeof(f->words));
        take_text(error, "type", f->error_kind, sizeof(f->error_kind));
    }
}

static void take_ollama(struct facts *f, struct bytes map) {
    struct bytes message = member(map, "message");
    take_words(f, map, "response");
    take_words(f, message, "content");
    note_thought(f, map, "thinking");
    note_thought(f, message, "thinking");
    if (member(map, "done").n > 0) {
        f->tool_calls += list_length(message, "tool_calls");
        f->token = f->token || list_length(message, "tool_calls") > 0;
    }
    f->done = f->done || is_true(map, "done");
    take_text(map, "done_reason", f->finish, sizeof(f->finish));
    take_text(map, "remote_host", f->remote_host, sizeof(f->remote_host));
    take_count(map, "prompt_eval_count", &f->tokens_in);
    take_count(map, "eval_count", &f->tokens_out);
    take_ns(map, "total_duration", &f->total_ns);
    take_ns(map, "load_duration", &f->load_ns);
    take_ns(map, "prompt_eval_duration", &f->prompt_ns);
    take_ns(map, "eval_duration", &f->generate_ns);
}

static void take_usage(struct facts *f, struct bytes usage) {
    take_count(usage, "prompt_tokens", &f->tokens_in);
    take_count(usage, "completion_tokens", &f->tokens_out);
    take_count(usage, "input_tokens", &f->tokens_in);
    take_count(usage, "output_tokens", &f->tokens_out);
    static const char *const in[] = {"prompt_tokens_details", "input_tokens_details"};
    static const char *const out[] = {"completion_tokens_details", "output_tokens_details"};
    for (size_t i = 0; i < 2; i++) {
        take_count(member(usage, in[i]), "cached_tokens", &f->tokens_cached);
        take_count(member(usage, out[i]), "reasoning_tokens", &f->tokens_reasoning);
    }
}

/* llama.cpp: its counts are used where `usage` says nothing. */
static void take_timings(struct facts *f, struct bytes timings) {
    uint64_t read = FACTS_NONE, cached = FACTS_NONE;
    take_count(timings, "prompt_n", &read);
    take_count(timings, "cache_n", &cached);
    if (f->tokens_in == FACTS_NONE && read != FACTS_NONE) f->tokens_in = read + (cached != FACTS_NONE ? cached : 0);
    if (f->tokens_cached == FACTS_NONE) f->tokens_cached = cached;
    if (f->tokens_out == FACTS_NONE) take_count(timings, "predicted_n", &f->tokens_out);
    take_time(timings, "prompt_ms", 1e6, &f->prompt_ns);
    take_time(timings, "predicted_ms", 1e6, &f->generate_ns);
}

static void take_calls(struct facts *f, struct bytes message, bool delta) {
    struct mp_reader reader;
    struct bytes raw;
    uint32_t n = list_begin(message, "tool_calls", &reader);
    f->token = f->token || n > 0;
    if (!delta) f->tool_calls += n;
    for (uint32_t i = 0; delta && i < n && mp_skip(&reader, 1, &raw, NULL) == 0; i++) {
        uint64_t at = mp_get_uint(raw, "index", i);
        if (at >= f->tool_index && at < 4096) f->tool_index = at + 1;
    }
}

static void take_choice(struct facts *f, struct bytes choice) {
    static const char *const parts[] = {"delta", "message"};
    for (size_t i = 0; i < 2; i++) {
        struct bytes part = member(choice, parts[i]);
        take_words(f, part, "content");
        note_thought(f, part, "reasoning_content");
        note_thought(f, part, "reasoning");
        take_calls(f, part, i == 0);
    }
    take_words(f, choice, "text");
    take_text(choice, "finish_reason", f->finish, sizeof(f->finish));
}

static void take_openai(struct facts *f, struct bytes map) {
    struct mp_reader reader;
    struct bytes raw;
    uint32_t n = list_begin(map, "choices", &reader);
    for (uint32_t i = 0; i < n && mp_skip(&reader, 1, &raw, NULL) == 0; i++) {
        take_choice(f, raw);
    }
    take_usage(f, member(map, "usage"));
    take_timings(f, member(map, "timings"));
}

static void take_native(struct facts *f, struct bytes map) {
    if (member(map, "stop").n == 0 || member(map, "choices").n > 0) return;
    take_words(f, map, "content");
    f->done = f->done || is_true(map, "stop");
    take_text(map, "stop_type", f->finish, sizeof(f->finish));
    take_count(map, "tokens_evaluated", &f->tokens_in);
    take_count(map, "tokens_predicted", &f->tokens_out);
}

/* ---- responses, and LM Studio's named events ---- */

static void take_response(struct facts *f, struct bytes response) {
    struct mp_reader reader;
    struct bytes raw;
    uint32_t n = list_begin(response, "output", &reader);
    uint64_t calls = 0;
    for (uint32_t i = 0; i < n && mp_skip(&reader, 1, &raw, NULL) == 0; i++) {
        calls += bytes_is(mp_get_text(raw, "type"), "function_call") ? 1 : 0;
    }
    f->tool_calls = calls > 0 ? calls : f->tool_calls;
    take_served(f, response);
    take_text(response, "status", f->finish, sizeof(f->finish));
    take_text(member(response, "incomplete_details"), "reason", f->finish, sizeof(f->finish));
    take_usage(f, member(response, "usage"));
    take_error(f, member(response, "error"));
}

static void take_event(struct facts *f, struct bytes map) {
    struct bytes type = map.n > 0 ? mp_get_text(map, "type") : NONE;
    if (bytes_is(type, "response.output_text.delta")) {
        take_words(f, map, "delta");
    } else if (bytes_has_prefix(type, "response.") && mp_get_text(map, "delta").n > 0) {
        f->token = true;
    } else if (bytes_is(type, "response.completed") || bytes_is(type, "response.incomplete") ||
               bytes_is(type, "response.failed")) {
        f->done = true;
        f->error = f->error || bytes_is(type, "response.failed");
        take_response(f, member(map, "response"));
    } else if (bytes_is(type, "message.delta")) {
        take_words(f, map, "content");
    } else if (bytes_is(type, "reasoning.delta")) {
        note_thought(f, map, "content");
    } else if (bytes_is(type, "tool_call.start")) {
        f->tool_calls++;
    } else if (bytes_is(type, "model_load.end")) {
        take_time(map, "load_time_seconds", 1e9, &f->load_ns);
    } else if (bytes_is(type, "error") && member(map, "error").n == 0) {
        take_error(f, map);
    } else if (bytes_is(type, "chat.end")) {
        struct bytes stats = member(member(map, "result"), "stats");
        f->done = true;
        take_count(stats, "input_tokens", &f->tokens_in);
        take_count(stats, "total_output_tokens", &f->tokens_out);
        take_count(stats, "reasoning_output_tokens", &f->tokens_reasoning);
    }
}

void proxy_facts_take(struct facts *f, struct bytes frame, bool error) {
    f->token = false;
    if (bytes_is(frame, "[DONE]")) {
        f->done = true;
        return;
    }
    buf_clear(&f->mp);
    f->mp.fail = 0;
    f->error = f->error || error;
    if (json_count_values(frame) > VALUES_MAX || json_to_mp(frame, &f->mp, NULL) != 0) return;
    struct bytes map = bytes_of_buf(&f->mp);
    struct mp_item item;
    struct mp_reader reader;
    mp_reader_init(&reader, map);
    if (mp_next(&reader, &item, NULL) != 0 || item.type != MP_MAP) return;
    f->any = true;
    take_served(f, map);
    take_error(f, member(map, "error"));
    take_ollama(f, map);
    take_openai(f, map);
    take_native(f, map);
    take_event(f, map);
    if (bytes_is(mp_get_text(map, "object"), "response")) take_response(f, map);
    /* LM Studio's statistics beside an answer of OpenAI's form. */
    take_time(member(map, "stats"), "generation_time", 1e9, &f->generate_ns);
    f->tool_calls = f->tool_index > f->tool_calls ? f->tool_index : f->tool_calls;
}
