/* key: the ledger's keys and authors' keys. Secrets are never printed. */
#include <stdio.h>
#include <string.h>

#include "base/secret/secret.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/open/unlock.h"
#include "cli/print/fact.h"
#include "cli/print/receipt.h"

#define VKEY_TEXT_MAX 512

static int print_epochs(struct cli *cli, struct ledger *ledger, uint64_t newest) {
    struct fact_table table = {.cli = cli};
    struct obj obj = {0};
    struct err err = {0};
    int rc = 0;
    obj_text(&obj, "vkey", log_vkey(ledger));
    obj_text(&obj, "origin", log_origin(ledger));
    if (!cli->json) {
        out_printf(cli, "log key  %s\n\n", log_vkey(ledger));
    }
    for (uint64_t i = 0; rc == 0 && i <= newest; i++) {
        struct log_epoch epoch;
        rc = log_epoch_at(ledger, i, &epoch, &err);
        if (rc != 0) break;
        const struct fact facts[] = {
            fact_count("EPOCH", "epoch", epoch.epoch), fact_count("FROM SIZE", "from_size", epoch.from_size),
            fact_said(fact_count("TO SIZE", "to_size", epoch.to_size), epoch.to_size == LOG_NO_SEQ ? "now" : NULL),
            fact_text("VERIFIER KEY", "vkey", epoch.vkey)};
        fact_row(&table, facts, sizeof(facts) / sizeof(facts[0]));
    }
    int exit_code = fact_end(&table, rc == 0 ? &obj : NULL, "epochs");
    obj_done(&obj);
    return rc == 0 ? exit_code : cli_fail(cli, &err);
}

static int list(struct cli *cli, const struct opt_args *args) {
    (void)args;
    struct ledger *ledger = NULL;
    struct log_epoch current;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    if (log_epoch_current(ledger, &current, &err) != 0) {
        exit_code = cli_fail(cli, &err);
    } else {
        exit_code = print_epochs(cli, ledger, current.epoch);
    }
    log_close(ledger);
    return exit_code;
}

enum { R_REASON, R_ACTOR };
static const struct opt rotate_options[] = {
    [R_REASON] = {"reason", 0, "TEXT", "why, for the event ledger.key_rotated"},
    [R_ACTOR] = {"actor", 'a', "WHO", "who rotates (default: user:<login name>)"},
    {0},
};

static int rotate(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct log_receipt receipt = {0};
    struct log_head head = {0};
    struct err err = {0};
    char actor[128];
    const char *reason = opt_text(args, &rotate_options[R_REASON]);
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_key_rotate(ledger, cli_actor(opt_text(args, &rotate_options[R_ACTOR]), actor), reason ? reason : "by hand",
                            &receipt, &err);
    if (rc == 0) rc = log_head(ledger, &head, &err);
    exit_code = rc == 0 ? receipt_print(cli, &receipt, &head) : cli_fail(cli, &err);
    log_close(ledger);
    return exit_code;
}

static int export(struct cli *cli, const struct opt_args *args) {
    (void)args;
    struct ledger *ledger = NULL;
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    if (cli->json) {
        struct obj obj = {0};
        obj_text(&obj, "vkey", log_vkey(ledger));
        exit_code = cli_print(cli, &obj, true);
    } else {
        out_printf(cli, "%s\n", log_vkey(ledger));
    }
    log_close(ledger);
    return exit_code;
}

enum { B_PASS_FD, B_PASS_FILE };
static const struct opt backup_options[] = {
    [B_PASS_FD] = {"key-passphrase-fd", 0, "N", "the passphrase to write it under, from descriptor N"},
    [B_PASS_FILE] = {"key-passphrase-file", 0, "FILE", "the same from a file"},
    {0},
};

static int backup(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct pass pass = {0};
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_KEYS, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = unlock_new(opt_text(args, &backup_options[B_PASS_FD]), opt_text(args, &backup_options[B_PASS_FILE]),
                        "the backup of the log key", "key-passphrase", &pass, &err);
    if (rc != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else {
        rc = log_key_backup(ledger, args->args[0], pass_bytes(&pass), &err);
        exit_code = rc == 0              ? EXIT_GOOD
                    : rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) /* the file exists */
                                         : cli_fail(cli, &err);
    }
    pass_done(&pass);
    log_close(ledger);
    return exit_code;
}

