/* One frame after the other, parsed whole, then read by name. A null counts as absent, as servers write both. */
#include "work/model/answer.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/text.h"
#include "work/model/vector.h"

#define NONE      ((struct bytes){NULL, 0})
#define COUNT_MAX (UINT64_C(1) << 42)

const char *work_tokens_name(enum work_tokens tokens) {
    static const char *const names[] = {[WORK_TOKENS_UNKNOWN] = "unknown",
                                        [WORK_TOKENS_USAGE] = "usage",
                                        [WORK_TOKENS_EVAL_COUNT] = "eval_count",
                                        [WORK_TOKENS_TIMINGS] = "timings"};
    return names[tokens];
}

void model_result_init(struct work_model_result *result, size_t text_max) {
    *result = (struct work_model_result){
        .prompt_tokens = WORK_UNKNOWN,
        .completion_tokens = WORK_UNKNOWN,
        .cached_tokens = WORK_UNKNOWN,
        .reasoning_tokens = WORK_UNKNOWN,
        .cost = WORK_UNKNOWN,
        .first_ns = WORK_UNKNOWN,
        .load_ns = WORK_UNKNOWN,
        .prompt_ns = WORK_UNKNOWN,
        .generate_ns = WORK_UNKNOWN,
        .identity = {.context = WORK_UNKNOWN},
    };
    buf_init(&result->text, text_max);
    buf_init(&result->reasoning, text_max);
}

void work_model_result_done(struct work_model_result *result) {
    buf_done(&result->text);
    buf_done(&result->reasoning);
    for (size_t i = 0; i < result->tools_n; i++) {
        buf_done(&result->tools[i].arguments);
    }
    free(result->tools);
    free(result->vectors);
    result->tools = NULL;
    result->vectors = NULL;
    result->tools_n = result->tools_cap = result->vectors_n = 0;
}

void model_answer_init(struct model_answer *a, size_t frame_max) {
    buf_init(&a->mp, frame_max <= SIZE_MAX / 4 ? frame_max * 4 : SIZE_MAX);
}

void model_answer_done(struct model_answer *a) {
    buf_done(&a->mp);
}

/* ---- members ---- */

/* Empty: there is none, or it is null. */
static struct bytes member(struct bytes map, const char *name) {
    struct bytes raw;
    struct mp_item item;
    bool there = map.n > 0 && mp_map_get(map, name, &raw) == 0;
    return there && !(raw.n == 1 && mp_scalar(raw, &item) == 0 && item.type == MP_NIL) ? raw : NONE;
}

static int typed(struct bytes map, const char *name, enum mp_type type, struct bytes *ret, struct mp_item *item,
                 struct err *err) {
    static const char *const names[] = {
        [MP_STR] = "text", [MP_BOOL] = "true or false", [MP_ARRAY] = "a list", [MP_MAP] = "an object"};
    struct mp_reader r;
    *ret = member(map, name);
    *item = (struct mp_item){.type = MP_NIL};
    mp_reader_init(&r, *ret);
    if (ret->n == 0 || mp_take(&r, type, item)) return 0;
    return err_set(err, ERR_INVALID, "'%s' is not %s", name, names[type]);
}

static int text_member(struct bytes map, const char *name, struct bytes *ret, struct err *err) {
    struct bytes raw;
    struct mp_item item;
    int rc = typed(map, name, MP_STR, &raw, &item, err);
    if (rc == 0) *ret = item.type == MP_STR ? item.data : NONE;
    return rc;
}

static int map_member(struct bytes map, const char *name, struct bytes *ret, struct err *err) {
    struct mp_item item;
    return typed(map, name, MP_MAP, ret, &item, err);
}

static int list_member(struct bytes map, const char *name, struct bytes *ret, uint32_t *ret_n, struct mp_reader *reader,
                       struct err *err) {
    struct mp_item item;
    int rc = typed(map, name, MP_ARRAY, ret, &item, err);
    *ret_n = rc == 0 && ret->n > 0 ? item.count : 0;
    mp_reader_init(reader, rc == 0 ? *ret : NONE);
    if (*ret_n > 0) mp_next(reader, &item, NULL);
    return rc;
}

