/* A verification report for people and as JSON. */
#ifndef CLI_EVIDENCE_REPORT_H
#define CLI_EVIDENCE_REPORT_H

#include "cli/call/cli.h"
#include "cli/open/rival.h"
#include "lib/json/report.h"

/* `what` is what was verified: the ledger's directory or the proof's file. Returns the exit code: the verdict. */
int report_print(struct cli *cli, const char *what, const struct log_report *report);
/* The same with the checkpoints that contradict each other. Both may be NULL. */
int report_print_rivals(struct cli *cli, const char *what, const struct log_report *report, const struct rivals *rivals,
                        const struct log_trust *trust);

/* Its parts, for reports about other things than ledgers. */
const char *report_state_word(enum log_aspect_state state); /* "not checked" */
/* Text, made safe, and a line end; on a terminal broken at blanks so that it fits, with `indent` blanks before each further
 * line. The first line is behind so many columns already. */
void report_wrapped(struct cli *cli, struct bytes text, int indent);
void report_aspect(struct cli *cli, const char *name, enum log_aspect_state state, const char *text);
/* `contradicts`: the rule by which it contradicts what was known; "" when it does not. */
void report_verdict(struct cli *cli, enum log_verdict verdict, const char *contradicts);

#endif
