/* Events of one evaluation that another program wrote down. */
#ifndef INGEST_DRIVER_EVALUATION_H
#define INGEST_DRIVER_EVALUATION_H

#include "ingest/driver/intake.h"

struct evaluation_event {
    const char *kind;
    const char *id;     /* of the evaluation: the subject is eval/ID */
    const char *prefix; /* of the key, which is made of the id, the prefix and: */
    struct bytes what;  /* what identifies the event in it */
    struct bytes body;  /* canonical */
    uint64_t cause;     /* ticket of an earlier one; 0: none */
    uint64_t at;        /* source time or INGEST_NO_TIME */
    const struct ingest_place *place;
};
/* Appends it, grade reported. As intake_add. */
int evaluation_add(struct intake *run, const struct evaluation_event *event, struct err *err);

#endif
