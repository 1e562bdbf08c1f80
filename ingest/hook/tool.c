/* Hooks of Claude Code, and of Codex and others that adopted its form: one object per event of the agent. goose has other names for the
 * event, a call's id and its result.
 *
 * A hook is called before and after a tool call. No hook reports whether the agent then ran it, or who allowed it: what is
 * recorded of a permission is that it was requested, that the agent reported a denial, or what a hook answered. */
#include <string.h>

#include "ingest/hook/agent.h"

/* Common to all events of a session. */
struct common {
    struct bytes event, session, agent, mode, turn;
};

static bool is_below(struct bytes path, const char *directory) {
    return path.n > 0 && memmem(path.p, path.n, directory, strlen(directory)) != NULL;
}

/* Codex names the turn, and keeps its transcripts in a directory of its own; so do Claude Code, whose API prefixes the ids
 * of tool calls, and Gemini CLI, whose events of tools have names of their own. Other agents have the same form without
 * these marks: then the agent is unknown. */
static struct bytes agent_of(const struct hook_map *m) {
    struct bytes path = hook_map_see_text(m, "transcript_path"), call = hook_map_see_text(m, "tool_use_id");
    struct bytes event = hook_map_see_text(m, "hook_event_name");
    if (event.n == 0 && hook_map_see(m, "hook_event_name") == NULL && hook_map_see(m, "event") != NULL) {
        return bytes_of("goose");
    }
    if (hook_map_see(m, "turn_id") != NULL || is_below(path, "/.codex/")) return bytes_of("codex");
    if (bytes_has_prefix(call, "toolu_") || is_below(path, "/.claude/")) return bytes_of("claude-code");
    if (bytes_is(event, "BeforeTool") || bytes_is(event, "AfterTool") || is_below(path, "/.gemini/")) {
        return bytes_of("gemini-cli");
    }
    return (struct bytes){NULL, 0};
}

static void take_common(struct hook_map *m, struct common *ret) {
    memset(ret, 0, sizeof(*ret));
    ret->agent = agent_of(m);
    if (!hook_map_word(m, "hook_event_name", &ret->event)) {
        hook_map_word(m, "event", &ret->event);
    }
    hook_map_word(m, "session_id", &ret->session);
    hook_map_word(m, "permission_mode", &ret->mode);
    if (!hook_map_word(m, "turn_id", &ret->turn)) {
        hook_map_word(m, "prompt_id", &ret->turn);
    }
}

static void begin(struct hook_reader *r, const char *kind, const struct common *c) {
    struct hook_draft *d = &r->draft;
    hook_begin(d, kind);
    hook_subject(d, "run", c->session);
    hook_session(d, c->session);
    hook_agent(d, c->agent);
    mp_map_text(&d->fields, "mode", c->mode);
    mp_map_text(&d->fields, "turn", c->turn);
}

