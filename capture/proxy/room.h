/* The proxy: passes the traffic between a client and a model server, and records it. What proxy.h promises.
 *
 * Sees: find, sources, setup, pass, and the floors below. Begin with proxy.h, then watch.c.
 *
 *   proxy     the server (capture/pass) with the handler below
 *   watch     the handler: what is recorded of one exchange, while its bytes pass by
 *   members   the top of a request's JSON, however long it is
 *   facts     what the frames of an answer say
 *   names     which weights are behind a model's name, as the ledger's states know it
 *   recorder  the queue, and the thread that writes it into the ledger
 *
 * Words. As capture/pass. A "call" is an exchange that asks a model.
 */
#ifndef CAPTURE_PROXY_ROOM_H
#define CAPTURE_PROXY_ROOM_H

#endif
