/* JSON texts parsed on a second thread while the first one appends what was parsed before: parsing is the greater part of
 * reading JSON, and needs nothing but the text. Blocks of texts go to and fro; the order stays.
 *
 *   caller   fill 1, 2, 3, ... | take 1, fill 4 | take 2, fill 5 | ...
 *   thread   | parse 1 | parse 2 | parse 3 | parse 4 | ...
 *
 * Few texts are parsed at once by the caller, and all of them are when there can be no thread. */
#ifndef INGEST_INPUT_AHEAD_H
#define INGEST_INPUT_AHEAD_H

#include "base/bytes.h"

struct ahead;

/* No thread is started before there is work for it. */
int ahead_new(struct ahead **ret, struct err *err);
void ahead_free(struct ahead *ahead); /* NULL is fine */

/* What ahead_run works on. */
struct ahead_work {
    void *ctx;
    size_t n;
    /* Text i of n. It must stay as it is until it was taken. */
    struct bytes (*text)(void *ctx, size_t i);
    /* Called on the caller's thread in the order of i: `code` and `why` are json_to_mp's, `mp` is its result, both borrowed
     * for the call. Anything but 0 ends the work and is returned. */
    int (*take)(void *ctx, size_t i, int code, struct bytes mp, const char *why, struct err *err);
};
int ahead_run(struct ahead *ahead, const struct ahead_work *work, struct err *err);

#endif
