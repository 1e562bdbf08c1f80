/* What every command needs before and after its own work: where the ledger is, opening it, and how a failure ends: one
 * message on standard error, one exit code. */
#include "cli/cli.h"

#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/text.h"
#include "cli/obj.h"
#include "cli/out.h"
#include "cli/setback.h"
#include "cli/unlock.h"
#include "ledger/lead.h"
#include "query/query.h"

/* What an error code means for who called: the look-up of something in the ledger, a file or value that was given, or none
 * of them, when "not found" is the system's word about a path. */
enum about { ABOUT_SYSTEM, ABOUT_LOOKUP, ABOUT_INPUT };

static int exit_of(int code, enum about about) {
    switch (code) {
    case ERR_INVALID:
    case ERR_LIMIT:
        return EXIT_INPUT;
    case ERR_NOTFOUND:
        return about == ABOUT_INPUT ? EXIT_INPUT : about == ABOUT_LOOKUP ? EXIT_NO : EXIT_SYSTEM;
    case ERR_CORRUPT:
    case ERR_TAMPERED:
        return about == ABOUT_INPUT ? EXIT_INPUT : EXIT_INVALID;
    case ERR_CONFLICT:
        return EXIT_NO;
    case ERR_ROLLBACK:
        return EXIT_CONTRADICTS;
    default: /* NOMEM, IO, BUSY, FULL, VERSION, NET */
        return EXIT_SYSTEM;
    }
}

#define NO_EXIT (-1) /* of a warning: the command goes on */

static void say(const struct cli *cli, const char *code, const char *message, int exit_code) {
    bool warning = exit_code == NO_EXIT;
    if (!cli->json) {
        out_error("ledger: %s%s%s%s", cli->command ? cli->command : "", cli->command ? ": " : "",
                  warning ? "warning: " : "", message);
    } else {
        struct obj error, whole;
        struct buf out;
        buf_init(&out, 16384);
        obj_init(&error);
        obj_init(&whole);
        obj_text(&error, "code", code);
        obj_text(&error, "command", cli->command);
        obj_text(&error, "message", message);
        if (!warning) {
            obj_uint(&error, "exit", (uint64_t)exit_code);
        }
        obj_obj(&whole, warning ? "warning" : "error", &error);
        obj_json(&whole, JSON_LINE, &out, NULL);
        obj_done(&whole);
        out_error_json(bytes_of_buf(&out));
        buf_done(&out);
    }
}

int cli_fail_as(const struct cli *cli, const struct err *err, int exit_code) {
    say(cli, err_name(err->code), err->msg[0] ? err->msg : "failed without a reason", exit_code);
    return exit_code;
}

int cli_fail(const struct cli *cli, const struct err *err) {
    return cli_fail_as(cli, err, exit_of(err->code, ABOUT_SYSTEM));
}

int cli_fail_lookup(const struct cli *cli, const struct err *err) {
    return cli_fail_as(cli, err, exit_of(err->code, ABOUT_LOOKUP));
}

int cli_fail_input(const struct cli *cli, const struct err *err) {
    return cli_fail_as(cli, err, exit_of(err->code, ABOUT_INPUT));
}

int cli_usage(const struct cli *cli, const char *fmt, ...) {
    char message[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    say(cli, "ERR_USAGE", message, EXIT_USAGE);
    if (!cli->json && !cli->for_agent) {
        out_error("'ledger %s%s--help' says what is accepted", cli->command ? cli->command : "", cli->command ? " " : "");
    }
    return EXIT_USAGE;
}

void cli_warn(const struct cli *cli, const struct err *err) {
    say(cli, err_name(err->code), err->msg, NO_EXIT);
}

void cli_note(const struct cli *cli, const char *fmt, ...) {
    if (cli->quiet || cli->json) {
        return;
    }
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) >= 0) {
        out_error("%s", text);
        free(text);
    }
    va_end(ap);
}

const char *cli_env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

int cli_xdg(char ret[FILE_PATH_MAX], const char *variable, const char *below_home, struct err *err) {
    const char *xdg = cli_env(variable);
    if (xdg && xdg[0] == '/') { /* the XDG specification has relative paths ignored */
        return file_join(ret, xdg, "ledger", err);
    }
    const char *home = cli_env("HOME");
    if (!home) {
        const struct passwd *user = getpwuid(geteuid());
        home = user ? user->pw_dir : NULL;
    }
    if (!home || home[0] != '/') {
        return err_set(err, ERR_NOTFOUND, "neither $%s nor $HOME is set to an absolute path", variable);
    }
    char base[FILE_PATH_MAX];
    int rc = file_join(base, home, below_home, err);
    return rc != 0 ? rc : file_join(ret, base, "ledger", err);
}

