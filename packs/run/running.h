/* A run while it runs: what all files of this room share. */
#ifndef PACKS_RUN_RUNNING_H
#define PACKS_RUN_RUNNING_H

#include "packs/manifest/load.h"
#include "packs/run/given.h"
#include "packs/run/journal.h"
#include "packs/run/types.h"
#include "work/process.h"

#define RUNNING_SPAN 17

#define STEP_ERROR_MAX 32

struct step_end {
    enum run_status status;
    struct bytes served;        /* the route that served it; borrowed from the manifest */
    char digest[80];            /* of what did */
    char error[STEP_ERROR_MAX]; /* "permission", "route", "input", "output", "exit", "timeout", ...; empty: none */
    char why[RUN_WORDS];        /* of one that went well: what it used too much of */
    char note[RUN_WORDS];       /* of one that went well: what it fell back on, and why */
};

/* An output of a step. */
struct datum {
    struct bytes name;
    bool made;
    struct place_copy copy;
};

struct step_state {
    enum run_status status;
    bool timeout, fell_back;
    bool wanted;        /* it belongs to the part of the pack that is run */
    struct datum *data; /* its outputs, in the order of the manifest */
};

struct served;

struct running {
    const struct run_options *options;
    const struct manifest_pack *pack;
    char pack_dir[FILE_PATH_MAX];                  /* of the installed copy */
    int pack_fd, workspace;                        /* pack_fd: of the gate, which holds the copy */
    struct bytes id, version, digest, tree_digest; /* of the run; of the pack, as its row says */
    struct place place;
    struct given_list given;
    struct journal journal;
    struct work_host *host;
    struct served *served;    /* the routes of its steps, decided before it begins */
    struct step_state *steps; /* by the number in the manifest */
    struct own own;           /* what no step is given */
    char locked[RUN_WORDS];   /* that it came on, written by the watch; empty: it did not */
    struct err changed;       /* ERR_TAMPERED: the files of the pack were changed since it began */
    uint64_t started;         /* seq of run.started */
    size_t tool_calls, model_calls;
    size_t tripcodes;      /* that steps took */
    uint64_t tokens, cost; /* of all models; cost: millionths */
    char over[RUN_WORDS];  /* that this is more than it may be; empty */
};

/* The output of a step, if it was made; NULL. */
const struct datum *running_datum(const struct running *run, struct bytes name);
/* The number of a step in the manifest; SIZE_MAX. */
size_t running_step(const struct running *run, struct bytes id);
/* Whether this route may serve the step: it is its own, or one that it falls back to. */
bool running_serves(const struct running *run, const struct manifest_step *step, struct bytes route);
/* The route that the step asks for: its own or, where the part of the pack that is run names one that may serve it, that one. */
struct bytes running_route(const struct running *run, const struct manifest_step *step);
/* Marks the steps that are wanted. ERR_INVALID: the pack has no such route or output. */
int running_want(struct running *run, struct err *err);
/* Whether someone wants the run to end. */
bool running_stopped(const struct running *run);
/* What confines steps: as the user that is named or, with NULL, that the ledger's configuration names. */
int running_host(struct ledger *ledger, const char *user, bool unconfined, struct work_host **ret, struct err *err);
/* A new W3C span id. */
void running_span(char ret[RUNNING_SPAN]);

#endif
