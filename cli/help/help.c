/* All help is generated from the tables: the list of commands, a command's page, and the words for completions. */
#include "cli/help/help.h"

#include <stdio.h>
#include <string.h>

#include "cli/call/command.h"
#include "cli/print/pager.h"
#include "cli/print/say.h"

#define WORDS_MAX ((size_t)1 << 20)

#define WIDTH    80 /* of a line off a terminal */
#define LEFT_MAX 26 /* of a name or an option that has its text on the same line */

static size_t line_width(const struct cli *cli) {
    size_t width = out_width(cli);
    return width == SIZE_MAX ? WIDTH : width < 40 ? 40 : width > 100 ? 100 : width;
}

/* Wraps words at the line's width; the first line is already at `column`, further lines begin at `indent`. A line end in
 * the text is a blank, an empty line separates paragraphs. A line that begins with blanks is a row: it gets its own line and
 * is wrapped in the column after its first two blanks. A line that begins in that column continues the row. */
static void put_wrapped(struct cli *cli, const char *text, size_t column, size_t indent) {
    size_t width = line_width(cli), from = indent;
    bool first = true;
    while (*text) {
        size_t n = strcspn(text, " \n");
        if (n > 0) {
            if (!first && column + 1 + n > width) {
                out_printf(cli, "\n%*s", (int)from, "");
                column = from;
            } else if (!first) {
                out_str(cli, " ");
                column++;
            }
            out_printf(cli, "%.*s", (int)n, text);
            column += n;
            first = false;
        }
        text += n;
        size_t end = text[0] == '\n', blanks = strspn(text + end, " ");
        if (end == 1 && (text[1] == '\n' || indent + blanks != from)) {
            from = column = indent + blanks;
            out_printf(cli, "%s\n%*s", text[1] == '\n' ? "\n" : "", (int)column, "");
            first = true;
        } else if (end == 0 && blanks > 1) {
            out_printf(cli, "%*s", (int)blanks, "");
            from = column += blanks;
            first = true;
        }
        text += end + blanks;
    }
    out_str(cli, "\n");
}

/* "  left      text", with the text wrapped in its column. */
static void put_pair(struct cli *cli, const char *left, size_t left_width, const char *text) {
    size_t indent = left_width + 2, n = strlen(left);
    out_printf(cli, "%s%*s", left, n <= left_width ? (int)(indent - n) : 0, "");
    if (n > left_width) {
        out_printf(cli, "\n%*s", (int)indent, "");
    }
    put_wrapped(cli, text, indent, indent);
}

/* A row with an empty name is a heading. */
static void list(struct cli *cli, const struct command *table) {
    size_t width = 0;
    for (const struct command *c = table; c->name; c++) {
        size_t n = strlen(c->name) + 2;
        width = n > width ? n : width;
    }
    for (const struct command *c = table; c->name; c++) {
        char left[64];
        if (c->name[0] == '\0') {
            out_printf(cli, "\n%s:\n", c->help);
            continue;
        }
        snprintf(left, sizeof(left), "  %s", c->name);
        put_pair(cli, left, width, c->help);
    }
}

static void option_left(const struct opt *o, char ret[128]) {
    char letter[8] = "    ";
    if (o->letter) {
        snprintf(letter, sizeof(letter), "-%c, ", o->letter);
    }
    snprintf(ret, 128, "  %s--%s%s%s", letter, o->name, o->value ? " " : "", o->value ? o->value : "");
}

static void list_options(struct cli *cli, const struct opt *table) {
    size_t width = 0;
    char left[128];
    for (const struct opt *o = table; o && o->name; o++) {
        option_left(o, left);
        size_t n = strlen(left);
        width = n > width && n <= LEFT_MAX ? n : width;
    }
    width = width == 0 ? LEFT_MAX : width;
    for (const struct opt *o = table; o && o->name; o++) {
        option_left(o, left);
        put_pair(cli, left, width, o->help);
    }
}

