/* index: builds, drops or checks the index that queries use. It is derived data: without it queries only take longer. */
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "query/query.h"

enum { I_DROP, I_CHECK };
static const struct opt options[] = {
    [I_DROP] = {"drop", 0, NULL, "delete it"},
    [I_CHECK] = {"check", 0, NULL, "compare it with the events, and change nothing"},
    {0},
};

struct finding {
    struct cli *cli;
    struct obj list;
    uint64_t n;
};

static void on_difference(void *ctx, uint64_t first, const char *why) {
    struct finding *finding = ctx;
    struct obj one = {0};
    finding->n++;
    if (!finding->cli->json) {
        if (first == LOG_NO_SEQ) {
            out_str(finding->cli, "the index: ");
        } else {
            out_printf(finding->cli, "segment of event %llu: ", (unsigned long long)first);
        }
        out_safe(finding->cli, bytes_of(why));
        out_str(finding->cli, "\n");
        return;
    }
    obj_uint(&one, "first", first);
    obj_text(&one, "reason", why);
    obj_obj(&finding->list, NULL, &one);
}

static int print(struct cli *cli, struct ledger *ledger, const char *done, struct finding *finding) {
    struct log_head head = {0};
    struct log_stats stats = {0};
    struct err err = {0};
    struct obj obj = {0};
    uint64_t covered = 0;
    int exit_code = EXIT_GOOD;
    int rc = log_head(ledger, &head, &err);
    if (rc == 0) rc = query_index_covered(ledger, &covered, &err);
    if (rc == 0) rc = log_stats(ledger, &stats, &err);
    if (rc != 0) return cli_fail(cli, &err);
    if (cli->json) {
        obj_text(&obj, "schema", "ledger.index/1");
        obj_uint(&obj, "size", head.size);
        obj_uint(&obj, "covered", covered);
        obj_uint(&obj, "derived_bytes", stats.derived_bytes);
        obj_list(&obj, "differences", &finding->list);
        exit_code = cli_print(cli, &obj, false);
    } else {
        char size[32];
        out_size(size, stats.derived_bytes);
        out_printf(cli, "%s: %llu of %llu event%s, %s of derived data\n", done, (unsigned long long)covered,
                   (unsigned long long)head.size, text_s(head.size), size);
    }
    return exit_code == EXIT_GOOD && finding->n > 0 ? EXIT_NO : exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    bool drop = opt_has(args, &options[I_DROP]), check = opt_has(args, &options[I_CHECK]);
    struct finding finding = {.cli = cli};
    struct out_progress progress;
    struct ledger *ledger = NULL;
    struct err err = {0};
    uint64_t covered = 0;
    if (drop && check) return cli_usage(cli, "--drop and --check do not go together");
    int exit_code = cli_open(cli, CLI_READ, &ledger); /* no key is needed; with one, the index is vouched for */
    if (exit_code != 0) return exit_code;
    const struct query_index_progress draw = {.call = out_progress_draw, .ctx = &progress};
    out_progress_init(&progress, cli, "indexing");
    int rc = drop    ? query_index_drop(ledger, &err)
             : check ? query_index_check(ledger, &draw, on_difference, &finding, &covered, &err)
                     : query_index_build(ledger, &draw, &err);
    out_progress_end(&progress);
    exit_code = rc != 0 ? cli_fail(cli, &err)
                        : print(cli, ledger,
                                drop    ? "dropped"
                                : check ? "checked"
                                        : "indexed",
                                &finding);
    obj_done(&finding.list);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_index = {
    .synopsis = "[--drop | --check]",
    .about = "Indexes all events that are not indexed yet. Appending does the same in the background, so this\n"
             "is for a ledger that was restored, or after --drop. The newest few hundred events are never\n"
             "indexed; each query reads them. The index is derived data: deleting it costs time and loses\n"
             "nothing. Exit code of --check: 1 if the index does not match the events.",
    .examples = "ledger index\nledger index --check\nledger index --drop && ledger index",
    .opts = options,
    .run = run,
};
