/* Which rows the log vouches for: the stored heads are hints, the event decides. */
#include "projections/store/attested.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ledger/derived/derived.h"
#include "ledger/read/proven.h"

/* ---- the event ---- */

/* Does the event state the same root as the head for each projection? It may list more. */
static bool has_same_roots(struct bytes body, const struct attested_head *head) {
    struct mp_item position;
    struct bytes raw, roots, of, root, version;
    char digest[8 + 2 * HASH_LEN] = "sha256:";
    bool same = mp_map_get(body, "position", &raw) == 0 && mp_map_get(body, "roots", &roots) == 0;
    if (same) {
        same = mp_scalar(raw, &position) == 0 && position.type == MP_UINT && position.uint == head->position;
    }
    for (size_t i = 0; i < head->n && same; i++) {
        struct buf expected = {.max = 256};
        text_hex(digest + 7, head->part[i].root, HASH_LEN);
        mp_put_str(&expected, bytes_of(digest));
        size_t n = expected.n;
        mp_put_uint(&expected, head->part[i].projection->version);
        same = expected.fail == 0 && mp_map_get(roots, head->part[i].projection->name, &of) == 0 &&
               mp_map_get(of, "root", &root) == 0 && mp_map_get(of, "version", &version) == 0 &&
               bytes_eq(root, (struct bytes){expected.p, n}) &&
               bytes_eq(version, (struct bytes){expected.p + n, expected.n - n});
        buf_done(&expected);
    }
    return same;
}

static int is_proven(struct proven *proven, const struct attested_head *head, struct err *err) {
    struct log_event event;
    struct err why = {0};
    if (head->seq == LOG_NO_SEQ || head->seq < head->position || head->n == 0) return 1;
    int rc = proven_event(proven, head->seq, &event, &why);
    if (rc == ERR_NOTFOUND || err_is_damage(rc)) return 1;
    if (rc != 0) return err_set(err, rc, "%s", why.msg);
    return bytes_is(event.kind, ATTESTED_KIND) && has_same_roots(event.body, head) ? 0 : 1;
}

/* What a head says, as a fact that was proven. False: no memory. */
static bool name_head(const struct attested_head *head, uint8_t ret[HASH_LEN]) {
    struct hash *hash = hash_new();
    uint8_t numbers[24];
    if (hash == NULL) return false;
    be64_put(numbers, head->seq);
    be64_put(numbers + 8, head->position);
    hash_put(hash, numbers, 16);
    for (size_t i = 0; i < head->n; i++) {
        const struct projection *p = head->part[i].projection;
        be64_put(numbers, p->version);
        be64_put(numbers + 8, strlen(p->name));
        hash_put(hash, numbers, 16);
        hash_put(hash, p->name, strlen(p->name));
        hash_put(hash, head->part[i].root, HASH_LEN);
    }
    hash_end(hash, ret);
    hash_free(hash);
    return true;
}

/* Proves the first head that can be, of those of at most `at` events; *ret_i: which. 1: none. */
static int prove(struct ledger *ledger, const struct attested_heads *heads, uint64_t at, size_t *ret_i, struct err *err) {
    struct proven *proven = NULL;
    struct err why = {0};
    int rc = proven_open(ledger, &proven, &why);
    if (rc != 0) return err_is_damage(rc) ? 1 : err_set(err, rc, "%s", why.msg); /* then nothing can be vouched for */
    rc = 1;
    for (size_t i = 0; rc == 1 && i < heads->n; i++) {
        if (heads->head[i].position > at) continue;
        rc = is_proven(proven, &heads->head[i], err);
        *ret_i = i;
    }
    proven_close(proven);
    return rc;
}

int attested_find(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint64_t at,
                  struct attested_head *ret, bool *ret_newest, struct err *err) {
    struct attested_heads *heads = malloc(sizeof(*heads));
    uint8_t fact[HASH_LEN];
    size_t i = 0;
    if (heads == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = attested_heads_get(txn, list, heads, err);
    if (rc == 0 && heads->n == 0) rc = 1;
    if (rc == 0) {
        bool named = name_head(&heads->head[0], fact),
             known = named && heads->head[0].position <= at && proven_knows(ledger, fact);
        rc = known ? 0 : prove(ledger, heads, at, &i, err);
        if (rc == 0 && !known && named && i == 0) proven_learn(ledger, fact);
    }
    if (rc == 0) {
        *ret = heads->head[i];
        *ret_newest = i == 0;
    }
    free(heads);
    return rc;
}

/* ---- forgetting ---- */

int attested_drop(struct db_txn *txn, struct err *err) {
    int rc = db_del(txn, DERIVED_STATE, bytes_of(ATTESTED_RECORD), err);
    if (rc == 0) rc = db_del(txn, DERIVED_STATE, bytes_of(ATTESTED_REPLACED), err);
    if (rc == 0) rc = db_clear(txn, DERIVED_PROVEN, err);
    return rc;
}

void attested_forget(struct ledger *ledger) {
    struct db *db;
    struct db_txn *txn;
    if (!ledger->leaves_derived && derived_open(ledger, false, &db, NULL) == 0 && db_begin(db, true, &txn, NULL) == 0) {
        if (attested_drop(txn, NULL) == 0) {
            db_commit(txn, NULL);
        } else {
            db_abort(txn);
        }
    }
}
