/* The answers of `permit` about a holder as a whole. */
#ifndef CLI_STATES_PERMIT_H
#define CLI_STATES_PERMIT_H

#include "cli/call/command.h"

extern const struct spec permit_resolve, permit_unused;

#endif
