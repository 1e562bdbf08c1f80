/* Making a handle, for those who open a ledger in other ways than log_open. */
#ifndef LEDGER_CARE_OPEN_H
#define LEDGER_CARE_OPEN_H

#include "ledger/core/core.h"

/* A handle without its database; then its database, configuration and identity. */
int open_new(const char *dir, struct bytes passphrase, struct ledger **ret, struct err *err);
int open_attach(struct ledger *ledger, bool read_only, uint64_t map_bytes, struct err *err);

#endif