/* A count that the server states; anything else leaves it as it is. */
static bool take_count(struct bytes map, const char *name, uint64_t *ret) {
    uint64_t n = map.n > 0 ? mp_get_uint(map, name, WORK_UNKNOWN) : WORK_UNKNOWN;
    n = n <= COUNT_MAX ? n : WORK_UNKNOWN; /* a number that no server counted to; sums of such cannot overflow */
    if (n != WORK_UNKNOWN) *ret = n;
    return n != WORK_UNKNOWN;
}

/* A short text, kept as far as it is valid; the first one counts. */
static void take_short(struct bytes map, const char *name, char *ret, size_t size) {
    struct bytes text = map.n > 0 ? mp_get_text(map, name) : NONE;
    if (ret[0] != '\0' || text.n == 0 || bytes_find(text, 0) != NULL) return;
    snprintf(ret, size, "%.*s", (int)(text.n < size ? text.n : size), (const char *)text.p);
    ret[text_utf8_valid((const uint8_t *)ret, strlen(ret))] = '\0';
}

/* Every line of an answer may name its model. A byte 0 would end the name before its end, so it is shown as another character. */
static void take_served(struct work_model_result *r, struct bytes map) {
    struct bytes name = mp_get_text(map, "model");
    const bool cut = name.n > 0 && bytes_find(name, 0) != NULL;
    take_short(map, "model", r->served, sizeof(r->served));
    if (name.n == 0 || (!cut && (bytes_is(name, r->served) || name.n >= sizeof(r->served))) || r->served_too[0] != '\0')
        return;
    const size_t n = name.n < sizeof(r->served_too) ? name.n : sizeof(r->served_too) - 1;
    for (size_t i = 0; i < n; i++) {
        r->served_too[i] = name.p[i] != 0 ? (char)name.p[i] : '?';
    }
    r->served_too[n] = '\0';
    r->served_too[text_utf8_valid((const uint8_t *)r->served_too, n)] = '\0';
}

/* ---- what is kept ---- */

static size_t kept(const struct work_model_result *r) {
    size_t n = r->text.n + r->reasoning.n;
    for (size_t i = 0; i < r->tools_n; i++) {
        n += r->tools[i].arguments.n;
    }
    return n;
}

static int keep(struct model_answer *a, struct buf *to, struct bytes text, struct err *err) {
    if (text.n == 0) return 0;
    a->token = true;
    if (text.n > a->text_max - kept(a->result)) {
        return err_set(err, ERR_LIMIT, "the answer has more than %zu bytes of text", a->text_max);
    }
    return buf_put_bytes(to, text) == 0 ? 0 : err_set(err, ERR_NOMEM, "out of memory");
}

static int add_tool(struct model_answer *a, struct err *err) {
    struct work_model_result *r = a->result;
    if (r->tools_n == WORK_TOOLS_MAX) {
        return err_set(err, ERR_LIMIT, "the answer has more than %d tool calls", WORK_TOOLS_MAX);
    }
    int rc = array_room(&r->tools, r->tools_n + 1, &r->tools_cap, sizeof(*r->tools), err);
    if (rc != 0) return rc;
    struct work_tool_call *tool = &r->tools[r->tools_n++];
    *tool = (struct work_tool_call){.id = ""};
    buf_init(&tool->arguments, a->text_max);
    a->token = true;
    return 0;
}

/* Arguments are an object (Ollama) or a piece of text (OpenAI). */
static int keep_arguments(struct model_answer *a, struct work_tool_call *tool, struct bytes function, struct err *err) {
    struct bytes raw = member(function, "arguments");
    struct mp_item item;
    struct buf json = {.max = a->text_max};
    if (raw.n == 0) return 0;
    if (mp_scalar(raw, &item) == 0 && item.type == MP_STR) return keep(a, &tool->arguments, item.data, err);
    int rc = json_from_mp(raw, JSON_LINE, &json, err);
    if (rc == 0) rc = keep(a, &tool->arguments, bytes_of_buf(&json), err);
    buf_done(&json);
    return rc;
}

