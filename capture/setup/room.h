/* What setup inserts for each program that was found, and how it takes it back.
 *
 * Sees: find, sources, and the floors below. Begin with setup.h; setup.c has the order of the steps.
 *
 *   agent      the agents that setup knows (agents.def), and where their settings are
 *   insert     what is inserted, and how it is recognised
 *   withdraw   our entries out of settings that were changed since; withdraw_toml is its part for TOML
 *   mcp        servers that settings name, and the tap before them
 *   record     the inserted bytes and their places, a file in the ledger's directory
 *   setup      looking, applying, undoing
 *   stack      the same, of several changes of one file
 */
#ifndef CAPTURE_SETUP_ROOM_H
#define CAPTURE_SETUP_ROOM_H

#endif
