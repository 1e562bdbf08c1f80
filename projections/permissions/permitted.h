/* Whether a permission is held, and what decides that. */
#ifndef PROJECTIONS_PERMISSIONS_PERMITTED_H
#define PROJECTIONS_PERMISSIONS_PERMITTED_H

#include "projections/permissions/ground.h"
#include "projections/view/decision.h"
#include "projections/view/state.h"

/* The question. */
struct decide_use {
    struct bytes group, scope; /* scope "": everything */
    struct bytes tier;         /* "T0" to "T3"; anything else: unknown and not compared */
    struct bytes session, run; /* only with of_session; either may be empty */
    bool of_session;           /* a grant for a session counts only when one of these is that session */
    bool one;                  /* of one use or call, which cannot be a pattern */
    bool call; /* it records no use: a grant that holds once does not count, since nothing would use it up */
};

struct permitted {
    struct decision decision;
    const char *fault;             /* of the scope; NULL: none, and then the rest is set */
    enum permission_ground ground; /* what decides, or what a refusal names */
    int64_t seq;                   /* the event of it; only with a ground */
    char words[64], scope[128];    /* of it: what follows "it was ...", and its scope */
    int64_t refused_seq;           /* the denial or revocation against it; -1: none */
    bool untold;                   /* of a row: not everything was compared */
    bool full;                     /* more patterns refuse than can be listed: what would be held is refused, in `words` */
    bool is_whole;                 /* all of it is refused, not only a part of the request */
    char refused[64], refused_scope[128];
    int64_t part_seq; /* for a row that refuses: a newer grant that reaches a part of it; -1: none */
    char part_scope[128];
};

/* For judges, which ask often: the answer of decide_is_permitted, without the nearest grant of another scope. Does not read
 * all rows of the holder unless a pattern or everything is asked for. */
int permitted_ask(struct state_view *view, struct bytes who, const struct decide_use *use, struct permitted *ret,
                  struct err *err);
/* The same for a row's own scope or, for a row that refuses, for all that it refuses; compared with rows at least as wide
 * and with patterns. When the row is of a pattern or of everything, refusals of single scopes within it are not found,
 * since that would need all rows. */
int permitted_ask_row(struct state_view *view, const struct row *row, const struct decide_use *use, struct permitted *ret,
                      struct err *err);

/* Why it is not held, with the event: what follows "it is ..."; for what is held, by which grant. */
void permitted_why(const struct permitted *is, char *ret, size_t size);

/* Does `who` (pack, tool, agent, server; as a subject) hold it at the view's time? For a tool whose name contains its
 * server, decisions about that server count as if made for the tool (ground.h), here and above. Nobody holds a scope with a
 * fault (ledger/kinds/scope.h). The reason names the nearest grant. */
int decide_is_permitted(struct state_view *view, struct bytes who, const struct decide_use *use, struct decision *ret,
                        struct err *err);
/* The same for several holders, as if all decisions about them were about one: the newest counts. At least one, none
 * twice. */
int decide_is_permitted_any(struct state_view *view, const struct bytes *who, size_t n, const struct decide_use *use,
                            struct decision *ret, struct err *err);

#endif
