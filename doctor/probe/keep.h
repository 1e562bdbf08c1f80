/* What those who look at the index and the readers and those who mend them must see alike. */
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
/* Derived data that cannot be opened or read is damaged, and no error. */
int keep_index(struct ledger *ledger, struct keep_index *ret, struct err *err);
/* Derived data cannot be opened or read, and may be made anew. */
bool keep_is_broken(int code);
/* As log_readers_look; derived data that cannot be read has none. */
int keep_readers(struct ledger *ledger, enum log_database which, struct log_readers *ret, struct err *err);

#endif
