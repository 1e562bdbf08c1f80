/* HTTP: a client that asks one question, and a server that judges each request before it believes a byte of it.
 *
 * Sees: the files of base. Neither half knows what it carries.
 *
 * Begin with http.h (client, the one door to libcurl) or server.h (one listener, one thread).
 *
 *   http    one request, one answer, limits on everything
 *   head    the head of an answer: what is refused of it
 *   bearer  the file with the secret that a request carries
 *   server  what a server is given, and how it answers: at once, later, piece by piece
 *   loop    epoll, new connections, deadlines and shutting down
 *   connection  one connection's requests and answers
 *   read    the bytes of a request as they come, after RFC 9112
 *   guard   may this request pass: host, origin, method, framing; a pure judgement
 *   body    bodies, compressed or not, up to their limit
 *   passed  sockets that a service manager opened
 *   h2      HTTP/2: only what says that it is not served
 *   target  a path and its parameters, decoded     peer    who is at the other end
 *   listen  addresses and sockets        status  heads of answers, refusals
 *
 * Words. Phase: a part of a connection's life that has a deadline of its own. Guard: refuses what could be smuggled
 * or sent by a web page. Loaded: libcurl is looked for at its first use, not linked. */
#ifndef BASE_HTTP_ROOM_H
#define BASE_HTTP_ROOM_H

#endif
