/* What an upgrade changes: permissions, routes, files. */
#ifndef PACKS_LIFE_CHANGES_H
#define PACKS_LIFE_CHANGES_H

#include "packs/life/plan.h"

/* Reads the installed version into the plan, and says how the new one differs. Of a version whose files cannot be
 * read, that is said. Refuses another publisher, and what is no longer signed by a known one, unless a key that was named for
 * that vouches (`vouched`). */
int changes_say(struct plan *plan, const char *ledger_dir, bool vouched, struct err *err);
/* The permission is wider than what the version before asked for, or new. */
bool changes_widen(const struct plan *plan, const struct manifest_permission *asked);

#endif
