/* The events that states rest on, kept by a verifier: the effect of a correction is found by folding them again. */
#ifndef EXPORT_VERIFY_KEPT_H
#define EXPORT_VERIFY_KEPT_H

#include "projections/fold/run.h"

struct kept;
int kept_new(struct kept **ret, struct err *err);
void kept_free(struct kept *kept); /* NULL is fine */
/* Copies an event. Beyond some megabytes everything is dropped. */
int kept_add(struct kept *kept, const struct log_event *event, struct err *err);

/* The event that a ledger.corrected names, if the reference holds and the event was kept: an earlier event, given by its
 * leaf, that is not one of the ledger's own and was not corrected before; else NULL. From now on it counts as corrected.
 * 1: unknown, *ret_why says why. */
int kept_correct(struct kept *kept, const struct log_event *event, const struct log_event **ret, struct err *ret_why);
/* After kept_correct: turns these rows, as of the event before the correction, into those without the mistake.
 * bytes_max: of rows; 1 as above. */
int kept_apply(struct kept *kept, const struct projection *projection, const struct log_event *event, size_t bytes_max,
               struct rows *rows, struct err *ret_why, struct err *err);

#endif
