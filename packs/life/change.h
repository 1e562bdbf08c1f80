/* Changes to the set of installed packs: each is recorded as it happens, so that whatever interrupts it leaves a state that is
 * true (decision 094). The caller holds the store. */
#ifndef PACKS_LIFE_CHANGE_H
#define PACKS_LIFE_CHANGE_H

#include "packs/depot/depot.h"
#include "packs/life/grants.h"
#include "packs/life/plan.h"

struct change {
    struct ledger *ledger;
    struct depot *depot;
    const char *actor;
    const char *reason, *note; /* of a removal, parking or unparking; may be NULL */
};

/* All states as of now. */
int change_view(struct ledger *ledger, struct state_view **ret, struct err *err);
/* Removes what nothing names any more: what interrupted changes left, and versions before. `told` (may be NULL) gets each name. */
int change_sweep(const struct change *change, depot_told_fn *told, void *ctx, struct err *err);

/* Does what the plan says: installs, upgrades, or restores files. Nothing refuses it (n_refused 0). Permissions that are neither
 * held nor answered are requested. ERR_BUSY: files that would be replaced are in use. *ret_seq: the event that installed it. ERR_CONFLICT: the directory or the states were changed
 * meanwhile. On failure the plan is given up, if that can still be recorded; else the pack is incomplete. */
int change_install(const struct change *change, struct plan *plan, const char *from, const struct grants *grants,
                   uint64_t *ret_seq, struct err *err);

struct change_removal {
    bool force;      /* although others depend on it */
    bool unfinished; /* only an installation or upgrade that did not end */
};
/* Removes a pack, or undoes what did not end. ERR_NOTFOUND: there is none; ERR_CONFLICT: others depend on it. *ret_kind: the
 * kind of the event, static. */
int change_remove(const struct change *change, struct bytes name, const struct change_removal *removal, uint64_t *ret_seq,
                  const char **ret_kind, struct err *err);
/* `park` false: takes it up again. ERR_CONFLICT: that is not a legal step. */
int change_park(const struct change *change, struct bytes name, bool park, uint64_t *ret_seq, struct err *err);

#endif
