/* The gates of a promotion, from a declared file: what each asks for, and what was found.
 *
 * Sees: the rooms below, projections. Begin with gate.h. */
#ifndef EVALS_GATE_ROOM_H
#define EVALS_GATE_ROOM_H

#endif
