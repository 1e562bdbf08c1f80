/* What setup inserts for each program that was found, and how it takes it back.
 *
 * Sees: edit, find, sources, and the floors below.
 */
#ifndef CAPTURE_SETUP_ROOM_H
#define CAPTURE_SETUP_ROOM_H

#endif
