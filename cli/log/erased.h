/* Which events erased content of an event, for commands that show it. */
#ifndef CLI_LOG_ERASED_H
#define CLI_LOG_ERASED_H

#include "base/obj.h"
#include "ledger/log.h"

struct erased {
    uint64_t body; /* the event that erased its body; LOG_NO_SEQ: none */
    struct buf
        fields; /* a line for each that erased private fields, safe for a terminal: "prompt, output: erased by event 9" */
    struct obj list; /* for JSON: {"event":9,"what":"private","fields":["output","prompt"]}, ... */
};

/* Fills *ret for this event. Free it even on failure. */
int erased_load(struct ledger *ledger, uint64_t seq, struct erased *ret, struct err *err);
void erased_done(struct erased *erased);

#endif
