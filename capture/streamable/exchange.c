/* Whoever reaches the endpoint by another spelling of its path would pass unseen, so with a judge nothing passes but the path itself
 * and what clients look up before they sign in. */
#include "capture/streamable/exchange.h"

#include <stdio.h>

#include "base/json.h"
#include "base/mp.h"
#include "capture/pass/fields.h"

#define SESSION_MAX    1024
#define INITIALIZE_MAX ((size_t)256 << 10)
#define WELL_KNOWN     "/.well-known/"

static struct bytes path_of(const struct httpd_head *head) {
    const uint8_t *query = bytes_find(head->target, '?');
    return (struct bytes){head->target.p, query != NULL ? (size_t)(query - head->target.p) : head->target.n};
}

static void refuse(struct pass_plan *plan, unsigned status, const char *words) {
    plan->status = status;
    (void)snprintf(plan->words, sizeof(plan->words), "%s", words);
}

static size_t count(const struct httpd_head *head, const char *name) {
    size_t n = 0;
    for (size_t i = 0; i < head->n && i < HTTPD_HEADERS_MAX; i++) {
        n += httpd_is_word(head->headers[i].name, name);
    }
    return n;
}

/* A field that the server may act by: once, and short. False: it is not. */
static bool take_field(const struct httpd_head *head, const char *name, char *ret, size_t size) {
    struct bytes value = fields_value(head, name);
    if (count(head, name) > 1 || value.n >= size) return false;
    bytes_copy(ret, value);
    ret[value.n] = '\0';
    return true;
}

/* Of what is judged: every method and field that could lead around the judge. */
static void check(struct exchange *x, const struct httpd_head *head, struct pass_plan *plan) {
    bool gets = bytes_is(head->method, "GET") || bytes_is(head->method, "HEAD") || bytes_is(head->method, "OPTIONS");
    if (!x->posts && !x->ends && !gets) refuse(plan, 405, "this method is not passed on");
    if (count(head, "mcp-session-id") > 1 || !take_field(head, "mcp-method", x->method, sizeof(x->method)) ||
        !take_field(head, "mcp-name", x->tool, sizeof(x->tool))) {
        refuse(plan, 400, "a field 'mcp-session-id', 'mcp-method' or 'mcp-name' is too long, or there twice");
    }
    if (fields_value(head, "content-encoding").n > 0) {
        refuse(plan, 415, "compressed requests cannot be judged; expected: no 'content-encoding'");
    }
    plan->holds = x->posts;
}

bool exchange_begin(struct exchange *x, struct streamable_shared *shared, const struct httpd_head *head,
                    struct pass_plan *plan) {
    struct bytes path = path_of(head), id = fields_value(head, "mcp-session-id");
    x->shared = shared;
    x->on = bytes_is(path, shared->path);
    if (!x->on) {
        (void)atomic_fetch_add(&shared->others, 1);
        bool looks = bytes_is(head->method, "GET") || bytes_is(head->method, "HEAD") || bytes_is(head->method, "OPTIONS");
        if (shared->judges && !(looks && bytes_has_prefix(path, WELL_KNOWN))) {
            refuse(plan, 404, "with --enforce only the server's endpoint is passed on");
        }
        return false;
    }
    x->posts = bytes_is(head->method, "POST");
    x->ends = bytes_is(head->method, "DELETE");
    x->named = id.n > 0;
    x->within = (struct tap_within){.exchange = atomic_fetch_add(&shared->exchanges, 1) + 1, .apart = !x->named};
    held_init(&x->sent, EXCHANGE_MESSAGE_MAX, &shared->left);
    held_init(&x->answer, EXCHANGE_MESSAGE_MAX, &shared->left);
    if (shared->judges) check(x, head, plan);
    if (id.n > SESSION_MAX) refuse(plan, 400, "'mcp-session-id' is too long");
    if (plan->status != 0) return true;
    x->session = sessions_get(shared->sessions, id);
    if (x->session == NULL && shared->judges) refuse(plan, 503, "too many sessions at once; try again");
    return true;
}

struct tap_record *exchange_record(const struct exchange *x) {
    return x->session != NULL ? x->session->record : NULL;
}

bool exchange_is_initialize(struct bytes text) {
    struct buf mp = {.max = INITIALIZE_MAX};
    struct rpc_message m;
    bool is = text.n <= INITIALIZE_MAX && json_to_mp(text, &mp, NULL) == 0 &&
              rpc_message_open(bytes_of_buf(&mp), &m, NULL) == 0 && bytes_is(m.method, "initialize");
    buf_done(&mp);
    return is;
}

void exchange_answered(struct exchange *x, const struct pass_answer *answer) {
    struct bytes id = fields_line(answer->lines, "mcp-session-id");
    x->status = answer->status;
    x->coded = answer->coded;
    x->streams = strcmp(answer->type, "text/event-stream") == 0;
    x->is_json = strcmp(answer->type, "application/json") == 0;
    bool good = answer->status >= 200 && answer->status <= 299;
    if (x->initializes && good && id.n > 0 && id.n <= SESSION_MAX) {
        struct session *begun = sessions_get(x->shared->sessions, id);
        if (begun != NULL) {
            sessions_put(x->shared->sessions, x->session);
            x->session = begun;
            x->within.apart = false;
        }
    }
    if (x->session != NULL && x->named && ((x->ends && good) || answer->status == 404)) {
        sessions_over(x->shared->sessions, x->session);
    }
}

void exchange_end(struct exchange *x, enum pass_end end, const char *error) {
    char words[32] = "";
    const char *outcome = end == PASS_CLIENT ? "cancelled" : "error";
    bool none = x->status == 0 || x->status >= 300; /* no answer of the server's, or one that is no message */
    if (!x->on) return;
    if (x->status >= 300) {
        (void)snprintf(words, sizeof(words), "http %u", x->status);
    } else {
        (void)snprintf(words, sizeof(words), "%.31s", error[0] != '\0' ? error : "unanswered");
    }
    /* In a session a stream that broke off may be continued, and a client that went away may come back. */
    bool gone = x->within.apart || (none && end != PASS_CLIENT) || (!x->streams && end != PASS_CLIENT);
    if (x->session != NULL && x->posts && gone) {
        tap_record_broken(x->session->record, x->within.exchange, outcome, words);
    }
    sessions_put(x->shared->sessions, x->session);
    sse_done(&x->sse);
    held_done(&x->sent);
    held_done(&x->answer);
    buf_done(&x->go);
    buf_done(&x->back);
    buf_done(&x->request);
    buf_done(&x->reply);
    tap_strict_done(&x->strict);
}
