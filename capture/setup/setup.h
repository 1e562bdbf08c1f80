/* Connecting agents: what would be done, doing it, and taking it back. */
#ifndef CAPTURE_SETUP_SETUP_H
#define CAPTURE_SETUP_SETUP_H

#include "capture/setup/insert.h"
#include "ledger/log.h"

enum setup_state {
    SETUP_ABSENT,    /* it is not on this box */
    SETUP_UNCHANGED, /* found; setup has no way to connect it, and says why */
    SETUP_READY,     /* found, and not connected */
    SETUP_CONNECTED,
    SETUP_LOST,    /* it was connected, and its hooks are no longer in its settings */
    SETUP_FOREIGN, /* connected to another ledger, or by a program at another place */
    SETUP_REFUSED  /* its settings are not changed, and why */
};
const char *setup_state_name(enum setup_state state);

struct setup_finding {
    enum setup_state state;
    char path[FILE_PATH_MAX]; /* its settings */
    char why[ERR_MSG_MAX];    /* or a note; may be "" */
    bool exists;              /* the settings file */
    bool recorded;            /* the ledger's directory has a record of the change */
    bool changed;             /* by setup_apply or setup_undo, now */
    bool exact;               /* by setup_undo: byte for byte as before */
    size_t bytes;             /* inserted or removed */
};

/* Changes nothing, but removes what a killed change left beside the settings. A failure of the settings is a finding; errors are the system's. */
int setup_look(const struct setup_world *world, const struct setup_place *place, struct setup_finding *ret,
               struct err *err);
/* Connects it if it is ready or lost, and records that in `ledger`. Does the same once, however often it is called; a change that was
 * cut short is completed. */
int setup_apply(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger, const char *actor,
                struct setup_finding *ret, struct err *err);
/* Removes what was inserted. */
int setup_undo(const struct setup_world *world, const struct setup_place *place, struct ledger *ledger, const char *actor,
               struct setup_finding *ret, struct err *err);
/* Are its settings as this change left them? Then undoing it gives them back byte for byte: of several changes of one file, this one
 * goes first. */
bool setup_is_on_top(const struct setup_world *world, const struct setup_place *place);
bool setup_is_recorded(const struct setup_world *world, const struct setup_place *place);
/* Is it connected, and would its telemetry go to world->otlp only after it was undone? Changes nothing. */
int setup_moves(const struct setup_world *world, const struct setup_place *place, bool *ret, struct err *err);
/* Holds off other setups of this ledger. Returns a descriptor to close, or an error. */
int setup_lock(const struct setup_world *world, struct err *err);
/* Removes what killed setups left beside the records, as setup_lock does, unless another one holds the lock. */
void setup_sweep(const struct setup_world *world);

#endif
