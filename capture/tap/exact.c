/* Of clients, members that JSON-RPC does not have are refused altogether; of servers, those that fold to one it has. Within the
 * arguments of a call no object may have two names that fold alike, because a reader without case takes either for the one that a
 * rule names. */
#include "capture/tap/exact.h"

#include <stdlib.h>

#include "base/mp.h"
#include "base/name/fold.h"

enum match { OTHER, EXACT, FOLDED };

static enum match match(struct bytes name, const char *const *known) {
    for (size_t i = 0; known[i] != NULL; i++) {
        if (bytes_is(name, known[i])) return EXACT;
    }
    for (size_t i = 0; known[i] != NULL; i++) {
        if (fold_same(name, bytes_of(known[i]))) return FOLDED;
    }
    return OTHER;
}

static const char *const members[] = {"jsonrpc", "id", "method", "params", "result", "error", NULL};
static const char *const parameters[] = {"name",         "arguments", "_meta", "task",   "inputResponses",
                                         "requestState", "jsonrpc",   "id",    "method", "params",
                                         "result",       "error",     NULL};
static const char *const listing[] = {"tools", "nextCursor", "_meta", NULL};
static const char *const defining[] = {"name", "title", "description", "inputSchema", "outputSchema", "annotations", NULL};
static const char *const methods[] = {"initialize",
                                      "ping",
                                      "server/discover",
                                      "tools/list",
                                      "tools/call",
                                      "resources/list",
                                      "resources/read",
                                      "resources/templates/list",
                                      "resources/subscribe",
                                      "resources/unsubscribe",
                                      "subscriptions/listen",
                                      "prompts/list",
                                      "prompts/get",
                                      "completion/complete",
                                      "logging/setLevel",
                                      "roots/list",
                                      "sampling/createMessage",
                                      "elicitation/create",
                                      "tasks/get",
                                      "tasks/list",
                                      "tasks/result",
                                      "tasks/update",
                                      "tasks/cancel",
                                      "notifications/initialized",
                                      "notifications/cancelled",
                                      "notifications/progress",
                                      "notifications/message",
                                      "notifications/roots/list_changed",
                                      "notifications/tools/list_changed",
                                      "notifications/prompts/list_changed",
                                      "notifications/resources/list_changed",
                                      "notifications/resources/updated",
                                      "notifications/elicitation/complete",
                                      "notifications/tasks/status",
                                      NULL};

/* The worst match of the names of a map; of what is no map, EXACT. */
static enum match worst(struct bytes map, const char *const *known) {
    struct mp_reader r;
    struct mp_item head, name;
    enum match ret = EXACT;
    mp_reader_init(&r, map);
    if (map.n == 0 || !mp_take(&r, MP_MAP, &head)) return EXACT;
    for (uint32_t i = 0; i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &name) || mp_skip(&r, 1, NULL, NULL) != 0) return FOLDED;
        enum match one = match(name.data, known);
        if (one == FOLDED) return FOLDED;
        if (one == OTHER) ret = OTHER;
    }
    return ret;
}

static bool is_plain(struct bytes method) {
    for (size_t i = 0; i < method.n; i++) {
        if (method.p[i] <= ' ' || method.p[i] >= 0x7F) return false;
    }
    return true;
}

/* What is listed under a name that a client could read as another. */
static bool is_list_exact(struct bytes result) {
    struct mp_reader r;
    struct mp_item head;
    struct bytes raw, list = rpc_member(result, "tools");
    mp_reader_init(&r, list);
    if (worst(result, listing) == FOLDED) return false;
    if (list.n == 0 || !mp_take(&r, MP_ARRAY, &head)) return true;
    for (uint32_t i = 0; i < head.count && mp_skip(&r, 1, &raw, NULL) == 0; i++) {
        if (worst(raw, defining) == FOLDED) return false;
    }
    return true;
}

static int by_hash(const void *a, const void *b) {
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Whether an object in the value has two names that fold alike. No memory: it may. */
static bool has_twins(struct mp_reader *r) {
    struct mp_item head, name;
    uint64_t *hashes = NULL;
    bool twins = mp_next(r, &head, NULL) != 0;
    if (!twins && head.type == MP_MAP && head.count > 0) twins = (hashes = calloc(head.count, sizeof(*hashes))) == NULL;
    uint32_t n = head.type == MP_MAP || head.type == MP_ARRAY ? head.count : 0;
    for (uint32_t i = 0; !twins && i < n; i++) {
        twins = hashes != NULL && !mp_take(r, MP_STR, &name);
        if (!twins && hashes != NULL) hashes[i] = fold_hash(name.data);
        twins = twins || has_twins(r);
    }
    if (!twins && hashes != NULL) qsort(hashes, n, sizeof(*hashes), by_hash);
    for (uint32_t i = 1; !twins && hashes != NULL && i < n; i++) {
        twins = hashes[i] == hashes[i - 1];
    }
    free(hashes);
    return twins;
}

static bool are_arguments_exact(struct bytes params) {
    struct bytes arguments = rpc_member(params, "arguments");
    struct mp_reader r;
    mp_reader_init(&r, arguments);
    return arguments.n == 0 || !has_twins(&r);
}

const char *tap_exact_fault(struct bytes mp, const struct rpc_message *m, enum tap_side side) {
    enum match all = worst(mp, members);
    if (all == FOLDED) {
        return "a member of the message has a name that reads as another without case; expected: 'jsonrpc', 'id', "
               "'method', "
               "'params', 'result' and 'error' as they are";
    }
    if (side == TAP_CLIENT && all == OTHER) {
        return "the message has a member beside 'jsonrpc', 'id', 'method', 'params', 'result' and 'error'";
    }
    if (!is_plain(m->method)) return "'method' has control characters, blanks or characters beyond ASCII";
    if (m->method.n > 0 && match(m->method, methods) == FOLDED) return "'method' is a known one in other letters";
    if (bytes_is(m->method, "tools/call") && worst(m->params, parameters) == FOLDED) {
        return "a member of 'params' has a name that reads as another without case; expected: 'name', 'arguments' and "
               "'_meta' "
               "as they are";
    }
    if (bytes_is(m->method, "tools/call") && !are_arguments_exact(m->params)) {
        return "an object in 'arguments' has two names that read alike without case";
    }
    if (side == TAP_SERVER && m->form == RPC_RESULT && !is_list_exact(m->result)) {
        return "a member of 'result' has a name that reads as another without case";
    }
    return NULL;
}

bool tap_exact_is_foreign(struct bytes mp) {
    static const char *const of_messages[] = {"jsonrpc", "id", "method", "params", "result", NULL};
    struct mp_reader r;
    struct mp_item head, name;
    mp_reader_init(&r, mp);
    if (mp.n == 0 || !mp_take(&r, MP_MAP, &head)) return false;
    for (uint32_t i = 0; i < head.count; i++) {
        if (!mp_take(&r, MP_STR, &name) || mp_skip(&r, 1, NULL, NULL) != 0) return false;
        if (match(name.data, of_messages) != OTHER) return false;
    }
    return true;
}
