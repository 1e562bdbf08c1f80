/* Parses texts, JSON unless told otherwise, on a second thread while the caller appends what was parsed before: parsing is most of the work of
 * reading JSON, and needs only the text. Blocks of texts are handed over and back, in order.
 *
 *   caller   fill 1, 2, 3, ... | take 1, fill 4 | parse 4 | take 2, fill 5 | take 3 | ...
 *   thread   | parse 1 | parse 2 | parse 3           | parse 5 | ...
 *
 * Whoever would wait for the other parses the next block instead. A few texts, or all of them when no thread can be started,
 * are parsed by the caller. */
#ifndef INGEST_INPUT_AHEAD_H
#define INGEST_INPUT_AHEAD_H

#include "base/bytes.h"

struct ahead;

#define AHEAD_SIDES 2 /* 0: the caller, 1: the thread */

/* The thread is started when there is work for it. */
int ahead_new(struct ahead **ret, struct err *err);
void ahead_free(struct ahead *ahead); /* NULL is fine */

struct ahead_work {
    void *ctx;
    size_t n;
    /* Text i of n, asked for once, on the caller's thread, in the order of i. It must not change until it is taken. */
    struct bytes (*text)(void *ctx, size_t i);
    /* Called on the caller's thread in the order of i: `code` and `why` are the parser's, `mp` is its result, both borrowed
     * for the call. A non-zero answer ends the work and is returned. */
    int (*take)(void *ctx, size_t i, int code, struct bytes mp, const char *why, struct err *err);
    /* Parses text i in place of json_to_mp, with its contract; NULL: json_to_mp. Called on both threads at once, for different
     * texts; `side` says on which, for scratch memory. */
    int (*parse)(void *ctx, unsigned side, size_t i, struct bytes text, struct buf *out, struct err *err);
};
int ahead_run(struct ahead *ahead, const struct ahead_work *work, struct err *err);

#endif
