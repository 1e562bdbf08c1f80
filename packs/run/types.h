/* What a run is asked for, and how it and its steps ended. */
#ifndef PACKS_RUN_TYPES_H
#define PACKS_RUN_TYPES_H

#include "packs/run/place.h"
#include "projections/view/decision.h"

#define RUN_WORDS 512

enum run_status { RUN_WAITING, RUN_OK, RUN_FAILED, RUN_REFUSED, RUN_SKIPPED };
const char *run_status_name(enum run_status status); /* "waiting", "ok", "error", "refused", "skipped" */

/* A step begins or has ended, for whoever watches. Borrowed during the call. */
struct run_told {
    bool ended;
    size_t number, of; /* from 1 */
    struct bytes step, route;
    enum run_status status;
    uint64_t ns;
    const char *why;     /* may be empty */
    const char *note;    /* of one that went well: that it ran on a fallback; may be empty */
    struct bytes served; /* the route that served it; empty: none did */
    const char *digest;  /* of the program or the weights that did, as they were measured; may be empty */
};

/* A part of a pack, for who measures it: the steps on this route, those that make these outputs, and what they need. The others are
 * skipped, and all outputs that were made are delivered. */
struct run_part {
    const char *route; /* NULL: none */
    const struct bytes *outputs;
    size_t outputs_n;
};

struct run_options {
    struct ledger *ledger;
    const char *pack;
    const char *const *words; /* NAME=VALUE */
    size_t words_n;
    const char *workspace;        /* the directory that relative paths and scopes are about */
    const char *out;              /* where the artifacts go: a directory that does not exist; NULL: WORKSPACE/PACK-ID */
    const char *actor, *session;  /* session: NULL: none */
    bool demo;                    /* what nobody proved may run, and what is not permitted is left out */
    bool unconfined;              /* without bubblewrap */
    const char *dpkg_dir;         /* the admin directory of dpkg; NULL: none */
    const char *trust;            /* the user's trust file, which no step is given; NULL: none */
    const char *user;             /* of steps, when root runs them; NULL: WORK_USER */
    const char *id;               /* of the run: 32 hex digits, which no run has had; NULL: new ones */
    const char *const *tripcodes; /* ids, for the steps of T3 in their order */
    size_t tripcodes_n;
    const struct run_part *part; /* NULL: all of it */
    bool scratch;                /* what is delivered is read and removed: it need not last */
    struct work_host *host;      /* what confines its steps, shared by runs at the same time; NULL: one of its own */
    struct program_cache *seen;  /* digests of programs for its decisions, shared by runs; NULL: none is kept */
    const volatile int *stop;    /* not 0: end it; NULL: never */
    int stop_fd;                 /* readable: the same; -1: none */
    void (*halt)(void);          /* sets both, from any thread: LOCKDOWN came on; NULL: nobody watches for it */
    void (*told)(void *ctx, const struct run_told *told); /* may be NULL */
    void *told_ctx;
};

struct run_result {
    bool begun;
    struct decision refusal; /* of a run that did not begin */
    char id[PLACE_ID];
    const char *outcome;                 /* "ok", "partial", "error", "refused", "timeout", "aborted" */
    char why[RUN_WORDS];                 /* of another outcome than ok */
    uint64_t started, finished;          /* seqs; LOG_NO_SEQ: not written */
    size_t ok, failed, refused, skipped; /* steps */
    char out[FILE_PATH_MAX];             /* where the artifacts are; empty: there are none */
    size_t artifacts;
};

#endif
