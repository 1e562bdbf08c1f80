/* export: evidence for a stranger. What leaves is announced first, and recorded before the file gets its name. */
#include <stdio.h>

#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/evidence/cut_args.h"
#include "cli/evidence/handover.h"
#include "cli/evidence/report.h"
#include "cli/log/ask.h"
#include "cli/log/corrected.h"
#include "cli/open/open.h"
#include "cli/view/asserted.h"

/* ---- what leaves ---- */

static void put_counts(struct obj *obj, const struct export_counts *c) {
    obj_uint(obj, "size", c->head.size);
    obj_hex(obj, "root", c->head.root, LOG_HASH);
    obj_uint(obj, "from", c->from);
    obj_uint(obj, "to", c->to);
    obj_uint(obj, "headers", c->headers);
    obj_uint(obj, "matching", c->matching);
    obj_uint(obj, "disclosed", c->disclosed);
    obj_uint(obj, "withheld", c->withheld);
    obj_uint(obj, "erased", c->erased);
    obj_uint(obj, "private_fields", c->private_);
    obj_uint(obj, "private_erased", c->private_erased);
    obj_uint(obj, "private_all_erased", c->private_all);
    obj_uint(obj, "artifacts", c->artifacts);
    obj_uint(obj, "artifact_bytes", c->artifact_bytes);
    obj_uint(obj, "gaps", c->gaps);
    obj_uint(obj, "secrets", c->secrets);
}

/* Reports what was requested and has been erased. */
static void describe_erased(struct cli *cli, const struct export_counts *c) {
    struct buf text = {.max = 1024};
    export_erased_words(c, &text);
    if (text.n > 0) {
        out_bytes(cli, bytes_of_buf(&text));
        out_str(cli, "\n");
    }
    buf_done(&text);
}

/* A name that no event has would look like a field that exists and was not disclosed. */
static void say_unfound(struct cli *cli, const struct cut_args *args, const struct export_counts *c) {
    if (args->options.n_private > 0 && c->private_ + c->private_erased + c->private_all == 0) {
        cli_note(cli, "ledger: export: no event that leaves has a private field of the names that were given");
    }
}

static void describe(struct cli *cli, const struct export_counts *c, bool sparse) {
    uint64_t lines = c->disclosed + c->withheld + c->erased, alone = c->headers > lines ? c->headers - lines : 0;
    struct buf text = {.max = 1024};
    buf_printf(&text, "%s%llu header%s of ", sparse || c->headers == 1 ? "" : "all ", (unsigned long long)c->headers,
               text_s(c->headers));
    if (c->to - c->from == 1) {
        buf_printf(&text, "event %llu", (unsigned long long)c->from);
    } else {
        buf_printf(&text, "events %llu to %llu", (unsigned long long)c->from, (unsigned long long)(c->to - 1));
    }
    buf_printf(&text, " leave%s in full (kind, subject, actor, times, runs): %llu with %s", c->headers == 1 ? "s" : "",
               (unsigned long long)c->disclosed, c->disclosed == 1 ? "its body" : "their bodies");
    buf_printf(&text, ", %llu withheld", (unsigned long long)c->withheld);
    if (c->erased > 0) {
        buf_printf(&text, ", %llu erased before", (unsigned long long)c->erased);
    }
    if (alone > 0) {
        buf_printf(&text, ", %llu of events that do not match", (unsigned long long)alone);
    }
    buf_printf(&text, "; %llu private field%s, %llu artifact%s", (unsigned long long)c->private_, text_s(c->private_),
               (unsigned long long)c->artifacts, text_s(c->artifacts));
    report_wrapped(cli, bytes_of_buf(&text), 0);
    buf_done(&text);
}

/* Events of the bundle were corrected by one outside it, which a reader of the bundle cannot know. */
static bool is_told_elsewhere(const struct cut_args *args, const struct export_counts *c, const struct corrected_one *one) {
    bool in = one->seq >= c->from && one->seq < c->to, by_in = one->by < c->to;
    for (size_t i = 0; args->options.seqs != NULL && i < args->options.n_seqs; i++) {
        by_in = i == 0 ? false : by_in;
        in = i == 0 ? false : in;
        by_in = by_in || args->options.seqs[i] == one->by;
        in = in || args->options.seqs[i] == one->seq;
    }
    return in && !by_in;
}

