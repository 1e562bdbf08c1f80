/* Messages of a tap that judges: each is parsed strictly, and what goes on is the tap's own text of what it judged. What cannot be
 * parsed is answered with an error, or, from the server, dropped. */
#ifndef CAPTURE_TAP_STRICT_H
#define CAPTURE_TAP_STRICT_H

#include "capture/tap/judge.h"
#include "capture/tap/record.h"

struct tap_strict {
    struct tap_link *link;
    struct tap_record *record;
    struct tap_within within;
    enum tap_side side;                          /* whose lines these are */
    int (*pass)(void *ctx, struct bytes text);   /* to the other side; lines with their LF. Non-zero ends */
    int (*answer)(void *ctx, struct bytes text); /* back to this side */
    void *ctx;
    size_t called; /* calls that were let pass */
    struct buf mp, text, words;
};
/* The fields before `called` are the caller's. */
void tap_strict_init(struct tap_strict *strict);
void tap_strict_done(struct tap_strict *strict);
/* A rpc_line_fn. ERR_IO: `pass` or `answer` ended it. */
int tap_strict_line(void *strict, const struct rpc_line *line, struct err *err);

#endif
