/* Looks at servers of models: is one there, and what does it say of itself?
 *
 * Sees: base, and of the floor below it model, by work/probe.h. Begin with runtime.h.
 *
 *   runtime  one look at one server
 *   usual    where servers listen unless they are told otherwise
 *   many     several looks at once
 */
#ifndef WORK_LOOK_ROOM_H
#define WORK_LOOK_ROOM_H

#endif
