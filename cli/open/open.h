/* Opening a ledger for a command: its passphrase, other processes, and what is known of it from outside. */
#ifndef CLI_OPEN_OPEN_H
#define CLI_OPEN_OPEN_H

#include "cli/print/say.h"
#include "ledger/log.h"

/* How long to wait for other processes (--wait), and that it is said on standard error; `cli` must outlive the ledger. */
void cli_patience(struct cli *cli, struct log_open_options *ret);

enum cli_open {
    CLI_READ,  /* warns when the database is not what is known of it (setback.h) */
    CLI_TRY,   /* like CLI_READ, but where there is no ledger *ret becomes NULL: for previews */
    CLI_TRUST, /* the same, for who writes it into the trust file: that says itself what contradicts it */
    CLI_KEYS,  /* with the secret keys, and nothing is written to the ledger; warns like CLI_READ */
    CLI_WRITE  /* refuses when it is not what the trust file knows: EXIT_CONTRADICTS */
};
/* Opens the ledger in cli->dir. For writing it gets the passphrase when the keys are under one. Returns 0, or an exit code
 * after reporting. */
int cli_open(struct cli *cli, enum cli_open mode, struct ledger **ret);

/* A remark where a question has times in it and the ledger's run ahead of the clock. */
void cli_note_lead(const struct cli *cli, struct ledger *ledger);

#endif
