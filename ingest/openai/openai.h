/* The source "openai": a server with OpenAI's interface, and answers that were saved. docs/ingest.md describes its events. */
#ifndef INGEST_OPENAI_OPENAI_H
#define INGEST_OPENAI_OPENAI_H

#include "base/answer/served.h"
#include "base/hash.h"
#include "base/mp_map.h"
#include "ingest/driver/intake.h"
#include "ingest/driver/seen.h"
#include "ingest/driver/server.h"

#define OPENAI_DOC_MAX      ((size_t)4 << 20) /* of one answer */
#define OPENAI_VALUES_MAX   ((size_t)150000)  /* values in it */
#define OPENAI_MP_MAX       (3 * OPENAI_DOC_MAX)
#define OPENAI_BODY_MAX     ((size_t)1 << 20)
#define OPENAI_MODELS_MAX   2048
#define OPENAI_PATH_MAX     ((size_t)4096)
#define OPENAI_COUNTERS_MAX 24
#define OPENAI_COUNTER_NAME 80

struct openai_model {
    struct bytes name; /* fit for headers: of a path its last part */
    struct bytes path; /* the id, if it is a path */
    struct bytes format, family, parameters, quantization, parent;
    uint64_t bytes, context_length, embedding_length; /* MEMBER_NONE: not stated */
    uint64_t params;                                  /* how many, where `parameters` is not stated */
    uint64_t loaded_context;
    bool chat, embeds, vision, tools;
    enum seen_is loaded;
    struct bytes raw; /* without what changes from answer to answer */
};

struct openai_counter {
    char name[OPENAI_COUNTER_NAME];
    double value; /* over all labels */
};

/* What a look, or a file, says of a server. Views borrow from the answers. */
struct openai_facts {
    const struct served_server *server;
    char version[SERVED_WORD], build[SERVED_WORD], status[SERVED_WORD]; /* "": not stated */
    uint64_t slots;                                                     /* MEMBER_NONE */
    uint64_t context;                                                   /* of each slot */
    struct bytes model_path, raw;
    bool has_config;
    uint8_t config[HASH_LEN];
    double started; /* by its metrics, seconds since 1970; 0: not stated */
    size_t n_counters;
    struct openai_counter counters[OPENAI_COUNTERS_MAX];
    bool has_models, cut; /* cut: an entry could not be read, so that absence proves nothing */
    size_t n_models, cap_models;
    struct openai_model *models;
};
void openai_facts_init(struct openai_facts *facts);
void openai_facts_done(struct openai_facts *facts);

/* ---- answers (read.c, model.c) ---- */

/* One JSON value of at most OPENAI_DOC_MAX bytes, appended as a canonical item. ERR_INVALID, ERR_LIMIT. */
int openai_parse(struct bytes text, struct buf *out, struct err *err);

/* Reads a list. Bad entries are rejected alone, at `place`. ERR_NOMEM, INTAKE_STOP. */
int openai_read_models(struct openai_facts *facts, enum served_form form, struct bytes map, struct intake *run,
                       const struct ingest_place *place, struct err *err);
/* One entry. ERR_INVALID. */
int openai_model_read(enum served_form form, const struct served_server *server, struct bytes entry,
                      struct openai_model *ret, struct err *err);
void openai_read_props(struct openai_facts *facts, struct bytes map);
void openai_read_slots(struct openai_facts *facts, struct bytes array);
/* Counters and the time of start; `server` is set when it is not known and the names say it. Lines that are none are rejected, at
 * `place`, unless the first is one: then it is another text. *ret_n: how many samples there are. */
int openai_read_metrics(struct openai_facts *facts, struct bytes text, struct intake *run, const struct ingest_place *place,
                        size_t *ret_n, struct err *err);

/* ---- events (event.c) ---- */

struct openai_view {
    struct intake *run;
    const char *endpoint; /* NULL: saved answers */
    uint8_t id[HASH_LEN]; /* of the endpoint, or of saved answers as such */
    struct ingest_place place;
};
void openai_view_init(struct openai_view *view, struct intake *run, const char *endpoint);

/* Model events: the side 0 is that it is listed, 1 that it is loaded. */
int openai_event_model(const struct openai_view *view, const struct served_server *server, const struct openai_model *model,
                       unsigned side, uint64_t gen, struct err *err);
int openai_event_gone(const struct openai_view *view, const struct served_server *server, const char *name, unsigned side,
                      uint64_t gen, struct err *err);
void openai_model_digest(const struct openai_model *model, unsigned side, uint8_t ret[SEEN_DIGEST]);

int openai_event_observed(const struct openai_view *view, const struct openai_facts *facts, uint64_t gen, struct err *err);
struct openai_changed {
    const char *what; /* version, build, config, restart */
    const char *version, *version_before;
    const uint8_t *digest, *digest_before;
};
int openai_event_changed(const struct openai_view *view, const struct served_server *server,
                         const struct openai_changed *changed, uint64_t gen, struct err *err);
int openai_event_unreachable(const struct openai_view *view, const struct served_server *server, const char *error,
                             unsigned http_status, const char *detail, uint64_t gen, struct err *err);
int openai_event_reset(const struct openai_view *view, const struct openai_counter *before,
                       const struct openai_counter *after, uint64_t gen, struct err *err);
/* A saved completion (call.c). */
int openai_event_call(const struct openai_view *view, struct bytes map, struct err *err);

/* An event with a key over who said it, the subject and the content; frees the maps. */
struct openai_draft {
    char kind[32], subject[SEEN_NAME_MAX + 32], key_word[24];
    const char *grade; /* NULL: reported */
    uint64_t gen, at;
    struct mp_map open, private_;
};
void openai_draft_init(struct openai_draft *draft, const struct openai_view *view, const struct served_server *server,
                       const char *kind, const char *family, struct bytes name, uint64_t gen);
int openai_draft_add(struct openai_draft *draft, const struct openai_view *view, struct err *err);

/* ---- the last look (diff.c) ---- */

struct openai_last {
    const struct served_server *server; /* NULL: nothing is known */
    bool reachable;
    char error[16];
    unsigned http_status;
    uint64_t gen;
    struct openai_facts facts; /* without models and views */
};
int openai_last_load(struct openai_last *last, struct seen *seen, struct err *err);
/* Events of what differs, each with what is remembered in one commit. `server` has what was asked; with a fault, `facts` has
 * nothing but a server, if it is known. */
int openai_compare(const struct openai_view *view, struct seen *seen, const struct server *server,
                   struct openai_facts *facts, struct err *err);

/* ---- a server (look.c) and files (saved.c) ---- */

int openai_look(struct intake *run, const char *url, struct err *err);
int openai_saved_read(struct intake *run, const char *const *paths, size_t n, struct err *err);

int openai_read(struct intake *run, struct err *err);

#endif
