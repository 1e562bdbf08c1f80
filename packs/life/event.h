/* Events that are appended together, in one commit, if the first of them is a legal step as the states are inside the write
 * transaction: what follows it rests on it. */
#ifndef PACKS_LIFE_EVENT_H
#define PACKS_LIFE_EVENT_H

#include "base/mp_map.h"
#include "ledger/log.h"

#define EVENT_MAX 4096 /* at once */

struct event {
    struct ledger *ledger;
    const char *actor;
    struct log_batch *batch;
    struct log_draft first; /* borrows from the bytes below */
    struct buf subject, open, closed;
    size_t n;
    struct mp_map body, private_; /* of the next one: filled by the caller, cleared when it is added */
};
struct event_of {
    const char *kind, *noun; /* "pack.installed", "pack" */
    struct bytes name;       /* of the entity */
    const char *grade;       /* "measured", "declared" */
    uint64_t cause;          /* LOG_NO_SEQ: the first of these events, or none if this is the first */
};

/* Done with event_done, also after a failure. */
int event_begin(struct event *event, struct ledger *ledger, const char *actor, struct err *err);
int event_add(struct event *event, const struct event_of *of, struct err *err);
/* Commits. ERR_CONFLICT with the reason: the first is not legal; nothing was written. *ret_seq: that of the first. */
int event_commit(struct event *event, uint64_t *ret_seq, struct err *err);
void event_done(struct event *event);

#endif
