/* Digests of states, and the number of events that count at a time. */
#include <string.h>

#include "base/hash.h"
#include "ledger/read/reader.h"
#include "projections/view/state.h"
#include "projections/view/view.h"

/* ---- digests ---- */

static void put_bytes(struct hash *hash, struct bytes bytes) {
    uint8_t be[4];
    be32_put(be, (uint32_t)bytes.n);
    hash_put(hash, be, sizeof(be));
    hash_put(hash, bytes.p, bytes.n);
}

static int put_table(struct state_view *view, size_t table, struct hash *hash, uint64_t *rows_n, struct err *err) {
    struct state_rows *rows;
    struct bytes key, bytes;
    int rc = state_rows_open(view, table, NULL, 0, &rows, err);
    if (rc != 0) return rc;
    while ((rc = view_rows_raw(rows, &key, &bytes, err)) == 0) {
        put_bytes(hash, bytes_of(view->table[table].table->name));
        put_bytes(hash, key);
        put_bytes(hash, bytes);
        (*rows_n)++;
    }
    state_rows_close(rows);
    return rc < 0 ? rc : 0;
}

int state_digest(struct state_view *view, size_t projection, uint8_t ret[LOG_HASH], uint64_t *ret_rows, struct err *err) {
    struct state_status status;
    struct hash *hash = hash_new();
    uint8_t front[12], digest[LOG_HASH];
    uint64_t rows = 0;
    int rc = hash == NULL ? err_set(err, ERR_NOMEM, "out of memory") : 0;
    if (rc != 0) return rc;
    state_status(view, projection, &status);
    put_bytes(hash, bytes_of(status.projection->name));
    be32_put(front, status.stale ? status.version : status.projection->version);
    be64_put(front + 4, status.position);
    hash_put(hash, front, sizeof(front));
    for (size_t t = 0; t < view->n_tables && rc == 0; t++) {
        rc = view->table[t].projection == projection ? put_table(view, t, hash, &rows, err) : 0;
    }
    hash_end(hash, digest);
    hash_free(hash);
    if (rc == 0) {
        memcpy(ret, digest, sizeof(digest));
    }
    if (rc == 0 && ret_rows != NULL) {
        *ret_rows = rows;
    }
    return rc;
}

/* ---- times ---- */

static int time_of(struct replay *replay, uint64_t seq, uint64_t *ret, struct err *err) {
    return replay_leaf(replay, seq + 1, NULL, ret, err);
}

int state_at_time(struct ledger *ledger, uint64_t time, uint64_t *ret_at, struct err *err) {
    struct replay *replay;
    uint64_t lo = 0, hi, t; /* the answer is in [lo, hi]; groups first, then within one */
    int rc = replay_open(ledger, NULL, &replay, err);
    if (rc != 0) return rc;
    uint64_t size = replay_size(replay);
    rc = replay_leaf(replay, size, NULL, &t, err);
    hi = size / EVENT_GROUP; /* full groups */
    if (rc == 0 && t <= time) {
        lo = size;
        hi = lo;
    } else {
        while (rc == 0 && lo < hi) {
            uint64_t mid = lo + (hi - lo) / 2;
            rc = time_of(replay, mid * EVENT_GROUP + EVENT_GROUP - 1, &t, err);
            lo = t <= time ? mid + 1 : lo;
            hi = t <= time ? hi : mid;
        }
        lo *= EVENT_GROUP;
        hi = lo + EVENT_GROUP < size ? lo + EVENT_GROUP : size;
    }
    while (rc == 0 && lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        rc = time_of(replay, mid, &t, err);
        lo = t <= time ? mid + 1 : lo;
        hi = t <= time ? hi : mid;
    }
    replay_close(replay);
    if (rc == 0) {
        *ret_at = lo;
    }
    return rc;
}
