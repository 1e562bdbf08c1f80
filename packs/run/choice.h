/* Which route serves a step: the decision of projections/decide/route.h, with programs and models as they are now. */
#ifndef PACKS_RUN_CHOICE_H
#define PACKS_RUN_CHOICE_H

#include "packs/run/running.h"
#include "projections/decide/route.h"

#define CHOICE_DIGEST 72 /* "sha256:" and 64 hex digits, with NUL */

struct choice {
    struct route_asked asked;
    struct route_choice is;
    struct buf body; /* of route.decided */
    struct buf bare; /* the same without the events that it rests on and what is told of candidates */
    struct route_measured measured[ROUTE_CANDIDATES_MAX];
    char name[ROUTE_CANDIDATES_MAX][256], digest[ROUTE_CANDIDATES_MAX][CHOICE_DIGEST];
    char program[ROUTE_CANDIDATES_MAX][1024]; /* as in the decision */
    struct err fault[ROUTE_CANDIDATES_MAX];
};

/* Measures what serves the step's routes and decides. Done with choice_done, also after a failure. */
int choice_make(struct choice *choice, struct running *run, const struct manifest_step *step, struct err *err);
void choice_done(struct choice *choice);
/* The same in the states of a view. *ret_same: it is the same decision, but for the words about its candidates and the events that it
 * rests on, to which what runs at the same time adds. It is the new one now. */
int choice_again(struct choice *choice, struct state_view *view, bool *ret_same, struct err *err);
/* The route of a candidate; NULL: the manifest has none of that name. */
const struct manifest_route *choice_route(const struct choice *choice, const struct running *run, size_t candidate);
/* Adds the events that it rests on. */
void choice_cite(const struct choice *choice, struct decision *ret);
/* Whether the route of this name may serve. */
bool choice_allows(const struct choice *choice, struct bytes name);
/* The first candidate after this one that may serve; SIZE_MAX: none. */
size_t choice_next(const struct choice *choice, size_t candidate);

#endif
