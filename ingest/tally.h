/* What a run has counted: events by outcome, rejections by reason, source times. */
#ifndef INGEST_TALLY_H
#define INGEST_TALLY_H

#include "ingest/ingest.h"

void tally_init(struct ingest_tally *tally);
void tally_at(struct ingest_tally *tally, uint64_t at); /* INGEST_NO_TIME is fine */
/* Counts a rejection under its reason; the list is bounded, what no longer fits is counted under its last entry. */
void tally_reject(struct ingest_tally *tally, const char *group, const struct ingest_place *place);
/* Adds what another tally counted; times and reasons are merged. */
void tally_sum(struct ingest_tally *tally, const struct ingest_tally *more);
struct tally_input {
    const char *source, *name; /* the input's name as the caller gave it; it is a private field */
    const uint8_t *digest;     /* HASH_LEN bytes */
    const uint8_t *cursor;     /* CURSOR_CLAIM bytes; NULL: it moved none */
    bool stopped;
};
/* Appends the body of a ledger.imported event. */
void tally_encode(struct buf *out, const struct ingest_tally *tally, const struct tally_input *input);

#endif
