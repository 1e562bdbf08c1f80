/* Projections named on the command line. */
#ifndef CLI_CARE_PROJECTIONS_H
#define CLI_CARE_PROJECTIONS_H

#include <stdint.h>

#include "cli/call/cli.h"
#include "cli/call/opt.h"

/* Turns the words into bits, one for each projection in its list; without words all. The name or noun of a table means its
 * projection. Returns 0, or EXIT_USAGE after naming the nearest. */
int projections_read(struct cli *cli, const struct opt_args *args, uint32_t *ret_which);

#endif
