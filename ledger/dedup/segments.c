/* Building and merging the segments of older idempotency keys; segments_find.c looks into them and checks them. */
#include "ledger/dedup/segments.h"

#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/mp.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/dedup/segments_format.h"
#include "ledger/dedup/vouch.h"

/* ---- opening ---- */

int segments_state_get(struct db_txn *txn, struct segments_state *ret, struct err *err) {
    struct bytes record;
    struct mp_reader r;
    struct segments_state state;
    int rc = db_get(txn, HINTS_STATE, bytes_of("keys"), &record, err);
    if (rc == ERR_NOTFOUND) {
        memset(ret, 0, sizeof(*ret));
        return 0;
    }
    if (rc != 0) return rc;
    mp_reader_init(&r, record);
    if (!mp_take_array(&r, 3) || !mp_take_bin(&r, state.genesis, EVENT_HASH) ||
        !mp_take_uint(&r, MP_INT_MAX, &state.covered) || state.covered % CORE_SEGMENT != 0 ||
        !mp_take_bin(&r, state.root, EVENT_HASH)) {
        return err_set(err, ERR_CORRUPT, "derived: the state of the key segments does not parse");
    }
    *ret = state;
    return 0;
}

static int state_put(struct db_txn *txn, const struct segments_state *state, struct err *err) {
    struct buf record = {.max = 4096};
    mp_put_array(&record, 3);
    mp_put_bin(&record, (struct bytes){state->genesis, EVENT_HASH});
    mp_put_uint(&record, state->covered);
    mp_put_bin(&record, (struct bytes){state->root, EVENT_HASH});
    int rc = buf_check(&record, "derived state", err);
    if (rc == 0) rc = db_put(txn, HINTS_STATE, bytes_of("keys"), bytes_of_buf(&record), DB_PUT, err);
    buf_done(&record);
    return rc;
}

static int root_at(struct ledger *ledger, uint64_t size, uint8_t ret[EVENT_HASH], struct err *err) {
    struct core_view view;
    struct merkle_edge edge;
    int rc = core_view_begin(ledger, &view, err);
    if (rc != 0) return rc;
    if (size > view.head.size) {
        rc = err_set(err, ERR_CONFLICT, "derived data is ahead of the evidence");
    } else {
        rc = merkle_edge_load(&edge, size, core_node, &view, err);
    }
    if (rc == 0) {
        merkle_edge_root(&edge, ret);
    }
    core_view_end(&view);
    return rc;
}

static int drop_all(struct db_txn *txn, struct err *err) {
    int rc = db_clear(txn, HINTS_KEYSEG, err);
    if (rc == 0) rc = vouch_clear(txn, VOUCH_KEYS, err);
    if (rc == 0) rc = db_del(txn, HINTS_STATE, bytes_of("keys"), err);
    return rc;
}

int segments_origin(struct ledger *ledger, const struct segments_state *state, bool *ret_ours, struct err *err) {
    uint8_t root[EVENT_HASH];
    int rc = state->covered == 0 ? 0 : root_at(ledger, state->covered, root, err);
    if (rc == 0 || rc == ERR_CONFLICT) {
        *ret_ours = state->covered == 0 || (rc == 0 && memcmp(root, state->root, EVENT_HASH) == 0 &&
                                            memcmp(state->genesis, ledger->genesis, EVENT_HASH) == 0);
        rc = 0;
    }
    return rc;
}

static int state_of(struct db *db, bool write, struct db_txn **ret_txn, struct segments_state *ret, struct err *err) {
    int rc = db_begin(db, write, ret_txn, err);
    if (rc == 0) rc = segments_state_get(*ret_txn, ret, err);
    return rc;
}

static int drop_foreign(struct ledger *ledger, struct db *db, struct err *err) {
    struct db_txn *txn = NULL;
    struct segments_state state;
    bool ours = true;
    int rc = state_of(db, true, &txn, &state, err);
    if (rc == 0) rc = segments_origin(ledger, &state, &ours, err);
    if (rc == 0 && !ours) rc = drop_all(txn, err);
    if (rc != 0 || ours) {
        db_abort(txn);
        return rc;
    }
    return db_commit(txn, err);
}

/* The segments must be contiguous as far as the state says. */
static int check_layout(struct db *db, uint64_t covered, struct err *err) {
    struct segments_view *view = NULL;
    int rc = segments_view_open(db, &view, err);
    if (rc == 0 && segments_view_covered(view) < covered) {
        rc = err_set(err, ERR_CORRUPT, "derived: key segments are missing");
    }
    segments_view_close(view);
    return rc;
}

