/* Which routes serve the steps that a run is going to take, decided before it begins (decision 105). */
#ifndef PACKS_RUN_SERVED_H
#define PACKS_RUN_SERVED_H

#include "packs/run/choice.h"

struct served;

/* Decides each route once. `ret` says no where the run must not begin, with the events. Free with served_free. */
int served_ask(struct running *run, struct served **ret_served, struct decision *ret, struct err *err);
/* The same in the states of a view; also no where a route is not decided as it was. */
int served_again(struct served *served, const struct running *run, struct state_view *view, struct decision *ret,
                 struct err *err);
/* What was decided of a route that programs alone may serve; NULL: nothing was, or a model may. Models are asked again before each
 * step, as what serves them changes by itself; that the program is still the one that was hashed is seen when it is opened. */
struct choice *served_choice(struct served *served, struct bytes route);
void served_free(struct served *served); /* NULL is fine */

#endif
