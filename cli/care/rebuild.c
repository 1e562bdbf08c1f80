/* rebuild: rebuilds projections from the first event, or compares them with a replay. */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/care/projections.h"
#include "cli/open/open.h"
#include "projections/store/rebuild.h"
#include "projections/view/state.h"

#define NAMES_MAX 4096

enum { R_CHECK, R_DROP };
static const struct opt options[] = {
    [R_CHECK] = {"check", 0, NULL, "replay, compare with the stored rows, and change nothing"},
    [R_DROP] = {"drop", 0, NULL, "delete the stored rows"},
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

struct work {
    const char *done;
    uint32_t which;    /* projections */
    uint32_t compared; /* of these */
    uint64_t rows;
};

static size_t put_names(uint32_t which, struct obj *list, struct buf *words) {
    size_t n = 0;
    for (size_t i = 0; projection_all[i]; i++) {
        if (which & (UINT32_C(1) << i)) {
            obj_text(list, NULL, projection_all[i]->name);
            buf_printf(words, "%s%s", n > 0 ? ", " : "", projection_all[i]->name);
            n++;
        }
    }
    return n;
}

static int print_json(struct cli *cli, const struct work *work, uint64_t size, struct finding *finding) {
    struct obj obj = {0}, names = {0}, compared = {0};
    struct buf words = {.max = NAMES_MAX};
    put_names(work->which, &names, &words);
    put_names(work->compared, &compared, &words);
    obj_text(&obj, "schema", "ledger.rebuild/1");
    obj_text(&obj, "done", work->done);
    obj_uint(&obj, "size", size);
    obj_list(&obj, "projections", &names);
    obj_list(&obj, "compared", &compared);
    obj_uint(&obj, "rows", work->rows);
    obj_list(&obj, "differences", &finding->list);
    int exit_code = cli_print(cli, &obj, false);
    buf_done(&words);
    return exit_code;
}

/* States what was compared, so that a check of nothing is not taken for a good one. */
static void print_text(struct cli *cli, const struct work *work, uint64_t size, bool differ) {
    bool check = work->rows != LOG_NO_SEQ;
    struct obj ignored = {0};
    struct buf words = {.max = NAMES_MAX};
    size_t n = put_names(work->which, &ignored, &words);
    buf_clear(&words);
    size_t others = check ? put_names(work->which & ~work->compared, &ignored, &words) : 0;
    if (check && others == n && work->rows == 0) {
        out_printf(cli, "nothing was compared: no rows are stored of %zu projection%s; %llu event%s can be folded\n", n,
                   text_s(n), (unsigned long long)size, text_s(size));
    } else {
        out_printf(cli, "%s: ", work->done);
        if (others > 0) {
            out_printf(cli, "%zu of ", n - others);
        }
        out_printf(cli, "%zu projection%s, ", n, text_s(n));
        if (check) {
            out_printf(cli, "%llu row%s, ", (unsigned long long)work->rows, text_s(work->rows));
        }
        out_printf(cli, "%llu event%s%s\n", (unsigned long long)size, text_s(size), differ ? ", and they differ" : "");
        if (others > 0) {
            out_printf(cli, "not compared, because no rows of this version are stored: %.*s\n", (int)words.n,
                       (const char *)words.p);
        }
    }
    obj_done(&ignored);
    buf_done(&words);
}

static int print(struct cli *cli, struct ledger *ledger, const struct work *work, struct finding *finding) {
    struct log_head head = {0};
    struct err err = {0};
    if (log_head(ledger, &head, &err) != 0) return cli_fail(cli, &err);
    int exit_code = 0;
    if (cli->json) {
        exit_code = print_json(cli, work, head.size, finding);
    } else {
        print_text(cli, work, head.size, finding->n > 0);
    }
    return exit_code == 0 && finding->n > 0 ? EXIT_NO : exit_code;
}

/* Stored rows do not cover later events: these must be readable too. */
static int check_all(struct ledger *ledger, const struct state_options *how, struct work *work, struct finding *finding,
                     struct err *err) {
    struct state_view *view = NULL;
    struct state_options only = *how;
    only.no_write = true;
    int rc = rebuild_check(ledger, how, work->which, on_difference, finding, &work->rows, &work->compared, err);
    if (rc == 0) rc = state_open(ledger, &only, &view, err);
    if (rc == 0) rc = state_whole(view, err);
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
    struct work work = {.rows = LOG_NO_SEQ};
    if (check && drop) return cli_usage(cli, "--check and --drop do not go together");
    if (drop && args->n_args > 0) return cli_usage(cli, "--drop deletes all rows: it takes no NAME");
    int exit_code = projections_read(cli, args, &work.which);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_READ, &ledger); /* derived data is not sealed: no key needed */
    if (exit_code != 0) return exit_code;
    state_options_init(&how);
    out_progress_init(&progress, cli, check ? "checking" : "rebuilding");
    how.stop = stop_catch();
    how.progress = out_progress_draw;
    how.progress_ctx = &progress;
    int rc = drop    ? rebuild_drop(ledger, &err)
             : check ? check_all(ledger, &how, &work, &finding, &err)
                     : rebuild_run(ledger, &how, work.which, &err);
    out_progress_end(&progress);
    if (rc != 0) {
        exit_code = cli_fail(cli, &err);
        if (rc == ERR_BUSY && *how.stop != 0 && !check && !drop) {
            cli_note(cli, "ledger: rebuild: the old rows are unchanged; the next 'ledger rebuild' continues where this one "
                          "stopped");
        }
    } else {
        work.done = drop ? "dropped" : check ? "checked" : "rebuilt";
        exit_code = print(cli, ledger, &work, &finding);
    }
    obj_done(&finding.list);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_rebuild = {
    .synopsis = "[NAME ...] [--check | --drop]",
    .about = "Rebuilds projections from the first event: all, or those named. Readers use the old rows until\n"
             "the new ones replace them, in one commit. If it is interrupted, the next rebuild continues where\n"
             "it stopped. It is needed only if 'ledger state' calls a projection stale or stopped; otherwise\n"
             "every read catches up by itself. Exit code 1 if --check finds a difference, 3 if a projection\n"
             "stops at an event it cannot process; its old rows then stay.",
    .examples = "ledger rebuild\nledger rebuild routes packs\nledger rebuild --check",
    .opts = options,
    .max_args = CLI_MANY,
    .run = run,
};
