/* A body that is kept until it is whole: bounded for itself, and with all others together. */
#ifndef CAPTURE_PASS_HELD_H
#define CAPTURE_PASS_HELD_H

#include <stdatomic.h>

#include "base/bytes.h"

struct held {
    struct buf body;
    atomic_llong *left; /* what all may still hold */
    size_t counted;
};

void held_init(struct held *held, size_t max, atomic_llong *left);
void held_done(struct held *held);
/* ERR_LIMIT: it is too large, or too much is held at this moment. */
int held_put(struct held *held, struct bytes piece, struct err *err);

#endif
