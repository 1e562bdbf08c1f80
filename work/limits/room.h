/* What a step may use of the machine, and how that is kept: by the kernel's groups where it lets us have one, else by
 * counting.
 *
 * Sees: base, inside, seccomp. Begin with cgroup.h.
 *
 *   cgroup   a group of one step, of version 2 or 1: limits, what it used, its end
 *   tree     processes counted by walking from a process to its children
 *   pids     process numbers as the kernel lists them, whole ones only
 *   files    bytes in a directory, for what may be written */
#ifndef WORK_LIMITS_ROOM_H
#define WORK_LIMITS_ROOM_H

#endif
