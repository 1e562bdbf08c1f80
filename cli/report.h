/* A verification report for people and as JSON. */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include "cli/cli.h"

/* `what` is what was verified: the ledger's directory or the proof's file. Returns the exit code: the verdict. */
int report_print(struct cli *cli, const char *what, const struct ledger_report *report);

#endif
