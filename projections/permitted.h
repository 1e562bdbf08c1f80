/* Whether a permission is held, with what decides it: for judges, which have many questions. What was decided for a holder
 * is not gone through for each of them, unless a pattern or everything is asked for. */
#ifndef PROJECTIONS_PERMITTED_H
#define PROJECTIONS_PERMITTED_H

#include "projections/decide.h"
#include "projections/permission_ground.h"

struct permitted {
    struct decision decision;
    const char *fault;             /* of the scope; NULL: none, and without one: */
    enum permission_ground ground; /* what decides, or what a refusal names */
    int64_t seq;                   /* the event of it; only with a ground */
    char words[64], scope[128];    /* of it: what follows "it was ..."; its scope */
    int64_t refused_seq;           /* the denial or revocation that stands against it; -1: none */
    bool is_whole;                 /* all of it is refused, not a part of what is asked for */
    char refused[64], refused_scope[128];
};

/* The answer of decide_is_permitted, without the grant of another scope that came nearest. */
int permitted_ask(struct state_view *view, struct bytes who, const struct decide_use *use, struct permitted *ret,
                  struct err *err);

#endif
