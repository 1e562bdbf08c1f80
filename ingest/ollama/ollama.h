/* The source "ollama": an ollama server, its store on disk, and saved answers. docs/ingest.md describes its events.
 *
 * Two lists are compared, from any of the three: models (by name) and loaded models. What ollama calls a model's digest is
 * that of its manifest; the digest of the weights is only in the manifest or in /api/show. */
#ifndef INGEST_OLLAMA_OLLAMA_H
#define INGEST_OLLAMA_OLLAMA_H

#include "base/answer/member.h"
#include "base/hash.h"
#include "base/mp.h"
#include "base/mp_map.h"
#include "ingest/driver/intake.h"
#include "ingest/input/model_name.h"
#include "ingest/input/original.h"

#define OLLAMA_URL        "http://127.0.0.1:11434"
#define OLLAMA_DOC_MAX    ((size_t)4 << 20) /* of one JSON document or line */
#define OLLAMA_VALUES_MAX ((size_t)150000)  /* values in it: a parsed one takes some hundred bytes */
#define OLLAMA_MP_MAX     (3 * OLLAMA_DOC_MAX)
#define OLLAMA_NAME_MAX   MODEL_NAME_MAX
#define OLLAMA_MODELS_MAX 2048 /* in one list */
#define OLLAMA_LAYERS_MAX 64   /* of a manifest that are listed */
#define OLLAMA_BODY_MAX   ((size_t)1 << 20)
#define OLLAMA_NAME       "ollama"

struct ollama_digest {
    bool there;
    uint8_t sha256[HASH_LEN];
};

/* A model of a list, or a manifest. Views borrow from the answer. */
struct ollama_model {
    struct bytes name;
    struct ollama_digest manifest, weights;
    uint8_t content[HASH_LEN]; /* digest of the whole entry */
    /* Words that may be open; empty when absent or not a word. */
    struct bytes format, family, parameters, quantization, parent, remote_host, remote_model;
    struct bytes families, capabilities, layers; /* canonical arrays */
    uint64_t bytes, context_length, embedding_length;
    uint64_t modified_at; /* ns, or MEMBER_NONE */
    bool remote;          /* the name stands for a remote service */
    bool made;            /* created here from another model, not fetched */
    struct bytes raw;     /* canonical map: the original entry */
    struct bytes path;
    bool copied; /* set by the diff: another name has the same manifest */
};

struct ollama_loaded {
    struct bytes name;
    struct ollama_digest manifest;
    uint8_t content[HASH_LEN]; /* digest of the values that do not change while it is loaded */
    uint64_t bytes, vram_bytes, context_length, expires;
    struct bytes raw;
};

/* ---- answers (answer.c) ---- */

enum ollama_form {
    OLLAMA_UNKNOWN,
    OLLAMA_VERSION,
    OLLAMA_STATUS,
    OLLAMA_TAGS,
    OLLAMA_PS,
    OLLAMA_EMPTY_LIST, /* of models or of loaded models */
    OLLAMA_SHOW,
    OLLAMA_GENERATE,
    OLLAMA_CHAT,
    OLLAMA_EMBED,
    OLLAMA_PROGRESS, /* of a pull, a push or a creation */
    OLLAMA_ERROR
};

/* One JSON object of at most OLLAMA_DOC_MAX bytes and OLLAMA_VALUES_MAX values, appended as a canonical map. ERR_INVALID,
 * ERR_LIMIT. */
int ollama_parse(struct bytes text, struct buf *out, struct err *err);
enum ollama_form ollama_classify(struct bytes map);

/* 64 hex digits in any case, with "sha256:", "sha256-" or nothing before them. */
struct ollama_digest ollama_digest_of(struct bytes text);
/* The layers and the configuration of a manifest, if it has them: objects with a digest and optionally a size; the
 * configuration's digest may be empty. ERR_INVALID names the entry and what is expected. */
int ollama_check_manifest(struct bytes manifest, struct err *err);

/* One entry of a list; ERR_INVALID. */
int ollama_model_read(struct bytes entry, struct ollama_model *ret, struct err *err);
int ollama_loaded_read(struct bytes entry, struct ollama_loaded *ret, struct err *err);
/* Parts of it: what is under "details", and whether and where it is remote. */
void ollama_model_details(struct bytes details, struct ollama_model *model);
void ollama_model_remote(struct bytes map, struct ollama_model *model);

/* Both lists. */
struct ollama_lists {
    bool has_models, has_loaded;
    bool cut_models, cut_loaded; /* some entries could not be read: absence proves nothing */
    size_t n_models, n_loaded, cap_models, cap_loaded;
    struct ollama_model *models;
    struct ollama_loaded *loaded;
};
void ollama_lists_done(struct ollama_lists *lists);
/* Room for one more, zeroed; NULL when out of memory, or past OLLAMA_MODELS_MAX. */
struct ollama_model *ollama_lists_model(struct ollama_lists *lists);
/* Reads the answer of /api/tags or /api/ps (`form`). Bad entries are rejected alone, at `place`. ERR_NOMEM, INTAKE_STOP. */
int ollama_lists_read(struct ollama_lists *lists, enum ollama_form form, struct bytes map, struct intake *run,
                      const struct ingest_place *place, struct err *err);

