/* eval run: a suite against a model or a program, through its route or as named, or against the steps of a pack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/call/stop.h"
#include "cli/evals/evals.h"
#include "cli/evals/outcome.h"
#include "cli/open/open.h"
#include "cli/open/trustfile.h"
#include "cli/print/say.h"
#include "evals/load/load.h"
#include "evals/run/command.h"
#include "evals/run/endpoint.h"
#include "evals/run/pack.h"
#include "evals/run/resume.h"
#include "evals/run/route.h"
#include "evals/run/run.h"
#include "ingest/dpkg/admin.h"
#include "ledger/kinds/check.h"
#include "projections/act/checked.h"

enum {
    O_ROUTE,
    O_CONFIG,
    O_PACK,
    O_CANDIDATE,
    O_EXEC,
    O_UNCONFINED,
    O_USER,
    O_ENDPOINT,
    O_MODEL,
    O_PROTOCOL,
    O_WEIGHTS,
    O_KEY,
    O_OFF_BOX,
    O_REPEAT,
    O_ONLY,
    O_SHUFFLE,
    O_CONCURRENCY,
    O_RATE,
    O_TOKENS,
    O_TIME,
    O_PATIENCE,
    O_FAIL_FAST,
    O_ADOPT,
    O_RESUME,
    O_ACTOR
};
static const struct opt options[] = {
    [O_ROUTE] = {"route", 0, "ROUTE", "the route that is evaluated, with its model and endpoint, or its program"},
    [O_CONFIG] = {"config-digest", 0, "DIGEST",
                  "of a route: its configuration in this run, a candidate (default: as declared)"},
    [O_PACK] = {"pack", 0, "NAME", "the installed pack whose steps are evaluated"},
    [O_CANDIDATE] = {"candidate", 0, "PATH",
                     "of a command: the file or directory that is evaluated, if it is not the program"},
    [O_EXEC] = {"exec", 0, "PROGRAM", "of a command: a program that it may start; may be repeated"},
    [O_UNCONFINED] = {"unconfined", 0, NULL, "run steps or the command without bubblewrap; the record says so"},
    [O_USER] = {"user", 0, "NAME", "of root: the user that steps or the command run as (default: nobody)"},
    [O_ENDPOINT] = {"endpoint", 0, "URL", "where the model is reached (default: as for the route)"},
    [O_MODEL] = {"model", 'm', "MODEL", "name of the model (default: the route's)"},
    [O_PROTOCOL] = {"protocol", 0, "WORD", "ollama or openai (default: ollama)"},
    [O_WEIGHTS] = {"weights", 0, "FILE", "the model's file of weights, for a server that does not state their digest"},
    [O_KEY] = {"key", 0, "FILE", "file of mode 0600 with the endpoint's key"},
    [O_OFF_BOX] = {"off-box", 0, NULL, "the model and the judge may be on other machines"},
    [O_REPEAT] = {"repeat", 0, "N", "run each case N times (default: as the suite says; fewer are a part of it)"},
    [O_ONLY] = {"only", 0, "TAG", "only cases with this tag; may be repeated"},
    [O_SHUFFLE] = {"shuffle", 0, "SEED", "in an order that follows from the seed"},
    [O_CONCURRENCY] = {"concurrency", 'j', "N",
                       "samples in flight at most (default: 4; of a pack: one a processor, at most 4)"},
    [O_RATE] = {"rate", 0, "N", "samples begun in a second at most"},
    [O_TOKENS] = {"budget-tokens", 0, "N", "begin no sample once so many tokens were used"},
    [O_TIME] = {"budget-time", 0, "TIME", "begin no sample after this time: 90s, 15m, 2h"},
    [O_PATIENCE] = {"patience", 0, "TIME", "how long an endpoint that does not answer is waited for (default: 1m)"},
    [O_FAIL_FAST] = {"fail-fast", 0, NULL, "begin no sample after one that did not pass; if all pass, it is whole"},
    [O_ADOPT] = {"adopt", 0, NULL, "from now on this suite proves the routes that name it, in place of the one before"},
    [O_RESUME] = {"resume", 0, "EVAL", "continue this evaluation, or the 'last' of this suite that was interrupted"},
    [O_ACTOR] = {"actor", 'a', "WHO", "who runs it (default: user:<login name>)"},
    {0},
};

#define ONLY_MAX    64
#define LANES       4 /* of a model */
#define PATIENCE_NS (60 * CLOCK_NS_PER_S)
#define EXEC_MAX    32

