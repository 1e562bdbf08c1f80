/* Artifacts: content stored under its SHA-256. Up to ARTIFACT_INLINE bytes in the database, larger ones as files
 * DIR/artifacts/<first two hex digits>/<hex>, mode 0600. */
#ifndef LEDGER_ARTIFACT_H
#define LEDGER_ARTIFACT_H

#include "ledger/core.h"

#define ARTIFACT_INLINE      65536
#define ARTIFACT_RECORD_HEAD 9 /* u8 where, be64 size */

/* Sum of the sizes of all artifacts. */
int artifact_bytes(struct db_txn *txn, uint64_t *ret, struct err *err);
/* Reads every byte of one artifact's record and file and compares its hash. ERR_CORRUPT, ERR_TAMPERED. */
int artifact_check(const struct ledger *ledger, struct bytes key, struct bytes record, struct err *err);

#endif
