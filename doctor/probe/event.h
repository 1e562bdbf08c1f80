/* An event of the doctor. */
#ifndef DOCTOR_PROBE_EVENT_H
#define DOCTOR_PROBE_EVENT_H

#include "ledger/log.h"

struct probe_event {
    const char *kind, *subject, *actor;
    const char *grade;           /* NULL: measured */
    struct bytes body, private_; /* canonical; private_ may be empty */
};
/* Puts it into the batch, with the source "doctor". As log_batch_add. */
int probe_event_add(struct log_batch *batch, const struct probe_event *event, struct err *err);

#endif
