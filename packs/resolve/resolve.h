/* A set of packs that holds together, or why there is none.
 *
 * A plan has at most one version of each name. It has what the caller wants; every name that is installed, in some version;
 * for each of its packs, what that requires, and nothing that it conflicts with (but itself); and the machine is known to have
 * what each of them needs. A name that a pack provides stands for that pack in its version.
 *
 * Of several plans: what is installed stays in its version where it can, else the newest comes first, and a pack of the name
 * before one that provides it. The answer follows from the question alone. */
#ifndef PACKS_RESOLVE_RESOLVE_H
#define PACKS_RESOLVE_RESOLVE_H

#include "packs/resolve/rule.h"

#define RESOLVE_PAIRS_MAX ((size_t)16 << 20) /* requirements times packs */
#define RESOLVE_STEPS_MAX 200000             /* choices that are tried for one question */

struct resolve_answer {
    bool possible;
    size_t *chosen; /* possible: indices of candidates, each before what only it requires */
    size_t n_chosen;
    struct rule *clashes; /* not possible: rules that cannot hold together. Without any one of them the others
                             * can, unless telling that took more than the limit of choices */
    size_t n_clashes;
};

/* 0 with either answer; the needs in it are borrowed from the manifests. ERR_NOMEM; ERR_LIMIT: there are more packs,
 * requirements or choices than the limits. */
int resolve(const struct resolve_question *question, struct resolve_answer *ret, struct err *err);
void resolve_done(struct resolve_answer *answer);

#endif
