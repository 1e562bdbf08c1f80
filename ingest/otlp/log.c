/* One log record into one event, by the record's name:
 *
 *   tool_decision (claude_code., codex., ...)     permission.decided
 *   tool_result                                   run.tool_returned
 *   api_request, api_error (claude_code.)         run.model_called
 *   gen_ai.evaluation.result                      eval.scored
 *   anything else                                 run.logged
 *
 * The run is the trace, or the session of a record without one. Names are compared by the part after their last dot, so
 * that agents that adopted these names are understood too; the required attributes decide. */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/input/agent_words.h"
#include "ingest/otlp/log_key.h"
#include "ledger/kinds/id.h"

enum { ATTRIBUTES, BODY, DROPPED, EVENT_NAME, FLAGS, OBSERVED, SEVERITY, SEVERITY_TEXT, SPAN, TIME, TRACE, N_LOG };
static const char *const log_names[N_LOG] = {
    [ATTRIBUTES] = "attributes",
    [BODY] = "body",
    [DROPPED] = "droppedAttributesCount",
    [EVENT_NAME] = "eventName",
    [FLAGS] = "flags",
    [OBSERVED] = "observedTimeUnixNano",
    [SEVERITY] = "severityNumber",
    [SEVERITY_TEXT] = "severityText",
    [SPAN] = "spanId",
    [TIME] = "timeUnixNano",
    [TRACE] = "traceId",
};

struct log {
    struct otlp_map *map;
    const struct otlp_from *from;
    struct otlp_member m[N_LOG];
    char trace[OTLP_TRACE_LEN], span[OTLP_SPAN_LEN];
    char run[OTLP_NAME_LEN], subject[OTLP_NAME_LEN], key[OTLP_NAME_LEN];
    struct bytes name, base;      /* of the event; base: after its last dot */
    struct bytes body, body_text; /* plain; its text, when it is one */
    struct bytes session;         /* whose records are numbered; empty: they are not */
    uint64_t sequence;
};

/* ---- the tables --------------------------------------------------------------------------------------------------- */

