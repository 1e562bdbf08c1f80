/* pack remove, park, unpark: one event each; a removal takes the files with it. */
#include "base/file.h"
#include "cli/open/open.h"
#include "cli/packs/held.h"
#include "cli/packs/packs.h"
#include "cli/print/fact.h"
#include "packs/life/change.h"

enum { R_REASON, R_NOTE, R_ACTOR, R_FORCE, R_UNFINISHED };
#define STEP_OPTIONS                                                                                                       \
    [R_REASON] = {"reason", 0, "TEXT", "why, in a few words, public"},                                                     \
    [R_NOTE] = {"note", 0, "TEXT", "why; kept private"},                                                                   \
    [R_ACTOR] = {"actor", 'a', "WHO", "who does it (default: user:<login name>)"}
static const struct opt step_options[] = {STEP_OPTIONS, {0}};
static const struct opt remove_options[] = {
    STEP_OPTIONS,
    [R_FORCE] = {"force", 0, NULL, "also if other packs depend on it"},
    [R_UNFINISHED] = {"unfinished", 0, NULL, "only undo an installation or upgrade that did not end"},
    {0}};

struct sweeping {
    struct cli *cli;
    struct ledger *ledger;
};

static void say_swept(void *ctx, const char *name, bool held) {
    const struct sweeping *s = ctx;
    if (held) {
        held_note(s->cli, s->ledger, name);
    } else {
        cli_note(s->cli, "removed packs/%s", name);
    }
}

static int print(struct cli *cli, struct bytes name, const char *kind, uint64_t seq) {
    const struct fact facts[] = {fact_str("pack", "pack", name), fact_text("recorded", "kind", kind),
                                 fact_count("event", "seq", seq)};
    return fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 12, true);
}

static int fail(struct cli *cli, int rc, const struct err *err) {
    return rc == ERR_CONFLICT || rc == ERR_NOTFOUND ? cli_fail_as(cli, err, EXIT_NO) : cli_fail(cli, err);
}

/* A name may be given as lists of other commands print it: "pack/my-pack". */
static struct bytes name_of(const char *text) {
    struct bytes name = bytes_of(text);
    if (bytes_has_prefix(name, "pack/")) {
        name.p += 5;
        name.n -= 5;
    }
    return name;
}

enum verb { REMOVE, PARK, UNPARK };

static int do_verb(struct change *change, enum verb verb, struct bytes name, const struct change_removal *removal,
                   uint64_t *ret_seq, const char **ret_kind, struct err *err) {
    if (verb == REMOVE) return change_remove(change, name, removal, ret_seq, ret_kind, err);
    *ret_kind = verb == PARK ? "pack.parked" : "pack.unparked";
    return change_park(change, name, verb == PARK, ret_seq, err);
}

static int run(struct cli *cli, const struct opt_args *args, const struct opt *options, enum verb verb) {
    struct bytes name = name_of(args->args[0]);
    struct depot depot = {.lock = -1};
    struct change change = {
        .depot = &depot, .reason = opt_text(args, &options[R_REASON]), .note = opt_text(args, &options[R_NOTE])};
    const struct change_removal removal = {.force = verb == REMOVE && opt_has(args, &options[R_FORCE]),
                                           .unfinished = verb == REMOVE && opt_has(args, &options[R_UNFINISHED])};
    const char *kind = NULL;
    char actor[CLI_ACTOR_MAX];
    uint64_t seq = 0;
    struct err err = {0};
    change.actor = cli_actor(opt_text(args, &options[R_ACTOR]), actor);
    int exit_code = cli_open(cli, CLI_WRITE, &change.ledger);
    if (exit_code != 0) return exit_code;
    int rc = depot_open(log_dir(change.ledger), cli->wait_ns, &depot, &err);
    if (rc == 0) rc = do_verb(&change, verb, name, &removal, &seq, &kind, &err);
    exit_code = rc == 0 ? print(cli, name, kind, seq) : fail(cli, rc, &err);
    struct sweeping sweeping = {cli, change.ledger};
    if ((rc == 0 || rc == ERR_NOTFOUND) && verb == REMOVE && change_sweep(&change, say_swept, &sweeping, &err) != 0) {
        cli_warn(cli, &err);
    }
    depot_close(&depot);
    log_close(change.ledger);
    return exit_code;
}

static int run_remove(struct cli *cli, const struct opt_args *args) {
    return run(cli, args, remove_options, REMOVE);
}

static int run_park(struct cli *cli, const struct opt_args *args) {
    return run(cli, args, step_options, PARK);
}

static int run_unpark(struct cli *cli, const struct opt_args *args) {
    return run(cli, args, step_options, UNPARK);
}

const struct spec packs_remove = {
    .synopsis = "NAME [--reason TEXT] [--force] [--unfinished]",
    .about = "Removes an installed pack: records pack.removed and removes its routes and files; its history stays,\n"
             "and so do the permissions that were granted to its name. Of a pack that is incomplete it undoes\n"
             "what was planned (pack.aborted). Exit code 1 if the pack is not installed, or another one depends\n"
             "on it and --force is missing.",
    .examples = "ledger pack remove my-pack --reason 'not needed'",
    .opts = remove_options,
    .min_args = 1,
    .max_args = 1,
    .run = run_remove,
};
const struct spec packs_park = {
    .synopsis = "NAME [--reason TEXT]",
    .about = "Parks an installed pack: it stays installed and does not run. Exit code 1 if it is not installed, or\n"
             "parked already.",
    .examples = "ledger pack park my-pack --reason maintenance",
    .opts = step_options,
    .min_args = 1,
    .max_args = 1,
    .run = run_park,
};
const struct spec packs_unpark = {
    .synopsis = "NAME [--reason TEXT]",
    .about = "Lets a parked pack run again. Exit code 1 if it is not parked.",
    .examples = "ledger pack unpark my-pack",
    .opts = step_options,
    .min_args = 1,
    .max_args = 1,
    .run = run_unpark,
};
