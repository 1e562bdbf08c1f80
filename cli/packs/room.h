/* Packs on the command line: writing one, checking one, signing one, installing and removing one. Their states are listed by cli/states.
 *
 * Sees: states, and the rooms before it. Begin with pack.c, the table of subcommands.
 *
 *   pack       the subcommands of `ledger pack`
 *   validate   what is wrong with a directory, and what it is by digest
 *   install    `ledger pack install` and `upgrade`; show_plan: the plan; publishers: keys that sign
 *   remove     `ledger pack remove`, `park` and `unpark`
 *   held       files that stay because a run uses them
 *   fresh      `ledger pack new`
 *   sign       pack.sig
 *   schema     the form of manifests, for editors and documents */
#ifndef CLI_PACKS_ROOM_H
#define CLI_PACKS_ROOM_H

#endif
