/* What those who look at the index and those who mend it must see alike. */
#ifndef DOCTOR_PROBE_KEEP_H
#define DOCTOR_PROBE_KEEP_H

#include "doctor/probe/record.h"
#include "ledger/log.h"

/* The index: "ok", "behind", "missing", "damaged". Of up to a million events it is compared with them, which takes about a second
 * at most; of more, only how far it reaches is seen. */
struct keep_index {
    const char *status;
    uint64_t covered, events;
    char why[PROBE_WORDS_MAX]; /* of a damaged one */
};
int keep_index(struct ledger *ledger, struct keep_index *ret, struct err *err);

#endif
