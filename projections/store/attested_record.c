/* Heads and the bodies of their events, as bytes. */
#include "projections/store/attested_record.h"

#include <stdlib.h>
#include <string.h>

#include "base/mp.h"
#include "base/text.h"

#define RECORD_VERSION 1
#define RECORD_MAX     65536

static void put_head(struct buf *out, const struct attested_head *head) {
    mp_put_array(out, 3);
    mp_put_uint(out, head->position);
    if (head->seq == LOG_NO_SEQ) {
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
    struct buf record = {.max = RECORD_MAX};
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
    if (rc == 0) rc = db_put(txn, DERIVED_STATE, bytes_of(ATTESTED_RECORD), bytes_of_buf(&record), DB_PUT, err);
    buf_done(&record);
    return rc;
}

static bool take_part(struct mp_reader *r, const struct projection *const *list, struct attested_head *head) {
    struct mp_item name, version, root;
    if (!mp_take_array(r, 3) || !mp_take(r, MP_STR, &name) || !mp_take(r, MP_UINT, &version) ||
        !mp_take(r, MP_BIN, &root) || root.data.n != HASH_LEN) {
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
    struct mp_item position, seq, parts;
    *ret = (struct attested_head){0};
    if (!mp_take_array(r, 3) || !mp_take(r, MP_UINT, &position) || mp_next(r, &seq, NULL) != 0 ||
        (seq.type != MP_UINT && seq.type != MP_NIL) || !mp_take(r, MP_ARRAY, &parts)) {
        return false;
    }
    ret->position = position.uint;
    ret->seq = seq.type == MP_UINT ? seq.uint : LOG_NO_SEQ;
    ret->stored = parts.count;
    for (uint32_t i = 0; i < parts.count; i++) {
        if (!take_part(r, list, ret)) return false;
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
    if (rc != 0) return rc == ERR_NOTFOUND ? 0 : rc;
    mp_reader_init(&r, record);
    if (mp_take(&r, MP_ARRAY, &item) && item.count == 3 && mp_take(&r, MP_UINT, &version) &&
        version.uint == RECORD_VERSION) {
        while (ret->n < 2 && take_head(&r, list, &ret->head[ret->n])) {
            ret->n++;
        }
    }
    return 0;
}

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
    mp_pair_uint(out, "position", head->position);
    mp_put_str(out, bytes_of("roots"));
    mp_put_map(out, (uint32_t)head->n);
    for (size_t i = 0; i < head->n; i++) {
        text_hex(digest + 7, sorted[i]->root, HASH_LEN);
        mp_put_str(out, bytes_of(sorted[i]->projection->name));
        mp_put_map(out, 2);
        mp_pair_text(out, "root", digest);
        mp_pair_uint(out, "version", sorted[i]->projection->version);
    }
    return buf_check(out, "a body", err);
}

const uint8_t *attested_root(const struct attested_head *head, const struct projection *projection) {
    for (size_t i = 0; i < head->n; i++) {
        if (head->part[i].projection == projection) return head->part[i].root;
    }
    return NULL;
}
