/* A run keeps the files that it began with; what nothing names any more is removed by the next change. */
#include "cli/packs/held.h"

#include <string.h>

#include "cli/print/say.h"
#include "packs/life/in_use.h"

void held_note(struct cli *cli, struct ledger *ledger, const char *name) {
    struct buf runs = {.max = 4096}, digest = {.max = 128};
    buf_printf(&digest, "sha256:%s", name + strlen("sha256-"));
    (void)in_use_by(ledger, bytes_of_buf(&digest), &runs, NULL);
    cli_note(cli, "packs/%s is in use%s%.*s: it stays, and the next installation, upgrade or removal removes it", name,
             runs.n > 0 ? " by " : "", (int)runs.n, runs.n > 0 ? (const char *)runs.p : "");
    buf_done(&runs);
    buf_done(&digest);
}
