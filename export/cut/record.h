/* The event ledger.exported, for every export. Internal to the export floor. */
#ifndef EXPORT_CUT_RECORD_H
#define EXPORT_CUT_RECORD_H

#include "export/export.h"

/* A member of the body, as "sha256:" and hex digits. */
void record_digest(struct buf *out, const char *name, const uint8_t digest[LOG_HASH]);
/* Appends the event to the ledger. Body and private fields are canonical maps. */
int record_commit(struct ledger *ledger, const char *actor, const struct buf *body, const struct buf *private_,
                  struct log_receipt *ret, struct err *err);

#endif
