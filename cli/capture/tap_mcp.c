/* tap mcp: between clients and a server of the Model Context Protocol: a child, or one that is reached over HTTP. */
#include "cli/capture/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret/secret.h"
#include "base/text.h"
#include "capture/streamable/streamable.h"
#include "capture/tap/stdio.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/print/summary.h"
#include "ledger/kinds/kind.h"

#define GROUPS_MAX  256
#define END_WAIT_NS (5 * CLOCK_NS_PER_S) /* for a ledger that cannot be written to, before what is queued is given up */

/* For other processes, without --wait: a client waits for its server, and for each call. */
#define WAIT_NS (3 * CLOCK_NS_PER_S)

/* With --enforce, for what follows an answer: calls that come one after the other need not wait for its commit. */
#define PAUSE_NS (CLOCK_NS_PER_S / 50)

enum { NOT_STARTED = 126, NO_PROGRAM = 127 }; /* as shells have it */

enum { M_NAME, M_AGENT, M_GROUP, M_ENFORCE, M_LISTEN, M_UPSTREAM, M_TOKEN_FILE, M_HOST, M_ORIGIN };
static const struct opt mcp_options[] = {
    [M_NAME] = {"name", 'n', "NAME", "the server, as its client knows it (default: the program's name)"},
    [M_AGENT] = {"agent", 0, "NAME", "the agent that is the client (default: as it names itself; unknown with --enforce)"},
    [M_GROUP] = {"group", 0, "[TOOL=]GROUP", "the group of permissions that a tool needs, or all do; may be repeated"},
    [M_ENFORCE] = {"enforce", 0, NULL, "pass only calls that are permitted, once they are recorded"},
    [M_LISTEN] = {"listen", 0, "ADDRESS:PORT", "where clients connect, or unix:PATH, instead of a COMMAND; port 0: any"},
    [M_UPSTREAM] = {"upstream", 0, "URL", "with --listen: the server's endpoint, http://HOST:PORT/mcp"},
    [M_TOKEN_FILE] = {"token-file", 0, "FILE",
                      "with --listen: clients need this bearer token; required beyond this machine"},
    [M_HOST] = {"host", 0, "NAME:PORT", "with --listen: a further name that clients use; may be repeated"},
    [M_ORIGIN] = {"origin", 0, "ORIGIN", "with --listen: a web page's origin that may use it; may be repeated"},
    {0},
};

/* What the command line says, checked. */
struct mcp {
    struct tap_names names;
    char name[TAP_NAME_MAX + 1];
    const char *groups[GROUPS_MAX + 1];
    char **argv;
};

static bool is_server(struct bytes name) {
    return rpc_is_name(name, TAP_NAME_MAX) && memmem(name.p, name.n, "__", 2) == NULL && !secret_is_in(name);
}

static int read_groups(struct cli *cli, const struct opt_args *args, struct mcp *ret) {
    const struct kind_field *field = kind_field_find(kind_find(bytes_of("run.tool_called")), bytes_of("group"));
    size_t at = 0, n = 0;
    const char *text;
    while ((text = opt_next(args, &mcp_options[M_GROUP], &at)) != NULL) {
        const char *equals = strchr(text, '='), *group = equals != NULL ? equals + 1 : text;
        struct buf words = {.max = 4096}, one = {.max = 4096};
        buf_printf(&words, "|%s|", field->values);
        buf_printf(&one, "|%.200s|", group);
        bool good = group[0] != '\0' && strchr(group, '|') == NULL && memmem(words.p, words.n, one.p, one.n) != NULL &&
                    equals != text;
        buf_done(&words);
        buf_done(&one);
        if (!good) {
            return cli_usage(cli, "--group is '%.100s'; expected: GROUP or TOOL=GROUP, with a group of %s", text,
                             field->values);
        }
        if (n == GROUPS_MAX) return cli_usage(cli, "--group is given more than %d times", GROUPS_MAX);
        ret->groups[n++] = text;
    }
    ret->names.groups = ret->groups;
    return 0;
}

