/* The taps, one file each: tap_<word>.c. */
#ifndef CLI_CAPTURE_TAP_H
#define CLI_CAPTURE_TAP_H

#include "cli/call/command.h"

extern const struct spec tap_mcp, tap_model;

#endif
