/* Looking into the key segments: a search that guesses (hashes are uniform), and the check against the events. */
#include <stdlib.h>
#include <string.h>

#include "ledger/dedup/keyrun.h"
#include "ledger/dedup/segments.h"
#include "ledger/dedup/segments_format.h"
#include "ledger/dedup/vouch.h"

#define PROVEN_MAX   ((size_t)256 << 20) /* bytes that are kept of one segment */
#define SEGMENTS_MAX 4096                /* 4,096 segments of 8 million events each */

struct segment {
    uint64_t first;
    struct bytes record;     /* borrowed from the transaction */
    struct vouched *vouched; /* what is read instead; NULL: the record itself */
};

/* The proven bytes of the segments, kept from one view to the next: segments never change. */
struct segments_proven {
    size_t n;
    struct {
        struct vouch_piece piece;
        struct vouched vouched;
    } at[];
};

struct segments_view {
    struct db_txn *txn;
    struct segment *segment;
    size_t n;
    uint64_t covered;
    bool doubted;
};

static int load(struct segments_view *view, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, record;
    int rc = db_cursor_open(view->txn, HINTS_KEYSEG, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &record, err);
    while (rc == 0) {
        if (view->n == SEGMENTS_MAX || key.n != 8 || be64_get(key.p) != view->covered || record.n < 8 ||
            (record.n - 8) % SEGMENTS_ENTRY != 0 || be64_get(record.p) <= view->covered) {
            rc = err_set(err, ERR_CORRUPT, "derived: the key segments are not contiguous");
            break;
        }
        view->segment[view->n++] = (struct segment){.first = view->covered, .record = record};
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
    if (rc == 0) rc = load(view, err);
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

/* ---- vouched for ---- */

void segments_forget(struct ledger *ledger) {
    struct segments_proven *proven = ledger->write.key_segments;
    for (size_t i = 0; proven != NULL && i < proven->n; i++) {
        vouched_done(&proven->at[i].vouched);
    }
    free(proven);
    ledger->write.key_segments = NULL;
}

/* Moves the bytes of this segment that were proven before into ret. */
static bool take_proven(struct segments_proven *before, const struct vouch_piece *piece, struct vouched *ret) {
    for (size_t i = 0; before != NULL && i < before->n; i++) {
        const struct vouch_piece *p = &before->at[i].piece;
        if (p->first == piece->first && p->events == piece->events && memcmp(p->node, piece->node, EVENT_HASH) == 0) {
            *ret = before->at[i].vouched;
            before->at[i].vouched = (struct vouched){0};
            return true;
        }
    }
    return false;
}

static bool prove(struct ledger *ledger, struct db_txn *txn, struct segment *segment, const struct vouch_piece *piece) {
    struct vouched *v = segment->vouched;
    bool known = take_proven(ledger->write.key_segments, piece, v) && v->n <= PROVEN_MAX &&
                 vouched_again(v, txn, piece, segment->record);
    return (known || vouched_open(v, ledger, txn, piece, segment->record)) && vouched_prove(v, 0, 8) &&
           be64_get(v->copy) == piece->first + piece->events;
}

int segments_view_prove(struct ledger *ledger, struct segments_view *view, struct core_view *truth, struct err *err) {
    struct segments_proven *proven = calloc(1, sizeof(*proven) + view->n * sizeof(proven->at[0]));
    int rc = proven == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    for (size_t i = 0; rc == 0 && i < view->n; i++) {
        struct segment *segment = &view->segment[i];
        struct vouch_piece *piece = &proven->at[i].piece;
        uint64_t events = be64_get(segment->record.p) - segment->first;
        segment->vouched = &proven->at[i].vouched;
        proven->n = i + 1;
        bool fits = (events & (events - 1)) == 0 && segment->first % events == 0 && events % CORE_SEGMENT == 0;
        rc = fits ? vouch_piece(truth, VOUCH_KEYS, segment->first, events, piece, err) : ERR_TAMPERED;
        if (rc == 0 && !prove(ledger, view->txn, segment, piece)) rc = ERR_TAMPERED;
        if (rc == ERR_TAMPERED) {
            view->doubted = true;
            err_set(err, rc, "derived: nobody vouches for the idempotency keys of events from %llu on",
                    (unsigned long long)segment->first);
        }
    }
    segments_forget(ledger);
    ledger->write.key_segments = proven;
    return rc;
}

bool segments_view_doubted(const struct segments_view *view) {
    return view->doubted;
}

/* Entry i; NULL: it is not vouched for. */
static inline const uint8_t *entry_at(const struct segment *segment, size_t i) {
    struct vouched *v = segment->vouched;
    size_t at = 8 + i * SEGMENTS_ENTRY;
    if (v == NULL) return segment->record.p + at;
    return vouched_has(v, at, SEGMENTS_ENTRY) || vouched_prove(v, at, SEGMENTS_ENTRY) ? v->copy + at : NULL;
}

static size_t entries_of(const struct segment *segment) {
    return (segment->record.n - 8) / SEGMENTS_ENTRY;
}

/* Hashes are uniform: where `hash` is among n of them, about. */
static size_t guess_of(size_t n, uint64_t hash) {
    return (size_t)((hash >> 32) * n >> 32);
}

void segments_prefetch(const struct segments_view *view, uint64_t hash) {
    for (size_t s = 0; s < view->n; s++) {
        const struct segment *segment = &view->segment[s];
        const uint8_t *bytes = segment->vouched != NULL ? segment->vouched->copy : segment->record.p;
        __builtin_prefetch(bytes + 8 + guess_of(entries_of(segment), hash) * SEGMENTS_ENTRY);
    }
}

/* The first entry whose hash is not below `hash`; SIZE_MAX: an entry on the way is not vouched for. Where it should be, then
 * where it should be seen from there, which is some entries off; then in growing steps to both sides, and in halves. */
static size_t lower_bound(const struct segment *segment, uint64_t hash) {
    size_t n = entries_of(segment), lo = 0, hi = n; /* the answer is in [lo, hi] */
    size_t guess = guess_of(n, hash), step = 4;
    bool below = true;
    for (unsigned tries = 0; lo < hi; tries++) {
        size_t mid = lo + (hi - lo) / 2;
        if (tries < 2) {
            mid = guess < lo ? lo : guess >= hi ? hi - 1 : guess;
        } else if (hi - lo > 4 * step) {
            mid = below ? lo + step : hi - 1 - step;
            step *= 4;
        }
        const uint8_t *e = entry_at(segment, mid);
        if (e == NULL) return SIZE_MAX;
        uint64_t at = be64_get(e);
        below = at < hash;
        if (below) {
            lo = mid + 1;
            guess = lo + guess_of(n, hash - at);
        } else {
            size_t back = guess_of(n, at - hash);
            hi = mid;
            guess = mid > back ? mid - back : 0;
        }
    }
    return lo;
}

static int find_in(struct segments_view *view, const struct segment *segment, uint64_t hash, segments_hit_fn *hit,
                   void *ctx, struct err *err) {
    size_t n = entries_of(segment);
    for (size_t i = lower_bound(segment, hash); i != n; i++) {
        const uint8_t *e = i == SIZE_MAX ? NULL : entry_at(segment, i);
        if (e == NULL) {
            view->doubted = true;
            return err_set(err, ERR_TAMPERED,
                           "derived: the idempotency keys of events from %llu on are not what was vouched for",
                           (unsigned long long)segment->first);
        }
        if (be64_get(e) != hash) return 0;
        int rc = hit(ctx, segment->first + be32_get(e + 8), err);
        if (rc != 0) return rc;
    }
    return 0;
}

int segments_find(struct segments_view *view, uint64_t hash, segments_hit_fn *hit, void *ctx, struct err *err) {
    int rc = 0;
    for (size_t s = 0; s < view->n && rc == 0; s++) {
        rc = find_in(view, &view->segment[s], hash, hit, ctx, err);
    }
    return rc;
}

/* ---- check ---- */

/* Counts and compares: every pair of the events must be found, and the totals must agree. */
static int check_stretch(struct ledger *ledger, const struct segment *segment, uint64_t first, struct segments_list *list,
                         uint64_t *ret_pairs, const char **ret_why, struct err *err) {
    size_t n = entries_of(segment);
    int rc = segments_collect(ledger, first, list, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < list->n; i++) {
        bool found = false;
        size_t at = lower_bound(segment, list->pair[i].hash);
        for (; at < n && be64_get(entry_at(segment, at)) == list->pair[i].hash && !found; at++) {
            found = segment->first + be32_get(entry_at(segment, at) + 8) == list->pair[i].seq;
        }
        if (!found) {
            *ret_why = "a key of its events is missing";
        }
    }
    *ret_pairs += list->n;
    return 0;
}

/* Segments and their state are written in one transaction. */
static int check_state(struct ledger *ledger, const struct segments_view *view, struct err *err) {
    struct segments_state state;
    bool ours = true;
    int rc = segments_state_get(view->txn, &state, err);
    if (rc == 0) rc = segments_origin(ledger, &state, &ours, err);
    if (rc == 0 && !ours) {
        rc =
            err_set(err, ERR_CORRUPT, "derived: the key segments say that they are of the first %llu events of another log",
                    (unsigned long long)state.covered);
    }
    if (rc == 0 && view->covered != state.covered) {
        rc = err_set(err, ERR_CORRUPT,
                     "derived: key segments are %s: their state says the first %llu events, they are of the first %llu",
                     view->covered < state.covered ? "missing" : "too many", (unsigned long long)state.covered,
                     (unsigned long long)view->covered);
    }
    return rc;
}

static int check_segment(struct ledger *ledger, const struct segments_view *view, const struct segment *segment,
                         const struct segments_check *check, struct segments_list *list, struct err *err) {
    const char *why = NULL;
    uint64_t pairs = 0, end = be64_get(segment->record.p);
    int rc = 0;
    for (uint64_t first = segment->first; first < end && rc == 0; first += CORE_SEGMENT) {
        rc = check_stretch(ledger, segment, first, list, &pairs, &why, err);
        check->progress(check->ctx, first + CORE_SEGMENT, view->covered);
    }
    if (why == NULL && pairs != entries_of(segment)) {
        why = "it has keys that no event has";
    }
    if (rc == 0 && why != NULL) {
        check->differs(check->ctx, segment->first, why);
    }
    return rc;
}

int segments_check(struct ledger *ledger, struct db *db, const struct segments_check *check, uint64_t *ret_covered,
                   struct err *err) {
    struct segments_view *view = NULL;
    struct segments_list list = {0};
    int rc = segments_view_open(db, &view, err);
    if (rc == 0) rc = check_state(ledger, view, err);
    for (size_t s = 0; rc == 0 && s < view->n; s++) {
        rc = check_segment(ledger, view, &view->segment[s], check, &list, err);
    }
    if (rc == 0) {
        *ret_covered = view->covered;
    }
    segments_view_close(view);
    free(list.pair);
    return rc;
}
