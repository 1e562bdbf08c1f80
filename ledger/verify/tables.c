/* The sweep: the events must account for every record of every table. The events pass has compared the content of
 * records that depend on events; the sweep walks the tables for records that no event explains, and checks the few
 * independent tables (meta, artifacts, cursors).
 *
 * The sweep's snapshot may be newer than the verified head: records of later events are skipped. */
#include <stdlib.h>
#include <string.h>

#include "base/crypt.h"
#include "base/mp.h"
#include "base/text.h"
#include "ledger/core/cursor.h"
#include "ledger/core/key_secret.h"
#include "ledger/core/place.h"
#include "ledger/verify/verify.h"
#include "ledger/write/artifact.h"

typedef void record_fn(struct verify *v, enum core_table table, struct bytes key, struct bytes value);

static void stranger(struct verify *v, enum core_table table, struct bytes key) {
    char text[65];
    text_hex(text, key.p, key.n < 32 ? key.n : 32);
    verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table], "no event accounts for the record with key %s",
                 text);
}

static int sweep(struct verify *v, enum core_table table, record_fn *record, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    uint8_t last[DB_KEY_MAX];
    size_t last_n = 0;
    bool first = true;
    int rc = verify_renew(v, err);
    if (rc == 0) rc = db_cursor_open(v->txn, table, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value, err);
    while (rc == 0) {
        /* a damaged tree may loop */
        if (key.n > sizeof(last) || (!first && bytes_cmp(key, (struct bytes){last, last_n}) <= 0)) {
            verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table], "the table's keys are out of order");
            break;
        }
        record(v, table, key, value);
        memcpy(last, key.p, key.n);
        last_n = key.n;
        first = false;
        rc = v->hindered.code != 0 ? 1 : db_cursor_next(cursor, &key, &value, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

static bool key_u64(struct bytes key, uint64_t *ret) {
    if (key.n != 8) return false;
    *ret = be64_get(key.p);
    return true;
}

/* ---- tables of events ---- */

static void on_tail(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    uint64_t seq;
    (void)value;
    if (!key_u64(key, &seq) || seq / EVENT_GROUP < v->view.head.size / EVENT_GROUP || seq >= v->view.head.size) {
        stranger(v, table, key);
    }
}

static void on_bundle(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    uint64_t index;
    (void)value;
    if (!key_u64(key, &index) || index >= v->view.head.size / EVENT_GROUP) {
        stranger(v, table, key);
    }
}

/* Decrements the count that the events pass incremented; a record that no event requires leaves the count wrong. */
static void on_counted(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    uint64_t at, *count = table == T_PAYLOAD ? &v->counts.external : &v->counts.private_;
    (void)value;
    if (!key_u64(key, &at) || at >= v->view.head.size) {
        stranger(v, table, key);
    } else if (at >= v->from && at < v->head.size) {
        (*count)--; /* below zero it wraps */
    }
}

/* When the count is wrong: compares each record with its event. */
static void on_surplus(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    struct event_header h;
    uint64_t at;
    (void)value;
    if (!key_u64(key, &at) || at < v->from || at >= v->head.size) return;
    if (v->naming != at / EVENT_GROUP) {
        struct err why = {0};
        v->naming = LOG_NO_SEQ;
        int rc = core_group_load(v->txn, &v->view.head, at / EVENT_GROUP, v->mine->group, NULL, &why);
        if (rc != 0) {
            verify_hindered(v, rc, &why); /* damage was reported already */
            return;
        }
        v->naming = at / EVENT_GROUP;
    }
    const struct group_event *e = &v->mine->group->event[at % EVENT_GROUP];
    if (table == T_PAYLOAD ? e->where != GROUP_EXTERNAL
                           : event_header_decode(e->header, &h, NULL) == 0 && h.private_ == NULL) {
        stranger(v, table, key);
    }
}

static void on_checkpoint(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    uint64_t size;
    (void)value;
    if (!key_u64(key, &size) || size == 0 || size > v->view.head.size) {
        stranger(v, table, key);
    } else if (!v->gaps_in_reading && size > v->from && size <= v->head.size && v->n_checkpoints-- == 0) {
        v->n_checkpoints = 0;
        stranger(v, table, key);
    }
}

static void on_keyrun(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    uint64_t seq;
    (void)value;
    if (!key_u64(key, &seq) || seq % EVENT_GROUP != 0 || seq < v->view.head.keyed_from ||
        seq + EVENT_GROUP > v->view.head.size) {
        stranger(v, table, key);
    }
}

/* A tile of level L holds hashes of tree level 8 L; the tree's size gives the length of the last tile. */
static void on_tile(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    uint64_t index;
    if (!key_u64(key, &index)) {
        stranger(v, table, key);
        return;
    }
    unsigned level = (unsigned)(index >> 56);
    index &= ~(UINT64_C(0xff) << 56);
    uint64_t hashes = level == 0 || level > 7 ? 0 : v->view.head.size >> (8 * level);
    uint64_t due = index < hashes / 256 ? 256 : index == hashes / 256 ? hashes % 256 : 0;
    if (due == 0) {
        stranger(v, table, key);
    } else if (value.n != due * MERKLE_HASH) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "tile", "tile %u/%llu has %zu bytes where %llu are due", level,
                     (unsigned long long)index, value.n, (unsigned long long)(due * MERKLE_HASH));
    }
}

