/* Two evaluations side by side, sample by sample: what flipped, and whether that is noise.
 *
 * Sees: the rooms below, query. Begin with compare.h. */
#ifndef EVALS_COMPARE_ROOM_H
#define EVALS_COMPARE_ROOM_H

#endif