/* One element of tool_calls. In a stream of OpenAI's, elements of one index are parts of one call, and the parts after the
 * first repeat the name, have an empty one, or none. */
static int take_tool(struct model_answer *a, struct bytes map, struct err *err) {
    struct work_model_result *r = a->result;
    struct bytes function;
    uint64_t index = r->tools_n;
    if (!bytes_is(mp_get_text(map, "type"), "function") && member(map, "function").n == 0) {
        return err_set(err, ERR_INVALID, "a tool call has no 'function'");
    }
    int rc = map_member(map, "function", &function, err);
    if (a->protocol == WORK_OPENAI && !take_count(map, "index", &index) && mp_get_text(map, "id").n == 0 &&
        r->tools_n > 0) {
        index = r->tools_n - 1;
    }
    if (rc == 0 && index > r->tools_n) {
        rc = err_set(err, ERR_INVALID, "tool call %llu comes before number %zu", (unsigned long long)index, r->tools_n);
    }
    if (rc == 0 && index == r->tools_n) rc = add_tool(a, err);
    if (rc != 0) return rc;
    take_short(map, "id", r->tools[index].id, sizeof(r->tools[index].id));
    take_short(function, "name", r->tools[index].name, sizeof(r->tools[index].name));
    return keep_arguments(a, &r->tools[index], function, err);
}

static int take_tools(struct model_answer *a, struct bytes message, struct err *err) {
    struct bytes list, map;
    struct mp_reader r, of;
    struct mp_item head;
    uint32_t n = 0;
    int rc = list_member(message, "tool_calls", &list, &n, &r, err);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = mp_skip(&r, 1, &map, err);
        mp_reader_init(&of, map);
        if (rc == 0 && !mp_take(&of, MP_MAP, &head)) rc = err_set(err, ERR_INVALID, "a tool call is not an object");
        if (rc == 0) rc = take_tool(a, map, err);
    }
    return rc;
}

/* A message, or a part of one. */
static int take_message(struct model_answer *a, struct bytes message, const char *content, struct err *err) {
    static const char *const reasonings[] = {"thinking", "reasoning_content", "reasoning"};
    struct bytes text;
    int rc = text_member(message, content, &a->piece, err);
    if (rc == 0) rc = keep(a, &a->result->text, a->piece, err);
    for (size_t i = 0; rc == 0 && i < sizeof(reasonings) / sizeof(reasonings[0]); i++) {
        rc = text_member(message, reasonings[i], &text, err);
        if (rc == 0 && text.n > 0) {
            rc = keep(a, &a->result->reasoning, text, err);
            break; /* some servers send it under two names */
        }
    }
    return rc == 0 ? take_tools(a, message, err) : rc;
}

/* ---- Ollama ---- */

static void ollama_counts(struct model_answer *a, struct bytes map) {
    struct work_model_result *r = a->result;
    bool prompt = take_count(map, "prompt_eval_count", &r->prompt_tokens);
    bool answer = take_count(map, "eval_count", &r->completion_tokens);
    r->tokens_from = prompt || answer ? WORK_TOKENS_EVAL_COUNT : WORK_TOKENS_UNKNOWN;
    take_count(map, "load_duration", &r->load_ns);
    take_count(map, "prompt_eval_duration", &r->prompt_ns);
    take_count(map, "eval_duration", &r->generate_ns);
}

static int ollama_embeddings(struct model_answer *a, struct bytes map, struct err *err) {
    struct bytes list, array;
    struct mp_reader r;
    uint32_t n = 0;
    int rc = list_member(map, "embeddings", &list, &n, &r, err);
    if (rc == 0 && n != a->inputs) {
        rc = err_set(err, ERR_INVALID, "'embeddings' has %u elements; expected: %zu", n, a->inputs);
    }
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = mp_skip(&r, 1, &array, err);
        if (rc == 0) rc = model_vector_put(a->result, i, a->inputs, a->text_max, array, err);
    }
    a->done = rc == 0;
    return rc;
}

