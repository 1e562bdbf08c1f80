/* Looking into the key segments: interpolation search (hashes are uniform), and the check against the events. */
#include <stdlib.h>
#include <string.h>

#include "ledger/keyrun.h"
#include "ledger/segments.h"
#include "ledger/segments_format.h"

#define SEGMENTS_MAX 4096 /* 4,096 segments of 8 million events each */

struct segment {
    uint64_t first;
    struct bytes record; /* borrowed from the transaction */
};

struct segments_view {
    struct db_txn *txn;
    struct segment *segment;
    size_t n;
    uint64_t covered;
};

static int load(struct segments_view *view, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, record;
    int rc = db_cursor_open(view->txn, SEGMENTS_KEYSEG, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &record, err);
    while (rc == 0) {
        if (view->n == SEGMENTS_MAX || key.n != 8 || be64_get(key.p) != view->covered || record.n < 8 ||
            (record.n - 8) % SEGMENTS_ENTRY != 0 || be64_get(record.p) <= view->covered) {
            rc = err_set(err, ERR_CORRUPT, "derived: the key segments do not lie one after another");
            break;
        }
        view->segment[view->n++] = (struct segment){view->covered, record};
        view->covered = be64_get(record.p);
        rc = db_cursor_next(cursor, &key, &record, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

int segments_view_open(struct db *db, struct segments_view **ret, struct err *err) {
    struct segments_view *view = calloc(1, sizeof(*view));
    if (view == NULL || (view->segment = calloc(SEGMENTS_MAX, sizeof(*view->segment))) == NULL) {
        free(view);
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = db_begin(db, false, &view->txn, err);
    rc = rc != 0 ? rc : load(view, err);
    if (rc != 0) {
        segments_view_close(view);
        return rc;
    }
    *ret = view;
    return 0;
}

void segments_view_close(struct segments_view *view) {
    if (view != NULL) {
        db_abort(view->txn);
        free(view->segment);
        free(view);
    }
}

uint64_t segments_view_covered(const struct segments_view *view) {
    return view->covered;
}

/* The first entry whose hash is not below `hash`. */
static size_t lower_bound(const uint8_t *entries, size_t n, uint64_t hash) {
    size_t lo = 0, hi = n; /* the answer is in [lo, hi] */
    uint64_t lo_hash = 0, hi_hash = UINT64_MAX;
    for (unsigned tries = 0; lo < hi; tries++) {
        size_t mid = lo + (hi - lo) / 2;
        if (tries < 4 && hi_hash > lo_hash) { /* then halve, whatever the hashes look like */
            double part = (double)(hash - lo_hash) / (double)(hi_hash - lo_hash);
            size_t guess = lo + (size_t)(part * (double)(hi - lo));
            mid = guess >= hi ? hi - 1 : guess;
        }
        uint64_t at = be64_get(entries + mid * SEGMENTS_ENTRY);
        if (at < hash) {
            lo = mid + 1;
            lo_hash = at;
        } else {
            hi = mid;
            hi_hash = at;
        }
    }
    return lo;
}

int segments_find(struct segments_view *view, uint64_t hash, segments_hit_fn *hit, void *ctx, struct err *err) {
    for (size_t s = 0; s < view->n; s++) {
        const uint8_t *entries = view->segment[s].record.p + 8;
        size_t n = (view->segment[s].record.n - 8) / SEGMENTS_ENTRY;
        for (size_t i = lower_bound(entries, n, hash); i < n && be64_get(entries + i * SEGMENTS_ENTRY) == hash; i++) {
            int rc = hit(ctx, view->segment[s].first + be32_get(entries + i * SEGMENTS_ENTRY + 8), err);
            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

/* ---- check ---- */

/* Counts and compares: every pair of the events must be found, and the totals must agree. */
static int check_stretch(struct ledger *ledger, const struct segment *segment, uint64_t first, struct segments_list *list,
                         uint64_t *ret_pairs, const char **ret_why, struct err *err) {
    const uint8_t *entries = segment->record.p + 8;
    size_t n = (segment->record.n - 8) / SEGMENTS_ENTRY;
    int rc = segments_collect(ledger, first, list, err);
    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < list->n; i++) {
        bool found = false;
        size_t at = lower_bound(entries, n, list->pair[i].hash);
        for (; at < n && be64_get(entries + at * SEGMENTS_ENTRY) == list->pair[i].hash && !found; at++) {
            found = segment->first + be32_get(entries + at * SEGMENTS_ENTRY + 8) == list->pair[i].seq;
        }
        if (!found) {
            *ret_why = "a key of its events is missing";
        }
    }
    *ret_pairs += list->n;
    return 0;
}

int segments_check(struct ledger *ledger, void (*differs)(void *ctx, uint64_t first, const char *why), void *ctx,
                   uint64_t *ret_covered, struct err *err) {
    struct segments_view *view = NULL;
    struct segments_list list = {0};
    struct db *db;
    int rc = segments_open(ledger, &db, err);
    rc = rc != 0 ? rc : segments_view_open(db, &view, err);
    for (size_t s = 0; rc == 0 && s < view->n; s++) {
        const struct segment *segment = &view->segment[s];
        const char *why = NULL;
        uint64_t pairs = 0, end = be64_get(segment->record.p);
        for (uint64_t first = segment->first; first < end && rc == 0; first += CORE_SEGMENT) {
            rc = check_stretch(ledger, segment, first, &list, &pairs, &why, err);
        }
        if (why == NULL && pairs != (segment->record.n - 8) / SEGMENTS_ENTRY) {
            why = "it has keys that no event has";
        }
        if (rc == 0 && why != NULL) {
            differs(ctx, segment->first, why);
        }
    }
    if (rc == 0) {
        *ret_covered = view->covered;
    }
    segments_view_close(view);
    free(list.pair);
    return rc;
}
