/* What a name without a noun means: "pdf-ops-pack", "llama3.2". */
#ifndef CLI_STATES_WHY_NAME_H
#define CLI_STATES_WHY_NAME_H

#include "cli/view/asof.h"

/* The table of the one thing that is called so; SIZE_MAX: nothing is. ERR_CONFLICT: several are, with their names; so
 * several begin so: ERR_NOTFOUND. */
int why_name(struct asof *view, struct bytes name, size_t *ret_table, struct err *err);

#endif
