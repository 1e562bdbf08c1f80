/* JSON-RPC 2.0 over lines, as the Model Context Protocol has it: for who stands between two programs, and for who answers one.
 *
 * Sees: the files of base. Begin with message.h.
 *
 *   line      lines out of a stream, whatever its pieces
 *   message   a message, opened by its parts */
#ifndef BASE_RPC_ROOM_H
#define BASE_RPC_ROOM_H

#endif
