/* The writer keeps the receipt, and can later prove with it what the log committed to. */
#include "cli/print/receipt.h"

#include "cli/print/say.h"

void receipt_put(struct obj *obj, const struct log_receipt *receipt, const struct log_head *head) {
    obj_uint(obj, "seq", receipt->seq);
    obj_hex(obj, "leaf", receipt->leaf, LOG_HASH);
    if (head) {
        obj_uint(obj, "size", head->size);
        obj_hex(obj, "root", head->root, LOG_HASH);
    }
    obj_bool(obj, "duplicate", receipt->duplicate);
    obj_uint(obj, "masked", receipt->masked);
}

int receipt_print(struct cli *cli, const struct log_receipt *receipt, const struct log_head *head) {
    struct obj obj = {0};
    receipt_put(&obj, receipt, head);
    int exit_code = cli_print(cli, &obj, true);
    if (exit_code == 0 && !out_flush(cli)) {
        struct err err = {0};
        err_errno(&err, cli->out_errno, "event %llu is stored, but the receipt could not be written",
                  (unsigned long long)receipt->seq);
        cli->out_reported = true;
        exit_code = cli_fail_as(cli, &err, EXIT_SYSTEM);
    }
    return exit_code;
}
