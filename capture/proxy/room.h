/* The proxy: passes the traffic between a client and a model server, and records it. What proxy.h promises.
 *
 * Sees: edit, find, sources, setup, and the floors below. Begin with proxy.h, then pass.c, which is the order of things.
 *
 *   proxy     listening, a thread for each connection, stopping
 *   client    one connection of a client: reading strictly, sending, a deadline on everything
 *   pass      one request and its answer, both ways at once
 *   fields    which fields of a head are passed on, and in which form; pure
 *   watch     what is recorded of one exchange, while its bytes pass by
 *   members   the top of a request's JSON, however long it is
 *   facts     what the frames of an answer say
 *   names     which weights are behind a model's name, as the ledger's states know it
 *   recorder  the queue, and the thread that writes it into the ledger
 *
 * Words. "Upstream": the one server behind the proxy. An "exchange" is one request with its answer; a "call" is one that asks a model.
 */
#ifndef CAPTURE_PROXY_ROOM_H
#define CAPTURE_PROXY_ROOM_H

#endif
