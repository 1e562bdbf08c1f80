/* tap: what stands between two programs, passes what they say, and records it. */
#include "cli/capture/tap.h"

#include "base/obj.h"
#include "cli/print/out.h"
#include "cli/print/say.h"

static const struct command subs[] = {
    {"mcp", "between a client and a server of the Model Context Protocol", &tap_mcp},
    {"model", "pass and record the calls of a model server", &tap_model},
    {0},
};

void tap_say_listening(struct cli *cli, const char *what, const char *address) {
    struct obj obj = {0};
    struct buf text = {.max = 4096};
    cli_note(cli, "ledger: tap %s: listening on %s", what, address);
    if (cli->json) { /* the port may have been chosen freely: programs need to know it */
        obj_text(&obj, "listening", address);
        obj_json(&obj, JSON_LINE, &text, NULL);
        out_error_json(bytes_of_buf(&text));
        obj_done(&obj);
        buf_done(&text);
    }
}

size_t tap_list(const struct opt_args *args, const struct opt *opt, const char *names[TAP_NAMES_MAX]) {
    const char *text;
    size_t at = 0, n = 0;
    while ((text = opt_next(args, opt, &at)) != NULL && n < TAP_NAMES_MAX) {
        names[n++] = text;
    }
    return n;
}

const struct spec spec_tap = {
    .synopsis = "mcp ... | model ...",
    .about = "Stands between two programs, passes on what they say to each other, and records it.\n"
             "docs/capture.md describes what is recorded and what is not.",
    .examples = "ledger tap mcp --name files -- npx -y @modelcontextprotocol/server-filesystem /srv/data\n"
                "ledger tap model --listen 127.0.0.1:11435 --upstream http://127.0.0.1:11434",
    .subs = subs,
};
