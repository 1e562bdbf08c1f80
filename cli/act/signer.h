/* An author's own key, as named on the command line. */
#ifndef CLI_ACT_SIGNER_H
#define CLI_ACT_SIGNER_H

#include "ledger/log.h"

/* Loads the key in `path`, with its passphrase from a descriptor or file (may be NULL) or asked for on the terminal. NULL:
 * *ret stays as it is. */
int signer_load(const char *path, const char *pass_fd, const char *pass_file, struct log_author **ret, struct err *err);

#endif