/* The tool and its call; ERR_INVALID without a tool. */
static int take_tool(struct hook_reader *r, struct hook_map *m, struct bytes *ret_tool, struct bytes *ret_call,
                     struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map server;
    struct bytes raw, name;
    if (!hook_map_word(m, "tool_name", ret_tool)) {
        return err_set(err, ERR_INVALID, "'tool_name' is missing or not a name; expected: text of 1 to %d bytes",
                       HOOK_WORD_MAX);
    }
    *ret_call = (struct bytes){NULL, 0};
    if (!hook_map_word(m, "tool_use_id", ret_call)) {
        hook_map_word(m, "tool_call_id", ret_call);
    }
    hook_tool(d, *ret_tool);
    hook_known(d, "call", *ret_call);
    /* for tools whose name does not contain the server */
    if (!bytes_has_prefix(*ret_tool, "mcp__") && hook_map_inner(m, "mcp_server", &server) &&
        hook_map_word(&server, "name", &name)) {
        hook_known(d, "server", name);
    }
    if (hook_map_value(m, "tool_input", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    }
    hook_left(d, m);
    return 0;
}

/* By the call's id, where there is one. */
static int set_key(struct hook_reader *r, const char *tag, const struct common *c, struct bytes call, bool with_arguments,
                   struct err *err) {
    struct hook_draft *d = &r->draft;
    if (call.n == 0) return hook_text_key(r, tag, err);
    const struct bytes digest = {d->arguments_digest, with_arguments ? sizeof(d->arguments_digest) : 0};
    hook_key(d, (struct bytes[]){bytes_of(tag), c->session, call, digest}, 4);
    return 0;
}

static int put_call(struct hook_reader *r, struct hook_map *m, const struct common *c, struct err *err) {
    struct bytes tool, call;
    begin(r, "run.tool_called", c);
    int rc = take_tool(r, m, &tool, &call, err);
    if (rc == 0) rc = set_key(r, "called", c, call, true, err);
    if (rc == 0) rc = hook_give_call(r, c->session, call, err);
    return rc;
}

/* A request, or the agent's word that a call was denied; it does not say by whom. */
static int put_permission(struct hook_reader *r, struct hook_map *m, const struct common *c, bool denied, struct err *err) {
    static const struct agent_answer denial = {"deny", "once", "unknown"};
    struct bytes tool, call;
    begin(r, denied ? "permission.decided" : "permission.requested", c);
    if (denied) {
        hook_answer(&r->draft, &denial, (struct bytes){NULL, 0});
        hook_private(&r->draft, "reason", m, "reason");
    }
    int rc = take_tool(r, m, &tool, &call, err);
    if (rc != 0) return rc;
    hook_subject(&r->draft, "tool", tool);
    hook_known(&r->draft, "request", call);
    rc = set_key(r, denied ? "denied" : "requested", c, call, !denied, err);
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}

/* The response, which may be of any type, has this flag with this value. */
static bool has_flag(struct bytes response, const char *name, bool value) {
    struct bytes raw;
    struct mp_item item;
    return mp_map_get(response, name, &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_BOOL &&
           item.boolean == value;
}

/* Claude Code and goose report a failed call by another event, so that this one means success unless the response denies it. Of
 * other agents only the response counts; that of Gemini CLI has an object `error` if the tool failed, but says nothing of
 * the exit code of a command. */
static void put_outcome(struct hook_draft *d, struct bytes agent, struct bytes response) {
    struct bytes raw;
    bool interrupted = has_flag(response, "interrupted", true);
    bool failed = has_flag(response, "success", false) || has_flag(response, "isError", true) ||
                  has_flag(response, "is_error", true) ||
                  (bytes_is(agent, "gemini-cli") && mp_map_get(response, "error", &raw) == 0 && raw.n > 1);
    bool good = bytes_is(agent, "claude-code") || bytes_is(agent, "goose") || has_flag(response, "success", true);
    if (interrupted || failed || good) {
        mp_map_bool(&d->fields, "ok", !interrupted && !failed);
        mp_map_text(&d->fields, "outcome", bytes_of(interrupted ? "cancelled" : failed ? "error" : "ok"));
    }
}

static int end_return(struct hook_reader *r, struct hook_map *m, const struct common *c, struct err *err) {
    struct bytes tool, call, raw;
    if (hook_map_number(m, "duration_ms", &raw)) {
        mp_map_raw(&r->draft.fields, "duration_ms", raw);
    }
    int rc = take_tool(r, m, &tool, &call, err);
    if (rc == 0) rc = set_key(r, "returned", c, call, false, err);
    if (rc == 0) rc = hook_give_return(r, c->session, call, err);
    return rc;
}

static int put_return(struct hook_reader *r, struct hook_map *m, const struct common *c, bool judged, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes raw;
    begin(r, "run.tool_returned", c);
    if (hook_map_value(m, "tool_response", &raw) || hook_map_value(m, "tool_output", &raw)) {
        hook_content(d, HOOK_RESULT, raw);
        if (judged) {
            put_outcome(d, c->agent, raw);
        }
    }
    return end_return(r, m, c, err);
}

static int put_failure(struct hook_reader *r, struct hook_map *m, const struct common *c, struct err *err) {
    struct hook_draft *d = &r->draft;
    bool interrupted = false;
    begin(r, "run.tool_returned", c);
    hook_map_flag(m, "is_interrupt", &interrupted);
    mp_map_bool(&d->fields, "ok", false);
    mp_map_text(&d->fields, "outcome", bytes_of(interrupted ? "cancelled" : "error"));
    hook_private(d, "detail", m, "error");
    return end_return(r, m, c, err);
}

/* Parallel calls, reported together: each becomes the same event as from its own hook. The results as the model sees them
 * do not show which calls failed. */
static int put_batch(struct hook_reader *r, struct hook_map *m, const struct common *c, struct err *err) {
    struct bytes raw, one;
    struct mp_reader calls;
    struct mp_item head;
    struct hook_map call;
    if (!hook_map_value(m, "tool_calls", &raw)) {
        return err_set(err, ERR_INVALID, "'tool_calls' is missing; expected: an array of objects with tool_name");
    }
    mp_reader_init(&calls, raw);
    int rc = mp_next(&calls, &head, err);
    if (rc != 0 || head.type != MP_ARRAY) {
        return err_set(err, ERR_INVALID, "'tool_calls' is not an array; expected: an array of objects with tool_name");
    }
    for (uint32_t i = 0; i < head.count && rc == 0; i++) {
        rc = mp_skip(&calls, 1, &one, err);
        if (rc == 0) rc = hook_map_open(&call, one, "a call in 'tool_calls'", err);
        if (rc == 0) rc = put_return(r, &call, c, false, err);
    }
    return rc == 0 && head.count == 0 ? 1 : rc;
}

/* Any other record: a step of the session, by its name; its content is private. */
static int put_step(struct hook_reader *r, struct hook_map *m, const struct common *c, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes word;
    bool start = bytes_is(c->event, "SessionStart");
    begin(r, start ? "run.started" : bytes_is(c->event, "SessionEnd") ? "run.finished" : "run.step", c);
    if (start && hook_map_word(m, "source", &word)) {
        mp_map_text(&d->fields, "trigger", word);
    }
    hook_known(d, "step", c->event);
    if (start) {
        hook_private(d, "cwd", m, "cwd");
    }
    hook_left(d, m);
    int rc = hook_text_key(r, "step", err);
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}

int hook_tool_read(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct common c;
    bool answered = hook_map_see(m, "hookSpecificOutput") != NULL;
    take_common(m, &c);
    if (c.event.n == 0) {
        return err_set(err, ERR_INVALID, "'hook_event_name' is not a name; expected: text of 1 to %d bytes", HOOK_WORD_MAX);
    }
    if (answered) {
        hook_map_drop(m, "hookSpecificOutput");
    }
    int rc;
    if (bytes_is(c.event, "PreToolUse") || bytes_is(c.event, "BeforeTool")) {
        rc = put_call(r, m, &c, err);
    } else if (bytes_is(c.event, "PostToolUse") || bytes_is(c.event, "AfterTool")) {
        rc = put_return(r, m, &c, true, err);
    } else if (bytes_is(c.event, "PostToolUseFailure")) {
        rc = put_failure(r, m, &c, err);
    } else if (bytes_is(c.event, "PostToolBatch")) {
        rc = put_batch(r, m, &c, err);
    } else if (bytes_is(c.event, "PermissionRequest") || bytes_is(c.event, "PermissionDenied")) {
        rc = put_permission(r, m, &c, bytes_is(c.event, "PermissionDenied"), err);
    } else {
        rc = put_step(r, m, &c, err);
    }
    if (rc == 0 && answered) rc = hook_tool_output(r, m, err);
    return rc;
}

/* ---- what a hook answered ----------------------------------------------------------------------------------------- */

/* How long a rule that came with the answer holds, by where it is stored; the longest counts. */
static const char *lifetime_of(struct bytes updates) {
    static const struct {
        const char *destination, *lifetime;
    } rows[] = {{"userSettings", "permanent"},
                {"projectSettings", "project"},
                {"localSettings", "project"},
                {"session", "session"},
                {"cliArg", "session"}};
    struct mp_reader r;
    struct mp_item head;
    size_t best = sizeof(rows) / sizeof(rows[0]);
    mp_reader_init(&r, updates);
    if (mp_next(&r, &head, NULL) != 0 || head.type != MP_ARRAY) return NULL;
    for (uint32_t i = 0; i < head.count; i++) {
        struct hook_map update;
        struct bytes raw;
        if (mp_skip(&r, 1, &raw, NULL) != 0 || hook_map_open(&update, raw, "an update", NULL) != 0) {
            return NULL;
        }
        for (size_t row = 0; row < best; row++) {
            if (bytes_is(hook_map_see_text(&update, "destination"), rows[row].destination)) {
                best = row;
            }
        }
    }
    return best < sizeof(rows) / sizeof(rows[0]) ? rows[best].lifetime : NULL;
}

/* The word of the answer and what it means: permissionDecision of PreToolUse, or decision.behavior of PermissionRequest. */
static bool read_answer(struct hook_map *output, struct hook_map *decision, struct agent_answer *ret,
                        struct bytes *ret_word) {
    struct bytes raw;
    bool stops = false;
    decision->n = 0;
    if (hook_map_word(output, "permissionDecision", ret_word)) {
        *ret = agent_answer_of(AGENT_CLAUDE, *ret_word);
        if (strcmp(ret->decision, "allow") == 0 && hook_map_see(output, "updatedInput") != NULL) {
            ret->decision = "modify";
        }
        return true;
    }
    if (!hook_map_inner(output, "decision", decision) || !hook_map_word(decision, "behavior", ret_word)) {
        return false;
    }
    *ret = agent_answer_of(AGENT_CLAUDE, *ret_word);
    hook_map_flag(decision, "interrupt", &stops);
    if (strcmp(ret->decision, "deny") == 0 && stops) {
        ret->decision = "abort";
    } else if (strcmp(ret->decision, "allow") == 0 && hook_map_see(decision, "updatedInput") != NULL) {
        ret->decision = "modify";
    }
    if (hook_map_see(decision, "updatedPermissions") != NULL) {
        raw = hook_map_see(decision, "updatedPermissions")->raw;
        const char *longer = lifetime_of(raw);
        ret->lifetime = longer != NULL ? longer : ret->lifetime;
    }
    return true;
}

int hook_tool_output(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map output, decision;
    struct agent_answer answer;
    struct common c;
    struct bytes word = {NULL, 0}, tool = hook_map_see_text(m, "tool_name"), call = hook_map_see_text(m, "tool_use_id");
    take_common(m, &c);
    if (!hook_map_inner(m, "hookSpecificOutput", &output)) {
        return err_set(err, ERR_INVALID, "'hookSpecificOutput' is not a JSON object; expected: a JSON object");
    }
    if (!read_answer(&output, &decision, &answer, &word)) {
        return c.event.n > 0 ? 0 : 1; /* an answer without a decision */
    }
    answer.decided_by = "hook";
    begin(r, "permission.decided", &c);
    hook_subject(d, "tool", hook_is_word(tool) ? tool : (struct bytes){NULL, 0});
    hook_answer(d, &answer, word);
    hook_private(d, "reason", &output, "permissionDecisionReason");
    hook_private(d, "reason", &decision, "message");
    if (hook_is_word(tool)) {
        hook_tool(d, tool);
    }
    call = hook_is_word(call) ? call : (struct bytes){NULL, 0};
    hook_known(d, "call", call);
    hook_known(d, "request", call);
    hook_left(d, &output);
    int rc = set_key(r, "answered", &c, call, false, err);
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}
