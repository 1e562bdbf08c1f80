/* Why a run ended as it did: what went wrong in it, and how it differs from the last good run of its pack. */
#ifndef CLI_STORY_RUN_H
#define CLI_STORY_RUN_H

#include "cli/obj.h"
#include "cli/story.h"

/* Is it a row of runs? */
bool story_run_is(const struct row *row);
/* Prints it for people, or adds the members "wrong", "last_good" and "differs" to the object. Nothing of a run that went
 * well but for events that did not. */
int story_run(struct story *story, const struct row *row, struct obj *ret, struct err *err);

#endif
