/* Commands about what agents remember: memory ....
 *
 * Sees: the rooms of cli below. Begin with memory.c. */
#ifndef CLI_MEMORY_ROOM_H
#define CLI_MEMORY_ROOM_H

#endif
