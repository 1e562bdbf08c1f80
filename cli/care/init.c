/* init: a new ledger, and the user's trust in it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/open/trustthis.h"
#include "cli/open/unlock.h"
#include "cli/print/fact.h"

enum { I_ORIGIN, I_ACTOR, I_NO_TRUST, I_PASSPHRASE, I_MAP };
static const struct opt options[] = {
    [I_ORIGIN] = {"origin", 0, "NAME", "the log's name, a URL without a scheme (default: HOSTNAME/ledger)"},
    [I_ACTOR] = {"actor", 0, "WHO", "who creates it (default: user:<login name>)"},
    [I_NO_TRUST] = {"no-trust", 0, NULL, "do not write the user's trust file"},
    [I_PASSPHRASE] = {"passphrase", 0, NULL, "ask on the terminal for a passphrase for the secret keys"},
    [I_MAP] = {"map-bytes", 0, "N", "quota of the database in bytes (default: 64 GiB)"},
    {0},
};

/* "<hostname>/ledger", with invalid characters replaced, and numbered if the trust file already has that origin. */
static void default_origin(const struct policy *policy, char ret[NOTE_NAME_MAX + 1]) {
    char host[200] = "";
    if (gethostname(host, sizeof(host) - 1) != 0 || host[0] == '\0') {
        snprintf(host, sizeof(host), "localhost");
    }
    for (char *c = host; *c; c++) {
        unsigned char u = (unsigned char)*c;
        *c = u < 0x80 && (isalnum(u) || u == '.' || u == '-') ? (char)tolower(u) : '-';
    }
    snprintf(ret, NOTE_NAME_MAX + 1, "%s/ledger", host);
    for (unsigned n = 2; trustthis_known(policy, bytes_of(ret)) && n < 10000; n++) {
        snprintf(ret, NOTE_NAME_MAX + 1, "%s/ledger-%u", host, n);
    }
}

static int make_parents(const char *dir, struct err *err) {
    char parent[FILE_PATH_MAX];
    snprintf(parent, sizeof(parent), "%s", dir);
    size_t n = strlen(parent);
    while (n > 1 && parent[n - 1] == '/') {
        parent[--n] = '\0';
    }
    char *slash = strrchr(parent, '/');
    if (!slash || slash == parent) return 0;
    *slash = '\0';
    return file_make_dirs(parent, err);
}

static void say_next(struct cli *cli) {
    static const struct {
        const char *words, *why;
    } steps[] = {{"key backup FILE", "keep the log key elsewhere, under a passphrase"},
                 {"checkpoint --save FILE", "where this machine cannot write: a log cut back shows"},
                 {"ingest dpkg", "record what was installed; 'ledger ingest --sources'"},
                 {"status", "what there is, what is wrong, what to do next"}};
    struct buf self = {.max = 2 * FILE_PATH_MAX};
    cli_self(cli, &self);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        out_printf(cli, "%-8s ", i == 0 ? "next" : "");
        out_safe(cli, bytes_of_buf(&self));
        out_printf(cli, " %-*s # %s\n", 22, steps[i].words, steps[i].why);
    }
    buf_done(&self);
}

/* Opens the new ledger, writes the trust file, prints the result. */
static int finish(struct cli *cli, const char *trust) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_TRUST, &ledger);
    if (exit_code != 0) return exit_code;
    if (trust && trustthis_add(ledger, trust, NULL, &err) != 0) {
        err_prefix(&err, "the ledger was created, but not added to the trust file; 'ledger trust add' does that");
        log_close(ledger);
        return cli_fail_as(cli, &err, EXIT_SYSTEM);
    }
    uint8_t genesis[LOG_HASH];
    log_genesis(ledger, genesis);
    const struct fact facts[] = {fact_text("ledger", "dir", cli->dir), fact_text("origin", "origin", log_origin(ledger)),
                                 fact_hash("genesis", "genesis", genesis), fact_text("log key", "vkey", log_vkey(ledger)),
                                 fact_said(fact_text("trust", "trust", trust), trust ? NULL : "not written")};
    exit_code = fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 8, false);
    if (!cli->json) {
        say_next(cli);
    }
    log_close(ledger);
    return exit_code;
}