/* ---- independent tables ---- */

static void on_artifact(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    struct err why = {0};
    char hex[2 * EVENT_HASH + 1];
    text_hex(hex, key.p, key.n < EVENT_HASH ? key.n : EVENT_HASH);
    if (key.n == EVENT_HASH && value.n == ARTIFACT_RECORD_HEAD && value.p[0] == ARTIFACT_ERASED) {
        if (!verify_artifact_claimed(v, key) && !verify_erased_since(v, key)) {
            verify_fault(v, LOG_ERASURES, LOG_NO_SEQ, core_table_names[table],
                         "artifact:sha256:%s is missing, and no ledger.erased event says so", hex);
        }
        return;
    }
    v->n_artifacts++;
    int rc = artifact_check(v->ledger, key, value, &why);
    if (rc != 0 && !verify_hindered(v, rc, &why) && !verify_erased_since(v, key)) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table], "artifact:sha256:%s: %s", hex, why.msg);
    }
}

static int cmp_claim(const void *a, const void *b) {
    return memcmp(a, b, CURSOR_CLAIM);
}

/* The digests by which events would name the existing cursors, sorted. */
static int claims_there(struct verify *v, const uint8_t secret[KEY_SECRET_LEN], struct buf *ret, struct err *err) {
    struct db_cursor *cursor;
    struct bytes name, value;
    uint8_t claim[CURSOR_CLAIM];
    int rc = db_cursor_open(v->txn, T_CURSOR, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &name, &value, err);
    for (; rc == 0; rc = db_cursor_next(cursor, &name, &value, err)) {
        cursor_claim(secret, name, claim);
        buf_put(ret, claim, sizeof(claim));
    }
    db_cursor_close(cursor);
    if (ret->n > 0) {
        qsort(ret->p, ret->n / CURSOR_CLAIM, CURSOR_CLAIM, cmp_claim);
    }
    return rc < 0 ? rc : buf_check(ret, "cursors", err);
}

static bool has_claim(const struct buf *claims, const uint8_t claim[CURSOR_CLAIM]) {
    return claims->n > 0 && bsearch(claim, claims->p, claims->n / CURSOR_CLAIM, CURSOR_CLAIM, cmp_claim) != NULL;
}

/* A cursor that an import moved is never removed. A missing one is reported once, with the first event that names it. */
static int check_cursors(struct verify *v, struct err *err) {
    uint8_t secret[KEY_SECRET_LEN];
    struct buf there = {.max = (size_t)64 << 20}, told = {.max = (size_t)64 << 20};
    int rc = v->n_stored == 0 ? ERR_NOTFOUND : key_secret_look(v->txn, secret, NULL);
    if (rc != 0) {
        return 0; /* nothing is claimed, or the secret cannot be read, which is reported separately */
    }
    rc = claims_there(v, secret, &there, err);
    for (size_t i = 0; i < v->n_stored && rc == 0; i++) {
        const struct verify_stored *stored = &v->stored[i];
        bool known = !stored->cursor || !cursor_claim_is_ours(secret, stored->digest) || has_claim(&there, stored->digest);
        for (size_t k = 0; !known && k < told.n; k += CURSOR_CLAIM) {
            known = memcmp(told.p + k, stored->digest, CURSOR_CLAIM) == 0;
        }
        if (!known) {
            verify_fault(v, LOG_INTEGRITY, stored->seq, core_table_names[T_CURSOR],
                         "the cursor that this import moved is missing");
            buf_put(&told, stored->digest, CURSOR_CLAIM);
            rc = buf_check(&told, "cursors", err);
        }
    }
    buf_done(&told);
    buf_done(&there);
    crypt_wipe(secret, sizeof(secret));
    return rc;
}

