/* Requests are remembered by connection, direction and id until their answer comes. What is no message of the protocol is
 * counted, and said once at the end; nothing that a line holds ends the recording.
 *
 *   client: tools/call            run.tool_called          server: its result or error     run.tool_returned
 *   client: notifications/cancelled   run.tool_returned    server: a result that asks      run.asked
 *   server: elicitation/create    run.asked                client: its answer              run.asked again
 *   server: sampling/createMessage    run.model_called     client: its answer              run.model_returned
 *   server: the last page of tools/list                    agent.tools_observed, agent.tools_changed
 *   server: any page, where calls are judged               agent.tools_changed
 *   the first message                 run.started          the end                         run.finished
 *
 * Requests of the server exist up to version 2025-11-25; from 2026-07-28 on a result asks ("input_required"), and the client
 * sends the same request again, with the answers. */
#include "capture/tap/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mp.h"
#include "base/secret/secret.h"
#include "capture/tap/observe.h"
#include "capture/tap/pending.h"
#include "ingest/input/agent_words.h"

#define MESSAGE_MAX (RPC_LINE_MAX + ((size_t)1 << 20))
#define META        "io.modelcontextprotocol/"
#define MS(ns)      ((ns) / 1000000)

struct tap_session {
    const struct tap_names *names;
    const struct tap_sink *sink;
    struct tap_draft draft;
    struct buf mp;
    struct pendings pending;
    struct tap_within within;
    struct tap_lists lists;
    struct observe observe;
    char agent[RPC_WORD_MAX + 1], agent_version[RPC_WORD_MAX + 1];
    bool started;
    uint64_t n_events, started_at, calls;
    uint64_t unread, too_long, strays; /* lines that are no message; answers that nothing asked for */
};

struct tap_session *tap_session_new(const struct tap_names *names, const struct tap_sink *sink) {
    struct tap_session *s = calloc(1, sizeof(*s));
    if (s == NULL) return NULL;
    if (pendings_init(&s->pending) != 0) {
        free(s);
        return NULL;
    }
    s->names = names;
    s->sink = sink;
    tap_draft_init(&s->draft);
    buf_init(&s->mp, MESSAGE_MAX);
    tap_lists_init(&s->lists);
    observe_init(&s->observe);
    if (names->agent != NULL) (void)snprintf(s->agent, sizeof(s->agent), "%s", names->agent);
    return s;
}

void tap_session_free(struct tap_session *s) {
    if (s == NULL) return;
    tap_draft_done(&s->draft);
    buf_done(&s->mp);
    tap_lists_done(&s->lists);
    observe_done(&s->observe);
    pendings_done(&s->pending);
    free(s);
}

void tap_session_within(struct tap_session *s, const struct tap_within *within) {
    s->within = *within;
}

void tap_session_known(struct tap_session *s, struct tap_tools *tools, const char *key) {
    observe_known(&s->observe, tools, key);
}

/* ---- events ---- */

static void begin(struct tap_session *s, const char *kind, uint64_t at) {
    struct tap_draft *d = &s->draft;
    tap_draft_begin(d, kind, "measured", at);
    tap_draft_subject(d, "run", s->names->run);
    memcpy(d->run, s->names->run, TAP_RUN_LEN);
    (void)snprintf(d->key, sizeof(d->key), "%s:%llu", s->names->run, (unsigned long long)s->n_events++);
    bool named = rpc_is_name(bytes_of(s->agent), TAP_NAME_MAX) && !secret_is_in(bytes_of(s->agent));
    (void)snprintf(d->actor, sizeof(d->actor), named ? "agent:%s" : "service:tap", s->agent);
}

static int give(struct tap_session *s, struct err *err) {
    return tap_draft_give(&s->draft, s->sink, err);
}

static void put_agent(struct tap_session *s) {
    mp_map_text(&s->draft.fields, "agent", bytes_of(s->agent));
    mp_map_text(&s->draft.fields, "session", bytes_of(s->names->run));
}

