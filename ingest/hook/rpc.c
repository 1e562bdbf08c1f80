/* JSON-RPC between an agent and its client, one message per line: the Agent Client Protocol, and Codex's app-server.
 *
 *   agent  -> {"id":5,"method":"session/request_permission","params":{"sessionId","toolCall","options"}}
 *   client -> {"id":5,"result":{"outcome":{"outcome":"selected","optionId":"allow-once"}}}
 *
 * An answer names its request and the option only by their ids. Both are known when the request is in the same input; else
 * the answer is recorded as unknown. Message ids start again with each connection, so events are identified by session and
 * call. */
#include <stdio.h>
#include <string.h>

#include "ingest/hook/agent.h"

/* A request method, with the names of its parameters. */
struct method {
    const char *name;
    const char *session, *turn, *call, *approval, *arguments;
    const char *tool, *group;
};

static const struct method methods[] = {
    {"item/commandExecution/requestApproval", "threadId", "turnId", "itemId", "approvalId", "command", "exec", "exec"},
    {"item/fileChange/requestApproval", "threadId", "turnId", "itemId", "approvalId", "changes", "apply_patch",
     "filesystem.write"},
    {"execCommandApproval", "conversationId", "turnId", "callId", "approvalId", "command", "exec", "exec"},
    {"applyPatchApproval", "conversationId", "turnId", "callId", "approvalId", "fileChanges", "apply_patch",
     "filesystem.write"},
};

/* The id of a message as text: a number, or a string with a quote in front. */
static struct bytes id_of(const struct hook_map *m, char ret[HOOK_NAME_LEN]) {
    const struct hook_name *id = hook_map_see(m, "id");
    ret[0] = '\0';
    if (id != NULL && id->item.type == MP_UINT) {
        snprintf(ret, HOOK_NAME_LEN, "%llu", (unsigned long long)id->item.uint);
    } else if (id != NULL && id->item.type == MP_STR && hook_is_word(id->item.data) && id->item.data.n < HOOK_WORD_MAX) {
        snprintf(ret, HOOK_NAME_LEN, "'%.*s", (int)id->item.data.n, (const char *)id->item.data.p);
    }
    return bytes_of(ret);
}

static int set_key(struct hook_reader *r, const char *tag, struct bytes session, struct bytes id, const uint8_t *digest,
                   struct err *err) {
    if (id.n == 0) return hook_text_key(r, tag, err);
    const struct bytes arguments = {digest, digest != NULL ? 32 : 0};
    hook_key(&r->draft, (struct bytes[]){bytes_of("rpc"), bytes_of(tag), session, id, arguments}, 5);
    return 0;
}

static struct hook_wait *remember(struct hook_reader *r, const struct hook_map *m, enum agent_family family,
                                  struct bytes session, struct bytes request, struct bytes call, struct bytes tool,
                                  const char *group) {
    char id[HOOK_NAME_LEN];
    struct hook_wait *wait = hook_wait_new(r, family, id_of(m, id));
    if (wait != NULL) {
        hook_copy(wait->session, session);
        hook_copy(wait->request, request);
        hook_copy(wait->call, call);
        hook_copy(wait->tool, tool);
        wait->group = group;
        memcpy(wait->digest, r->draft.arguments_digest, sizeof(wait->digest));
    }
    return wait;
}

/* Adds what is known of the request, hands the answer's event to the sink, and frees the request's place. */
static int give_answer(struct hook_reader *r, struct hook_wait *wait, struct err *err) {
    struct hook_draft *d = &r->draft;
    int rc;
    if (wait == NULL) {
        hook_subject(d, "tool", (struct bytes){NULL, 0});
        rc = hook_text_key(r, "decided", err);
    } else {
        hook_subject(d, "tool", bytes_of(wait->tool));
        hook_session(d, bytes_of(wait->session));
        hook_group(d, wait->group);
        hook_known(d, "request", bytes_of(wait->request));
        hook_known(d, "call", bytes_of(wait->call));
        hook_arguments_digest(d, wait->digest);
        d->cause = wait->ticket;
        wait->id[0] = '\0';
        rc = set_key(r, "decided", bytes_of(wait->session), bytes_of(wait->request), wait->digest, err);
    }
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}

/* ---- the Agent Client Protocol ------------------------------------------------------------------------------------ */

