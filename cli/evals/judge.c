/* eval judge: holds the scores of a result file against thresholds. The thresholds are declared as a suite, by whose digest a route can be
 * proven, and the result is bound to it. What the result says of itself still keeps it from counting: that is for the states to judge. */
#include <stdio.h>
#include <string.h>

#include "base/mp_map.h"
#include "base/text.h"
#include "cli/evals/evals.h"
#include "cli/evals/evaluation.h"
#include "cli/open/open.h"
#include "cli/print/say.h"
#include "evals/run/resume.h"
#include "evals/score/held.h"
#include "evals/suite/suite.h"
#include "projections/act/checked.h"
#include "projections/ready/eval.h"
#include "projections/ready/routes.h"
#include "projections/view/look.h"

#define BODY_MAX   ((size_t)1 << 20)
#define DIGEST_MAX 72
#define NAME_LONG  300

enum { O_SUITE, O_THRESHOLD, O_ROUTE, O_ADOPT, O_ACTOR };
static const struct opt options[] = {
    [O_SUITE] = {"suite", 0, "NAME", "what these thresholds are called; without --threshold: a suite that is declared"},
    [O_THRESHOLD] = {"threshold", 0, "TEXT", "'[TASK] METRIC at_least X' or '... at_most X'; may be repeated"},
    [O_ROUTE] = {"route", 0, "ROUTE", "of which route, as it is configured now, this is the result"},
    [O_ADOPT] = {"adopt", 0, NULL,
                 "from now on these thresholds prove the routes that name the suite, in place of those before"},
    [O_ACTOR] = {"actor", 'a', "WHO", "who decides (default: user:<login name>)"},
    {0},
};

struct judging {
    struct cli *cli;
    const struct opt_args *args;
    const char *suite, *route;
    struct held held;
    char eval[NAME_LONG];                        /* its id */
    char digest[DIGEST_MAX], config[DIGEST_MAX]; /* of the suite; of the route's configuration: "" if it has none */
    uint8_t hash[HASH_LEN];
    bool declared, bound; /* the suite is, under that name; the result is bound to it already */
};

static int refuse(const struct judging *j, int exit_code, struct err *err) {
    return cli_fail_as(j->cli, err, exit_code);
}

/* ---- what is asked for ---- */

static int use_declared(struct judging *j, struct state_view *view, struct err *err) {
    const struct bytes name = bytes_of(j->suite);
    struct row row;
    bool there;
    int rc = look_stored(view, "suites", &name, 1, &row, &there, err);
    struct bytes digest = rc == 0 && there ? row_text(&row, SUITE_DIGEST) : (struct bytes){0};
    if (rc == 0 && (digest.n == 0 || digest.n >= sizeof(j->digest))) {
        rc = err_set(err, ERR_INVALID, "no suite '%.80s' is declared with a digest; --threshold declares one", j->suite);
    }
    if (rc == 0) bytes_copy(j->digest, digest);
    j->declared = true;
    row_done(&row);
    return rc;
}

static int read_thresholds(struct judging *j, struct state_view *view, const struct row *eval, struct err *err) {
    const char *text;
    int rc = 0;
    for (size_t at = 0; rc == 0 && (text = opt_next(j->args, &options[O_THRESHOLD], &at)) != NULL;) {
        rc = held_add(&j->held, view, eval, text, err);
    }
    if (rc != 0 || j->held.n == 0) return rc != 0 ? rc : use_declared(j, view, err);
    held_digest(&j->held, j->hash);
    memcpy(j->digest, "sha256:", 7);
    text_hex(j->digest + 7, j->hash, HASH_LEN);
    return 0;
}

