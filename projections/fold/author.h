/* Whose signature an event has, for folds that go by it. */
#ifndef PROJECTIONS_FOLD_AUTHOR_H
#define PROJECTIONS_FOLD_AUTHOR_H

#include "ledger/event/event.h"
#include "projections/fold/fold.h"

struct author {
    struct bytes draft;      /* of a draft: the verifier key that will sign it */
    struct event_author who; /* of a sealed event */
    struct buf message;      /* what was signed; empty: nobody can tell */
};

/* `genesis` is the leaf of event 0 in hex, `origin` the log's name, both as the fold keeps them; without them nobody is the author
 * of a sealed event. Borrows from the event. author_done after any result. */
int author_open(const struct fold *fold, struct bytes genesis, struct bytes origin, struct author *ret, struct err *err);
/* Did the owner of this verifier key sign it? */
bool author_is(const struct author *author, struct bytes vkey);
void author_done(struct author *author);

#endif
