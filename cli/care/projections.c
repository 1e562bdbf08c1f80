/* One bit for each entry of projection_all. */
#include "cli/care/projections.h"

#include "base/text.h"
#include "cli/call/opt.h"
#include "cli/print/say.h"
#include "projections/rows/projection.h"

static size_t find(struct text_near *near) {
    for (size_t i = 0; projection_all[i]; i++) {
        if (text_near_offer(near, projection_all[i]->name)) return i;
    }
    for (size_t i = 0; projection_all[i]; i++) {
        for (size_t t = 0; t < projection_all[i]->n_tables; t++) {
            const struct state_table *table = &projection_all[i]->tables[t];
            if (text_near_offer(near, table->name) || text_near_offer(near, table->noun)) return i;
        }
    }
    return SIZE_MAX;
}

int projections_read(struct cli *cli, const struct opt_args *args, uint32_t *ret_which) {
    uint32_t which = 0;
    for (size_t i = 0; args->n_args == 0 && projection_all[i]; i++) {
        which |= UINT32_C(1) << i;
    }
    for (size_t i = 0; i < args->n_args; i++) {
        struct text_near near = {.text = args->args[i]};
        size_t at = find(&near);
        if (at == SIZE_MAX) {
            return cli_usage(cli, "unknown projection '%.100s'%s ('ledger state' lists them)", args->args[i],
                             text_near_words(&near));
        }
        which |= UINT32_C(1) << at;
    }
    *ret_which = which;
    return 0;
}
