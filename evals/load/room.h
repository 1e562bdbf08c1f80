/* The way to a suite for everybody: read by evals/suite, with what the checks and the statistics know of it.
 *
 * Sees: suite, check, stat. Begin with load.h. */
#ifndef EVALS_LOAD_ROOM_H
#define EVALS_LOAD_ROOM_H

#endif