/* W3C Trace Context, "00-TRACE-SPAN-FLAGS": the span that the call belongs to. */
static void put_trace(struct tap_draft *d, struct bytes params) {
    struct bytes trace = rpc_word(rpc_member(params, "_meta"), "traceparent");
    if (trace.n == 55 && trace.p[35] == '-' && trace.p[52] == '-') {
        mp_map_text(&d->fields, "parent", (struct bytes){trace.p + 36, 16});
    }
}

void tap_call_draft(struct tap_draft *d, const struct tap_names *names, const struct tap_call *call) {
    char word[RPC_WORD_MAX + 3];
    mp_map_text(&d->fields, "tool", bytes_of(call->full));
    mp_map_text(&d->fields, "server", bytes_of(names->server));
    mp_map_text(&d->fields, "call", rpc_message_id_word(call->id, word));
    mp_map_text(&d->fields, "agent", call->agent);
    mp_map_text(&d->fields, "session", bytes_of(names->run));
    mp_map_text(&d->fields, "group", bytes_of(call->group));
    mp_map_text(&d->fields, "scope", call->scope);
    mp_map_text(&d->fields, "tier", bytes_of(call->tier));
    put_trace(d, call->params);
    tap_draft_content(d, "arguments", "arguments_digest", "arguments_bytes", call->arguments);
}

/* ---- who is there ---- */

static void copy_word(char ret[RPC_WORD_MAX + 1], struct bytes word) {
    if (word.n > 0 && word.n <= RPC_WORD_MAX) {
        memcpy(ret, word.p, word.n);
        ret[word.n] = '\0';
    }
}

/* Clients of MCP whose name there is not the one that their hooks and telemetry use. */
static struct bytes agent_name(struct bytes name) {
    static const struct {
        const char *client, *agent;
    } known[] = {{"codex-mcp-client", "codex"}, {"gemini-cli-mcp-client", "gemini-cli"}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (bytes_is(name, known[i].client)) return bytes_of(known[i].agent);
    }
    return name;
}

static void see_client(struct tap_session *s, const struct rpc_message *m) {
    struct bytes meta = rpc_member(m->params, "_meta"), info = rpc_member(meta, META "clientInfo");
    if (bytes_is(m->method, "initialize")) info = rpc_member(m->params, "clientInfo");
    if (info.n == 0) return;
    bool named = s->names->agent != NULL || s->names->enforces; /* what is judged rests on no client's word */
    if (!named) copy_word(s->agent, agent_name(rpc_word(info, "name")));
    copy_word(s->agent_version, rpc_word(info, "version"));
    copy_word(s->observe.protocol, rpc_word(meta, META "protocolVersion"));
}

static void see_server(struct tap_session *s, const struct rpc_message *m) {
    struct bytes info = rpc_member(m->result, "serverInfo"), version = rpc_word(m->result, "protocolVersion");
    if (info.n == 0) info = rpc_member(rpc_member(m->result, "_meta"), META "serverInfo");
    copy_word(s->observe.name, rpc_word(info, "name"));
    copy_word(s->observe.version, rpc_word(info, "version"));
    copy_word(s->observe.protocol, version);
}

static int start(struct tap_session *s, uint64_t at, struct err *err) {
    struct tap_draft *d = &s->draft;
    char task[TAP_NAME_MAX + 8];
    if (s->started) return 0;
    s->started = true;
    s->started_at = at;
    begin(s, "run.started", at);
    put_agent(s);
    mp_map_text(&d->fields, "agent_version", bytes_of(s->agent_version));
    (void)snprintf(task, sizeof(task), "mcp %s", s->names->server);
    mp_map_text(&d->fields, "task", bytes_of(task));
    if (s->names->command != NULL) {
        uint32_t n = 0;
        while (s->names->command[n] != NULL)
            n++;
        mp_map_begin(&d->fields, "arguments");
        mp_put_array(&d->fields.values, n);
        for (uint32_t i = 0; i < n; i++) {
            mp_put_text(&d->fields.values, s->names->command[i]);
        }
        mp_map_end(&d->fields);
    }
    return give(s, err);
}

/* ---- requests and their answers ---- */

