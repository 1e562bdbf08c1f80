/* Rows that the log vouches for: for each projection a tree (hash_tree.h) in the derived environment, whose root is in an
 * event `ledger.states_attested`. Whatever matters (may this step be taken? which digest goes into the log, which state
 * into a bundle?) is read from these rows and the events since, never from rows that another process may have written.
 *
 *   event a: "as of 70,000 events the roots are ..."  <── signature, path, leaf, body (ledger/read/proven.h)
 *   root ── nodes, each hashed before it is read (hash_tree.h) ── rows as of 70,000 ── + events since, folded ──> answer
 *
 * A root is written by a process that has folded the rows itself, on attested nodes or from the first event. The stored
 * head names the event; if it is missing, wrong or damaged, the rows are folded from the events, which takes longer and
 * gives the same answer. */
#ifndef PROJECTIONS_STORE_ATTESTED_H
#define PROJECTIONS_STORE_ATTESTED_H

#include "projections/store/attested_record.h"

/* The newest proven head of at most `at` events. *ret_newest: it is the newest stored one. 1: there is none. */
int attested_find(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint64_t at,
                  struct attested_head *ret, bool *ret_newest, struct err *err);
/* Calls `differs` for stored rows that no event vouches for, of the projections whose bit is set in `which`; adds the
 * number of rows read to *rows. */
int attested_check(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint32_t which,
                   void (*differs)(void *ctx, const struct projection *projection, const char *why), void *ctx,
                   uint64_t *rows, struct err *err);
/* Forgets them: they are folded again from the first event. In the given write transaction, or in one of its own if that
 * can be begun. */
int attested_drop(struct db_txn *txn, struct err *err);
void attested_forget(struct ledger *ledger);

#endif