static void put_corrected(struct cli *cli, struct ledger *ledger, const struct cut_args *args,
                          const struct export_counts *c, struct obj *ret) {
    struct corrected corrected = {0};
    struct obj list = {0};
    struct err err = {0};
    if (corrected_load(ledger, c->from, &corrected, &err) != 0) {
        cli_warn(cli, &err);
    }
    for (size_t i = 0; i < corrected.n; i++) {
        const struct corrected_one *one = &corrected.one[i];
        if (!is_told_elsewhere(args, c, one)) continue;
        if (ret == NULL) {
            out_printf(cli, "event %llu was corrected by event %llu, which is not in the bundle\n",
                       (unsigned long long)one->seq, (unsigned long long)one->by);
            continue;
        }
        struct obj item = {0};
        obj_uint(&item, "seq", one->seq);
        obj_uint(&item, "by", one->by);
        obj_obj(&list, NULL, &item);
    }
    if (ret != NULL) {
        obj_list(ret, "corrected_elsewhere", &list);
    } else {
        obj_done(&list);
    }
    corrected_done(&corrected);
}

struct listing {
    struct cli *cli;
    uint64_t n;
};

static int list_one(void *ctx, const struct log_event *event, bool disclosed, size_t n_private, struct err *err) {
    struct listing *l = ctx;
    if (!out_good(l->cli)) return err_set(err, ERR_IO, "standard output");
    l->n++;
    out_printf(l->cli, "%10llu  %-9s ", (unsigned long long)event->seq,
               disclosed               ? "body"
               : event->payload.n == 0 ? "erased"
                                       : "withheld");
    out_safe(l->cli, event->kind);
    out_str(l->cli, "  ");
    out_safe(l->cli, event->subject);
    if (n_private > 0) {
        out_printf(l->cli, "  + %zu private field%s", n_private, n_private == 1 ? "" : "s");
    }
    out_str(l->cli, "\n");
    return 0;
}

static int dry_run(struct cli *cli, struct ledger *ledger, const struct cut_args *args) {
    struct listing listing = {.cli = cli};
    struct export_counts counts;
    struct err err = {0};
    int rc = export_plan(ledger, &args->options, cli->json ? NULL : list_one, &listing, &counts, &err);
    if (rc != 0) return handover_fail(cli, rc, &err);
    int exit_code;
    if (cli->json) {
        struct obj obj = {0};
        put_counts(&obj, &counts);
        tier_count_put(&args->tiers, &obj);
        put_corrected(cli, ledger, args, &counts, &obj);
        exit_code = cli_print(cli, &obj, false);
    } else {
        describe(cli, &counts, args->options.seqs != NULL);
        describe_erased(cli, &counts);
        put_corrected(cli, ledger, args, &counts, NULL);
        exit_code = cli_end(cli, EXIT_GOOD);
    }
    say_unfound(cli, args, &counts);
    if (exit_code == EXIT_GOOD && counts.secrets > 0) {
        exit_code = cli_refuse(cli, EXIT_INPUT, ERR_INVALID, "%llu text%s look%s like secrets: the export would be refused",
                               (unsigned long long)counts.secrets, text_s(counts.secrets), counts.secrets == 1 ? "s" : "");
    }
    return exit_code;
}

/* ---- writing ---- */

static int report(struct cli *cli, const struct cut_args *args, const struct handover_bundle *bundle, const char *path) {
    struct handover_done done = {path, bundle->bytes, bundle->receipt.seq, bundle->digest};
    if (cli->json) {
        struct obj obj = {0};
        handover_put(&obj, &done);
        put_counts(&obj, &bundle->counts);
        tier_count_put(&args->tiers, &obj);
        put_corrected(cli, bundle->ledger, args, &bundle->counts, &obj);
        return cli_print(cli, &obj, false);
    }
    describe(cli, &bundle->counts, args->options.seqs != NULL);
    describe_erased(cli, &bundle->counts);
    put_corrected(cli, bundle->ledger, args, &bundle->counts, NULL);
    handover_say(cli, &done);
    return cli_end(cli, EXIT_GOOD);
}

