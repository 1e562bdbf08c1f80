/* A control group for one step.
 *
 * Where one may be made is found once: version 2 in the nearest ancestor of this process's group that hands memory and pids
 * to its children and lets us make one; version 1 below this process's own groups of memory and pids. */
#ifndef WORK_LIMITS_CGROUP_H
#define WORK_LIMITS_CGROUP_H

#include "base/file.h"

enum { LIMITS_DIRS = 2 }; /* version 1 has one for memory and one for pids */

struct limits_place {
    int version; /* 2, 1 or 0: there is none */
    char dir[LIMITS_DIRS][FILE_PATH_MAX];
};
/* Tries: makes a group and removes it. Groups that a killed process left are removed on the way. */
void limits_cgroup_find(struct limits_place *ret);

struct limits_group {
    int version;
    char dir[LIMITS_DIRS][FILE_PATH_MAX]; /* empty: not there */
    int members[LIMITS_DIRS];             /* who writes 0 there joins: "cgroup.procs", or "tasks" of version 1; -1: none */
    int born;                             /* version 2: the directory, for processes that are born in it; -1: none */
};
#define LIMITS_NO_GROUP ((struct limits_group){.members = {-1, -1}, .born = -1})
/* `name` is this step's own among those of the machine. */
int limits_cgroup_new(const struct limits_place *place, const char *name, uint64_t memory, uint64_t processes,
                      struct limits_group *ret, struct err *err);

/* fork, but the child and what it starts are members. Version 2 lets a process be born in a group; else the child joins, and
 * *ret_joined says in the child whether it could (errno). The child may only use what is safe after a fork of a process with
 * threads, and no function of glibc that asks its list of threads (setuid and its like): where it is born in the group, glibc
 * was not told of it. Returns as fork does. */
pid_t limits_cgroup_fork(const struct limits_group *group, bool *ret_joined);

struct limits_used {
    uint64_t memory_max;
    bool memory_out;    /* the kernel ended something for lack of memory */
    bool processes_out; /* it refused a process */
};
void limits_cgroup_used(const struct limits_group *group, struct limits_used *ret);
/* Processor time of all that is or was in it; 0: it does not count time (version 1 has a hierarchy of its own for that). */
uint64_t limits_cgroup_time(const struct limits_group *group);
/* Ends all in it. */
void limits_cgroup_kill(const struct limits_group *group);
/* Removes it, once it is empty; waits up to a second for that. */
void limits_cgroup_done(struct limits_group *group);

#endif