/* The offered options: their kinds go into the event, their ids into the waiting request. */
static void take_options(struct hook_reader *r, struct hook_map *params, struct hook_wait *wait) {
    struct mp_reader options;
    struct mp_item head;
    struct bytes raw, kinds[HOOK_OPTIONS_MAX];
    uint32_t n = 0;
    const struct hook_name *value = hook_map_see(params, "options");
    if (value == NULL || value->item.type != MP_ARRAY || value->item.count > HOOK_OPTIONS_MAX) {
        return;
    }
    mp_reader_init(&options, value->raw);
    if (mp_next(&options, &head, NULL) != 0) return;
    for (uint32_t i = 0; i < head.count; i++) {
        struct hook_map option;
        if (mp_skip(&options, 1, &raw, NULL) != 0 || hook_map_open(&option, raw, "an option", NULL) != 0) {
            return;
        }
        struct bytes id = hook_map_see_text(&option, "optionId"), kind = hook_map_see_text(&option, "kind");
        if (!hook_is_word(kind)) continue;
        kinds[n++] = kind;
        if (wait != NULL && hook_is_word(id) && kind.n < sizeof(wait->options[0].kind)) {
            hook_copy(wait->options[wait->n_options].id, id);
            memcpy(wait->options[wait->n_options].kind, kind.p, kind.n); /* zero after it */
            wait->n_options++;
        }
    }
    hook_words(&r->draft, "options", kinds, n);
}

/* The tool of a call: its name, where the protocol has one, and its kind, which is all that older versions have. */
static struct bytes take_tool(struct hook_draft *d, struct hook_map *call) {
    struct bytes name = {NULL, 0}, kind = {NULL, 0};
    hook_map_word(call, "name", &name);
    hook_map_word(call, "kind", &kind);
    mp_map_text(&d->fields, "tool", name);
    const char *group = agent_group_of(kind);
    hook_group(d, group != NULL ? group : agent_group_of(name));
    mp_map_text(&d->fields, "category", kind);
    return name.n > 0 ? name : kind;
}

static void begin(struct hook_reader *r, const char *kind, struct bytes session) {
    hook_begin(&r->draft, kind);
    hook_session(&r->draft, session);
    hook_agent(&r->draft, bytes_of(r->agent));
}

