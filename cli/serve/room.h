/* Commands that answer other programs.
 *
 * Sees: call, print, open. Begin with mcp.c.
 *
 *   mcp   'ledger mcp': this ledger, for agents */
#ifndef CLI_SERVE_ROOM_H
#define CLI_SERVE_ROOM_H

#endif
