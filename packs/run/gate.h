/* May a run of a pack begin? The state of the pack as its judge gives it, its files, and what it is permitted. */
#ifndef PACKS_RUN_GATE_H
#define PACKS_RUN_GATE_H

#include "packs/depot/pin.h"
#include "packs/life/installed.h"
#include "packs/run/types.h"

#define GATE_EVIDENCE_MAX 256

struct gate {
    struct row row;                       /* of the pack */
    struct manifest *manifest;            /* of the bytes that were compared with what was installed */
    char dir[FILE_PATH_MAX];              /* where its files are */
    int files;                            /* the same, opened and held (depot_hold) until gate_done; -1: not */
    struct pin *pin;                      /* their status, from before they were compared */
    uint64_t installed;                   /* the event that installed this version */
    struct buf permissions;               /* what is held of what it asks for: a list, as in run.started */
    uint64_t evidence[GATE_EVIDENCE_MAX]; /* what the run rests on: the grants of these, the newest results of its checks */
    size_t n_evidence;
};

/* ERR_NOTFOUND: there is no such pack. 0 also where it may not: `no`. Done with gate_done, also after a failure. */
int gate_ask(struct gate *gate, const struct run_options *options, struct decision *ret, struct err *err);
/* Whether the files are still what was compared. ERR_TAMPERED: they are not; `err` names a file, and the event that installed it. */
int gate_again(const struct gate *gate, struct err *err);
void gate_done(struct gate *gate);

#endif
