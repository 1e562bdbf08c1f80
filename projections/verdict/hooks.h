/* Agents that setup connected: are their hooks still in their settings? */
#ifndef PROJECTIONS_VERDICT_HOOKS_H
#define PROJECTIONS_VERDICT_HOOKS_H

#include "projections/verdict/verdict.h"

/* Judges each agent that is connected, and each server that runs behind the tap by setup. *ret_hooks, *ret_taps: how many these are. */
int verdict_hooks(struct verdict_case *c, size_t *ret_hooks, size_t *ret_taps, struct err *err);
/* Is it an agent that 'ledger setup' can connect? (capture/setup/agents.def) */
bool verdict_is_connectable(struct bytes agent);

#endif
