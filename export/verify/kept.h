/* The events that states rest on, as a verifier has met them: what a correction changes is found by folding them again. */
#ifndef EXPORT_VERIFY_KEPT_H
#define EXPORT_VERIFY_KEPT_H

#include "projections/fold/run.h"

struct kept;
int kept_new(struct kept **ret, struct err *err);
void kept_free(struct kept *kept); /* NULL is fine */
/* Takes a copy. Past some megabytes it forgets all. */
int kept_add(struct kept *kept, const struct log_event *event, struct err *err);

/* What a ledger.corrected names, if it holds and if it was kept: an earlier event by its leaf, that is not one of the
 * ledger's own and was not corrected before; else NULL. From now on it counts as corrected. 1: nobody knows, *ret_why says
 * why. */
int kept_correct(struct kept *kept, const struct log_event *event, const struct log_event **ret, struct err *ret_why);
/* After kept_correct: these rows as of the event before the correction become those without the mistake. bytes_max: of
 * rows, as for 1 above. */
int kept_apply(struct kept *kept, const struct projection *projection, const struct log_event *event, size_t bytes_max,
               struct rows *rows, struct err *ret_why, struct err *err);

#endif
