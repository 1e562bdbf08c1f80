/* pack run: an installed pack's steps, a line for each while they run, and how the run ended. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/act/tripcodes.h"
#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/packs/packs.h"
#include "cli/packs/refusal.h"
#include "cli/print/fact.h"
#include "cli/view/left.h"
#include "ingest/dpkg/admin.h"
#include "packs/run/run.h"
#include "projections/recovery/recovery.h"

enum { R_DEMO, R_UNCONFINED, R_OUT, R_SESSION, R_ACTOR, R_RUN, R_TRIPCODE, R_USER };
static const struct opt options[] = {
    [R_DEMO] = {"demo", 0, NULL, "also run what nobody proved, and leave out what is not permitted; the record says so"},
    [R_UNCONFINED] = {"unconfined", 0, NULL, "run the steps without bubblewrap; the record says so"},
    [R_OUT] = {"out", 'o', "DIR", "where the artifacts go: a new directory (default: ./NAME-RUN)"},
    [R_SESSION] = {"session", 0, "ID", "the session that the run belongs to, for grants that hold in one"},
    [R_ACTOR] = {"actor", 'a', "WHO", "who runs it (default: user:<login name>)"},
    [R_RUN] = {"run", 0, "ID", "the run's id, which a tripcode names: 32 hex digits (default: random)"},
    [R_TRIPCODE] = {"tripcode", 0, "FILE|-", "tripcodes, one a line, for the steps of T3 in their order"},
    [R_USER] = {"user", 0, "NAME", "run by root: the user that steps run as (default: nobody)"},
    {0},
};

#define NS_PER_MS 1000000

static void put_time(char ret[32], uint64_t ns) {
    if (ns < UINT64_C(10000) * NS_PER_MS) {
        (void)snprintf(ret, 32, "%llu ms", (unsigned long long)(ns / NS_PER_MS));
    } else {
        (void)snprintf(ret, 32, "%llu s", (unsigned long long)(ns / NS_PER_MS / 1000));
    }
}

/* On a terminal the line of a step begins when the step does. */
static void tell(void *ctx, const struct run_told *told) {
    struct cli *cli = ctx;
    char time[32], name[80];
    if (cli->json || cli->quiet) return;
    (void)snprintf(name, sizeof(name), "%.*s", (int)told->step.n, (const char *)told->step.p);
    if (!told->ended ? cli->out_tty : !cli->out_tty) out_printf(cli, "%-14s ", name);
    if (told->ended) {
        put_time(time, told->ns);
        const char *word = run_status_name(told->status);
        out_printf(cli, "%s%-7s%s %9s", out_color(cli, out_state(bytes_of(word))), word, out_color(cli, OUT_PLAIN), time);
        const char *const words[] = {told->why, told->note};
        for (size_t i = 0; i < 2; i++) {
            out_str(cli, words[i][0] == '\0' ? "" : i > 0 && words[0][0] != '\0' ? "; " : "  ");
            out_safe(cli, bytes_of(words[i]));
        }
        out_str(cli, "\n");
    }
    out_flush(cli);
}

static const char *text_or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static int print_json(struct cli *cli, const struct run_options *how, const struct run_result *r) {
    struct obj obj = {0}, steps = {0};
    obj_text(&obj, "schema", "ledger.pack_run/1");
    obj_text(&obj, "pack", how->pack);
    obj_text(&obj, "run", r->id);
    obj_text(&obj, "outcome", r->outcome);
    obj_str(&obj, "why", bytes_of(r->why));
    obj_bool(&obj, "demo", how->demo);
    obj_bool(&obj, "confined", !how->unconfined);
    obj_uint(&steps, "ok", r->ok);
    obj_uint(&steps, "error", r->failed);
    obj_uint(&steps, "refused", r->refused);
    obj_uint(&steps, "skipped", r->skipped);
    obj_obj(&obj, "steps", &steps);
    obj_uint(&obj, "artifacts", r->artifacts);
    obj_text(&obj, "out", text_or_null(r->out));
    obj_uint(&obj, "started", r->started);
    obj_uint(&obj, "finished", r->finished);
    return cli_print(cli, &obj, false);
}

static int print(struct cli *cli, const struct run_options *how, const struct run_result *r) {
    bool good = strcmp(r->outcome, "ok") == 0 || strcmp(r->outcome, "partial") == 0;
    int exit_code = EXIT_GOOD;
    if (cli->json) {
        exit_code = print_json(cli, how, r);
    } else {
        char marks[64];
        (void)snprintf(marks, sizeof(marks), "%s%s%s", r->outcome, how->demo ? ", demo" : "",
                       how->unconfined ? ", unconfined" : "");
        out_printf(cli, "\n");
        const struct fact facts[] = {
            fact_text("run", "run", r->id),
            fact_text("outcome", "outcome", marks),
            fact_said(fact_text("why", "why", r->why), r->why[0] != '\0' ? NULL : ""),
            fact_said(fact_text("artifacts", "out", r->out), r->out[0] != '\0' ? NULL : ""),
        };
        fact_lines(cli, facts, sizeof(facts) / sizeof(facts[0]), 10);
    }
    return exit_code != 0 ? exit_code : good ? EXIT_GOOD : EXIT_NO;
}

