/* Writes what the proxy saw into the ledger, on a thread of its own, so that no exchange waits for a disk.
 *
 *   exchanges --put--> a bounded queue --> one commit for all that waits --> the ledger
 *
 * What the queue has no room for, and what the ledger does not take, is counted; an event ledger.gap says how many as soon as the
 * ledger takes events again. */
#ifndef CAPTURE_PROXY_RECORDER_H
#define CAPTURE_PROXY_RECORDER_H

#include "base/mp_map.h"
#include "ledger/log.h"

struct recorder;

#define RECORDER_KEY_MAX 64

struct recorder_stats {
    uint64_t written, lost;
};

struct recorder_options {
    const char *actor, *source; /* borrowed */
};
int recorder_open(struct ledger *ledger, const struct recorder_options *options, struct recorder **ret, struct err *err);
/* Takes a copy. False: there is no room, or a map is too large, and it is counted as lost. `cause`: the key of an earlier
 * event, "" for none. */
struct recorder_event {
    const char *kind, *run, *key, *cause;
    struct mp_map *body, *private_;
};
bool recorder_put(struct recorder *r, const struct recorder_event *event);
/* Writes what waits, for a few seconds at most. NULL is fine. */
void recorder_close(struct recorder *r, struct recorder_stats *ret);

#endif
