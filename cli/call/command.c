/* Tables of commands are short, so a linear search does. */
#include "cli/call/command.h"

#include <string.h>

const struct command *cli_find(const struct command *table, const char *name) {
    for (; table && table->name; table++) {
        if (strcmp(table->name, name) == 0) return table;
    }
    return NULL;
}