/* Requests of the server are of the whole conversation. */
static uint64_t channel_of(const struct tap_session *s, enum tap_side asked) {
    return asked == TAP_CLIENT && s->within.apart ? s->within.exchange : 0;
}

static struct pending *find(struct tap_session *s, enum tap_side asked, struct bytes id) {
    return pendings_find(&s->pending, asked, id, channel_of(s, asked));
}

static struct pending *remember(struct tap_session *s, enum tap_side side, enum waits_for is, struct bytes id,
                                uint64_t at) {
    struct pending *p = pendings_put(&s->pending, side, is, id, channel_of(s, side));
    p->at = at;
    p->exchange = s->within.exchange;
    return p;
}

static int called(struct tap_session *s, const struct rpc_message *m, const struct tap_verdict *v, uint64_t at,
                  struct err *err) {
    char full[TAP_TOOL_LEN];
    struct bytes tool = rpc_word(m->params, "name");
    struct pending *p = remember(s, TAP_CLIENT, TOOL, m->id, at);
    bool allowed = v != NULL && v->is == TAP_ALLOWED;
    copy_word(p->tool, tool);
    s->calls++;
    if (!tap_names_tool(s->names, tool, full)) full[0] = '\0';
    const char *group = tap_names_group(s->names, tool);
    const struct tap_call call = {.id = m->id,
                                  .tool = tool,
                                  .params = m->params,
                                  .arguments = rpc_member(m->params, "arguments"),
                                  .full = full,
                                  .group = group,
                                  .tier = v != NULL && v->tier != NULL ? v->tier : agent_tier_of(group),
                                  .agent = bytes_of(s->agent)};
    if (allowed) {
        (void)snprintf(p->key, sizeof(p->key), "%s", v->key);
        return 0;
    }
    begin(s, "run.tool_called", at);
    memcpy(p->key, s->draft.key, sizeof(p->key));
    tap_call_draft(&s->draft, s->names, &call);
    return give(s, err);
}

/* Begins run.tool_returned. */
static void begin_return(struct tap_session *s, const struct pending *p, const char *outcome, uint64_t at) {
    char full[TAP_TOOL_LEN];
    struct tap_draft *d = &s->draft;
    begin(s, "run.tool_returned", at);
    if (tap_names_tool(s->names, bytes_of(p->tool), full)) mp_map_text(&d->fields, "tool", bytes_of(full));
    mp_map_text(&d->fields, "server", bytes_of(s->names->server));
    mp_map_text(&d->fields, "call", bytes_of(p->word));
    put_agent(s);
    mp_map_text(&d->fields, "outcome", bytes_of(outcome));
    mp_map_uint(&d->fields, "duration_ms", at > p->at ? MS(at - p->at) : 0);
    memcpy(d->cause_key, p->key, sizeof(d->cause_key));
}

/* A call that was not passed on: asked for, and refused. */
static int refused(struct tap_session *s, const struct rpc_message *m, const struct tap_verdict *v, uint64_t at,
                   struct err *err) {
    char full[TAP_TOOL_LEN], word[RPC_WORD_MAX + 3];
    struct bytes tool = rpc_word(m->params, "name");
    struct pending p = {.at = at};
    struct tap_draft *d = &s->draft;
    int rc = 0;
    copy_word(p.tool, tool);
    struct bytes id = rpc_message_id_word(m->id, word);
    memcpy(p.word, id.n > 0 ? (const char *)id.p : "", id.n);
    bool named = rpc_is_name(tool, RPC_WORD_MAX) && !secret_is_in(tool) && tap_names_tool(s->names, tool, full);
    if (v->requested && named) {
        begin(s, "permission.requested", at);
        memcpy(p.key, d->key, sizeof(p.key));
        tap_draft_subject(d, "tool", full);
        mp_map_text(&d->fields, "group", bytes_of(v->group));
        mp_map_text(&d->fields, "tier", bytes_of(v->tier));
        mp_map_text(&d->fields, "tool", bytes_of(full));
        mp_map_text(&d->fields, "server", bytes_of(s->names->server));
        mp_map_text(&d->fields, "call", bytes_of(p.word));
        put_agent(s);
        tap_draft_content(d, "arguments", "arguments_digest", "arguments_bytes", rpc_member(m->params, "arguments"));
        mp_map_text(&d->fields, "reason", bytes_of(v->words));
        rc = give(s, err);
    }
    if (rc != 0) return rc;
    begin_return(s, &p, "denied", at);
    mp_map_bool(&d->fields, "ok", false);
    mp_map_text(&d->fields, "error", bytes_of(v->error));
    mp_map_text(&d->fields, "detail", bytes_of(v->words));
    return give(s, err);
}

