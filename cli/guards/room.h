/* Commands about guards: snapshots, tripcodes and what they order.
 *
 * Sees: states, evidence, and the rooms before them; not packs. Begin with recovery.c and tripcode.c.
 *
 *   recovery         `ledger recovery`: a copy is taken; recovery_verify reads snapshots again
 *   recovery_command snapshots of a file system, by a configured command
 *   tripcode         `ledger tripcode`: codes for steps of T3, LOCKDOWN, DIAGNOSTIC */
#ifndef CLI_GUARDS_ROOM_H
#define CLI_GUARDS_ROOM_H

#endif
