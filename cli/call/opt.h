/* Options: each command declares a table, one parser reads them all. */
#ifndef CLI_CALL_OPT_H
#define CLI_CALL_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* One option. A table ends with a row without a name. */
struct opt {
    const char *name;  /* long name without the dashes */
    char letter;       /* short name; 0: none */
    const char *value; /* what it takes, "FILE"; NULL for a flag */
    const char *help;  /* one phrase */
};

struct opt_value {
    const struct opt *opt;
    const char *text; /* NULL for a flag; borrowed from argv */
};

/* The parsed command line: options in order, and the other words. */
struct opt_args {
    struct opt_value *values;
    size_t n_values;
    char **args; /* borrowed strings */
    size_t n_args;
};

/* Reads argv[0 .. argc) against two tables (the second may be NULL). `--x v`, `--x=v`, `-x v`, `-xv`, flags bundled as
 * `-ab`; "--" ends the options, "-" is a word. With `to_word` it stops before the first word and *ret_used says how many
 * were read; otherwise options and words may be mixed. ERR_INVALID names the option and the nearest known one. Free with
 * opt_done. */
int opt_parse(const struct opt *table, const struct opt *more, int argc, char **argv, bool to_word, struct opt_args *ret,
              int *ret_used, struct err *err);
void opt_done(struct opt_args *args);

bool opt_has(const struct opt_args *args, const struct opt *opt);
/* The value given last; NULL if the option was not given. */
const char *opt_text(const struct opt_args *args, const struct opt *opt);
/* The next value of a repeated option at or after *at, which moves past it; NULL at the end. Start with *at = 0. */
const char *opt_next(const struct opt_args *args, const struct opt *opt, size_t *at);
/* A decimal number; *ret is unchanged if the option was not given. ERR_INVALID. */
int opt_u64(const struct opt_args *args, const struct opt *opt, uint64_t *ret, struct err *err);

#endif
