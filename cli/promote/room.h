/* Commands that bring a candidate into use: promote ....
 *
 * Sees: evals, and the rooms of cli below. Begin with promote.c. */
#ifndef CLI_PROMOTE_ROOM_H
#define CLI_PROMOTE_ROOM_H

#endif
