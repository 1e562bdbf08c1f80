/* pack check: the checks of an installed pack, a line for each; with --smoke, the cases of its suites that are tagged so, too. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/packs/packs.h"
#include "cli/packs/refusal.h"
#include "cli/print/fact.h"
#include "cli/view/left.h"
#include "evals/run/smoke.h"
#include "ingest/dpkg/admin.h"
#include "packs/run/checks.h"

enum { C_SMOKE, C_CONCURRENCY, C_UNCONFINED, C_ACTOR, C_USER };
static const struct opt options[] = {
    [C_SMOKE] = {"smoke", 0, NULL, "then run the cases of its suites that are tagged 'smoke'"},
    [C_CONCURRENCY] = {"concurrency", 'j', "N",
                       "of --smoke: samples in flight at most (default: one a processor, at most 4)"},
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

/* One call of the command. */
struct call {
    struct cli *cli;
    const struct opt_args *args;
    struct checks_options how;
    bool smoke;
    uint64_t lanes;
    struct fact_table table;
    struct checks_result checks;
    struct smoke_result tried;
    struct run_pack *pack;
    struct out_progress progress;
    char actor[CLI_ACTOR_MAX], trust[FILE_PATH_MAX];
};

/* ---- --smoke ------------------------------------------------------------------------------------------------------------ */

static void on_fault(void *ctx, const char *path, unsigned line, unsigned column, const char *what) {
    (void)ctx;
    if (line > 0) {
        out_error("%s:%u:%u: %s", path, line, column, what);
    } else {
        out_error("%s: %s", path, what);
    }
}

static void on_untagged(void *ctx, struct bytes route, struct bytes suite) {
    const struct fact_table *table = ctx;
    cli_note(table->cli, "route '%.*s' was not tried: no case of %.*s is tagged '" SMOKE_TAG "'", (int)route.n,
             (const char *)route.p, (int)suite.n, (const char *)suite.p);
}

static void on_progress(void *ctx, const struct run_progress *p) {
    out_progress_draw(ctx, p->done, p->planned);
}

static int smoke(struct call *c, struct err *err) {
    const char *dpkg_dir = cli_env("DPKG_ADMINDIR");
    const struct run_pack_options of = {.ledger = c->how.ledger,
                                        .pack = c->how.pack,
                                        .actor = c->how.actor,
                                        .user = c->how.user,
                                        .dpkg_dir = dpkg_dir != NULL ? dpkg_dir : DPKG_ADMIN_DIR,
                                        .trust = trustfile_path(c->trust, NULL) == 0 ? c->trust : NULL,
                                        .unconfined = c->how.unconfined,
                                        .stop = c->how.stop,
                                        .stop_fd = c->how.stop_fd,
                                        .halt = stop_now};
    out_progress_init(&c->progress, c->cli, "trying");
    int rc = run_pack_open(&of, &c->pack, err);
    const struct smoke_options how = {.ledger = c->how.ledger,
                                      .of = c->pack,
                                      .pack = c->how.pack,
                                      .actor = c->how.actor,
                                      .concurrency = (unsigned)c->lanes,
                                      .stop = c->how.stop,
                                      .stop_fd = c->how.stop_fd,
                                      .fault = on_fault,
                                      .progress = on_progress,
                                      .progress_ctx = &c->progress,
                                      .told = tell,
                                      .untagged = on_untagged,
                                      .told_ctx = &c->table};
    if (rc == 0) rc = smoke_run(&how, &c->tried, err);
    out_progress_end(&c->progress);
    run_pack_close(c->pack);
    return rc;
}

/* ---- the command -------------------------------------------------------------------------------------------------------- */

static int fail(struct call *c, int rc, const struct err *err) {
    if (c->smoke && rc == ERR_CONFLICT) return cli_fail_as(c->cli, err, EXIT_NO);
    return c->smoke && rc == ERR_INVALID ? cli_fail_input(c->cli, err) : cli_fail_lookup(c->cli, err);
}

