/* Commands of live capture: setup, sources, tap, follow.
 *
 * Sees: the rooms of cli before it, and the floor capture.
 */
#ifndef CLI_CAPTURE_ROOM_H
#define CLI_CAPTURE_ROOM_H

#endif