int segments_settle(struct ledger *ledger, struct db *db, struct err *err) {
    struct db_txn *txn = NULL;
    struct segments_state state;
    bool ours = true;
    int rc = state_of(db, false, &txn, &state, err);
    db_abort(txn);
    if (rc == 0) rc = segments_origin(ledger, &state, &ours, err);
    if (rc == 0 && !ours) return drop_foreign(ledger, db, err);
    if (rc == 0) rc = check_layout(db, state.covered, err);
    return rc;
}

int segments_drop(struct db *db, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = db_begin(db, true, &txn, err);
    if (rc == 0) rc = drop_all(txn, err);
    return db_end(txn, rc, err);
}

int segments_covered(struct db *db, uint64_t *ret, struct err *err) {
    struct db_txn *txn = NULL;
    struct segments_state state;
    int rc = state_of(db, false, &txn, &state, err);
    db_abort(txn);
    if (rc == 0) {
        *ret = state.covered;
    }
    return rc;
}

bool segments_due(const struct head *head) {
    return head->size >= head->keyed_from + CORE_SEGMENT;
}

/* ---- building ---- */

static int collect(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct segments_list *list = ctx;
    int rc = array_room(&list->pair, list->n + 1, &list->cap, sizeof(*list->pair), err);
    if (rc != 0) return rc;
    list->pair[list->n++] = (struct segments_pair){hash, seq};
    return 0;
}

