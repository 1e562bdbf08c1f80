/* Help, all of it made from the tables: the list of commands, a command's page, and the words for completions. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"

#define WORDS_MAX ((size_t)1 << 20)

static void list(struct cli *cli, const struct command *table) {
    size_t width = 0;
    for (const struct command *c = table; c->name; c++) {
        size_t n = strlen(c->name);
        width = n > width ? n : width;
    }
    for (const struct command *c = table; c->name; c++) {
        out_printf(cli, "  %-*s  %s\n", (int)width, c->name, c->help);
    }
}

static void list_options(struct cli *cli, const struct opt *table) {
    size_t width = 0;
    for (const struct opt *o = table; o && o->name; o++) {
        size_t n = strlen(o->name) + (o->value ? strlen(o->value) + 1 : 0);
        width = n > width ? n : width;
    }
    for (const struct opt *o = table; o && o->name; o++) {
        char left[128];
        snprintf(left, sizeof(left), "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
        if (o->letter) {
            out_printf(cli, "  -%c, --%-*s  %s\n", o->letter, (int)width, left, o->help);
        } else {
            out_printf(cli, "      --%-*s  %s\n", (int)width, left, o->help);
        }
    }
}

static void help_all(struct cli *cli) {
    out_str(cli, "usage: ledger [-C DIR] [OPTIONS] COMMAND ...\n\n"
                 "A signed, hash-chained event log of this machine, and proofs of what it holds.\n\n"
                 "Commands:\n");
    list(cli, cli_commands());
    out_str(cli, "\nOptions, before or after the command:\n");
    list_options(cli, cli_globals());
    out_str(cli, "\nThe ledger is -C DIR, else $LEDGER_DIR, else $XDG_STATE_HOME/ledger (~/.local/state/ledger).\n\n"
                 "Exit codes: 0 done and good, 1 the answer is no, 2 wrong command line, 3 wrong input, 4 system,\n"
                 "10 consistent but not anchored, 20 contradicts what was known, 30 invalid.\n\n"
                 "'ledger help COMMAND' says more about one.\n");
}

static void examples(struct cli *cli, const char *text) {
    out_str(cli, "\nExamples:\n");
    while (*text) {
        size_t n = strcspn(text, "\n");
        out_printf(cli, "  %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

void cli_help(struct cli *cli, const struct command *command, const char *name) {
    if (!command) {
        help_all(cli);
        return;
    }
    const struct spec *spec = command->spec;
    out_printf(cli, "usage: ledger %s%s%s\n\n%s\n", name, *spec->synopsis ? " " : "", spec->synopsis, spec->about);
    if (spec->subs) {
        out_str(cli, "\nSubcommands:\n");
        list(cli, spec->subs);
    }
    if (spec->opts && spec->opts->name) {
        out_str(cli, "\nOptions:\n");
        list_options(cli, spec->opts);
    }
    out_str(cli, "\nOptions of every command:\n");
    list_options(cli, cli_globals());
    if (spec->examples) {
        examples(cli, spec->examples);
    }
}

static void put_option_words(struct buf *out, const struct opt *opt) {
    for (; opt && opt->name; opt++) {
        buf_printf(out, "--%s\t%s\t%s\n", opt->name, opt->value ? opt->value : "", opt->help);
        if (opt->letter) {
            buf_printf(out, "-%c\t%s\t%s\n", opt->letter, opt->value ? opt->value : "", opt->help);
        }
    }
}

void cli_words(struct cli *cli, const struct command *command) {
    const struct command *table = command ? command->spec->subs : cli_commands();
    struct buf out;
    buf_init(&out, WORDS_MAX);
    for (; table && table->name; table++) {
        buf_printf(&out, "%s\t\t%s\n", table->name, table->help);
    }
    if (command) {
        put_option_words(&out, command->spec->opts);
    }
    put_option_words(&out, cli_globals());
    out_data(cli, bytes_of_buf(&out));
    buf_done(&out);
}

enum { H_WORDS };
static const struct opt options[] = {
    [H_WORDS] = {"words", 0, NULL, "print what can follow instead: a line per word, for completions"},
    {0},
};

static int help(struct cli *cli, const struct opt_args *args) {
    bool words = opt_has(args, &options[H_WORDS]);
    const struct command *command = NULL, *table = cli_commands();
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
        cli_words(cli, command);
    } else {
        cli_help(cli, command, name);
    }
    return EXIT_GOOD;
}

const struct spec spec_help = {
    .synopsis = "[COMMAND [SUBCOMMAND]]",
    .about = "Shows the help of a command, or the list of all.",
    .examples = "ledger help append\nledger help key rotate",
    .opts = options,
    .max_args = 2,
    .run = help,
};
