/* Several looks at once: one that hangs holds up no other. */
#ifndef WORK_LOOK_MANY_H
#define WORK_LOOK_MANY_H

#include <stddef.h>
#include <stdint.h>

struct many {
    size_t n;
    uint64_t until; /* no look begins after that; ns of the monotonic clock */
    void *ctx;
    /* One look, at the number `i`, called by several threads: they share nothing but `ctx`. 0 or ERR_*. */
    int (*look)(void *ctx, size_t i);
};
/* Looks at each, in their order, by several threads, and waits for all of them. Returns the error of the last look that had one. */
int many_look(const struct many *many);

#endif
