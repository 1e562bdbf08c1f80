/* log: what happened, a line an event, newest last: `query` with other defaults. */
#include "cli/events/query.h"

static int run(struct cli *cli, const struct opt_args *args) {
    return query_run(cli, args, true);
}

const struct spec spec_log = {
    .synopsis = "[-n N] [CONDITIONS] [--follow]",
    .about = "Lists events in the order of the log, newest last: the newest 20, or all from --since on. It is\n"
             "'ledger query' with these defaults and takes the same options; with --json each event is one\n"
             "object on a line of its own.\n"
             "Every event that is read is recomputed up to its leaf; a damaged one is named on standard error,\n"
             "the others are listed, and the exit code is 30. Exit code 1 when nothing matched.",
    .examples = "ledger log --kind 'route.*' --since 2h\nledger log -n 0 --subject pack/pdf-ops-pack\n"
                "ledger log -f --actor agent:claude\nledger log --json --since 2026-11-21 | jq .kind",
    .opts = query_options,
    .run = run,
};
