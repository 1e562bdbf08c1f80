/* One span into events:
 *
 *   chat, embeddings, ...            run.model_called
 *   execute_tool                     run.tool_called, run.tool_returned
 *   invoke_agent, invoke_workflow    run.started, run.finished
 *   anything else                    run.step
 *   its events                       eval.scored for each gen_ai.evaluation.result
 *
 * A trace is a run. An agent called by another span of the trace is a run of its own, with the trace as its parent. */
#include "ingest/otlp/span.h"

#include <stdio.h>
#include <string.h>

/* ---- the tables --------------------------------------------------------------------------------------------------- */

static const struct otlp_row model_rows[] = {
    {"gen_ai.operation.name", "operation", OTLP_WORD, NULL, NULL},
    {"gen_ai.request.model", "model", OTLP_TEXT, NULL, NULL},
    {"gen_ai.response.model", "served", OTLP_TEXT, NULL, NULL},
    {"gen_ai.provider.name", "runtime", OTLP_WORD, NULL, NULL},
    {"gen_ai.system", "runtime", OTLP_WORD, NULL, NULL},
    {"gen_ai.response.id", "call", OTLP_WORD, NULL, NULL},
    {"gen_ai.conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"gen_ai.agent.name", "agent", OTLP_TEXT, NULL, NULL},
    {"gen_ai.request.stream", "stream", OTLP_BOOL, NULL, NULL},
    {"gen_ai.usage.input_tokens", "tokens_in", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.prompt_tokens", "tokens_in", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.output_tokens", "tokens_out", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.completion_tokens", "tokens_out", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.cache_read.input_tokens", "tokens_cached", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.reasoning.output_tokens", "tokens_reasoning", OTLP_INT, NULL, NULL},
    {"gen_ai.response.time_to_first_chunk", "first_token_ms", OTLP_SECONDS, NULL, NULL},
    {"gen_ai.response.finish_reasons", "finish", OTLP_WORDS, NULL, NULL},
    {"gen_ai.input.messages", "prompt", OTLP_MESSAGES, "prompt_digest", NULL},
    {"gen_ai.prompt", "prompt", OTLP_MESSAGES, "prompt_digest", NULL},
    {"gen_ai.output.messages", "output", OTLP_MESSAGES, "output_digest", NULL},
    {"gen_ai.completion", "output", OTLP_MESSAGES, "output_digest", NULL},
};
static const struct otlp_row tool_rows[] = {
    {"gen_ai.tool.name", "tool", OTLP_TEXT, NULL, NULL},
    {"gen_ai.tool.call.id", "call", OTLP_WORD, NULL, NULL},
    {"gen_ai.agent.name", "agent", OTLP_TEXT, NULL, NULL},
    {"gen_ai.conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"gen_ai.tool.call.arguments", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
};
/* The last row of the ends is otlp_span_put_error's. */
#define SHARED_ROWS 4 /* in both call and return */
static const struct otlp_row result_rows[] = {
    {"gen_ai.tool.name", "tool", OTLP_TEXT, NULL, NULL},
    {"gen_ai.tool.call.id", "call", OTLP_WORD, NULL, NULL},
    {"gen_ai.agent.name", "agent", OTLP_TEXT, NULL, NULL},
    {"gen_ai.conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"gen_ai.tool.call.result", "result", OTLP_CONTENT, "result_digest", "result_bytes"},
    {"error.type", "error", OTLP_WORD, NULL, NULL},
};
static const struct otlp_row agent_rows[] = {
    {"gen_ai.agent.name", "agent", OTLP_TEXT, NULL, NULL},
    {"gen_ai.workflow.name", "agent", OTLP_TEXT, NULL, NULL},
    {"gen_ai.agent.version", "agent_version", OTLP_WORD, NULL, NULL},
    {"gen_ai.conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"gen_ai.input.messages", "prompt", OTLP_MESSAGES, NULL, NULL},
};
static const struct otlp_row finished_rows[] = {
    {"gen_ai.usage.input_tokens", "tokens_in", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.prompt_tokens", "tokens_in", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.output_tokens", "tokens_out", OTLP_INT, NULL, NULL},
    {"gen_ai.usage.completion_tokens", "tokens_out", OTLP_INT, NULL, NULL},
    {"gen_ai.output.messages", "output", OTLP_MESSAGES, "output_digest", NULL},
    {"error.type", "error", OTLP_WORD, NULL, NULL},
};

/* Numeric settings of a request, in the order of their names, which stand after REQUEST. */
#define REQUEST "gen_ai.request."
static const char *const parameters[] = {
    REQUEST "choice.count", REQUEST "frequency_penalty", REQUEST "max_tokens", REQUEST "presence_penalty",
    REQUEST "seed",         REQUEST "temperature",       REQUEST "top_k",      REQUEST "top_p"};

/* ---- the kinds ---------------------------------------------------------------------------------------------------- */

static void put_outcome(struct otlp_span *s) {
    if (s->known || s->failed) {
        mp_map_bool(&s->map->body, "ok", !s->failed);
        mp_map_text(&s->map->body, "outcome", bytes_of(s->failed ? "error" : "ok"));
    }
}

static struct otlp_event event_of(const struct otlp_span *s, const char *kind, const char *key) {
    return (struct otlp_event){.kind = kind,
                               .subject = s->subject,
                               .run = s->trace,
                               .key = key,
                               .actor = bytes_of(s->from->actor),
                               .at = INGEST_NO_TIME,
                               .trace = s->trace,
                               .span = "",
                               .parent = s->parent};
}

/* The event that represents the span; it takes all unused attributes. */
static int emit_first(struct otlp_span *s, const char *kind, struct err *err) {
    char key[OTLP_NAME_LEN];
    otlp_join(key, (const char *const[]){"span:", s->trace, ":", s->id, NULL});
    struct otlp_event e = event_of(s, kind, key);
    e.span = s->id;
    e.cause = s->parent[0] != '\0' ? OTLP_BY_PARENT : OTLP_NO_CAUSE;
    otlp_put_at(&s->map->body, &s->m[SPAN_START], &e.at);
    int rc = otlp_put_rest(s->map, err);
    if (rc == 0) rc = otlp_emit(s->map, &e, err);
    return rc;
}

/* The event that represents the span's end. */
static int emit_end(struct otlp_span *s, const char *kind, struct err *err) {
    char key[OTLP_NAME_LEN];
    otlp_join(key, (const char *const[]){"span:", s->trace, ":", s->id, ":end", NULL});
    struct otlp_event e = event_of(s, kind, key);
    e.cause = OTLP_BY_FIRST;
    otlp_put_at(&s->map->body, &s->m[SPAN_END], &e.at);
    mp_map_text(&s->map->body, "reporter", bytes_of(s->from->digest));
    if (s->has_duration) {
        otlp_put_ms(&s->map->body, "duration_ms", s->duration);
    }
    put_outcome(s);
    otlp_span_put_error(s);
    int rc = otlp_put_rest(s->map, err);
    if (rc == 0) rc = otlp_emit(s->map, &e, err);
    return rc;
}

static void put_parent(struct otlp_span *s) {
    mp_map_text(&s->map->body, "parent", bytes_of(s->parent));
}

/* The server's address with its port. */
static void put_endpoint(struct otlp_map *m) {
    struct otlp_attribute *address = otlp_find(&m->attributes, "server.address"),
                          *port = otlp_find(&m->attributes, "server.port");
    char text[256];
    int64_t number = 0;
    if (address == NULL || address->item.type != MP_STR || !otlp_is_word(address->item.data)) {
        return;
    }
    struct bytes a = address->item.data;
    bool v6 = memchr(a.p, ':', a.n) != NULL;
    if (port != NULL && otlp_int(&port->item, &number) && number > 0 && number < 65536) {
        snprintf(text, sizeof(text), v6 ? "[%.*s]:%d" : "%.*s:%d", (int)a.n, (const char *)a.p, (int)number);
        port->used = true;
    } else {
        snprintf(text, sizeof(text), "%.*s", (int)a.n, (const char *)a.p);
    }
    address->used = true;
    mp_map_text(&m->body, "endpoint", bytes_of(text));
}

static void put_parameters(struct otlp_map *m) {
    struct otlp_attribute *there[OTLP_COUNT(parameters)];
    uint32_t n = 0;
    for (size_t i = 0; i < OTLP_COUNT(parameters); i++) {
        there[i] = otlp_find(&m->attributes, parameters[i]);
        if (there[i] != NULL && there[i]->item.type != MP_UINT && there[i]->item.type != MP_INT &&
            there[i]->item.type != MP_FLOAT) {
            there[i] = NULL;
        }
        n += there[i] != NULL;
    }
    if (n == 0) return;
    mp_map_begin(&m->body, "parameters");
    mp_put_map(&m->body.values, n);
    for (size_t i = 0; i < OTLP_COUNT(parameters); i++) {
        if (there[i] != NULL) {
            mp_put_str(&m->body.values, bytes_of(parameters[i] + strlen(REQUEST)));
            buf_put_bytes(&m->body.values, otlp_attribute_plain(&m->attributes, there[i]));
            there[i]->used = true;
        }
    }
    mp_map_end(&m->body);
}

static int map_model_call(struct otlp_span *s, struct err *err) {
    struct otlp_map *m = s->map;
    otlp_span_put_common(s);
    put_parent(s);
    put_endpoint(m);
    put_parameters(m);
    otlp_rows(m, &m->attributes, model_rows, OTLP_COUNT(model_rows));
    if (s->has_duration) {
        otlp_put_ms(&m->body, "latency_ms", s->duration);
    }
    put_outcome(s);
    otlp_span_put_error(s);
    return emit_first(s, "run.model_called", err);
}

/* Reserves these attributes for the end event. */
static void keep_for_end(struct otlp_attributes *l, const struct otlp_row *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        struct otlp_attribute *a = otlp_find(l, rows[i].attribute);
        if (a != NULL) {
            a->used = true;
        }
    }
}

/* Prepares the end event: only these rows' attributes are available now. */
static void turn_to_end(struct otlp_map *m, const struct otlp_row *rows, size_t n) {
    struct otlp_attributes *l = &m->attributes;
    for (size_t i = 0; i < l->n; i++) {
        bool wanted = false;
        for (size_t k = 0; k < n && !l->a[i].repeated; k++) {
            wanted = wanted || bytes_is(l->a[i].key, rows[k].attribute);
        }
        l->a[i].used = !wanted;
        l->a[i].repeated = false;
    }
}

/* Marks the operation as used where the kind implies it. */
static void use_operation(struct otlp_span *s, const char *operation) {
    struct otlp_attribute *a = otlp_find(&s->map->attributes, "gen_ai.operation.name");
    if (a != NULL && bytes_is(s->operation, operation)) {
        a->used = true;
    }
}

static int map_tool_call(struct otlp_span *s, struct err *err) {
    struct otlp_map *m = s->map;
    otlp_span_put_common(s);
    put_parent(s);
    use_operation(s, "execute_tool");
    keep_for_end(&m->attributes, result_rows + SHARED_ROWS, OTLP_COUNT(result_rows) - SHARED_ROWS);
    otlp_rows(m, &m->attributes, tool_rows, OTLP_COUNT(tool_rows));
    int rc = emit_first(s, "run.tool_called", err);
    if (rc != 0) return rc;
    turn_to_end(m, result_rows, OTLP_COUNT(result_rows));
    mp_map_text(&m->body, "span", bytes_of(s->id));
    put_parent(s);
    otlp_rows(m, &m->attributes, result_rows, OTLP_COUNT(result_rows) - 1);
    return emit_end(s, "run.tool_returned", err);
}

static int map_agent_run(struct otlp_span *s, struct err *err) {
    struct otlp_map *m = s->map;
    if (s->parent[0] != '\0') {
        otlp_join(s->subject, (const char *const[]){"run/", s->trace, "-", s->id, NULL});
        mp_map_text(&m->body, "parent", bytes_of(s->trace));
    }
    otlp_span_put_common(s);
    use_operation(s, "invoke_agent");
    keep_for_end(&m->attributes, finished_rows, OTLP_COUNT(finished_rows));
    otlp_rows(m, &m->attributes, agent_rows, OTLP_COUNT(agent_rows));
    int rc = emit_first(s, "run.started", err);
    if (rc != 0) return rc;
    turn_to_end(m, finished_rows, OTLP_COUNT(finished_rows));
    otlp_rows(m, &m->attributes, finished_rows, OTLP_COUNT(finished_rows) - 1);
    return emit_end(s, "run.finished", err);
}

static int map_step(struct otlp_span *s, struct err *err) {
    struct otlp_map *m = s->map;
    otlp_span_put_common(s);
    put_parent(s);
    if (s->has_duration) {
        otlp_put_ms(&m->body, "duration_ms", s->duration);
    }
    if (s->known || s->failed) {
        mp_map_text(&m->body, "status", bytes_of(s->failed ? "error" : "ok"));
    }
    otlp_span_put_error(s);
    return emit_first(s, "run.step", err);
}

/* ---- scores ------------------------------------------------------------------------------------------------------- */

static int map_score(struct otlp_span *s, const struct otlp_member e[EVENT_MEMBERS], uint32_t index, struct err *err) {
    struct otlp_map *m = s->map;
    char key[OTLP_NAME_LEN], subject[OTLP_NAME_LEN];
    snprintf(key, sizeof(key), "span:%s:%s:score:%u", s->trace, s->id, index);
    snprintf(subject, sizeof(subject), "eval/%s-%s", s->trace, s->id);
    struct otlp_event event = event_of(s, "eval.scored", key);
    event.subject = subject;
    event.cause = OTLP_BY_FIRST;
    otlp_put_at(&m->body, &e[EVENT_TIME], &event.at);
    mp_map_text(&m->body, "reporter", bytes_of(s->from->digest));
    mp_map_text(&m->body, "span", bytes_of(s->id));
    if (otlp_is_open_text(s->model)) {
        mp_map_text(&m->body, "model", s->model);
    }
    otlp_put_score(m, &m->inner);
    buf_clear(&m->text);
    if (otlp_attributes_put(&m->inner, &m->text) > 0) {
        mp_map_raw(&m->private_, "attributes", bytes_of_buf(&m->text));
    }
    return otlp_emit(m, &event, err);
}

static int map_scores(struct otlp_span *s, struct err *err) {
    struct otlp_member e[EVENT_MEMBERS];
    struct bytes raw;
    uint32_t n;
    int rc = 0;
    struct mp_reader r = otlp_span_elements(&s->m[SPAN_EVENTS], &n);
    for (uint32_t i = 0; i < n && rc == 0 && mp_skip_known(&r, &raw) == 0; i++) {
        if (otlp_span_event(s, raw, e) && otlp_span_is_score(s, e)) rc = map_score(s, e, i, err);
    }
    return rc;
}

int otlp_map_span(struct otlp_map *m, const struct otlp_from *from, struct bytes record, struct err *err) {
    struct otlp_span s = {.map = m, .from = from};
    otlp_begin(m);
    int rc = otlp_span_read(&s, record, err);
    if (rc != 0) return rc;
    otlp_join(s.subject, (const char *const[]){"run/", s.trace, NULL});
    switch (s.what) {
    case OTLP_MODEL_CALL:
        rc = map_model_call(&s, err);
        break;
    case OTLP_TOOL_CALL:
        rc = map_tool_call(&s, err);
        break;
    case OTLP_AGENT_RUN:
        rc = map_agent_run(&s, err);
        break;
    case OTLP_STEP:
        rc = map_step(&s, err);
        break;
    }
    if (rc == 0) rc = map_scores(&s, err);
    return rc;
}
