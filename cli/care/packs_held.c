/* Every byte is read: a backup is for the day when nothing else is left. */
#include "cli/care/packs_held.h"

#include "cli/print/say.h"
#include "packs/depot/compare.h"
#include "packs/depot/depot.h"
#include "packs/life/installed.h"
#include "projections/ready/pack.h"
#include "projections/view/look.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"

static int look_at(struct cli *cli, const struct row *row, const char *dir, const char *help, struct packs_held *ret,
                   struct err *err) {
    char path[FILE_PATH_MAX], now[COMPARE_WORDS];
    struct compare_want want;
    if (!installed_is(row) || !installed_want(row, &want)) return 0;
    int rc = depot_path(dir, want.tree, path, err);
    if (rc != 0) return rc;
    ret->installed++;
    if (compare_copy(path, &want, COMPARE_BYTES, now)) {
        ret->held++;
    } else {
        cli_note(cli, "ledger: %s: the files of pack '%.*s' were installed as %.*s, now %s%s", cli->command,
                 REASON_NAME(row_text(row, PACK_NAME)), REASON_NAME(row_text(row, PACK_TREE_DIGEST)), now, help);
    }
    return 0;
}

int packs_held(struct cli *cli, struct ledger *ledger, const char *dir, const char *help, struct packs_held *ret,
               struct err *err) {
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    *ret = (struct packs_held){0};
    state_options_init(&options);
    options.no_write = true;
    int rc = state_open(ledger, &options, &view, err);
    if (rc == 0) rc = look_rows(view, "packs", NULL, 0, &rows, err);
    while (rc == 0 && (rc = look_next(rows, &row, err)) == 0) {
        rc = look_at(cli, row, dir, help, ret, err);
    }
    state_rows_close(rows);
    state_close(view);
    return rc == 1 ? 0 : rc;
}
