/* A message names its version in `params._meta` (2026-07-28), or the conversation began with `initialize`. A method that was not
 * preceded by `initialize` is answered all the same: nothing depends on it. */
#include "serve/mcp/method.h"

#include <stdio.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"

struct asked {
    const struct mcp_server *server;
    struct rpc_message m;
    struct buf *out;
    struct mcp_ask *ret;
};

static int fail(const struct asked *a, int code, const char *message, struct err *err) {
    return mcp_put_error(a->out, a->m.id, code, message, NULL, err);
}

static int give(const struct asked *a, struct obj *result, struct err *err) {
    return mcp_put_result(a->out, a->m.id, a->ret->modern, result, err);
}

static bool text_of(struct bytes map, const char *name, struct bytes *ret) {
    struct mp_item item;
    struct mp_reader r;
    struct bytes raw = rpc_member(map, name);
    mp_reader_init(&r, raw);
    if (raw.n == 0 || !mp_take(&r, MP_STR, &item)) return false;
    *ret = item.data;
    return true;
}

/* ---- methods ---- */

static int initialize(const struct asked *a, struct err *err) {
    struct obj result = {0};
    struct bytes wanted = {0};
    const char *version = MCP_NEWEST;
    if (!text_of(a->m.params, "protocolVersion", &wanted)) {
        return fail(a, MCP_NO_PARAMS, "'protocolVersion' is missing; expected a text such as \"" MCP_NEWEST "\"", err);
    }
    for (size_t i = 0; mcp_versions[i] != NULL; i++) {
        if (bytes_is(wanted, mcp_versions[i]) && strcmp(mcp_versions[i], MCP_MODERN) != 0) version = mcp_versions[i];
    }
    mcp_about(a->server, version, false, &result);
    return give(a, &result, err);
}

static int discover(const struct asked *a, struct err *err) {
    struct obj result = {0};
    mcp_about(a->server, MCP_MODERN, true, &result);
    return give(a, &result, err);
}

static int ping(const struct asked *a, struct err *err) {
    struct obj result = {0};
    return give(a, &result, err);
}

static int list_tools(const struct asked *a, struct err *err) {
    struct obj result = {0};
    mcp_tools(a->server, a->ret->modern, &result);
    return give(a, &result, err);
}

static int list_resources(const struct asked *a, struct err *err) {
    struct obj result = {0};
    mcp_resources(a->server, false, a->ret->modern, &result);
    return give(a, &result, err);
}

static int list_templates(const struct asked *a, struct err *err) {
    struct obj result = {0};
    mcp_resources(a->server, true, a->ret->modern, &result);
    return give(a, &result, err);
}

static int unless_wrong(const struct asked *a, int rc, const struct err *why, enum mcp_asks asks, int code,
                        struct err *err) {
    if (rc == 0) {
        a->ret->asks = asks;
        return 0;
    }
    guest_words_done(&a->ret->words);
    return rc == ERR_NOMEM ? err_set(err, rc, "%s", why->msg) : fail(a, code, why->msg, err);
}

static int call_tool(const struct asked *a, struct err *err) {
    static const uint8_t none[] = {0x80}; /* {} */
    struct bytes name, arguments = rpc_member(a->m.params, "arguments");
    struct mp_reader r;
    struct mp_item item;
    struct err why = {0};
    char words[192];
    size_t i = 0;
    if (!text_of(a->m.params, "name", &name))
        return fail(a, MCP_NO_PARAMS, "'name' is missing; expected the name of a tool", err);
    while (i < a->server->n_tools && !bytes_is(name, a->server->tools[i].name)) {
        i++;
    }
    if (i == a->server->n_tools) {
        snprintf(words, sizeof(words), "there is no tool of that name; expected one of 'tools/list', such as '%s'",
                 a->server->tools[0].name);
        return fail(a, MCP_NO_PARAMS, words, err);
    }
    arguments = arguments.n > 0 ? arguments : (struct bytes){none, 1};
    mp_reader_init(&r, arguments);
    if (!mp_take(&r, MP_MAP, &item)) return fail(a, MCP_NO_PARAMS, "'arguments' is not an object", err);
    int rc = a->server->tool(a->server->ctx, i, arguments, &a->ret->words, &why);
    return unless_wrong(a, rc, &why, MCP_ASKS_TOOL, MCP_NO_PARAMS, err);
}

