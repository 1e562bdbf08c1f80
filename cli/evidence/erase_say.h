/* What an erasure reports: before, after, and instead of it (--dry-run). */
#ifndef CLI_EVIDENCE_ERASE_SAY_H
#define CLI_EVIDENCE_ERASE_SAY_H

#include "base/obj.h"
#include "cli/call/cli.h"
#include "cli/evidence/erase_left.h"
#include "cli/evidence/erase_plan.h"

/* One event ledger.erased. */
struct erase_done {
    struct log_receipt receipt;
    uint64_t events;
    char *what; /* "prompt, output of 17 events"; owned */
};

struct erase_said {
    struct cli *cli;
    const struct erase_plan *plan; /* NULL: an artifact is erased */
    const struct erase_left *left; /* unused for an artifact */
    struct erase_done *done;       /* owned */
    size_t n_done;
    bool gone;    /* the old files are gone */
    uint64_t pid; /* the process that has them open; 0: unknown */
};
void erase_said_done(struct erase_said *said);

/* Prints on standard error what will be erased, what stays and why, and which exports disclosed it. */
void erase_say_before(const struct erase_said *said);
/* Notes a commit: an erase_each_fn. */
void erase_say_done(void *said, const struct log_erase_options *options, const struct log_receipt *receipt);
/* Prints what was done. Returns an exit code. */
int erase_say(const struct erase_said *said, struct ledger *ledger);
/* Prints what would be erased, one event per line. Returns an exit code. */
int erase_say_plan(const struct erase_said *said, struct ledger *ledger);
/* The members "finished" and "held_by". */
void erase_say_files(struct obj *obj, bool gone, uint64_t pid);

#endif
