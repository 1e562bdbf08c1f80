/* One request to an endpoint: a model's call, a question about a model, a check. What work/model.h and work/probe.h promise.
 *
 * Sees: base, and of egress the table of addresses. Begin with call.c, which is the order of things; then answer.h.
 *
 *   place     from a name to addresses, within a deadline
 *   site      an endpoint while it is open: its place, its secret, one exchange with it, and what went wrong in words
 *   ask       a request's JSON
 *   frame     bytes as they arrive --> lines (NDJSON), events (SSE) or one document
 *   answer    frames --> text, tool calls, counts: what the protocols mean
 *   vector    embeddings
 *   retry     may a call be repeated, and after which pause; pure
 *   identify  which model is behind a name
 *   call      attempts, deadlines, budget
 *   probe     one look at any URL
 *
 * Words. A "frame" is one JSON text of an answer. A "token" is a frame that carries a part of the answer, not a count. */
#ifndef WORK_MODEL_ROOM_H
#define WORK_MODEL_ROOM_H

#endif