/* The kind of an error, "rpc -32602", and its own words. */
static void put_error(struct tap_session *s, struct bytes error) {
    struct mp_item code;
    struct bytes raw = rpc_member(error, "code"), message = rpc_member(error, "message");
    char word[40] = "rpc";
    if (raw.n > 0 && mp_scalar(raw, &code) == 0 && (code.type == MP_INT || code.type == MP_UINT)) {
        (void)snprintf(word, sizeof(word), "rpc %lld", code.type == MP_INT ? (long long)code.sint : (long long)code.uint);
    }
    mp_map_text(&s->draft.fields, "error", bytes_of(word));
    if (message.n > 0 && mp_scalar(message, &code) == 0 && code.type == MP_STR) {
        tap_draft_private(&s->draft, "detail", message);
    }
}

static bool is_true(struct bytes map, const char *name) {
    struct mp_item item;
    struct bytes raw = rpc_member(map, name);
    return raw.n > 0 && mp_scalar(raw, &item) == 0 && item.type == MP_BOOL && item.boolean;
}

static int returned(struct tap_session *s, const struct pending *p, const struct rpc_message *m, uint64_t at,
                    struct err *err) {
    bool asks = bytes_is(rpc_word(m->result, "resultType"), "input_required");
    bool failed = m->form == RPC_ERROR || is_true(m->result, "isError");
    begin_return(s, p, asks ? "asked" : failed ? "error" : "ok", at);
    if (!asks) mp_map_bool(&s->draft.fields, "ok", !failed);
    if (m->form == RPC_ERROR) {
        put_error(s, m->error);
    } else {
        if (failed) mp_map_text(&s->draft.fields, "error", bytes_of("tool"));
        tap_draft_content(&s->draft, "result", "result_digest", "result_bytes", m->result);
    }
    return give(s, err);
}

int tap_session_broken(struct tap_session *s, uint64_t exchange, const char *outcome, const char *error, uint64_t at,
                       struct err *err) {
    struct pending *p;
    size_t next = 0;
    int rc = 0;
    while (rc == 0 && exchange != 0 && (p = pendings_of(&s->pending, exchange, &next)) != NULL) {
        struct pending over = *p;
        p->is = FREE;
        begin_return(s, &over, outcome, at);
        mp_map_bool(&s->draft.fields, "ok", false);
        mp_map_text(&s->draft.fields, "error", bytes_of(error));
        rc = give(s, err);
    }
    return rc;
}

/* ---- questions ---- */

static void begin_question(struct tap_session *s, const char *request, const char *answer, const char *tool, uint64_t at) {
    char full[TAP_TOOL_LEN];
    begin(s, "run.asked", at);
    mp_map_text(&s->draft.fields, "request", bytes_of(request));
    mp_map_text(&s->draft.fields, "server", bytes_of(s->names->server));
    if (tap_names_tool(s->names, bytes_of(tool), full)) mp_map_text(&s->draft.fields, "tool", bytes_of(full));
    mp_map_text(&s->draft.fields, "answer", bytes_of(answer));
}

static int asked(struct tap_session *s, struct pending *p, struct bytes params, uint64_t at, struct err *err) {
    struct bytes form = rpc_word(params, "mode"), message = rpc_member(params, "message");
    struct mp_item item;
    begin_question(s, p->word, "open", p->tool, at);
    memcpy(p->key, s->draft.key, sizeof(p->key));
    mp_map_text(&s->draft.fields, "form", form.n > 0 ? form : bytes_of("form"));
    if (message.n > 0 && mp_scalar(message, &item) == 0 && item.type == MP_STR) {
        tap_draft_private(&s->draft, "question", message);
    }
    return give(s, err);
}

