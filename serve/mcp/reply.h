/* Messages as the server writes them: one line each. */
#ifndef SERVE_MCP_REPLY_H
#define SERVE_MCP_REPLY_H

#include "base/obj.h"
#include "serve/mcp/offer.h"

enum {
    MCP_NO_JSON = -32700,
    MCP_NO_REQUEST = -32600,
    MCP_NO_METHOD = -32601,
    MCP_NO_PARAMS = -32602,
    MCP_BROKEN = -32603,
    MCP_NO_RESOURCE = -32002,
    MCP_NO_VERSION = -32022
};

#define MCP_MODERN "2026-07-28"
#define MCP_NEWEST "2025-11-25"          /* of those that begin with `initialize` */
extern const char *const mcp_versions[]; /* these, newest first; ends with NULL */

/* Each appends one line. `id`: the item; empty: null. `result` is freed. `modern`: with what every result of that version has. */
int mcp_put_result(struct buf *out, struct bytes id, bool modern, struct obj *result, struct err *err);
int mcp_put_error(struct buf *out, struct bytes id, int code, const char *message, const char *versions_asked,
                  struct err *err);

/* Results. */
void mcp_about(const struct mcp_server *server, const char *version, bool modern, struct obj *ret);
void mcp_tools(const struct mcp_server *server, bool modern, struct obj *ret);
void mcp_resources(const struct mcp_server *server, bool templates, bool modern, struct obj *ret);
/* What a command printed, as the text of a result: {"command", "exit", "untrusted"}, at most MCP_RESULT_MAX bytes. *ret_failed: it
 * is no answer, and the text says why. */
int mcp_text(const struct guest_words *words, const struct guest *answer, struct buf *ret, bool *ret_failed,
             struct err *err);

#endif
