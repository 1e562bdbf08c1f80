/* opencode: the events of its bus as its server and plugins see them, {"type","properties"} or, as stored,
 * {"type","data"}; and a plugin's hooks around a call, {"type":"tool.execute.before","input","output"}.
 *
 * Names changed between versions: permission.updated became permission.asked, and its permissionID and response became
 * requestID and reply. A rejection also rejects all requests waiting in its session: a request made before it in the same
 * input and rejected after it was rejected without asking again. */
#include <string.h>

#include "base/clock.h"
#include "ingest/hook/agent.h"

#define NS_PER_MS (CLOCK_NS_PER_S / 1000)

bool hook_is_opencode(const struct hook_map *m) {
    const struct hook_name *properties = hook_map_see(m, "properties"), *data = hook_map_see(m, "data");
    const struct hook_name *input = hook_map_see(m, "input");
    struct bytes type = hook_map_see_text(m, "type");
    bool event = (properties != NULL && properties->item.type == MP_MAP) || (data != NULL && data->item.type == MP_MAP);
    bool dotted = type.n > 0 && memchr(type.p, '.', type.n) != NULL;
    return (dotted && event) || (bytes_has_prefix(type, "tool.execute.") && input != NULL);
}

/* A permission is named after a tool or an action; each version has another member for it. */
static bool take_permission(struct hook_map *m, struct bytes *ret) {
    return hook_map_word(m, "permission", ret) || hook_map_word(m, "action", ret) || hook_map_word(m, "type", ret);
}

static void begin(struct hook_reader *r, const char *kind, struct bytes session) {
    hook_begin(&r->draft, kind);
    hook_agent(&r->draft, bytes_of("opencode"));
    hook_session(&r->draft, session);
}

static int set_key(struct hook_reader *r, const char *tag, struct bytes session, struct bytes id, struct err *err) {
    if (id.n == 0) return hook_text_key(r, tag, err);
    hook_key(&r->draft, (struct bytes[]){bytes_of("opencode"), bytes_of(tag), session, id}, 4);
    return 0;
}

/* ---- permissions -------------------------------------------------------------------------------------------------- */

static struct hook_wait *remember(struct hook_reader *r, struct bytes id, struct bytes session, struct bytes permission,
                                  struct bytes call) {
    struct hook_wait *wait = hook_wait_new(r, AGENT_OPENCODE, id);
    if (wait != NULL) {
        hook_copy(wait->session, session);
        hook_copy(wait->tool, permission);
        hook_copy(wait->call, call);
        wait->group = agent_group_of(permission);
        memcpy(wait->digest, r->draft.arguments_digest, sizeof(wait->digest));
    }
    return wait;
}

