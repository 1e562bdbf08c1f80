/* The probe "packs": is every installed pack still the files that were installed? Who knows where they are tells (the callback
 * pack_files); this says it, with the digest that was found. */
#include "doctor/probe/probe.h"
#include "projections/rows/named.h"
#include "projections/view/look.h"

#include <stdio.h>

static void say(const struct row *pack, const struct probe_files *files, struct probe_out *out) {
    struct probe_check check = PROBE_CHECK("pack-files", files->status);
    struct bytes name = named_text(pack, "pack");
    char target[PROBE_TEXT_MAX + 1];
    snprintf(target, sizeof(target), "%.*s", (int)(name.n < PROBE_TEXT_MAX ? name.n : PROBE_TEXT_MAX),
             name.n > 0 ? (const char *)name.p : "");
    check.target = check.pack = target;
    check.digest = files->digest;
    check.detail = files->words;
    probe_say(out, &check);
}

static int look_at_all(const struct probe_box *box, struct ledger *ledger, struct probe_out *out, struct err *err) {
    struct state_options options;
    struct state_view *view = NULL;
    struct state_rows *rows = NULL;
    const struct row *row;
    int rc = state_options_present(ledger, &options, err);
    options.no_write = true;
    if (rc == 0) rc = state_open(ledger, &options, &view, err);
    if (rc == 0) rc = look_rows(view, "packs", NULL, 0, &rows, err);
    while (rc == 0 && rows != NULL && (rc = look_next(rows, &row, err)) == 0) {
        struct probe_files files = {0};
        if (box->pack_files(box->ctx, row, box->now, &files)) {
            say(row, &files, out);
        }
    }
    state_rows_close(rows);
    state_close(view);
    return rc < 0 ? rc : 0;
}

int probe_packs(const struct probe_box *box, struct probe_out *out, struct err *err) {
    struct ledger *ledger = NULL;
    if (box->pack_files == NULL) return 0;
    int rc = box->open(box->ctx, false, &ledger, err);
    if (rc == 0) rc = look_at_all(box, ledger, out, err);
    log_close(ledger);
    return rc;
}