static int take_ollama(struct model_answer *a, struct bytes map, struct err *err) {
    struct bytes message = NONE, raw;
    struct mp_item done;
    take_short(map, "remote_host", a->result->remote_host, sizeof(a->result->remote_host));
    if (a->operation == WORK_EMBED) {
        int rc = ollama_embeddings(a, map, err);
        if (rc == 0) ollama_counts(a, map);
        return rc;
    }
    int rc = typed(map, "done", MP_BOOL, &raw, &done, err);
    if (rc == 0 && a->operation == WORK_CHAT) rc = map_member(map, "message", &message, err);
    if (rc == 0 && a->operation == WORK_GENERATE && member(map, "response").n > 0) message = map;
    if (rc == 0 && message.n == 0 && raw.n == 0) {
        rc = err_set(err, ERR_INVALID, "neither '%s' nor 'done'", a->operation == WORK_CHAT ? "message" : "response");
    }
    if (rc == 0 && message.n > 0) rc = take_message(a, message, a->operation == WORK_CHAT ? "content" : "response", err);
    a->done = rc == 0 && (done.boolean || (!a->stream && raw.n == 0));
    if (a->done) {
        take_short(map, "done_reason", a->result->finish, sizeof(a->result->finish));
        ollama_counts(a, map);
    }
    return rc;
}

/* ---- OpenAI ---- */

/* Without usage: llama.cpp's timings: the prompt is what it processed and what it found in its cache. */
static void timings_counts(struct work_model_result *r, struct bytes timings) {
    uint64_t processed, cached;
    if (r->tokens_from == WORK_TOKENS_USAGE || timings.n == 0) return;
    if (take_count(timings, "prompt_n", &processed) && take_count(timings, "cache_n", &cached)) {
        r->prompt_tokens = processed + cached;
        r->cached_tokens = cached;
        r->tokens_from = WORK_TOKENS_TIMINGS;
    }
    if (take_count(timings, "predicted_n", &r->completion_tokens)) r->tokens_from = WORK_TOKENS_TIMINGS;
}

/* Some servers send counts with each chunk: the newest are those of all of it. */
static int openai_counts(struct model_answer *a, struct bytes map, struct err *err) {
    struct work_model_result *r = a->result;
    struct bytes usage, timings, details;
    int rc = map_member(map, "usage", &usage, err);
    if (rc == 0) rc = map_member(map, "timings", &timings, err);
    if (rc != 0) return rc;
    bool prompt = take_count(usage, "prompt_tokens", &r->prompt_tokens);
    bool answer = take_count(usage, "completion_tokens", &r->completion_tokens);
    if (prompt || answer) r->tokens_from = WORK_TOKENS_USAGE;
    if (map_member(usage, "prompt_tokens_details", &details, NULL) == 0)
        take_count(details, "cached_tokens", &r->cached_tokens);
    if (map_member(usage, "completion_tokens_details", &details, NULL) == 0) {
        take_count(details, "reasoning_tokens", &r->reasoning_tokens);
    }
    timings_counts(r, timings);
    return 0;
}

static int openai_embeddings(struct model_answer *a, struct bytes map, struct err *err) {
    struct bytes list, element, array;
    struct mp_reader r, of;
    struct mp_item head;
    uint32_t n = 0;
    int rc = list_member(map, "data", &list, &n, &r, err);
    if (rc == 0 && n != a->inputs) rc = err_set(err, ERR_INVALID, "'data' has %u elements; expected: %zu", n, a->inputs);
    bool *seen = rc == 0 ? calloc(a->inputs, sizeof(*seen)) : NULL;
    if (rc == 0 && seen == NULL) rc = err_set(err, ERR_NOMEM, "out of memory");
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        uint64_t index = i;
        rc = mp_skip(&r, 1, &element, err);
        mp_reader_init(&of, element);
        if (rc == 0 && !mp_take(&of, MP_MAP, &head))
            rc = err_set(err, ERR_INVALID, "an element of 'data' is not an object");
        if (rc != 0) break;
        take_count(element, "index", &index);
        array = member(element, "embedding");
        rc = index < n && seen[index] ? err_set(err, ERR_INVALID, "embedding %u is there twice", (unsigned)index)
                                      : model_vector_put(a->result, (size_t)index, a->inputs, a->text_max, array, err);
        if (rc == 0) seen[index] = true;
    }
    free(seen);
    a->done = rc == 0;
    return rc;
}

