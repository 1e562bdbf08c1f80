/* What both protocols share is written alike; what the call itself states (the model, the stream, the maximum) nobody else
 * may state. */
#include "work/model/ask.h"

#include <stdio.h>

#include "base/mp.h"
#include "base/obj.h"
#include "base/text.h"

const char *model_ask_path(enum work_protocol protocol, enum work_operation operation) {
    static const char *const paths[][3] = {
        [WORK_OLLAMA] = {[WORK_CHAT] = "/api/chat", [WORK_GENERATE] = "/api/generate", [WORK_EMBED] = "/api/embed"},
        [WORK_OPENAI] = {[WORK_CHAT] = "/v1/chat/completions", [WORK_EMBED] = "/v1/embeddings"},
    };
    return paths[protocol][operation];
}

const char *work_operation_name(enum work_operation operation) {
    static const char *const names[] = {[WORK_CHAT] = "chat", [WORK_GENERATE] = "generate", [WORK_EMBED] = "embed"};
    return names[operation];
}

/* ---- what is wrong with a request ---- */

static int check_generate(const struct work_model_request *r, struct err *err) {
    bool good = r->messages_n == 1 || r->messages_n == 2;
    for (size_t i = 0; good && i < r->messages_n; i++) {
        good = r->messages[i].role != NULL && strcmp(r->messages[i].role, i + 1 < r->messages_n ? "system" : "user") == 0;
    }
    return good ? 0
                : err_set(err, ERR_INVALID, "generate: expected: one message of 'user', perhaps one of 'system' before it");
}

static int check_message(const struct work_model_request *r, size_t i, struct err *err) {
    static const char *const roles[] = {"system", "user", "assistant", "tool", "developer"};
    struct text_near near = {.text = r->messages[i].role};
    struct bytes text = r->messages[i].text;
    size_t valid = text_utf8_valid(text.p, text.n);
    if (valid != text.n) {
        return err_set(err, ERR_INVALID, "message %zu: not UTF-8 at byte %zu", i + 1, valid);
    }
    if (r->operation != WORK_EMBED && near.text == NULL) return err_set(err, ERR_INVALID, "message %zu has no role", i + 1);
    if (r->operation != WORK_EMBED && text_near_find(&near, roles, sizeof(roles) / sizeof(roles[0])) == SIZE_MAX) {
        return err_set(err, ERR_INVALID,
                       "message %zu: unknown role '%s'%s; expected: system, user, assistant, tool or developer", i + 1,
                       near.text, text_near_words(&near));
    }
    return 0;
}

static int check_request(enum work_protocol protocol, const struct work_model_request *r, struct err *err) {
    int rc = 0;
    if (model_ask_path(protocol, r->operation) == NULL) {
        return err_set(err, ERR_INVALID, "generate is Ollama's alone; expected here: chat or embed");
    }
    size_t n = r->model != NULL ? strlen(r->model) : 0;
    if (n == 0 || n >= WORK_MODEL_NAME_MAX || text_utf8_valid((const uint8_t *)r->model, n) != n ||
        text_has_control(bytes_of(r->model))) {
        return err_set(err, ERR_INVALID, "expected: a model's name of 1 to %d bytes of printable text",
                       WORK_MODEL_NAME_MAX - 1);
    }
    if (r->messages_n == 0) return err_set(err, ERR_INVALID, "expected: at least one message");
    for (size_t i = 0; rc == 0 && i < r->messages_n; i++) {
        rc = check_message(r, i, err);
    }
    return rc == 0 && r->operation == WORK_GENERATE ? check_generate(r, err) : rc;
}

/* ---- further members ---- */

static bool is_ours(struct bytes key) {
    static const char *const ours[] = {"model",       "messages",       "prompt",  "system",
                                       "input",       "stream",         "options", "stream_options",
                                       "num_predict", "max_tokens",     "n",       "max_completion_tokens",
                                       "best_of",     "encoding_format"};
    for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
        if (bytes_is(key, ours[i])) return true;
    }
    return false;
}

/* Parses an object; empty bytes are an empty one. */
static int read_object(struct bytes json, const char *what, struct buf *ret, uint32_t *ret_n, struct mp_reader *reader,
                       struct err *err) {
    struct mp_item head;
    int rc = json_to_mp(json.n > 0 ? json : bytes_of("{}"), ret, err);
    if (rc != 0) return err_prefix(err, "%s", what);
    mp_reader_init(reader, bytes_of_buf(ret));
    if (!mp_take(reader, MP_MAP, &head)) return err_set(err, ERR_INVALID, "%s: expected: a JSON object", what);
    *ret_n = head.count;
    return 0;
}

