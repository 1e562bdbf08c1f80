/* correct: marks an event as a mistake. It stays in the log; from here on no state counts it. */
#include "base/text.h"
#include "cli/act/preview.h"
#include "cli/call/command.h"
#include "cli/log/corrected.h"
#include "cli/open/open.h"
#include "cli/print/receipt.h"
#include "projections/act/checked.h"

enum { C_REASON, C_REPLACED, C_NOTE, C_ACTOR, C_DRY_RUN };
static const struct opt options[] = {
    [C_REASON] = {"reason", 0, "TEXT", "why, in a few words, public: wrong_subject, typed by mistake"},
    [C_REPLACED] = {"replaced-by", 0, "SEQ", "the event that replaces it, appended before this one"},
    [C_NOTE] = {"note", 0, "TEXT", "why, in more words; kept private"},
    [C_ACTOR] = {"actor", 'a', "WHO", "who corrects it (default: user:<login name>)"},
    [C_DRY_RUN] = {"dry-run", 0, NULL, "write nothing: check, and show the event as it would be written"},
    {0},
};

/* Notes if the mistake itself replaced an event, which now has no replacement. */
static int say_what_it_stood_for(struct cli *cli, struct ledger *ledger, uint64_t seq, struct err *err) {
    struct corrected all = {0};
    int rc = corrected_load(ledger, seq, &all, err);
    for (size_t i = 0; rc == 0 && i < all.n; i++) {
        if (all.one[i].replaced_by == seq) {
            cli_note(cli, "event %llu replaced event %llu (by event %llu): as a mistake it no longer does",
                     (unsigned long long)seq, (unsigned long long)all.one[i].seq, (unsigned long long)all.one[i].by);
        }
    }
    corrected_done(&all);
    return rc;
}

static int print_preview(void *ctx, const struct log_correct_preview *preview, struct err *err) {
    const struct log_draft *draft = preview->draft;
    struct obj obj = {0};
    (void)err;
    obj_bool(&obj, "dry_run", true);
    preview_put(&obj, draft, draft->body, draft->private_);
    obj_uint(&obj, "cause", draft->cause);
    obj_uint(&obj, "masked", preview->masked);
    obj_uint(&obj, "seq", preview->seq);
    obj_bool(&obj, "duplicate", false);
    int exit_code = cli_print(ctx, &obj, false);
    return exit_code; /* 0 or above: no ERR_* */
}

static int fail(struct cli *cli, int rc, const struct err *err) {
    return rc == ERR_INVALID ? cli_fail_input(cli, err) : cli_fail_lookup(cli, err);
}

static int show_it(struct cli *cli, struct ledger *ledger, const struct log_correct_options *o, struct err *err) {
    int rc = log_correct_preview(ledger, o, print_preview, cli, err);
    int said = rc == 0 ? say_what_it_stood_for(cli, ledger, o->seq, err) : 0;
    return rc < 0 ? fail(cli, rc, err) : said < 0 ? fail(cli, said, err) : rc;
}

static int write_it(struct cli *cli, struct ledger *ledger, const struct log_correct_options *o, struct err *err) {
    struct log_receipt receipt;
    struct log_head head;
    int rc = checked_unlocked(ledger, "ledger.corrected", err);
    if (rc == 0) rc = log_correct(ledger, o, &receipt, err);
    if (rc == 0) rc = say_what_it_stood_for(cli, ledger, o->seq, err);
    if (rc == 0) rc = log_head(ledger, &head, err);
    return rc == 0 ? receipt_print(cli, &receipt, &head) : fail(cli, rc, err);
}

static int correct(struct cli *cli, const struct opt_args *args) {
    struct log_correct_options o = {.replaced_by = LOG_NO_SEQ,
                                    .reason = opt_text(args, &options[C_REASON]),
                                    .note = opt_text(args, &options[C_NOTE]),
                                    .actor = opt_text(args, &options[C_ACTOR])};
    struct ledger *ledger = NULL;
    struct err err = {0};
    char actor[128];
    bool dry_run = opt_has(args, &options[C_DRY_RUN]);
    if (cli_seq(cli, args->args[0], &o.seq) != 0) return EXIT_USAGE;
    if (o.reason == NULL) return cli_usage(cli, "--reason TEXT is missing");
    if (opt_u64(args, &options[C_REPLACED], &o.replaced_by, &err) != 0) {
        return cli_usage(cli, "%s", err.msg);
    }
    o.actor = cli_actor(o.actor, actor);
    int exit_code = cli_open(cli, dry_run ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    exit_code = dry_run ? show_it(cli, ledger, &o, &err) : write_it(cli, ledger, &o, &err);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_correct = {
    .synopsis = "SEQ --reason TEXT [--replaced-by SEQ] [--dry-run]",
    .about = "Marks an event as a mistake: writes the event ledger.corrected, which names the mistake by\n"
             "sequence number and leaf, and prints its receipt. The mistake stays in the log and verifies as\n"
             "before. From the correction on it no longer counts in any state, as if it had never been\n"
             "written; states as of an earlier moment (--at) still include it.\n\n"
             "Append the right event first and name it with --replaced-by; a corrected event cannot replace\n"
             "another. Correcting a mistaken revocation restores the grant. The ledger's own events (ledger.*)\n"
             "cannot be corrected, and an event can be corrected only once: to undo a correction, append the\n"
             "event again. Exit code 1 if there is no such event or it was already corrected.",
    .examples = "ledger correct 118 --reason wrong_subject\nledger correct 118 --reason 'tier was T0' --replaced-by 121",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = correct,
};
