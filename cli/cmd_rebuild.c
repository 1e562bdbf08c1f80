/* rebuild: projections anew from the first event, or compared with a replay. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/open.h"
#include "cli/projections.h"
#include "cli/stop.h"
#include "projections/rebuild.h"
#include "projections/state.h"

enum { R_CHECK, R_DROP };
static const struct opt options[] = {
    [R_CHECK] = {"check", 0, NULL, "replay beside what is stored, compare, and change nothing"},
    [R_DROP] = {"drop", 0, NULL, "delete all that is stored of them"},
    {0},
};

struct finding {
    struct cli *cli;
    struct obj list;
    uint64_t n;
};

static void on_difference(void *ctx, const struct projection *projection, const char *why) {
    struct finding *finding = ctx;
    struct obj one = {0};
    finding->n++;
    if (!finding->cli->json) {
        out_printf(finding->cli, "%s: ", projection->name);
        out_safe(finding->cli, bytes_of(why));
        out_str(finding->cli, "\n");
        return;
    }
    obj_text(&one, "projection", projection->name);
    obj_text(&one, "reason", why);
    obj_obj(&finding->list, NULL, &one);
}

static int print(struct cli *cli, struct ledger *ledger, const char *done, uint32_t which, uint64_t rows,
                 struct finding *finding) {
    struct ledger_head head = {0};
    struct err err = {0};
    struct obj obj = {0}, names = {0};
    size_t n = 0;
    if (ledger_head(ledger, &head, &err) != 0) {
        return cli_fail(cli, &err);
    }
    for (size_t i = 0; projection_all[i]; i++) {
        if (which & (UINT32_C(1) << i)) {
            obj_text(&names, NULL, projection_all[i]->name);
            n++;
        }
    }
    int exit_code = 0;
    if (cli->json) {
        obj_text(&obj, "schema", "ledger.rebuild/1");
        obj_text(&obj, "done", done);
        obj_uint(&obj, "size", head.size);
        obj_list(&obj, "projections", &names);
        obj_uint(&obj, "rows", rows);
        obj_list(&obj, "differences", &finding->list);
        exit_code = cli_print(cli, &obj, false);
    } else if (rows != LEDGER_NO_SEQ) {
        out_printf(cli, "%s: %zu projection%s, %llu row%s, %llu event%s%s\n", done, n, n == 1 ? "" : "s",
                   (unsigned long long)rows, rows == 1 ? "" : "s", (unsigned long long)head.size, head.size == 1 ? "" : "s",
                   finding->n > 0 ? ", and they differ" : "");
    } else {
        out_printf(cli, "%s: %zu projection%s, %llu event%s\n", done, n, n == 1 ? "" : "s", (unsigned long long)head.size,
                   head.size == 1 ? "" : "s");
    }
    obj_done(&names);
    return exit_code == 0 && finding->n > 0 ? EXIT_NO : exit_code;
}

/* What is stored says nothing of events that came since: they have to be readable, too. */
static int check_all(struct ledger *ledger, const struct state_options *how, uint32_t which, struct finding *finding,
                     uint64_t *ret_rows, struct err *err) {
    struct state_view *view = NULL;
    struct state_options only = *how;
    only.no_write = true;
    int rc = rebuild_check(ledger, how, which, on_difference, finding, ret_rows, err);
    rc = rc != 0 ? rc : state_open(ledger, &only, &view, err);
    rc = rc != 0 ? rc : state_whole(view, err);
    state_close(view);
    return rc;
}

static int run(struct cli *cli, const struct opt_args *args) {
    bool check = opt_has(args, &options[R_CHECK]), drop = opt_has(args, &options[R_DROP]);
    struct finding finding = {.cli = cli};
    struct state_options how;
    struct out_progress progress;
    struct ledger *ledger = NULL;
    struct err err = {0};
    uint64_t rows = LEDGER_NO_SEQ;
    uint32_t which = 0;
    if (check && drop) {
        return cli_usage(cli, "--check and --drop do not go together");
    }
    if (drop && args->n_args > 0) {
        return cli_usage(cli, "--drop deletes all: no NAME with it");
    }
    int exit_code = projections_read(cli, args, &which);
    exit_code = exit_code != 0 ? exit_code : cli_open(cli, CLI_READ, &ledger); /* what is derived is not sealed */
    if (exit_code != 0) {
        return exit_code;
    }
    state_options_init(&how);
    out_progress_init(&progress, cli, check ? "checking" : "rebuilding");
    how.stop = stop_catch();
    how.progress = out_progress_draw;
    how.progress_ctx = &progress;
    int rc = drop    ? rebuild_drop(ledger, &err)
             : check ? check_all(ledger, &how, which, &finding, &rows, &err)
                     : rebuild_run(ledger, &how, which, &err);
    out_progress_end(&progress);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
        if (rc == ERR_BUSY && *how.stop != 0 && !check && !drop) {
            cli_note(cli,
                     "ledger: rebuild: what was there is still there; the next 'ledger rebuild' continues where this one "
                     "stopped");
        }
    } else {
        exit_code = print(cli, ledger, drop ? "dropped" : check ? "checked" : "rebuilt", which, rows, &finding);
    }
    obj_done(&finding.list);
    ledger_close(ledger);
    return exit_code;
}

const struct spec spec_rebuild = {
    .synopsis = "[NAME ...] [--check | --drop]",
    .about = "Rebuilds projections from the first event: all, or those that are named. Readers use the old\n"
             "rows until the new ones take their place, in one commit. It may be interrupted; the next one goes\n"
             "on where it stood. Needed when 'ledger state' calls one stale or stopped; otherwise every read\n"
             "catches up by itself. Exit code 1 when --check finds a difference, 3 when a projection stops at\n"
             "an event that it cannot take: then its old rows stay.",
    .examples = "ledger rebuild\nledger rebuild routes packs\nledger rebuild --check",
    .opts = options,
    .max_args = CLI_MANY,
    .run = run,
};
