/* Whether a permission is held, and what decides that. */
#ifndef PROJECTIONS_PERMISSIONS_PERMITTED_H
#define PROJECTIONS_PERMISSIONS_PERMITTED_H

#include "projections/permissions/ground.h"
#include "projections/view/decision.h"
#include "projections/view/state.h"

/* What is asked for. */
struct decide_use {
    struct bytes group, scope; /* scope "": everything */
    struct bytes tier;         /* "T0" to "T3"; anything else: not known, and not compared */
    struct bytes session, run; /* only with of_session; either may be empty */
    bool of_session;           /* what was granted for a session counts only when one of these is that session */
    bool one;                  /* of a use or a call: nobody holds a pattern */
    bool call;                 /* it leaves no use behind: what was granted once does not count, for nothing uses it up */
};

struct permitted {
    struct decision decision;
    const char *fault;             /* of the scope; NULL: none, and without one: */
    enum permission_ground ground; /* what decides, or what a refusal names */
    int64_t seq;                   /* the event of it; only with a ground */
    char words[64], scope[128];    /* of it: what follows "it was ..."; its scope */
    int64_t refused_seq;           /* the denial or revocation that stands against it; -1: none */
    bool untold;                   /* of a row: it was not held against all that there is */
    bool full;     /* more patterns refuse than there are places: what would be held is refused, in `words` */
    bool is_whole; /* all of it is refused, not a part of what is asked for */
    char refused[64], refused_scope[128];
    int64_t part_seq; /* of a row that refuses: a newer grant that reaches a part of it; -1: none */
    char part_scope[128];
};

/* For judges, which have many questions: the answer of decide_is_permitted, without the grant of another scope that came
 * nearest. What was decided for the holder is not gone through, unless a pattern or everything is asked for. */
int permitted_ask(struct state_view *view, struct bytes who, const struct decide_use *use, struct permitted *ret,
                  struct err *err);
/* The same of a row's own scope, and of a row that refuses, of all that it refuses; by what is at least as wide, or a
 * pattern: where the row is of a pattern or of everything, single scopes within it that are refused are not found, and
 * nobody goes through all rows. */
int permitted_ask_row(struct state_view *view, const struct row *row, const struct decide_use *use, struct permitted *ret,
                      struct err *err);

/* Does `who` (pack, tool, agent, server; as a subject) hold it at the view's time? Of a tool whose name names its server
 * what was decided for that server counts as if it had been decided for the tool (ground.h), here and above. A scope with a fault
 * (ledger/kinds/scope.h) is held by nobody. The reason names the grant that came nearest. */
int decide_is_permitted(struct state_view *view, struct bytes who, const struct decide_use *use, struct decision *ret,
                        struct err *err);
/* The same of several, as if what was decided for each of them had been decided for one: the newest counts. At least one,
 * none twice. */
int decide_is_permitted_any(struct state_view *view, const struct bytes *who, size_t n, const struct decide_use *use,
                            struct decision *ret, struct err *err);

#endif
