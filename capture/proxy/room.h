/* The proxy: passes the traffic between a client and a model server, and records it.
 *
 * Sees: edit, find, sources, setup, and the floors below.
 */
#ifndef CAPTURE_PROXY_ROOM_H
#define CAPTURE_PROXY_ROOM_H

#endif
