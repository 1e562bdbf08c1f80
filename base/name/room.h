/* Names as others read them.
 *
 * Sees: the files of base. Begin with fold.h.
 *
 *   fold   names that are the same to a reader without case */
#ifndef BASE_NAME_ROOM_H
#define BASE_NAME_ROOM_H

#endif
