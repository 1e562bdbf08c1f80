/* eval baseline: names an evaluation that later ones of its suite are compared with, or lists those that are named. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cli/act/submit.h"
#include "cli/evals/evals.h"
#include "cli/print/say.h"
#include "cli/view/asof.h"
#include "cli/view/entity.h"
#include "cli/view/listing.h"
#include "evals/suite/suite.h"
#include "projections/ready/eval.h"
#include "projections/view/look.h"

enum { B_SUBMIT = LISTING_OPTS };
static const struct opt options[] = {
    LISTING_OPTIONS,
    SUBMIT_OPTIONS,
    {0},
};

static int list_all(struct cli *cli, const struct opt_args *args) {
    struct asof view = {0};
    int exit_code = asof_open(&view, cli, opt_text(args, &options[L_AT]));
    if (exit_code == 0) {
        size_t table = state_table_find(view.state, "eval_baselines");
        exit_code = table != SIZE_MAX ? listing_run(&view, table, args, options)
                                      : cli_refuse(cli, EXIT_SYSTEM, ERR_VERSION, "this program has no baselines");
        exit_code = asof_exit(&view, exit_code);
    }
    asof_close(&view);
    return exit_code;
}

/* Of one suite: as with `--with suite=SUITE`. */
static int list(struct cli *cli, const struct opt_args *args) {
    struct opt_args of = *args;
    char with[4096];
    if (args->n_args == 0) return list_all(cli, args);
    (void)snprintf(with, sizeof(with), "suite=%s", args->args[0]);
    of.n_args = 0;
    of.values = calloc(args->n_values + 1, sizeof *of.values);
    if (of.values == NULL) return cli_fail(cli, &(struct err){.code = ERR_NOMEM, .msg = "out of memory"});
    if (args->n_values > 0) memcpy(of.values, args->values, args->n_values * sizeof *of.values);
    of.values[of.n_values++] = (struct opt_value){&options[L_WITH], with};
    int exit_code = list_all(cli, &of);
    free(of.values);
    return exit_code;
}

/* What the evaluation is bound to is recorded with its name. An evaluation that does not exist is refused by the judge. */
static int put_bound(struct cli *cli, struct body *body, const char *eval, int *ret_exit, struct err *err) {
    static const struct {
        size_t column;
        const char *field;
    } fields[] = {{EVAL_SUITE_DIGEST, "suite_digest"}, {EVAL_DIGEST, "digest"}};
    const struct bytes id = bytes_of(eval);
    struct asof view = {0};
    struct row row;
    bool there;
    *ret_exit = asof_open(&view, cli, NULL);
    int rc = *ret_exit != 0 ? ERR_IO : look_stored(view.state, "evals", &id, 1, &row, &there, err);
    for (size_t i = 0; rc == 0 && i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct bytes text = row_text(&row, fields[i].column);
        char room[BODY_DIGEST_MAX] = "";
        if (text.n >= sizeof(room)) continue;
        bytes_copy(room, text);
        if (text.n > 0) rc = submit_put(body, fields[i].field, room, err);
    }
    if (*ret_exit == 0) row_done(&row);
    asof_close(&view);
    return rc;
}

/* As a suite may name it. */
static int check_name(const char *name, struct err *err) {
    const struct bytes text = bytes_of(name);
    if (text.n == 0 || text.n > SUITE_NAME_MAX) {
        return err_set(err, ERR_INVALID, "the baseline's name has %zu bytes (expected 1 to %d)", text.n, SUITE_NAME_MAX);
    }
    if (text_utf8_valid(text.p, text.n) != text.n || !text_is_safe(text, false) || text_is_blank(text)) {
        return err_set(err, ERR_INVALID, "the baseline's name '%.60s' is not one line of visible text", name);
    }
    return 0;
}

/* The newest of the suite. */
static int find_last(struct cli *cli, const char *suite, char *ret, size_t size) {
    struct asof view = {0};
    struct buf id = {.max = size - 1};
    struct err err = {0};
    int exit_code = asof_open(&view, cli, NULL);
    if (exit_code == 0 && entity_last_eval(&view, bytes_of(suite), &id, &err) != 0) {
        exit_code = asof_fail_lookup(&view, &err);
    }
    (void)snprintf(ret, size, "%.*s", (int)id.n, id.n > 0 ? (const char *)id.p : "");
    buf_done(&id);
    asof_close(&view);
    return exit_code;
}

static int set(struct cli *cli, const struct opt_args *args) {
    const char *name = args->args[1], *eval = args->args[2];
    const char *suite = strncmp(args->args[0], "suite/", 6) == 0 ? args->args[0] + 6 : args->args[0];
    char subject[512], last[512];
    struct err err = {0};
    int exit_code = 0;
    eval = strncmp(eval, "eval/", 5) == 0 ? eval + 5 : eval;
    if ((size_t)snprintf(subject, sizeof(subject), "suite/%s", suite) >= sizeof(subject)) {
        return cli_usage(cli, "the suite's name is too long");
    }
    if (check_name(name, &err) != 0) return cli_fail_input(cli, &err);
    if (strcmp(eval, "last") == 0) {
        exit_code = find_last(cli, suite, last, sizeof(last));
        if (exit_code != 0) return exit_code;
        eval = last;
    }
    struct body *body = body_new(NULL);
    int rc = body == NULL ? err_set(&err, ERR_NOMEM, "out of memory") : 0;
    const char *const words[][2] = {{"suite", suite}, {"baseline", name}, {"eval", eval}};
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        rc = submit_put(body, words[i][0], words[i][1], &err);
    }
    if (rc == 0) rc = put_bound(cli, body, eval, &exit_code, &err);
    if (rc != 0) {
        body_free(body);
        return exit_code != 0 ? exit_code : cli_fail_input(cli, &err);
    }
    const struct submit what = {.kind = "eval.baseline_set", .subject = subject, .grade = "declared", .note_field = "note"};
    return submit_step(cli, args, &options[B_SUBMIT], &what, body);
}

static int run(struct cli *cli, const struct opt_args *args) {
    if (args->n_args < 3) {
        return args->n_args < 2 ? list(cli, args)
                                : cli_usage(cli, "expected SUITE NAME EVAL to set a baseline, or [SUITE]");
    }
    int exit_code = listing_refuse(cli, args, options);
    return exit_code != 0 ? exit_code : set(cli, args);
}

const struct spec evals_baseline = {
    .synopsis = "[SUITE] | SUITE NAME EVAL [--note TEXT] [OPTIONS]",
    .about = "Makes an evaluation the baseline NAME of its suite: thresholds that ask for no regression, or for\n"
             "unchanged probes, compare later evaluations with it. NAME means what it was set to last. Refused, with\n"
             "exit code 1, unless the evaluation is complete, names its weights or its program, did not fail and was\n"
             "not taken back; its verdict may be open. EVAL 'last' is the newest of the suite. Without NAME lists the "
             "baselines, and whether each can still\n"
             "be compared with.",
    .examples = "ledger eval baseline\nledger eval baseline extraction release e17 --note 'as shipped'",
    .opts = options,
    .max_args = 3,
    .run = run,
};
