/* Blocks in a list, each filled from its beginning; what does not fit into the newest opens another, large enough. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define BLOCK ((size_t)16 << 10)
#define ALIGN alignof(max_align_t)

struct arena_block {
    struct arena_block *before;
    size_t size;
    alignas(max_align_t) uint8_t p[];
};

void *arena_take(struct arena *arena, size_t n) {
    if (n > arena->max - arena->bytes || n > SIZE_MAX / 2) return NULL;
    n = n == 0 ? ALIGN : (n + ALIGN - 1) / ALIGN * ALIGN;
    if (n > arena->left || arena->blocks == NULL) {
        size_t size = n > BLOCK ? n : BLOCK;
        struct arena_block *block = calloc(1, sizeof(*block) + size);
        if (block == NULL) return NULL;
        block->before = arena->blocks;
        block->size = size;
        arena->blocks = block;
        arena->left = size;
    }
    void *p = arena->blocks->p + (arena->blocks->size - arena->left);
    arena->left -= n;
    arena->bytes = n > arena->max - arena->bytes ? arena->max : arena->bytes + n;
    return p;
}

struct bytes arena_copy(struct arena *arena, struct bytes b) {
    uint8_t *p = b.n < SIZE_MAX ? arena_take(arena, b.n + 1) : NULL;
    if (p == NULL) return (struct bytes){NULL, 0};
    bytes_copy(p, b);
    return (struct bytes){p, b.n};
}

void arena_done(struct arena *arena) {
    while (arena->blocks != NULL) {
        struct arena_block *before = arena->blocks->before;
        free(arena->blocks);
        arena->blocks = before;
    }
    arena->left = 0;
    arena->bytes = 0;
}
