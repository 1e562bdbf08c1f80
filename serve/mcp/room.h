/* A server of the Model Context Protocol over standard input and output, whose tools are commands of this program.
 *
 * Sees: guest, and base. Begin with mcp.h.
 *
 *   offer    what is offered: tools, resources
 *   mcp      the loop: lines in, questions that run, lines out
 *   reply    messages as they are written: results, errors, lists
 *   method   what each method of the protocol asks
 *
 * Words. A "question" is a call of a tool, or the reading of a resource, whose answer is being made. "Modern" is a request of
 * version 2026-07-28, which names its version itself; all others begin with `initialize`. */
#ifndef SERVE_MCP_ROOM_H
#define SERVE_MCP_ROOM_H

#endif
