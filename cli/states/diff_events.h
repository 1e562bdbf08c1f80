/* What a comparison needs from the events that changed something, read once, in the order of the log. Rows come in the
 * order of their keys, so their events come in any order, and reading one event unpacks and hashes a group of 256. */
#ifndef CLI_STATES_DIFF_EVENTS_H
#define CLI_STATES_DIFF_EVENTS_H

#include "cli/log/damage.h"
#include "ledger/log.h"

struct diff_event {
    uint64_t seq, time, happened; /* time: when it was recorded */
    struct bytes kind;
    bool heard; /* it is about an entity that already exists, not about how that came */
};

struct diff_events {
    struct diff_event *events; /* by seq */
    size_t n;
    struct buf kinds; /* each kept about once */
};

/* Reads the events `seqs`, ascending and without duplicates. What cannot be read is noted in `damage` and left out. A
 * failure leaves what diff_events_done frees. ERR_BUSY: *stop is set. */
int diff_events_read(struct diff_events *events, struct ledger *ledger, const uint64_t *seqs, size_t n,
                     struct damage *damage, const volatile int *stop, struct err *err);
/* NULL: not among them. */
const struct diff_event *diff_events_find(const struct diff_events *events, uint64_t seq);
void diff_events_done(struct diff_events *events);

#endif
