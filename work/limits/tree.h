/* Processes counted from a process to its children, by /proc. What is started and gone between two looks is missed; the
 * time that it used is not, because whoever waits for a process takes its time over. */
#ifndef WORK_LIMITS_TREE_H
#define WORK_LIMITS_TREE_H

#include <stdint.h>
#include <sys/types.h>

struct limits_tree {
    uint64_t processes; /* and threads */
    uint64_t memory;    /* bytes in memory that are no file's, counted for each process that maps them; and page tables */
    uint64_t cpu_us;    /* of those that live, and of those that they waited for, each of these cut to 10 ms */
};

/* `top` and everything below it; `top` itself is in `cpu_us` alone. All 0 once it is gone. */
void limits_tree_count(pid_t top, struct limits_tree *ret);
/* The same memory, counted once where processes share it. Takes milliseconds for each gigabyte. */
uint64_t limits_tree_memory(pid_t top);
/* Calls `look` for each process below `top`. */
typedef void limits_tree_fn(void *ctx, pid_t pid);
void limits_tree_each(pid_t top, limits_tree_fn *look, void *ctx);

#endif
