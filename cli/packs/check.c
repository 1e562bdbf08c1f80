/* pack check: the checks of an installed pack, a line for each. */
#include <stdio.h>

#include <unistd.h>

#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/packs/packs.h"
#include "cli/packs/refusal.h"
#include "cli/print/fact.h"
#include "cli/view/left.h"
#include "packs/run/checks.h"

enum { C_UNCONFINED, C_ACTOR, C_USER };
static const struct opt options[] = {
    [C_UNCONFINED] = {"unconfined", 0, NULL, "run the programs without bubblewrap"},
    [C_ACTOR] = {"actor", 'a', "WHO", "who checks (default: user:<login name>)"},
    [C_USER] = {"user", 0, "NAME", "run by root: the user that programs run as (default: nobody)"},
    {0},
};

#define NS_PER_MS 1000000

static void tell(void *ctx, const struct checks_told *told) {
    struct fact_table *table = ctx;
    char time[32];
    (void)snprintf(time, sizeof(time), "%llu ms", (unsigned long long)(told->ns / NS_PER_MS));
    const struct fact facts[] = {
        fact_str("CHECK", "check", told->name),
        fact_text("VERDICT", "verdict", checks_verdict_name(told->verdict)),
        fact_text("REQUIRED", "required", told->required ? "yes" : "no"),
        fact_text("TOOK", "took", time),
        fact_count("EVENT", "event", told->seq),
        fact_text("WHY", "why", told->why),
    };
    fact_row(table, facts, sizeof(facts) / sizeof(facts[0]));
}

static int check_in(struct cli *cli, struct checks_options *how) {
    struct fact_table table = {.cli = cli};
    struct checks_result result;
    struct obj whole = {0};
    struct err err = {0};
    how->told = tell;
    how->told_ctx = &table;
    int rc = checks_run(how, &result, &err);
    if (rc == 0 && !result.refusal.yes) return refusal_print(cli, &result.refusal);
    if (rc != 0 && result.n == 0) return cli_fail_lookup(cli, &err);
    if (cli->json) {
        obj_text(&whole, "schema", "ledger.pack_check/1");
        obj_text(&whole, "pack", how->pack);
        obj_bool(&whole, "good", rc == 0 && result.good);
    }
    int exit_code = fact_end(&table, cli->json ? &whole : NULL, "checks");
    if (rc != 0) return cli_fail(cli, &err);
    if (!cli->json && result.n == 0) {
        out_printf(cli, "the pack has no checks\n");
    }
    return exit_code != 0 ? exit_code : result.good ? EXIT_GOOD : EXIT_NO;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    char actor[CLI_ACTOR_MAX];
    if (opt_has(args, &options[C_USER]) && geteuid() != 0) {
        return cli_usage(cli, "--user is for root: the checks of an ordinary user run as that user");
    }
    const volatile int *stop = stop_catch();
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    struct checks_options how = {
        .ledger = ledger,
        .pack = args->args[0],
        .actor = cli_actor(opt_text(args, &options[C_ACTOR]), actor),
        .unconfined = opt_has(args, &options[C_UNCONFINED]),
        .user = opt_text(args, &options[C_USER]),
        .stop = stop,
        .stop_fd = stop_descriptor(),
    };
    if (exit_code == 0) {
        left_note(cli, ledger, how.actor);
        exit_code = check_in(cli, &how);
    }
    log_close(ledger);
    return exit_code;
}

const struct spec packs_check = {
    .synopsis = "NAME [--unconfined]",
    .about = "Runs the checks of an installed pack and records each as pack.checked: a program runs confined,\n"
             "with the pack in /pack; an endpoint is asked. Both use permissions, as steps do; a check that is\n"
             "not permitted is unknown. Exit code 1 if a required check does not pass.",
    .examples = "ledger pack check pdf-ops-pack",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
