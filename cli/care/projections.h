/* Projections by the names that a command line gives. */
#ifndef CLI_CARE_PROJECTIONS_H
#define CLI_CARE_PROJECTIONS_H

#include <stdint.h>

#include "cli/call/cli.h"
#include "cli/call/opt.h"

/* The words as bits, by the places of projections in their list; without words all. A table's name or noun means the
 * projection that it belongs to. Returns 0, or EXIT_USAGE after naming the nearest. */
int projections_read(struct cli *cli, const struct opt_args *args, uint32_t *ret_which);

#endif
