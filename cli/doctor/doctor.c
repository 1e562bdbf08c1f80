/* doctor: looks, then answers. What was seen is recorded before it is judged, so that the answer can be given again. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/doctor/doctor.h"
#include "cli/open/setback.h"
#include "cli/open/trustfile.h"
#include "cli/print/say.h"

enum { O_PACK, O_ONLY, O_NO_PROBE, O_ALL, O_LIST, O_WATCH, O_EVERY, O_AT, O_FIX, O_DRY_RUN, O_FORMAT, O_TIME };
static const struct opt options[] = {
    [O_PACK] = {"pack", 0, "PACK", "is the box fit to run this pack? Its clauses instead of the box's"},
    [O_ONLY] = {"only", 0, "CLAUSE", "only this clause, and the probes that it rests on; may be repeated"},
    [O_NO_PROBE] = {"no-probe", 0, NULL, "look at nothing and write nothing: judge what is known"},
    [O_ALL] = {"all", 0, NULL, "look at everything, also at what is not due; read every byte of the ledger"},
    [O_LIST] = {"list", 0, NULL, "list the clauses and the probes, and look at nothing"},
    [O_WATCH] = {"watch", 0, NULL, "look again and again, and show what changes, until Ctrl-C"},
    [O_EVERY] = {"every", 0, "DURATION", "with --watch: from one look to the next (default 10s)"},
    [O_AT] = {"at", 0, "WHEN", "judge " ASOF_AT_HELP},
    [O_FIX] = {"fix", 0, NULL, "first mend what loses nothing: states, index, modes of key files, dead readers"},
    [O_DRY_RUN] = {"dry-run", 'n', NULL, "with --fix: only say what there is to mend, and write nothing"},
    [O_FORMAT] = {"format", 0, "FORMAT", "text (default), json, junit, prometheus"},
    [O_TIME] = {"time", 0, "STYLE", "utc, local, relative (default)"},
    {0},
};

#define EVERY_NS (UINT64_C(10) * 1000000000)

static int read_only(struct cli *cli, const struct opt_args *args, struct doctor_ask *ask) {
    const char *text;
    size_t at = 0;
    while ((text = opt_next(args, &options[O_ONLY], &at)) != NULL) {
        if (ask->n_only == DOCTOR_ONLY_MAX) return cli_usage(cli, "more than %d times --only", DOCTOR_ONLY_MAX);
        ask->only[ask->n_only++] = bytes_of(text);
    }
    return 0;
}

static int read_form(struct cli *cli, const char *format, const char **ret) {
    static const char *const forms[] = {"text", "json", "junit", "prometheus"};
    *ret = cli->json ? "json" : NULL;
    if (format == NULL) return 0;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (strcmp(format, forms[i]) == 0) {
            if (cli->json && i != 1) return cli_usage(cli, "--json and --format %s do not go together", format);
            *ret = i > 0 ? forms[i] : NULL;
            cli->json = i == 1;
            return 0;
        }
    }
    return cli_usage(cli, "--format '%.100s': expected text, json, junit or prometheus", format);
}

static int read_ask(struct cli *cli, const struct opt_args *args, struct doctor_ask *ask, const char **ret_form) {
    const char *style = opt_text(args, &options[O_TIME]);
    struct err err = {0};
    *ask = (struct doctor_ask){.pack = answer_pack(opt_text(args, &options[O_PACK])),
                               .at = opt_text(args, &options[O_AT]),
                               .all = opt_has(args, &options[O_ALL]),
                               .fix = opt_has(args, &options[O_FIX]),
                               .style = WHEN_RELATIVE};
    ask->probe = ask->at == NULL && !opt_has(args, &options[O_NO_PROBE]) && !opt_has(args, &options[O_LIST]);
    if (style != NULL && when_style(style, &ask->style, &err) != 0) return cli_usage(cli, "%s", err.msg);
    if (ask->all && !ask->probe) return cli_usage(cli, "--all looks; it does not go with --no-probe, --at or --list");
    if (ask->fix && !ask->probe) return cli_usage(cli, "--fix looks; it does not go with --no-probe, --at or --list");
    if (opt_has(args, &options[O_PACK]) && ask->pack.n == 0) return cli_usage(cli, "--pack needs the name of a pack");
    int exit_code = read_only(cli, args, ask);
    return exit_code != 0 ? exit_code : read_form(cli, opt_text(args, &options[O_FORMAT]), ret_form);
}

int doctor_check_only(struct cli *cli, const struct doctor_ask *ask, const struct answer *answer) {
    for (size_t i = 0; i < ask->n_only; i++) {
        if (answer_find(answer, ask->only[i]) == NULL) {
            return cli_refuse(cli, EXIT_NO, ERR_NOTFOUND, "there is no clause '%.*s'; 'ledger doctor --list' lists them",
                              (int)ask->only[i].n, ask->only[i].n > 0 ? (const char *)ask->only[i].p : "");
        }
    }
    return 0;
}

int doctor_fail(const struct cli *cli, const struct err *err) {
    if (err->code != ERR_CORRUPT) return cli_fail(cli, err);
    return cli_refuse(cli, EXIT_SYSTEM, ERR_CORRUPT, "derived data is damaged, which 'ledger doctor --fix' mends: %s",
                      err->msg);
}

static int show(struct cli *cli, const struct doctor_ask *ask, const struct round_result *round, const struct fix *fix,
                const char *form, bool list) {
    struct answer *answer = calloc(1, sizeof(*answer));
    struct asof view;
    struct err err = {0};
    if (answer == NULL) return cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the verdict");
    int exit_code = answer_open(&view, cli, ask->at, false);
    if (exit_code == 0 && !ask->probe && ask->at == NULL && setback_refuse(view.ledger, &err) != 0) {
        exit_code = cli_fail(cli, &err); /* what was seen last is not of this ledger */
    }
    if (exit_code == 0) exit_code = opening_unreadable(cli, view.state);
    int rc = exit_code == 0 ? answer_read(&view, &view.state, ask->pack, ask->only, ask->n_only, answer, &err) : 0;
    if (exit_code == 0 && rc != 0) exit_code = asof_fail_lookup(&view, &err);
    if (exit_code == 0) exit_code = doctor_check_only(cli, ask, answer);
    if (exit_code == 0 && list) {
        exit_code = asof_exit(&view, list_print(&view, answer));
    } else if (exit_code == 0) {
        if (form == NULL && fix != NULL) mend_page(cli, fix);
        exit_code =
            form != NULL ? forms_print(&view, answer, round, fix, form) : page_print(&view, answer, round, ask->style);
        exit_code = exit_code != 0 ? exit_code : asof_exit(&view, answer_is_good(answer) ? EXIT_GOOD : EXIT_NO);
    }
    answer_done(answer);
    free(answer);
    asof_close(&view);
    return exit_code;
}

