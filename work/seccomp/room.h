/* Which system calls a step may make: two filters, made by libseccomp.
 *
 * Sees: base. Begin with filter.h; the list of what is allowed is syscalls.def.
 *
 *   filter   the door to libseccomp: the filter of every step, and the one that closes a step's last doors
 *
 * Words. The "base filter" is the same for each step of a host; the "step filter" is loaded on top of it, last, and says
 * whether there are sockets and whether anything else may be executed. The kernel applies the stricter answer of both. */
#ifndef WORK_SECCOMP_ROOM_H
#define WORK_SECCOMP_ROOM_H

#endif