struct call {
    struct cli *cli;
    const struct opt_args *args;
    struct suite *suite;
    struct ledger *ledger;
    struct run_route route;
    struct run_endpoint *endpoint;
    struct run_pack *pack;
    struct run_command *command;
    const char *const *words; /* of the command, or the route's program */
    size_t words_n;
    const char *program, *exec[EXEC_MAX];
    size_t exec_n;
    char path[FILE_PATH_MAX], trust[FILE_PATH_MAX];
    struct run_suite_options how;
    struct run_suite_result result;
    struct out_progress progress;
    const char *only[ONLY_MAX];
    const char *of_route; /* of a pack; NULL: none */
    char actor[CLI_ACTOR_MAX];
};

static const char *given(const struct call *c, int option) {
    return opt_text(c->args, &options[option]);
}

/* ---- what was asked ----------------------------------------------------------------------------------------------------- */

static int take_numbers(struct call *c, struct err *err) {
    struct run_suite_options *how = &c->how;
    uint64_t lanes = given(c, O_PACK) != NULL ? 0 : LANES, rate = 0;
    int rc = opt_u64(c->args, &options[O_REPEAT], &how->choice.repeats, err);
    how->choice.shuffled = opt_has(c->args, &options[O_SHUFFLE]);
    if (rc == 0) rc = opt_u64(c->args, &options[O_SHUFFLE], &how->choice.shuffle, err);
    if (rc == 0) rc = opt_u64(c->args, &options[O_CONCURRENCY], &lanes, err);
    if (rc == 0) rc = opt_u64(c->args, &options[O_RATE], &rate, err);
    if (rc == 0) rc = opt_u64(c->args, &options[O_TOKENS], &how->tokens, err);
    if (rc == 0 && opt_has(c->args, &options[O_CONCURRENCY]) && (lanes < 1 || lanes > RUN_LANES_MAX)) {
        rc = err_set(err, ERR_INVALID, "--concurrency %llu: expected 1 to %d", (unsigned long long)lanes, RUN_LANES_MAX);
    }
    if (rc == 0 && how->choice.shuffle > INT64_MAX)
        rc = err_set(err, ERR_INVALID, "--shuffle: expected a number below 2^63");
    const char *time = given(c, O_TIME);
    if (rc == 0 && time != NULL && text_parse_duration(bytes_of(time), &how->time_ns) != 0) {
        rc = err_set(err, ERR_INVALID, "--budget-time '%.50s': expected a time such as 90s, 15m or 2h", time);
    }
    if (rc == 0 && time != NULL && how->time_ns == 0) {
        rc = err_set(err, ERR_INVALID, "--budget-time '%.50s': expected a time above 0", time);
    }
    const char *patience = given(c, O_PATIENCE);
    how->patience_ns = PATIENCE_NS;
    if (rc == 0 && patience != NULL && text_parse_duration(bytes_of(patience), &how->patience_ns) != 0) {
        rc = err_set(err, ERR_INVALID, "--patience '%.50s': expected a time such as 0s, 90s or 15m", patience);
    }
    static const int above_zero[] = {O_REPEAT, O_RATE, O_TOKENS};
    const uint64_t values[] = {how->choice.repeats, rate, how->tokens};
    for (size_t i = 0; rc == 0 && i < 3; i++) {
        if (opt_has(c->args, &options[above_zero[i]]) && values[i] == 0) {
            rc = err_set(err, ERR_INVALID, "--%s 0: expected a number above 0", options[above_zero[i]].name);
        }
    }
    how->concurrency = (unsigned)lanes;
    how->rate = (double)rate;
    return rc;
}

