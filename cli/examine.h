/* Verifying a ledger in a child process: a damaged database can kill whoever reads it, and the verdict must still be
 * given. */
#ifndef CLI_EXAMINE_H
#define CLI_EXAMINE_H

#include "cli/cli.h"
#include "cli/rival.h"

struct examine_options {
    const char *dir;
    const struct ledger_trust *trust;
    bool derived, since_verified;
    unsigned threads; /* as in ledger_verify_options */
    struct cli *cli;  /* for the progress line, and its patience */
};

/* Opens and verifies the ledger in a child and brings its report over a pipe. The caller must not have the ledger open.
 * When the child is killed by the reading, or makes no progress for a quarter of an hour, the report says that (integrity,
 * LEDGER_INVALID); so it does when the database cannot be opened because it is damaged. Other failures are errors, with
 * ERR_NOTFOUND for no ledger there. When it contradicts a checkpoint or head that is known, *ret_rivals has them. */
int examine_ledger(const struct examine_options *options, struct ledger_report *ret, struct rivals *ret_rivals,
                   struct err *err);

#endif