/* Every artifact that was put must have a record; erased ones keep theirs. on_artifact checks the content. */
static int check_stored(struct verify *v, struct err *err) {
    int rc = check_cursors(v, err);
    for (size_t i = 0; i < v->n_stored && rc == 0; i++) {
        const struct verify_stored *stored = &v->stored[i];
        if (stored->cursor) continue;
        char hex[2 * EVENT_HASH + 1];
        struct bytes record;
        rc = db_get(v->txn, T_ARTIFACT, (struct bytes){stored->digest, EVENT_HASH}, &record, err);
        if (rc == ERR_NOTFOUND) {
            text_hex(hex, stored->digest, EVENT_HASH);
            verify_fault(v, LOG_INTEGRITY, stored->seq, core_table_names[T_ARTIFACT],
                         "artifact:sha256:%s, which it says was put, is missing", hex);
            rc = 0;
        }
    }
    return rc;
}

static void on_cursor(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    struct bytes content;
    struct err why = {0};
    if (cursor_decode(key, value, &content, &why) != 0) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table], "%s", why.msg);
    }
}

static void on_key_secret(struct verify *v, enum core_table table, struct bytes value) {
    uint8_t secret[KEY_SECRET_LEN];
    char digest[KEY_SECRET_DIGEST];
    struct err why = {0};
    if (key_secret_decode(value, secret, &why) != 0) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table], "%s", why.msg);
        return;
    }
    key_secret_digest(secret, digest);
    if (v->keyed_by[0] != '\0' && strcmp(digest, v->keyed_by) != 0) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table],
                     "the record '" KEY_SECRET_RECORD "' is not the one that event %llu names",
                     (unsigned long long)v->keyed_by_seq);
    }
    crypt_wipe(secret, sizeof(secret));
}

static void on_place(struct verify *v, enum core_table table, struct bytes value) {
    struct place place;
    struct err why = {0};
    if (place_decode(value, &place, &why) != 0) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, core_table_names[table], "%s", why.msg);
    }
}

/* Only known names may occur; the format and identity records must match byte for byte. */
static void on_meta(struct verify *v, enum core_table table, struct bytes key, struct bytes value) {
    struct buf want = {.max = 65536};
    struct err why = {0};
    if (bytes_is(key, "format")) { /* erasures by events that were not read are unknown */
        core_format_encode(&want, v->erasures.n_claims > 0 ? CORE_FEATURE_ERASED : 0);
        if (v->from > 0 && !bytes_eq(value, bytes_of_buf(&want))) {
            buf_clear(&want);
            core_format_encode(&want, CORE_FEATURE_ERASED);
        }
    } else if (bytes_is(key, "identity")) {
        char vkey[NOTE_VKEY_MAX];
        note_vkey_encode(vkey, &v->log);
        mp_put_array(&want, 3);
        mp_put_str(&want, bytes_of(v->origin));
        mp_put_bin(&want, (struct bytes){v->genesis, EVENT_HASH});
        mp_put_str(&want, bytes_of(vkey));
    } else if (bytes_is(key, CORE_ERASING) && bytes_is(value, "1") && (v->erasures.n_claims > 0 || v->from > 0)) {
        v->erasures.pending = true;
    } else if (bytes_is(key, KEY_SECRET_RECORD)) {
        on_key_secret(v, table, value);
    } else if (bytes_is(key, PLACE_RECORD)) {
        on_place(v, table, value);
    } else if (!bytes_is(key, "identity") && !bytes_is(key, "head") && !bytes_is(key, "checkpoint")) {
        stranger(v, table, key);
    }
    if (buf_check(&want, "a record of the table meta", &why) != 0) {
        verify_hindered(v, want.fail, &why);
    } else if (want.n > 0 && !bytes_eq(value, bytes_of_buf(&want))) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record '%.*s' is not what the events say", (int)key.n,
                     (const char *)key.p);
    }
    buf_done(&want);
}

