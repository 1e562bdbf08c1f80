/* A command: one file with its `const struct spec spec_x`, one row in commands.def. */
#ifndef CLI_CALL_COMMAND_H
#define CLI_CALL_COMMAND_H

#include "cli/call/cli.h"
#include "cli/call/opt.h"

struct spec {
    const char *synopsis;   /* what follows the name: "SEQ [-o FILE]" */
    const char *about;      /* paragraphs with an empty line between; see put_wrapped in help.c */
    const char *examples;   /* lines, may be NULL */
    const struct opt *opts; /* ends with a row without a name; may be NULL */
    size_t min_args, max_args;
    int (*run)(struct cli *cli,
               const struct opt_args *args); /* returns the exit code; NULL if it only has subcommands. With
                                                                  * both, it runs unless its first word is one of them */
    const struct command *subs;              /* subcommands, ends with a row without a name; NULL: none */
};

struct command {
    const char *name;
    const char *help; /* one line */
    const struct spec *spec;
};

#define CLI_MANY SIZE_MAX /* for max_args */

/* By name; NULL if there is none. */
const struct command *cli_find(const struct command *table, const char *name);

#endif
