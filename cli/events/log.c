/* log: what happened, one event per line, newest last: `query` with other defaults. */
#include "cli/events/query.h"

static int run(struct cli *cli, const struct opt_args *args) {
    return query_run(cli, args, true);
}

const struct spec spec_log = {
    .synopsis = "[-n N] [CONDITIONS] [--follow]",
    .about = "Lists events in log order, newest last: the newest 20, or all since --since. It is 'ledger\n"
             "query' with these defaults and takes the same options; with --json each event is one object on\n"
             "its own line.\n\n"
             "Every event read is rehashed up to its leaf. Damaged events are named on standard error, the\n"
             "others are listed, and the exit code is 30. It is 1 if nothing matched.",
    .examples = "ledger log --kind 'route.*' --since 2h\nledger log -n 0 --subject pack/pdf-ops-pack\n"
                "ledger log -f --actor agent:claude\nledger log --json --since 2026-11-21 | jq .kind",
    .opts = query_options,
    .run = run,
};
