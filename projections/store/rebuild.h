/* Keeping what is stored of the projections: bringing it up to date, building it anew, comparing it with a replay.
 *
 * Building anew writes a second generation of rows beside the first, which readers use until the last commit swaps
 * them. It may be interrupted at any time, by kill -9 too: the next rebuild of the same version continues where it
 * stood. A full disk leaves the old rows as they were. None of these may be called inside a write transaction of the
 * ledger. */
#ifndef PROJECTIONS_STORE_REBUILD_H
#define PROJECTIONS_STORE_REBUILD_H

#include "projections/store/options.h"

/* Stores what was not folded yet, of all projections that are not stale, up to the newest event. Several processes may do
 * so at a time. Uses of `options`: projections, stop, progress, tuning. A projection that stops does not fail the call. */
int rebuild_catch_up(struct ledger *ledger, const struct state_options *options, struct err *err);

/* Anew from the first event: those whose bit is set in `which` (by their place in the list). ERR_INVALID and the seq in
 * words when a projection stops at an event: then its old rows stay. */
int rebuild_run(struct ledger *ledger, const struct state_options *options, uint32_t which, struct err *err);

/* Replays into a scratch place and compares with it what is stored and neither stale nor another log's: rows of all kept
 * versions, byte by byte. Calls `differs` for each difference (at most 16 of a projection), with words. *ret_rows: how many
 * stored rows were compared; *ret_which, NULL is fine: of which projections, by their bits, a stored one without rows
 * among them. Only reads: derived data that is absent or was never finished is none, and damage is
 * ERR_CORRUPT. */
int rebuild_check(struct ledger *ledger, const struct state_options *options, uint32_t which,
                  void (*differs)(void *ctx, const struct projection *projection, const char *why), void *ctx,
                  uint64_t *ret_rows, uint32_t *ret_which, struct err *err);

/* What this slot holds of a projection was found damaged: it is forgotten, if that can be written, and built anew by the
 * next who catches up. */
void rebuild_distrust(struct ledger *ledger, const struct projection *projection, uint32_t slot);

/* Drops everything that is stored of them. */
int rebuild_drop(struct ledger *ledger, struct err *err);

#endif
