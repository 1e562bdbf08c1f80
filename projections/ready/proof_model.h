/* Which weights a route uses now. Two sources state it, and each may name a model, a digest or both:
 *
 *   route      what it was declared or configured with   ──>  the digest, or where the name leads
 *   decision   the newest primary one that names either  ──>  the digest, or where the name leads
 *
 * The decision applies while it is newer than the newest declaration or configuration; for the route's own model only while
 * its name has not moved since. A name that leads elsewhere, or is gone, contradicts the digest beside it; one that was
 * never listed does not.
 *
 * Weights that were on this machine and no longer have any name are gone: nothing uses them, until a newer decision names
 * their digest. Weights that were never listed may be anywhere. A decision that is recorded late is not newer than what
 * happened after it was made. */
#ifndef PROJECTIONS_READY_PROOF_MODEL_H
#define PROJECTIONS_READY_PROOF_MODEL_H

#include "projections/ready/models.h"

/* Why the weights that a route uses are unknown: each case has another remedy. */
enum proof_unknown {
    PROOF_MODEL_UNNAMED,  /* the route names neither a model nor weights */
    PROOF_MODEL_DIFFERS,  /* the runtimes that have the name disagree */
    PROOF_MODEL_UNTOLD,   /* the name is listed without its weights, or its runtime lists no names */
    PROOF_MODEL_UNLISTED, /* no runtime has it */
    PROOF_MODEL_GONE,     /* the name was removed, or the weights are gone */
    PROOF_MODEL_USED,     /* the newest decision used another model, whose weights are unknown */
};

struct proof_model {
    char digest[MODELS_DIGEST_MAX]; /* empty: unknown; `unknown` and the reason say why */
    enum proof_unknown unknown;
    bool by_use; /* from the decision, which differs from the route */
    struct reason reason;
};
/* `route`: a row of routes, its stored columns. A tool's route uses no weights. */
int proof_model(struct state_view *view, const struct row *route, struct proof_model *ret, struct err *err);

#endif
