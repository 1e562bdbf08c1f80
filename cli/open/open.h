/* Opening a ledger for a command: passphrase, other processes, and what is known of it from outside. */
#ifndef CLI_OPEN_OPEN_H
#define CLI_OPEN_OPEN_H

#include "cli/print/say.h"
#include "ledger/log.h"

/* Sets how long to wait for other processes (--wait) and a note on standard error about it. `cli` must outlive the ledger. */
void cli_patience(struct cli *cli, struct log_open_options *ret);

enum cli_open {
    CLI_READ,  /* warns if the database contradicts what is known of it (setback.h) */
    CLI_TRY,   /* like CLI_READ, but *ret becomes NULL if there is no ledger: for previews */
    CLI_AGAIN, /* once more in one command: warns of nothing, since that was said */
    CLI_TRUST, /* like CLI_READ, for commands that write the trust file and report contradictions themselves */
    CLI_KEYS,  /* with the secret keys, but writes nothing to the ledger; warns like CLI_READ */
    CLI_WRITE, /* refuses if it contradicts the trust file: EXIT_CONTRADICTS */
    /* Like CLI_WRITE, for what records the ledger's own faults: key files that group or others can access sign, and opening
     * clears no dead readers. */
    CLI_EXPOSED
};
/* Opens the ledger in cli->dir. For writing it gets the passphrase if the keys have one. Returns 0, or an exit code after
 * reporting. */
int cli_open(struct cli *cli, enum cli_open mode, struct ledger **ret);

/* For queries with times: a note if the ledger's times are ahead of the clock. */
void cli_note_lead(const struct cli *cli, struct ledger *ledger);

#endif
