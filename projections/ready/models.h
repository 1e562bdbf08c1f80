/* Models by their content. The key is the digest of the weights or, while the weights of a manifest are unknown, that of
 * the manifest or, without either, the name: whatever was observed has a row, which states what its key is. Names (tags and
 * aliases too), manifests and runtimes are claims that lead to it, each made by an event and changed by the next event that
 * contradicts it.
 *
 *   model_names       runtime, model  ──>  digest, or as long as nobody said it, manifest_digest
 *   model_manifests   manifest_digest ──>  digest
 *   model_claims      digest or name  ──>  the names that lead there, hold it in memory or are it: to ask backwards
 *   model_known       name or digest  ──>  did somebody tell what the name leads to? Then it is listed as that
 *   models            digest or name  ──>  what is known of the weights
 *   model_speeds      what was measured of how fast it runs here
 *
 * Observations of a model are ordered by the observer's time (decision 080): an observation of last year that is imported
 * today neither moves a name nor removes a model. A declaration is a decision and is ordered by the log; the weights of a
 * manifest do not change with time.
 *
 * A runtime's part of the key is its name for itself; on another machine it includes the address: "ollama@gpu2:11434"; so does
 * an Ollama of this machine on another port than its own: "ollama@127.0.0.1:8080". Who names "ollama" means the one on its own
 * port or, where that does not have the model, those on other ports. A name that no runtime gave (an alias, a manifest's declaration) has the runtime "". */
#ifndef PROJECTIONS_READY_MODELS_H
#define PROJECTIONS_READY_MODELS_H

#include "projections/ready/models_claim.h"
#include "projections/view/reason.h"
#include "projections/view/state.h"

enum { MODELS, MODEL_NAMES, MODEL_MANIFESTS, MODEL_CLAIMS, MODEL_SPEEDS, MODEL_KNOWN, MODELS_TABLES };

enum {
    MODEL_DIGEST,
    MODEL_STATE,
    MODEL_DIGEST_OF,
    MODEL_STEP,
    MODEL_NAME,
    MODEL_ROLE,
    MODEL_PACK,
    MODEL_FORMAT,
    MODEL_QUANTIZATION,
    MODEL_BYTES,
    MODEL_ARCHITECTURE,
    MODEL_PARAMETERS,
    MODEL_CONTEXT_LENGTH,
    MODEL_LICENSE,
    MODEL_PUBLISHER,
    MODEL_REPO,
    MODEL_REVISION,
    MODEL_VERIFIED,
    MODEL_MANIFEST_LIST,
    MODEL_NAMED,
    MODEL_KNOWN_BY,
    MODEL_LEFT_AT,
    MODEL_LEFT_SEQ,
    MODEL_TOLD_AT,
    MODEL_LATE,
    MODEL_NAME_LIST,
    MODEL_ROUTES,
    MODEL_PROVEN_BY,
    MODEL_PRIORITY,
    MODEL_QUOTA,
    MODEL_ROLE_SEQ,
    MODEL_BASE
};

enum {
    NAME_RUNTIME,
    NAME_MODEL,
    NAME_STATE,
    NAME_DIGEST,
    NAME_MANIFEST,
    NAME_DIGEST_BEFORE,
    NAME_MOVED,
    NAME_MOVED_AT,
    NAME_MOVED_SEQ,
    NAME_REMOTE,
    NAME_ENDPOINT,
    NAME_BYTES,
    NAME_LOADED,
    NAME_LOADED_AT,
    NAME_LOADED_DIGEST,
    NAME_TARGET,
    NAME_VERSION,
    NAME_TOLD_AT,
    NAME_LATE,
    NAME_BASE
};

enum { MANIFEST_KEY, MANIFEST_DIGEST, MANIFEST_DIGEST_BEFORE, MANIFEST_BASE };
enum { CLAIM_OF, CLAIM_MODEL, CLAIM_RUNTIME, CLAIM_SEQ };
enum { KNOWN_MODEL, KNOWN_LEADS, KNOWN_DIGESTS, KNOWN_NOTED };

/* eval.benchmarked, and the columns of the table that it fills (models_speed.c). */
#define MODELS_SPEED_COLUMNS 13
extern const struct state_column models_speed_columns[];
int models_take_speed(struct fold *fold, struct err *err);

/* ---- models that are named and not registered (models_named.c) ---- */

/* An event of another family names a model: its row records that; if there is no row yet, it is created as
 * "unregistered". */
int models_take_mention(struct fold *fold, struct err *err);
/* `led`, `leads`: whether the name led somewhere in one runtime before this event, and does after it. */
int models_take_lead(struct fold *fold, struct bytes name, bool led, bool leads, struct err *err);
/* Is it known what the name leads to? */
int models_is_known(struct fold *fold, struct bytes name, bool *ret, struct err *err);
/* Merges the row of `key`, unless it is a registered model, into `row`, with its role, and deletes it. `row` NULL: only deletes it. */
int models_absorb(struct fold *fold, struct bytes key, struct row *row, struct err *err);
/* The same for a name given without its ":latest". */
int models_absorb_latest(struct fold *fold, struct bytes name, struct row *row, struct err *err);
/* Adds a text to a CELL_LIST column, once; a list of `max` items stays as it is. */
int models_add_text(struct row *row, size_t column, struct bytes text, uint32_t max, struct err *err);
#define MODELS_FAMILIES_MAX 16
#define MODELS_TOLD_MAX     16 /* digests recorded with one name */

/* model_names and models as they are judged. */
int models_judge(struct state_view *view, struct row *row, struct err *err);
int models_judge_name(struct state_view *view, struct row *row, struct err *err);

/* ---- asking for weights ---- */

struct models_weights {
    char digest[MODELS_DIGEST_MAX]; /* NUL-terminated; empty: unknown */
    bool seen;                      /* some runtime has the name */
    bool removed;                   /* a runtime had it and has it no more */
    bool differs;                   /* runtimes that have it disagree */
    bool remote;                    /* some runtime has it as a remote service */
    bool wanted;                    /* no runtime ever had it: only a manifest declares it */
    struct reason reason;           /* in words when unknown; in any case cites what decided */
};

/* The weights that a digest stands for: itself, or those of the manifest it is known to name. ret has room for
 * MODELS_DIGEST_MAX bytes; a longer digest gives an empty text. */
int models_digest(struct state_view *view, struct bytes digest, char *ret, struct err *err);
/* The weights that a name leads to now. Runtime "": in any runtime; then all that have the name must agree. With `pinned`
 * (a digest; empty: none) one that leads there is enough. A name without ':' is also looked up with ":latest".
 * */
int models_resolve(struct state_view *view, struct bytes runtime, struct bytes model, struct bytes pinned,
                   struct models_weights *ret, struct err *err);

/* Whether weights are on this machine, as far as is known. */
struct models_place {
    bool present; /* a name in some runtime leads there */
    bool local;   /* not only as a remote service */
    bool loaded;  /* they are held in memory */
    bool gone;    /* they or a name for them existed, and none of the above holds now */
    int64_t left; /* the event that removed the last name, or the weights; 0: none */
    int64_t left_at;
    struct reason reason; /* cites the names that lead there and, when gone, what removed them */
};
/* `digest`: of weights, or of a manifest whose weights are unknown. */
int models_place(struct state_view *view, struct bytes digest, struct models_place *ret, struct err *err);

/* Sets this column to the context length, if it is empty, from the file's own numbers, which list it under the
 * architecture: "llama.context_length". */
void models_context(struct fold *fold, struct row *row, size_t column);

#endif
