/* The servers of the Model Context Protocol that agents' settings name, and 'ledger tap mcp' before one of them. */
#ifndef CAPTURE_SETUP_MCP_H
#define CAPTURE_SETUP_MCP_H

#include "base/edit/mcp.h"
#include "capture/setup/record.h"

/* Calls `each` with the place of every server that this agent's settings name (with world->project: the project's), of servers that
 * setup wrapped and that are gone, and, with an empty server, of settings that cannot be read. A place with `why` is not changed.
 * Returns what `each` returned if that is not 0. */
typedef int setup_mcp_each(void *ctx, const struct setup_place *place, struct err *err);
int setup_mcp_places(const struct setup_world *world, const struct setup_agent *agent, setup_mcp_each *each, void *ctx,
                     struct err *err);

/* The same as setup_count, setup_insert and setup_withdraw (insert.h), of a place that is a server. The result is checked by the caller. */
int setup_mcp_count(const struct setup_world *world, const struct setup_place *place, struct bytes text, size_t *ret_ours,
                    size_t *ret_same, struct err *err);
int setup_mcp_insert(const struct setup_world *world, const struct setup_place *place, struct setup_record *record,
                     struct err *err);
int setup_mcp_withdraw(const struct setup_world *world, const struct setup_place *place, const struct setup_record *record,
                       struct buf *text, struct err *err);

#endif
