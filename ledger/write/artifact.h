/* Artifacts: content stored under its SHA-256. Up to ARTIFACT_INLINE bytes in the database, larger ones as files
 * DIR/artifacts/<first two hex digits>/<hex>, mode 0600. */
#ifndef LEDGER_WRITE_ARTIFACT_H
#define LEDGER_WRITE_ARTIFACT_H

#include "ledger/core/core.h"

#define ARTIFACT_INLINE      65536
#define ARTIFACT_RECORD_HEAD 9 /* u8 where, be64 size */

enum { ARTIFACT_HERE = 0, ARTIFACT_FILE = 1, ARTIFACT_ERASED = 2 };

/* Sum of the sizes of all artifacts. */
int artifact_bytes(struct db_txn *txn, uint64_t *ret, struct err *err);
/* Reduces its record to the size, which is added to *ret_bytes. The caller removes the file, if there is one, once that is
 * committed. ERR_NOTFOUND. */
int artifact_erase(struct db_txn *txn, const char *id, uint64_t *ret_bytes, struct err *err);
/* For an erased artifact: overwrites and removes the file that may be left of it. */
int artifact_wipe(const struct ledger *ledger, struct bytes key, struct bytes record, struct err *err);
/* Overwrites and removes files that no record names: those whose put was interrupted. */
int artifact_sweep(struct ledger *ledger, struct err *err);
/* As of now. */
int artifact_is_erased(struct ledger *ledger, struct bytes key, bool *ret, struct err *err);
/* Reads every byte of one artifact's record and file and compares its hash. ERR_CORRUPT (also when its file is missing),
 * ERR_TAMPERED; ERR_NOTFOUND: it was erased; the system's codes when it could not be read. */
int artifact_check(const struct ledger *ledger, struct bytes key, struct bytes record, struct err *err);

#endif
