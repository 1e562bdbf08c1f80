/* The sandbox itself: which bubblewrap, which user, what it is told, and the few lines between fork and exec.
 *
 * Sees: base, inside, seccomp, limits, egress. Begin with args.h, which lists what every step has; then launch.c.
 *
 *   bwrap    the program that makes the sandbox: its version, and whether it can do what is asked of it
 *   args     its arguments
 *   beneath  paths opened so that they cannot lead elsewhere
 *   user     the user of a step that root starts
 *   launch   from this process to bubblewrap */
#ifndef WORK_CONFINE_ROOM_H
#define WORK_CONFINE_ROOM_H

#endif
