/* Names that came to lead elsewhere, of the row that is explained. */
#ifndef CLI_STORY_MOVED_H
#define CLI_STORY_MOVED_H

#include "cli/explanation.h"

/* Of a name that it came to lead elsewhere; of a model which names came to lead to it, or away from it. */
int story_moved(struct story *story, const struct row *row, struct err *err);

#endif
