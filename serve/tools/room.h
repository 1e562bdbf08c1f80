/* The tools of 'ledger mcp', each a command of this program.
 *
 * Sees: guest, mcp, and base. Begin with tools.def.
 *
 *   tools   the tools and their arguments as a table: schemas, and the words of a command */
#ifndef SERVE_TOOLS_ROOM_H
#define SERVE_TOOLS_ROOM_H

#endif
