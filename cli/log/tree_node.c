/* One pass over an event's body. Tables list the catalog's fields that name what an event is about, and the words for good and
 * bad outcomes, in order of preference. */
#include "cli/log/tree_node.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "cli/print/summary.h"
#include "query/condition/value.h"

#define NAME_MAX_BYTES 200
#define REST_MAX       400

/* What the event is about: the first of these in its body. */
static const char *const names[] = {"datum", "tool",  "model", "step",    "event", "task",
                                    "pack",  "suite", "check", "request", "what",  NULL};
/* How it ended. */
static const char *const outcomes[] = {"outcome", "error", "status", "answer", "decision", "verdict", NULL};
static const char *const lengths[] = {"duration_ms", "latency_ms", "waited_ms", NULL};
/* Not in the rest: shown elsewhere, or useful only to programs. */
static const char *const skipped[] = {"at",
                                      "at_text",
                                      "ok",
                                      "error",
                                      "duration_ms",
                                      "latency_ms",
                                      "waited_ms",
                                      "span",
                                      "parent",
                                      "call",
                                      "span_kind",
                                      "reporter",
                                      "session",
                                      "turn",
                                      "index",
                                      "digest",
                                      "prompt_digest",
                                      "output_digest",
                                      "left_out",
                                      "result_digest",
                                      "arguments_digest",
                                      "answer_digest",
                                      "permissions_digest"};
#define SKIPPED (sizeof(skipped) / sizeof(skipped[0]))

static const char *const bad_words[] = {"error",       "denied",  "timeout", "cancelled", "canceled", "aborted",
                                        "refused",     "refuse",  "failed",  "fail",      "decline",  "cancel",
                                        "unreachable", "missing", "tripped", NULL};
static const char *const good_words[] = {"ok", "pass", "accept", "allow", "allowed", "success", "completed", "done", NULL};

#define SEVERITY_ERROR 17 /* of log records, in OpenTelemetry's numbers */

static bool is_one_of(const char *const *words, struct bytes text) {
    for (; *words; words++) {
        if (bytes_is(text, *words)) return true;
    }
    return false;
}

struct tree_text tree_node_keep(struct buf *text, struct bytes from) {
    struct tree_text ret = {(uint32_t)text->n, (uint32_t)from.n};
    buf_put_bytes(text, from);
    return text->fail ? (struct tree_text){0, 0} : ret;
}

/* Appends as much as a line has room for; a cut text ends in dots. */
static struct tree_text put_cut(struct buf *out, struct bytes text, size_t max) {
    struct tree_text ret = {(uint32_t)out->n, 0};
    bool cut = text.n > max;
    while (cut && max > 0 && (text.p[max] & 0xc0) == 0x80) { /* between two characters */
        max--;
    }
    text.n = cut ? max : text.n;
    buf_put_bytes(out, text);
    buf_put_str(out, cut ? "..." : "");
    ret.n = (uint32_t)(out->n - ret.at);
    return out->fail ? (struct tree_text){0, 0} : ret;
}

static struct query_value get(struct bytes body, const char *name) {
    struct value_walk walk;
    struct bytes at, raw;
    if (body.n > 0 && value_walk_begin(body, &walk)) {
        while (value_walk_next(&walk, &at, &raw)) {
            if (bytes_is(at, name)) return value_of(raw);
        }
    }
    return (struct query_value){.type = QUERY_NULL};
}

static struct bytes get_text(struct bytes body, const char *name) {
    struct query_value v = get(body, name);
    return v.type == QUERY_TEXT ? v.text : (struct bytes){0};
}

/* The first of these in the body; *ret_name: its name, or NULL. */
static struct bytes first_text(struct bytes body, const char *const *list, const char **ret_name) {
    struct bytes text = {0};
    *ret_name = NULL;
    for (; *list && text.n == 0; list++) {
        text = get_text(body, *list);
        *ret_name = text.n > 0 ? *list : NULL;
    }
    return text;
}

/* The fields shown neither as the name nor as the outcome. */
static struct tree_text put_rest(const struct log_event *event, const char *name, const char *outcome, struct buf *text) {
    const char *skip[SKIPPED + 3];
    struct buf rest = {.max = 8 * SUMMARY_MAX};
    bool shows = bytes_is(event->kind, "run.artifact"); /* there the digest is what it is about */
    size_t n = 0;
    for (size_t i = 0; i < SKIPPED; i++) {
        if (!shows || strcmp(skipped[i], "digest") != 0) {
            skip[n++] = skipped[i];
        }
    }
    if (name) {
        skip[n++] = name;
    }
    if (outcome) {
        skip[n++] = outcome;
    }
    skip[n] = NULL;
    summary_put(event->kind, event->body, skip, &rest);
    struct tree_text ret = put_cut(text, bytes_of_buf(&rest), REST_MAX);
    buf_done(&rest);
    return ret;
}

