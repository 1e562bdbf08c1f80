/* Arguments with ${NAME} in them. */
#ifndef PACKS_RUN_WORDS_H
#define PACKS_RUN_WORDS_H

#include "base/arena.h"

#define WORDS_MAX ((size_t)1 << 20) /* bytes of all arguments of a program */

/* Appends what stands for a name: a path, or a value. ERR_INVALID: it stands for nothing. */
typedef int words_put_fn(void *ctx, struct bytes name, struct buf *out, struct err *err);

struct words {
    struct arena arena;
    const char **argv; /* NULL at the end */
    size_t n, cap;
};
void words_init(struct words *words);
void words_done(struct words *words);
/* Adds an argument as it is. */
int words_add(struct words *words, struct bytes text, struct err *err);
/* Adds one whose names are replaced. */
int words_expand(struct words *words, struct bytes text, words_put_fn *put, void *ctx, struct err *err);
/* Appends a text whose names are replaced. */
int words_write(struct bytes text, words_put_fn *put, void *ctx, struct buf *out, struct err *err);

#endif