/* What is evaluated is one thing, and options are of that. */
static int take_subject(struct call *c) {
    static const int of_model[] = {O_ENDPOINT, O_MODEL, O_PROTOCOL, O_WEIGHTS, O_KEY},
                     of_process[] = {O_UNCONFINED, O_USER};
    const bool pack = given(c, O_PACK) != NULL, command = c->args->n_args > 1, route = given(c, O_ROUTE) != NULL;
    const char *program;
    size_t at = 0;
    for (size_t i = 0; i < 5 && (pack || command); i++) {
        if (opt_has(c->args, &options[of_model[i]])) {
            return cli_usage(c->cli, "--%s is for a model, not for %s", options[of_model[i]].name,
                             pack ? "--pack" : "a command");
        }
    }
    for (size_t i = 0; i < 2; i++) {
        if (opt_has(c->args, &options[of_process[i]]) && !pack && !command && !route)
            return cli_usage(c->cli, "--%s is for --pack NAME or a command", options[of_process[i]].name);
    }
    if (command && (pack || route)) {
        return cli_usage(c->cli, "give %s or a command, not both%s", pack ? "--pack NAME" : "--route ROUTE",
                         pack ? "" : ": a route says itself which program serves it");
    }
    while ((program = opt_next(c->args, &options[O_EXEC], &at)) != NULL) {
        if (!command) return cli_usage(c->cli, "--exec is for a command");
        if (c->exec_n == EXEC_MAX) return cli_usage(c->cli, "--exec is given more than %d times", EXEC_MAX);
        c->exec[c->exec_n++] = program;
    }
    if (given(c, O_CONFIG) != NULL && (!route || pack)) return cli_usage(c->cli, "--config-digest is for --route alone");
    if (given(c, O_CONFIG) != NULL && !kind_is_digest(bytes_of(given(c, O_CONFIG)))) {
        return cli_usage(c->cli, "--config-digest '%.80s': expected sha256:<64 lowercase hex digits>", given(c, O_CONFIG));
    }
    if (given(c, O_CANDIDATE) != NULL && !command) return cli_usage(c->cli, "--candidate is for a command");
    if (opt_has(c->args, &options[O_USER]) && geteuid() != 0) {
        return cli_usage(c->cli, "--user is for root: the steps of an ordinary user run as that user");
    }
    if (!pack && !command && !route && given(c, O_ENDPOINT) == NULL) {
        return cli_usage(c->cli,
                         "give --route ROUTE, --pack NAME, --endpoint URL and --model MODEL, or a command after '--': "
                         "what is evaluated");
    }
    if (!pack && !command && !route && given(c, O_MODEL) == NULL) {
        return cli_usage(c->cli, "give --model MODEL: the model at the endpoint");
    }
    c->words = (const char *const *)c->args->args + 1;
    c->words_n = c->args->n_args - 1;
    return 0;
}

static int take_options(struct call *c) {
    struct run_suite_options *how = &c->how;
    const char *tag, *protocol = given(c, O_PROTOCOL);
    struct err err = {0};
    size_t at = 0;
    while ((tag = opt_next(c->args, &options[O_ONLY], &at)) != NULL) {
        if (how->choice.only_n == ONLY_MAX) return cli_usage(c->cli, "--only is given more than %d times", ONLY_MAX);
        c->only[how->choice.only_n++] = tag;
    }
    if (take_numbers(c, &err) != 0) return cli_usage(c->cli, "%s", err.msg);
    if (protocol != NULL && strcmp(protocol, "ollama") != 0 && strcmp(protocol, "openai") != 0) {
        return cli_usage(c->cli, "--protocol '%.50s': expected ollama or openai", protocol);
    }
    int exit_code = take_subject(c);
    if (exit_code != 0) return exit_code;
    how->choice.only = c->only;
    how->fail_fast = opt_has(c->args, &options[O_FAIL_FAST]);
    how->adopt = opt_has(c->args, &options[O_ADOPT]);
    how->off_box = opt_has(c->args, &options[O_OFF_BOX]);
    how->resume = given(c, O_RESUME);
    how->path = c->args->args[0];
    how->actor = cli_actor(given(c, O_ACTOR), c->actor);
    return 0;
}

/* ---- what is evaluated -------------------------------------------------------------------------------------------------- */

