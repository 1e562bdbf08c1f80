/* The event ledger.exported, for every export. Internal to the export floor. */
#ifndef EXPORT_CUT_RECORD_H
#define EXPORT_CUT_RECORD_H

#include "export/export.h"

/* A member of the body, as "sha256:" and hex digits. */
void record_digest(struct buf *out, const char *name, const uint8_t digest[LOG_HASH]);
/* The member "disclosure" of the body: "matching bodies, private: note, path". */
void record_disclosure(struct buf *out, const struct export_options *options);
/* Appends the event to the ledger. The body is a canonical map; the private fields say where it went. */
int record_commit(struct ledger *ledger, const struct export_delivery *to, const struct buf *body, struct log_receipt *ret,
                  struct err *err);

#endif
