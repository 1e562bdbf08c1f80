/* backup: a verified copy without the signing secrets. */
#include "cli/call/command.h"
#include "cli/care/packs_held.h"
#include "cli/open/open.h"
#include "cli/print/fact.h"

static int backup(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct log_head head = {0};
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    struct packs_held packs = {0};
    int rc = log_backup(ledger, args->args[0], &err);
    if (rc == 0) rc = packs_held(cli, ledger, args->args[0], ": the backup has no other", &packs, &err);
    if (rc == 0) rc = log_head(ledger, &head, &err);
    log_close(ledger);
    if (rc != 0) {
        return rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) : cli_fail(cli, &err); /* the target exists */
    }
    const struct fact facts[] = {
        fact_text("backup", "backup", args->args[0]), fact_count(NULL, "packs_installed", packs.installed),
        fact_count(NULL, "packs_held", packs.held),
        fact_text("note", NULL, "the signing secrets are not in it: 'ledger key backup FILE' keeps the log key")};
    return fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 8, true);
}

const struct spec spec_backup = {
    .synopsis = "DIR",
    .about = "Copies the ledger to DIR, which must not exist: everything except the signing secrets. The copy\n"
             "is verified before it appears under its name, its installed packs after that: one that is not as\n"
             "it was installed is named. Appends can continue meanwhile.",
    .examples = "ledger backup /mnt/backup/box-1-2026-11-21\nledger key backup /mnt/safe/box-1.key",
    .min_args = 1,
    .max_args = 1,
    .run = backup,
};
