/* Commands that answer other programs.
 *
 * Sees: call, print, open. Begin with mcp.c.
 *
 *   mcp    'ledger mcp': tools of the Model Context Protocol, each a command of this program
 *   tools  the tools and their arguments, from tools.def: schemas, and the words of a command */
#ifndef CLI_SERVE_ROOM_H
#define CLI_SERVE_ROOM_H

#endif
