/* The server's loop. */
#ifndef SERVE_MCP_MCP_H
#define SERVE_MCP_MCP_H

#include "serve/mcp/offer.h"

/* Answers until the input ends, what it asked last included, or until the descriptor `stop` can be read. ERR_IO: nobody reads
 * the output. */
int mcp_serve(const struct mcp_server *server, int in, int out, int stop, struct err *err);

#endif