static void help_all(struct cli *cli) {
    out_str(cli, "usage: ledger [-C DIR] [OPTIONS] COMMAND ...\n\n");
    put_wrapped(cli,
                "A flight recorder for machines that run local AI: a signed, append-only log of what happened, the states "
                "that follow from it, and proofs that anyone can check offline.",
                0, 0);
    list(cli, cli->by_heading);
    out_str(cli, "\nOptions, before or after the command:\n");
    list_options(cli, cli->globals);
    out_str(cli, "\n");
    put_wrapped(cli,
                "The ledger is -C DIR, else $LEDGER_DIR, else $XDG_STATE_HOME/ledger (~/.local/state/ledger).\n\n"
                "Exit codes: 0 success, 1 the answer is no, 2 invalid command line, 3 invalid input, 4 system error, 10 "
                "consistent but not anchored, 20 contradicts what was known, 30 tampered or corrupt.\n\n"
                "'ledger help COMMAND' describes a command.",
                0, 0);
}

static void examples(struct cli *cli, const char *text) {
    out_str(cli, "\nExamples:\n");
    while (*text) { /* not wrapped: they are for copying */
        size_t n = strcspn(text, "\n");
        out_printf(cli, "  %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

static void help_one(struct cli *cli, const struct spec *spec, const char *name) {
    char usage[256];
    int n = snprintf(usage, sizeof(usage), "usage: ledger %s", name);
    out_str(cli, usage);
    out_str(cli, *spec->synopsis ? " " : "");
    put_wrapped(cli, spec->synopsis, (size_t)n + 1, 8);
    out_str(cli, "\n");
    put_wrapped(cli, spec->about, 0, 0);
    if (spec->subs) {
        out_str(cli, "\nSubcommands:\n");
        list(cli, spec->subs);
    }
    if (spec->opts && spec->opts->name) {
        out_str(cli, "\nOptions:\n");
        list_options(cli, spec->opts);
    }
    out_str(cli, "\nOptions of every command:\n");
    list_options(cli, cli->globals);
    if (spec->examples) {
        examples(cli, spec->examples);
    }
}

void cli_help(struct cli *cli, const struct command *command, const char *name) {
    struct pager pager = {.wanted = true};
    pager_begin(&pager, cli);
    if (command) {
        help_one(cli, command->spec, name);
    } else {
        help_all(cli);
    }
    pager_end(&pager, cli);
}

static void put_option_words(struct buf *out, const struct opt *opt) {
    for (; opt && opt->name; opt++) {
        buf_printf(out, "--%s\t%s\t%s\n", opt->name, opt->value ? opt->value : "", opt->help);
        if (opt->letter) {
            buf_printf(out, "-%c\t%s\t%s\n", opt->letter, opt->value ? opt->value : "", opt->help);
        }
    }
}

static void words_of(struct cli *cli, const struct command *command) {
    const struct command *table = command ? command->spec->subs : cli->commands;
    struct buf out = {.max = WORDS_MAX};
    for (; table && table->name; table++) {
        buf_printf(&out, "%s\t\t%s\n", table->name, table->help);
    }
    if (command) {
        put_option_words(&out, command->spec->opts);
    }
    put_option_words(&out, cli->globals);
    out_data(cli, bytes_of_buf(&out));
    buf_done(&out);
}

enum { H_WORDS };
static const struct opt options[] = {
    [H_WORDS] = {"words", 0, NULL, "print what may follow instead, one word per line, for completions"},
    {0},
};

static int help(struct cli *cli, const struct opt_args *args) {
    bool words = opt_has(args, &options[H_WORDS]);
    const struct command *command = NULL, *table = cli->commands;
    char name[64] = "";
    for (size_t i = 0; i < args->n_args; i++) {
        command = cli_find(table, args->args[i]);
        if (!command) {
            return cli_usage(cli, "unknown command '%s%s%.60s'", name, i ? " " : "", args->args[i]);
        }
        snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", i ? " " : "", command->name);
        table = command->spec->subs;
    }
    if (words) {
        words_of(cli, command);
    } else {
        cli_help(cli, command, name);
    }
    return EXIT_GOOD;
}

const struct spec spec_help = {
    .synopsis = "[COMMAND [SUBCOMMAND]]",
    .about = "Shows the help of a command, or the list of all commands.",
    .examples = "ledger help append\nledger help key rotate",
    .opts = options,
    .max_args = 2,
    .run = help,
};
