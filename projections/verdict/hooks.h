/* Agents that setup connected: are their hooks still in their settings? */
#ifndef PROJECTIONS_VERDICT_HOOKS_H
#define PROJECTIONS_VERDICT_HOOKS_H

#include "projections/verdict/verdict.h"

/* Judges each agent that is connected. *ret_n: how many these are. */
int verdict_hooks(struct verdict_case *c, size_t *ret_n, struct err *err);

/* Is it an agent that 'ledger setup' can connect? (capture/setup/agents.def) */
bool verdict_is_connectable(struct bytes agent);

#endif
