/* What a comparison tells of the events that changed something: read once, in the order of the log. Rows come in the order
 * of their keys, which is any order of events, and to read one event a group of 256 is unpacked and hashed. */
#ifndef CLI_STATES_DIFF_EVENTS_H
#define CLI_STATES_DIFF_EVENTS_H

#include "cli/log/damage.h"
#include "ledger/log.h"

struct diff_event {
    uint64_t seq, time, happened; /* time: when it was recorded */
    struct bytes kind;
    bool heard; /* tells of a thing as of one that is there already, not of how it came */
};

struct diff_events {
    struct diff_event *events; /* by seq */
    size_t n;
    struct buf kinds; /* each once, nearly */
};

/* Of the events `seqs`, ascending and none twice. What cannot be read is noted in `damage` and left out. A failure leaves
 * what diff_events_done frees. ERR_BUSY: *stop is set. */
int diff_events_read(struct diff_events *events, struct ledger *ledger, const uint64_t *seqs, size_t n,
                     struct damage *damage, const volatile int *stop, struct err *err);
/* NULL: it is not among them. */
const struct diff_event *diff_events_find(const struct diff_events *events, uint64_t seq);
void diff_events_done(struct diff_events *events);

#endif
