/* version: of the program and of what it writes. */
#include "cli/cli.h"
#include "cli/obj.h"
#include "cli/out.h"
#include "ledger/event.h"

static int version(struct cli *cli, const struct opt_args *args) {
    (void)args;
    if (!cli->json) {
        out_printf(cli, "ledger %s\nformat %d\n", LEDGER_VERSION, EVENT_FORMAT);
        return EXIT_GOOD;
    }
    struct obj obj;
    obj_init(&obj);
    obj_text(&obj, "version", LEDGER_VERSION);
    obj_uint(&obj, "format", EVENT_FORMAT);
    int exit_code = obj_print(cli, &obj, true);
    obj_done(&obj);
    return exit_code;
}

const struct spec spec_version = {
    .synopsis = "",
    .about = "Prints the version of the program and of the event format that it reads and writes.",
    .run = version,
};
