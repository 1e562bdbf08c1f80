/* The one way out: a proxy outside that lets a step reach what it was granted, and says what it reached.
 *
 * Sees: base, inside, seccomp, limits. Begin with proxy.h; the order of checks is at the top of proxy.c.
 *
 *   address   addresses that are nobody's business: loopback, private, link-local, multicast and the like
 *   grant     patterns of host and port, and whether a request fits one
 *   request   the head of a proxy request: CONNECT or an absolute URL
 *   proxy     connections: a thread for each
 *
 * Words. A "pattern" is "host:port", "*.host:port" or "[address]:port". An address is "named" by a pattern that is that
 * address. */
#ifndef WORK_EGRESS_ROOM_H
#define WORK_EGRESS_ROOM_H

#endif
