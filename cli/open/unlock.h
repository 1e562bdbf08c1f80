/* Finds out whether a key file is under a passphrase and gets the passphrase that opens it, before anything is begun: so a
 * wrong passphrase is a wrong input and never looks like a tampered ledger. */
#ifndef CLI_OPEN_UNLOCK_H
#define CLI_OPEN_UNLOCK_H

#include "cli/call/cli.h"

/* Gets cli->pass ready for the keys of the ledger in cli->dir: as given, else asked for on the terminal when the key file
 * needs one. Does nothing where there is no ledger. ERR_INVALID for a key file that is not usable (its mode) and when there
 * is no terminal to ask on, ERR_TAMPERED for a wrong passphrase. */
int unlock_ledger(struct cli *cli, struct err *err);
/* The passphrase that --passphrase-fd or --passphrase-file gives, into cli->pass; nothing when neither was given. */
int cli_take_passphrase(struct cli *cli, struct err *err);
/* The same as unlock_ledger for one key file, its passphrase from a descriptor or file (may be NULL) or asked for with
 * `what` in the prompt. The messages name the options as "--<option>-fd". */
int unlock_file(const char *path, const char *fd, const char *file, const char *what, const char *option, struct pass *ret,
                struct err *err);
/* A new passphrase: as given, else asked for twice. */
int unlock_new(const char *fd, const char *file, const char *what, const char *option, struct pass *ret, struct err *err);

#endif
