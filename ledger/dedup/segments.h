/* Older idempotency keys: sorted, immutable segments in a database of hints (hints.h), which may be deleted at any time and
 * is rebuilt from the events. ledger->segments says which database that is.
 *
 * Segment, key be64 first seq:  be64 end seq, then for each pair be64 hash, be32 seq - first, sorted by both. Segments follow
 * one another from 0. Each starts as 65,536 events; neighbours of one size are merged, up to SEGMENT_EVENTS_MAX, so
 * there are few, and each pair is rewritten a handful of times in its life. The record "keys" of table state says what they
 * were built from: genesis, how many events, and the root of the tree of that size. Each segment has a voucher (vouch.h),
 * without which no append believes it; a merged one is made from neighbours that are proven whole. */
#ifndef LEDGER_DEDUP_SEGMENTS_H
#define LEDGER_DEDUP_SEGMENTS_H

#include "ledger/core/core.h"

#define SEGMENT_EVENTS_MAX ((uint64_t)1 << 23)

/* Drops segments that were built from other evidence. ERR_CORRUPT: they do not parse, or are incomplete. May wait for other
 * processes: not for threads that append. */
int segments_settle(struct ledger *ledger, struct db *db, struct err *err);
/* How many events the segments in an environment cover; a multiple of CORE_SEGMENT. */
int segments_covered(struct db *db, uint64_t *ret, struct err *err);
/* Builds the missing segments of events [0, until), which must be in the log. *ret_covered: what is covered then. */
int segments_build(struct ledger *ledger, struct db *db, uint64_t until, uint64_t *ret_covered, struct err *err);
/* True when a commit has completed a segment that is not built yet. */
bool segments_due(const struct head *head);

/* Calls `hit` for each seq under `hash` until it returns non-zero, which is returned; else 0. */
typedef int segments_hit_fn(void *ctx, uint64_t seq, struct err *err);
struct segments_view; /* a snapshot of the segments */
int segments_view_open(struct db *db, struct segments_view **ret, struct err *err);
int segments_find(struct segments_view *view, uint64_t hash, segments_hit_fn *hit, void *ctx, struct err *err);
/* Asks the processor for what segments_find will read first; changes nothing. */
void segments_prefetch(const struct segments_view *view, uint64_t hash);
uint64_t segments_view_covered(const struct segments_view *view);
void segments_view_close(struct segments_view *view);
/* From now on lookups find only vouched-for keys (vouch.h): bytes are proven when first read, and copied, so that this
 * process need not prove them again. ERR_TAMPERED, here and from segments_find: they are not vouched for; the segments must
 * be dropped and rebuilt. Under ledger->write.lock, until the view is closed. */
int segments_view_prove(struct ledger *ledger, struct segments_view *view, struct core_view *truth, struct err *err);
/* Whether that was the reason for a failure. */
bool segments_view_doubted(const struct segments_view *view);
/* Drops the segments. May wait, as segments_settle. */
int segments_drop(struct db *db, struct err *err);
/* Frees the proven copies. */
void segments_forget(struct ledger *ledger);

struct segments_check {
    void (*differs)(void *ctx, uint64_t first, const char *why); /* for each segment that does not match, with a reason */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
/* Compares the segments of an environment with the events; changes nothing. ERR_CORRUPT: their state does not parse, is of
 * other evidence, or does not match the segments; then nothing is compared. */
int segments_check(struct ledger *ledger, struct db *db, const struct segments_check *check, uint64_t *ret_covered,
                   struct err *err);

#endif
