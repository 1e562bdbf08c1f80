/* Several changes of one file: an agent's hooks, and the tap before its servers. Each knows the bytes that it found, so the newest is
 * undone first; one that lies beneath others is reached by undoing these, and applying them again. */
#ifndef CAPTURE_SETUP_STACK_H
#define CAPTURE_SETUP_STACK_H

#include "capture/setup/setup.h"

/* setup_undo: byte for byte also if only setup has changed the file since. */
int setup_stack_undo(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger,
                     const char *actor, struct setup_finding *ret, struct err *err);
/* setup_apply; of hooks that send telemetry elsewhere, or nowhere, also the opposite before, if that changes it. */
int setup_stack_apply(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger,
                      const char *actor, struct setup_finding *ret, struct err *err);

#endif
