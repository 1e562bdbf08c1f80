/* Finds out whether a key file has a passphrase and gets it before anything else, so that a wrong passphrase is reported as
 * wrong input and never as a tampered ledger. */
#ifndef CLI_OPEN_UNLOCK_H
#define CLI_OPEN_UNLOCK_H

#include "cli/call/cli.h"

/* Sets cli->pass for the keys of the ledger in cli->dir: as given, else asked for on the terminal if the key file needs one.
 * Does nothing if there is no ledger. ERR_INVALID for an unusable key file (its mode) and if there is no terminal to ask on,
 * ERR_TAMPERED for a wrong passphrase. `exposed`: as log_open_options.exposed_keys. */
int unlock_ledger(struct cli *cli, bool exposed, struct err *err);
/* Reads the passphrase of --passphrase-fd or --passphrase-file into cli->pass; does nothing if neither was given. */
int cli_take_passphrase(struct cli *cli, struct err *err);
/* The same as unlock_ledger for one key file, its passphrase from a descriptor or file (may be NULL) or asked for with
 * `what` in the prompt. The messages name the options as "--<option>-fd". */
int unlock_file(const char *path, const char *fd, const char *file, const char *what, const char *option, struct pass *ret,
                struct err *err);
/* A new passphrase: as given, else asked for twice. */
int unlock_new(const char *fd, const char *file, const char *what, const char *option, struct pass *ret, struct err *err);

#endif
