/* The taps, one file each: tap_<word>.c. */
#ifndef CLI_CAPTURE_TAP_H
#define CLI_CAPTURE_TAP_H

#include "cli/call/command.h"

extern const struct spec tap_mcp, tap_model;

/* What taps that listen have in common: "listening on ADDRESS" for people and programs. `what`: "mcp", "model". */
void tap_say_listening(struct cli *cli, const char *what, const char *address);
/* The values of an option that may be repeated, at most TAP_NAMES_MAX. */
#define TAP_NAMES_MAX 32
size_t tap_list(const struct opt_args *args, const struct opt *opt, const char *names[TAP_NAMES_MAX]);

#endif
