/* What the ledger knows of servers of models, and what is recorded of a look at them. Those of Ollama are recorded by their
 * ingest source. */
#ifndef DOCTOR_PROBE_RUNTIMES_RECORD_H
#define DOCTOR_PROBE_RUNTIMES_RECORD_H

#include "base/http/http.h"
#include "doctor/probe/source.h"
#include "work/look/runtime.h"

#define RUNTIMES_MAX  256 /* servers in one look */
#define RUNTIMES_NAME 200

struct runtimes_server {
    char runtime[RUNTIMES_NAME], endpoint[HTTP_URL_MAX];
    bool known; /* the ledger has it; the rest is what it says */
    bool up;
    char version[RUNTIME_WORD], build[RUNTIME_WORD], status[RUNTIME_WORD], error[RUNTIME_WORD];
    int64_t slots, http_status, told_at; /* -1: not stated */
    bool way_told;                       /* the check "runtime" was made of it */
    bool reached;                        /* there was time to look at it */
    bool looked;
    bool in_vain; /* its source had no time to ask it */
    struct runtime_seen seen;
};

struct runtimes_list {
    struct runtimes_server servers[RUNTIMES_MAX];
    size_t n;
    bool closed; /* a policy closes the way out */
};

/* Those of the ledger that have an address. */
int runtimes_known(const struct probe_box *box, struct runtimes_list *ret, struct err *err);
/* Appends what is news of those that were looked at: another answer than the newest, or that one is old. One commit. */
int runtimes_record(const struct probe_box *box, const struct runtimes_list *list, struct err *err);
/* Is its answer another one than the ledger has, or is that one old? */
bool runtimes_is_news(const struct probe_box *box, const struct runtimes_server *server);
bool runtimes_is_ollama(const struct runtimes_server *server);
/* The address of the Ollama of this machine: one that is known, or the usual one if it answers (runtimes.c); "": there is
 * none. */
int runtimes_local_ollama(const struct probe_box *box, char ret[HTTP_URL_MAX], struct err *err);

#endif
