/* promote simulate: a trial without consequences, whose report is kept by its digest; promote abort. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/spawn.h"
#include "cli/act/submit.h"
#include "cli/open/open.h"
#include "cli/promote/promote.h"

#define TRIAL_NS   (3600 * CLOCK_NS_PER_S)
#define REPORT_MAX ((size_t)64 << 20)

enum { S_VERDICT, S_REPORT, S_RUNS, S_FAILED, S_SUBMIT };
static const struct opt simulate_options[] = {
    [S_VERDICT] = {"verdict", 0, "VERDICT", "the trial's result: pass, warn, fail, unknown"},
    [S_REPORT] = {"report", 0, "FILE", "its report or diff, which is stored as an artifact"},
    [S_RUNS] = {"runs", 0, "N", "number of trials"},
    [S_FAILED] = {"failed", 0, "N", "trials that failed"},
    SUBMIT_OPTIONS,
    {0},
};

struct trial {
    const char *verdict, *report, *runs, *failed;
    char digest[80], status[16];
    struct promote_known known;
};

/* The command's directories are those of PATH; no shell reads it. */
static int find_program(const char *name, char ret[FILE_PATH_MAX], struct err *err) {
    const char *path = cli_env("PATH");
    char dir[FILE_PATH_MAX];
    if (strchr(name, '/') != NULL) {
        char *real = realpath(name, NULL);
        int rc =
            real != NULL ? file_join(ret, "", real + 1, err) : err_set(err, ERR_INVALID, "'%.200s' does not exist", name);
        free(real);
        return rc;
    }
    for (path = path != NULL ? path : SPAWN_PATH; *path != '\0'; path += *path == ':') {
        size_t n = strcspn(path, ":");
        snprintf(dir, sizeof(dir), "%.*s", (int)n, path);
        path += n;
        if (n > 0 && dir[0] == '/' && file_join(ret, dir, name, err) == 0 && access(ret, X_OK) == 0) return 0;
    }
    return err_set(err, ERR_INVALID, "there is no program '%.200s'", name);
}

/* What it prints is the report, whatever its status. */
static int run_trial(struct trial *t, char **words, size_t n, const char *into, struct err *err) {
    char program[FILE_PATH_MAX];
    const char **argv = calloc(n + 1, sizeof(*argv));
    struct buf out = {.max = REPORT_MAX};
    int status = 0;
    int rc = argv != NULL ? find_program(words[0], program, err) : err_set(err, ERR_NOMEM, "no memory for a command");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        argv[i] = i == 0 ? program : words[i];
    }
    const struct spawn spawn = {.argv = argv, .limit_ns = TRIAL_NS, .errors = true};
    if (rc == 0) rc = spawn_run(&spawn, &out, &status, err);
    if (rc == 0) rc = file_write_durable(into, bytes_of_buf(&out), 0600, err);
    if (rc == 0 && t->verdict == NULL) {
        t->verdict = status == 0 ? "pass" : "fail";
        t->runs = "1";
        t->failed = status == 0 ? "0" : "1";
    }
    buf_done(&out);
    free(argv);
    return rc;
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
    struct err err = {0};
    bool command = args->n_args > 1, dry = opt_has(args, &simulate_options[S_SUBMIT + SUBMIT_DRY_RUN]);
    if (command && t.report != NULL) return cli_usage(cli, "--report and a COMMAND exclude each other");
    if (command && dry) return cli_usage(cli, "--dry-run does not go with a COMMAND, which would be run");
    if (!command && t.verdict == NULL) return cli_usage(cli, "--verdict VERDICT or a COMMAND is missing");
    const char *actor = opt_text(args, &simulate_options[S_SUBMIT + SUBMIT_ACTOR]);
    int exit_code = dry ? EXIT_GOOD : promote_complete(cli, args->args[0], actor);
    if (exit_code == 0) exit_code = load(cli, args->args[0], &t.known);
    if (exit_code != 0) return exit_code;
    int fd = command ? mkstemp(temporary) : -1;
    if (command && fd < 0) return cli_refuse(cli, EXIT_SYSTEM, ERR_IO, "no temporary file for the report");
    if (command) {
        close(fd);
        int rc = run_trial(&t, args->args + 1, args->n_args - 1, temporary, &err);
        exit_code = rc != 0 ? cli_fail_input(cli, &err) : EXIT_GOOD;
        t.report = temporary;
    }
    if (exit_code == 0 && t.report != NULL && !dry) exit_code = store(cli, &t, t.report);
    if (command) {
        unlink(temporary);
    }
    return exit_code == 0 ? submit_trial(cli, args, &t) : exit_code;
}

const struct spec promote_simulate = {
    .synopsis = "ID [--verdict VERDICT] [--report FILE] [--runs N] [--failed N] [OPTIONS] [-- COMMAND...]",
    .about = "Records a trial without consequences. FILE, a dry run's diff or report, is stored as an artifact, and\n"
             "its digest is recorded. With COMMAND, that is run, what it prints is the report, and it passes if\n"
             "its exit status is 0: it must change nothing, and nothing confines it. Exit code 1 if the promotion\n"
             "is not at that step.",
    .examples = "ledger promote simulate swap --verdict pass --report diff.txt\n"
                "ledger promote simulate swap -- ./dry-run.sh",
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
    int exit_code = load(cli, args->args[0], &known);
    if (exit_code != 0) return exit_code;
    struct body *body = body_new(kind_find(bytes_of("promotion.aborted")));
    int rc = body != NULL ? promote_subject(known.id, subject, &err) : err_set(&err, ERR_NOMEM, "no memory for the body");
    if (rc == 0) rc = put_abort(body, &known, opt_text(args, &abort_options[A_REASON]), &err);
    const struct submit what = {
        .kind = "promotion.aborted", .subject = subject, .grade = "declared", .name = "promotion", .value = known.id};
    if (rc == 0) {
        exit_code = submit_step(cli, args, &abort_options[A_SUBMIT], &what, body);
        bool dry = opt_has(args, &abort_options[A_SUBMIT + SUBMIT_DRY_RUN]);
        const char *actor = opt_text(args, &abort_options[A_SUBMIT + SUBMIT_ACTOR]);
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
