/* The support report, for commands that are ordered to write one. */
#ifndef CLI_EVIDENCE_SUPPORT_H
#define CLI_EVIDENCE_SUPPORT_H

#include "cli/evidence/handover.h"

/* Writes the report of the last SUPPORT_DAYS days to a new file and records it (ledger.exported). `note`, why, may be NULL.
 * *ret borrows `path` and `ret_digest`. Returns 0, or an exit code after reporting: then there is no file. */
int support_hand_over(struct cli *cli, struct ledger *ledger, const char *path, const char *note,
                      uint8_t ret_digest[LOG_HASH], struct handover_done *ret);

#endif
