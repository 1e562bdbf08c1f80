/* What is said of a step that reached a limit: with the limit. */
#ifndef WORK_RUN_BOUND_H
#define WORK_RUN_BOUND_H

#include <stddef.h>
#include <stdint.h>

enum { BOUND_WORDS = 32 };

/* "4 s", "300 ms", "10 min": exact. */
const char *run_bound_time(uint64_t ms, char ret[BOUND_WORDS]);
/* "8 MiB", "300000 bytes": exact. */
const char *run_bound_size(uint64_t bytes, char ret[BOUND_WORDS]);

#endif
