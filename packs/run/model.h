/* A step that asks a model: where the model is, what it is asked, what it answered. The endpoint is that of the ledger's
 * configuration. */
#ifndef PACKS_RUN_MODEL_H
#define PACKS_RUN_MODEL_H

#include "ledger/core/config.h"
#include "packs/run/running.h"
#include "work/model.h"

#define MODEL_TEXT_MAX ((size_t)4 << 20) /* bytes of a prompt */

struct model {
    struct running *run;
    const struct manifest_step *step;
    const struct manifest_route *route;
    size_t index;   /* of the step */
    uint64_t began; /* ns */
    struct config config;
    char name[WORK_MODEL_NAME_MAX];
    struct work_model *endpoint;
    struct work_place place;
    char egress[WORK_HOST_MAX + 16]; /* "host:port" where a call leaves the box; empty */
    struct work_identity identity;
    struct buf prompt;
    uint8_t prompt_digest[HASH_LEN];
    struct work_model_result result;
};

/* Why a model does not serve, as a word for route.fell_back. */
struct model_fault {
    const char *reason; /* "offline", "policy", "timeout", "overload", "error" */
    char words[RUN_WORDS];
};

/* Finds the endpoint and the model's name, and writes the prompt; asks nobody but for the host's address. 1: it cannot serve;
 * `fault` says why. Done with model_done, also after a failure. */
int model_prepare(struct model *model, struct running *run, size_t index, const struct manifest_route *route,
                  struct model_fault *fault, struct err *err);
void model_done(struct model *model);
/* Asks an endpoint on this box which weights the route's model has now: their digest, or that of their manifest. False: it says
 * nothing of them, cannot be reached, or is elsewhere, where nothing is sent without permission. */
bool model_measure(struct running *run, const struct manifest_route *route, char ret[WORK_DIGEST_TEXT]);
/* What the endpoint says of the model, held against what the route demands: digest, family, context; and against the weights
 * that it was chosen with (empty: they do not matter). 1: as above. */
int model_identify(struct model *model, const char *chosen, struct model_fault *fault, struct err *err);
/* Asks. 1: as above; model->result says how far it came, in any case. */
int model_ask(struct model *model, struct model_fault *fault, struct err *err);
/* Whether the run has used more than its configuration allows it, now; how much in `ret`, which may be NULL. What is left is known
 * to the server before it answers, but not how long a prompt is: the call that goes beyond it still counts. */
bool model_over(const struct model *model, char ret[RUN_WORDS]);
/* Keeps the answer as the step's output. */
int model_keep(struct model *model, struct err *err);
/* The operation, as run.model_called names it. */
enum work_operation model_operation(const struct model *model);

#endif
