/* Commands of this program, run for somebody who may only read.
 *
 * Sees: base. Begin with guest.h.
 *
 *   guest   a command in a process of its own: what it printed, bounded in time and size */
#ifndef SERVE_GUEST_ROOM_H
#define SERVE_GUEST_ROOM_H

#endif