/* Describes a ledger that exists already: EXIT_INPUT. 0: there is none. */
static int refuse_second(struct cli *cli) {
    struct log_open_options open = {.read_only = true};
    struct ledger *ledger = NULL;
    struct log_head head = {0};
    int exit_code = 0;
    cli_patience(cli, &open);
    if (log_open(cli->dir, &open, &ledger, NULL) == 0 && log_head(ledger, &head, NULL) == 0) {
        exit_code = cli_refuse(cli, EXIT_INPUT, ERR_CONFLICT,
                               "there is a ledger in '%s' already: '%s' with %llu event%s ('ledger status' shows it)",
                               cli->dir, log_origin(ledger), (unsigned long long)head.size, text_s(head.size));
    }
    log_close(ledger);
    return exit_code;
}

static int init(struct cli *cli, const struct opt_args *args) {
    struct err err = {0};
    char path[FILE_PATH_MAX], actor[128], origin[NOTE_NAME_MAX + 1];
    struct policy *policy = NULL;
    bool trust = !opt_has(args, &options[I_NO_TRUST]);
    struct log_create_options create = {.actor = opt_text(args, &options[I_ACTOR])};
    if (opt_u64(args, &options[I_MAP], &create.map_bytes, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    int rc = refuse_second(cli);
    if (rc != 0) return rc;
    if (trust) {
        rc = trustfile_path(path, &err);
        if (rc == 0) rc = trustfile_load(path, &policy, &err);
        if (rc != 0) return cli_fail_input(cli, &err);
    }
    const char *given = opt_text(args, &options[I_ORIGIN]);
    if (!given) {
        default_origin(policy, origin);
    } else if (trustthis_known(policy, bytes_of(given))) {
        policy_free(policy);
        return cli_refuse(
            cli, EXIT_INPUT, ERR_INVALID,
            "origin '%s' is in the trust file already, for another ledger: choose another name, or --no-trust; if "
            "that ledger is gone on purpose, 'ledger trust forget %s'",
            given, given);
    }
    policy_free(policy);
    create.origin = given ? given : origin;
    create.actor = cli_actor(create.actor, actor);
    rc = cli_take_passphrase(cli, &err);
    if (rc == 0 && !cli->pass.p && opt_has(args, &options[I_PASSPHRASE])) {
        rc = unlock_new(NULL, NULL, "the ledger's keys", "passphrase", &cli->pass, &err);
    }
    if (rc != 0) return cli_fail_input(cli, &err);
    create.passphrase = pass_bytes(&cli->pass);
    rc = make_parents(cli->dir, &err);
    if (rc != 0) return cli_fail_as(cli, &err, EXIT_SYSTEM);
    rc = log_create(cli->dir, &create, &err);
    if (rc != 0) {
        /* not found: the system's error for a place where nothing can be created */
        int system = rc == ERR_NOTFOUND ? EXIT_SYSTEM : EXIT_INPUT;
        return rc == ERR_CONFLICT || rc == ERR_NOTFOUND ? cli_fail_as(cli, &err, system) : cli_fail_input(cli, &err);
    }
    return finish(cli, trust ? path : NULL);
}

const struct spec spec_init = {
    .synopsis = "[--origin NAME] [--passphrase] [--no-trust]",
    .about = "Creates a ledger in the directory of -C (absent or empty), with its own log key and first epoch\n"
             "key. Event 0 is ledger.created. The log key, the leaf of event 0 and the head are added to the\n"
             "user's trust file, so that 'ledger verify' has something outside the ledger to check against.\n"
             "Without a passphrase the secret keys are in plain files of mode 0600: anyone who can act as this\n"
             "user can sign. The last part of NAME may be neither 'epoch' nor 'r' with a number, as in\n"
             "example.org/r1: such names denote epoch keys and restored ledgers.",
    .examples = "ledger init\nledger -C ./box init --origin example.org/box-1 --passphrase",
    .opts = options,
    .run = init,
};
