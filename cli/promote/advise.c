/* A command that is printed is quoted for a shell, and reaches the ledger that it was printed for. */
#include "cli/promote/advise.h"

#include <stdio.h>

#include "cli/call/cli.h"
#include "projections/ready/readiness.h"

void advise_away(const char *link, struct buf *out) {
    char away[FILE_PATH_MAX + 8];
    snprintf(away, sizeof(away), "%s.away", link);
    buf_put_str(out, "mv -nT ");
    readiness_put_word(out, bytes_of(link));
    buf_put_str(out, " ");
    readiness_put_word(out, bytes_of(away));
}

void advise_step(const struct cli *cli, const char *command, const char *id, bool forced, struct buf *out) {
    struct buf plain = {.max = 4096};
    buf_put_str(&plain, "ledger promote ");
    buf_put_str(&plain, command);
    buf_put_str(&plain, " ");
    readiness_put_word(&plain, bytes_of(id));
    buf_put_str(&plain, forced ? " --force" : "");
    cli_command(cli, bytes_of_buf(&plain), out);
    buf_done(&plain);
}

void advise_refused(const struct cli *cli, const struct promote_known *known, const char *link, enum target_fault fault,
                    const char *command, struct err *err) {
    struct buf remedy = {.max = 16384};
    struct err told = *err;
    if (fault == TARGET_CHANGED) {
        err_set(err, told.code, "%s; restore it as it was, or promote another version", told.msg);
    } else if (fault != TARGET_SOUND) {
        if (fault == TARGET_NO_LINK) {
            advise_away(link, &remedy);
            buf_put_str(&remedy, " && ");
        }
        advise_step(cli, command, known->id, true, &remedy);
        err_set(err, told.code, "%s; to switch it all the same: %.*s", told.msg, (int)remedy.n, (const char *)remedy.p);
    }
    buf_done(&remedy);
}
