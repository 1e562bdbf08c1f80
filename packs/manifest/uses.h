/* Which permissions a step makes use of. */
#ifndef PACKS_MANIFEST_USES_H
#define PACKS_MANIFEST_USES_H

#include "packs/manifest/check.h"

/* Whether a step makes use of a permission: because it says so, because it is the permission to run its tool or to ask its
 * model, or (filesystem.read) because it reads a file that the run is given. */
bool uses_of(const struct manifest_pack *pack, const struct manifest_step *step,
             const struct manifest_permission *permission);
/* Each text of a step's `uses` names a permission of the pack. */
void uses_check(struct checking *c, const struct manifest_step *step);
/* A warning for each permission that no step and no check makes use of. */
void uses_warn(struct checking *c);

#endif
