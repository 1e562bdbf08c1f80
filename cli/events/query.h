/* `ledger query`, for `ledger log`, which is the same with other defaults. */
#ifndef CLI_EVENTS_QUERY_H
#define CLI_EVENTS_QUERY_H

#include "cli/call/command.h"

extern const struct opt query_options[];
/* The command; as `log` with its defaults: the newest 20, one JSON object per line. */
int query_run(struct cli *cli, const struct opt_args *args, bool as_log);

#endif