static int put_request(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map params, call;
    struct bytes session = {NULL, 0}, id = {NULL, 0}, raw;
    if (!hook_map_inner(m, "params", &params) || !hook_map_inner(&params, "toolCall", &call)) {
        return err_set(err, ERR_INVALID, "'params' has no 'toolCall'; expected: {sessionId, toolCall, options}");
    }
    hook_map_drop(m, "method");
    hook_map_word(&params, "sessionId", &session);
    hook_map_word(&call, "toolCallId", &id);
    begin(r, "permission.requested", session);
    struct bytes tool = take_tool(d, &call);
    hook_subject(d, "tool", tool);
    hook_known(d, "request", id);
    hook_known(d, "call", id);
    if (hook_map_value(&call, "rawInput", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    }
    struct hook_wait *wait = remember(r, m, AGENT_ACP, session, id, id, tool, agent_group_of(tool));
    take_options(r, &params, wait);
    hook_private(d, "reason", &call, "title");
    hook_left(d, m);
    int rc = set_key(r, "requested", session, id, d->arguments_digest, err);
    if (rc == 0) rc = hook_give_request(r, wait, err);
    return rc;
}

/* The outcome of the request. An option means what its kind says, which only the request has. */
static int put_outcome(struct hook_reader *r, struct hook_map *m, struct hook_map *outcome, struct err *err) {
    struct hook_draft *d = &r->draft;
    char id[HOOK_NAME_LEN];
    struct hook_wait *wait = hook_wait_find(r, AGENT_ACP, id_of(m, id));
    struct bytes word = {NULL, 0}, option = {NULL, 0}, none = {NULL, 0};
    hook_map_word(outcome, "outcome", &word);
    hook_map_word(outcome, "optionId", &option);
    if (bytes_is(word, "selected")) {
        word = option;
        for (size_t i = 0; wait != NULL && i < wait->n_options; i++) {
            if (bytes_is(option, wait->options[i].id)) {
                word = bytes_of(wait->options[i].kind);
            }
        }
    }
    bool known = wait != NULL || bytes_is(word, "cancelled"); /* an id may look like a kind */
    struct agent_answer answer = agent_answer_of(AGENT_ACP, known ? word : none);
    begin(r, "permission.decided", none);
    hook_answer(d, &answer, word);
    hook_left(d, m);
    return give_answer(r, wait, err);
}

/* A call as the agent reports it: begun once, then updated until it ends. */
static int put_update(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map params, update;
    struct bytes session = {NULL, 0}, id = {NULL, 0}, raw;
    if (!hook_map_inner(m, "params", &params) || !hook_map_inner(&params, "update", &update)) {
        return 1;
    }
    struct bytes what = hook_map_see_text(&update, "sessionUpdate"), status = hook_map_see_text(&update, "status");
    bool good = bytes_is(status, "completed"), over = good || bytes_is(status, "failed");
    bool call = bytes_is(what, "tool_call");
    if (!call && !(bytes_is(what, "tool_call_update") && over)) return 1;
    hook_map_drop(m, "method");
    hook_map_word(&params, "sessionId", &session);
    hook_map_word(&update, "toolCallId", &id);
    begin(r, call ? "run.tool_called" : "run.tool_returned", session);
    hook_subject(d, "run", session);
    take_tool(d, &update);
    hook_known(d, "call", id);
    if (call && hook_map_value(&update, "rawInput", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    } else if (!call) {
        mp_map_bool(&d->fields, "ok", good);
        mp_map_text(&d->fields, "outcome", bytes_of(good ? "ok" : "error"));
        if (hook_map_value(&update, "rawOutput", &raw) || hook_map_value(&update, "content", &raw)) {
            hook_content(d, HOOK_RESULT, raw);
        }
    }
    hook_left(d, m);
    int rc = set_key(r, call ? "called" : "returned", session, id, NULL, err);
    if (rc != 0) return rc;
    return call ? hook_give_call(r, session, id, err) : hook_give_return(r, session, id, err);
}

/* ---- Codex's app-server ------------------------------------------------------------------------------------------- */

static int put_approval(struct hook_reader *r, struct hook_map *m, const struct method *method, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map params;
    struct bytes session = {NULL, 0}, turn = {NULL, 0}, call = {NULL, 0}, request = {NULL, 0}, raw;
    if (!hook_map_inner(m, "params", &params)) {
        return err_set(err, ERR_INVALID, "'params' is missing or not a JSON object; '%s' has one", method->name);
    }
    hook_map_drop(m, "method");
    hook_map_word(&params, method->session, &session);
    hook_map_word(&params, method->turn, &turn);
    hook_map_word(&params, method->call, &call);
    if (!hook_map_word(&params, method->approval, &request)) {
        request = call;
    }
    hook_begin(d, "permission.requested");
    hook_session(d, session);
    hook_agent(d, bytes_of("codex"));
    hook_subject(d, "tool", bytes_of(method->tool));
    hook_known(d, "turn", turn);
    hook_known(d, "call", call);
    hook_known(d, "request", request);
    hook_group(d, method->group);
    if (hook_map_value(&params, method->arguments, &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    }
    hook_private(d, "reason", &params, "reason");
    hook_left(d, m);
    struct hook_wait *wait = remember(r, m, AGENT_CODEX, session, request, call, bytes_of(method->tool), method->group);
    int rc = set_key(r, "requested", session, request, d->arguments_digest, err);
    if (rc == 0) rc = hook_give_request(r, wait, err);
    return rc;
}

static int put_decision(struct hook_reader *r, struct hook_map *m, struct hook_map *result, struct err *err) {
    struct hook_draft *d = &r->draft;
    char id[HOOK_NAME_LEN];
    struct hook_wait *wait = hook_wait_find(r, AGENT_CODEX, id_of(m, id));
    struct bytes word;
    const struct hook_name *decision = hook_map_see(result, "decision");
    struct agent_answer answer = hook_codex_answer(decision, &word);
    if (decision->item.type == MP_STR && word.n > 0) {
        hook_map_drop(result, "decision");
    }
    hook_begin(d, "permission.decided");
    hook_agent(d, bytes_of("codex"));
    hook_answer(d, &answer, word);
    hook_left(d, m);
    return give_answer(r, wait, err);
}

/* ---- which -------------------------------------------------------------------------------------------------------- */

static int read_result(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct hook_map result, outcome, info;
    if (!hook_map_inner(m, "result", &result)) return 1;
    if (hook_map_inner(&result, "outcome", &outcome)) return put_outcome(r, m, &outcome, err);
    if (hook_map_see(&result, "decision") != NULL) return put_decision(r, m, &result, err);
    if (hook_map_inner(&result, "agentInfo", &info) && hook_is_word(hook_map_see_text(&info, "name"))) {
        hook_copy(r->agent, hook_map_see_text(&info, "name"));
    }
    return 1;
}

int hook_rpc_read(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct bytes method = hook_map_see_text(m, "method");
    hook_map_drop(m, "jsonrpc");
    if (method.n == 0) return read_result(r, m, err);
    if (bytes_is(method, "session/request_permission")) return put_request(r, m, err);
    if (bytes_is(method, "session/update")) return put_update(r, m, err);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (bytes_is(method, methods[i].name)) return put_approval(r, m, &methods[i], err);
    }
    hook_copy(r->passed, method);
    return 1;
}
