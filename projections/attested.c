/* Which rows the log vouches for: the stored heads are hints, the event decides. */
#include "projections/attested.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"
#include "ledger/derived.h"
#include "ledger/proven.h"
#include "projections/attested_record.h"

#define RECORD_VERSION 1
#define RECORD_MAX     65536

/* ---- the record ---- */

static void put_head(struct buf *out, const struct attested_head *head) {
    mp_put_array(out, 3);
    mp_put_uint(out, head->position);
    if (head->seq == LEDGER_NO_SEQ) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, head->seq);
    }
    mp_put_array(out, (uint32_t)head->n);
    for (size_t i = 0; i < head->n; i++) {
        mp_put_array(out, 3);
        mp_put_str(out, bytes_of(head->part[i].projection->name));
        mp_put_uint(out, head->part[i].projection->version);
        mp_put_bin(out, (struct bytes){head->part[i].root, HASH_LEN});
    }
}

int attested_heads_put(struct db_txn *txn, const struct attested_heads *heads, struct err *err) {
    struct buf record;
    buf_init(&record, RECORD_MAX);
    mp_put_array(&record, 3);
    mp_put_uint(&record, RECORD_VERSION);
    for (size_t i = 0; i < 2; i++) {
        if (i < heads->n) {
            put_head(&record, &heads->head[i]);
        } else {
            mp_put_nil(&record);
        }
    }
    int rc = buf_check(&record, "a record", err);
    rc = rc != 0 ? rc : db_put(txn, DERIVED_STATE, bytes_of(ATTESTED_RECORD), bytes_of_buf(&record), DB_PUT, err);
    buf_done(&record);
    return rc;
}

static bool take(struct mp_reader *r, enum mp_type type, struct mp_item *ret) {
    return mp_next(r, ret, NULL) == 0 && ret->type == type;
}

static bool take_part(struct mp_reader *r, const struct projection *const *list, struct attested_head *head) {
    struct mp_item item, name, version, root;
    if (!take(r, MP_ARRAY, &item) || item.count != 3 || !take(r, MP_STR, &name) || !take(r, MP_UINT, &version) ||
        !take(r, MP_BIN, &root) || root.data.n != HASH_LEN) {
        return false;
    }
    for (size_t i = 0; list[i] != NULL && head->n < PROJECTIONS_MAX; i++) {
        if (bytes_is(name.data, list[i]->name) && version.uint == list[i]->version) {
            head->part[head->n].projection = list[i];
            memcpy(head->part[head->n++].root, root.data.p, HASH_LEN);
        }
    }
    return true;
}

/* false: it does not parse, or there is none. */
static bool take_head(struct mp_reader *r, const struct projection *const *list, struct attested_head *ret) {
    struct mp_item item, position, seq, parts;
    *ret = (struct attested_head){0};
    if (!take(r, MP_ARRAY, &item) || item.count != 3 || !take(r, MP_UINT, &position) || mp_next(r, &seq, NULL) != 0 ||
        (seq.type != MP_UINT && seq.type != MP_NIL) || !take(r, MP_ARRAY, &parts)) {
        return false;
    }
    ret->position = position.uint;
    ret->seq = seq.type == MP_UINT ? seq.uint : LEDGER_NO_SEQ;
    ret->stored = parts.count;
    for (uint32_t i = 0; i < parts.count; i++) {
        if (!take_part(r, list, ret)) {
            return false;
        }
    }
    return true;
}

int attested_heads_get(struct db_txn *txn, const struct projection *const *list, struct attested_heads *ret,
                       struct err *err) {
    struct mp_reader r;
    struct mp_item item, version;
    struct bytes record;
    ret->n = 0;
    int rc = db_get(txn, DERIVED_STATE, bytes_of(ATTESTED_RECORD), &record, err);
    if (rc != 0) {
        return rc == ERR_NOTFOUND ? 0 : rc;
    }
    mp_reader_init(&r, record);
    if (take(&r, MP_ARRAY, &item) && item.count == 3 && take(&r, MP_UINT, &version) && version.uint == RECORD_VERSION) {
        while (ret->n < 2 && take_head(&r, list, &ret->head[ret->n])) {
            ret->n++;
        }
    }
    return 0;
}

int attested_drop(struct db_txn *txn, struct err *err) {
    int rc = db_del(txn, DERIVED_STATE, bytes_of(ATTESTED_RECORD), err);
    rc = rc != 0 ? rc : db_del(txn, DERIVED_STATE, bytes_of(ATTESTED_REPLACED), err);
    return rc != 0 ? rc : db_clear(txn, DERIVED_PROVEN, err);
}

