/* Idempotency keys: which (source, key) pairs, and which (author key, key) pairs, are in the log already.
 *
 * A pair is a 64-bit hash here; every hit is confirmed by reading the event. Where the hashes are:
 *   - events [keyed_from, size): one run a full group in evidence (table keyrun; none when the group has no keys), the
 *     tail's own headers; loaded into memory by the first keyed append of a process and kept up to date;
 *   - events [0, keyed_from): sorted segments in derived, never written to again but to be merged (segments.h), or what
 *     stands in for them (keys_older.h).
 * So no commit inserts at random places of a structure that grows with the log.
 *
 * A run: for each pair u8 position in the group, be64 hash. */
#ifndef LEDGER_KEYRUN_H
#define LEDGER_KEYRUN_H

#include "ledger/core.h"

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
/* An event of the tail, whose chain goes on from *leaf, which becomes its own; its payload, held against its commitment,
 * when it has a key. Borrowed from the transaction or from `external`. */
int keyrun_tail(struct db_txn *txn, const struct head *head, uint64_t seq, uint8_t leaf[EVENT_HASH],
                struct bytes *ret_header, struct bytes *ret_payload, struct buf *external, struct err *err);
/* All pairs of a loaded group; external payloads are fetched through txn. */
int keyrun_of_group(struct db_txn *txn, const struct group *group, keyrun_put_fn *put, void *ctx, struct err *err);
/* The pairs of a run record. ERR_CORRUPT. */
int keyrun_decode(uint64_t index, struct bytes record, keyrun_put_fn *put, void *ctx, struct err *err);

/* The keys in memory. */
struct keys_memory *keys_new(void);
void keys_free(struct keys_memory *keys);
/* Brings it up to the head of a transaction: after it every pair of [from, size) is in, `from` being the larger one of
 * keyed_from and what segments cover, from events or from runs that somebody vouches for (keyproof.h). Older ones may be in
 * it too, but are let go of when it is crowded. */
int keys_update(struct keys_memory *keys, struct ledger *ledger, struct db_txn *txn, const struct head *head,
                uint64_t covered, struct err *err);
/* There are so many that those which segments cover should go. */
bool keys_crowded(const struct keys_memory *keys);
/* Adds one pair of an event that is being written. */
int keys_put(struct keys_memory *keys, uint64_t hash, uint64_t seq, struct err *err);
/* After a commit: events up to `size` are in, the last of which has this leaf. After a failed one: forget all. */
void keys_committed(struct keys_memory *keys, uint64_t size, const uint8_t leaf[EVENT_HASH]);
void keys_forget(struct keys_memory *keys);
/* Walks the seqs under a hash: *state starts at 0; 0 with *ret_seq, 1 when there are no more. */
int keys_next(const struct keys_memory *keys, uint64_t hash, size_t *state, uint64_t *ret_seq);
/* All pairs of events [*ret_from, *ret_to) are in. False: nothing is loaded. */
bool keys_range(const struct keys_memory *keys, uint64_t *ret_from, uint64_t *ret_to);
/* The pairs of events [from, to), in no order. Both look at every slot. */
int keys_each(const struct keys_memory *keys, uint64_t from, uint64_t to, keyrun_put_fn *put, void *ctx, struct err *err);
uint64_t keys_count(const struct keys_memory *keys, uint64_t from, uint64_t to);

#endif