static int read_route(struct judging *j, struct state_view *view, struct err *err) {
    const struct bytes name = bytes_of(j->route != NULL ? j->route : "");
    struct row row;
    bool there;
    if (j->route == NULL) return 0;
    int rc = look_stored(view, "routes", &name, 1, &row, &there, err);
    struct bytes config = rc == 0 && there ? row_text(&row, ROUTE_CONFIG_DIGEST) : (struct bytes){0};
    if (rc == 0 && !there) {
        rc = err_set(err, ERR_NOTFOUND, "no route '%.80s'", j->route);
    } else if (rc == 0 && (row_has(&row, ROUTE_PACK) || routes_is_tool(&row))) {
        rc = err_set(err, ERR_INVALID, "route '%.80s' is served by a program or a pack: 'ledger eval run' evaluates it",
                     j->route);
    } else if (rc == 0 && config.n < sizeof(j->config)) {
        bytes_copy(j->config, config);
    }
    row_done(&row);
    return rc;
}

/* A result is held against one suite, once: whoever could try others would find one that it reaches. */
static int check_free(struct judging *j, const struct row *eval, struct err *err) {
    struct bytes suite = row_text(eval, EVAL_SUITE), digest = row_text(eval, EVAL_SUITE_DIGEST);
    struct bytes route = row_text(eval, EVAL_ROUTE);
    if (!row_bool(eval, EVAL_IMPORTED)) {
        return err_set(err, ERR_CONFLICT, "evaluation '%s' is not from a result file: its suite was named when it was run",
                       j->eval);
    }
    if (row_is(eval, EVAL_STATE, "invalidated")) {
        return err_set(err, ERR_CONFLICT, "evaluation '%s' was invalidated", j->eval);
    }
    if ((suite.n > 0 && !bytes_is(suite, j->suite)) || (digest.n > 0 && !bytes_is(digest, j->digest))) {
        return err_set(err, ERR_CONFLICT,
                       "evaluation '%s' was held against suite '%.*s' (%.*s) already: a result is held against one, once",
                       j->eval, (int)(suite.n < 80 ? suite.n : 80), (const char *)suite.p, (int)digest.n,
                       (const char *)digest.p);
    }
    if (route.n > 0 && j->route != NULL && !bytes_is(route, j->route)) {
        return err_set(err, ERR_CONFLICT, "evaluation '%s' is of route '%.*s' already", j->eval,
                       (int)(route.n < 80 ? route.n : 80), (const char *)route.p);
    }
    j->bound = suite.n > 0 && digest.n > 0 && row_has(eval, EVAL_SAID) && (j->route == NULL || route.n > 0);
    return 0;
}

/* Returns an exit code, after reporting. */
static int look(struct judging *j) {
    struct asof view = {0};
    struct err err = {0};
    struct row eval;
    int exit_code = asof_open(&view, j->cli, NULL);
    row_init(&eval, NULL);
    if (exit_code == 0 && evaluation_find(&view, j->args->args[0], &eval, &err) != 0) {
        exit_code = asof_fail_lookup(&view, &err);
    }
    if (exit_code == 0) {
        struct bytes id = row_text(&eval, EVAL_ID);
        (void)snprintf(j->eval, sizeof(j->eval), "%.*s", (int)id.n, (const char *)id.p);
        int rc = row_bool(&eval, EVAL_IMPORTED) ? read_thresholds(j, view.state, &eval, &err) : 0;
        if (rc == 0) rc = read_route(j, view.state, &err);
        if (rc == 0) rc = check_free(j, &eval, &err);
        if (rc != 0) exit_code = rc == ERR_INVALID ? cli_fail_input(j->cli, &err) : refuse(j, EXIT_NO, &err);
    }
    row_done(&eval);
    asof_close(&view);
    return exit_code;
}

/* ---- what is recorded ---- */

static int append(struct judging *j, struct ledger *ledger, const char *kind, const char *subject, struct mp_map *map,
                  struct err *err) {
    struct buf body = {.max = BODY_MAX};
    struct log_receipt receipt;
    struct log_draft draft;
    char actor[CLI_ACTOR_MAX], note[CHECKED_NOTE_MAX];
    int rc = mp_map_write(map, &body, err);
    log_draft_init(&draft);
    draft.kind = bytes_of(kind);
    draft.subject = bytes_of(subject);
    draft.actor = bytes_of(cli_actor(opt_text(j->args, &options[O_ACTOR]), actor));
    draft.source = bytes_of("evals");
    draft.grade = bytes_of("measured");
    draft.body = bytes_of_buf(&body);
    if (rc == 0) rc = checked_append(ledger, &draft, &receipt, NULL, note, err);
    buf_done(&body);
    return rc;
}

