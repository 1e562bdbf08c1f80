/* The tap: passes the traffic between a client and a server of MCP, and records it.
 *
 * Sees: edit, find, sources, setup, and the floors below.
 */
#ifndef CAPTURE_TAP_ROOM_H
#define CAPTURE_TAP_ROOM_H

#endif
