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
    bool untold;                   /* of a row: it was not held against all that there is */
    bool is_whole;                 /* all of it is refused, not a part of what is asked for */
    char refused[64], refused_scope[128];
    int64_t part_seq; /* of a row that refuses: a newer grant that reaches a part of it; -1: none */
    char part_scope[128];
};

/* The answer of decide_is_permitted, without the grant of another scope that came nearest. */
int permitted_ask(struct state_view *view, struct bytes who, const struct decide_use *use, struct permitted *ret,
                  struct err *err);
/* The same of a row's own scope, and of a row that refuses, of all that it refuses; by what is at least as wide, or a
 * pattern: where the row is of a pattern or of everything, single scopes within it that are refused are not found, and
 * nobody goes through all rows. */
int permitted_ask_row(struct state_view *view, const struct row *row, const struct decide_use *use, struct permitted *ret,
                      struct err *err);

#endif
