/* Passing HTTP: between clients and one server behind, with somebody who watches, and may judge.
 *
 * Sees: find, sources, setup, and the floors below. Begin with serve.h, then pass.h, which is the order of things.
 *
 *   serve     listening, a thread for each connection, stopping
 *   client    one connection of a client: reading strictly, sending, a deadline on everything
 *   pass      one request and its answer, both ways at once, and the handler that sees them
 *   held      requests and answers that go on only when they are whole
 *   fields    which fields of a head are passed on, and in which form; pure
 *
 * Words. "Upstream": the one server behind. An "exchange" is one request with its answer. A "handler" is told of every exchange;
 * what it "holds" passes when it has seen all of it. */
#ifndef CAPTURE_PASS_ROOM_H
#define CAPTURE_PASS_ROOM_H

#endif
