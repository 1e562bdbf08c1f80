/* A line of `keys` or `erasures`: read and checked by keys.c, judged by the files that read such lines. */
#ifndef EXPORT_VERIFY_KEY_LINE_H
#define EXPORT_VERIFY_KEY_LINE_H

#include "export/verify/checking.h"

struct key_line {
    bool has_checkpoint;
    struct buf note, header, payload;
    struct merkle_proof inclusion, consistency;
    uint8_t salt[EVENT_HASH], leaf[EVENT_HASH];
    uint64_t seq;
    struct event_header h;
    struct bytes body;
};

void key_line_init(struct key_line *l);
void key_line_done(struct key_line *l);
int key_line_take(struct checking *c, struct key_line *l, bool erasure, struct err *err);
/* Checks that header and payload belong together, and to this seq. */
int key_line_check(struct checking *c, struct key_line *l, struct err *err);

/* The event begins an epoch. `before`: the root of the events before it; not for genesis. */
int key_line_genesis(struct checking *c, const struct key_line *l, struct err *err);
int key_line_epoch(struct checking *c, const struct key_line *l, const uint8_t before[EVENT_HASH], struct err *err);
/* The root of the tree before a leaf that is the last of its own tree. */
void key_line_before(const struct key_line *l, uint8_t ret[EVENT_HASH]);
/* Parses a checkpoint: `note` and *point borrow from `bytes`. */
int check_take_note(struct checking *c, struct bytes bytes, struct note *note, struct checkpoint *point, struct err *err);
/* Requires signatures by the log key and by each epoch key that seals this size, and none by another epoch key; then the
 * signers are remembered. */
int check_note(struct checking *c, const struct note *note, const struct checkpoint *point, struct err *err);

#endif
