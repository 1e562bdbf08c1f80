/* What an event of the family "model" claims: which runtime, which name, which manifest, which weights. */
#ifndef PROJECTIONS_READY_MODELS_CLAIM_H
#define PROJECTIONS_READY_MODELS_CLAIM_H

#include "projections/fold/fold.h"

#define MODELS_RUNTIME_MAX 512
#define MODELS_DIGEST_MAX  128
struct models_claim {
    struct bytes step, model, digest, manifest;
    struct bytes runtime; /* in `own`, or the event's */
    bool remote;
    char own[MODELS_RUNTIME_MAX];
};

/* Texts borrow from the event and from *ret. */
void models_read_claim(const struct fold *fold, struct models_claim *ret);
/* What an event of another family that uses a model says about it: `model`, `digest` and `runtime` in the form of keys
 * here. The manifest is empty. */
void models_read_use(const struct fold *fold, struct models_claim *ret);
bool models_is_digest(struct bytes text);

#endif
