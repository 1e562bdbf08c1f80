/* The program: a table and a loop. Global options, then the command's row, then its own options, then its function. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/fault.h"
#include "base/text.h"
#include "cli/call/command.h"
#include "cli/call/fault.h"
#include "cli/help/help.h"
#include "cli/print/say.h"
#include "ingest/ingest.h"
#include "ledger/store/db_fault.h"
#include "serve/guest/guest.h"

#define HEADING(words_)
#define COMMAND(name_, help_) extern const struct spec spec_##name_;
#include "cli/commands.def"
#undef COMMAND

static const struct command commands[] = {
#define COMMAND(name_, help_) {.name = #name_, .help = help_, .spec = &spec_##name_},
#include "cli/commands.def"
#undef COMMAND
    {0},
};

#undef HEADING
static const struct command by_heading[] = {
#define HEADING(words_)       {.name = "", .help = words_},
#define COMMAND(name_, help_) {.name = #name_, .help = help_},
#include "cli/commands.def"
#undef COMMAND
#undef HEADING
    {0},
};

enum { G_DIR, G_JSON, G_NO_COLOR, G_NO_PAGER, G_PASSPHRASE_FD, G_PASSPHRASE_FILE, G_QUIET, G_WAIT, G_HELP, G_VERSION };
#define WAIT_MAX_S 86400
static const struct opt globals[] = {
    [G_DIR] = {"dir", 'C', "DIR", "the ledger's directory"},
    [G_JSON] = {"json", 0, NULL, "print JSON, errors included"},
    [G_NO_COLOR] = {"no-color", 0, NULL, "no colour, even on a terminal"},
    [G_NO_PAGER] = {"no-pager", 0, NULL, "no pager, even on a terminal"},
    [G_PASSPHRASE_FD] = {"passphrase-fd", 0, "N", "read the passphrase of the ledger's keys from descriptor N"},
    [G_PASSPHRASE_FILE] = {"passphrase-file", 0, "FILE", "read it from the first line of FILE (mode 0600)"},
    [G_QUIET] = {"quiet", 'q', NULL, "no notes or progress on standard error"},
    [G_WAIT] = {"wait", 0, "SECONDS", "how long to wait for other processes that use the ledger (default: no limit)"},
    [G_HELP] = {"help", 'h', NULL, "show help"},
    [G_VERSION] = {"version", 'V', NULL, "show the version"},
    {0},
};

static int unknown(const struct cli *cli, const struct command *table, const char *name) {
    struct text_near near = {.text = name};
    for (; table && table->name; table++) {
        text_near_offer(&near, table->name);
    }
    return cli_usage(cli, "unknown command '%.60s'%s", name, text_near_words(&near));
}

static int take_globals(struct cli *cli, const struct opt_args *args, struct err *err) {
    uint64_t wait = 0;
    char seconds[32];
    const char *text = opt_text(args, &globals[G_DIR]);
    cli->dir_option = text ? text : cli->dir_option;
    text = opt_text(args, &globals[G_PASSPHRASE_FD]);
    cli->passphrase_fd = text ? text : cli->passphrase_fd;
    text = opt_text(args, &globals[G_PASSPHRASE_FILE]);
    cli->passphrase_file = text ? text : cli->passphrase_file;
    cli->json |= opt_has(args, &globals[G_JSON]);
    cli->no_color |= opt_has(args, &globals[G_NO_COLOR]);
    cli->no_pager |= opt_has(args, &globals[G_NO_PAGER]);
    cli->quiet |= opt_has(args, &globals[G_QUIET]);
    if (!opt_has(args, &globals[G_WAIT])) return 0;
    text = opt_text(args, &globals[G_WAIT]);
    snprintf(seconds, sizeof(seconds), "%.20ss", text);
    if (strlen(text) > 20 || text_parse_duration(bytes_of(seconds), &wait) != 0 || wait > WAIT_MAX_S * CLOCK_NS_PER_S) {
        return err_set(err, ERR_INVALID, "--wait '%.40s' is not a number of seconds (expected 30 or 0.5, at most %d)", text,
                       WAIT_MAX_S);
    }
    cli->wait_ns = wait > 0 ? wait : 1; /* 0 is for ever there */
    return 0;
}

/* Reports invalid options; they may still include --json. */
static int wrong_options(struct cli *cli, const struct err *err, int argc, char **argv) {
    for (int i = 0; i < argc; i++) {
        cli->json |= strcmp(argv[i], "--json") == 0;
    }
    return cli_usage(cli, "%s", err->msg);
}

/* `ledger ingest hook` is run by an agent, to which exit code 2 means "do not do that". Recording must not stop the agent's
 * work unless requested: a wrong command line exits with 3 there, and with --strict, which blocks what cannot be recorded,
 * every failure exits with 2. Since the command line itself may be wrong, this only looks for the words: `ingest`, and then
 * the first source named after it. */
static bool is_hook(int argc, char **argv) {
    bool ingest = false;
    for (int i = 1; i < argc; i++) {
        const struct ingest_source *source = ingest ? ingest_source_find(argv[i]) : NULL;
        if (source != NULL) return (source->takes & INGEST_HOOK) != 0;
        ingest = ingest || strcmp(argv[i], "ingest") == 0;
    }
    return false;
}

static bool has_word(int argc, char **argv, const char *word) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], word) == 0) return true;
    }
    return false;
}

/* With --lenient, which 'ledger setup' inserts into agents' settings, nothing fails. */
static int exit_for_agent(int exit_code, bool strict, bool lenient) {
    if (lenient && !strict) return EXIT_GOOD;
    if (exit_code != EXIT_GOOD && strict) return EXIT_USAGE;
    return exit_code == EXIT_USAGE ? EXIT_INPUT : exit_code;
}

