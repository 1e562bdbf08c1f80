/* Idempotency keys: which (source, key) pairs, and which (author key, key) pairs, are in the log already.
 *
 * A pair is a 64-bit hash here; every hit is confirmed by reading the event. Where the hashes are:
 *   - events [keyed_from, size): one run a full group in evidence (table keyrun; none when the group has no keys), the
 *     tail's own headers; loaded into memory (keys.h) by the first keyed append of a process and kept up to date;
 *   - events [0, keyed_from): sorted segments beside it, never written to again but to be merged (segments.h), or what
 *     stands in for them (keys_older.h).
 * So no commit inserts at random places of a structure that grows with the log.
 *
 * A run: for each pair u8 position in the group, be64 hash. */
#ifndef LEDGER_DEDUP_KEYRUN_H
#define LEDGER_DEDUP_KEYRUN_H

#include "ledger/core/core.h"

#define KEYRUN_ENTRY 9

uint64_t keyrun_hash(struct bytes source, struct bytes key);
uint64_t keyrun_author_hash(struct bytes author, const uint8_t id[NOTE_KEY_ID_LEN], struct bytes key);

/* Calls `put` for each pair of an event: by source and, when it is signed, by author. */
typedef int keyrun_put_fn(void *ctx, uint64_t hash, uint64_t seq, struct err *err);
int keyrun_of_decoded(const struct event_header *h, const struct event_author *author, keyrun_put_fn *put, void *ctx,
                      struct err *err);
int keyrun_of_event(struct bytes header, struct bytes payload, keyrun_put_fn *put, void *ctx, struct err *err);
/* The external payload of event i of a loaded group, held against its commitment. */
int keyrun_external(struct db_txn *txn, const struct group *group, size_t i, struct buf *out, struct err *err);
/* An event of the tail, whose chain continues from *leaf, which becomes its own; its payload, held against its commitment,
 * when it has a key. Borrowed from the transaction or from `external`. */
int keyrun_tail(struct db_txn *txn, const struct head *head, uint64_t seq, uint8_t leaf[EVENT_HASH],
                struct bytes *ret_header, struct bytes *ret_payload, struct buf *external, struct err *err);
/* All pairs of a loaded group; external payloads are fetched through txn. */
int keyrun_of_group(struct db_txn *txn, const struct group *group, keyrun_put_fn *put, void *ctx, struct err *err);
/* The pairs of a run record. ERR_CORRUPT. */
int keyrun_decode(uint64_t index, struct bytes record, keyrun_put_fn *put, void *ctx, struct err *err);

#endif
