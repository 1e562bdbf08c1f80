/* The subcommands of `ledger pack` beside list and show, for the table in pack.c. */
#ifndef CLI_PACKS_PACKS_H
#define CLI_PACKS_PACKS_H

#include "cli/call/command.h"

extern const struct spec packs_validate, packs_new, packs_sign, packs_schema, packs_install, packs_upgrade, packs_remove,
    packs_park, packs_unpark, packs_check, packs_run;

#endif