static int read_resource(const struct asked *a, struct err *err) {
    struct bytes uri;
    struct err why = {0};
    if (!text_of(a->m.params, "uri", &uri))
        return fail(a, MCP_NO_PARAMS, "'uri' is missing; expected the address of a resource", err);
    int rc = a->server->resource(a->server->ctx, uri, &a->ret->words, &why);
    a->ret->about = uri;
    return unless_wrong(a, rc, &why, MCP_ASKS_RESOURCE, rc == ERR_NOTFOUND ? MCP_NO_RESOURCE : MCP_NO_PARAMS, err);
}

static const struct method {
    const char *name;
    int (*answer)(const struct asked *asked, struct err *err);
} methods[] = {
    {"initialize", initialize},
    {"server/discover", discover},
    {"ping", ping},
    {"tools/list", list_tools},
    {"tools/call", call_tool},
    {"resources/list", list_resources},
    {"resources/templates/list", list_templates},
    {"resources/read", read_resource},
};

/* ---- messages ---- */

static int take_request(struct asked *a, struct err *err) {
    struct bytes version = {0};
    char words[160];
    if (text_of(rpc_member(a->m.params, "_meta"), "io.modelcontextprotocol/protocolVersion", &version)) {
        bool known = false;
        for (size_t i = 0; mcp_versions[i] != NULL; i++) {
            known = known || bytes_is(version, mcp_versions[i]);
        }
        if (!known) {
            snprintf(words, sizeof(words), "%.*s", (int)(version.n < 64 ? version.n : 64), (const char *)version.p);
            return mcp_put_error(a->out, a->m.id, MCP_NO_VERSION, "this version of the protocol is not supported", words,
                                 err);
        }
        a->ret->modern = bytes_is(version, MCP_MODERN);
    }
    a->ret->modern = a->ret->modern || bytes_is(a->m.method, "server/discover");
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (bytes_is(a->m.method, methods[i].name)) return methods[i].answer(a, err);
    }
    snprintf(words, sizeof(words), "there is no method '%.*s' here", (int)(a->m.method.n < 64 ? a->m.method.n : 64),
             (const char *)a->m.method.p);
    return fail(a, MCP_NO_METHOD, words, err);
}

int mcp_take(const struct mcp_server *server, struct bytes line, struct buf *message, struct buf *out, struct mcp_ask *ret,
             struct bytes *ret_id, struct err *err) {
    struct asked a = {.server = server, .out = out, .ret = ret};
    struct err why = {0};
    *ret = (struct mcp_ask){0};
    *ret_id = (struct bytes){0};
    buf_clear(message);
    int rc = json_to_mp(line, message, &why);
    if (rc == ERR_NOMEM) return err_set(err, rc, "%s", why.msg);
    if (rc != 0) return fail(&a, MCP_NO_JSON, why.msg, err);
    if (message->n > 0 && ((message->p[0] & 0xf0) == 0x90 || message->p[0] == 0xdc || message->p[0] == 0xdd)) {
        return fail(&a, MCP_NO_REQUEST, "batches are not taken: send each message on a line of its own", err);
    }
    if (rpc_message_open(bytes_of_buf(message), &a.m, &why) != 0) return fail(&a, MCP_NO_REQUEST, why.msg, err);
    *ret_id = a.m.id;
    if (a.m.form == RPC_REQUEST) return take_request(&a, err);
    if (a.m.form == RPC_NOTICE && bytes_is(a.m.method, "notifications/cancelled")) {
        ret->asks = MCP_CANCELS;
        ret->about = rpc_member(a.m.params, "requestId");
    }
    return 0; /* nothing was asked of the client, so there is no answer to wait for; other notices need none */
}
