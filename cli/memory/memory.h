/* The subcommands of `ledger memory`. */
#ifndef CLI_MEMORY_MEMORY_H
#define CLI_MEMORY_MEMORY_H

#include "cli/call/command.h"

extern const struct spec memory_propose, memory_admit, memory_reject, memory_revoke;

#define MEMORY_TEXT 257

/* "ID" or "memory/ID" as the subject "memory/ID". ERR_INVALID: it is empty or too long. */
int memory_subject(const char *id, char ret[MEMORY_TEXT + 16], struct err *err);

#endif
