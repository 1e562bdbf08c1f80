/* Two runs compared. */
#ifndef CLI_VIEW_RUN_PAIR_H
#define CLI_VIEW_RUN_PAIR_H

#include "base/obj.h"
#include "cli/view/explanation.h"

/* How a run differs from the last good one before it: prints it, or adds the members "compared" and "differs". */
int run_pair_differs(struct explanation *explanation, const struct row *row, const struct row *good, struct obj *ret,
                     struct err *err);
/* How two runs differ: how they ended, what they used, what they were made of. Prints it, or adds the members "compared",
 * "differs" and "corrected" to the object. *ret_n: the number of differences. */
int run_pair_compare(struct explanation *explanation, const struct row *before, const struct row *now, struct obj *ret,
                     uint64_t *ret_n, struct err *err);

#endif
