/* tap: what stands between two programs, passes what they say, and records it. */
#include "cli/capture/tap.h"

static const struct command subs[] = {
    {"model", "pass and record the calls of a model server", &tap_model},
    {0},
};

const struct spec spec_tap = {
    .synopsis = "model --listen ADDRESS:PORT --upstream URL",
    .about = "Stands between two programs, passes what they say to each other unchanged, and records it.\n"
             "docs/capture.md describes what is recorded and what is not.",
    .examples = "ledger tap model --listen 127.0.0.1:11435 --upstream http://127.0.0.1:11434",
    .subs = subs,
};
