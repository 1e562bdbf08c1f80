/* Help, all of it made from the tables: the list of commands, a command's page, and the words for completions. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/out.h"

static void list(const struct command *table) {
    size_t width = 0;
    for (const struct command *c = table; c->name; c++) {
        size_t n = strlen(c->name);
        width = n > width ? n : width;
    }
    for (const struct command *c = table; c->name; c++) {
        printf("  %-*s  %s\n", (int)width, c->name, c->help);
    }
}

static void help_all(void) {
    puts("usage: ledger [-C DIR] [OPTIONS] COMMAND ...\n\n"
         "A signed, hash-chained event log of this machine, and proofs of what it holds.\n\n"
         "Commands:");
    list(cli_commands());
    puts("\nOptions, before or after the command:");
    opt_help(cli_globals());
    puts("\nThe ledger is -C DIR, else $LEDGER_DIR, else $XDG_STATE_HOME/ledger (~/.local/state/ledger).\n\n"
         "Exit codes: 0 done and good, 1 the answer is no, 2 wrong command line, 3 wrong input, 4 system,\n"
         "10 consistent but not anchored, 20 contradicts what was known, 30 invalid.\n\n"
         "'ledger help COMMAND' says more about one.");
}

static void examples(const char *text) {
    puts("\nExamples:");
    while (*text) {
        size_t n = strcspn(text, "\n");
        printf("  %.*s\n", (int)n, text);
        text += n + (text[n] == '\n');
    }
}

void cli_help(const struct command *command, const char *name) {
    if (!command) {
        help_all();
        return;
    }
    const struct spec *spec = command->spec;
    printf("usage: ledger %s%s%s\n\n%s\n", name, *spec->synopsis ? " " : "", spec->synopsis, spec->about);
    if (spec->subs) {
        puts("\nSubcommands:");
        list(spec->subs);
    }
    if (spec->opts && spec->opts->name) {
        puts("\nOptions:");
        opt_help(spec->opts);
    }
    puts("\nOptions of every command:");
    opt_help(cli_globals());
    if (spec->examples) {
        examples(spec->examples);
    }
}

static void option_words(const struct opt *opt) {
    for (; opt && opt->name; opt++) {
        printf("--%s\t%s\t%s\n", opt->name, opt->value ? opt->value : "", opt->help);
        if (opt->letter) {
            printf("-%c\t%s\t%s\n", opt->letter, opt->value ? opt->value : "", opt->help);
        }
    }
}

void cli_words(const struct command *command) {
    const struct command *table = command ? command->spec->subs : cli_commands();
    for (; table && table->name; table++) {
        printf("%s\t\t%s\n", table->name, table->help);
    }
    if (command) {
        option_words(command->spec->opts);
    }
    option_words(cli_globals());
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
            return cli_usage(cli, "there is no command '%s%s%.60s'", name, i ? " " : "", args->args[i]);
        }
        snprintf(name + strlen(name), sizeof(name) - strlen(name), "%s%s", i ? " " : "", command->name);
        table = command->spec->subs;
    }
    if (words) {
        cli_words(command);
    } else {
        cli_help(command, name);
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
