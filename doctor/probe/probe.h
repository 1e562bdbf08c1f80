/* A probe: looks at one thing of the box, in a child process of its own that is bounded in time. */
#ifndef DOCTOR_PROBE_PROBE_H
#define DOCTOR_PROBE_PROBE_H

#include "doctor/probe/record.h"
#include "ledger/log.h"
#include "projections/rows/row.h"

/* What the files of a pack are. */
struct probe_files {
    const char *status; /* "ok", "missing", "mismatch", "error" */
    char digest[80];    /* that was found; empty: none */
    char words[160];    /* what else is known; may be empty */
};

/* What every probe is given. All borrowed; a child has its own copy. */
struct probe_box {
    const char *dir;    /* the ledger's */
    const char *root;   /* of the file system that is looked at: "/", or a tree of the same shape */
    uint64_t now;       /* ns since the epoch */
    const char *models; /* directory of models; NULL: none is known */
    /* Opens the ledger in the child: to read, or to append. ERR_*. */
    int (*open)(void *ctx, bool append, struct ledger **ret, struct err *err);
    /* What the files of an installed pack are (a row of packs). False: none of its files are kept. */
    bool (*pack_files)(void *ctx, const struct row *pack, uint64_t now, struct probe_files *ret);
    void *ctx;
};

#define PROBE_ASKED UINT64_MAX
struct probe {
    const char *name;
    const char *clauses; /* that rest on it, with a blank between */
    unsigned limit_ms;   /* it may take */
    uint64_t every_ns;   /* not due again until then; 0: always due; PROBE_ASKED: never by itself, since it takes long */
    const char *help;    /* what it looks at, a phrase */
    int (*look)(const struct probe_box *box, struct probe_out *out, struct err *err); /* NULL: the caller's */
};

extern const struct probe probe_all[];
extern const size_t probe_count;
/* NULL: there is none. */
const struct probe *probe_find(struct bytes name);
/* Does the clause rest on it? */
bool probe_serves(const struct probe *probe, struct bytes clause);

/* What a verification found, as records of the probe "chain". `failed` (may be NULL): it could not be carried out. */
void probe_chain(const struct log_report *report, const struct err *failed, struct probe_out *out);

int probe_disk(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_clock(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_keep(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_hooks(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_packs(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_hardware(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_runtimes(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_models(const struct probe_box *box, struct probe_out *out, struct err *err);
int probe_weights(const struct probe_box *box, struct probe_out *out, struct err *err);

#endif
