/* promote simulate: a trial without consequences, whose report is kept by its digest; promote abort. */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mp.h"
#include "cli/act/submit.h"
#include "cli/open/open.h"
#include "cli/print/say.h"
#include "cli/promote/promote.h"
#include "cli/promote/target.h"
#include "cli/promote/trial.h"
#include "ledger/event/event.h"
#include "projections/act/checked.h"

#define REPORT_MAX ((size_t)64 << 20)

enum { S_VERDICT, S_REPORT, S_RUNS, S_FAILED, S_READ, S_PROGRAM, S_DIFF, S_UNCONFINED, S_SUBMIT };
static const struct opt simulate_options[] = {
    [S_VERDICT] = {"verdict", 0, "VERDICT", "the trial's result: pass, warn, fail, unknown"},
    [S_REPORT] = {"report", 0, "FILE", "its report or diff, which is stored as an artifact"},
    [S_RUNS] = {"runs", 0, "N", "number of trials"},
    [S_FAILED] = {"failed", 0, "N", "trials that failed"},
    [S_READ] = {"read", 0, "PATH", "of COMMAND: what it may read besides what it names; may be repeated"},
    [S_PROGRAM] = {"program", 0, "NAME", "of COMMAND: a program that it may start; may be repeated"},
    [S_DIFF] = {"diff", 0, NULL, "of COMMAND: exit status 1 says that there are differences, as that of diff does"},
    [S_UNCONFINED] = {"unconfined", 0, NULL, "of COMMAND: run it as it is, without bubblewrap"},
    SUBMIT_OPTIONS,
    {0},
};

struct trial {
    const char *verdict, *report, *runs, *failed;
    char digest[80];
    struct promote_known known;
    struct promote_target target;
    bool has_target;
    struct trial_end end;
    uint64_t printed;
};

/* Leaves room for two. */
static int take_list(const struct opt_args *args, int option, const char **list, size_t *ret_n, struct err *err) {
    const char *text;
    size_t at = 0;
    while ((text = opt_next(args, &simulate_options[option], &at)) != NULL) {
        if (*ret_n == TRIAL_PATHS_MAX - 2) {
            return err_set(err, ERR_INVALID, "--%s is given too often", simulate_options[option].name);
        }
        list[(*ret_n)++] = text;
    }
    return 0;
}

/* What it prints is the report, whatever its status. */
static int run_trial(struct trial *t, struct ledger *ledger, const struct opt_args *args, const char *into,
                     struct err *err) {
    struct trial_how how = {.words = args->args + 1,
                            .n = args->n_args - 1,
                            .unconfined = opt_has(args, &simulate_options[S_UNCONFINED]),
                            .diff = opt_has(args, &simulate_options[S_DIFF])};
    struct buf out = {.max = REPORT_MAX};
    char dir[FILE_PATH_MAX];
    int rc = take_list(args, S_READ, how.paths, &how.n_paths, err);
    if (rc == 0) rc = take_list(args, S_PROGRAM, how.programs, &how.n_programs, err);
    if (t->has_target && file_parent(dir, t->target.link, NULL) == 0 && access(dir, F_OK) == 0) {
        how.paths[how.n_paths++] = dir;
        if (t->target.source[0] == '/' && access(t->target.source, F_OK) == 0) how.paths[how.n_paths++] = t->target.source;
    }
    if (rc == 0) rc = trial_run(ledger, &how, &out, &t->end, err);
    if (rc == 0) rc = file_write_durable(into, bytes_of_buf(&out), 0600, err);
    t->printed = out.n;
    if (rc == 0 && t->verdict == NULL) {
        t->verdict = t->end.passed ? "pass" : "fail";
        t->runs = "1";
        t->failed = t->end.passed ? "0" : "1";
    }
    buf_done(&out);
    return rc;
}

/* Opened for reading alone: no writer waits for the command. */
static int try_command(struct cli *cli, struct trial *t, const struct opt_args *args, const char *into) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    t->has_target = t->known.linked && target_read(ledger, &t->known, &t->target, &err) == 0;
    err = (struct err){0};
    int rc = run_trial(t, ledger, args, into, &err);
    log_close(ledger);
    return rc != 0 ? cli_fail_input(cli, &err) : EXIT_GOOD;
}

static void say_trial(struct cli *cli, const struct trial *t) {
    cli_note(cli, "ledger: %s: %s, %s; %llu bytes were printed and kept as %s", cli->command,
             t->end.confined ? "confined" : "not confined", t->end.said, (unsigned long long)t->printed, t->digest);
}

