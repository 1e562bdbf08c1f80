/* What a holder asks for, set against what it holds: the answer that `permit resolve` prints, and that whoever starts a
 * pack records. */
#ifndef PROJECTIONS_DECIDE_RESOLVE_H
#define PROJECTIONS_DECIDE_RESOLVE_H

#include "projections/view/decision.h"
#include "projections/view/state.h"

enum resolved {
    RESOLVED_HELD,     /* asked for, and granted */
    RESOLVED_EXPIRING, /* the same, but the grant ends soon */
    RESOLVED_MISSING,  /* asked for, and nobody decided, or the grant does not reach that far */
    RESOLVED_DENIED,   /* asked for, and refused */
    RESOLVED_WIDER,    /* granted beyond what is asked for; only where the holder is a pack that lists what it asks for */
    RESOLVED_UNUSED    /* granted and never used */
};
/* "held", "expiring", ... Static. */
const char *resolved_word(enum resolved is);

/* One finding; everything is borrowed during the call. */
struct resolved_item {
    enum resolved is;
    bool required;                   /* asked for as required */
    struct bytes group, scope, tier; /* as asked for or, for RESOLVED_WIDER and RESOLVED_UNUSED, as granted */
    struct bytes lifetime, session;  /* of the grant; empty: not limited so */
    int64_t expires;                 /* of the grant, ns; -1: never, or there is no grant */
    int64_t since;                   /* of the grant, ns; -1: there is none */
    int64_t seq;                     /* the event that decides; -1: none */
    char why[320];                   /* in words; may be empty */
};
typedef int resolved_fn(void *ctx, const struct resolved_item *item, struct err *err);

struct resolve_options {
    struct bytes asked; /* a list of permissions as in pack.planned; p NULL: as the installed pack lists them */
    uint64_t within_ns; /* a grant that ends within this time is expiring */
};

/* Calls `each` for what is asked for, in its order, then for requests that nobody answered, then for what is granted. The
 * answer is no when something required is missing or denied; it cites the events behind that. */
int decide_resolve(struct state_view *view, struct bytes who, const struct resolve_options *options, resolved_fn *each,
                   void *ctx, struct decision *ret, struct err *err);
/* Is this judged row of permissions a grant in force that was never used? */
bool resolve_is_unused(const struct row *row);
/* When it was granted, ns: of its newest step; -1: there is no such row. */
int resolve_since(struct state_view *view, const struct row *row, int64_t *ret, struct err *err);

#endif
