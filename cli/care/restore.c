/* restore: a working ledger from a backup and the log key. */
#include <stdio.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/care/packs_held.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "cli/open/unlock.h"
#include "cli/print/fact.h"

enum { R_LOG_KEY, R_NEWEST, R_REASON, R_ACTOR, R_PASSPHRASE, R_NO_TRUST, R_KEY_PASS_FD, R_KEY_PASS_FILE };
static const struct opt options[] = {
    [R_LOG_KEY] = {"log-key", 0, "FILE", "the log key, from 'ledger key backup'"},
    [R_NEWEST] = {"newest", 0, NULL, "nothing was signed after the backup: keep the origin"},
    [R_REASON] = {"reason", 0, "TEXT", "why, for the event ledger.restored"},
    [R_ACTOR] = {"actor", 'a', "WHO", "who restores (default: user:<login name>)"},
    [R_PASSPHRASE] = {"passphrase", 0, NULL, "ask on the terminal for a passphrase for the new secret keys"},
    [R_NO_TRUST] = {"no-trust", 0, NULL, "do not write the user's trust file"},
    [R_KEY_PASS_FD] = {"key-passphrase-fd", 0, "N", "passphrase of the log key's file from descriptor N"},
    [R_KEY_PASS_FILE] = {"key-passphrase-file", 0, "FILE", "passphrase of the log key's file from a file"},
    {0},
};

/* Opens the restored ledger, writes the trust file, prints the result. */
static int finish(struct cli *cli, bool trust, bool newest) {
    struct ledger *ledger = NULL;
    struct log_head head = {0};
    struct err err = {0};
    char path[FILE_PATH_MAX];
    int exit_code = cli_open(cli, CLI_TRUST, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_head(ledger, &head, &err);
    struct packs_held packs = {0};
    if (rc == 0) {
        rc = packs_held(cli, ledger, cli->dir, ": 'ledger pack install' with the same content copies them again", &packs,
                        &err);
    }
    if (rc == 0 && trust) {
        rc = trustfile_path(path, &err);
        if (rc == 0) rc = trustthis_add(ledger, path, NULL, &err);
        if (rc != 0) {
            err_prefix(&err, "the ledger was restored, but not added to the trust file");
            log_close(ledger);
            return cli_fail_as(cli, &err, rc == ERR_CONFLICT ? EXIT_CONTRADICTS : EXIT_SYSTEM);
        }
    }
    if (rc != 0) {
        log_close(ledger);
        return cli_fail(cli, &err);
    }
    const struct fact facts[] = {fact_text("ledger", "dir", cli->dir),
                                 fact_text("origin", "origin", log_origin(ledger)),
                                 fact_count("size", "size", head.size),
                                 fact_hash("root", "root", head.root),
                                 fact_count(NULL, "packs_installed", packs.installed),
                                 fact_count(NULL, "packs_held", packs.held),
                                 fact_text(NULL, "vkey", log_vkey(ledger))};
    exit_code = fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 8, false);
    if (!newest) {
        cli_note(cli, "ledger: restore: if a trust file has the old origin, 'ledger trust add' accepts this ledger's "
                      "new origin");
    } else if (!trust) {
        cli_note(cli, "ledger: restore: 'ledger trust add' writes the trust file");
    }
    log_close(ledger);
    return exit_code;
}

static int restore(struct cli *cli, const struct opt_args *args) {
    const char *key = opt_text(args, &options[R_LOG_KEY]);
    struct log_restore_options restore = {.log_key = key,
                                          .reason = opt_text(args, &options[R_REASON]),
                                          .actor = opt_text(args, &options[R_ACTOR]),
                                          .newest = opt_has(args, &options[R_NEWEST])};
    struct pass pass = {0};
    struct err err = {0};
    char actor[128];
    if (!key) {
        return cli_usage(cli, "--log-key FILE is missing: the log key, from 'ledger key backup'");
    }
    restore.actor = cli_actor(restore.actor, actor);
    restore.reason = restore.reason ? restore.reason : "restored from a backup";
    int rc = cli_take_passphrase(cli, &err);
    if (rc == 0)
        rc = unlock_file(key, opt_text(args, &options[R_KEY_PASS_FD]), opt_text(args, &options[R_KEY_PASS_FILE]),
                         "the log key", "key-passphrase", &pass, &err);
    if (rc == 0 && !cli->pass.p && opt_has(args, &options[R_PASSPHRASE])) {
        rc = unlock_new(NULL, NULL, "the ledger's keys", "passphrase", &cli->pass, &err);
    }
    if (rc == 0) {
        restore.log_passphrase = pass_bytes(&pass);
        restore.passphrase = pass_bytes(&cli->pass);
        rc = log_restore(args->args[0], cli->dir, &restore, &err);
    }
    pass_done(&pass);
    if (rc != 0) {
        return rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) : cli_fail_input(cli, &err);
    }
    return finish(cli, !opt_has(args, &options[R_NO_TRUST]), restore.newest);
}

const struct spec spec_restore = {
    .synopsis = "BACKUP --log-key FILE [--newest] [--reason TEXT]",
    .about = "Creates a working ledger in the directory of -C (absent or empty) from a backup and the log key.\n"
             "Without --newest it continues as a new log, <origin>/r<n>, which the log key certifies: the lost\n"
             "ledger may have signed more than the backup contains, and nothing may be signed twice for one\n"
             "origin and size. Use --newest only if you know that nothing was signed after the backup. The new\n"
             "origin is added to this user's trust file (not with --no-trust); elsewhere, 'ledger trust add'\n"
             "accepts it beside what is known of the old one.",
    .examples = "ledger -C ./box restore /mnt/backup/box-1 --log-key /mnt/safe/box-1.key --reason 'disk failed'",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = restore,
};
