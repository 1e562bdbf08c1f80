/* Idempotency keys of recent events in memory: seqs by their hash. */
#ifndef LEDGER_DEDUP_KEYS_H
#define LEDGER_DEDUP_KEYS_H

#include "ledger/dedup/keyrun.h"

struct keys_memory *keys_new(void);
void keys_free(struct keys_memory *keys);
/* Calls `put` for each pair of the events from `from` to the head; `leaf`: of the one before, NULL when it is not known. */
typedef int keys_collect_fn(void *ctx, uint64_t from, const uint8_t *leaf, keyrun_put_fn *put, void *put_ctx,
                            struct err *err);
/* Brings it up to a head: it then has every pair of [from, size), where `from` is the larger of keyed_from and what segments
 * cover. Older pairs may be in it too, but are dropped when it is crowded. */
int keys_update(struct keys_memory *keys, const struct head *head, uint64_t covered, keys_collect_fn *collect, void *ctx,
                struct err *err);
/* So many keys that those covered by segments should be dropped. */
bool keys_crowded(const struct keys_memory *keys);
/* Adds one pair of an event that is being written. */
int keys_put(struct keys_memory *keys, uint64_t hash, uint64_t seq, struct err *err);
/* After a commit: events up to `size` are in, the last of which has this leaf. After a failed one: forget all. */
void keys_committed(struct keys_memory *keys, uint64_t size, const uint8_t leaf[EVENT_HASH]);
void keys_forget(struct keys_memory *keys);
/* Walks the seqs under a hash: *state starts at 0; 0 with *ret_seq, 1 when there are no more. */
int keys_next(const struct keys_memory *keys, uint64_t hash, size_t *state, uint64_t *ret_seq);
/* Asks the processor for what keys_next will read; changes nothing. */
void keys_prefetch(const struct keys_memory *keys, uint64_t hash);
/* All pairs of events [*ret_from, *ret_to) are in. False: nothing is loaded. */
bool keys_range(const struct keys_memory *keys, uint64_t *ret_from, uint64_t *ret_to);
/* The pairs of events [from, to), in no order. Both look at every slot. */
int keys_each(const struct keys_memory *keys, uint64_t from, uint64_t to, keyrun_put_fn *put, void *ctx, struct err *err);
uint64_t keys_count(const struct keys_memory *keys, uint64_t from, uint64_t to);

#endif
