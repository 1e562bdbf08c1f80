/* Server-sent events (HTML standard, 9.2.6), out of a stream that comes in pieces of any size. */
#ifndef CAPTURE_STREAMABLE_SSE_H
#define CAPTURE_STREAMABLE_SSE_H

#include "capture/pass/held.h"

#define SSE_WORD_MAX 256 /* bytes of an id, or of a type; a longer one is none */

/* Borrowed for the call. What was not said is empty. */
struct sse_event {
    struct bytes data; /* its lines joined by LF */
    struct bytes id, type, retry;
    bool has_data, has_id;
};
/* A non-zero answer ends the reading and is returned. */
typedef int sse_fn(void *ctx, const struct sse_event *event, struct err *err);

struct sse {
    struct held line, data;
    char id[SSE_WORD_MAX + 1], type[SSE_WORD_MAX + 1], retry[24];
    bool has_data, has_id, after_cr, begun;
    bool skips;       /* the event is too large: its rest is dropped */
    uint64_t skipped; /* bytes of such events, so far */
    sse_fn *take;
    void *ctx;
};

/* `max` bytes of an event; `left`: as held_init. */
void sse_init(struct sse *sse, size_t max, atomic_llong *left, sse_fn *take, void *ctx);
void sse_done(struct sse *sse);
/* Gives every event that ends in the piece, also those without data. An event that is too large is skipped and counted. */
int sse_put(struct sse *sse, struct bytes piece, struct err *err);
/* An event, written: its type unless that is empty or "message", its id, and `text`, which has no line ends, as its data. */
void sse_write(struct buf *out, const struct sse_event *as, struct bytes text);

#endif
