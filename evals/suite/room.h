/* A suite of cases and thresholds, read from YAML, JSON or JSON Lines: checked, hashed, and free of faults afterwards.
 *
 * Sees: base. Begin with suite.h. */
#ifndef EVALS_SUITE_ROOM_H
#define EVALS_SUITE_ROOM_H

#endif
