/* What a name without a noun means: "pdf-ops-pack", "llama3.2". */
#ifndef CLI_STATES_WHY_NAME_H
#define CLI_STATES_WHY_NAME_H

#include "cli/view/asof.h"

/* The table of the only entity with this name; SIZE_MAX: none. ERR_CONFLICT: several have it, with their names;
 * ERR_NOTFOUND: several names begin with it. */
int why_name(struct asof *view, struct bytes name, size_t *ret_table, struct err *err);

#endif
