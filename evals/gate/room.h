/* Gates: what a candidate has to pass before it may be promoted, and the answers with what was measured.
 *
 * Sees: the rooms of evals before it, packs, projections, ledger, base. Begin with gates.h.
 *
 *   link   a link to what is live: what it leads to, and one exchange
 *   policy a file of gates, and the one that is included
 *   paired the candidate's samples against those of what is live
 *   gates  asks each gate; a gate is a pure function of the events before the question
 *   help   the command that helps a closed gate
 *
 * Words. A gate is "open" when its rule is met, and "closed" otherwise: also when nobody knows. */
#ifndef EVALS_GATE_ROOM_H
#define EVALS_GATE_ROOM_H

#endif
