/* Models by what they are made of. The key is the digest of the weights, or, as long as nobody has said which weights a
 * manifest has, that of the manifest, or, where nobody has told either, the name: what was seen is there, and says what its
 * key is. Names (tags and aliases too),
 * manifests and runtimes are claims that lead to it, each said by some event and each moved by the next that says
 * otherwise.
 *
 *   model_names       runtime, model  ──>  digest, or as long as nobody said it, manifest_digest
 *   model_manifests   manifest_digest ──>  digest
 *   model_claims      digest or name  ──>  the names that lead there, hold it in memory or are it: to ask backwards
 *   model_known       name or digest  ──>  did somebody tell what the name leads to? Then it is listed as that
 *   models            digest or name  ──>  what is known of the weights
 *   model_speeds      what was measured of how fast it runs here
 *
 * What is seen of a model goes by the time of who saw it (decision 080): a look of last year that is imported today neither
 * moves a name nor takes a model away. That a model is declared is somebody's decision, and goes by the order of the log;
 * which weights a manifest has does not change with time.
 *
 * A runtime's part of the key is its word for itself; one that answers at an address on another machine is another one:
 * "ollama@gpu2:11434". A name that nobody's runtime says (an alias, a manifest's wish) has the runtime "". */
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

/* An event of another family that names a model: its row knows that it was named so; where there is none yet it is
 * "unregistered". */
int models_take_mention(struct fold *fold, struct err *err);
/* The name led somewhere or not, and does or does not now, in one runtime. */
int models_take_lead(struct fold *fold, struct bytes name, bool led, bool leads, struct err *err);
/* Did anybody tell what the name leads to? */
int models_is_known(struct fold *fold, struct bytes name, bool *ret, struct err *err);
/* The row of `key`, if it is not a registered model, is the same as `row`, and gone. `row` NULL: only gone. */
int models_absorb(struct fold *fold, struct bytes key, struct row *row, struct err *err);
/* The same of a name that was told without its ":latest". */
int models_absorb_latest(struct fold *fold, struct bytes name, struct row *row, struct err *err);
/* Adds a text to a CELL_LIST column, once; a list that has `max` stays as it is. */
int models_add_text(struct row *row, size_t column, struct bytes text, uint32_t max, struct err *err);
#define MODELS_FAMILIES_MAX 16
#define MODELS_TOLD_MAX     16 /* digests that were told with one name */

/* model_names and models as they are judged. */
int models_judge(struct state_view *view, struct row *row, struct err *err);
int models_judge_name(struct state_view *view, struct row *row, struct err *err);

/* ---- asking for weights ---- */

struct models_weights {
    char digest[MODELS_DIGEST_MAX]; /* NUL-terminated; empty: nobody knows */
    bool seen;                      /* the name is there in some runtime */
    bool removed;                   /* it was, and is not any more */
    bool differs;                   /* the runtimes that have it disagree */
    bool remote;                    /* one that has it has it as a remote service */
    bool wanted;                    /* no runtime ever had it: a manifest says what it is to be */
    struct reason reason;           /* in words when nobody knows; cites what decided in any case */
};

/* The weights that a digest means: itself, or those of the manifest that it is known to be of. ret has room for
 * MODELS_DIGEST_MAX bytes; a longer one gives an empty text. */
int models_digest(struct state_view *view, struct bytes digest, char *ret, struct err *err);
/* The weights that a name leads to now. Runtime "": in any runtime; then all that have the name must agree. With `pinned`
 * (a digest; empty: none) it is enough that one of them leads there. A name without ':' is also looked for with ":latest".
 */
int models_resolve(struct state_view *view, struct bytes runtime, struct bytes model, struct bytes pinned,
                   struct models_weights *ret, struct err *err);

/* Whether weights are on this machine, as far as anybody told. */
struct models_place {
    bool present; /* a name that a runtime has leads there */
    bool local;   /* and not only as a remote service */
    bool loaded;  /* they are held in memory */
    bool gone;    /* they were there, or some name led there, and nothing of the above is so any more */
    int64_t left; /* the event that took the last name away, or the weights themselves; 0: there is none */
    int64_t left_at;
    struct reason reason; /* cites the names that lead there and, when they are gone, what took them away */
};
/* `digest`: of weights, or of a manifest whose weights nobody knows. */
int models_place(struct state_view *view, struct bytes digest, struct models_place *ret, struct err *err);

/* The length of the context into this column, when nothing is there yet: of the file's own numbers, which have it under the
 * name of the architecture, "llama.context_length". */
void models_context(struct fold *fold, struct row *row, size_t column);

#endif
