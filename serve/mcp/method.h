/* What a message asks, checked: the method's parameters, and which version it is of. */
#ifndef SERVE_MCP_METHOD_H
#define SERVE_MCP_METHOD_H

#include "base/rpc/message.h"
#include "serve/mcp/reply.h"

enum mcp_asks { MCP_ASKS_NOTHING, MCP_ASKS_TOOL, MCP_ASKS_RESOURCE, MCP_CANCELS };

struct mcp_ask {
    enum mcp_asks asks;
    bool modern;
    struct guest_words words; /* of a tool or resource; the caller frees them */
    struct bytes about;       /* the id that is cancelled, or the resource's address; borrowed from the message */
};

/* Answers what can be answered at once, to `out`, and says what else is asked. ERR_NOMEM, ERR_LIMIT alone: what is wrong with the
 * message is answered. */
int mcp_take(const struct mcp_server *server, struct bytes line, struct buf *message, struct buf *out, struct mcp_ask *ret,
             struct bytes *ret_id, struct err *err);

#endif
