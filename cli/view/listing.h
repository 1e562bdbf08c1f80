/* The rows of a table of states as an answer: which of them, which columns, in which format. */
#ifndef CLI_VIEW_LISTING_H
#define CLI_VIEW_LISTING_H

#include "cli/call/cli.h"
#include "cli/call/opt.h"
#include "cli/print/rows.h"
#include "cli/view/asof.h"

/* The options of every command that lists states: these rows come first in its table of options. */
enum { L_AT, L_STATE, L_FAILED, L_PACK, L_WITH, L_LAST, L_FIELDS, L_FORMAT, L_TIME, LISTING_OPTS };
/* clang-format off */
#define LISTING_OPTIONS                                                                                                  \
    [L_AT] = {"at", 0, "WHEN", ASOF_AT_HELP},                                                                            \
    [L_STATE] = {"state", 0, "STATE", "in this state; may be repeated; a trailing * matches a prefix, here and below"},  \
    [L_FAILED] = {"failed", 0, NULL, "in a bad state: failed, blocked, denied, expired, revoked, fail, ..."},            \
    [L_PACK] = {"pack", 0, "PACK", "of this pack"},                                                                      \
    [L_WITH] = {"with", 0, "COLUMN=VALUE", "with this value in a column; an empty VALUE: without one"},                  \
    [L_LAST] = {"last", 'n', "N", "the N that changed last, in the order of the whole list"},                            \
    [L_FIELDS] = {"fields", 0, "COLUMN,...", "show these columns, or all"},                                              \
    [L_FORMAT] = {"format", 0, "FORMAT", "table (default), json, jsonl, csv, msgpack"},                                  \
    [L_TIME] = {"time", 0, "HOW", "times in a table: utc (default), local, relative"}
/* clang-format on */

/* Lists a table; the options are those of `args`. Returns the exit code; EXIT_NO, with a message, when nothing
 * matched. */
int listing_run(struct asof *view, size_t table, const struct opt_args *args, const struct opt *options);
/* Reports options that make sense only for lists and returns EXIT_USAGE; without any, returns 0. */
int listing_refuse(struct cli *cli, const struct opt_args *args, const struct opt *options);

#endif
