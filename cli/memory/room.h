/* memory: what agents remember, proposed, checked, admitted and taken back.
 *
 * Sees: the rooms of cli below. Begin with memory.c.
 *
 *   memory    the subcommands
 *   propose   text is searched for secrets and personal data; what is stored is what is left
 *   admit     admit and reject: a person's or a rule's decision
 *   revoke    takes memories back, by id or digest, and says whom they reached
 *
 * Whether a step is legal is decided in projections/council/memories.c. */
#ifndef CLI_MEMORY_ROOM_H
#define CLI_MEMORY_ROOM_H

#endif
