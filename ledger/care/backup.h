/* Copying a ledger's parts, shared by backup and restore. */
#ifndef LEDGER_CARE_BACKUP_H
#define LEDGER_CARE_BACKUP_H

#include "base/file.h"

/* Copies a regular file into a new one, 0600, synced. ERR_CONFLICT when `to` exists. */
int backup_copy_file(const char *from, const char *to, struct err *err);
/* Copies DIR/artifacts (absent is fine), two levels of plain files. */
int backup_copy_artifacts(const char *from_dir, const char *to_dir, struct err *err);
/* Copies the installed packs in DIR/packs (absent is fine), byte for byte; what uses them compares them with their digests. */
int backup_copy_packs(const char *from_dir, const char *to_dir, struct err *err);

#endif
