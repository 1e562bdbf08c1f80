/* One invocation of the program: the global options and the environment. */
#ifndef CLI_CALL_CLI_H
#define CLI_CALL_CLI_H

#include "base/bytes.h"
#include "base/file.h"
#include "cli/call/pass.h"

/* Exit codes of every command. */
enum {
    EXIT_GOOD = 0,        /* success */
    EXIT_NO = 1,          /* the answer is no: nothing matched, a condition failed */
    EXIT_USAGE = 2,       /* invalid command line; of `ingest hook --strict`: block the agent's call */
    EXIT_INPUT = 3,       /* a file or value given by the caller is wrong */
    EXIT_SYSTEM = 4,      /* I/O, disk full, locked, no memory */
    EXIT_UNANCHORED = 10, /* consistent but not anchored */
    EXIT_CONTRADICTS = 20,
    EXIT_INVALID = 30 /* tampered or corrupt */
};

struct command;
struct opt;

struct cli {
    const struct command *commands;   /* all; ends with a row without a name */
    const struct command *by_heading; /* the same, below headings: rows with an empty name */
    const struct opt *globals;        /* the options that every command takes */
    const char *command;              /* "append", "key rotate": for messages */
    char name[64];                    /* memory for `command` */
    char dir[FILE_PATH_MAX];
    bool json, quiet, no_color, no_pager;
    bool out_tty, err_tty;                                    /* standard output, standard error is a terminal */
    size_t out_columns;                                       /* of the terminal behind a pager; 0: there is no pager */
    int out_errno;                                            /* why writing to standard output failed; 0: it has not */
    bool out_reported;                                        /* that failure was reported */
    const char *dir_option, *passphrase_fd, *passphrase_file; /* as given */
    struct pass pass;                                         /* of this ledger's keys; empty until needed */
    uint64_t wait_ns;                                         /* for other processes; 0: no limit */
    bool guest;     /* on behalf of somebody who may only read: nothing is written */
    bool for_agent; /* an agent runs this as its hook: see main.c */
};

/* The value of an environment variable; NULL when it is unset or empty. */
const char *cli_env(const char *name);
/* $XDG_... when it is an absolute path, else the directory below the home directory. ERR_NOTFOUND without a home. */
int cli_xdg(char ret[FILE_PATH_MAX], const char *variable, const char *below_home, struct err *err);
/* -C DIR, else $LEDGER_DIR, else the state directory; into cli->dir. */
int cli_find_dir(struct cli *cli, struct err *err);
/* Appends a word for a shell, quoted where needed. */
void cli_word(struct bytes word, struct buf *out);
/* Appends the command for this ledger: "ledger", with the -C that was given. */
void cli_self(const struct cli *cli, struct buf *out);
/* Appends a command that begins with "ledger", or several joined by "&&", changed so that it reaches this ledger. */
void cli_command(const struct cli *cli, struct bytes command, struct buf *out);
/* Who acts: as given, else "user:<login name>", in `room`. */
#define CLI_ACTOR_MAX 128
const char *cli_actor(const char *given, char room[CLI_ACTOR_MAX]);

#endif