static int run(struct cli *cli, const struct command *command, int argc, char **argv);

/* A command by its subcommand: its options end at the first word, which names that. */
static int run_sub(struct cli *cli, const struct command *command, int argc, char **argv) {
    struct opt_args args = {0};
    struct err err = {0};
    int used = 0;
    if (opt_parse(globals, NULL, argc, argv, true, &args, &used, &err) != 0) {
        return wrong_options(cli, &err, argc, argv);
    }
    bool help = opt_has(&args, &globals[G_HELP]);
    int rc = take_globals(cli, &args, &err);
    opt_done(&args);
    if (rc != 0) return cli_usage(cli, "%s", err.msg);
    if (help) {
        cli_help(cli, command, cli->command);
        return EXIT_GOOD;
    }
    if (used == argc) return cli_usage(cli, "'%s' needs a subcommand", command->name);
    const struct command *sub = cli_find(command->spec->subs, argv[used]);
    if (!sub) return unknown(cli, command->spec->subs, argv[used]);
    snprintf(cli->name, sizeof(cli->name), "%s %s", command->name, sub->name);
    return run(cli, sub, argc - used - 1, argv + used + 1);
}

/* Is the first word a subcommand? For a command that also runs without one. */
static bool names_sub(const struct spec *spec, int argc, char **argv) {
    struct opt_args args = {0};
    int used = argc;
    bool parsed = spec->subs && opt_parse(globals, NULL, argc, argv, true, &args, &used, NULL) == 0;
    opt_done(&args);
    return parsed && used < argc && cli_find(spec->subs, argv[used]);
}

static int run(struct cli *cli, const struct command *command, int argc, char **argv) {
    const struct spec *spec = command->spec;
    if (!spec->run || names_sub(spec, argc, argv)) return run_sub(cli, command, argc, argv);
    struct opt_args args = {0};
    struct err err = {0};
    if (opt_parse(spec->opts, globals, argc, argv, false, &args, NULL, &err) != 0) {
        return wrong_options(cli, &err, argc, argv);
    }
    int exit_code = EXIT_GOOD;
    if (take_globals(cli, &args, &err) != 0) {
        exit_code = cli_usage(cli, "%s", err.msg);
    } else if (opt_has(&args, &globals[G_HELP])) {
        cli_help(cli, command, cli->command);
    } else if (args.n_args < spec->min_args) {
        exit_code = cli_usage(cli, "too few arguments: ledger %s %s", cli->command, spec->synopsis);
    } else if (args.n_args > spec->max_args) {
        exit_code = cli_usage(cli, "unexpected argument '%.200s'", args.args[spec->max_args]);
    } else if (cli_find_dir(cli, &err) != 0) {
        exit_code = cli_fail_input(cli, &err);
    } else {
        exit_code = spec->run(cli, &args);
    }
    opt_done(&args);
    return exit_code;
}

static int start(struct cli *cli, int argc, char **argv) {
    struct opt_args args = {0};
    struct err err = {0};
    int used = 0;
    if (opt_parse(globals, NULL, argc, argv, true, &args, &used, &err) != 0) {
        return wrong_options(cli, &err, argc, argv);
    }
    bool help = opt_has(&args, &globals[G_HELP]), version = opt_has(&args, &globals[G_VERSION]);
    int rc = take_globals(cli, &args, &err);
    opt_done(&args);
    if (rc != 0) return cli_usage(cli, "%s", err.msg);
    if (version) return cli_find(commands, "version")->spec->run(cli, &args);
    if (help) {
        cli_help(cli, NULL, NULL);
        return EXIT_GOOD;
    }
    const char *word = used == argc ? "status" : argv[used]; /* no command: show the overview */
    const struct command *command = cli_find(commands, word);
    if (!command) return unknown(cli, commands, word);
    snprintf(cli->name, sizeof(cli->name), "%s", command->name);
    cli->command = cli->name;
    cli->for_agent = cli->for_agent && command->spec == &spec_ingest;
    used += used < argc ? 1 : 0;
    return run(cli, command, argc - used, argv + used);
}

/* Descriptors 0 to 2 must be in use, or the database could become standard output. Closed ones are opened in the wrong
 * direction, so that reading and writing them still fails. */
static void take_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) >= 0) continue;
        int got = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
        got = got >= 0 ? got : open("/", O_PATH | O_DIRECTORY);
        if (got != fd) {
            _exit(EXIT_SYSTEM);
        }
    }
}

int main(int argc, char **argv) {
    take_descriptors();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);                                       /* make a file size limit an error like a full disk */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) /* whose own reports say more */
    fault_catch(fault_exit);
#endif
    struct cli cli = {.commands = commands,
                      .by_heading = by_heading,
                      .globals = globals,
                      .out_tty = isatty(STDOUT_FILENO) == 1,
                      .err_tty = isatty(STDERR_FILENO) == 1};
    cli.guest = cli_env(GUEST_ENV) != NULL;
    cli.for_agent = is_hook(argc, argv);
    struct err err = {0};
    int exit_code = crypt_init(&err) == 0 ? start(&cli, argc - 1, argv + 1) : cli_fail(&cli, &err);
    if (exit_code == EXIT_INVALID && db_fault_unheld()) { /* the damage that was found may be an effect of that */
        err_set(&err, ERR_BUSY, "'%s': %s", cli.dir, DB_UNHELD);
        exit_code = cli_fail(&cli, &err);
    }
    exit_code = cli_end(&cli, exit_code);
    pass_done(&cli.pass);
    return cli.for_agent ? exit_for_agent(exit_code, has_word(argc, argv, "--strict"), has_word(argc, argv, "--lenient"))
                         : exit_code;
}