static int put_asked(struct hook_reader *r, struct hook_map *m, struct hook_map *p, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map tool, time;
    struct bytes session = {NULL, 0}, id = {NULL, 0}, permission = {NULL, 0}, call = {NULL, 0}, raw;
    hook_map_word(p, "sessionID", &session);
    hook_map_word(p, "id", &id);
    if (!take_permission(p, &permission)) {
        return err_set(err, ERR_INVALID, "'permission' is missing or not a name; expected: text of 1 to %d bytes",
                       HOOK_WORD_MAX);
    }
    begin(r, "permission.requested", session);
    hook_subject(d, "tool", permission);
    hook_tool(d, permission);
    hook_known(d, "request", id);
    if (hook_map_word(p, "callID", &call) || ((hook_map_inner(p, "tool", &tool) || hook_map_inner(p, "source", &tool)) &&
                                              hook_map_word(&tool, "callID", &call))) {
        hook_known(d, "call", call);
    }
    if (hook_map_value(p, "patterns", &raw) || hook_map_value(p, "pattern", &raw) || hook_map_value(p, "resources", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    }
    hook_private(d, "reason", p, "title");
    if (hook_map_inner(p, "time", &time)) {
        hook_at_units(d, &time, "created", NS_PER_MS);
    }
    hook_left(d, m);
    int rc = set_key(r, "requested", session, id, err);
    if (rc == 0) rc = hook_give_request(r, remember(r, id, session, permission, call), err);
    return rc;
}

/* Marks the session's waiting requests, which this rejection rejects too. */
static void sweep_session(struct hook_reader *r, const struct hook_wait *rejected) {
    for (size_t i = 0; i < HOOK_WAITS_MAX; i++) {
        struct hook_wait *wait = &r->waits[i];
        if (wait != rejected && wait->id[0] != '\0' && wait->family == AGENT_OPENCODE && wait->swept_by[0] == '\0' &&
            strcmp(wait->session, rejected->session) == 0) {
            memcpy(wait->swept_by, rejected->id, sizeof(wait->swept_by));
        }
    }
}

/* Adds what is known of the request, and frees its place. */
static void put_wait(struct hook_reader *r, struct hook_wait *wait, struct agent_answer *answer, bool rejected) {
    struct hook_draft *d = &r->draft;
    hook_subject(d, "tool", bytes_of(wait->tool));
    hook_tool(d, bytes_of(wait->tool));
    hook_known(d, "call", bytes_of(wait->call));
    hook_arguments_digest(d, wait->digest);
    d->cause = wait->ticket;
    if (rejected && wait->swept_by[0] != '\0') {
        answer->decided_by = "cascade";
        mp_map_text(&d->fields, "of", bytes_of(wait->swept_by));
    } else if (rejected) {
        sweep_session(r, wait);
    }
    wait->id[0] = '\0';
}

static int put_replied(struct hook_reader *r, struct hook_map *m, struct hook_map *p, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes session = {NULL, 0}, id = {NULL, 0}, word = {NULL, 0};
    hook_map_word(p, "sessionID", &session);
    if (!hook_map_word(p, "requestID", &id)) {
        hook_map_word(p, "permissionID", &id);
    }
    if (!hook_map_word(p, "reply", &word)) {
        hook_map_word(p, "response", &word);
    }
    struct agent_answer answer = agent_answer_of(AGENT_OPENCODE, word);
    begin(r, "permission.decided", session);
    hook_subject(d, "tool", (struct bytes){NULL, 0});
    struct hook_wait *wait = hook_wait_find(r, AGENT_OPENCODE, id);
    if (wait != NULL && bytes_is(session, wait->session)) {
        put_wait(r, wait, &answer, bytes_is(word, "reject"));
    }
    hook_known(d, "request", id);
    hook_answer(d, &answer, word);
    hook_left(d, m);
    int rc = set_key(r, "decided", session, id, err);
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static bool whole_ms(const struct hook_map *m, const char *name, uint64_t *ret) {
    const struct hook_name *found = hook_map_see(m, name);
    if (found == NULL || found->item.type != MP_UINT) return false;
    *ret = found->item.uint;
    return true;
}

static int give_call(struct hook_reader *r, bool begins, struct bytes session, struct bytes call, struct err *err) {
    int rc = set_key(r, begins ? "called" : "returned", session, call, err);
    if (rc != 0) return rc;
    return begins ? hook_give_call(r, session, call, err) : hook_give_return(r, session, call, err);
}

/* A part of a message that is a call; it is written again at each step of the call. */
static int put_part(struct hook_reader *r, struct hook_map *m, struct hook_map *p, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map part, state, time = {.n = 0};
    struct bytes session = {NULL, 0}, call = {NULL, 0}, tool = {NULL, 0}, raw;
    uint64_t start, end;
    if (!hook_map_inner(p, "part", &part) || !bytes_is(hook_map_see_text(&part, "type"), "tool") ||
        !hook_map_inner(&part, "state", &state) || !hook_map_word(&part, "tool", &tool)) {
        return 1;
    }
    struct bytes status = hook_map_see_text(&state, "status");
    bool good = bytes_is(status, "completed"), bad = bytes_is(status, "error"), running = bytes_is(status, "running");
    if (!good && !bad && !running) return 1;
    hook_map_word(&part, "sessionID", &session);
    hook_map_word(&part, "callID", &call);
    begin(r, running ? "run.tool_called" : "run.tool_returned", session);
    hook_subject(d, "run", session);
    hook_tool(d, tool);
    hook_known(d, "call", call);
    hook_map_inner(&state, "time", &time);
    if (!running && whole_ms(&time, "start", &start) && whole_ms(&time, "end", &end) && start <= end) {
        mp_map_uint(&d->fields, "duration_ms", end - start);
    }
    hook_at_units(d, &time, running ? "start" : "end", NS_PER_MS);
    if (running && hook_map_value(&state, "input", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    } else if (!running) {
        mp_map_bool(&d->fields, "ok", good);
        mp_map_text(&d->fields, "outcome", bytes_of(good ? "ok" : "error"));
        hook_private(d, "detail", &state, "error");
        if (hook_map_value(&state, "output", &raw)) {
            hook_content(d, HOOK_RESULT, raw);
        }
    }
    hook_left(d, m);
    return give_call(r, running, session, call, err);
}

static int put_execute(struct hook_reader *r, struct hook_map *m, bool before, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map input, output = {.n = 0};
    struct bytes session = {NULL, 0}, call = {NULL, 0}, tool = {NULL, 0}, raw;
    if (!hook_map_inner(m, "input", &input) || !hook_map_word(&input, "tool", &tool)) {
        return err_set(err, ERR_INVALID,
                       "'input' has no 'tool'; expected: {type, input: {tool, sessionID, callID}, output}");
    }
    hook_map_inner(m, "output", &output);
    hook_map_word(&input, "sessionID", &session);
    hook_map_word(&input, "callID", &call);
    begin(r, before ? "run.tool_called" : "run.tool_returned", session);
    hook_subject(d, "run", session);
    hook_tool(d, tool);
    hook_known(d, "call", call);
    if (before && (hook_map_value(&output, "args", &raw) || hook_map_value(&input, "args", &raw))) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    } else if (!before && hook_map_value(&output, "output", &raw)) {
        hook_content(d, HOOK_RESULT, raw);
    }
    hook_left(d, m);
    return give_call(r, before, session, call, err);
}

/* ---- which -------------------------------------------------------------------------------------------------------- */

int hook_opencode_read(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct hook_map p;
    struct bytes type = hook_map_see_text(m, "type");
    hook_map_drop(m, "type");
    if (bytes_is(type, "tool.execute.before") || bytes_is(type, "tool.execute.after")) {
        return put_execute(r, m, bytes_is(type, "tool.execute.before"), err);
    }
    if (!hook_map_inner(m, "properties", &p) && !hook_map_inner(m, "data", &p)) {
        return err_set(err, ERR_INVALID, "'properties' has more than %d names", HOOK_NAMES_MAX);
    }
    if (bytes_is(type, "permission.asked") || bytes_is(type, "permission.updated") ||
        bytes_is(type, "permission.v2.asked")) {
        return put_asked(r, m, &p, err);
    }
    if (bytes_is(type, "permission.replied") || bytes_is(type, "permission.v2.replied")) {
        return put_replied(r, m, &p, err);
    }
    return bytes_is(type, "message.part.updated") ? put_part(r, m, &p, err) : 1;
}
