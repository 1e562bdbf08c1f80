/* Of clients, members that JSON-RPC does not have are refused altogether; of servers, those that fold to one it has. Names are
 * compared as Go's encoding/json does: ASCII without case, and the two characters beyond ASCII that fold into it. */
#include "capture/tap/exact.h"

#include <stddef.h>

#include "base/mp.h"

enum { LONG_S_1 = 0xC5, LONG_S_2 = 0xBF, KELVIN_1 = 0xE2, KELVIN_2 = 0x84, KELVIN_3 = 0xAA };

/* The next character of a name, folded; *at moves on. */
static uint8_t fold_next(struct bytes name, size_t *at) {
    const uint8_t *p = name.p + *at;
    size_t left = name.n - *at;
    if (left >= 2 && p[0] == LONG_S_1 && p[1] == LONG_S_2) {
        *at += 2;
        return 's';
    }
    if (left >= 3 && p[0] == KELVIN_1 && p[1] == KELVIN_2 && p[2] == KELVIN_3) {
        *at += 3;
        return 'k';
    }
    *at += 1;
    return p[0] >= 'A' && p[0] <= 'Z' ? (uint8_t)(p[0] + ('a' - 'A')) : p[0];
}

static bool folds_to(struct bytes name, const char *known) {
    struct bytes other = bytes_of(known);
    size_t a = 0, b = 0;
    while (a < name.n && b < other.n) {
        if (fold_next(name, &a) != fold_next(other, &b)) return false;
    }
    return a == name.n && b == other.n;
}

enum match { OTHER, EXACT, FOLDED };

static enum match match(struct bytes name, const char *const *known) {
    for (size_t i = 0; known[i] != NULL; i++) {
        if (bytes_is(name, known[i])) return EXACT;
    }
    for (size_t i = 0; known[i] != NULL; i++) {
        if (folds_to(name, known[i])) return FOLDED;
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
    struct bytes raw, list = tap_member(result, "tools");
    mp_reader_init(&r, list);
    if (worst(result, listing) == FOLDED) return false;
    if (list.n == 0 || !mp_take(&r, MP_ARRAY, &head)) return true;
    for (uint32_t i = 0; i < head.count && mp_skip(&r, 1, &raw, NULL) == 0; i++) {
        if (worst(raw, defining) == FOLDED) return false;
    }
    return true;
}

const char *tap_exact_fault(struct bytes mp, const struct tap_message *m, enum tap_side side) {
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
    if (side == TAP_SERVER && m->form == TAP_RESULT && !is_list_exact(m->result)) {
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
