/* What a pack needs: one walk over the permissions, checks, routes, models and requirements that its installation lists, and over
 * those that say themselves that the pack requires them. The pack's state and the doctor's clauses are both made from it. */
#ifndef PROJECTIONS_READY_NEEDS_H
#define PROJECTIONS_READY_NEEDS_H

#include "projections/permissions/permitted.h"
#include "projections/ready/readiness.h"
#include "projections/ready/requires.h"

enum need_sort { NEED_OF_PERMISSION, NEED_OF_CHECK, NEED_OF_ROUTE, NEED_OF_MODEL, NEED_OF_REQUIREMENT, NEED_SORTS };

struct need {
    enum need_sort sort;
    bool required;
    bool unlisted;                         /* it is not in the pack's lists, but says itself that the pack requires it */
    struct bytes name;                     /* group, check, route or digest */
    struct bytes scope, tier, role;        /* as the pack asks for it; empty: not stated */
    struct bytes endpoint;                 /* of a model: where Ollama answers, if known */
    const struct row *pack, *row;          /* what it was compared with; NULL: there is no such row */
    const struct requirement *requirement; /* of another pack or of the machine; NULL: something else */
    struct permitted held;                 /* permissions: whether it is held, and by which events */
    /* The first rule that says no, in readiness->found; none: it is met. */
    struct readiness *found;
    struct bytes about; /* "permission/exec", "route/r" */
};

typedef int need_fn(void *ctx, struct need *need, struct err *err);

#define NEED_OF(sort)      (1U << (sort))
#define NEED_ONLY_REQUIRED (1U << NEED_SORTS) /* optional routes are named but not read */

/* Calls `each` for every need of the given sorts (NEED_OF), in their order. `pack` is a row of packs; a need is valid only
 * during the call. */
int needs_walk(struct state_view *view, const struct row *pack, unsigned sorts, need_fn *each, void *ctx, struct err *err);
/* The rule that the need does not meet; false: it is met. */
bool need_is_unmet(const struct need *need, enum readiness_id *ret);
/* Writes the need's finding, with its remedy, and for a route the findings of its own, to a list for a CELL_LIST column. */
void need_list(const struct need *need, struct list_out *out);
/* The remedy alone; nothing when there is none. */
void need_remedy(const struct need *need, struct buf *out);

#endif
