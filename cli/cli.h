/* The street door: parses the command line, calls the library, prints, exits. Nothing in here knows bytes of the format.
 *
 *   main.c      the table of commands and the loop: options, help, exit
 *   opt.c       option tables           out.c, obj.c, table.c   what goes to the terminal or into a pipe
 *   cli.c       errors, exit codes, where the ledger is         pass.c, trustfile.c   passphrases, the user's trust file
 *   cmd_x.c     one file per command, with its `const struct spec spec_x` */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/err.h"
#include "base/file.h"
#include "cli/opt.h"
#include "cli/pass.h"
#include "ledger/ledger.h"

/* Exit codes of every command. */
enum {
    EXIT_GOOD = 0,        /* done and good */
    EXIT_NO = 1,          /* the answer is no: nothing matched, a condition failed */
    EXIT_USAGE = 2,       /* the command line is wrong; of `ingest hook --strict`: the agent's call is to be blocked */
    EXIT_INPUT = 3,       /* a file or value that was given is wrong */
    EXIT_SYSTEM = 4,      /* I/O, disk full, locked, no memory */
    EXIT_UNANCHORED = 10, /* consistent but not anchored */
    EXIT_CONTRADICTS = 20,
    EXIT_INVALID = 30 /* tampered or corrupt */
};

/* One invocation. */
struct cli {
    const char *command; /* "append", "key rotate": for messages */
    char name[64];       /* room for it */
    char dir[FILE_PATH_MAX];
    bool json, quiet, no_color, no_pager;
    bool out_tty, err_tty;                                    /* standard output, standard error is a terminal */
    size_t out_columns;                                       /* of the terminal behind a pager; 0: there is no pager */
    int out_errno;                                            /* why writing to standard output failed; 0: it did not */
    bool out_reported;                                        /* and somebody has said so */
    const char *dir_option, *passphrase_fd, *passphrase_file; /* as given */
    struct pass pass;                                         /* of this ledger's keys; empty until it was needed */
    uint64_t wait_ns;                                         /* for other processes; 0: for ever */
    bool for_agent;                                           /* an agent runs this as its hook: see main.c */
};

struct command;

/* What a command is. */
struct spec {
    const char *synopsis;   /* what follows its name: "SEQ [-o FILE]" */
    const char *about;      /* some sentences, lines of at most 78 */
    const char *examples;   /* lines, may be NULL */
    const struct opt *opts; /* ends with a row without name; may be NULL */
    size_t min_args, max_args;
    int (*run)(struct cli *cli, const struct opt_args *args); /* returns the exit code; NULL when it only has subcommands */
    const struct command *subs; /* subcommands, ends with a row without name; NULL when it has none */
};

struct command {
    const char *name;
    const char *help; /* one line */
    const struct spec *spec;
};

#define CLI_MANY SIZE_MAX /* for max_args */

#define COMMAND(name_, help_) extern const struct spec spec_##name_;
#include "cli/commands.def"
#undef COMMAND

/* The table of all commands, ending with a row without name. */
const struct command *cli_commands(void);
/* The options that every command takes. */
const struct opt *cli_globals(void);
/* By its name; NULL when there is none. */
const struct command *cli_find(const struct command *table, const char *name);
/* Prints the help of a command, of all when it is NULL. `name` is how it is called: "key rotate". */
void cli_help(struct cli *cli, const struct command *command, const char *name);
/* The words that can follow, a line each for completions: word, what it takes, help, with tabs between. */
void cli_words(struct cli *cli, const struct command *command);

/* Reports on standard error and returns the exit code. For what came out of the ledger itself: corrupt and tampered are
 * EXIT_INVALID; a path that the system does not find is EXIT_SYSTEM. */
int cli_fail(const struct cli *cli, const struct err *err);
/* The same for a look-up, where not found is the answer: EXIT_NO. */
int cli_fail_lookup(const struct cli *cli, const struct err *err);
/* The same for what the caller gave (a file, a value, a directory): not found, corrupt and tampered are EXIT_INPUT. */
int cli_fail_input(const struct cli *cli, const struct err *err);
/* Reports with this exit code. */
int cli_fail_as(const struct cli *cli, const struct err *err, int exit_code);
/* A wrong command line: EXIT_USAGE. */
int cli_usage(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Something is wrong, and the command goes on: a line on standard error, also with --quiet; with --json {"warning": {...}}.
 */
void cli_warn(const struct cli *cli, const struct err *err);
/* Remarks on standard error, not with --quiet, nor with --json, whose standard error is JSON. */
void cli_note(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same where a question has times in it and the ledger's run ahead of the clock. */
void cli_note_lead(const struct cli *cli, struct ledger *ledger);

/* The value of an environment variable; NULL when it is unset or empty. */
const char *cli_env(const char *name);
/* $XDG_... when it is an absolute path, else the directory below the home directory. ERR_NOTFOUND without a home. */
int cli_xdg(char ret[FILE_PATH_MAX], const char *variable, const char *below_home, struct err *err);
/* -C DIR, else $LEDGER_DIR, else the state directory; into cli->dir. */
int cli_find_dir(struct cli *cli, struct err *err);
/* Appends a word for a shell, in quotes where it needs them. */
void cli_word(struct bytes word, struct buf *out);
/* Appends how this ledger is called: "ledger", with the -C that was given. */
void cli_self(const struct cli *cli, struct buf *out);
/* Appends a command that begins with "ledger", or several with "&&" between, as it reaches this ledger. */
void cli_command(const struct cli *cli, struct bytes command, struct buf *out);
/* "user:<login name>". */
void cli_actor(char ret[128]);

/* How long to wait for other processes (--wait), and that it is said on standard error; `cli` must outlive the ledger. */
void cli_patience(struct cli *cli, struct ledger_open_options *ret);

enum cli_open {
    CLI_READ,  /* warns when the database is not what is known of it (setback.h) */
    CLI_TRY,   /* like CLI_READ, but where there is no ledger *ret becomes NULL: for previews */
    CLI_TRUST, /* the same, for who writes it into the trust file: that says itself what contradicts it */
    CLI_KEYS,  /* with the secret keys, and nothing is written to the ledger; warns like CLI_READ */
    CLI_WRITE  /* refuses when it is not what the trust file knows: EXIT_CONTRADICTS */
};
/* Opens the ledger in cli->dir. For writing it gets the passphrase when the keys are under one. Returns 0, or an exit code
 * after reporting. */
int cli_open(struct cli *cli, enum cli_open mode, struct ledger **ret);
/* The passphrase that --passphrase-fd or --passphrase-file gives, into cli->pass; nothing when neither was given. */
int cli_take_passphrase(struct cli *cli, struct err *err);

#endif
