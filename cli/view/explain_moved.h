/* Names that came to lead elsewhere, of the row that is explained. */
#ifndef CLI_VIEW_EXPLAIN_MOVED_H
#define CLI_VIEW_EXPLAIN_MOVED_H

#include "cli/view/explanation.h"

/* Of a name that it came to lead elsewhere; of a model which names came to lead to it, or away from it. */
int explain_moved(struct explanation *explanation, const struct row *row, struct err *err);

#endif
