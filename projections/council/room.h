/* What is argued about before it is decided, what agents may keep, and small trained additions to models.
 *
 * Sees: the engine (rows to view), permissions, recovery, machine. Begin with tally.h, the rule of a debate; then council.h.
 *
 *   council    the projection: its tables debates, debate_votes, memories, memory_reach
 *   tally      what the votes of a debate say: a pure function of numbers
 *   debates    the fold of debates: who may vote, when, and what breaks a rule
 *   judge      may something that rests on a debate go on?
 *   memories   the fold of memories: from candidate to admitted, and back
 *   adapters   the projection of adapters: declared, canaried, promoted, attached
 *
 * Words. A "voter" is named with a verifier key when a debate opens; only its signed votes count. A "fault" is a broken rule: it
 * closes the debate. To "conclude" is to record what the votes say. A "recall" gives a memory to a model; its "reach" is who got it. */
#ifndef PROJECTIONS_COUNCIL_ROOM_H
#define PROJECTIONS_COUNCIL_ROOM_H

#endif