/* Of an answer nothing is kept but its word and its digest. */
static int answered(struct tap_session *s, const struct pending *p, struct bytes result, uint64_t at, struct err *err) {
    struct bytes action = rpc_word(result, "action"), content = rpc_member(result, "content");
    bool known = bytes_is(action, "accept") || bytes_is(action, "decline") || bytes_is(action, "cancel");
    begin_question(s, p->word,
                   bytes_is(action, "accept")    ? "accept"
                   : bytes_is(action, "decline") ? "decline"
                                                 : "cancel",
                   p->tool, at);
    if (!known) mp_map_text(&s->draft.fields, "form", bytes_of("error"));
    tap_draft_content(&s->draft, NULL, "answer_digest", NULL, content);
    mp_map_uint(&s->draft.fields, "waited_ms", at > p->at ? MS(at - p->at) : 0);
    memcpy(s->draft.cause_key, p->key, sizeof(s->draft.cause_key));
    return give(s, err);
}

/* A result that asks, and the request that answers: each key of the map is a question. `answers` false: they are asked. */
static int each_question(struct tap_session *s, struct bytes map, const char *tool, bool answers, uint64_t at,
                         struct err *err) {
    struct mp_reader r;
    struct mp_item head, name;
    struct bytes raw;
    int rc = 0;
    mp_reader_init(&r, map);
    if (map.n == 0 || !mp_take(&r, MP_MAP, &head)) return 0;
    for (uint32_t i = 0; rc == 0 && i < head.count && i < 64; i++) {
        if (!mp_take(&r, MP_STR, &name) || mp_skip(&r, 1, &raw, NULL) != 0) break;
        struct pending p = {.at = at};
        (void)snprintf(p.word, sizeof(p.word), "%.*s", (int)(name.data.n < 200 ? name.data.n : 200),
                       (const char *)name.data.p);
        if (secret_is_in(bytes_of(p.word))) p.word[0] = '\0';
        (void)snprintf(p.tool, sizeof(p.tool), "%s", tool);
        struct bytes method = rpc_word(raw, "method");
        if (answers) {
            rc = answered(s, &p, raw, at, err);
        } else if (bytes_is(method, "elicitation/create")) {
            rc = asked(s, &p, rpc_member(raw, "params"), at, err);
        }
    }
    return rc;
}

/* ---- sampling ---- */

static int sampled(struct tap_session *s, struct pending *p, struct bytes params, uint64_t at, struct err *err) {
    struct bytes hints = rpc_member(rpc_member(params, "modelPreferences"), "hints"), raw;
    struct mp_reader r;
    struct mp_item head;
    begin(s, "run.model_called", at);
    memcpy(p->key, s->draft.key, sizeof(p->key));
    mp_map_text(&s->draft.fields, "operation", bytes_of("chat"));
    mp_map_text(&s->draft.fields, "call", bytes_of(p->word));
    put_agent(s);
    mp_reader_init(&r, hints);
    if (hints.n > 0 && mp_take(&r, MP_ARRAY, &head) && head.count > 0 && mp_skip(&r, 1, &raw, NULL) == 0) {
        mp_map_text(&s->draft.fields, "model", rpc_word(raw, "name"));
    }
    return give(s, err);
}

static int sample_ended(struct tap_session *s, const struct pending *p, const struct rpc_message *m, uint64_t at,
                        struct err *err) {
    bool ok = m->form == RPC_RESULT;
    begin(s, "run.model_returned", at);
    mp_map_text(&s->draft.fields, "call", bytes_of(p->word));
    mp_map_bool(&s->draft.fields, "ok", ok);
    mp_map_text(&s->draft.fields, "outcome", bytes_of(ok ? "ok" : "error"));
    mp_map_uint(&s->draft.fields, "latency_ms", at > p->at ? MS(at - p->at) : 0);
    if (ok) {
        mp_map_text(&s->draft.fields, "served", rpc_word(m->result, "model"));
        mp_map_text(&s->draft.fields, "finish", rpc_word(m->result, "stopReason"));
        tap_draft_content(&s->draft, NULL, "output_digest", NULL, rpc_member(m->result, "content"));
    } else {
        put_error(s, m->error);
    }
    memcpy(s->draft.cause_key, p->key, sizeof(s->draft.cause_key));
    return give(s, err);
}