/* The report is stored before the event that names it. */
static int store(struct cli *cli, struct trial *t, const char *path) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    char id[LOG_ARTIFACT_ID];
    uint64_t size;
    int exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = log_artifact_put(ledger, path, id, &size, &err);
    log_close(ledger);
    if (rc != 0) return cli_fail_input(cli, &err);
    snprintf(t->digest, sizeof(t->digest), "%s", id + strlen("artifact:"));
    return EXIT_GOOD;
}

static int load(struct cli *cli, const char *id, struct promote_known *ret) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = promote_known(ledger, id, ret, &err);
    log_close(ledger);
    return rc == 0 ? promote_must_be(cli, ret) : cli_fail(cli, &err);
}

/* What may not be recorded afterwards is not tried. */
static int may_try(struct cli *cli, const struct promote_known *known) {
    struct ledger *ledger = NULL;
    struct buf body = {.max = EVENT_BODY_MAX};
    struct log_draft draft;
    struct decision decision;
    struct err err = {0};
    char subject[PROMOTE_TEXT + 16];
    int exit_code = cli_open(cli, CLI_READ, &ledger);
    if (exit_code != 0) return exit_code;
    log_draft_init(&draft);
    mp_put_map(&body, 1);
    mp_pair_text(&body, "verdict", "unknown");
    int rc = buf_check(&body, "a body", &err);
    if (rc == 0) rc = promote_subject(known->id, subject, &err);
    draft.kind = bytes_of("promotion.simulated");
    draft.subject = bytes_of(subject);
    draft.source = bytes_of("cli");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = checked_ask(ledger, &draft, &decision, &err);
    log_close(ledger);
    buf_done(&body);
    if (rc != 0) return cli_fail(cli, &err);
    return decision.yes ? EXIT_GOOD : cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "refused: %s", decision.reason);
}

static int put_number(struct body *body, const char *name, const char *text, struct err *err) {
    char word[64];
    snprintf(word, sizeof(word), "%s:=%.32s", name, text != NULL ? text : "");
    return text != NULL ? body_word(body, word, err) : 0;
}

static int put_trial(struct body *body, const struct trial *t, struct err *err) {
    int rc = submit_put(body, "digest", t->known.digest[0] != '\0' ? t->known.digest : NULL, err);
    if (rc == 0) rc = submit_put(body, "verdict", t->verdict, err);
    if (rc == 0) rc = put_number(body, "runs", t->runs, err);
    if (rc == 0) rc = put_number(body, "failed", t->failed, err);
    return rc == 0 ? submit_put(body, "report", t->digest[0] != '\0' ? t->digest : NULL, err) : rc;
}