/* ---- the last look (state.c) ---- */

#define OLLAMA_PAGES 64
#define OLLAMA_SHORT 8 /* bytes of a digest that only detects changes */

/* A model at the last look. */
struct ollama_seen {
    char name[OLLAMA_NAME_MAX + 1];
    struct ollama_digest manifest, weights, load_manifest;
    bool listed, shown, loaded;
    uint64_t listed_gen, loaded_gen; /* generation of the events that recorded it */
    uint8_t entry[OLLAMA_SHORT], load[OLLAMA_SHORT];
    bool found_listed, found_loaded; /* by the current look */
};

/* Models are spread over pages by their names, because a cursor holds 4 KiB. A page is stored in the same commit as the
 * events that changed it. Its generation grows with each such commit and is in the events' keys: a repeated change is
 * another event, one offered again after a crash is the same. */
struct ollama_page {
    uint64_t gen;
    size_t n;
    struct ollama_seen *seen; /* by name */
};

struct ollama_runtime {
    bool known, reachable;
    bool looked; /* the list of models has been seen whole: a model not in it is new */
    int cloud;   /* 1, 0, or -1: unknown */
    unsigned status;
    char error[16];
    char version[64];
    uint64_t gen;
};

struct ollama_state {
    char id[33]; /* hex; names the cursors */
    struct ollama_runtime runtime;
    struct ollama_page pages[OLLAMA_PAGES];
    int lock; /* descriptor (lock_wait), or -1; released by ollama_state_done */
};

/* An empty state for `what` (a base URL, a directory). */
void ollama_state_init(struct ollama_state *state, const char *what);
void ollama_state_done(struct ollama_state *state);
/* From the ledger's cursors. ERR_CORRUPT when one does not parse. */
int ollama_state_load(struct ollama_state *state, struct intake *run, struct err *err);
/* Each stores its cursor with what has been added so far, and commits that. */
int ollama_state_put_page(const struct ollama_state *state, size_t page, struct intake *run, struct err *err);
int ollama_state_put_runtime(const struct ollama_state *state, struct intake *run, struct err *err);
/* After a comparison: remembers that the list of models has been seen whole. */
int ollama_state_put_looked(struct ollama_state *state, const struct ollama_lists *lists, struct intake *run,
                            struct err *err);
size_t ollama_state_page(struct bytes name);
/* NULL when it is absent. */
struct ollama_seen *ollama_state_find(struct ollama_page *page, struct bytes name);
/* Adds a name. ERR_LIMIT when the page would not fit into its cursor. */
int ollama_state_add(struct ollama_page *page, struct bytes name, struct ollama_seen **ret, struct err *err);
/* The page has room for one more digest. */
bool ollama_state_has_room(const struct ollama_page *page);
/* Drops models that are neither listed nor loaded. */
void ollama_state_prune(struct ollama_page *page);
/* Cursors "ingest/ollama/<id>/<name>". */
int ollama_cursor_get(struct intake *run, const char *id, const char *name, struct buf *out, bool *ret_there,
                      struct err *err);
int ollama_cursor_put(struct intake *run, const char *id, const char *name, struct bytes value, struct err *err);

/* ---- events (event.c) ---- */

/* Who reports, and the place in the input. */
struct ollama_view {
    struct intake *run;
    const char *endpoint;                    /* NULL: unknown */
    char subject[96];                        /* of runtime events */
    uint8_t id[HASH_LEN];                    /* of the server, the store, or of saved answers as such */
    bool saved;                              /* saved answers: no generations, keys follow from the answers alone */
    uint8_t before[HASH_LEN], now[HASH_LEN]; /* of saved answers: digests of the list before and of this one */
    const char *grade;                       /* of the events of a list */
    struct ingest_place place;
};
void ollama_view_init(struct ollama_view *view, struct intake *run, const char *endpoint, const char *what);

/* What goes into a key: "<what>:" and 32 hex digits over it. */
struct ollama_key {
    const char *what;
    uint64_t gen; /* of a change; 0 for what follows from its content alone */
    bool change;  /* with saved answers, the previous answer is part of the key too */
    struct bytes name;
    struct bytes content;
};
/* Adds an event; `open` and `private_` may be NULL. */
struct ollama_event {
    const char *kind, *subject, *grade; /* grade NULL: reported */
    struct ollama_key key;
    struct mp_map *open, *private_;
    uint64_t at;
};
int ollama_event_add(const struct ollama_view *view, const struct ollama_event *event, struct err *err);
/* Most events: a subject of a prefix and the key's name, and both maps. */
struct ollama_draft {
    char subject[OLLAMA_NAME_MAX + 16];
    struct mp_map open, private_;
    struct ollama_event event;
};
/* Begins with the runtime and, unless `view` is NULL, the address. */
void ollama_draft_init(struct ollama_draft *draft, const struct ollama_view *view, const char *kind, const char *prefix,
                       struct ollama_key key);