/* ---- messages ---- */

static int request(struct tap_session *s, enum tap_side side, const struct rpc_message *m, const struct tap_verdict *v,
                   uint64_t at, struct err *err) {
    struct pending *p;
    if (side == TAP_CLIENT && bytes_is(m->method, "tools/call")) {
        char tool[RPC_WORD_MAX + 1] = "";
        copy_word(tool, rpc_word(m->params, "name"));
        if (v != NULL && v->is == TAP_REFUSED) return refused(s, m, v, at, err);
        int rc = each_question(s, rpc_member(m->params, "inputResponses"), tool, true, at, err);
        return rc == 0 ? called(s, m, v, at, err) : rc;
    }
    if (side == TAP_SERVER && bytes_is(m->method, "elicitation/create")) {
        p = remember(s, side, QUESTION, m->id, at);
        return asked(s, p, m->params, at, err);
    }
    if (side == TAP_SERVER && bytes_is(m->method, "sampling/createMessage")) {
        p = remember(s, side, MODEL, m->id, at);
        return sampled(s, p, m->params, at, err);
    }
    (void)remember(s, side, OTHER, m->id, at);
    return 0;
}

static int notice(struct tap_session *s, enum tap_side side, const struct rpc_message *m, uint64_t at, struct err *err) {
    if (side == TAP_SERVER && bytes_is(m->method, "notifications/tools/list_changed")) {
        s->observe.announced = true;
    }
    struct bytes id = rpc_member(m->params, "requestId");
    if (!bytes_is(m->method, "notifications/cancelled") || id.n == 0) return 0;
    struct pending *p = find(s, side, id);
    if (p == NULL || p->is == CANCELLED) return 0;
    enum waits_for was = p->is;
    p->is = CANCELLED; /* an answer may be on its way */
    if (was == TOOL) {
        begin_return(s, p, "cancelled", at);
        mp_map_bool(&s->draft.fields, "ok", false);
        return give(s, err);
    }
    return was == QUESTION ? answered(s, p, (struct bytes){0}, at, err) : 0;
}

static int answer(struct tap_session *s, enum tap_side side, const struct rpc_message *m, uint64_t at, struct err *err) {
    struct pending *found = m->id.n > 0 ? find(s, side == TAP_CLIENT ? TAP_SERVER : TAP_CLIENT, m->id) : NULL;
    if (found == NULL) {
        s->strays++;
        return 0;
    }
    struct pending p = *found;
    found->is = FREE;
    if (p.is == TOOL) {
        int rc = returned(s, &p, m, at, err);
        struct bytes asks = rpc_member(m->result, "inputRequests");
        return rc == 0 ? each_question(s, asks, p.tool, false, at, err) : rc;
    }
    if (p.is == QUESTION) return answered(s, &p, m->result, at, err);
    if (p.is == MODEL) return sample_ended(s, &p, m, at, err);
    return 0;
}

int tap_session_message(struct tap_session *s, enum tap_side side, struct bytes mp, const struct tap_verdict *v,
                        uint64_t at, struct err *err) {
    struct rpc_message m;
    bool listed = false, call = false;
    int good = rpc_message_open(mp, &m, NULL);
    m.channel = channel_of(s, TAP_CLIENT);
    if (good == 0) call = side == TAP_CLIENT && m.form == RPC_REQUEST && bytes_is(m.method, "tools/call");
    if (good != 0 || (v != NULL && v->is == TAP_REFUSED && !call)) { /* it did not pass, and is no call */
        s->unread++;
        return 0;
    }
    if (side == TAP_CLIENT) {
        see_client(s, &m);
    } else if (m.form == RPC_RESULT) {
        see_server(s, &m);
    }
    int rc = start(s, at, err);
    if (rc == 0) rc = tap_lists_take(&s->lists, side, &m, &listed, err);
    if (rc == 0 && listed) {
        begin(s, "agent.tools_observed", at);
        rc = observe_list(&s->observe, s->names, &s->lists.part, &s->draft, s->sink, err);
        s->n_events++; /* two keys were used */
    }
    if (rc == 0 && s->lists.paged && s->names->enforces) {
        begin(s, "agent.tools_changed", at);
        rc = observe_page(&s->observe, s->names, &s->lists.seen, &s->draft, s->sink, &listed, err);
    }
    if (rc != 0) return rc;
    if (m.form == RPC_REQUEST) return request(s, side, &m, v, at, err);
    return m.form == RPC_NOTICE ? notice(s, side, &m, at, err) : answer(s, side, &m, at, err);
}

