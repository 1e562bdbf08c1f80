/* version: of the program and of what it writes. */
#include "cli/call/command.h"
#include "cli/print/say.h"
#include "ledger/event/event.h"
#include "ledger/log.h"

static int version(struct cli *cli, const struct opt_args *args) {
    (void)args;
    if (!cli->json) {
        out_printf(cli, "ledger %s\nformat %d\n", LEDGER_VERSION, EVENT_FORMAT);
        return EXIT_GOOD;
    }
    struct obj obj = {0};
    obj_text(&obj, "version", LEDGER_VERSION);
    obj_uint(&obj, "format", EVENT_FORMAT);
    return cli_print(cli, &obj, true);
}

const struct spec spec_version = {
    .synopsis = "",
    .about = "Prints the version of the program and of the event format that it reads and writes.",
    .run = version,
};
