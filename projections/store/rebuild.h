/* Maintains the stored rows of projections: catching up, rebuilding, comparing with a replay.
 *
 * A rebuild writes a second generation of rows beside the first, which readers use until the last commit swaps them. It may
 * be interrupted at any time, even by kill -9: the next rebuild of the same version continues there. A full disk leaves the
 * old rows as they were. None of these may be called inside a write transaction of the ledger. */
#ifndef PROJECTIONS_STORE_REBUILD_H
#define PROJECTIONS_STORE_REBUILD_H

#include "projections/store/options.h"

/* Folds and stores up to the newest event, for all projections that are not stale. Several processes may do so at once.
 * Options used: projections, stop, progress, tuning. A projection that stops does not fail the call. */
int rebuild_catch_up(struct ledger *ledger, const struct state_options *options, struct err *err);

/* Rebuilds from the first event those whose bit is set in `which` (by their place in the list). ERR_INVALID, with the seq
 * in words, when a projection stops at an event: its old rows stay. */
int rebuild_run(struct ledger *ledger, const struct state_options *options, uint32_t which, struct err *err);

/* Replays into a scratch environment and compares the result with the stored rows that are neither stale nor of another
 * log: all kept versions, byte by byte. Calls `differs` for each difference (at most 16 per projection), with words.
 * *ret_rows: how many stored rows were compared; *ret_which (may be NULL): bits of the projections compared, including
 * stored ones without rows. Only reads: absent or unfinished derived data counts as none, and damage is ERR_CORRUPT. */
int rebuild_check(struct ledger *ledger, const struct state_options *options, uint32_t which,
                  void (*differs)(void *ctx, const struct projection *projection, const char *why), void *ctx,
                  uint64_t *ret_rows, uint32_t *ret_which, struct err *err);

/* A slot of a projection was found damaged: forgets it, if that can be written; the next process that catches up rebuilds
 * it. */
void rebuild_distrust(struct ledger *ledger, const struct projection *projection, uint32_t slot);

/* Drops everything that is stored of them. */
int rebuild_drop(struct ledger *ledger, struct err *err);

#endif