static int submit_trial(struct cli *cli, const struct opt_args *args, const struct trial *t) {
    char subject[PROMOTE_TEXT + 16];
    struct err err = {0};
    struct body *body = body_new(kind_find(bytes_of("promotion.simulated")));
    int rc =
        body != NULL ? promote_subject(t->known.id, subject, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = put_trial(body, t, &err);
    const struct submit what = {.kind = "promotion.simulated",
                                .subject = subject,
                                .grade = args->n_args > 1 ? "measured" : "reported",
                                .name = "promotion",
                                .value = t->known.id};
    if (rc == 0) return submit_step(cli, args, &simulate_options[S_SUBMIT], &what, body);
    body_free(body);
    return cli_fail_input(cli, &err);
}

static int simulate(struct cli *cli, const struct opt_args *args) {
    struct trial t = {.verdict = opt_text(args, &simulate_options[S_VERDICT]),
                      .report = opt_text(args, &simulate_options[S_REPORT]),
                      .runs = opt_text(args, &simulate_options[S_RUNS]),
                      .failed = opt_text(args, &simulate_options[S_FAILED])};
    char temporary[] = "/tmp/ledger-trial-XXXXXX";
    bool command = args->n_args > 1, dry = opt_has(args, &simulate_options[S_SUBMIT + SUBMIT_DRY_RUN]);
    if (command && t.report != NULL) return cli_usage(cli, "--report and a COMMAND exclude each other");
    if (command && dry) return cli_usage(cli, "--dry-run does not go with a COMMAND, which would be run");
    for (int i = S_READ; !command && i <= S_UNCONFINED; i++) {
        if (opt_has(args, &simulate_options[i]))
            return cli_usage(cli, "--%s goes with a COMMAND", simulate_options[i].name);
    }
    if (!command && t.verdict == NULL) return cli_usage(cli, "--verdict VERDICT or a COMMAND is missing");
    const char *actor = opt_text(args, &simulate_options[S_SUBMIT + SUBMIT_ACTOR]);
    int exit_code = dry ? EXIT_GOOD : promote_complete(cli, args->args[0], actor);
    if (exit_code == 0) exit_code = load(cli, args->args[0], &t.known);
    if (exit_code == 0 && command) exit_code = may_try(cli, &t.known);
    if (exit_code != 0) return exit_code;
    int fd = command ? mkstemp(temporary) : -1;
    if (command && fd < 0) return cli_refuse(cli, EXIT_SYSTEM, ERR_IO, "no temporary file for the report");
    if (command) {
        close(fd);
        exit_code = try_command(cli, &t, args, temporary);
        t.report = temporary;
    }
    if (exit_code == 0 && t.report != NULL && !dry) exit_code = store(cli, &t, t.report);
    if (command) {
        unlink(temporary);
    }
    if (exit_code == 0 && command) {
        say_trial(cli, &t);
    }
    if (exit_code == 0) exit_code = submit_trial(cli, args, &t);
    return exit_code == 0 && command && !t.end.passed ? EXIT_NO : exit_code;
}

const struct spec promote_simulate = {
    .synopsis = "ID [--verdict VERDICT] [--report FILE] [--runs N] [--failed N] [OPTIONS] [-- COMMAND...]",
    .about = "Records a trial without consequences. FILE, a dry run's diff or report, is stored as an artifact, and\n"
             "its digest is recorded. With COMMAND, that is run, what it prints is the report, and it passes if\n"
             "its exit status is 0; of diff, and with --diff, also with 1: there are differences, and they are the\n"
             "report. It is confined where there is bubblewrap: it reads the files and directories that it names,\n"
             "--read PATH and those of the promotion's target, changes nothing and has no network; programs that it\n"
             "starts are named with --program, except for those of a script's first line. Exit code 1 if the trial failed, "
             "or the promotion is not at that step.",
    .examples = "ledger promote simulate swap --verdict pass --report diff.txt\n"
                "ledger promote simulate web-7 -- diff -r /srv/web/live/ /srv/web/v7\n"
                "ledger promote simulate swap --program jq -- sh ./dry-run.sh",
    .opts = simulate_options,
    .min_args = 1,
    .max_args = CLI_MANY,
    .run = simulate,
};

enum { A_REASON, A_SUBMIT };
static const struct opt abort_options[] = {
    [A_REASON] = {"reason", 0, "WORD", "refused, failed, tripped, withdrawn (default), timeout"},
    SUBMIT_OPTIONS,
    {0},
};

static int put_abort(struct body *body, const struct promote_known *known, const char *reason, struct err *err) {
    int rc = submit_put(body, "reason", reason != NULL ? reason : "withdrawn", err);
    if (rc == 0) rc = submit_put(body, "state", known->state, err);
    return rc == 0 ? submit_put(body, "digest", known->digest[0] != '\0' ? known->digest : NULL, err) : rc;
}

static int abort_it(struct cli *cli, const struct opt_args *args) {
    struct promote_known known;
    char subject[PROMOTE_TEXT + 16];
    struct err err = {0};
    bool dry = opt_has(args, &abort_options[A_SUBMIT + SUBMIT_DRY_RUN]);
    const char *actor = opt_text(args, &abort_options[A_SUBMIT + SUBMIT_ACTOR]);
    int exit_code = load(cli, args->args[0], &known);
    if (exit_code == 0 && !known.under_way && !dry) exit_code = promote_complete(cli, args->args[0], actor);
    if (exit_code != 0) return exit_code;
    struct body *body = body_new(kind_find(bytes_of("promotion.aborted")));
    int rc = body != NULL ? promote_subject(known.id, subject, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = put_abort(body, &known, opt_text(args, &abort_options[A_REASON]), &err);
    const struct submit what = {
        .kind = "promotion.aborted", .subject = subject, .grade = "declared", .name = "promotion", .value = known.id};
    if (rc == 0) {
        exit_code = submit_step(cli, args, &abort_options[A_SUBMIT], &what, body);
        return exit_code == 0 && !dry ? promote_complete(cli, subject, actor) : exit_code;
    }
    body_free(body);
    return cli_fail_input(cli, &err);
}

const struct spec promote_abort = {
    .synopsis = "ID [--reason WORD] [OPTIONS]",
    .about = "Ends a promotion that is in progress. Exit code 1 if none of this ID is; what is promoted is undone\n"
             "by 'promote rollback'.",
    .examples = "ledger promote abort swap --reason failed",
    .opts = abort_options,
    .min_args = 1,
    .max_args = 1,
    .run = abort_it,
};
