/* The child draws nothing: progress is drawn by the process that has the terminal. */
#include "cli/evidence/examine.h"

#include "cli/open/open.h"
#include "cli/print/out.h"
#include "lib/isolate/isolate.h"

static void find_rivals(struct ledger *ledger, const struct log_trust *trust, const struct log_report *report, void *ret) {
    if (report->verdict >= LOG_CONTRADICTS) {
        rivals_find(ledger, trust, ret);
    }
}

int examine_ledger(const struct examine_options *options, struct log_report *ret, struct rivals *ret_rivals,
                   struct err *err) {
    struct log_open_options patience = {.wait_ns = 0};
    struct out_progress progress;
    cli_patience(options->cli, &patience);
    const struct isolate_options isolate = {.dir = options->dir,
                                            .trust = options->trust,
                                            .derived = options->derived,
                                            .since_verified = options->since_verified,
                                            .threads = options->threads,
                                            .stalled_seconds = options->stalled_seconds,
                                            .wait_ns = patience.wait_ns,
                                            .waiting = patience.waiting,
                                            .waiting_ctx = patience.waiting_ctx,
                                            .stop = options->stop,
                                            .progress = out_progress_draw,
                                            .progress_ctx = &progress,
                                            .after = find_rivals,
                                            .after_n = sizeof(*ret_rivals)};
    ret_rivals->n = 0;
    out_progress_init(&progress, options->cli, "verifying");
    int rc = isolate_verify(&isolate, ret, ret_rivals, err);
    out_progress_end(&progress);
    return rc;
}
