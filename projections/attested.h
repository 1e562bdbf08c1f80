/* Rows that the log vouches for: for each projection a tree (hash_tree.h) in the derived environment, whose root stands in
 * an event `ledger.states_attested`. Whatever counts (may this step be taken? which digest is written into the log, or a
 * state into a bundle?) is read from these and from the events since, never from rows that somebody may have written beside
 * us.
 *
 *   event a: "as of 70,000 events the roots are ..."  <── signature, path, leaf, body (ledger/proven.h)
 *   root ── nodes, each hashed before it is read (hash_tree.h) ── rows as of 70,000 ── + events since, folded ──> answer
 *
 * A root is written by a process that has folded the rows itself, on nodes that were vouched for before or from the first
 * event. What is stored names the event; when it is missing, wrong or damaged the rows are folded from the events, which
 * takes as long as that takes and gives the same answer.
 *
 *   table state  "attested": [1, head | nil, head | nil]     the newest, and the one before it, whose nodes are still there
 *                "attested/replaced": hashes of the nodes that only the older one has
 *   head         [position, seq of its event | nil, [[projection, version, bin32 root], ...]]    by name */
#ifndef PROJECTIONS_ATTESTED_H
#define PROJECTIONS_ATTESTED_H

#include "projections/hash_tree.h"
#include "projections/state.h"

#define ATTESTED_LAG_MAX 1024 /* events that are folded for each answer before a newer root is worth an event */

struct attested_part {
    const struct projection *projection;
    uint8_t root[HASH_LEN];
};
struct attested_head {
    uint64_t position; /* events that were folded */
    uint64_t seq;      /* of the event; LEDGER_NO_SEQ: none is known */
    size_t stored;     /* trees that it names, those of other versions among them */
    size_t n;
    struct attested_part part[PROJECTIONS_MAX]; /* projections of today's code */
};

/* The newest head that is at most `at` events long and proven. *ret_newest: it is the newest of those that are stored. 1:
 * there is none. */
int attested_find(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint64_t at,
                  struct attested_head *ret, bool *ret_newest, struct err *err);
/* NULL: this projection has no tree. */
const uint8_t *attested_root(const struct attested_head *head, const struct projection *projection);

/* Folds what is missing, stores it and writes the event, unless what is stored is less than `lag` events behind. For those
 * who are about to ask more than once; nobody has to call it. Not inside a write transaction of the ledger. */
int attested_advance(struct ledger *ledger, const struct state_options *options, uint64_t lag, struct err *err);
/* Calls `differs` for what is stored and not what an event vouches for, of the projections whose bit is set in `which`;
 * adds the rows that were read to *rows. */
int attested_check(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint32_t which,
                   void (*differs)(void *ctx, const struct projection *projection, const char *why), void *ctx,
                   uint64_t *rows, struct err *err);
/* Forgets them: they are folded anew from the first event. In a write transaction; or in one of its own, if that can be. */
int attested_drop(struct db_txn *txn, struct err *err);
void attested_forget(struct ledger *ledger);

#endif
