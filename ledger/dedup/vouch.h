/* Vouchers: why decisions may rely on derived bytes.
 *
 * Anyone who can write the ledger's directory can write derived data with correct checksums. So code that accepts or refuses
 * an append, or decides what is exported, reads the events, or derived bytes with a voucher from a process that had the
 * log's secret key and made them from the events itself. The voucher is a keyed hash under a key derived from the log's
 * secret key: anyone who can forge one can sign checkpoints. A process without that key neither writes vouchers nor
 * trusts them.
 *
 *   log key ── derived key ── voucher: what, which events, the tree's node over them, length ── chunks of the bytes
 *
 * A voucher is a record of table "voucher" beside what it vouches for (hints.h), under u8 what, be64 first event, u8
 * binary logarithm of how many:
 *
 *     16  random: chunks of two vouchers cannot be mixed
 *     16  for each chunk of VOUCH_CHUNK bytes: the beginning of its keyed hash
 *
 * So a lookup hashes the chunks that it touches. They are copied before they are hashed, so later reads see the proven bytes
 * even if the file changes. */
#ifndef LEDGER_DEDUP_VOUCH_H
#define LEDGER_DEDUP_VOUCH_H

#include "ledger/core/core.h"

#define VOUCH_CHUNK 4096

/* What is vouched for; other builders have numbers of their own. */
enum {
    VOUCH_KEYS = 2, /* a segment of idempotency keys (segments.h) */
    VOUCH_RUNS = 3  /* the key runs of these events, which are in evidence (keyrun.h) */
};

/* Bytes made from events [first, first + events); their number is a power of two. */
struct vouch_piece {
    uint8_t what;
    uint64_t first, events;
    uint8_t node[EVENT_HASH]; /* of the tree over them */
};
/* With the node as the view has it. */
int vouch_piece(struct core_view *view, uint8_t what, uint64_t first, uint64_t events, struct vouch_piece *ret,
                struct err *err);

/* Enables this process to vouch: reads the log's secret key unless it is loaded. Takes ledger->write.lock; the _locked
 * variant is for callers that hold it. */
int vouch_load(struct ledger *ledger, struct err *err);
int vouch_load_locked(struct ledger *ledger, struct err *err);
/* Whether this process can vouch. Any thread. */
bool vouch_able(const struct ledger *ledger);

/* Writes a voucher for bytes that this process has made from the events themselves, in a write transaction on derived data.
 * Does nothing if the process cannot vouch. */
int vouch_put(struct ledger *ledger, struct db_txn *txn, const struct vouch_piece *piece, struct bytes bytes,
              struct err *err);
int vouch_del(struct db_txn *txn, const struct vouch_piece *piece, struct err *err); /* the node is not used */
/* All of one kind. */
int vouch_clear(struct db_txn *txn, uint8_t what, struct err *err);

/* Bytes that are proven on demand. A zeroed struct is empty; the next vouched_open reuses its memory. */
struct vouched {
    uint8_t key[32];
    struct buf voucher;
    struct bytes source; /* borrowed from the database; empty: nothing more can be proven */
    uint8_t *copy;
    uint64_t *proven; /* a bit for each chunk */
    size_t cap, n;
};
/* False: there is no voucher for bytes of this piece and length. They are borrowed until vouched_rest. */
bool vouched_open(struct vouched *vouched, struct ledger *ledger, struct db_txn *txn, const struct vouch_piece *piece,
                  struct bytes bytes);
/* The same bytes in another transaction: proven chunks stay proven. False: they have another voucher now. */
bool vouched_again(struct vouched *vouched, struct db_txn *txn, const struct vouch_piece *piece, struct bytes bytes);
void vouched_rest(struct vouched *vouched);
void vouched_done(struct vouched *vouched);
/* Bytes [at, at + n) in vouched->copy match the voucher. Costs a hash of each chunk when it is first touched. */
bool vouched_prove(struct vouched *vouched, size_t at, size_t n);
static inline bool vouched_has(struct vouched *vouched, size_t at, size_t n) {
    size_t from = at / VOUCH_CHUNK, to = (at + n - 1) / VOUCH_CHUNK;
    return n > 0 && to - from <= 1 && at + n <= vouched->n && (vouched->proven[from / 64] >> from % 64 & 1) != 0 &&
           (vouched->proven[to / 64] >> to % 64 & 1) != 0;
}

#endif