static int find_route(struct call *c) {
    struct err err = {0};
    char digest[RUN_DIGEST_MAX], hex[2 * HASH_LEN + 1];
    if (given(c, O_ROUTE) == NULL) return 0;
    int rc = run_route_find(c->ledger, given(c, O_ROUTE), &c->route, &err);
    if (rc == ERR_INVALID) return cli_fail_input(c->cli, &err);
    if (rc != 0) return cli_fail_lookup(c->cli, &err);
    if (given(c, O_CONFIG) != NULL) {
        (void)snprintf(c->route.binding.config_digest, RUN_DIGEST_MAX, "%s", given(c, O_CONFIG));
    }
    text_hex(hex, c->suite->digest, HASH_LEN);
    (void)snprintf(digest, sizeof(digest), "sha256:%s", hex);
    const struct bytes name = c->suite->name;
    if (c->route.files && !c->route.tool) {
        err_set(
            &err, ERR_CONFLICT,
            "route '%s' is proven by runs of pack '%s', so this evaluation does not prove it: give --pack %s --route %s",
            c->route.binding.route, c->route.binding.pack, c->route.binding.pack, c->route.binding.route);
        cli_warn(c->cli, &err);
        return 0;
    }
    if (bytes_is(name, c->route.suite) && c->route.suite_digest[0] != '\0' && strcmp(digest, c->route.suite_digest) != 0) {
        err_set(&err, ERR_CONFLICT,
                "route '%s' is proven by suite '%s' of digest %s, and this one has %s: this evaluation does not prove it; "
                "'ledger route declare %s --suite %s --suite-digest %s' changes that",
                c->route.binding.route, c->route.suite, c->route.suite_digest, digest, c->route.binding.route,
                c->route.suite, digest);
        cli_warn(c->cli, &err);
        return 0;
    }
    if (!bytes_is(name, c->route.suite) && strcmp(digest, c->route.suite_digest) != 0) {
        err_set(&err, ERR_CONFLICT, "route '%s' %s%s%s, so this evaluation of suite '%.*s' does not prove it",
                c->route.binding.route, c->route.suite[0] != '\0' ? "is proven by suite '" : "names no suite",
                c->route.suite, c->route.suite[0] != '\0' ? "'" : "", (int)name.n, (const char *)name.p);
        cli_warn(c->cli, &err);
    }
    return 0;
}

static int open_endpoint(struct call *c) {
    struct err err = {0};
    const char *protocol = given(c, O_PROTOCOL), *model = given(c, O_MODEL), *url = given(c, O_ENDPOINT);
    struct run_route *r = &c->route;
    if (url == NULL && r->url[0] == '\0') {
        return cli_refuse(
            c->cli, EXIT_INPUT, ERR_INVALID,
            "nothing says where the model of route '%s' is reached: set model_url in %s/config, or give --endpoint URL",
            r->binding.route, c->cli->dir);
    }
    if (model == NULL) model = r->binding.model;
    if (model[0] == '\0') return cli_usage(c->cli, "route '%s' names no model: give --model MODEL", r->binding.route);
    const char *key = given(c, O_KEY) != NULL                 ? given(c, O_KEY)
                      : url == NULL && r->key_file[0] != '\0' ? r->key_file
                                                              : NULL;
    const struct run_endpoint_options at = {
        .protocol = protocol != NULL ? (strcmp(protocol, "openai") == 0 ? WORK_OPENAI : WORK_OLLAMA) : r->protocol,
        .url = url != NULL ? url : r->url,
        .key_file = key,
        .model = model,
        .weights = given(c, O_WEIGHTS),
        .off_box = c->how.off_box,
        .lanes = c->how.concurrency,
        .stop = {.flag = NULL, .fd = c->how.stop_fd},
        .route = &r->binding};
    if (run_endpoint_open(&at, &c->endpoint, &err) != 0) return cli_fail_input(c->cli, &err);
    c->how.subject = run_endpoint_subject(c->endpoint);
    return 0;
}

/* A pack's route is more than its program: its manifest has the arguments. */
static int take_route_program(struct call *c) {
    const struct run_route *r = &c->route;
    static const int of_model[] = {O_ENDPOINT, O_MODEL, O_PROTOCOL, O_WEIGHTS, O_KEY};
    for (size_t i = 0; i < 5; i++) {
        if (opt_has(c->args, &options[of_model[i]])) {
            return cli_usage(c->cli, "--%s is for a model: route '%s' is served by a program", options[of_model[i]].name,
                             r->binding.route);
        }
    }
    if (r->binding.pack[0] != '\0') {
        return cli_refuse(c->cli, EXIT_NO, ERR_CONFLICT,
                          "route '%s' is served by a program of pack '%s': give --pack %s --route %s", r->binding.route,
                          r->binding.pack, r->binding.pack, r->binding.route);
    }
    if (r->program[0] == '\0' || (strchr(r->program, '/') != NULL && r->program[0] != '/')) {
        return cli_refuse(c->cli, EXIT_INPUT, ERR_INVALID,
                          "route '%s' names %s: expected the absolute path of its program, or the name of one in /usr/bin, "
                          "/bin or /usr/local/bin, as 'program' of route.declared",
                          r->binding.route, r->program[0] == '\0' ? "no program" : "its program by a relative path");
    }
    c->program = r->program;
    c->words = &c->program;
    c->words_n = 1;
    return 0;
}

