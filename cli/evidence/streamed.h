/* What `ledger follow` wrote, verified. */
#ifndef CLI_EVIDENCE_STREAMED_H
#define CLI_EVIDENCE_STREAMED_H

#include "cli/call/cli.h"
#include "ledger/log.h"

/* `path` "-" is standard input. Prints the report; returns the exit code. */
int streamed_verify(struct cli *cli, const char *path, const struct log_trust *trust);

#endif
