/* The tools of 'ledger mcp'. */
#ifndef SERVE_TOOLS_TOOLS_H
#define SERVE_TOOLS_TOOLS_H

#include "serve/mcp/offer.h"

#define TOOLS_MAX 16

/* Fills the tools, with their schemas in `room`, which lives as long as they do. Returns their number. */
size_t tools_all(struct mcp_tool ret[TOOLS_MAX], struct buf *room);
/* The words of the command that answers, behind the global options that `words` has already. ERR_INVALID names the argument and what is
 * expected. */
int tools_command(size_t tool, struct bytes arguments, struct guest_words *words, struct err *err);

#endif