static int read_names(struct cli *cli, const struct opt_args *args, struct mcp *ret) {
    const char *name = opt_text(args, &mcp_options[M_NAME]), *agent = opt_text(args, &mcp_options[M_AGENT]);
    bool enforce = opt_has(args, &mcp_options[M_ENFORCE]);
    const char *command = args->n_args > 0 ? args->args[0] : "server", *slash = strrchr(command, '/'),
               *program = slash != NULL ? slash + 1 : command;
    if (name == NULL && enforce) {
        return cli_usage(cli, "--enforce needs --name: permissions are granted to tools of a named server");
    }
    if (name != NULL && !is_server(bytes_of(name))) {
        return cli_usage(cli, "--name is '%s'; expected: 1 to %d letters, digits, '_', '-' and '.', without '__'",
                         SECRET_SHOWN(bytes_of(name)), TAP_NAME_MAX);
    }
    if (agent != NULL && (!rpc_is_name(bytes_of(agent), TAP_NAME_MAX) || secret_is_in(bytes_of(agent)))) {
        return cli_usage(cli, "--agent is '%s'; expected: 1 to %d letters, digits, '_', '-' and '.'",
                         SECRET_SHOWN(bytes_of(agent)), TAP_NAME_MAX);
    }
    if (name == NULL) name = is_server(bytes_of(program)) ? program : "server";
    (void)snprintf(ret->name, sizeof(ret->name), "%s", name);
    ret->names.server = ret->name;
    ret->names.agent = agent;
    ret->names.enforces = enforce;
    tap_names_run(ret->names.run);
    return read_groups(cli, args, ret);
}

static void on_say(void *ctx, const char *text) {
    (void)ctx;
    out_error("ledger: tap mcp: %s", text);
}

static void say_lost(const struct tap_lost *lost) {
    if (lost->events == 0 && lost->bytes == 0) return;
    out_error("ledger: tap mcp: %llu event%s and %llu byte%s of messages could not be recorded",
              (unsigned long long)lost->events, lost->events == 1 ? "" : "s", (unsigned long long)lost->bytes,
              lost->bytes == 1 ? "" : "s");
}

/* Without --enforce the server is more important than its record. */
static int open_ledger(struct cli *cli, const struct mcp *mcp, struct ledger **ledger, struct tap_record **record,
                       struct tap_judge **judge, struct tap_link **link) {
    struct err err = {0};
    if (cli->wait_ns == 0) cli->wait_ns = WAIT_NS;
    int exit_code = cli_open(cli, CLI_WRITE, ledger);
    const struct tap_record_options options = {
        .names = &mcp->names, .ledger = *ledger, .pause_ns = mcp->names.enforces ? PAUSE_NS : 0, .say = on_say};
    int rc = exit_code != 0 ? -1 : tap_record_start(&options, record, &err);
    if (rc == 0 && mcp->names.enforces) rc = tap_judge_new(mcp->name, *ledger, judge, &err);
    if (rc == 0 && *judge != NULL && (*link = tap_link_new(*judge, &mcp->names)) == NULL) {
        rc = err_set(&err, ERR_NOMEM, "no memory for the judge");
    }
    if (rc != 0 && exit_code == 0) exit_code = cli_fail(cli, &err);
    if (exit_code != 0 && !mcp->names.enforces) {
        cli_note(cli, "ledger: tap mcp: the server is started all the same, and nothing is recorded");
        return 0;
    }
    return exit_code;
}

