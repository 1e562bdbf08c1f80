/* Many questions about one who: what was decided for it is not gone through for each of them. */
#ifndef PROJECTIONS_PERMITTED_H
#define PROJECTIONS_PERMITTED_H

#include "projections/decide.h"

#define PERMITTED_PATTERNS_MAX                                                                                             \
    ((size_t)4 << 20) /* bytes of patterns that are kept; with more each question looks itself                             \
                       */

struct permitted {
    struct state_view *view;
    struct bytes who; /* borrowed */
    bool gathered, all;
    struct buf patterns; /* groups and scopes that are patterns, each with its length before it */
};

void permitted_init(struct permitted *permitted, struct state_view *view, struct bytes who);
void permitted_done(struct permitted *permitted);
/* The answer of decide_is_permitted, without the grant that came nearest. */
int permitted_ask(struct permitted *permitted, const struct decide_use *use, struct decision *ret, struct err *err);

#endif
