/* Codex beside its hooks: approval requests and their answers, as events of its protocol, lines of its transcripts, and
 * submissions of its client.
 *
 *   {"timestamp":T,"type":"event_msg","payload":{"type":"exec_approval_request",...}}    a line of a transcript
 *   {"id":"0","msg":{"type":"exec_approval_request",...}}                                an event of the protocol
 *   {"type":"exec_approval_request",...}                                                 the event alone
 *   {"id":"1","op":{"type":"exec_approval","id":"call_1","decision":"approved"}}         a submission
 *   {"type":"agent-turn-complete","thread-id":T,"turn-id":U,...}                         an argument of `notify`
 *
 * A transcript also has the calls themselves, and the session in its first line. Nothing else in it is recorded. */
#include <string.h>

#include "ingest/hook/agent.h"

#define TURN_COMPLETE "agent-turn-complete"

/* A record without its wrapping. */
struct unwrapped {
    struct hook_map *m, *whole; /* the object with the type, and the record around it, which may be the same */
    struct bytes type, time;
};

static bool is_approval(struct bytes type) {
    return bytes_is(type, "exec_approval_request") || bytes_is(type, "apply_patch_approval_request") ||
           bytes_is(type, "elicitation_request");
}

static bool is_line(struct bytes type) {
    static const char *const types[] = {"session_meta", "turn_context", "response_item", "event_msg", "compacted"};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (bytes_is(type, types[i])) return true;
    }
    return false;
}

bool hook_is_codex(const struct hook_map *m) {
    struct bytes type = hook_map_see_text(m, "type");
    const struct hook_name *inner = hook_map_see(m, "msg") != NULL ? hook_map_see(m, "msg") : hook_map_see(m, "op");
    bool wrapped = false;
    if (inner != NULL && inner->item.type == MP_MAP) {
        struct bytes raw;
        struct mp_item item;
        wrapped = mp_map_get(inner->raw, "type", &raw) == 0 && mp_scalar(raw, &item) == 0 && item.type == MP_STR;
    }
    return is_approval(type) || bytes_is(type, TURN_COMPLETE) || wrapped ||
           (is_line(type) && hook_map_see(m, "payload") != NULL);
}

struct agent_answer hook_codex_answer(const struct hook_name *value, struct bytes *ret_word) {
    struct hook_map m, amendment;
    *ret_word = (struct bytes){NULL, 0};
    if (value->item.type == MP_STR) {
        *ret_word = hook_is_word(value->item.data) ? value->item.data : *ret_word;
        return agent_answer_of(AGENT_CODEX, *ret_word);
    }
    if (hook_map_open(&m, value->raw, "the decision", NULL) != 0 || m.n != 1 || !hook_is_word(m.names[0].name)) {
        return agent_answer_of(AGENT_CODEX, *ret_word);
    }
    *ret_word = m.names[0].name;
    struct agent_answer answer = agent_answer_of(AGENT_CODEX, *ret_word);
    bool network = bytes_is(*ret_word, "network_policy_amendment") || bytes_is(*ret_word, "applyNetworkPolicyAmendment");
    if (network && hook_map_open(&amendment, m.names[0].raw, "the amendment", NULL) == 0) {
        struct hook_map rule;
        const struct hook_map *with = &amendment;
        if (hook_map_inner(&amendment, "network_policy_amendment", &rule)) {
            with = &rule;
        }
        struct bytes action = hook_map_see_text(with, "action");
        answer.decision = bytes_is(action, "allow") ? "allow" : bytes_is(action, "deny") ? "deny" : "unknown";
        answer.lifetime = "permanent";
    }
    return answer;
}

static void put_common(struct hook_reader *r, const struct unwrapped *u, struct bytes turn) {
    struct hook_draft *d = &r->draft;
    hook_agent(d, bytes_of("codex"));
    hook_run(d, turn);
    hook_session(d, bytes_of(r->session));
    mp_map_text(&d->fields, "turn", turn);
    hook_at_text(d, u->time);
}

/* A call is identified by its id within its turn; without a turn, by the line's time. */
static int set_key(struct hook_reader *r, const char *tag, const struct unwrapped *u, struct bytes turn, struct bytes id,
                   struct err *err) {
    const struct bytes within = turn.n > 0 ? turn : u->time;
    if (id.n == 0 || within.n == 0) return hook_text_key(r, tag, err);
    hook_key(&r->draft, (struct bytes[]){bytes_of("codex"), bytes_of(tag), within, id}, 4);
    return 0;
}

/* ---- requests ----------------------------------------------------------------------------------------------------- */

