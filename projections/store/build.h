/* Fills generations of rows in a derived environment, chunk by chunk: fold in memory without any lock, then store rows and
 * position in one transaction, provided no other process has moved the position meanwhile. */
#ifndef PROJECTIONS_STORE_BUILD_H
#define PROJECTIONS_STORE_BUILD_H

#include "projections/store/options.h"
#include "projections/store/stored.h"

struct build;
/* Over the ledger's own derived environment or a scratch one. Borrows all three. */
int build_open(struct ledger *ledger, struct db *db, const struct state_options *options, struct build **ret,
               struct err *err);
void build_close(struct build *build);          /* NULL is fine */
uint64_t build_size(const struct build *build); /* of the log, when it was opened */

/* Adds a projection to be filled up to `to` events: the generation that is read or, with `shadow`, the one beside it. What
 * cannot be continued is started over; a current generation that is only stale is left out. */
int build_add(struct build *build, const struct projection *projection, bool shadow, uint64_t to, struct err *err);
/* Fills all of them. A projection that stops at an event is recorded as stopped and is not a failure. ERR_FULL: what was
 * stored stays. */
int build_run(struct build *build, struct err *err);
/* After ERR_CORRUPT or ERR_TAMPERED: the event at which the log cannot be read; LOG_NO_SEQ: the log is not at fault. */
uint64_t build_damaged(const struct build *build);
/* Makes the finished shadows current, in one commit. */
int build_swap(struct build *build, struct err *err);
/* Drops the unfinished shadows. */
int build_forget(struct build *build, struct err *err);
/* The first projection that stopped; NULL: none. */
const struct projection *build_stopped(const struct build *build, uint64_t *ret_seq, const char **ret_why);

#endif
