/* A receipt is what the writer keeps: with it, the log can be held to what it said. */
#include "cli/receipt.h"

void receipt_put(struct obj *obj, const struct ledger_receipt *receipt, const struct ledger_head *head) {
    obj_uint(obj, "seq", receipt->seq);
    obj_hex(obj, "leaf", receipt->leaf, LEDGER_HASH);
    if (head) {
        obj_uint(obj, "size", head->size);
        obj_hex(obj, "root", head->root, LEDGER_HASH);
    }
    obj_bool(obj, "duplicate", receipt->duplicate);
    obj_uint(obj, "masked", receipt->masked);
}

int receipt_print(struct cli *cli, const struct ledger_receipt *receipt, const struct ledger_head *head) {
    struct obj obj;
    obj_init(&obj);
    receipt_put(&obj, receipt, head);
    int exit_code = obj_print(cli, &obj, true);
    obj_done(&obj);
    return exit_code;
}
