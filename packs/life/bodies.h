/* The bodies of the events of an installation. Each fills a map that the caller has initialised. */
#ifndef PACKS_LIFE_BODIES_H
#define PACKS_LIFE_BODIES_H

#include "base/mp_map.h"
#include "packs/life/grants.h"
#include "packs/life/plan.h"

#define BODIES_MAX ((size_t)4 << 20)

int bodies_planned(const struct plan *plan, struct mp_map *body, struct err *err);
/* pack.installed and pack.upgraded; `private_` gets the manifest and where it came from. */
int bodies_installed(const struct plan *plan, const char *from, struct mp_map *body, struct mp_map *private_,
                     struct err *err);
/* pack.aborted, removed, parked, unparked: of the pack as its row says. `reason` and `note` may be NULL. */
void bodies_of_row(const struct row *row, bool planned, const char *reason, const char *note, struct mp_map *body,
                   struct mp_map *private_);
void bodies_requested(const struct manifest_permission *asked, struct mp_map *body, struct mp_map *private_);
/* permission.granted or denied, as the answer says. */
void bodies_answered(const struct manifest_permission *asked, const struct grant *grant, struct mp_map *body);
int bodies_route(const struct plan *plan, const struct manifest_route *route, struct mp_map *body, struct err *err);

#endif
