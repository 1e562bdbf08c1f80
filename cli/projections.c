/* A bit for each place in projection_all. */
#include "cli/projections.h"

#include <string.h>

#include "base/text.h"
#include "cli/opt.h"
#include "cli/say.h"
#include "projections/projection.h"

struct nearest {
    const char *name;
    size_t least;
};

static bool is_called(const char *word, const char *name, struct nearest *near) {
    size_t d = text_distance(word, name, 2);
    if (d < near->least && d < strlen(name)) {
        *near = (struct nearest){name, d};
    }
    return strcmp(word, name) == 0;
}

static size_t find(const char *word, struct nearest *near) {
    for (size_t i = 0; projection_all[i]; i++) {
        if (is_called(word, projection_all[i]->name, near)) {
            return i;
        }
    }
    for (size_t i = 0; projection_all[i]; i++) {
        for (size_t t = 0; t < projection_all[i]->n_tables; t++) {
            const struct state_table *table = &projection_all[i]->tables[t];
            if (is_called(word, table->name, near) || is_called(word, table->noun, near)) {
                return i;
            }
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
        struct nearest near = {.least = 3};
        size_t at = find(args->args[i], &near);
        if (at == SIZE_MAX) {
            return cli_usage(cli, "unknown projection '%.100s'%s%s%s ('ledger state' lists them)", args->args[i],
                             near.name ? ", did you mean '" : "", near.name ? near.name : "", near.name ? "'?" : "");
        }
        which |= UINT32_C(1) << at;
    }
    *ret_which = which;
    return 0;
}
