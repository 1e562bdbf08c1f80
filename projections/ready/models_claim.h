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
/* The name under which a runtime's events are known: what serves on this machine where Ollama does by itself is "ollama", on another
 * port "ollama@127.0.0.1:PORT", however its address is written; a server that speaks OpenAI's protocol has no port of its own, and is
 * "openai@127.0.0.1:PORT". Borrows from `runtime` or `room`. */
struct bytes models_runtime(struct bytes runtime, char room[MODELS_RUNTIME_MAX]);
/* The same of a runtime's own name and the address that it has. */
struct bytes models_runtime_at(struct bytes runtime, struct bytes endpoint, char room[MODELS_RUNTIME_MAX]);
/* "ollama", "openai": several of one machine are told apart by their ports. */
bool models_is_family(struct bytes runtime);
/* Is it of this family and this machine, on whatever port? */
bool models_is_local(struct bytes runtime, struct bytes family);
/* The same of any family. */
bool models_is_here(struct bytes runtime);
bool models_is_digest(struct bytes text);

#endif