static const struct otlp_row decision_rows[] = {
    {"tool_name", "tool", OTLP_TEXT, NULL, NULL},
    {"call_id", "request", OTLP_WORD, NULL, NULL},
    {"tool_use_id", "request", OTLP_WORD, NULL, NULL},
    {"session.id", "session", OTLP_WORD, NULL, NULL},
    {"conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"decision", "word", OTLP_WORD, NULL, NULL},
    {"source", "decided_by_word", OTLP_WORD, NULL, NULL},
    {"arguments", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
    {"tool_input", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
    {"tool_parameters", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
};
static const struct otlp_row result_rows[] = {
    {"tool_name", "tool", OTLP_TEXT, NULL, NULL},
    {"mcp_server", "server", OTLP_WORD, NULL, NULL},
    {"call_id", "call", OTLP_WORD, NULL, NULL},
    {"tool_use_id", "call", OTLP_WORD, NULL, NULL},
    {"session.id", "session", OTLP_WORD, NULL, NULL},
    {"conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"arguments", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
    {"tool_input", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
    {"tool_parameters", "arguments", OTLP_CONTENT, "arguments_digest", "arguments_bytes"},
    {"success", "ok", OTLP_BOOL, NULL, NULL},
    {"duration_ms", "duration_ms", OTLP_NUM, NULL, NULL},
    {"error_type", "error", OTLP_WORD, NULL, NULL},
    {"error", "detail", OTLP_PRIVATE, NULL, NULL},
    {"tool_result_size_bytes", "result_bytes", OTLP_INT, NULL, NULL},
    {"output", "result", OTLP_CONTENT, "result_digest", NULL},
};
static const struct otlp_row request_rows[] = {
    {"model", "model", OTLP_TEXT, NULL, NULL},
    {"request_id", "call", OTLP_WORD, NULL, NULL},
    {"session.id", "session", OTLP_WORD, NULL, NULL},
    {"cost_usd", "cost", OTLP_NUM, NULL, NULL},
    {"duration_ms", "latency_ms", OTLP_NUM, NULL, NULL},
    {"ttft_ms", "first_token_ms", OTLP_NUM, NULL, NULL},
    {"input_tokens", "tokens_in", OTLP_INT, NULL, NULL},
    {"output_tokens", "tokens_out", OTLP_INT, NULL, NULL},
    {"cache_read_tokens", "tokens_cached", OTLP_INT, NULL, NULL},
    {"status_code", "error", OTLP_WORD, NULL, NULL},
    {"error", "detail", OTLP_PRIVATE, NULL, NULL},
};
static const struct otlp_row logged_rows[] = {
    {"session.id", "session", OTLP_WORD, NULL, NULL},
    {"conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"gen_ai.conversation.id", "session", OTLP_WORD, NULL, NULL},
    {"event.sequence", "index", OTLP_INT, NULL, NULL},
    {"error.type", "error", OTLP_WORD, NULL, NULL},
};

/* Claude Code's words, which others adopted; Codex's own are those of its hooks. The words imply no lifetime. */
static const struct {
    const char *word, *decision;
} answers[] = {
    {"accept", "allow"},
    {"auto_accept", "allow"},
    {"reject", "deny"},
    {"modify", "modify"},
};

/* Who decided; any other word is unknown. */
static const struct decider {
    const char *word, *decided_by;
} deciders[] = {
    {"config", "rule"},         {"hook", "hook"},       {"user", "user"},        {"user_permanent", "user"},
    {"user_temporary", "user"}, {"user_abort", "user"}, {"user_reject", "user"}, {"automatedreviewer", "classifier"},
};

/* ---- reading ------------------------------------------------------------------------------------------------------ */

static bool is_word_of(struct bytes text, const char *word) {
    size_t n = strlen(word);
    for (size_t i = 0; i < n && text.n == n; i++) {
        uint8_t c = text.p[i] >= 'A' && text.p[i] <= 'Z' ? text.p[i] | 0x20 : text.p[i];
        if (c != (uint8_t)word[i]) return false;
    }
    return text.n == n;
}

static struct bytes after_last_dot(struct bytes name) {
    size_t at = 0;
    for (size_t i = 0; i < name.n; i++) {
        at = name.p[i] == '.' ? i + 1 : at;
    }
    return (struct bytes){name.p + at, name.n - at};
}

/* eventName; in older versions an attribute; before that the body, which still has the longer form of some names. */
static void read_name(struct log *l) {
    struct otlp_attribute *a = otlp_find(&l->map->attributes, "event.name");
    struct bytes name = otlp_member_text(&l->m[EVENT_NAME]), said = l->body_text;
    if (name.n == 0 && a != NULL && a->item.type == MP_STR) {
        name = a->item.data;
    }
    if (otlp_is_word(said) && (name.n == 0 || bytes_eq(after_last_dot(said), after_last_dot(name)))) {
        name = said;
    }
    if (!otlp_is_word(name)) return;
    l->name = name;
    l->base = after_last_dot(name);
    if (a != NULL && a->item.type == MP_STR && bytes_eq(after_last_dot(a->item.data), l->base)) {
        a->used = true;
    }
}

static int make_key(struct log *l, struct bytes record, struct err *err) {
    bool timed = l->m[TIME].there && !(l->m[TIME].item.type == MP_STR && bytes_is(l->m[TIME].item.data, "0")) &&
                 !(l->m[TIME].item.type == MP_UINT && l->m[TIME].item.uint == 0);
    return otlp_log_key(l->map, l->from, record, timed, &l->map->text, l->key, err);
}

/* A session is a run; an id is not searched for secrets. */
static void name_run(struct log *l, struct bytes session) {
    if (kind_is_id(session)) {
        snprintf(l->run, sizeof(l->run), "%.*s", (int)session.n, (const char *)session.p);
    } else {
        otlp_name(l->map, l->run, "", session);
    }
}

static void read_run(struct log *l) {
    static const char *const sessions[] = {"session.id", "conversation.id", "gen_ai.conversation.id"};
    struct bytes session = {NULL, 0};
    for (size_t i = 0; i < OTLP_COUNT(sessions) && session.n == 0; i++) {
        session = otlp_find_text(&l->map->attributes, sessions[i]);
    }
    const struct otlp_attribute *number = otlp_find(&l->map->attributes, "event.sequence");
    int64_t sequence = 0;
    if (session.n > 0 && number != NULL && otlp_int(&number->item, &sequence) && sequence >= 0) {
        l->session = session;
        l->sequence = (uint64_t)sequence;
    }
    if (l->trace[0] != '\0') {
        snprintf(l->run, sizeof(l->run), "%s", l->trace);
    } else if (session.n > 0) {
        name_run(l, session);
    }
    if (l->run[0] != '\0') {
        snprintf(l->subject, sizeof(l->subject), "run/%.150s", l->run);
    } else {
        otlp_name(l->map, l->subject, "service/", bytes_of(l->from->service[0] != '\0' ? l->from->service : "unnamed"));
    }
}

static int read_log(struct log *l, struct bytes record, struct err *err) {
    struct otlp_map *m = l->map;
    int rc = otlp_members(record, "the log record", log_names, N_LOG, l->m, &m->unknown, err);
    if (rc == 0) rc = otlp_id(&l->m[TRACE], "traceId", 16, l->trace, l->map->group, err);
    rc = rc < 0 ? rc : otlp_id(&l->m[SPAN], "spanId", 8, l->span, l->map->group, err);
    rc = rc < 0 ? rc : otlp_attributes_read(&m->attributes, &l->m[ATTRIBUTES], err);
    rc = rc < 0 ? rc : make_key(l, record, err);
    if (rc == 0 && l->m[BODY].there) {
        struct mp_reader r;
        struct mp_item head;
        buf_clear(&m->note);
        rc = otlp_plain(&m->attributes, l->m[BODY].raw, &m->note, err);
        l->body = bytes_of_buf(&m->note);
        mp_reader_init(&r, l->body);
        if (rc == 0 && mp_next(&r, &head, NULL) == 0 && head.type == MP_STR) {
            l->body_text = head.data;
        } else if (rc == 0 && l->body.n > 0 && head.type == MP_NIL) {
            l->body.n = 0;
        }
    }
    return rc;
}

/* ---- common fields ------------------------------------------------------------------------------------------------ */

static void put_common(struct log *l) {
    struct otlp_map *m = l->map;
    mp_map_text(&m->body, "reporter", bytes_of(l->from->digest));
    mp_map_text(&m->body, "span", bytes_of(l->span));
    if (l->m[DROPPED].there && !(l->m[DROPPED].item.type == MP_UINT && l->m[DROPPED].item.uint == 0)) {
        mp_map_raw(&m->private_, "dropped", l->m[DROPPED].raw);
    }
}

static int emit(struct log *l, const char *kind, struct err *err) {
    struct otlp_map *m = l->map;
    struct otlp_event e = {.kind = kind,
                           .subject = l->subject,
                           .run = l->run,
                           .key = l->key,
                           .actor = bytes_of(l->from->actor),
                           .cause = l->span[0] != '\0' ? OTLP_BY_PARENT : OTLP_NO_CAUSE,
                           .trace = l->trace,
                           .span = "",
                           .parent = l->span,
                           .session = l->session,
                           .sequence = l->sequence};
    uint64_t unused;
    bool timed = otlp_time(&l->m[TIME], &unused) != 1;
    otlp_put_at(&m->body, &l->m[timed ? TIME : OBSERVED], &e.at);
    int rc = otlp_put_rest(m, err);
    if (rc == 0) rc = otlp_emit(m, &e, err);
    return rc;
}

/* ---- the kinds ---------------------------------------------------------------------------------------------------- */

static struct agent_answer answer_of(struct bytes word) {
    for (size_t i = 0; i < OTLP_COUNT(answers); i++) {
        if (is_word_of(word, answers[i].word)) {
            return (struct agent_answer){answers[i].decision, NULL, "unknown"};
        }
    }
    return agent_answer_of(AGENT_CODEX, word);
}

static const char *decided_by(struct bytes word) {
    for (size_t i = 0; i < OTLP_COUNT(deciders); i++) {
        if (is_word_of(word, deciders[i].word)) return deciders[i].decided_by;
    }
    return "unknown";
}

static void put_agent(struct log *l) {
    mp_map_text(&l->map->body, "agent", bytes_of(l->from->service));
}

/* Nothing is put for NULL. */
static void put_word(struct otlp_map *m, const char *field, const char *word) {
    mp_map_text(&m->body, field, bytes_of(word));
}

static int map_decision(struct log *l, struct err *err) {
    struct otlp_map *m = l->map;
    struct bytes tool = otlp_find_text(&m->attributes, "tool_name");
    struct agent_answer answer = answer_of(otlp_find_text(&m->attributes, "decision"));
    const char *by = decided_by(otlp_find_text(&m->attributes, "source")), *group = agent_group_of(tool);
    put_common(l);
    put_agent(l);
    otlp_name(l->map, l->subject, "tool/", tool);
    put_word(m, "decision", answer.decision);
    put_word(m, "lifetime", answer.lifetime);
    put_word(m, "decided_by", strcmp(by, "unknown") == 0 ? answer.decided_by : by);
    put_word(m, "group", group);
    put_word(m, "tier", agent_tier_of(group));
    otlp_rows(m, &m->attributes, decision_rows, OTLP_COUNT(decision_rows));
    return emit(l, "permission.decided", err);
}

static int map_result(struct log *l, struct err *err) {
    struct otlp_map *m = l->map;
    put_common(l);
    put_agent(l);
    struct bytes ok = otlp_find_text(&m->attributes, "success");
    const struct otlp_attribute *a = otlp_find(&m->attributes, "success");
    bool yes = a != NULL && (a->item.type == MP_BOOL ? a->item.boolean : bytes_is(ok, "true"));
    bool no = a != NULL && (a->item.type == MP_BOOL ? !a->item.boolean : bytes_is(ok, "false"));
    if (yes || no) {
        mp_map_text(&m->body, "outcome", bytes_of(yes ? "ok" : "error"));
    }
    otlp_rows(m, &m->attributes, result_rows, OTLP_COUNT(result_rows));
    return emit(l, "run.tool_returned", err);
}

static int map_request(struct log *l, bool failed, struct err *err) {
    struct otlp_map *m = l->map;
    put_common(l);
    put_agent(l);
    mp_map_bool(&m->body, "ok", !failed);
    mp_map_text(&m->body, "outcome", bytes_of(failed ? "error" : "ok"));
    otlp_rows(m, &m->attributes, request_rows, OTLP_COUNT(request_rows));
    return emit(l, "run.model_called", err);
}

static int map_score(struct log *l, struct err *err) {
    struct otlp_map *m = l->map;
    put_common(l);
    if (l->trace[0] != '\0' && l->span[0] != '\0') {
        snprintf(l->subject, sizeof(l->subject), "eval/%s-%s", l->trace, l->span);
    } else {
        snprintf(l->subject, sizeof(l->subject), "eval/%.150s", l->key + strlen("log:"));
    }
    otlp_put_score(m, &m->attributes);
    return emit(l, "eval.scored", err);
}

static int map_logged(struct log *l, struct err *err) {
    struct otlp_map *m = l->map;
    int64_t severity = 0;
    put_common(l);
    mp_map_text(&m->body, "event", l->name);
    if (l->m[SEVERITY].there && otlp_int(&l->m[SEVERITY].item, &severity) && severity >= 0) {
        mp_map_begin(&m->body, "severity_number");
        mp_put_int(&m->body.values, severity);
        mp_map_end(&m->body);
    }
    struct bytes word = otlp_member_text(&l->m[SEVERITY_TEXT]);
    mp_map_text(otlp_is_word(word) ? &m->body : &m->private_, "severity_text", word);
    otlp_rows(m, &m->attributes, logged_rows, OTLP_COUNT(logged_rows));
    return emit(l, "run.logged", err);
}

static bool has_number(struct otlp_attributes *l, const char *key) {
    const struct otlp_attribute *a = otlp_find(l, key);
    int64_t unused;
    return a != NULL && otlp_int(&a->item, &unused);
}

/* The body, unless it is only the name. What is said with a decision is its reason, a text of that kind. */
static void put_body(struct log *l, bool decision) {
    if (l->body.n == 0 || (l->body_text.n > 0 && bytes_eq(l->body_text, l->name))) return;
    if (!decision) {
        mp_map_raw(&l->map->private_, "text", l->body);
        return;
    }
    struct buf words = {.max = 65536};
    if (l->body_text.n == 0 && json_from_mp(l->body, JSON_LINE, &words, NULL) != 0) {
        buf_clear(&words);
    }
    mp_map_text(&l->map->private_, "reason", l->body_text.n > 0 ? l->body_text : bytes_of_buf(&words));
    buf_done(&words);
}

int otlp_map_log(struct otlp_map *m, const struct otlp_from *from, struct bytes record, struct err *err) {
    struct log l = {.map = m, .from = from};
    struct otlp_attributes *attributes = &m->attributes;
    otlp_begin(m);
    int rc = read_log(&l, record, err);
    if (rc != 0) return rc;
    read_name(&l);
    read_run(&l);
    bool tool = otlp_is_open_text(otlp_find_text(attributes, "tool_name"));
    bool decision = bytes_is(l.base, "tool_decision") && tool && otlp_is_word(otlp_find_text(attributes, "decision"));
    put_body(&l, decision);
    if (decision) return map_decision(&l, err);
    if (bytes_is(l.base, "tool_result") && tool) return map_result(&l, err);
    bool model = otlp_is_open_text(otlp_find_text(attributes, "model"));
    if (bytes_is(l.base, "api_request") && model && has_number(attributes, "input_tokens")) {
        return map_request(&l, false, err);
    }
    if (bytes_is(l.base, "api_error") && model) return map_request(&l, true, err);
    if (bytes_is(l.name, "gen_ai.evaluation.result") &&
        otlp_is_open_text(otlp_find_text(attributes, "gen_ai.evaluation.name"))) {
        return map_score(&l, err);
    }
    return map_logged(&l, err);
}