static int check_in(struct call *c) {
    struct cli *cli = c->cli;
    struct obj whole = {0};
    struct err err = {0};
    c->how.told = tell;
    c->how.told_ctx = &c->table;
    int rc = checks_run(&c->how, &c->checks, &err);
    if (rc == 0 && !c->checks.refusal.yes) return refusal_print(cli, &c->checks.refusal);
    if (rc == 0 && c->smoke) rc = smoke(c, &err);
    const bool any = c->checks.n + c->tried.routes > 0, none = c->smoke && c->tried.routes == 0;
    const bool good = rc == 0 && c->checks.good && !none && c->tried.passed == c->tried.routes;
    if (rc != 0 && !any) return fail(c, rc, &err);
    if (cli->json) {
        obj_text(&whole, "schema", "ledger.pack_check/1");
        obj_text(&whole, "pack", c->how.pack);
        obj_bool(&whole, "good", good);
    }
    int exit_code = fact_end(&c->table, cli->json ? &whole : NULL, "checks");
    if (rc != 0) return fail(c, rc, &err);
    if (exit_code == 0 && none) {
        return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND,
                          "no case of a suite of pack '%s' is tagged '" SMOKE_TAG "', so nothing was tried: add "
                          "'tags: [" SMOKE_TAG "]' to cases of the suites that its manifest names",
                          c->how.pack);
    }
    if (!cli->json && !any) {
        out_printf(cli, "the pack has no checks\n");
    }
    return exit_code != 0 ? exit_code : good ? EXIT_GOOD : EXIT_NO;
}

static int take_options(struct call *c) {
    const struct opt_args *args = c->args;
    struct err err = {0};
    c->smoke = opt_has(args, &options[C_SMOKE]);
    bool lanes = opt_has(args, &options[C_CONCURRENCY]);
    if (opt_has(args, &options[C_USER]) && geteuid() != 0) {
        return cli_usage(c->cli, "--user is for root: the checks of an ordinary user run as that user");
    }
    if (lanes && !c->smoke) return cli_usage(c->cli, "--concurrency is for --smoke: checks run one after the other");
    if (opt_u64(args, &options[C_CONCURRENCY], &c->lanes, &err) != 0) return cli_usage(c->cli, "%s", err.msg);
    if (lanes && (c->lanes < 1 || c->lanes > RUN_LANES_MAX)) {
        return cli_usage(c->cli, "--concurrency %llu: expected 1 to %d", (unsigned long long)c->lanes, RUN_LANES_MAX);
    }
    return 0;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct call *c = calloc(1, sizeof(*c));
    struct err err = {0};
    if (c == NULL) {
        err_set(&err, ERR_NOMEM, "out of memory");
        return cli_fail(cli, &err);
    }
    c->cli = c->table.cli = cli;
    c->args = args;
    int exit_code = take_options(c);
    if (exit_code == 0) {
        const volatile int *stop = stop_catch();
        exit_code = cli_open(cli, CLI_WRITE, &ledger);
        c->how = (struct checks_options){
            .ledger = ledger,
            .pack = args->args[0],
            .actor = cli_actor(opt_text(args, &options[C_ACTOR]), c->actor),
            .unconfined = opt_has(args, &options[C_UNCONFINED]),
            .user = opt_text(args, &options[C_USER]),
            .stop = stop,
            .stop_fd = stop_descriptor(),
        };
    }
    if (exit_code == 0) {
        left_note(cli, ledger, c->how.actor);
        exit_code = check_in(c);
    }
    log_close(ledger);
    free(c);
    return exit_code;
}

const struct spec packs_check = {
    .synopsis = "NAME [--smoke] [--unconfined]",
    .about = "Runs the checks of an installed pack and records each as pack.checked: a program runs confined,\n"
             "with the pack in /pack; an endpoint is asked. Both use permissions, as steps do; a check that is\n"
             "not permitted is unknown. Exit code 1 if a required check does not pass.\n\n"
             "With --smoke the cases of its suites that are tagged 'smoke' run after them, on the pack's own steps,\n"
             "for each route that a suite proves. The result is a check called smoke:ROUTE, required if the route\n"
             "is; it proves nothing. Exit code 1 also unless all of them pass, and where no case is tagged.",
    .examples = "ledger pack check pdf-ops-pack\nledger pack check pdf-ops-pack --smoke",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
