/* Receipts and heads as JSON, the same for every command that appends. */
#ifndef CLI_PRINT_RECEIPT_H
#define CLI_PRINT_RECEIPT_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "ledger/log.h"

/* seq, leaf, size, root, duplicate, masked; head may be NULL. */
void receipt_put(struct obj *obj, const struct log_receipt *receipt, const struct log_head *head);
/* Prints them as one JSON object. Returns 0 or an exit code after reporting; if the receipt cannot be written, the report says
 * that the event is stored nevertheless. */
int receipt_print(struct cli *cli, const struct log_receipt *receipt, const struct log_head *head);

#endif
