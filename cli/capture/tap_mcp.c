/* tap mcp: between a client and a server of the Model Context Protocol. */
#include "cli/capture/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/secret/secret.h"
#include "capture/tap/stdio.h"
#include "cli/call/command.h"
#include "cli/open/open.h"
#include "ledger/kinds/kind.h"

#define GROUPS_MAX  256
#define END_WAIT_NS (5 * CLOCK_NS_PER_S) /* for a ledger that cannot be written to, before what is queued is given up */

/* For other processes, without --wait: a client waits for its server, and for each call. */
#define WAIT_NS (3 * CLOCK_NS_PER_S)

/* With --enforce, for what follows an answer: calls that come one after the other need not wait for its commit. */
#define PAUSE_NS (CLOCK_NS_PER_S / 50)

enum { NOT_STARTED = 126, NO_PROGRAM = 127 }; /* as shells have it */

enum { M_NAME, M_AGENT, M_GROUP, M_ENFORCE };
static const struct opt mcp_options[] = {
    [M_NAME] = {"name", 'n', "NAME", "the server, as its client knows it (default: the program's name)"},
    [M_AGENT] = {"agent", 0, "NAME", "the agent that is the client (default: as it names itself; unknown with --enforce)"},
    [M_GROUP] = {"group", 0, "[TOOL=]GROUP", "the group of permissions that a tool needs, or all do; may be repeated"},
    [M_ENFORCE] = {"enforce", 0, NULL, "pass only calls that are permitted, once they are recorded"},
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
    return tap_is_name(name, TAP_NAME_MAX) && memmem(name.p, name.n, "__", 2) == NULL && !secret_is_in(name);
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
    const char *slash = strrchr(args->args[0], '/'), *program = slash != NULL ? slash + 1 : args->args[0];
    if (name == NULL && enforce) {
        return cli_usage(cli, "--enforce needs --name: permissions are granted to tools of a named server");
    }
    if (name != NULL && !is_server(bytes_of(name))) {
        return cli_usage(cli, "--name is '%s'; expected: 1 to %d letters, digits, '_', '-' and '.', without '__'",
                         SECRET_SHOWN(bytes_of(name)), TAP_NAME_MAX);
    }
    if (agent != NULL && (!tap_is_name(bytes_of(agent), TAP_NAME_MAX) || secret_is_in(bytes_of(agent)))) {
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
    const struct tap_record_options options = {.names = &mcp->names,
                                               .ledger = *ledger,
                                               .pause_ns = mcp->names.enforces ? PAUSE_NS : 0,
                                               .say = on_say};
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

static int run_mcp(struct cli *cli, const struct opt_args *args) {
    struct mcp mcp = {0};
    int exit_code = read_names(cli, args, &mcp);
    if (exit_code != 0) return exit_code;
    mcp.argv = calloc(args->n_args + 1, sizeof(*mcp.argv));
    if (mcp.argv == NULL) {
        struct err err = {0};
        (void)err_set(&err, ERR_NOMEM, "no memory for the command");
        return cli_fail(cli, &err);
    }
    for (size_t i = 0; i < args->n_args; i++) {
        mcp.argv[i] = args->args[i];
    }
    mcp.names.command = (const char *const *)mcp.argv;
    exit_code = run_server(cli, &mcp);
    free(mcp.argv);
    return exit_code;
}

const struct spec tap_mcp = {
    .synopsis = "[--name NAME] [--agent NAME] [--group [TOOL=]GROUP]... [--enforce] -- COMMAND [ARGUMENT...]",
    .about = "Starts a server of the Model Context Protocol and stands between it and its client: standard input\n"
             "and output pass through, and what they say is recorded: the tools that are offered, calls and their\n"
             "results, questions, model calls. A definition that changes is reported on standard error.\n\n"
             "Without --enforce every byte passes untouched and at once, whether or not it can be recorded. With\n"
             "--enforce a call passes only if permissions and policies allow it, its tool is still what was\n"
             "granted, and the call has been recorded; otherwise the client gets an error. That judges what a call\n"
             "says, not what the server does.\n\n"
             "The exit code is the server's: 128 and the signal's number if a signal ended it, 127 if there is no\n"
             "such program, 126 if it cannot be started.",
    .examples = "ledger tap mcp --name files -- npx -y @modelcontextprotocol/server-filesystem /srv/data\n"
                "ledger tap mcp --name files --agent claude-code --enforce --group filesystem.read -- ./server",
    .opts = mcp_options,
    .min_args = 1,
    .max_args = CLI_MANY,
    .run = run_mcp,
};
