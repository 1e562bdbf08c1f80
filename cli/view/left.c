/* One note for each run that was killed. */
#include "cli/view/left.h"

#include <stdio.h>

#include "base/text.h"
#include "cli/print/say.h"
#include "ledger/log.h"
#include "packs/run/left.h"

static void tell(void *ctx, const struct left_run *run) {
    const struct cli *cli = ctx;
    char end[96] = "", files[64] = "";
    if (run->seq != LOG_NO_SEQ) {
        (void)snprintf(end, sizeof(end), "; event %llu records its end", (unsigned long long)run->seq);
    } else if (run->begun) {
        (void)snprintf(end, sizeof(end), "; the next 'ledger pack run' records its end");
    }
    if (run->files > 0) {
        (void)snprintf(files, sizeof(files), "; %llu file%s of it removed", (unsigned long long)run->files,
                       text_s(run->files));
    }
    cli_note(cli, "run/%s was killed%s%s%s", run->id, run->begun ? "" : " before it began", files, end);
}

void left_note(struct cli *cli, struct ledger *ledger, const char *actor) {
    struct err err = {0};
    if (left_sweep(ledger, actor, tell, cli, &err) != 0 && actor != NULL) {
        cli_warn(cli, &err); /* who only reads may not be allowed to remove anything */
    }
}