/* The names of the offered answers. */
static void put_options(struct hook_draft *d, struct hook_map *m) {
    const struct hook_name *value = hook_map_see(m, "available_decisions");
    struct mp_reader r;
    struct mp_item head;
    struct bytes words[HOOK_OPTIONS_MAX], raw;
    bool plain = true;
    uint32_t n = 0;
    if (value == NULL || value->item.type != MP_ARRAY || value->item.count > HOOK_OPTIONS_MAX) {
        return;
    }
    mp_reader_init(&r, value->raw);
    if (mp_next(&r, &head, NULL) != 0) return;
    for (; n < head.count; n++) {
        struct hook_name option = {.inner = NULL};
        if (mp_skip(&r, 1, &raw, NULL) != 0) return;
        struct mp_reader inside;
        mp_reader_init(&inside, raw);
        option.raw = raw;
        if (mp_next(&inside, &option.item, NULL) != 0) return;
        plain = plain && option.item.type == MP_STR;
        hook_codex_answer(&option, &words[n]);
        if (words[n].n == 0) return;
    }
    hook_words(d, "options", words, n);
    if (plain) {
        hook_map_drop(m, "available_decisions");
    }
}

static bool is_host(struct bytes text) {
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        bool good = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || strchr(".-:[]_", c) != NULL;
        if (!good || c == '\0') return false;
    }
    return hook_is_word(text);
}

/* A command that was denied network access requests that host, not permission to run. */
static const char *take_group(struct hook_draft *d, struct hook_map *m, struct hook_map *network, bool patch) {
    struct bytes host = {NULL, 0};
    if (!hook_map_inner(m, "network_approval_context", network)) {
        return patch ? "filesystem.write" : "exec";
    }
    if (is_host(hook_map_see_text(network, "host")) && hook_map_word(network, "host", &host)) {
        mp_map_text(&d->fields, "scope", host);
    }
    return "network.egress";
}

