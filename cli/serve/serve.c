/* serve: an API and pages over this ledger, by HTTP. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/http/listen.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/serve/self.h"
#include "cli/serve/shown.h"
#include "ledger/version.h"
#include "serve/web/web.h"

enum { S_LISTEN, S_TIME_LIMIT, S_CODE_FILE };
static const struct opt options[] = {
    [S_LISTEN] = {"listen", 0, "ADDRESS",
                  "127.0.0.1:PORT, [::1]:PORT, unix:PATH, or 'passed' for the socket of a unit (default " WEB_ADDRESS ")"},
    [S_TIME_LIMIT] = {"time-limit", 0, "DURATION", "the time for one answer: 30s, 5m (default 1m, at most 1h)"},
    {0},
};

static void say_listening(void *ctx, const char *url) {
    cli_note(ctx, "ledger: serve: listening on %s", url);
}

static void say_code(void *ctx, const char *url, const char *code) {
    cli_note(ctx, "ledger: serve: the code for %s/login is %s, for a minute", url, code);
}

static void say_trouble(void *ctx, const char *message) {
    cli_note(ctx, "ledger: serve: %s", message);
}

static int run(struct cli *cli, const struct opt_args *args) {
    char program[FILE_PATH_MAX];
    struct ledger *ledger = NULL;
    struct shown shown;
    struct err err = {0};
    uint64_t limit = SELF_LIMIT_NS;
    const char *address = opt_text(args, &options[S_LISTEN]);
    int exit_code = self_limit(cli, opt_text(args, &options[S_TIME_LIMIT]), &limit);
    if (exit_code == 0) exit_code = self_program(cli, program);
    if (exit_code == 0) exit_code = cli_open(cli, CLI_WRITE, &ledger);
    if (exit_code != 0) return exit_code;
    shown_init(&shown, ledger);
    const struct web_options web = {.ledger = ledger,
                                    .dir = cli->dir,
                                    .program = program,
                                    .version = LEDGER_VERSION,
                                    .address = address != NULL ? address : WEB_ADDRESS,
                                    .origin = log_origin(ledger),
                                    .limit_ns = limit,
                                    .stop = stop_catch(),
                                    .pack_files = installed_files,
                                    .pack_files_ctx = &shown.look,
                                    .event = shown_event,
                                    .facts = &shown,
                                    .ctx = cli,
                                    .record = shown_record,
                                    .listening = say_listening,
                                    .code = say_code,
                                    .trouble = say_trouble};
    int rc = web_serve(&web, &err);
    shown_done(&shown);
    log_close(ledger);
    return rc == 0 ? EXIT_GOOD : cli_fail(cli, &err);
}

const struct spec spec_serve = {
    .synopsis = "[--listen ADDRESS] [--time-limit DURATION]",
    .about = "Serves an API over this ledger by HTTP/1.1, on this machine alone.",
    .examples = "ledger serve\nledger serve --listen unix:/run/user/1000/ledger.sock",
    .opts = options,
    .run = run,
};