/* The choice of index 0; others were not asked for. */
static int openai_choices(struct model_answer *a, struct bytes map, struct err *err) {
    struct bytes list, choice, message;
    struct mp_reader r, of;
    struct mp_item head;
    uint32_t n = 0;
    int rc = list_member(map, "choices", &list, &n, &r, err);
    if (rc == 0 && list.n == 0) rc = err_set(err, ERR_INVALID, "no 'choices'");
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = mp_skip(&r, 1, &choice, err);
        mp_reader_init(&of, choice);
        if (rc == 0 && !mp_take(&of, MP_MAP, &head)) rc = err_set(err, ERR_INVALID, "a choice is not an object");
        if (rc != 0 || mp_get_uint(choice, "index", 0) != 0) continue;
        a->begun = true;
        rc = map_member(choice, "delta", &message, err);
        if (rc == 0 && message.n == 0) rc = map_member(choice, "message", &message, err);
        if (rc == 0 && message.n > 0) rc = take_message(a, message, "content", err);
        take_short(choice, "finish_reason", a->result->finish, sizeof(a->result->finish));
    }
    return rc;
}

static int take_openai(struct model_answer *a, struct bytes map, struct err *err) {
    take_short(map, "system_fingerprint", a->result->fingerprint, sizeof(a->result->fingerprint));
    int rc = a->operation == WORK_EMBED ? openai_embeddings(a, map, err) : openai_choices(a, map, err);
    if (rc == 0) rc = openai_counts(a, map, err);
    if (rc == 0 && !a->stream && a->operation != WORK_EMBED && !a->begun) {
        rc = err_set(err, ERR_INVALID, "'choices' is empty");
    }
    a->done = rc == 0 && !a->stream;
    return rc;
}

/* ---- any frame ---- */

static bool is_error(struct bytes map) {
    return member(map, "error").n > 0 || bytes_is(mp_get_text(map, "object"), "error");
}

/* The parser's message ends in a part of the text, which may be private. */
static int without_excerpt(struct err *err, int rc) {
    char *near = err != NULL ? strstr(err->msg, " near ") : NULL;
    if (near != NULL) *near = '\0';
    if (rc == ERR_INVALID) err_prefix(err, "not JSON");
    return rc;
}

int model_answer_take(struct model_answer *a, struct bytes frame, bool error, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    a->piece = NONE;
    a->token = a->error = false;
    if (a->protocol == WORK_OPENAI && a->stream && !error && bytes_is(frame, "[DONE]")) {
        a->done = a->begun;
        return a->begun ? 1 : err_set(err, ERR_INVALID, "[DONE] comes before any choice");
    }
    buf_clear(&a->mp);
    int rc = json_to_mp(frame, &a->mp, err);
    if (rc != 0) return without_excerpt(err, rc);
    struct bytes map = bytes_of_buf(&a->mp);
    mp_reader_init(&r, map);
    if (!mp_take(&r, MP_MAP, &head)) return err_set(err, ERR_INVALID, "not a JSON object");
    a->error = error || is_error(map);
    if (a->error) return err_set(err, ERR_NET, "the server reports an error");
    take_served(a->result, map);
    rc = a->protocol == WORK_OLLAMA ? take_ollama(a, map, err) : take_openai(a, map, err);
    return rc == 0 && a->done ? 1 : rc;
}