int cli_find_dir(struct cli *cli, struct err *err) {
    const char *dir = cli->dir_option ? cli->dir_option : cli_env("LEDGER_DIR");
    if (!dir) {
        return cli_xdg(cli->dir, "XDG_STATE_HOME", ".local/state", err);
    }
    if (*dir == '\0') {
        return err_set(err, ERR_INVALID, "option '-C' needs a directory");
    }
    if (snprintf(cli->dir, sizeof(cli->dir), "%s", dir) >= (int)sizeof(cli->dir)) {
        return err_set(err, ERR_LIMIT, "the directory's path is longer than %d bytes", FILE_PATH_MAX - 1);
    }
    return 0;
}

void cli_word(struct bytes word, struct buf *out) {
    static const char plain_marks[] = "/._-+:@%,=";
    bool plain = word.n > 0;
    for (size_t i = 0; i < word.n && plain; i++) {
        uint8_t c = word.p[i];
        plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                memchr(plain_marks, c, sizeof(plain_marks) - 1) != NULL;
    }
    buf_put_str(out, plain ? "" : "'");
    for (size_t i = 0; i < word.n; i++) {
        if (word.p[i] == '\'') {
            buf_put_str(out, "'\\''");
        } else {
            buf_put_u8(out, word.p[i]);
        }
    }
    buf_put_str(out, plain ? "" : "'");
}

void cli_self(const struct cli *cli, struct buf *out) {
    buf_put_str(out, "ledger");
    if (cli->dir_option) {
        buf_put_str(out, " -C ");
        cli_word(bytes_of(cli->dir_option), out);
    }
}

void cli_command(const struct cli *cli, struct bytes command, struct buf *out) {
    const struct bytes name = bytes_of("ledger ");
    bool quoted = false, first = true;
    for (size_t i = 0; i < command.n; i++) {
        struct bytes rest = {command.p + i, command.n - i};
        first = first || (!quoted && i >= 3 && memcmp(command.p + i - 3, "&& ", 3) == 0);
        if (first && bytes_starts(rest, name)) {
            cli_self(cli, out);
            i += name.n - 2; /* up to the blank */
            first = false;
            continue;
        }
        first = false;
        if (command.p[i] == '\\' && !quoted && i + 1 < command.n) {
            buf_put_u8(out, command.p[i++]);
        } else {
            quoted = command.p[i] == '\'' ? !quoted : quoted;
        }
        buf_put_u8(out, command.p[i]);
    }
}

void cli_actor(char ret[128]) {
    const struct passwd *user = getpwuid(geteuid());
    if (!user || !user->pw_name || !*user->pw_name) {
        snprintf(ret, 128, "user:%u", (unsigned)geteuid());
        return;
    }
    snprintf(ret, 128, "user:%.100s", user->pw_name);
}

int cli_take_passphrase(struct cli *cli, struct err *err) {
    if (cli->pass.p) {
        return 0;
    }
    return pass_read(cli->passphrase_fd, cli->passphrase_file, &cli->pass, err);
}

static void say_waiting(void *ctx, const char *text) {
    cli_note(ctx, "%s", text);
}

void cli_patience(struct cli *cli, struct ledger_open_options *ret) {
    ret->wait_ns = cli->wait_ns;
    ret->waiting = say_waiting;
    ret->waiting_ctx = cli;
}

int cli_open(struct cli *cli, enum cli_open mode, struct ledger **ret) {
    struct err err = {0};
    bool keys = mode == CLI_WRITE || mode == CLI_KEYS;
    if (keys) {
        int rc = unlock_ledger(cli, &err);
        if (rc != 0) {
            return cli_fail_input(cli, &err);
        }
    }
    struct ledger_open_options options = {.passphrase = pass_bytes(&cli->pass), .read_only = !keys};
    cli_patience(cli, &options);
    int rc = ledger_open(cli->dir, &options, ret, &err);
    if (rc == ERR_NOTFOUND && mode == CLI_TRY) {
        cli_note(cli, "ledger: %s: %s: what depends on one is not looked at", cli->command, err.msg);
        *ret = NULL;
        return 0;
    }
    if (rc == ERR_NOTFOUND) {
        return cli_fail_input(cli, &err);
    }
    if (rc == 0 && mode == CLI_WRITE) {
        rc = setback_refuse(*ret, &err);
        rc = rc != 0 ? rc : query_index_follow(*ret, &err); /* whoever appends builds the index behind it */
        if (rc != 0) {
            ledger_close(*ret);
            *ret = NULL;
        }
    }
    if (rc == 0 && mode != CLI_WRITE) {
        setback_warn(cli, *ret, mode != CLI_TRUST);
    }
    return rc == 0 ? 0 : cli_fail(cli, &err);
}

void cli_note_lead(const struct cli *cli, struct ledger *ledger) {
    struct lead lead = {0};
    char words[96];
    if (lead_now(ledger, &lead, NULL) == 0 && lead.ns > 0) {
        lead_words(&lead, words, sizeof(words));
        cli_note(cli,
                 "ledger: %s: %s: events from there on that carry no time of their source match no condition on time; "
                 "'--since %llu' lists them",
                 cli->command, words, (unsigned long long)lead.seq);
    }
}
