/* What making a new ledger and restoring one from a backup share. */
#ifndef LEDGER_CARE_CREATE_H
#define LEDGER_CARE_CREATE_H

#include "ledger/core/core.h"

/* Makes "<dir>.new-XXXXXX" for building in; removes `dir` when it is an empty directory. ERR_CONFLICT when it is anything
 * else. Until create_finish, create_undo takes everything back. */
int create_begin(const char *dir, char ret_tmp[FILE_PATH_MAX], struct err *err);
/* Syncs directories and renames. */
int create_finish(const char *tmp, const char *dir, struct err *err);
void create_undo(const char *tmp); /* "" is fine */

/* Writes DIR/config when map_bytes is not 0. */
int create_config(const char *dir, uint64_t map_bytes, struct err *err);
/* Writes the record that identifies the ledger, in a commit of its own. */
int create_identity(struct ledger *ledger, struct err *err);
/* Verifies a ledger that was copied. ERR_TAMPERED with the first finding: "`what` does not verify: ...". */
int create_verify(struct ledger *ledger, const char *what, struct log_head *ret, struct err *err);
/* A new epoch key of this number, saved under keys_dir. */
int create_epoch_key(const char *keys_dir, const char *origin, uint64_t number, struct bytes passphrase, struct signer *ret,
                     struct err *err);

#endif
