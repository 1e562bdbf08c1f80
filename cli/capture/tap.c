/* tap: what stands between two programs, passes what they say, and records it. */
#include "cli/capture/tap.h"

static const struct command subs[] = {
    {"mcp", "between a client and a server of the Model Context Protocol", &tap_mcp},
    {"model", "pass and record the calls of a model server", &tap_model},
    {0},
};

const struct spec spec_tap = {
    .synopsis = "mcp ... | model ...",
    .about = "Stands between two programs, passes on what they say to each other, and records it.\n"
             "docs/capture.md describes what is recorded and what is not.",
    .examples = "ledger tap mcp --name files -- npx -y @modelcontextprotocol/server-filesystem /srv/data\n"
                "ledger tap model --listen 127.0.0.1:11435 --upstream http://127.0.0.1:11434",
    .subs = subs,
};
