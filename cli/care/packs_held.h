/* Whether a ledger's directory has the files of the packs that are installed in it. */
#ifndef CLI_CARE_PACKS_HELD_H
#define CLI_CARE_PACKS_HELD_H

#include "cli/call/cli.h"
#include "ledger/log.h"

struct packs_held {
    uint64_t installed, held; /* installed with files; of these, those whose every byte is as it was installed */
};
/* Compares DIR/packs, `dir` being that of `ledger` or of a copy, with what the events say. A note names each pack that is not
 * held and ends in `help`. */
int packs_held(struct cli *cli, struct ledger *ledger, const char *dir, const char *help, struct packs_held *ret,
               struct err *err);

#endif