void attested_forget(struct ledger *ledger) {
    struct db *db;
    struct db_txn *txn;
    if (derived_open(ledger, false, &db, NULL) == 0 && db_begin(db, true, &txn, NULL) == 0) {
        if (attested_drop(txn, NULL) == 0) {
            db_commit(txn, NULL);
        } else {
            db_abort(txn);
        }
    }
}

/* ---- the event ---- */

static int cmp_part(const void *a, const void *b) {
    const struct attested_part *x = *(const struct attested_part *const *)a, *y = *(const struct attested_part *const *)b;
    return strcmp(x->projection->name, y->projection->name);
}

int attested_body(const struct attested_head *head, struct buf *out, struct err *err) {
    const struct attested_part *sorted[PROJECTIONS_MAX];
    char digest[8 + 2 * HASH_LEN] = "sha256:";
    for (size_t i = 0; i < head->n; i++) {
        sorted[i] = &head->part[i];
    }
    qsort(sorted, head->n, sizeof(sorted[0]), cmp_part);
    mp_put_map(out, 2);
    mp_put_str(out, bytes_of("position"));
    mp_put_uint(out, head->position);
    mp_put_str(out, bytes_of("roots"));
    mp_put_map(out, (uint32_t)head->n);
    for (size_t i = 0; i < head->n; i++) {
        text_hex(digest + 7, sorted[i]->root, HASH_LEN);
        mp_put_str(out, bytes_of(sorted[i]->projection->name));
        mp_put_map(out, 2);
        mp_put_str(out, bytes_of("root"));
        mp_put_str(out, bytes_of(digest));
        mp_put_str(out, bytes_of("version"));
        mp_put_uint(out, sorted[i]->projection->version);
    }
    return buf_check(out, "a body", err);
}

/* Does the event say of each projection what the head says of it? It may say more. */
static bool says(struct bytes body, const struct attested_head *head) {
    struct mp_reader r;
    struct mp_item position;
    struct bytes raw, roots, of, root, version;
    char digest[8 + 2 * HASH_LEN] = "sha256:";
    bool same = mp_map_get(body, "position", &raw) == 0 && mp_map_get(body, "roots", &roots) == 0;
    if (same) {
        mp_reader_init(&r, raw);
        same = take(&r, MP_UINT, &position) && position.uint == head->position;
    }
    for (size_t i = 0; i < head->n && same; i++) {
        struct buf expected;
        buf_init(&expected, 256);
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
    struct ledger_event event;
    struct err why = {0};
    if (head->seq == LEDGER_NO_SEQ || head->seq < head->position || head->n == 0) {
        return 1;
    }
    int rc = proven_event(proven, head->seq, &event, &why);
    if (rc == ERR_NOTFOUND || err_is_damage(rc)) {
        return 1;
    }
    if (rc != 0) {
        return err_set(err, rc, "%s", why.msg);
    }
    return bytes_is(event.kind, ATTESTED_KIND) && says(event.body, head) ? 0 : 1;
}

int attested_find(struct ledger *ledger, struct db_txn *txn, const struct projection *const *list, uint64_t at,
                  struct attested_head *ret, bool *ret_newest, struct err *err) {
    struct attested_heads *heads = malloc(sizeof(*heads));
    struct proven *proven = NULL;
    struct err why = {0};
    if (heads == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    int rc = attested_heads_get(txn, list, heads, err);
    bool found = false;
    if (rc == 0 && heads->n > 0) {
        rc = proven_open(ledger, &proven, &why);
        if (err_is_damage(rc)) { /* then nothing can be vouched for */
            heads->n = 0;
            rc = 0;
        } else if (rc != 0) {
            err_set(err, rc, "%s", why.msg);
        }
    }
    for (size_t i = 0; rc == 0 && !found && i < heads->n; i++) {
        rc = heads->head[i].position > at ? 1 : is_proven(proven, &heads->head[i], err);
        found = rc == 0;
        rc = rc < 0 ? rc : 0;
        if (found) {
            *ret = heads->head[i];
            *ret_newest = i == 0;
        }
    }
    proven_close(proven);
    free(heads);
    return rc != 0 ? rc : found ? 0 : 1;
}

const uint8_t *attested_root(const struct attested_head *head, const struct projection *projection) {
    for (size_t i = 0; i < head->n; i++) {
        if (head->part[i].projection == projection) {
            return head->part[i].root;
        }
    }
    return NULL;
}
