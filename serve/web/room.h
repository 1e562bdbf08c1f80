/* The HTTP server of 'ledger serve': an API and pages over one ledger.
 *
 * Sees: guest, access, tools, pages; lib, projections and ledger for what is answered at once; base. Begin with web.h, then routes.def.
 *
 *   routes    every path of the API as a table: who may, what answers
 *   web       what the server is given
 *   run       a request's way: who asks, may they, who answers
 *   who       tokens and sessions, and what is recorded of them
 *   visit     pages, and the way in for people
 *   pool      threads for answers that are short, and not short enough
 *   problem   answers as they are written: documents, refusals (RFC 9457)
 *   ask       answers of commands, made by guests
 *   question  paths whose answer is that of a command
 *   now       states and single events, answered at once from a view that is kept
 *   warm      what guests would have to find out each time, found out for them
 *   draft     an event as a client sends it      append    events, written together
 *   stream    what is new, for who stays (server-sent events)
 *   openapi   the description of the API, from the same table
 *   metrics   what this server did, for Prometheus
 *
 * Words. A "call" is a request with its parts taken apart and the name of who asks. A "question" is a call whose answer a command is
 * making. */
#ifndef SERVE_WEB_ROOM_H
#define SERVE_WEB_ROOM_H

#endif
