/* Memory for many small things that live and die together: taken piece by piece, freed at once. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

/* Zeroed, with a maximum, is empty. */
struct arena {
    struct arena_block *blocks; /* the newest first */
    size_t left;                /* bytes free at the end of the newest */
    size_t bytes;               /* taken so far */
    size_t max;
};

/* n zeroed bytes, aligned for any type, valid until arena_done. NULL: out of memory, or more than the maximum in all. */
void *arena_take(struct arena *arena, size_t n);
/* A copy that a NUL follows. The empty view of an empty text has p set too; p is NULL on failure. */
struct bytes arena_copy(struct arena *arena, struct bytes b);
/* Frees everything. The arena may be used again. */
void arena_done(struct arena *arena);

#endif
