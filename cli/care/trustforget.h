/* trust forget: removes an origin from the trust file, and states what goes unnoticed from then on. */
#ifndef CLI_CARE_TRUSTFORGET_H
#define CLI_CARE_TRUSTFORGET_H

#include "cli/call/cli.h"
#include "cli/call/opt.h"

extern const struct opt trustforget_options[];
int trustforget_run(struct cli *cli, const struct opt_args *args);

#endif
