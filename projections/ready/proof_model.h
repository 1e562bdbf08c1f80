/* Which weights a route uses now. Two speak of it, and each may name a model, a digest or both:
 *
 *   route      what it was declared or configured with   ──>  the digest, or where the name leads
 *   decision   the newest primary one that names either  ──>  the digest, or where the name leads
 *
 * The decision holds while it is newer than the newest declaration or configuration; of the route's own model only while
 * that name was not moved since. A name that is there and leads elsewhere, or was there and is gone, contradicts the digest
 * beside it; one that nobody has listed does not.
 *
 * Weights that were on this machine and that every name has left are gone: nothing uses them, until a newer decision names
 * their digest. Weights that nobody ever listed may be anywhere. A decision that is recorded late is newer than nothing that
 * happened after it was made. */
#ifndef PROJECTIONS_READY_PROOF_MODEL_H
#define PROJECTIONS_READY_PROOF_MODEL_H

#include "projections/ready/models.h"

/* Why nobody knows which weights a route uses: each has another remedy. */
enum proof_unknown {
    PROOF_MODEL_UNNAMED, /* it names neither a model nor weights */
    PROOF_MODEL_DIFFERS, /* the runtimes that have the name disagree */
    PROOF_MODEL_UNTOLD, /* the name is there, and nobody says which weights it has, or its runtime tells nobody of its names
                         */
    PROOF_MODEL_UNLISTED, /* no runtime has it */
    PROOF_MODEL_GONE,     /* the name was removed, or the weights are gone */
    PROOF_MODEL_USED,     /* the newest decision used another model, whose weights nobody knows */
};

struct proof_model {
    char digest[MODELS_DIGEST_MAX]; /* empty: nobody knows, and `unknown` and the reason say why */
    enum proof_unknown unknown;
    bool by_use; /* the decision says it, and the route says something else */
    struct reason reason;
};
/* `route`: a row of routes, its stored columns. */
int proof_model(struct state_view *view, const struct row *route, struct proof_model *ret, struct err *err);

#endif
