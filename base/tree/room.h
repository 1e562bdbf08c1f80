/* Trees of files: a copy that can be read again and compared, byte for byte.
 *
 * Sees: base. Begin with copy.h; beneath opens files so that no link leads elsewhere. */
#ifndef BASE_TREE_ROOM_H
#define BASE_TREE_ROOM_H

#endif
