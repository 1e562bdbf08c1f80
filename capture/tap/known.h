/* What a server was seen to offer, from the log: the newest agent.tools_observed, which a cursor leads to, and those before it,
 * each the cause of the next. */
#ifndef CAPTURE_TAP_KNOWN_H
#define CAPTURE_TAP_KNOWN_H

#include "capture/tap/event.h"
#include "capture/tap/tools.h"
#include "ledger/log.h"

#define KNOWN_MAX 256 /* observations that are read, the newest */

struct known_seen {
    uint64_t seq;
    struct tap_tools tools;
};
struct known {
    struct known_seen *items; /* the newest first */
    size_t n, room;
    char key[TAP_KEY_LEN]; /* of the newest; "": there is none */
};
/* Nothing known is no failure. Free with known_done, also after a failure. */
int known_load(struct ledger *ledger, const char *server, size_t max, struct known *ret, struct err *err);
void known_done(struct known *known);
/* Adds one, as the newest; copies `tools`. */
int known_add(struct known *known, uint64_t seq, const struct tap_tools *tools, struct err *err);
/* Stores, with the batch, where the observation with this key is: after `from` events. */
int known_mark(struct log_batch *batch, const char *server, uint64_t from, const char *key, struct err *err);

#endif
