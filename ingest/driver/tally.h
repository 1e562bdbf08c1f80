/* What a run has counted: events by outcome, rejections by reason, source times. */
#ifndef INGEST_DRIVER_TALLY_H
#define INGEST_DRIVER_TALLY_H

#include "ledger/log.h"

#define INGEST_PARSER_VERSION 1 /* raised when the same input gives other events than before */
#define INGEST_REASONS_MAX    32
#define INGEST_REASON_LEN     192
#define INGEST_NO_TIME        UINT64_MAX

/* A place in the input. */
struct ingest_place {
    const char *file; /* as the caller named it; "-" for standard input */
    uint64_t line;    /* from 1; 0: the input has no lines */
    uint64_t offset;  /* byte offset in the (decompressed) content */
};

/* Rejections with the same reason. */
struct ingest_reason {
    char text[INGEST_REASON_LEN];
    uint64_t count;
    uint64_t line, offset; /* of the first */
};

struct ingest_tally {
    uint64_t bytes; /* of content that was read */
    uint64_t accepted, duplicate, rejected;
    uint64_t passed;            /* known records that hold nothing to record */
    uint64_t masked;            /* secrets */
    uint64_t gaps;              /* ledger.gap events among the accepted */
    uint64_t first_at, last_at; /* source times of accepted and duplicate events; INGEST_NO_TIME when there is none */
    size_t n_reasons;
    struct ingest_reason reasons[INGEST_REASONS_MAX]; /* the last one collects the rest when there are more */
};

void tally_init(struct ingest_tally *tally);
void tally_at(struct ingest_tally *tally, uint64_t at); /* INGEST_NO_TIME is fine */
/* Counts a rejection under its reason; the list is bounded, its last entry counts what no longer fits. */
void tally_reject(struct ingest_tally *tally, const char *group, const struct ingest_place *place);
/* Adds what another tally counted; times and reasons are merged. */
void tally_sum(struct ingest_tally *tally, const struct ingest_tally *more);
struct tally_input {
    const char *source, *name; /* the input's name as the caller gave it; it is a private field */
    const uint8_t *digest;     /* HASH_LEN bytes */
    const uint8_t *cursor;     /* CURSOR_CLAIM bytes; NULL: none was moved */
    bool stopped;
};
/* Appends the body of a ledger.imported event. */
int tally_encode(struct buf *out, const struct ingest_tally *tally, const struct tally_input *input, struct err *err);

#endif
