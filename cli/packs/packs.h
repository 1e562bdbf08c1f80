/* The subcommands of `ledger pack` that work on directories, for the table in pack.c. */
#ifndef CLI_PACKS_PACKS_H
#define CLI_PACKS_PACKS_H

#include "cli/call/command.h"

extern const struct spec packs_validate, packs_new, packs_sign, packs_schema;

#endif