/* ---- the head ---- */

static void check_head(struct verify *v) {
    const struct head *h = &v->head;
    if (v->edge.size != h->size) {
        return; /* reported already */
    }
    uint8_t zero[EVENT_HASH] = {0};
    for (size_t i = 0; i < merkle_edge_count(h->size); i++) {
        if (memcmp(h->edge.hash[i], v->edge.hash[i], MERKLE_HASH) != 0) {
            verify_fault(v, LOG_INTEGRITY, h->size - 1, "meta", "the head record's tree is not that of the events");
            break;
        }
    }
    if (memcmp(h->prev, v->chain.prev, EVENT_HASH) != 0 || h->time != v->chain.time) {
        verify_fault(v, LOG_INTEGRITY, h->size - 1, "meta", "the head record's newest event is not the newest event");
    }
    if (h->size % EVENT_GROUP == 0 && memcmp(h->seed, zero, EVENT_HASH) != 0) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record has a seed and no group");
    }
    if (h->keyed_from % CORE_SEGMENT != 0 || h->keyed_from > h->size || h->epoch_since > h->time) {
        verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the head record's numbers do not fit");
    }
}

/* A handle that was opened before these records disappeared works without them. */
static int check_meta_names(struct verify *v, struct err *err) {
    const char *const names[] = {"format", "identity", v->keyed_by[0] == '\0' ? NULL : KEY_SECRET_RECORD};
    int rc = 0;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && names[i] != NULL && rc == 0; i++) {
        struct bytes record;
        rc = db_get(v->txn, T_META, bytes_of(names[i]), &record, err);
        if (rc == ERR_NOTFOUND) {
            verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "meta", "the record '%s' is missing", names[i]);
            rc = 0;
        }
    }
    return rc;
}

static void on_stranger_table(void *ctx, struct bytes name) {
    verify_fault(ctx, LOG_INTEGRITY, LOG_NO_SEQ, "root", "there is a table '%.*s' that does not belong here",
                 (int)(name.n < 64 ? name.n : 64), (const char *)name.p);
}

/* Facts that only LMDB's offsets state, such as that a table is empty, are only as good as its pages. */
static int check_pages(struct verify *v, struct err *err) {
    struct err why = {0};
    int rc = db_check(v->ledger->evidence, &why);
    if (rc != ERR_CORRUPT) return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
    verify_fault(v, LOG_INTEGRITY, LOG_NO_SEQ, "database", "%s", why.msg);
    return 0;
}

int verify_tables(struct verify *v, struct err *err) {
    static const struct {
        enum core_table table;
        record_fn *record;
    } sweeps[] = {{T_META, on_meta},         {T_TAIL, on_tail},    {T_BUNDLE, on_bundle},         {T_PAYLOAD, on_counted},
                  {T_PRIVATE, on_counted},   {T_TILE, on_tile},    {T_CHECKPOINT, on_checkpoint}, {T_KEYRUN, on_keyrun},
                  {T_ARTIFACT, on_artifact}, {T_CURSOR, on_cursor}};
    int rc = check_pages(v, err);
    if (rc == 0) rc = db_strangers(v->txn, on_stranger_table, v, err);
    check_head(v);
    if (rc == 0) rc = check_meta_names(v, err);
    if (rc == 0) rc = check_stored(v, err);
    v->naming = LOG_NO_SEQ;
    for (size_t i = 0; i < sizeof(sweeps) / sizeof(sweeps[0]) && rc == 0; i++) {
        rc = sweep(v, sweeps[i].table, sweeps[i].record, err);
        bool surplus = (sweeps[i].table == T_PAYLOAD && v->counts.external != 0) ||
                       (sweeps[i].table == T_PRIVATE && v->counts.private_ != 0);
        if (rc == 0 && surplus) rc = sweep(v, sweeps[i].table, on_surplus, err);
    }
    return rc;
}