static int run_server(struct cli *cli, const struct mcp *mcp) {
    struct ledger *ledger = NULL;
    struct tap_record *record = NULL;
    struct tap_judge *judge = NULL;
    struct tap_link *link = NULL;
    struct tap_lost lost = {0};
    struct err err = {0};
    bool busy = false;
    int status = -1, exit_code = open_ledger(cli, mcp, &ledger, &record, &judge, &link);
    const struct tap_stdio tap = {
        .argv = mcp->argv, .in = STDIN_FILENO, .out = STDOUT_FILENO, .record = record, .judge = judge, .link = link};
    int rc = exit_code == 0 ? tap_stdio_run(&tap, &status, &busy, &err) : 0;
    if (busy) { /* a thread waits for a client that neither reads nor leaves: it ends with the process */
        exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        tap_record_flush(record, status, END_WAIT_NS, &lost);
        say_lost(&lost);
        _exit(exit_code);
    }
    tap_record_end(record, status, END_WAIT_NS, &lost);
    say_lost(&lost);
    tap_link_free(link);
    tap_judge_free(judge);
    log_close(ledger);
    if (exit_code != 0) return exit_code;
    if (rc != 0) return cli_fail_as(cli, &err, rc == ERR_NOTFOUND ? NO_PROGRAM : NOT_STARTED);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int run_stdio(struct cli *cli, const struct opt_args *args, struct mcp *mcp) {
    mcp->argv = calloc(args->n_args + 1, sizeof(*mcp->argv));
    if (mcp->argv == NULL) {
        struct err err = {0};
        (void)err_set(&err, ERR_NOMEM, "no memory for the command");
        return cli_fail(cli, &err);
    }
    for (size_t i = 0; i < args->n_args; i++) {
        mcp->argv[i] = args->args[i];
    }
    mcp->names.command = (const char *const *)mcp->argv;
    int exit_code = run_server(cli, mcp);
    free(mcp->argv);
    return exit_code;
}

/* ---- over HTTP ---- */

static void on_listening(void *ctx, const char *address) {
    tap_say_listening(ctx, "mcp", address);
}

static int report(struct cli *cli, const struct streamable_result *result) {
    struct obj obj = {0};
    if (!cli->json) {
        out_printf(cli, "%llu request%s in %llu session%s, %llu to other paths, %llu refused\n",
                   (unsigned long long)result->requests, text_s(result->requests), (unsigned long long)result->sessions,
                   text_s(result->sessions), (unsigned long long)result->others, (unsigned long long)result->refused);
        return EXIT_GOOD;
    }
    obj_uint(&obj, "requests", result->requests);
    obj_uint(&obj, "sessions", result->sessions);
    obj_uint(&obj, "others", result->others);
    obj_uint(&obj, "refused", result->refused);
    obj_uint(&obj, "lost", result->lost.events);
    obj_uint(&obj, "lost_bytes", result->lost.bytes);
    int exit_code = cli_print(cli, &obj, true);
    obj_done(&obj);
    return exit_code;
}

/* As for a child, a server without --enforce is more important than its record. */
static int open_http(struct cli *cli, const struct mcp *mcp, struct ledger **ledger, struct tap_judge **judge) {
    struct err err = {0};
    if (cli->wait_ns == 0) cli->wait_ns = WAIT_NS;
    int exit_code = cli_open(cli, CLI_WRITE, ledger);
    if (exit_code == 0 && mcp->names.enforces && tap_judge_new(mcp->name, *ledger, judge, &err) != 0) {
        return cli_fail(cli, &err);
    }
    if (exit_code == 0 || mcp->names.enforces) return exit_code;
    cli_note(cli, "ledger: tap mcp: requests pass all the same, and nothing is recorded");
    return 0;
}

static int run_http(struct cli *cli, const struct opt_args *args, struct mcp *mcp) {
    const char *origins[TAP_NAMES_MAX], *hosts[TAP_NAMES_MAX];
    struct ledger *ledger = NULL;
    struct tap_judge *judge = NULL;
    struct streamable_result result = {0};
    struct err err = {0};
    struct streamable_options o = {.serve = {.listen = opt_text(args, &mcp_options[M_LISTEN]),
                                             .upstream = opt_text(args, &mcp_options[M_UPSTREAM]),
                                             .token_file = opt_text(args, &mcp_options[M_TOKEN_FILE]),
                                             .origins = origins,
                                             .n_origins = tap_list(args, &mcp_options[M_ORIGIN], origins),
                                             .hosts = hosts,
                                             .n_hosts = tap_list(args, &mcp_options[M_HOST], hosts),
                                             .ctx = cli,
                                             .listening = on_listening},
                                   .names = &mcp->names,
                                   .pause_ns = mcp->names.enforces ? PAUSE_NS : 0,
                                   .end_ns = END_WAIT_NS,
                                   .say = on_say};
    int exit_code = open_http(cli, mcp, &ledger, &judge);
    o.serve.stop = stop_catch();
    o.ledger = ledger;
    o.judge = judge;
    if (exit_code == 0) {
        int rc = streamable_run(&o, &result, &err);
        say_lost(&result.lost);
        exit_code = rc != 0 ? cli_fail_input(cli, &err) : report(cli, &result);
    }
    tap_judge_free(judge);
    log_close(ledger);
    return exit_code;
}

static int run_mcp(struct cli *cli, const struct opt_args *args) {
    static const int of_http[] = {M_UPSTREAM, M_TOKEN_FILE, M_HOST, M_ORIGIN};
    struct mcp mcp = {0};
    bool listens = opt_has(args, &mcp_options[M_LISTEN]);
    for (size_t i = 0; !listens && i < sizeof(of_http) / sizeof(of_http[0]); i++) {
        const struct opt *opt = &mcp_options[of_http[i]];
        if (opt_has(args, opt)) return cli_usage(cli, "--%s needs --listen ADDRESS:PORT", opt->name);
    }
    if (listens && opt_text(args, &mcp_options[M_UPSTREAM]) == NULL) {
        return cli_usage(cli, "--listen needs --upstream URL, the server's endpoint");
    }
    if (listens == (args->n_args > 0)) {
        return cli_usage(cli, listens ? "a COMMAND and --listen exclude one another"
                                      : "a COMMAND is needed, or --listen ADDRESS:PORT and --upstream URL");
    }
    int exit_code = read_names(cli, args, &mcp);
    if (exit_code != 0) return exit_code;
    return listens ? run_http(cli, args, &mcp) : run_stdio(cli, args, &mcp);
}

const struct spec tap_mcp = {
    .synopsis =
        "[--name NAME] [--agent NAME] [--group [TOOL=]GROUP]... [--enforce] [--listen ADDRESS:PORT --upstream URL] | -- "
        "COMMAND [ARGUMENT...]",
    .about = "Starts a server of the Model Context Protocol and stands between it and its client: standard input\n"
             "and output pass through, and what they say is recorded: the tools that are offered, calls and their\n"
             "results, questions, model calls. A definition that changes is reported on standard error.\n\n"
             "With --listen it stands before a server that is reached over HTTP: point clients at its address\n"
             "with the endpoint's path. Each session is a run. Ctrl-C ends it.\n\n"
             "Without --enforce every byte passes untouched and at once, whether or not it can be recorded. With\n"
             "--enforce a call passes only if permissions and policies allow it, its tool is still what was\n"
             "granted, and the call has been recorded; otherwise the client gets an error. That judges what a call\n"
             "says, not what the server does.\n\n"
             "The exit code is that of the COMMAND: 128 and the signal's number if a signal ended it, 127 if there is no\n"
             "such program, 126 if it cannot be started.",
    .examples = "ledger tap mcp --name files -- npx -y @modelcontextprotocol/server-filesystem /srv/data\n"
                "ledger tap mcp --name files --agent claude-code --enforce --group filesystem.read -- ./server\n"
                "ledger tap mcp --name files --listen 127.0.0.1:8931 --upstream http://127.0.0.1:3001/mcp",
    .opts = mcp_options,
    .max_args = CLI_MANY,
    .run = run_mcp,
};