static int run_in(struct cli *cli, struct run_options *how) {
    struct run_result *result = calloc(1, sizeof(*result));
    struct err err = {0};
    if (result == NULL) {
        err_set(&err, ERR_NOMEM, "out of memory");
        return cli_fail(cli, &err);
    }
    int rc = run_pack(how, result, &err);
    int exit_code;
    if (rc == ERR_INVALID || (rc == ERR_CONFLICT && !result->begun)) {
        exit_code = cli_fail_input(cli, &err);
    } else if (rc != 0) {
        exit_code = cli_fail_lookup(cli, &err);
    } else if (!result->begun) {
        exit_code = refusal_print(cli, &result->refusal);
    } else {
        exit_code = print(cli, how, result);
    }
    free(result);
    return exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct ledger *ledger = NULL;
    struct tripcodes codes = {.n = 0};
    struct err err = {0};
    const char *file = opt_text(args, &options[R_TRIPCODE]), *out = opt_text(args, &options[R_OUT]);
    if (opt_has(args, &options[R_USER]) && geteuid() != 0) {
        return cli_usage(cli, "--user is for root: the steps of an ordinary user run as that user");
    }
    if (out != NULL && out[0] == '\0') return cli_usage(cli, "--out is empty; expected a new directory");
    if (file != NULL && tripcodes_read(file, &codes, &err) != 0) return cli_fail_input(cli, &err);
    char actor[CLI_ACTOR_MAX], workspace[FILE_PATH_MAX], trust[FILE_PATH_MAX];
    const volatile int *stop = stop_catch();
    if (getcwd(workspace, sizeof(workspace)) == NULL)
        return cli_refuse(cli, EXIT_SYSTEM, ERR_IO, "there is no working directory");
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    const char *dpkg_dir = cli_env("DPKG_ADMINDIR");
    struct run_options how = {
        .ledger = ledger,
        .pack = args->args[0],
        .words = (const char *const *)args->args + 1,
        .words_n = args->n_args - 1,
        .workspace = workspace,
        .out = out,
        .actor = cli_actor(opt_text(args, &options[R_ACTOR]), actor),
        .session = opt_text(args, &options[R_SESSION]),
        .demo = opt_has(args, &options[R_DEMO]),
        .unconfined = opt_has(args, &options[R_UNCONFINED]),
        .dpkg_dir = dpkg_dir != NULL ? dpkg_dir : DPKG_ADMIN_DIR,
        .trust = trustfile_path(trust, NULL) == 0 ? trust : NULL,
        .user = opt_text(args, &options[R_USER]),
        .id = opt_text(args, &options[R_RUN]),
        .tripcodes = codes.list,
        .tripcodes_n = codes.n,
        .stop = stop,
        .stop_fd = stop_descriptor(),
        .halt = stop_now,
        .told = tell,
        .told_ctx = cli,
    };
    if (exit_code == 0) {
        left_note(cli, ledger, how.actor);
        exit_code = run_in(cli, &how);
    }
    log_close(ledger);
    return exit_code;
}

const struct spec packs_run = {
    .synopsis = "NAME [INPUT=FILE|VALUE ...] [--demo] [--unconfined] [--out DIR]",
    .about = "Runs an installed pack. Its files are read and compared with what was installed, its permissions\n"
             "and routes are decided, and its steps run one after the other: each under bubblewrap, with its\n"
             "inputs in /in, a fresh /out, the pack in /pack, and what was granted. What each used, printed\n"
             "and made is recorded; the artifacts are copied to a new directory.\n\n"
             "A file must be covered by a grant of filesystem.read, as a path relative to the current\n"
             "directory (absolute when it is elsewhere). A step of T2 needs a snapshot that holds what it may\n"
             "write ('ledger recovery snapshot'), one of T3 a tripcode for it and this run: its refusal says\n"
             "the command that issues one. Exit code 1 if the run is refused, which names the\n"
             "reason and the events behind it, or does not end ok or partial.",
    .examples = "ledger pack run pdf-ops-pack document=inbox/march.pdf\n"
                "ledger pack run pdf-ops-pack document=inbox/march.pdf --demo --out report\n"
                "ledger timeline RUN",
    .opts = options,
    .min_args = 1,
    .max_args = CLI_MANY,
    .run = run,
};
