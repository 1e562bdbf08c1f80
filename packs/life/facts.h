/* What this machine has: runtimes and hardware as the states have them; programs where steps look for them, in the version of
 * the Debian package that owns them; packages as the states have them, else as dpkg has them. What nobody knows is unsure. */
#ifndef PACKS_LIFE_FACTS_H
#define PACKS_LIFE_FACTS_H

#include "base/arena.h"
#include "ingest/dpkg/admin.h"
#include "packs/resolve/rule.h"
#include "projections/view/state.h"

struct facts {
    struct resolve_facts resolve;
    struct arena arena;
    struct resolve_fact *list; /* programs, then runtimes, then packages */
    size_t n, cap;
    struct bytes *tiers;
    struct dpkg_admin *dpkg; /* NULL: there is none, or it cannot be read */
};
/* Only what the pack, a directory, names in `requires` and `conflicts` is looked up. Done with facts_done, also after a
 * failure. */
int facts_read(struct state_view *view, const struct manifest_pack *pack, const char *pack_dir, const char *dpkg_dir,
               struct facts *ret, struct err *err);
void facts_done(struct facts *facts);

#endif
