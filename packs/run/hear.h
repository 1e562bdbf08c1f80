/* What a step reports about itself, through the socket in LEDGER_SOCKET: lines of JSON, in the form of `ledger ingest jsonl`. They
 * join the run as reported; nothing else that they say of themselves is believed. */
#ifndef PACKS_RUN_HEAR_H
#define PACKS_RUN_HEAR_H

#include "ingest/jsonl/jsonl.h"
#include "packs/run/running.h"
#include "packs/run/spans.h"

#define HEAR_MAX 10000 /* events of one step */

struct hear {
    struct running *run;
    uint64_t cause; /* seq of the call */
    struct jsonl_parser parser;
    struct log_batch *batch;
    uint64_t committed; /* when, ns */
    uint64_t left;      /* bytes that it may still report, taken or refused: as many in all as it may print */
    uint64_t paid;      /* of the line at hand, which are not in `left` any more and not in an event yet */
    uint64_t taken, refused;
    char why[256]; /* of the first that was refused */
    struct spans spans;
};

int hear_begin(struct hear *hear, struct running *run, const struct manifest_step *step, uint64_t cause, struct err *err);
/* A work_line_fn. A line that cannot be taken is counted; only a failure of the ledger ends the step. */
int hear_line(void *ctx, struct bytes line, struct err *err);
/* Writes what is left. */
int hear_flush(struct hear *hear, struct err *err);
void hear_done(struct hear *hear);

#endif
