/* Why a run ended as it did: what went wrong in it, and how it differs from the last good run of its pack. */
#ifndef CLI_VIEW_RUN_SUMMARY_H
#define CLI_VIEW_RUN_SUMMARY_H

#include "base/obj.h"
#include "cli/view/explanation.h"

/* Is it a row of runs? */
bool run_summary_is(const struct row *row);
/* Prints it for people, or adds the members "wrong", "corrected", "last_good", "compared" and "differs" to the object. A
 * run that went well has nothing to report but its events that did not. */
int run_summary(struct explanation *explanation, const struct row *row, struct obj *ret, struct err *err);

/* The last good run of the same pack (or agent) before this one, complete, in `row`, which the caller initialised. *ret
 * false: none. */
int run_summary_good(struct explanation *explanation, const struct row *run, struct row *row, bool *ret, struct err *err);

#endif