enum { N_NAME, N_PASSPHRASE, N_PASS_FD, N_PASS_FILE };
static const struct opt new_options[] = {
    [N_NAME] = {"name", 0, "NAME", "the key's name: example.org/alice"},
    [N_PASSPHRASE] = {"passphrase", 0, NULL, "ask on the terminal for a passphrase"},
    [N_PASS_FD] = {"key-passphrase-fd", 0, "N", "read a passphrase from descriptor N"},
    [N_PASS_FILE] = {"key-passphrase-file", 0, "FILE", "read a passphrase from a file"},
    {0},
};

/* The key's name is in the log with every event it signs. */
static int check_name(const char *name, struct err *err) {
    struct secret_hit hit;
    return secret_next(bytes_of(name), 0, &hit) != 0
               ? 0
               : err_set(err, ERR_INVALID,
                         "the name holds a secret (rule %s): it is kept for ever and travels with every proof. Use another",
                         hit.rule);
}

static int new_key(struct cli *cli, const struct opt_args *args) {
    const char *name = opt_text(args, &new_options[N_NAME]);
    const char *fd = opt_text(args, &new_options[N_PASS_FD]), *file = opt_text(args, &new_options[N_PASS_FILE]);
    struct pass pass = {0};
    struct buf vkey = {.max = VKEY_TEXT_MAX};
    struct err err = {0};
    if (!name) return cli_usage(cli, "--name NAME is missing");
    int rc = check_name(name, &err);
    if (rc == 0 && (fd || file || opt_has(args, &new_options[N_PASSPHRASE]))) {
        rc = unlock_new(fd, file, "the new key", "key-passphrase", &pass, &err);
    }
    if (rc == 0) rc = log_author_new(args->args[0], name, pass_bytes(&pass), &vkey, &err);
    pass_done(&pass);
    int exit_code = EXIT_GOOD;
    if (rc != 0) {
        exit_code = rc == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_INPUT) : cli_fail_input(cli, &err);
    } else if (cli->json) {
        struct obj obj = {0};
        obj_text(&obj, "file", args->args[0]);
        obj_str(&obj, "vkey", bytes_of_buf(&vkey));
        exit_code = cli_print(cli, &obj, true);
    } else {
        out_bytes(cli, bytes_of_buf(&vkey));
        out_str(cli, "\n");
    }
    buf_done(&vkey);
    return exit_code;
}

static const struct spec spec_list = {
    .synopsis = "",
    .about = "Shows the log's verifier key and, for each key epoch, the tree sizes it seals and its verifier\n"
             "key.",
    .run = list,
};
static const struct spec spec_rotate = {
    .synopsis = "[--reason TEXT]",
    .about = "Replaces the epoch key and wipes the old one, so that anyone who steals today's keys cannot\n"
             "rewrite what was sealed before. Prints the receipt of ledger.key_rotated.",
    .opts = rotate_options,
    .run = rotate,
};
static const struct spec spec_key_export = {
    .synopsis = "",
    .about = "Prints the log's verifier key. It is public: others put it into their policy or trust file.\n"
             "Secret keys are never printed; 'ledger key backup' writes the log key to a file, under a\n"
             "passphrase.",
    .examples = "ledger verify --no-trust-file --key \"$(ledger key export)\"",
    .run = export,
};
static const struct spec spec_backup_key = {
    .synopsis = "FILE",
    .about = "Writes the log key to FILE, which must not exist, under a passphrase. With it and a backup, a\n"
             "ledger can be restored; without it, the log cannot continue after a loss. Keep it elsewhere.",
    .examples = "ledger key backup /mnt/safe/box-1.key",
    .opts = backup_options,
    .min_args = 1,
    .max_args = 1,
    .run = backup,
};
static const struct spec spec_new = {
    .synopsis = "FILE --name NAME",
    .about = "Creates a signing key for a person or service, writes it to FILE (which must not exist; mode\n"
             "0600) and prints its verifier key. It needs no ledger. 'ledger append --sign-as FILE' signs with\n"
             "it; 'ledger verify --authors' says whose signatures count.",
    .examples = "ledger key new alice.key --name example.org/alice --passphrase >> authors",
    .opts = new_options,
    .min_args = 1,
    .max_args = 1,
    .run = new_key,
};

static const struct command subs[] = {
    {"list", "show the log key and the key epochs", &spec_list},
    {"rotate", "replace the epoch key", &spec_rotate},
    {"export", "print the log's public verifier key", &spec_key_export},
    {"backup", "write the log key to a file, under a passphrase", &spec_backup_key},
    {"new", "create an author's key", &spec_new},
    {0},
};

const struct spec spec_key = {
    .synopsis = "list | rotate | export | backup FILE | new FILE --name NAME",
    .about = "The keys of the log (a permanent log key, and an epoch key that is replaced) and of authors.",
    .subs = subs,
};