/* Adds the event and frees the maps. */
int ollama_draft_add(struct ollama_draft *draft, const struct ollama_view *view, struct err *err);
void ollama_put_digest(struct mp_map *fields, const char *name, const struct ollama_digest *digest);
void ollama_put_number(struct mp_map *fields, const char *name, uint64_t value);

int ollama_event_observed(const struct ollama_view *view, const struct ollama_model *model, uint64_t gen, struct err *err);
int ollama_event_pulled(const struct ollama_view *view, const struct ollama_model *model, uint64_t gen, struct err *err);
int ollama_event_removed(const struct ollama_view *view, const struct ollama_seen *seen, uint64_t gen, struct err *err);
/* `before` NULL: the name is new. */
int ollama_event_alias(const struct ollama_view *view, const struct ollama_model *model, const struct ollama_seen *before,
                       uint64_t gen, struct err *err);
int ollama_event_loaded(const struct ollama_view *view, const struct ollama_loaded *loaded,
                        const struct ollama_digest *weights, uint64_t gen, struct err *err);
int ollama_event_unloaded(const struct ollama_view *view, const struct ollama_seen *seen, uint64_t gen, struct err *err);
/* One file of weights. */
struct ollama_identity {
    struct ollama_digest weights, manifest, template_;
    struct bytes name, format, quantization, architecture, license, base;
    struct bytes metadata; /* canonical map */
    uint64_t bytes, tensors;
    struct bytes path, raw;
    const char *grade;
};
int ollama_event_identified(const struct ollama_view *view, const struct ollama_identity *identity, struct err *err);
int ollama_event_runtime(const struct ollama_view *view, const struct ollama_runtime *runtime, struct bytes raw,
                         struct err *err);
int ollama_event_version(const struct ollama_view *view, const char *before, const struct ollama_runtime *now,
                         struct err *err);
int ollama_event_unreachable(const struct ollama_view *view, const struct ollama_runtime *runtime, const char *detail,
                             struct err *err);

/* ---- comparing (diff.c) ---- */

/* Asks for a model's weights, which a list does not have. *ret_shown: there is no need to ask again. */
struct ollama_asker {
    void *ctx;
    int (*ask)(void *ctx, struct ollama_model *model, bool *ret_shown, struct err *err);
};
/* Adds the events of all differences from `state`, and updates it; commits page by page unless the answers are saved ones.
 * `asker` may be NULL. A model that does not fit into the state is rejected. 0, INTAKE_STOP or an error. */
int ollama_diff(const struct ollama_view *view, struct ollama_state *state, struct ollama_lists *lists,
                const struct ollama_asker *asker, struct err *err);

/* ---- one model's own answer (show.c) ---- */

/* The weights and their details; `name` may be empty when the answer contains it. ERR_INVALID when neither a digest of the
 * weights nor a name identifies the model. */
int ollama_show_read(struct bytes map, struct bytes name, struct ollama_identity *ret, struct buf *scratch,
                     struct err *err);

/* The details of a model by name. */
void ollama_show_model(struct bytes map, struct bytes name, struct ollama_model *ret);

/* ---- files (capture.c) and streams (stream.c) ---- */

int ollama_capture_read(struct intake *run, const char *const *paths, size_t n, struct err *err);

struct ollama_stream;
struct ollama_stream *ollama_stream_new(const struct ollama_view *view); /* NULL when out of memory; borrows the view */
void ollama_stream_free(struct ollama_stream *stream);
/* Takes one piece of a streamed answer. */
int ollama_stream_take(struct ollama_stream *stream, enum ollama_form form, struct bytes map, struct err *err);
/* The input ended, or another answer begins: an open one broke off. */
int ollama_stream_end(struct ollama_stream *stream, struct err *err);

/* ---- the store (store.c, blob.c) ---- */

/* With `lists_too` the manifests are compared with the last look; otherwise they only identify weights. */
int ollama_store_read(struct intake *run, const char *dir, bool lists_too, struct err *err);

struct ollama_blobs;
int ollama_blobs_new(const struct ollama_view *view, const char *dir, const char *id, struct ollama_blobs **ret,
                     struct err *err);
void ollama_blobs_free(struct ollama_blobs *blobs);
/* Checks the file of a digest: that it exists, has the manifest's size (MEMBER_NONE: unknown), and, with --verify, has this
 * digest. *ret_hashed: it was hashed, now or before, and matches. A fault is an event and a rejection. 0, INTAKE_STOP or an
 * error. */
int ollama_blobs_check(struct ollama_blobs *blobs, const struct ollama_digest *digest, uint64_t bytes, bool *ret_hashed,
                       struct err *err);
/* The content of a small file, after checking its digest. ERR_NOTFOUND, ERR_LIMIT, ERR_TAMPERED. */
int ollama_blobs_content(struct ollama_blobs *blobs, const struct ollama_digest *digest, struct buf *out, struct err *err);
/* Stores the results. */
int ollama_blobs_end(struct ollama_blobs *blobs, struct err *err);

/* The source's function. */
int ollama_read(struct intake *run, struct err *err);

#endif