static int compare(const void *a, const void *b) {
    const struct segments_pair *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int segments_collect(struct ledger *ledger, uint64_t first, struct segments_list *list, struct err *err) {
    struct core_view view;
    struct group *group = group_new();
    int rc = group == NULL ? err_set(err, ERR_NOMEM, "out of memory") : core_view_begin(ledger, &view, err);
    if (rc != 0) {
        group_free(group);
        return rc;
    }
    list->n = 0;
    bool runs = first >= view.head.keyed_from;
    for (uint64_t g = first / EVENT_GROUP; g < (first + CORE_SEGMENT) / EVENT_GROUP && rc == 0; g++) {
        struct bytes record;
        if (runs) { /* still in evidence: no need to unpack the events */
            rc = db_get_u64(view.txn, T_KEYRUN, g * EVENT_GROUP, &record, err);
            rc = rc == ERR_NOTFOUND ? 0 : rc != 0 ? rc : keyrun_decode(g, record, collect, list, err);
            continue;
        }
        rc = core_group_load(view.txn, &view.head, g, group, NULL, err);
        if (rc == 0) rc = keyrun_of_group(view.txn, group, collect, list, err);
    }
    core_view_end(&view);
    group_free(group);
    if (rc == 0 && list->n > 0) {
        qsort(list->pair, list->n, sizeof(*list->pair), compare);
    }
    return rc;
}

static void encode_segment(struct buf *out, uint64_t first, uint64_t end, const struct segments_list *list) {
    buf_put_be64(out, end);
    for (size_t i = 0; i < list->n; i++) {
        buf_put_be64(out, list->pair[i].hash);
        buf_put_be32(out, (uint32_t)(list->pair[i].seq - first));
    }
}

/* Merges two neighbours (both sorted) into out; the second's offsets move by `shift`. */
static void merge(struct buf *out, struct bytes a, struct bytes b, uint32_t shift) {
    buf_put(out, b.p, 8); /* the later end */
    size_t i = 8, j = 8;
    while (i < a.n || j < b.n) {
        bool first = j >= b.n || (i < a.n && memcmp(a.p + i, b.p + j, 8) <= 0);
        const uint8_t *e = first ? a.p + i : b.p + j;
        buf_put(out, e, 8);
        buf_put_be32(out, be32_get(e + 8) + (first ? 0 : shift));
        i += first ? SEGMENTS_ENTRY : 0;
        j += first ? 0 : SEGMENTS_ENTRY;
    }
}

/* Reads a neighbour that has a voucher and proves all of it. */
static bool get_proven(struct ledger *ledger, struct db_txn *txn, struct core_view *truth, uint64_t first, uint64_t span,
                       struct vouched *ret) {
    struct vouch_piece piece;
    struct bytes record;
    return db_get_u64(txn, HINTS_KEYSEG, first, &record, NULL) == 0 && record.n >= 8 &&
           vouch_piece(truth, VOUCH_KEYS, first, span, &piece, NULL) == 0 &&
           vouched_open(ret, ledger, txn, &piece, record) && vouched_prove(ret, 0, record.n) &&
           be64_get(ret->copy) == first + span;
}

/* Puts a new segment with its voucher, first merging each preceding neighbour of its size, like a binary counter. A
 * neighbour without a voucher is left alone: the next lookup in it has it rebuilt. */
static int put_merged(struct ledger *ledger, struct db_txn *txn, struct core_view *truth, uint64_t first,
                      struct buf *segment, struct err *err) {
    int rc = 0;
    struct vouch_piece piece;
    struct vouched before = {0};
    uint64_t span = be64_get(segment->p) - first;
    while (rc == 0 && span < SEGMENT_EVENTS_MAX && first >= span && first % (2 * span) != 0 &&
           get_proven(ledger, txn, truth, first - span, span, &before)) {
        struct buf merged = {.max = SIZE_MAX};
        merge(&merged, (struct bytes){before.copy, before.n}, bytes_of_buf(segment), (uint32_t)span);
        piece = (struct vouch_piece){.what = VOUCH_KEYS, .first = first - span, .events = span};
        rc = buf_check(&merged, "a key segment", err);
        if (rc == 0) rc = db_del_u64(txn, HINTS_KEYSEG, first - span, err);
        if (rc == 0) rc = vouch_del(txn, &piece, err);
        buf_done(segment);
        *segment = merged;
        first -= span;
        span *= 2;
    }
    vouched_done(&before);
    if (rc == 0) rc = db_put_u64(txn, HINTS_KEYSEG, first, bytes_of_buf(segment), DB_PUT, err);
    if (rc == 0) rc = vouch_piece(truth, VOUCH_KEYS, first, span, &piece, err);
    if (rc == 0) rc = vouch_put(ledger, txn, &piece, bytes_of_buf(segment), err);
    return rc;
}

/* Collects the pairs of a segment that this process may vouch for, sorted: it has written them, or read the events. */
static int collect_proven(struct ledger *ledger, struct core_view *view, uint64_t first, struct segments_list *list,
                          struct err *err) {
    list->n = 0;
    int rc = keyproof_take(ledger, first, collect, list, err);
    if (rc == 1) {
        list->n = 0;
        rc = keyproof_collect(ledger, view->txn, &view->head, first, first + CORE_SEGMENT, NULL, collect, list, err);
    }
    if (rc == 0 && list->n > 0) {
        qsort(list->pair, list->n, sizeof(*list->pair), compare);
    }
    return rc;
}

static int put_segment(struct ledger *ledger, struct db *db, struct core_view *view, const struct segments_state *state,
                       struct buf *segment, struct err *err) {
    struct db_txn *txn = NULL;
    struct segments_state now;
    uint64_t first = state->covered - CORE_SEGMENT;
    int rc = state_of(db, true, &txn, &now, err);
    if (rc == 0 && now.covered != first) { /* another process was quicker */
        db_abort(txn);
        return 0;
    }
    if (rc == 0) rc = put_merged(ledger, txn, view, first, segment, err);
    if (rc == 0) rc = state_put(txn, state, err);
    return db_end(txn, rc, err);
}

static int build_one(struct ledger *ledger, struct db *db, uint64_t first, struct segments_list *list, struct err *err) {
    struct core_view view;
    struct segments_state state = {.covered = first + CORE_SEGMENT};
    struct buf segment = {.max = SIZE_MAX};
    memcpy(state.genesis, ledger->genesis, EVENT_HASH);
    int rc = root_at(ledger, state.covered, state.root, err);
    if (rc == 0) rc = core_view_begin(ledger, &view, err);
    if (rc != 0) return rc;
    rc = collect_proven(ledger, &view, first, list, err);
    encode_segment(&segment, first, state.covered, list);
    if (rc == 0) rc = buf_check(&segment, "a key segment", err);
    if (rc == 0) rc = put_segment(ledger, db, &view, &state, &segment, err);
    core_view_end(&view);
    buf_done(&segment);
    return rc;
}

int segments_build(struct ledger *ledger, struct db *db, uint64_t until, uint64_t *ret_covered, struct err *err) {
    struct segments_list list = {0};
    uint64_t covered = 0, before = UINT64_MAX;
    int rc = segments_covered(db, &covered, err);
    while (rc == 0 && covered + CORE_SEGMENT <= until && covered != before) {
        before = covered;
        rc = build_one(ledger, db, covered, &list, err);
        if (rc == 0) rc = segments_covered(db, &covered, err);
    }
    free(list.pair);
    if (rc == 0) {
        *ret_covered = covered;
    }
    return rc;
}
