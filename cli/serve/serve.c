/* serve: an API and pages over this ledger, by HTTP. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/file.h"
#include "base/http/listen.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/stop.h"
#include "cli/open/open.h"
#include "cli/serve/self.h"
#include "cli/serve/shown.h"
#include "ledger/version.h"
#include "serve/access/session.h"
#include "serve/web/web.h"

enum { S_LISTEN, S_TIME_LIMIT, S_CODE_FILE };
static const struct opt options[] = {
    [S_LISTEN] = {"listen", 0, "ADDRESS",
                  "127.0.0.1:PORT, [::1]:PORT, unix:PATH, or 'passed' for the socket of a unit (default " WEB_ADDRESS ")"},
    [S_TIME_LIMIT] = {"time-limit", 0, "DURATION", "the time for one answer: 30s, 5m (default 1m, at most 1h)"},
    [S_CODE_FILE] = {"code-file", 0, "FILE",
                     "write the codes of the pages into this file, mode 0600, instead of printing them"},
    {0},
};

struct serving {
    struct cli *cli;
    const char *code_file; /* NULL: codes are printed */
};

/* For programs, which need to know the port, or the code. */
static void say_json(const char *name, const char *value) {
    struct obj obj = {0};
    struct buf text = {.max = 4096};
    obj_text(&obj, name, value);
    obj_json(&obj, JSON_LINE, &text, NULL);
    out_error_json(bytes_of_buf(&text));
    obj_done(&obj);
    buf_done(&text);
}

static void say_listening(void *ctx, const char *url) {
    const struct serving *s = ctx;
    cli_note(s->cli, "ledger: serve: listening on %s", url);
    if (s->cli->json) say_json("listening", url);
}

static void say_trouble(void *ctx, const char *message) {
    const struct serving *s = ctx;
    struct err err = {0};
    err_set(&err, ERR_IO, "serve: %s", message);
    cli_warn(s->cli, &err);
}

static void say_code(void *ctx, const char *url, const char *code) {
    const struct serving *s = ctx;
    struct err err = {0};
    char line[SESSION_CODE + 1];
    snprintf(line, sizeof(line), "%s\n", code);
    if (s->code_file == NULL) {
        cli_note(s->cli, "ledger: serve: the code for %s/login is %s, for a minute", url, code);
        if (s->cli->json) say_json("code", code);
    } else if (file_write_durable(s->code_file, bytes_of(line), 0600, &err) != 0) {
        say_trouble(ctx, err.msg);
    }
    crypt_wipe(line, sizeof(line));
}

static int run(struct cli *cli, const struct opt_args *args) {
    char program[FILE_PATH_MAX];
    struct ledger *ledger = NULL;
    struct shown shown;
    struct err err = {0};
    uint64_t limit = SELF_LIMIT_NS;
    const struct serving serving = {cli, opt_text(args, &options[S_CODE_FILE])};
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
                                    .ctx = (void *)(uintptr_t)&serving,
                                    .rest = shown_rest,
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
    .synopsis = "[--listen ADDRESS] [--time-limit DURATION] [--code-file FILE]",
    .about = "Serves pages for people and an API for programs over this ledger, by HTTP/1.1, on this machine alone,\n"
             "until it is interrupted. Answers are those of the commands of the same names; pages are made of\n"
             "them. It writes to the ledger who read and who was refused (access.read, access.refused), counted, and\n"
             "the events that a token may append.\n\n"
             "Programs send a token ('ledger token new'). A person opens the address in a browser and types the\n"
             "code that is then printed here, which works once, within a minute. docs/serve.md has the API and\n"
             "the rules.",
    .examples = "ledger serve\nledger serve --listen unix:/run/user/1000/ledger.sock\n"
                "curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:7117/v1/doctor",
    .opts = options,
    .run = run,
};