static void put_suite(const struct judging *j, struct mp_map *map) {
    mp_map_text(map, "suite", bytes_of(j->suite));
    mp_map_text(map, "suite_digest", bytes_of(j->digest));
}

static int declare(struct judging *j, struct ledger *ledger, struct err *err) {
    struct suite suite = {.name = bytes_of(j->suite)};
    struct run_declared known = {.same = true};
    struct mp_map map;
    char subject[NAME_LONG];
    if (j->declared) return 0;
    memcpy(suite.digest, j->hash, HASH_LEN);
    int rc = run_suite_declared(ledger, &suite, &known, err);
    if (rc == 0 && known.routes > 0 && !opt_has(j->args, &options[O_ADOPT])) {
        rc = err_set(
            err, ERR_CONFLICT,
            "suite '%.80s' was declared as %s, which proves route '%.60s', and these thresholds are another; --adopt "
            "makes them the suite of that name",
            j->suite, known.digest, known.route);
    }
    if (rc != 0 || known.same) return rc;
    (void)snprintf(subject, sizeof(subject), "suite/%s", j->suite);
    mp_map_init(&map, BODY_MAX);
    put_suite(j, &map);
    mp_map_begin(&map, "tasks");
    held_put_tasks(&j->held, &map.values);
    mp_map_end(&map);
    rc = append(j, ledger, "eval.suite_declared", subject, &map, err);
    mp_map_done(&map);
    return rc;
}

/* What the states say of it once it is bound to the suite. */
static int ask_verdict(void *ctx, struct state_view *view, struct err *err) {
    struct row *row = ((void **)ctx)[0];
    const struct judging *j = ((void **)ctx)[1];
    const struct bytes id = bytes_of(j->eval);
    row_done(row);
    int rc = look_stored(view, "evals", &id, 1, row, NULL, err);
    if (rc == 0) {
        row_set_text(row, EVAL_SUITE, bytes_of(j->suite));
        row_set_text(row, EVAL_SUITE_DIGEST, bytes_of(j->digest));
        row_set_null(row, EVAL_SAID);
        rc = eval_judge(view, row, err);
    }
    return rc;
}

static int bind(struct judging *j, struct ledger *ledger, struct err *err) {
    struct state_options how;
    struct mp_map map;
    struct row row;
    char subject[NAME_LONG + 8];
    void *ctx[] = {&row, j};
    row_init(&row, NULL);
    int rc = state_options_present(ledger, &how, err);
    if (rc == 0) rc = state_ask(ledger, &how, ask_verdict, ctx, err);
    int64_t passed = row_int(&row, EVAL_SCORES_PASSED), failed = row_int(&row, EVAL_SCORES_FAILED);
    struct bytes verdict = row_has(&row, EVAL_VERDICT) ? row_text(&row, EVAL_VERDICT) : bytes_of("unknown");
    if (rc == 0 && passed + failed + row_int(&row, EVAL_SCORES_OTHER) == 0) {
        rc =
            err_set(err, ERR_INVALID, "suite '%.80s' has no threshold for any score of evaluation '%s'", j->suite, j->eval);
    }
    if (rc == 0) {
        (void)snprintf(subject, sizeof(subject), "eval/%s", j->eval);
        mp_map_init(&map, BODY_MAX);
        put_suite(j, &map);
        mp_map_text(&map, "verdict", verdict);
        mp_map_uint(&map, "passed", (uint64_t)passed);
        mp_map_uint(&map, "failed", (uint64_t)failed);
        mp_map_text(&map, "route", bytes_of(j->route != NULL ? j->route : ""));
        mp_map_text(&map, "config_digest", bytes_of(j->config));
        rc = append(j, ledger, "eval.finished", subject, &map, err);
        mp_map_done(&map);
    }
    row_done(&row);
    return rc;
}

