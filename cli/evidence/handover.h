/* A file that leaves: written beside its destination, recorded as an event, and only then given its name. */
#ifndef CLI_EVIDENCE_HANDOVER_H
#define CLI_EVIDENCE_HANDOVER_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "export/export.h"
#include "lib/handover/handover.h"

/* Writes to a new file, or to standard output (out_is_stdout). A failure leaves no file. `what` names it in messages: "a
 * bundle". Returns 0, or an exit code after reporting: EXIT_INPUT when the path exists. */
int hand_over(struct cli *cli, const struct handover *how, const char *what, const char *path);

/* Reports why an export or its plan failed. Returns the exit code. */
int handover_fail(struct cli *cli, int rc, const struct err *err);

/* Bundles: export_write and export_record. */
struct handover_bundle {
    struct ledger *ledger;
    const struct export_options *options;
    struct bytes query; /* the conditions in words */
    const char *recipient, *note;
    struct export_counts counts; /* filled in */
    uint8_t digest[LOG_HASH];
    uint64_t bytes;
    struct log_receipt receipt;
};
int hand_over_bundle(struct cli *cli, struct handover_bundle *bundle, const char *path);

/* Reports what was written: "FILE: 1.2 KiB, sha256 ..., recorded as event 5", or members of an object. */
struct handover_done {
    const char *path;
    uint64_t bytes, recorded;
    const uint8_t *digest; /* LOG_HASH bytes */
};
void handover_say(struct cli *cli, const struct handover_done *done);
void handover_put(struct obj *obj, const struct handover_done *done);

#endif
