/* Records in the log what the rows are, so that anyone who replays it can compare.
 *
 * Sees: every room of the engine. Begin with advance.h.
 *
 *   advance   folds what is missing, stores it in trees of hashes, and appends ledger.states_attested with their roots
 *   digests   appends ledger.projection_attested: one digest over all rows of a projection
 *
 * This is the only room of the floor that appends events. Answers are the same without it, only slower.
 *
 * Words. A "root" vouches for all rows of a projection (store/attested.h). To "advance" is to write a newer root. The "lag"
 * is the number of events after the newest root, which are folded for each answer. */
#ifndef PROJECTIONS_ATTEST_ROOM_H
#define PROJECTIONS_ATTEST_ROOM_H

#endif
