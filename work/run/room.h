/* One step from its request to its result: what work/process.h promises.
 *
 * Sees: all rooms of the floor. Begin with process.c, which is the order of things; then the drawing at the top of watch.c.
 *
 *   host      what every step of a run shares: bubblewrap, the user, the keeper, the base filter
 *   process   a request checked, its parts opened, the step started and its result filled in
 *   watch     the loop: messages, output, reports, time and limits, until nothing of the step is left
 *   report    what the step writes to its socket: lines
 *   post      or a request of HTTP */
#ifndef WORK_RUN_ROOM_H
#define WORK_RUN_ROOM_H

#endif
