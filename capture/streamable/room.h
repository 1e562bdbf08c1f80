/* The tap for servers of MCP that are reached over HTTP ("streamable HTTP" in the protocol). What streamable.h promises.
 *
 * Sees: find, sources, setup, pass, tap, and the floors below. Begin with streamable.h, then exchange.h.
 *
 *   sse         server-sent events out of a stream, and into one
 *   sessions    which conversation a request belongs to, each a run with a recorder of its own
 *   exchange    what both handlers know of a request and its answer
 *   copies      the handler that only records
 *   judged      the handler that lets pass what is permitted
 *   streamable  the server (capture/pass) with one of the two
 *
 * Words. As capture/pass and capture/tap. A "session" is the protocol's: what requests with one Mcp-Session-Id belong to. */
#ifndef CAPTURE_STREAMABLE_ROOM_H
#define CAPTURE_STREAMABLE_ROOM_H

#endif
