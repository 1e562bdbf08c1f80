/* version: of the program and of the event format. */
#include "cli/call/command.h"
#include "cli/print/fact.h"
#include "ledger/event/event.h"
#include "ledger/log.h"

static int version(struct cli *cli, const struct opt_args *args) {
    (void)args;
    const struct fact facts[] = {fact_text("ledger", "version", LEDGER_VERSION),
                                 fact_count("format", "format", EVENT_FORMAT)};
    return fact_print(cli, facts, sizeof(facts) / sizeof(facts[0]), 6, true);
}

const struct spec spec_version = {
    .synopsis = "",
    .about = "Prints the version of the program, and of the event format that it reads and writes.",
    .run = version,
};
