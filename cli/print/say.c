/* Every command reports a failure in the same way: one message on standard error and one exit code. */
#include "cli/print/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/secret/secret.h"
#include "base/text.h"

/* What an error code means depends on what failed: a look-up in the ledger, or a file or value given by the caller;
 * otherwise "not found" is about a path of the system. */
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

#define NO_EXIT (-1) /* of a warning: the command continues */

/* The text with its secrets masked: what is said often quotes an argument or a path, and is often kept in logs. It is in
 * `room`, or the text itself. */
static const char *without_secrets(const char *text, struct buf *room) {
    buf_init(room, (size_t)64 << 10);
    size_t masked = secret_mask(room, bytes_of(text));
    buf_put_u8(room, 0);
    if (room->fail != 0) return "this message could not be searched for secrets, and is not shown";
    return masked > 0 ? (const char *)room->p : text;
}

static void print_message(const struct cli *cli, const char *code, const char *quoting, int exit_code) {
    struct buf room;
    const char *message = without_secrets(quoting, &room);
    bool warning = exit_code == NO_EXIT;
    if (!cli->json) {
        out_error("ledger: %s%s%s%s", cli->command ? cli->command : "", cli->command ? ": " : "",
                  warning ? "warning: " : "", message);
    } else {
        struct obj error = {0}, whole = {0};
        struct buf out = {.max = 16384};
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
    buf_done(&room);
}

int cli_fail_as(const struct cli *cli, const struct err *err, int exit_code) {
    print_message(cli, err_name(err->code), err->msg[0] ? err->msg : "failed without a reason", exit_code);
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

int cli_refuse(const struct cli *cli, int exit_code, int code, const char *fmt, ...) {
    char message[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    print_message(cli, err_name(code), message, exit_code);
    return exit_code;
}

int cli_usage(const struct cli *cli, const char *fmt, ...) {
    char message[ERR_MSG_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof(message), fmt, ap);
    va_end(ap);
    print_message(cli, "ERR_USAGE", message, EXIT_USAGE);
    if (!cli->json && !cli->for_agent) {
        out_error("'ledger %s%s--help' says what is expected", cli->command ? cli->command : "", cli->command ? " " : "");
    }
    return EXIT_USAGE;
}

int cli_seq(const struct cli *cli, const char *text, uint64_t *ret) {
    if (text_parse_u64(bytes_of(text), ret) == 0 && *ret < INT64_MAX) return 0;
    return cli_usage(cli, "'%.100s' is not a sequence number (expected a decimal number)", text);
}

void cli_warn(const struct cli *cli, const struct err *err) {
    print_message(cli, err_name(err->code), err->msg, NO_EXIT);
}

void cli_note(const struct cli *cli, const char *fmt, ...) {
    if (cli->quiet || cli->json) return;
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&text, fmt, ap) >= 0) {
        struct buf room;
        out_error("%s", without_secrets(text, &room));
        buf_done(&room);
        free(text);
    }
    va_end(ap);
}

int cli_end(struct cli *cli, int exit_code) {
    if (out_flush(cli)) return exit_code;
    if (cli->out_errno != EPIPE && !cli->out_reported) {
        struct err err = {0};
        if (cli->out_errno == EINTR) {
            err_set(&err, ERR_BUSY, "interrupted");
        } else {
            err_errno(&err, cli->out_errno, "writing to standard output");
        }
        cli_fail_as(cli, &err, EXIT_SYSTEM);
    }
    return exit_code == EXIT_GOOD ? EXIT_SYSTEM : exit_code;
}

int cli_file(struct cli *cli, const char *path, enum out_what what, struct bytes data) {
    if (out_is_stdout(path)) {
        out_data(cli, data);
        return 0;
    }
    struct err err = {0};
    if (file_write_durable(path, data, out_mode(what), &err) != 0) {
        return cli_fail_as(cli, &err, EXIT_SYSTEM);
    }
    return 0;
}

int cli_print(struct cli *cli, struct obj *obj, bool line) {
    struct buf text = {.max = 2 * OBJ_MAX};
    struct err err = {0};
    int rc = obj_json(obj, line || !cli->out_tty ? JSON_LINE : JSON_PRETTY, &text, &err);
    if (rc == 0) {
        out_json(cli, bytes_of_buf(&text));
        out_str(cli, "\n");
    }
    buf_done(&text);
    obj_done(obj);
    return rc == 0 ? 0 : cli_fail(cli, &err);
}
