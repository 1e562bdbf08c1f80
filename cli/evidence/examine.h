/* Verifies a ledger in a child process: a damaged database can kill the process that reads it, and the verdict must still
 * be given. */
#ifndef CLI_EVIDENCE_EXAMINE_H
#define CLI_EVIDENCE_EXAMINE_H

#include "cli/call/cli.h"
#include "cli/open/rival.h"

struct examine_options {
    const char *dir;
    const struct log_trust *trust;
    bool derived, since_verified;
    unsigned threads;         /* as in log_verify_options */
    unsigned stalled_seconds; /* without progress, not counting time in which the process is stopped; 0: 900 */
    const volatile int *stop; /* not 0: ERR_BUSY. May be NULL */
    struct cli *cli;          /* for the progress line, and its patience */
};

/* isolate_verify, with progress and patience. When the ledger contradicts a known checkpoint or head, *ret_rivals has
 * both. */
int examine_ledger(const struct examine_options *options, struct log_report *ret, struct rivals *ret_rivals,
                   struct err *err);

#endif