static int open_command(struct call *c) {
    struct err err = {0};
    int exit_code = c->route.tool ? take_route_program(c) : 0;
    if (exit_code != 0) return exit_code;
    const struct run_command_options how = {.words = c->words,
                                            .words_n = c->words_n,
                                            .candidate = given(c, O_CANDIDATE),
                                            .exec = c->exec,
                                            .exec_n = c->exec_n,
                                            .ledger_dir = c->cli->dir,
                                            .trust = trustfile_path(c->trust, NULL) == 0 ? c->trust : NULL,
                                            .user = given(c, O_USER),
                                            .unconfined = opt_has(c->args, &options[O_UNCONFINED]),
                                            .stop_fd = c->how.stop_fd,
                                            .route = c->route.tool ? &c->route.binding : NULL};
    int rc = run_command_open(&how, &c->command, &err);
    if (rc == 0) rc = run_command_check(c->command, c->suite, &err);
    if (rc != 0) return cli_fail_input(c->cli, &err);
    c->how.subject = run_command_subject(c->command);
    return 0;
}

static int open_subject(struct call *c) {
    static const int of_process[] = {O_UNCONFINED, O_USER};
    if (c->words_n > 0 || c->route.tool) return open_command(c);
    for (size_t i = 0; i < 2; i++) {
        if (opt_has(c->args, &options[of_process[i]])) {
            return cli_usage(c->cli, "--%s is for a program: route '%s' is served by a model", options[of_process[i]].name,
                             c->route.binding.route);
        }
    }
    return open_endpoint(c);
}

/* ---- the command -------------------------------------------------------------------------------------------------------- */

static void on_fault(void *ctx, const char *path, unsigned line, unsigned column, const char *what) {
    (void)ctx;
    if (line > 0) {
        out_error("%s:%u:%u: %s", path, line, column, what);
    } else {
        out_error("%s: %s", path, what);
    }
}

static int load(struct call *c) {
    struct err err = {0};
    return load_suite(c->path, on_fault, NULL, &c->suite, &err) == 0 ? 0 : cli_fail_input(c->cli, &err);
}

/* The command that continues it: as it was given, but for what was continued. */
static void put_again(const struct call *c, struct buf *out) {
    const struct opt_args *args = c->args;
    cli_self(c->cli, out);
    buf_put_str(out, " eval run ");
    cli_word(bytes_of(args->args[0]), out);
    for (size_t i = 0; i < args->n_values; i++) {
        if (args->values[i].opt == &options[O_RESUME]) continue;
        buf_put_str(out, " --");
        buf_put_str(out, args->values[i].opt->name);
        if (args->values[i].text == NULL) continue;
        buf_put_u8(out, ' ');
        cli_word(bytes_of(args->values[i].text), out);
    }
    if (c->of_route != NULL && given(c, O_ROUTE) == NULL) { /* one of several of a pack */
        buf_put_str(out, " --route ");
        cli_word(bytes_of(c->of_route), out);
    }
    buf_put_str(out, " --resume ");
    buf_put_str(out, c->result.id);
    for (size_t i = 1; i < args->n_args; i++) {
        buf_put_str(out, i == 1 ? " -- " : " ");
        cli_word(bytes_of(args->args[i]), out);
    }
}

/* Said before it runs: routes stay proven by what was declared, until somebody says otherwise. */
static int tell_other_suite(struct call *c) {
    struct run_declared known;
    struct err err = {0};
    char hex[2 * HASH_LEN + 1];
    if (c->how.resume != NULL || c->how.adopt) return 0;
    if (run_suite_declared(c->ledger, c->suite, &known, &err) != 0) return cli_fail_lookup(c->cli, &err);
    if (known.routes == 0) return 0;
    text_hex(hex, c->suite->digest, HASH_LEN);
    err_set(
        &err, ERR_CONFLICT,
        "suite '%.*s' was declared as %s, which proves %s'%.60s', and this one is sha256:%s: this evaluation is recorded "
        "and does not prove %s; --adopt makes it the suite of that name",
        (int)c->suite->name.n, (const char *)c->suite->name.p, known.digest,
        known.routes > 1 ? "routes such as " : "route ", known.route, hex, known.routes > 1 ? "them" : "it");
    cli_warn(c->cli, &err);
    return 0;
}

