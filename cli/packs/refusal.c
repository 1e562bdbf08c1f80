/* The reason, then the events that it rests on. */
#include "cli/packs/refusal.h"

#include <stdio.h>

#include "cli/print/say.h"

int refusal_print(const struct cli *cli, const struct decision *no) {
    char seqs[ROW_SEQS_MAX * 24] = "";
    size_t n = 0;
    for (size_t i = 0; i < no->n_evidence && n < sizeof(seqs) - 24; i++) {
        n += (size_t)snprintf(seqs + n, sizeof(seqs) - n, "%s%llu",
                              i > 0                ? ", "
                              : no->n_evidence > 1 ? " (events "
                                                   : " (event ",
                              (unsigned long long)no->evidence[i]);
    }
    return cli_refuse(cli, EXIT_NO, ERR_CONFLICT, "refused: %s%s%s", no->reason, seqs, n > 0 ? ")" : "");
}
