/* A route follows its promotions: what is live of route/NAME is the configuration that it is declared with. */
#ifndef CLI_PROMOTE_FOLLOW_H
#define CLI_PROMOTE_FOLLOW_H

#include "cli/call/cli.h"
#include "cli/promote/promote.h"
#include "projections/view/state.h"

struct follow {
    bool strays; /* the route is declared with something else than what is live by the log */
    char route[PROMOTE_TEXT], declared[PROMOTE_TEXT], live[PROMOTE_TEXT];
};
/* Of a promotion that is over and that made live what is live, or promoted it; of any other, of what is no route, and of a route that a
 * pack declares, nothing strays. `route` is empty if no such route is declared. */
int follow_look(struct state_view *view, const struct row *promotion, struct follow *ret, struct err *err);
/* The configuration that the route "route/NAME" is declared with; empty if there is none. */
int follow_declared(struct ledger *ledger, const char *of, char ret[PROMOTE_TEXT], struct err *err);
/* In words, and the command that helps. */
void follow_say(const struct follow *follow, char *ret, size_t size, struct buf *remedy);
/* After a promotion or a rollback: records route.configured if the route strays. Returns the exit code, after reporting. */
int follow_now(struct cli *cli, const char *id, const char *actor);

#endif