static int look_and_show(struct cli *cli, const struct doctor_ask *ask, const char *form, bool list) {
    struct opening opening = {.cli = cli, .stop = stop_catch()};
    struct round_result *round = calloc(1, sizeof(*round));
    struct fix *fix = calloc(1, sizeof(*fix));
    int exit_code = round == NULL || fix == NULL ? cli_refuse(cli, EXIT_SYSTEM, ERR_NOMEM, "no memory for the probes") : 0;
    if (exit_code == 0 && ask->fix) exit_code = mend_run(&opening, ask, round, fix);
    if (exit_code == 0 && ask->fix) exit_code = opening_refused(cli, round, form);
    if (exit_code == 0 && ask->probe) exit_code = opening_round(&opening, ask, round);
    if (exit_code == 0 && ask->probe) exit_code = opening_refused(cli, round, form);
    if (exit_code == 0 && *opening.stop != 0) exit_code = cli_refuse(cli, EXIT_SYSTEM, ERR_BUSY, "interrupted");
    if (exit_code == 0) exit_code = show(cli, ask, ask->probe ? round : NULL, ask->fix ? fix : NULL, form, list);
    free(fix);
    free(round);
    return exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct doctor_ask ask;
    const char *form = NULL, *text = opt_text(args, &options[O_EVERY]);
    uint64_t every = EVERY_NS;
    int exit_code = read_ask(cli, args, &ask, &form);
    if (exit_code != 0) return exit_code;
    bool watch = opt_has(args, &options[O_WATCH]), list = opt_has(args, &options[O_LIST]);
    bool dry = opt_has(args, &options[O_DRY_RUN]);
    if (text != NULL &&
        (text_parse_duration(bytes_of(text), &every) != 0 || every < 1000000 || every > UINT64_C(86400000000000))) {
        return cli_usage(cli, "--every '%.50s': expected a duration from 0.001s to 1d, such as 30s", text);
    }
    if (text != NULL && !watch) return cli_usage(cli, "--every goes with --watch");
    if (watch && (ask.at != NULL || list || (form != NULL && !cli->json))) {
        return cli_usage(cli, "--watch does not go with --at, --list, or --format junit or prometheus");
    }
    if (watch && ask.fix) return cli_usage(cli, "--watch does not go with --fix");
    if (dry && (!ask.fix || (form != NULL && !cli->json))) {
        return cli_usage(cli, "--dry-run goes with --fix, as text or JSON");
    }
    if (list && form != NULL && !cli->json) return cli_usage(cli, "--list does not go with --format %s", form);
    if (dry) return mend_plan(cli, &ask, form != NULL);
    if (watch) return watch_run(cli, &ask, every);
    exit_code = look_and_show(cli, &ask, form, list);
    if (exit_code == EXIT_INVALID || exit_code == EXIT_CONTRADICTS) forms_refused(cli, form);
    return exit_code;
}

static const struct command subs[] = {
    {"diff", "show which clauses changed between two moments", &doctor_diff},
    {"why", "explain one clause by its events", &doctor_why},
    {0},
};

const struct spec spec_doctor = {
    .synopsis = "[--pack PACK] [--only CLAUSE] [--no-probe | --all | --at WHEN] [--format FORMAT]\n"
                "--fix [--dry-run] [--pack PACK] [--only CLAUSE]\n"
                "--list | --watch [--every DURATION]",
    .about = "Is this box fit (with --pack: fit to run that pack)? If not, since when, and what helps. Probes look at\n"
             "the ledger, its keys, disks, the clock, the machine and model servers, each in a process of its own\n"
             "and bounded in time. What they saw is recorded when it has changed or is old; the verdict is then\n"
             "judged from the log alone, so that --at gives the verdict of any moment of the past again. What was\n"
             "never looked at is unknown, never good.\n\n"
             "--fix first mends what can be mended without losing anything: it rebuilds states, builds the index,\n"
             "closes the ledger's own key files to others and clears readers whose processes are gone. It records\n"
             "each repair. Everything else is left to a person, who finds on the page what to do.\n\n"
             "Exit code 0 if nothing fails and nothing is unknown, 1 otherwise, 4 if the doctor could not work; if the\n"
             "ledger does not verify, that is all that is said: 30, or 20 if it contradicts what was known.",
    .examples = "ledger doctor\nledger doctor --pack pdf-ops-pack\nledger doctor --at 2h --json\nledger doctor --list\n"
                "ledger doctor --watch --every 30s",
    .opts = options,
    .max_args = 0,
    .run = run,
    .subs = subs,
};