static void tell_no_threshold(const struct call *c) {
    struct err err = {0};
    if (c->suite->thresholds_n > 0) return;
    err_set(
        &err, ERR_CONFLICT,
        "suite '%.*s' has no threshold, so this evaluation proves nothing: 'ledger eval validate %.200s' says what to add",
        (int)c->suite->name.n, (const char *)c->suite->name.p, c->path);
    cli_warn(c->cli, &err);
}

static int run_it(struct call *c) {
    struct err err = {0};
    int told = tell_other_suite(c);
    if (told != 0) return told;
    tell_no_threshold(c);
    struct buf again = {.max = (size_t)1 << 20};
    out_progress_init(&c->progress, c->cli, "evaluating");
    int rc = run_suite(&c->how, &c->result, &err);
    out_progress_end(&c->progress);
    if (rc == ERR_INVALID) return cli_fail_input(c->cli, &err);
    if (rc == ERR_CONFLICT) return cli_fail_as(c->cli, &err, EXIT_NO);
    if (rc == ERR_NET) {
        int exit_code = cli_fail(c->cli, &err);
        cli_note(c->cli, "nothing was recorded");
        return exit_code;
    }
    if (rc != 0) return cli_fail_lookup(c->cli, &err);
    put_again(c, &again);
    int exit_code = outcome_print(c->cli, c->ledger, c->suite, bytes_of_buf(&again), &c->result);
    buf_done(&again);
    return exit_code;
}

/* ---- a pack --------------------------------------------------------------------------------------------------------------- */

static int open_pack(struct call *c) {
    const char *dpkg_dir = cli_env("DPKG_ADMINDIR");
    struct err err = {0};
    const struct run_pack_options how = {.ledger = c->ledger,
                                         .pack = given(c, O_PACK),
                                         .actor = c->how.actor,
                                         .user = given(c, O_USER),
                                         .dpkg_dir = dpkg_dir != NULL ? dpkg_dir : DPKG_ADMIN_DIR,
                                         .trust = trustfile_path(c->trust, NULL) == 0 ? c->trust : NULL,
                                         .unconfined = opt_has(c->args, &options[O_UNCONFINED]),
                                         .stop = c->how.stop,
                                         .stop_fd = c->how.stop_fd,
                                         .halt = stop_now};
    int rc = run_pack_open(&how, &c->pack, &err);
    return rc == ERR_CONFLICT ? cli_fail_as(c->cli, &err, EXIT_NO) : rc != 0 ? cli_fail_lookup(c->cli, &err) : 0;
}

/* One evaluation: of a route, or of the whole pack. */
static int run_on(struct call *c, const char *route) {
    struct err err = {0};
    if (run_pack_take(c->pack, route, c->suite, &err) != 0) return cli_fail_input(c->cli, &err);
    c->how.subject = run_pack_subject(c->pack);
    c->of_route = route;
    return run_it(c);
}

/* An evaluation is of one route, as a proof is: a suite that several routes name is run for each. */
static int run_routes(struct call *c) {
    const char *asked = given(c, O_ROUTE);
    size_t n = run_pack_routes(c->pack), ran = 0;
    int worst = 0;
    char name[256];
    for (size_t i = 0; i < n && worst != EXIT_SYSTEM && (c->how.stop == NULL || *c->how.stop == 0); i++) {
        const struct bytes route = run_pack_route(c->pack, i);
        if (asked != NULL && !bytes_is(route, asked)) continue;
        (void)snprintf(name, sizeof(name), "%.*s", (int)route.n, (const char *)route.p);
        int exit_code = run_on(c, name);
        worst = exit_code > worst ? exit_code : worst;
        ran++;
    }
    if (ran > 0) return worst;
    cli_note(c->cli, "the manifest of pack '%s' does not name this suite%s%s%s, so this evaluation proves no route",
             given(c, O_PACK), asked != NULL ? " for route '" : "", asked != NULL ? asked : "", asked != NULL ? "'" : "");
    return run_on(c, asked);
}