/* Puts its members, except those that `but` (a map, or empty) has too. */
static int put_members(struct obj *obj, struct bytes json, const char *what, struct buf *mp, struct bytes but,
                       struct err *err) {
    struct mp_reader r;
    struct bytes value, there;
    struct mp_item key;
    char name[128];
    uint32_t n = 0;
    int rc = read_object(json, what, mp, &n, &r, err);
    for (uint32_t i = 0; rc == 0 && i < n; i++) {
        rc = mp_next(&r, &key, err) != 0 ? ERR_CORRUPT : mp_skip(&r, 1, &value, err);
        if (rc != 0) break;
        snprintf(name, sizeof(name), "%.*s", (int)(key.data.n < sizeof(name) ? key.data.n : 0), (const char *)key.data.p);
        if (is_ours(key.data) || key.data.n >= sizeof(name)) {
            rc = err_set(err, ERR_INVALID, "%s: '%.*s' is stated by the call itself%s", what,
                         (int)(key.data.n < 64 ? key.data.n : 64), (const char *)key.data.p,
                         strstr(name, "max") != NULL || strstr(name, "num") != NULL ? " (max_tokens)" : "");
        } else if (but.n > 0 && mp_map_get(but, name, &there) == 0) {
            rc = err_set(err, ERR_INVALID, "'%s' is both an option and a member", name);
        } else {
            obj_raw(obj, name, value);
        }
    }
    return rc;
}

/* ---- the body ---- */

static void put_messages(struct obj *obj, const struct work_model_request *r) {
    struct obj list = {0};
    for (size_t i = 0; i < r->messages_n; i++) {
        struct obj message = {0};
        if (r->operation == WORK_EMBED) {
            obj_str(&list, NULL, r->messages[i].text);
        } else {
            obj_text(&message, "role", r->messages[i].role);
            obj_str(&message, "content", r->messages[i].text);
            obj_obj(&list, NULL, &message);
        }
    }
    obj_list(obj, r->operation == WORK_EMBED ? "input" : "messages", &list);
}

static void put_prompt(struct obj *obj, const struct work_model_request *r) {
    obj_str(obj, "prompt", r->messages[r->messages_n - 1].text);
    if (r->messages_n > 1) {
        obj_str(obj, "system", r->messages[0].text);
    }
}

static void put_stream(struct obj *obj, enum work_protocol protocol, const struct work_model_request *r) {
    struct obj with = {0};
    bool stream = !r->whole && r->operation != WORK_EMBED;
    if (r->operation != WORK_EMBED) {
        obj_bool(obj, "stream", stream);
    }
    if (stream && protocol == WORK_OPENAI) { /* otherwise the counts of tokens are not sent */
        obj_bool(&with, "include_usage", true);
        obj_obj(obj, "stream_options", &with);
    }
    if (protocol == WORK_OPENAI && r->operation == WORK_EMBED) {
        obj_text(obj, "encoding_format", "float");
    }
}

int model_ask_write(enum work_protocol protocol, const struct work_model_request *request, uint64_t max_tokens,
                    struct buf *out, struct err *err) {
    struct obj obj = {0}, options = {0};
    struct buf mp, more;
    int rc = check_request(protocol, request, err);
    if (rc != 0) return rc;
    buf_init(&mp, MODEL_ASK_MAX);
    buf_init(&more, MODEL_ASK_MAX);
    bool ollama = protocol == WORK_OLLAMA;
    obj_text(&obj, "model", request->model);
    if (request->operation == WORK_GENERATE) {
        put_prompt(&obj, request);
    } else {
        put_messages(&obj, request);
    }
    put_stream(&obj, protocol, request);
    rc = put_members(ollama ? &options : &obj, request->options, "options", &mp, (struct bytes){NULL, 0}, err);
    if (max_tokens > 0 && request->operation != WORK_EMBED) {
        obj_uint(ollama ? &options : &obj, ollama ? "num_predict" : "max_tokens", max_tokens);
    }
    if (options.n > 0) {
        obj_obj(&obj, "options", &options);
    }
    if (rc == 0) {
        rc = put_members(&obj, request->members, "members", &more, ollama ? (struct bytes){NULL, 0} : bytes_of_buf(&mp),
                         err);
    }
    if (rc == 0) rc = obj_json(&obj, JSON_LINE, out, err);
    obj_done(&options);
    obj_done(&obj);
    buf_done(&mp);
    buf_done(&more);
    return rc;
}
