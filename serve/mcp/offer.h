/* What the server offers: tools and resources, and which command answers. */
#ifndef SERVE_MCP_OFFER_H
#define SERVE_MCP_OFFER_H

#include "serve/guest/guest.h"

#define MCP_RESULT_MAX ((size_t)64 << 10) /* bytes of a result's text */

struct mcp_tool {
    const char *name, *title, *about;
    const char *schema; /* of its arguments, JSON Schema, as text */
};

struct mcp_resource {
    const char *uri, *name, *about;
    bool is_template; /* RFC 6570 */
};

struct mcp_server {
    const char *version;      /* of the program */
    const char *instructions; /* for the model */
    const char *program;      /* the path of this program */
    uint64_t limit_ns;        /* the time for one answer */
    const struct mcp_tool *tools;
    size_t n_tools;
    const struct mcp_resource *resources;
    size_t n_resources;
    void *ctx;
    /* The command that answers. `arguments`: a map. ERR_INVALID: an argument is wrong; the message says what is expected. */
    int (*tool)(void *ctx, size_t tool, struct bytes arguments, struct guest_words *ret, struct err *err);
    /* The same of a resource. ERR_NOTFOUND: there is none of that address. */
    int (*resource)(void *ctx, struct bytes uri, struct guest_words *ret, struct err *err);
};

#endif
