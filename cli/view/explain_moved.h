/* Names that moved, for the explained row. */
#ifndef CLI_VIEW_EXPLAIN_MOVED_H
#define CLI_VIEW_EXPLAIN_MOVED_H

#include "cli/view/explanation.h"

/* For a name, where it moved; for a model, which names moved to it or away from it. */
int explain_moved(struct explanation *explanation, const struct row *row, struct err *err);

#endif