static double number_of(struct query_value v) {
    return v.type == QUERY_INT ? (double)v.int_ : v.type == QUERY_REAL ? v.real : -1;
}

static enum tree_state state_of(struct bytes body, struct bytes outcome) {
    struct query_value ok = get(body, "ok"), exit_code = get(body, "exit_code"), severity = get(body, "severity");
    if (ok.type == QUERY_BOOL) return ok.boolean ? TREE_GOOD : TREE_BAD;
    if (get_text(body, "error").n > 0 || is_one_of(bad_words, outcome) ||
        (exit_code.type == QUERY_INT && exit_code.int_ != 0) ||
        (severity.type == QUERY_INT && severity.int_ >= SEVERITY_ERROR)) {
        return TREE_BAD;
    }
    return is_one_of(good_words, outcome) || exit_code.type == QUERY_INT ? TREE_GOOD : TREE_UNKNOWN;
}

/* The outcome, and the type of the error if that says more. */
static struct tree_text put_outcome(struct bytes body, struct bytes outcome, struct buf *text) {
    struct bytes error = get_text(body, "error");
    struct tree_text ret = {(uint32_t)text->n, 0};
    put_cut(text, outcome, NAME_MAX_BYTES);
    if (error.n > 0 && !bytes_eq(error, outcome)) {
        buf_put_str(text, ": ");
        put_cut(text, error, NAME_MAX_BYTES);
    }
    ret.n = (uint32_t)(text->n - ret.at);
    return text->fail ? (struct tree_text){0, 0} : ret;
}

/* The run named by the header, or by a subject run/<id>. */
static struct bytes run_of(const struct log_event *event) {
    static const char prefix[] = "run/";
    size_t n = sizeof(prefix) - 1;
    if (event->run.n == 0 && bytes_has_prefix(event->subject, prefix)) {
        return (struct bytes){event->subject.p + n, event->subject.n - n};
    }
    return event->run;
}

/* Tool, server, agent and group, each but the last with its length before it. */
static struct tree_text put_call(struct bytes body, struct buf *text) {
    static const char *const fields[] = {"tool", "server", "agent", "group"};
    struct tree_text ret = {(uint32_t)text->n, 0};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct bytes value = get_text(body, fields[i]);
        buf_put_be32(text, (uint32_t)value.n);
        buf_put_bytes(text, value);
    }
    ret.n = (uint32_t)text->n - ret.at;
    return text->fail ? (struct tree_text){0, 0} : ret;
}

void tree_node_call(struct bytes tool, struct tool_call *ret) {
    struct bytes left = tool, *const to[] = {&ret->tool, &ret->server, &ret->agent, &ret->group};
    for (size_t i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
        uint32_t n = be32_get(left.p);
        *to[i] = (struct bytes){left.p + 4, n};
        left = (struct bytes){left.p + 4 + n, left.n - 4 - n};
    }
}

void tree_node_read(const struct log_event *event, struct tree_node *node, struct buf *text) {
    const char *name_is, *outcome_is;
    struct bytes body = event->body, name = first_text(body, names, &name_is),
                 outcome = first_text(body, outcomes, &outcome_is);
    node->seq = event->seq;
    node->time = event->time;
    struct query_value at = get(body, "at");
    node->has_at = at.type == QUERY_INT && at.int_ >= 0;
    node->said = node->has_at ? (uint64_t)at.int_ : 0;
    node->at = node->has_at ? node->said : event->time;
    node->cause = event->has_cause ? event->cause : LOG_NO_SEQ;
    node->mark = bytes_is(event->kind, "ledger.gap") ? TREE_GAP : TREE_EVENT;
    node->state = node->mark == TREE_GAP ? TREE_UNKNOWN : state_of(body, outcome);
    for (const char *const *length = lengths; *length && node->ms < 0; length++) {
        node->ms = number_of(get(body, *length));
    }
    node->kind = tree_node_keep(text, event->kind);
    node->subject = tree_node_keep(text, event->subject);
    node->run = tree_node_keep(text, run_of(event));
    node->span = tree_node_keep(text, get_text(body, "span"));
    node->above = tree_node_keep(text, get_text(body, "parent"));
    node->call = tree_node_keep(text, get_text(body, "call"));
    node->name = put_cut(text, name, NAME_MAX_BYTES);
    node->outcome = put_outcome(body, outcome, text);
    node->rest = put_rest(event, name_is, outcome_is, text);
    node->tool = bytes_is(event->kind, "run.tool_called") ? put_call(body, text) : (struct tree_text){0, 0};
}