/* ---- what came of it ---- */

static int print_route(struct judging *j, struct asof *view, struct obj *obj, struct err *err) {
    const struct bytes name = bytes_of(j->route);
    struct row row;
    int rc = look_judged(view->state, "routes", &name, 1, &row, NULL, err);
    if (rc == 0) {
        obj_str(obj, "route", name);
        obj_str(obj, "route_state", row_text(&row, ROUTE_STATE));
        if (row_has(&row, ROUTE_REASON)) obj_str(obj, "route_reason", row_text(&row, ROUTE_REASON));
    }
    row_done(&row);
    return rc;
}

static int print(struct judging *j) {
    struct asof view = {0};
    struct err err = {0};
    struct obj obj = {0};
    struct row row;
    int exit_code = asof_again(&view, j->cli);
    row_init(&row, NULL);
    if (exit_code != 0) return exit_code;
    int rc = evaluation_find(&view, j->eval, &row, &err);
    if (rc == 0) {
        obj_text(&obj, "eval", j->eval);
        obj_text(&obj, "suite", j->suite);
        obj_text(&obj, "suite_digest", j->digest);
        obj_str(&obj, "scored", row_text(&row, EVAL_RESULT));
        obj_str(&obj, "verdict", row_text(&row, EVAL_VERDICT));
        obj_bool(&obj, "counts", row_bool(&row, EVAL_COUNTS));
        if (row_has(&row, EVAL_REASON)) obj_str(&obj, "reason", row_text(&row, EVAL_REASON));
        if (j->route != NULL) rc = print_route(j, &view, &obj, &err);
    }
    exit_code = rc != 0 ? cli_fail(j->cli, &err) : cli_print(j->cli, &obj, false);
    if (exit_code == 0 && !row_bool(&row, EVAL_COUNTS)) exit_code = EXIT_NO;
    obj_done(&obj);
    row_done(&row);
    asof_close(&view);
    return exit_code;
}

static int record(struct judging *j) {
    struct ledger *ledger = NULL;
    struct err err = {0};
    int exit_code = cli_open(j->cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    int rc = declare(j, ledger, &err);
    if (rc == 0) rc = bind(j, ledger, &err);
    log_close(ledger);
    if (rc == 0) return 0;
    return rc == ERR_INVALID    ? cli_fail_input(j->cli, &err)
           : rc == ERR_CONFLICT ? refuse(j, EXIT_NO, &err)
                                : cli_fail(j->cli, &err);
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct judging j = {.cli = cli, .args = args};
    j.suite = opt_text(args, &options[O_SUITE]);
    j.route = opt_text(args, &options[O_ROUTE]);
    if (j.suite == NULL) return cli_usage(cli, "expected --suite NAME");
    if (strlen(j.suite) == 0 || strlen(j.suite) > SUITE_NAME_MAX)
        return cli_usage(cli, "the suite's name is empty or too long");
    int exit_code = look(&j);
    if (exit_code == 0 && !j.bound) exit_code = record(&j);
    return exit_code != 0 ? exit_code : print(&j);
}

const struct spec evals_judge = {
    .synopsis = "EVAL --suite NAME [--threshold TEXT]... [--route ROUTE] [OPTIONS]",
    .about = "Holds the scores of an imported result against thresholds, and says whether it counts. The thresholds\n"
             "are declared as the suite NAME; a route that names that suite is proven by it. A result is held against\n"
             "one suite, once. What the file says of itself (partial, cached, changed code, edited scores) still keeps\n"
             "it from counting. Exit code 1: it does not count.",
    .examples = "ledger eval judge 047690aec163 --suite math --threshold 'exact_match/none at_least 0.4'\n"
                "ledger eval judge 047690aec163 --suite math --route summarise",
    .opts = options,
    .min_args = 1,
    .max_args = 1,
    .run = run,
};
