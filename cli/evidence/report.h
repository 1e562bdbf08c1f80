/* A verification report for people and as JSON. */
#ifndef CLI_EVIDENCE_REPORT_H
#define CLI_EVIDENCE_REPORT_H

#include "cli/call/cli.h"
#include "cli/open/rival.h"
#include "lib/json/report.h"

/* `what` was verified: the ledger's directory or the proof's file. Returns the exit code of the verdict. */
int report_print(struct cli *cli, const char *what, const struct log_report *report);
/* The same with the checkpoints that contradict each other. Both may be NULL. */
int report_print_rivals(struct cli *cli, const char *what, const struct log_report *report, const struct rivals *rivals,
                        const struct log_trust *trust);

/* Its parts, for reports about other things than ledgers. */
const char *report_state_word(enum log_aspect_state state); /* "not checked" */
/* Prints the text, made safe, and a newline; on a terminal it is broken at blanks to fit, with `indent` blanks before
 * each further line. The first line starts after as many columns. */
void report_wrapped(struct cli *cli, struct bytes text, int indent);
/* The aspects, the findings and the verdict, of a bundle too. */
void report_checks(struct cli *cli, const struct log_report *report);

#endif