static int put_approval(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct hook_map network;
    struct bytes turn = {NULL, 0}, call = {NULL, 0}, request = {NULL, 0}, raw;
    bool patch = bytes_is(u->type, "apply_patch_approval_request");
    hook_begin(d, "permission.requested");
    hook_map_word(u->m, "turn_id", &turn);
    hook_map_word(u->m, "call_id", &call);
    if (!hook_map_word(u->m, "approval_id", &request)) {
        request = call;
    }
    hook_subject(d, "tool", bytes_of(patch ? "apply_patch" : "exec"));
    put_common(r, u, turn);
    hook_known(d, "call", call);
    hook_known(d, "request", request);
    hook_group(d, take_group(d, u->m, &network, patch));
    if (patch) {
        mp_map_text(&d->fields, "tool", bytes_of("apply_patch"));
    }
    if (hook_map_value(u->m, patch ? "changes" : "command", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    }
    put_options(d, u->m);
    hook_private(d, "reason", u->m, "reason");
    hook_left(d, u->whole);
    int rc = set_key(r, "requested", u, turn, request, err);
    struct hook_wait *wait = hook_wait_new(r, AGENT_CODEX, request);
    if (rc == 0) rc = hook_give_request(r, wait, err);
    return rc;
}

/* A server that the agent uses asks the user a question. */
static int put_question(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes turn = {NULL, 0}, server = {NULL, 0}, id = {NULL, 0};
    hook_begin(d, "run.asked");
    hook_map_word(u->m, "turn_id", &turn);
    put_common(r, u, turn);
    hook_subject(d, "run", bytes_of(d->run));
    hook_map_word(u->m, "server_name", &server);
    hook_map_word(u->m, "id", &id);
    hook_known(d, "server", server);
    hook_known(d, "request", id);
    mp_map_text(&d->fields, "answer", bytes_of("open"));
    hook_private(d, "question", u->m, "message");
    hook_left(d, u->whole);
    int rc = set_key(r, "asked", u, turn, id, err);
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static int put_answer(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes turn = {NULL, 0}, request = {NULL, 0}, word;
    const struct hook_name *decision = hook_map_see(u->m, "decision");
    if (decision == NULL) {
        return err_set(err, ERR_INVALID, "'decision' is missing; expected: a word, or an object with one name");
    }
    struct agent_answer answer = hook_codex_answer(decision, &word);
    bool patch = bytes_is(u->type, "patch_approval");
    if (decision->item.type == MP_STR && word.n > 0) {
        hook_map_drop(u->m, "decision");
    }
    hook_begin(d, "permission.decided");
    hook_map_word(u->m, "turn_id", &turn);
    hook_map_word(u->m, "id", &request);
    hook_subject(d, "tool", bytes_of(patch ? "apply_patch" : "exec"));
    put_common(r, u, turn);
    hook_known(d, "request", request);
    hook_group(d, patch ? "filesystem.write" : NULL);
    hook_answer(d, &answer, word);
    hook_left(d, u->whole);
    int rc = set_key(r, "decided", u, turn, request, err);
    struct hook_wait *wait = hook_wait_find(r, AGENT_CODEX, request);
    if (wait != NULL) {
        d->cause = wait->ticket;
        wait->id[0] = '\0';
    }
    if (rc == 0) rc = hook_give(r, err);
    return rc;
}

/* ---- calls -------------------------------------------------------------------------------------------------------- */

static int put_call(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes tool = bytes_of("local_shell"), call = {NULL, 0}, raw;
    bool shell = bytes_is(u->type, "local_shell_call");
    hook_begin(d, "run.tool_called");
    hook_map_word(u->m, "name", &tool);
    hook_map_word(u->m, "call_id", &call);
    put_common(r, u, (struct bytes){NULL, 0});
    hook_subject(d, "run", bytes_of(d->run));
    hook_tool(d, tool);
    hook_known(d, "call", call);
    if (hook_map_value(u->m, shell ? "action" : bytes_is(u->type, "custom_tool_call") ? "input" : "arguments", &raw)) {
        hook_content(d, HOOK_ARGUMENTS, raw);
    }
    hook_left(d, u->whole);
    int rc = set_key(r, "called", u, (struct bytes){NULL, 0}, call, err);
    if (rc == 0) rc = hook_give_call(r, bytes_of(r->session), call, err);
    return rc;
}

static int put_return(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes call = {NULL, 0}, raw;
    hook_begin(d, "run.tool_returned");
    hook_map_word(u->m, "call_id", &call);
    put_common(r, u, (struct bytes){NULL, 0});
    hook_subject(d, "run", bytes_of(d->run));
    hook_known(d, "call", call);
    if (hook_map_value(u->m, "output", &raw)) {
        hook_content(d, HOOK_RESULT, raw);
    }
    hook_left(d, u->whole);
    int rc = set_key(r, "returned", u, (struct bytes){NULL, 0}, call, err);
    if (rc == 0) rc = hook_give_return(r, bytes_of(r->session), call, err);
    return rc;
}

/* ---- turns -------------------------------------------------------------------------------------------------------- */

/* The end of a turn, as the program that `notify` names is told of it. */
static int put_turn(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    struct hook_draft *d = &r->draft;
    struct bytes thread = {NULL, 0}, turn = {NULL, 0};
    hook_begin(d, "run.step");
    hook_map_word(u->m, "thread-id", &thread);
    hook_map_word(u->m, "turn-id", &turn);
    hook_agent(d, bytes_of("codex"));
    hook_subject(d, "run", thread);
    hook_session(d, thread);
    mp_map_text(&d->fields, "turn", turn);
    hook_known(d, "step", u->type);
    hook_left(d, u->whole);
    if (thread.n == 0 || turn.n == 0) {
        int rc = hook_text_key(r, "turn", err);
        return rc == 0 ? hook_give(r, err) : rc;
    }
    hook_key(d, (struct bytes[]){bytes_of("codex"), bytes_of("turn"), thread, turn}, 4);
    return hook_give(r, err);
}

/* ---- which -------------------------------------------------------------------------------------------------------- */

static int read_unwrapped(struct hook_reader *r, const struct unwrapped *u, struct err *err) {
    static const struct {
        const char *type;
        int (*put)(struct hook_reader *r, const struct unwrapped *u, struct err *err);
    } rows[] = {
        {"exec_approval_request", put_approval},
        {"apply_patch_approval_request", put_approval},
        {"elicitation_request", put_question},
        {"exec_approval", put_answer},
        {"patch_approval", put_answer},
        {"function_call", put_call},
        {"custom_tool_call", put_call},
        {"local_shell_call", put_call},
        {"function_call_output", put_return},
        {"custom_tool_call_output", put_return},
        {TURN_COMPLETE, put_turn},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (bytes_is(u->type, rows[i].type)) return rows[i].put(r, u, err);
    }
    return 1;
}

int hook_codex_read(struct hook_reader *r, struct hook_map *m, struct err *err) {
    struct hook_map inner;
    struct unwrapped u = {.m = m, .whole = m};
    struct bytes type = hook_map_see_text(m, "type");
    hook_map_word(m, "timestamp", &u.time);
    if (hook_map_inner(m, "payload", &inner) || hook_map_inner(m, "msg", &inner) || hook_map_inner(m, "op", &inner)) {
        u.m = &inner;
        hook_map_drop(m, "type");
    }
    if (bytes_is(type, "session_meta")) {
        hook_copy(r->session, hook_map_see_text(u.m, "id"));
        return 1;
    }
    hook_map_word(u.m, "type", &u.type);
    return read_unwrapped(r, &u, err);
}