static int run_with_pack(struct call *c) {
    int exit_code = open_pack(c);
    if (exit_code == 0) (void)run_pack_suite(c->pack, c->args->args[0], c->path, sizeof(c->path));
    if (exit_code == 0) exit_code = load(c);
    if (exit_code == 0) {
        c->how.suite = c->suite;
        exit_code = run_routes(c);
    }
    return exit_code;
}

static int run(struct cli *cli, const struct opt_args *args) {
    struct call *c = calloc(1, sizeof(*c));
    struct err err = {0};
    if (c == NULL) {
        err_set(&err, ERR_NOMEM, "out of memory");
        return cli_fail(cli, &err);
    }
    c->cli = cli;
    c->args = args;
    int exit_code = take_options(c);
    bool pack = exit_code == 0 && given(c, O_PACK) != NULL;
    (void)snprintf(c->path, sizeof(c->path), "%s", args->args[0]);
    if (exit_code == 0 && !pack) exit_code = load(c);
    if (exit_code == 0) {
        c->how.stop = stop_catch();
        c->how.stop_fd = stop_descriptor();
        exit_code = cli_open(cli, CLI_WRITE, &c->ledger);
    }
    if (exit_code == 0 && checked_unlocked(c->ledger, "eval.started", &err) != 0) {
        exit_code = err.code == ERR_CONFLICT ? cli_fail_as(cli, &err, EXIT_NO) : cli_fail(cli, &err);
    }
    c->how.ledger = c->ledger;
    c->how.suite = c->suite;
    c->how.progress = outcome_progress;
    c->how.progress_ctx = &c->progress;
    if (exit_code == 0 && pack) {
        exit_code = run_with_pack(c);
    } else {
        if (exit_code == 0) exit_code = find_route(c);
        if (exit_code == 0) exit_code = open_subject(c);
        if (exit_code == 0) exit_code = run_it(c);
    }
    run_pack_close(c->pack);
    run_endpoint_close(c->endpoint);
    run_command_close(c->command);
    log_close(c->ledger);
    suite_free(c->suite);
    free(c);
    return exit_code;
}

const struct spec evals_run = {
    .synopsis = "SUITE --route ROUTE | --pack NAME | --endpoint URL --model MODEL | -- COMMAND ...",
    .about = "Runs a suite against a model or a program: each case is asked, judged by its expectations and recorded, and\n"
             "what came of all of them is compared with the suite's thresholds. The evaluation is bound to the\n"
             "suite, the model's weights, the route's configuration, the pack's version, the settings, the\n"
             "machine and this program. Prompts and answers are private. A full pass proves the route; with\n"
             "--only, a budget or --fail-fast it is partial and proves nothing.\n\n"
             "With --pack each case runs the pack's own steps, confined; SUITE is a file, or the path that the\n"
             "pack's manifest has for it. It runs once for each route that names it, or for --route alone.\n\n"
             "An endpoint that does not answer is asked again, with growing pauses, for --patience; then the\n"
             "evaluation stops without a result and with exit code 4, and can be continued. One that does not\n"
             "answer at the beginning is refused, and nothing is recorded.\n\n"
             "A COMMAND, or the program of a route, is run confined and without network for each case: its\n"
             "standard input is the case's text, its arguments end with the case's, the case's files and those\n"
             "that the command names are in the directory where it starts, and standard output is the answer.\n"
             "$LEDGER_EVAL_SEED has the seed; outputs that the case names are written to $LEDGER_EVAL_OUT.\n\n"
             "Ctrl-C ends it in order, and --resume continues it where it was, also after a crash: what is on\n"
             "record is not asked again. Exit code 1 if the suite did not pass, or that is not known.",
    .examples = "ledger eval run suites/text.yaml --pack pdf-ops-pack\n"
                "ledger eval run news.yaml --route summarise\n"
                "ledger eval run news.yaml --endpoint http://127.0.0.1:8080 --protocol openai --model tiny -j 8\n"
                "ledger eval run sums.yaml -- python3 sums.py --strict\n"
                "ledger eval run news.yaml --route summarise --resume last",
    .opts = options,
    .min_args = 1,
    .max_args = CLI_MANY,
    .run = run,
};
