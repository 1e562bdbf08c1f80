/* `list` and `show`, which every command about entities with a state has: model, route, permit, pack, ... The table
 * follows from the command's own name. */
#ifndef CLI_STATES_ENTITIES_H
#define CLI_STATES_ENTITIES_H

#include "cli/call/command.h"

/* For the table of subcommands of any such command. */
extern const struct spec entities_list, entities_show;
/* The options of the first, L_AT to ... of cli/view/listing.h. */
extern const struct opt entities_list_options[];

#endif
