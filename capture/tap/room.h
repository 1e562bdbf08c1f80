/* The tap: passes the traffic between a client and a server of MCP, and records it.
 *
 * Sees: edit, find, sources, setup, and the floors below. Begin with session.h, then stdio.c.
 *
 *   tools     what a server offers, over the pages of its lists, by digests
 *   names     names that a person gives: of the server, the agent, groups of tools
 *   event     one event in the making
 *   observe   a list of tools against the last one: what is news, what is an alarm
 *   session   messages in, events out
 *   known     what a server was seen to offer, from the log
 *   record    copies of what passes, queued, and written by one thread
 *   judge     may this call leave?
 *   strict    messages of a tap that judges: read, judged, written anew
 *   stdio     a server as a child, its input and output passed through
 *
 * Words. A "side" is the client or the server, whoever wrote a message. A "piece" is what one read gave; a "line" one message of
 * the protocol, or what stands in its place. To "observe" is to record what a server offers. */
#ifndef CAPTURE_TAP_ROOM_H
#define CAPTURE_TAP_ROOM_H

#endif
