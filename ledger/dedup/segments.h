/* Older idempotency keys: sorted, immutable segments in a database of hints (hints.h), which may be deleted at any time and
 * is rebuilt from the events. Which database that is, others say: ledger->segments.
 *
 * Segment, key be64 first seq:  be64 end seq, then for each pair be64 hash, be32 seq - first, sorted by both. Segments lie
 * one after another from 0. Each starts as 65,536 events; neighbours of one size are merged, up to SEGMENT_EVENTS_MAX, so
 * there are few, and each pair is rewritten a handful of times in its life. The record "keys" of table state says what they
 * were built from: genesis, how many events, and the root of the tree of that size. Each segment has a voucher (vouch.h),
 * without which no append believes it; a merged one is made from neighbours that are proven whole. */
#ifndef LEDGER_DEDUP_SEGMENTS_H
#define LEDGER_DEDUP_SEGMENTS_H

#include "ledger/core/core.h"

#define SEGMENT_EVENTS_MAX ((uint64_t)1 << 23)

/* Drops what was built from other evidence. ERR_CORRUPT: what is there does not parse, or is not all there. May wait for
 * other processes: for any thread but one that appends. */
int segments_settle(struct ledger *ledger, struct db *db, struct err *err);
/* How many events the segments in an environment cover; a multiple of CORE_SEGMENT. */
int segments_covered(struct db *db, uint64_t *ret, struct err *err);
/* Builds what is missing of all full segments in [0, until), which the log has. *ret_covered: what is covered then. */
int segments_build(struct ledger *ledger, struct db *db, uint64_t until, uint64_t *ret_covered, struct err *err);
/* True when a commit has completed a segment that is not built yet. */
bool segments_due(const struct head *head);

/* Calls `hit` for each seq under `hash` until it returns non-zero, which is given back; 0 when all were called. */
typedef int segments_hit_fn(void *ctx, uint64_t seq, struct err *err);
struct segments_view; /* a snapshot of the segments */
int segments_view_open(struct db *db, struct segments_view **ret, struct err *err);
int segments_find(struct segments_view *view, uint64_t hash, segments_hit_fn *hit, void *ctx, struct err *err);
uint64_t segments_view_covered(const struct segments_view *view);
void segments_view_close(struct segments_view *view);
/* From now on only what somebody vouches for is found in it (vouch.h): proven as it is looked at, and copied, so that it
 * need not be proven again by this process. ERR_TAMPERED, here and from segments_find: it is not vouched for; then the
 * segments have to be dropped and built again. Under ledger->write.lock, until the view is closed. */
int segments_view_prove(struct ledger *ledger, struct segments_view *view, struct core_view *truth, struct err *err);
/* That was why something failed. */
bool segments_view_doubted(const struct segments_view *view);
/* Drops the segments. May wait, as segments_settle. */
int segments_drop(struct db *db, struct err *err);
/* Lets go of what was proven. */
void segments_forget(struct ledger *ledger);

struct segments_check {
    void (*differs)(void *ctx, uint64_t first, const char *why); /* for each segment that does not match, with a reason */
    void (*progress)(void *ctx, uint64_t done, uint64_t total);
    void *ctx;
};
/* Compares the segments of an environment with what the events say; changes nothing. ERR_CORRUPT when their state does not
 * parse, is of other evidence, or does not say what there is: then nothing is compared. */
int segments_check(struct ledger *ledger, struct db *db, const struct segments_check *check, uint64_t *ret_covered,
                   struct err *err);

#endif