static int write_bundle(struct cli *cli, struct ledger *ledger, const struct opt_args *opts, const struct cut_args *args,
                        const char *path) {
    struct handover_bundle bundle = {.ledger = ledger,
                                     .options = &args->options,
                                     .recipient = opt_text(opts, &cut_options[CUT_RECIPIENT]),
                                     .note = opt_text(opts, &cut_options[CUT_NOTE])};
    struct buf query = {.max = 1 << 14};
    struct err err = {0};
    narrow_words(&args->options, &query);
    int exit_code;
    if (buf_check(&query, "the conditions", &err) != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else {
        bundle.query = bytes_of_buf(&query);
        exit_code = hand_over_bundle(cli, &bundle, path);
    }
    buf_done(&query);
    if (exit_code == 0) {
        say_unfound(cli, args, &bundle.counts);
    }
    return exit_code != 0 || out_is_stdout(path) ? exit_code : report(cli, args, &bundle, path);
}

/* A time before the log began has no range, but later events may be about it, and those have one. */
static int check_begun(struct ledger *ledger, const struct cut_args *args, struct err *err) {
    const struct export_options *o = &args->options;
    struct asserted asserted;
    char words[ASSERTED_WORDS];
    if (!o->has_until) return 0;
    int rc = asserted_of(ledger, o->has_since ? o->since : 0, o->until - 1, &asserted, err);
    if (rc != 0 || asserted.begun < o->until || !asserted_words(&asserted, o->until - 1, words)) {
        return rc;
    }
    if (asserted.n == 0) return err_set(err, ERR_NOTFOUND, "%s", words);
    return err_set(err, ERR_NOTFOUND,
                   "%s: a range goes by the ledger's clock, '--since %llu --until %llu' is the one that has them", words,
                   (unsigned long long)asserted.first, (unsigned long long)asserted.last);
}

static int run_export(struct cli *cli, const struct opt_args *opts) {
    const char *path = opt_text(opts, &cut_options[CUT_OUTPUT]);
    bool dry = opt_has(opts, &cut_options[CUT_DRY_RUN]);
    struct out_progress progress;
    struct ledger *ledger = NULL;
    struct cut_args args = {0};
    struct err err = {0};
    if (path == NULL && !dry) {
        return cli_usage(cli, "where to? -o FILE writes the bundle, --dry-run lists what would leave");
    }
    const char *kind = opt_text(opts, &cut_options[CUT_KIND]);
    if (kind != NULL && ask_kind(kind, &err) != 0) return cli_usage(cli, "--kind: %s", err.msg);
    int exit_code = cli_open(cli, dry ? CLI_READ : CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = cut_args_read(opts, ledger, &args, &err);
    if (rc == 0) rc = check_begun(ledger, &args, &err);
    if (rc == 0) rc = cut_args_narrow(&args, ledger, !dry, &err);
    if (rc != 0) {
        exit_code = handover_fail(cli, rc, &err);
    } else {
        out_progress_init(&progress, cli, "exporting");
        args.options.stop = stop_catch();
        args.options.progress = out_progress_draw;
        args.options.progress_ctx = &progress;
        exit_code = dry ? dry_run(cli, ledger, &args) : write_bundle(cli, ledger, opts, &args, path);
        out_progress_end(&progress);
        tier_count_say(cli, &args.tiers);
    }
    cut_args_done(&args);
    log_close(ledger);
    return exit_code;
}

const struct spec spec_export = {
    .synopsis = "-o FILE [OPTIONS]",
    .about = "Writes an evidence bundle: the events of a range with their proofs, signed, to be checked\n"
             "offline by somebody who trusts neither this machine nor this program ('ledger verify FILE'). It\n"
             "includes all headers of the range, which prove that no match is missing; the bodies of the\n"
             "events that match; and the private fields that are named. Without --since, --until or --whole\n"
             "the range extends from the first match to the last.\n\n"
             "Nothing is written if the content looks like a secret, or if FILE exists. The export is recorded\n"
             "as an event. Exit code 1 if nothing matches.",
    .examples = "ledger export -o run.tar.zst --run 4f1c2a\nledger export -o all.tar.zst --whole --bodies all\n"
                "ledger export --dry-run --kind 'permission.*' --since 2026-11-01",
    .opts = cut_options,
    .run = run_export,
};