/* A batch, which version 2025-03-26 allows, is its messages. */
static int messages(struct tap_session *s, enum tap_side side, uint64_t at, struct err *err) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes all = bytes_of_buf(&s->mp), raw;
    int rc = 0;
    mp_reader_init(&r, all);
    if (!mp_take(&r, MP_ARRAY, &head)) return tap_session_message(s, side, all, NULL, at, err);
    if (head.count == 0) s->unread++;
    for (uint32_t i = 0; rc == 0 && i < head.count && mp_skip(&r, 1, &raw, NULL) == 0; i++) {
        rc = tap_session_message(s, side, raw, NULL, at, err);
    }
    return rc;
}

int tap_session_line(struct tap_session *s, enum tap_side side, const struct rpc_line *line, uint64_t at, struct err *err) {
    struct err why = {0};
    if (line->too_long) {
        s->too_long++;
        return 0;
    }
    if (rpc_line_is_blank(line)) return 0;
    buf_clear(&s->mp);
    int rc = json_to_mp(line->text, &s->mp, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) {
        s->unread++;
        return 0;
    }
    rc = messages(s, side, at, err);
    if (s->mp.cap > ((size_t)4 << 20)) buf_done(&s->mp);
    return rc;
}

/* ---- the end ---- */

static int say_unread(struct tap_session *s, uint64_t at, struct err *err) {
    char detail[200];
    struct tap_draft *d = &s->draft;
    uint64_t all = s->unread + s->too_long + s->strays;
    if (all == 0) return 0;
    begin(s, "ledger.gap", at);
    tap_draft_subject(d, "gap", TAP_SOURCE);
    mp_map_text(&d->fields, "what", bytes_of("unread"));
    mp_map_uint(&d->fields, "missing", all);
    (void)snprintf(detail, sizeof(detail), "%llu lines are no message, %llu are too long, %llu answers have no request",
                   (unsigned long long)s->unread, (unsigned long long)s->too_long, (unsigned long long)s->strays);
    mp_map_text(&d->fields, "detail", bytes_of(detail));
    return give(s, err);
}

int tap_session_end(struct tap_session *s, int status, uint64_t at, struct err *err) {
    struct tap_draft *d = &s->draft;
    /* Of several conversations one that never began is none. */
    if (!s->started && s->names->transport != NULL && s->unread + s->too_long + s->strays == 0) return 0;
    int rc = start(s, at, err);
    if (rc == 0) rc = say_unread(s, at, err);
    if (rc != 0) return rc;
    bool exited = status >= 0 && WIFEXITED(status), killed = status >= 0 && WIFSIGNALED(status);
    int code = exited ? WEXITSTATUS(status) : killed ? 128 + WTERMSIG(status) : 0;
    begin(s, "run.finished", at);
    mp_map_text(&d->fields, "outcome", bytes_of(code == 0 ? "ok" : killed ? "aborted" : "error"));
    mp_map_bool(&d->fields, "ok", code == 0);
    if (status >= 0) mp_map_uint(&d->fields, "exit_code", (uint64_t)code);
    mp_map_uint(&d->fields, "duration_ms", at > s->started_at ? MS(at - s->started_at) : 0);
    mp_map_uint(&d->fields, "tool_calls", s->calls);
    return give(s, err);
}
