/* Reading within one transaction: identity, head, groups, payloads, tree nodes. */
#include "ledger/core/core.h"

#include <stdlib.h>
#include <string.h>

#include "base/archive/zst.h"
#include "base/clock.h"
#include "base/mp.h"
#include "base/text.h"

#define CORE_RESERVE_MIN  (GROUP_PLAIN_MAX + ((uint64_t)1 << 20))
#define CLOSE_PATIENCE_NS (2 * CLOCK_NS_PER_S)

const char *const core_table_names[CORE_TABLES] = {"meta",    "tail",     "bundle", "payload", "tile", "checkpoint",
                                                   "private", "artifact", "cursor", "keyrun",  "epoch"};

int core_path(const struct ledger *ledger, const char *name, char ret[FILE_PATH_MAX], struct err *err) {
    return file_join(ret, ledger->dir, name, err);
}

/* Reserved for control events, the first of which may have to seal the largest possible group; but at most a quarter of a
 * small quota. */
static uint64_t reserve_of(uint64_t map_bytes) {
    uint64_t least = map_bytes / 4 < CORE_RESERVE_MIN ? map_bytes / 4 : CORE_RESERVE_MIN;
    return map_bytes / 64 > least ? map_bytes / 64 : least;
}

int core_open_evidence(struct ledger *ledger, bool create, bool read_only, struct err *err) {
    char path[FILE_PATH_MAX];
    struct db_options options = {.tables = core_table_names,
                                 .n_tables = CORE_TABLES,
                                 .map_bytes = ledger->config.map_bytes,
                                 .reserve_bytes = reserve_of(ledger->config.map_bytes),
                                 .generations = true,
                                 .read_only = read_only,
                                 .create = create,
                                 .keep_readers = ledger->keep_readers,
                                 .wait = ledger->wait};
    int rc = core_path(ledger, "evidence", path, err);
    if (rc == 0) rc = db_open(path, &options, &ledger->evidence, err);
    return rc;
}

int core_stored(int rc, struct err *err) {
    if (rc != ERR_VERSION) return rc;
    if (err != NULL) {
        err->code = ERR_CORRUPT;
    }
    return ERR_CORRUPT;
}

/* ---- meta ---- */

int core_meta_get(struct db_txn *txn, const char *name, struct bytes *ret, struct err *err) {
    int rc = db_get(txn, T_META, bytes_of(name), ret, err);
    return rc == ERR_NOTFOUND ? err_set(err, ERR_CORRUPT, "the database has no '%s' record", name) : rc;
}

int core_head_get(struct db_txn *txn, struct head *ret, struct err *err) {
    struct bytes record;
    int rc = core_meta_get(txn, "head", &record, err);
    if (rc == 0) rc = head_decode(record, ret, err);
    return core_stored(rc, err);
}

int core_checkpoint_get(struct db_txn *txn, struct bytes *ret, struct err *err) {
    return core_meta_get(txn, "checkpoint", ret, err);
}

void core_format_encode(struct buf *out, uint64_t features) {
    mp_put_array(out, 2);
    mp_put_uint(out, CORE_FORMAT);
    mp_put_uint(out, features);
}

int core_identity_put(struct db_txn *txn, const char *origin, const uint8_t genesis[EVENT_HASH], const char *log_vkey,
                      struct err *err) {
    struct buf record = {.max = 4096};
    struct bytes there;
    core_format_encode(&record, 0); /* features that an older program could not read: none */
    int rc = buf_check(&record, "format", err);
    if (rc == 0) rc = db_get(txn, T_META, bytes_of("format"), &there, err);
    if (rc == ERR_NOTFOUND) { /* an existing one says what the records have */
        rc = db_put(txn, T_META, bytes_of("format"), bytes_of_buf(&record), DB_PUT, err);
    }
    buf_clear(&record);
    mp_put_array(&record, 3);
    mp_put_str(&record, bytes_of(origin));
    mp_put_bin(&record, (struct bytes){genesis, EVENT_HASH});
    mp_put_str(&record, bytes_of(log_vkey));
    if (rc == 0) rc = buf_check(&record, "identity", err);
    if (rc == 0) rc = db_put(txn, T_META, bytes_of("identity"), bytes_of_buf(&record), DB_PUT, err);
    buf_done(&record);
    return rc;
}

/* ---- epochs ---- */

int core_epoch_put(struct db_txn *txn, uint64_t epoch, uint64_t from_size, const char *vkey, uint64_t seq,
                   const char *origin, bool restored, struct err *err) {
    struct buf record = {.max = 4096};
    mp_put_array(&record, 5);
    mp_put_uint(&record, from_size);
    mp_put_str(&record, bytes_of(vkey));
    mp_put_uint(&record, seq);
    mp_put_str(&record, bytes_of(origin));
    mp_put_bool(&record, restored);
    int rc = buf_check(&record, "epoch", err);
    if (rc == 0) rc = db_put_u64(txn, T_EPOCH, epoch, bytes_of_buf(&record), DB_PUT, err);
    buf_done(&record);
    return rc;
}

int core_epoch_get(struct db_txn *txn, uint64_t epoch, struct core_epoch *ret, struct err *err) {
    struct bytes record;
    struct mp_reader r;
    struct mp_item vkey, origin, restored;
    struct core_epoch out;
    int rc = db_get_u64(txn, T_EPOCH, epoch, &record, err);
    if (rc == ERR_NOTFOUND) {
        return err_set(err, ERR_NOTFOUND, "there is no epoch %llu", (unsigned long long)epoch);
    }
    if (rc != 0) return rc;
    mp_reader_init(&r, record);
    if (!mp_take_array(&r, 5) || !mp_take_uint(&r, MP_INT_MAX, &out.from_size) || !mp_take(&r, MP_STR, &vkey) ||
        !mp_take_uint(&r, MP_INT_MAX, &out.seq) || !mp_take(&r, MP_STR, &origin) || origin.data.n > NOTE_NAME_MAX ||
        !mp_take(&r, MP_BOOL, &restored) || r.p != r.end || note_vkey_decode(vkey.data, &out.vkey, NULL) != 0) {
        return err_set(err, ERR_CORRUPT, "the record of epoch %llu does not parse", (unsigned long long)epoch);
    }
    out.restored = restored.boolean;
    memcpy(out.origin, origin.data.p, origin.data.n);
    out.origin[origin.data.n] = '\0';
    *ret = out;
    return 0;
}

/* ---- groups ---- */

int core_payload_check(const struct event_header *h, const uint8_t salt[EVENT_HASH], struct bytes payload,
                       struct err *err) {
    uint8_t commit[EVENT_HASH];
    event_body_commit(commit, salt, payload);
    if (memcmp(commit, h->body, EVENT_HASH) != 0) {
        return err_set(err, ERR_TAMPERED, "event %llu is not what was written: its payload differs from its commitment",
                       (unsigned long long)h->seq);
    }
    return 0;
}

int core_tail_get(struct db_txn *txn, uint64_t seq, struct bytes *ret_record, struct bytes *ret_header,
                  struct bytes *ret_payload, enum group_payload *ret_where, struct err *err) {
    struct bytes record;
    int rc = db_get_u64(txn, T_TAIL, seq, &record, err);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "the record of event %llu is missing", (unsigned long long)seq);
    }
    if (rc == 0) rc = group_tail_decode(record, ret_header, ret_payload, ret_where, err);
    if (rc == 0 && ret_record != NULL) {
        *ret_record = record;
    }
    return rc;
}

/* An inline payload of the tail; a bundle's payloads are bound by its leaves. */
static int check_tail_payload(const struct head *head, const struct event_header *h, const uint8_t *own,
                              struct bytes payload, struct err *err) {
    uint8_t salt[EVENT_HASH];
    event_salt(salt, head->seed, h->seq);
    return core_payload_check(h, own != NULL ? own : salt, payload, err);
}

static int load_tail(struct db_txn *txn, const struct head *head, uint64_t index, struct group *group, size_t *ret_bad,
                     struct err *err) {
    uint64_t first = index * EVENT_GROUP;
    size_t n = (size_t)(head->size - first);
    uint8_t prev[EVENT_HASH] = {0};
    for (size_t i = 0; i < n; i++) {
        struct bytes record, header, payload;
        enum group_payload where;
        struct event_header h;
        uint8_t leaf[EVENT_HASH];
        int rc = core_tail_get(txn, first + i, &record, &header, &payload, &where, err);
        if (rc == 0) rc = event_header_decode(header, &h, err);
        if (rc == 0 && h.seq != first + i) {
            rc = err_set(err, ERR_CORRUPT, "the record of event %llu holds seq %llu", (unsigned long long)(first + i),
                         (unsigned long long)h.seq);
        }
        if (rc == 0 && i == 0) {
            group_reset(group, index, head->seed, h.prev);
        } else if (rc == 0 && memcmp(prev, h.prev, EVENT_HASH) != 0) {
            /* either the event before or this one's prev was changed; the leaf before is what prev must be */
            rc = err_set(err, ERR_TAMPERED,
                         "event %llu is not what was written: the next event's prev differs from its leaf",
                         (unsigned long long)(first + i - 1));
            i--;
        }
        if (rc == 0 && where == GROUP_INLINE) {
            rc = check_tail_payload(head, &h, group_tail_salt(record), payload, err);
        }
        if (rc == 0) {
            event_leaf(leaf, header);
            memcpy(prev, leaf, EVENT_HASH);
            const struct group_facts facts = group_facts_of(header, &h);
            rc = group_add(group, header, &facts, payload, where, leaf, err);
            if (rc == 0 && group_tail_salt(record) != NULL) {
                group_salt_put(group, group_tail_salt(record), true);
            }
        }
        if (rc != 0) {
            *ret_bad = i;
            return rc;
        }
    }
    if (memcmp(prev, head->prev, EVENT_HASH) != 0) {
        *ret_bad = n - 1;
        return err_set(err, ERR_TAMPERED, "event %llu is not what was written: its leaf is not the head's",
                       (unsigned long long)(head->size - 1));
    }
    group_views(group);
    return 0;
}

int core_group_load(struct db_txn *txn, const struct head *head, uint64_t index, struct group *group, size_t *ret_bad,
                    struct err *err) {
    size_t bad = SIZE_MAX;
    struct bytes record;
    int rc;
    if (index == head->size / EVENT_GROUP && head->size % EVENT_GROUP != 0) {
        rc = load_tail(txn, head, index, group, &bad, err);
    } else if (index >= head->size / EVENT_GROUP) {
        return err_set(err, ERR_NOTFOUND, "there is no event %llu", (unsigned long long)(index * EVENT_GROUP));
    } else {
        rc = db_get_u64(txn, T_BUNDLE, index, &record, err);
        if (rc == ERR_NOTFOUND) rc = err_set(err, ERR_CORRUPT, "the bundle is missing");
        if (rc == 0) rc = group_decode(group, index, record, ret_bad == NULL ? NULL : &bad, err);
    }
    rc = core_stored(rc, err);
    if (rc != 0) {
        uint64_t first = index * EVENT_GROUP;
        uint64_t last = first + EVENT_GROUP - 1 < head->size ? first + EVENT_GROUP - 1 : head->size - 1;
        err_prefix(err, "events %llu..%llu", (unsigned long long)first, (unsigned long long)last);
        if (ret_bad != NULL) {
            *ret_bad = bad;
        }
    }
    return rc;
}

int core_payload_get(struct db_txn *txn, uint64_t seq, struct buf *out, struct err *err) {
    struct bytes record;
    int rc = db_get_u64(txn, T_PAYLOAD, seq, &record, err);
    if (rc == ERR_NOTFOUND || (rc == 0 && (record.n < 1 || record.p[0] > 1))) {
        return err_set(err, ERR_CORRUPT, "the payload of event %llu is missing or does not parse", (unsigned long long)seq);
    }
    if (rc != 0) return rc;
    struct bytes content = {record.p + 1, record.n - 1};
    if (record.p[0] == 0) {
        return buf_put_bytes(out, content) != 0 ? buf_check(out, "a payload", err) : 0;
    }
    rc = zst_decompress(out, content, EVENT_PAYLOAD_MAX, err);
    if (rc != 0) {
        err_prefix(err, "the payload of event %llu", (unsigned long long)seq);
    }
    return rc;
}

/* ---- threads ---- */

void core_end_thread(struct ledger *ledger, pthread_t thread) {
    uint64_t until = clock_wall_ns() + CLOSE_PATIENCE_NS;
    const struct timespec t = {(time_t)(until / CLOCK_NS_PER_S), (long)(until % CLOCK_NS_PER_S)};
    if (ledger->closing || pthread_timedjoin_np(thread, NULL, &t) != 0) {
        ledger->closing = true;
        pthread_join(thread, NULL);
    }
}

/* ---- views and tree nodes ---- */

int core_view_over(struct ledger *ledger, struct db_txn *txn, struct core_view *view, struct err *err) {
    struct head head;
    int rc = core_head_get(txn, &head, err);
    if (rc == 0) {
        *view = (struct core_view){.ledger = ledger, .txn = txn, .head = head};
    }
    return rc;
}

void core_tell(struct ledger *ledger) {
    if (db_generation(ledger->evidence) != ledger->follower.generation) {
        ledger->follower.moved(ledger);
    }
}

int core_view_begin(struct ledger *ledger, struct core_view *view, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc == 0 && db_txn_generation(txn) != ledger->follower.generation) {
        ledger->follower.moved(ledger);
    }
    if (rc == 0) rc = core_view_over(ledger, txn, view, err);
    if (rc != 0) {
        db_abort(txn);
    }
    return rc;
}

void core_view_release(struct core_view *view) {
    group_free(view->group);
    view->group = NULL;
    view->group_valid = false;
}

void core_view_end(struct core_view *view) {
    core_view_release(view);
    db_abort(view->txn);
    view->txn = NULL;
}

static void fold(uint8_t (*hashes)[MERKLE_HASH], size_t n, uint8_t ret[MERKLE_HASH]) {
    for (; n > 1; n /= 2) {
        for (size_t i = 0; i < n / 2; i++) {
            merkle_node(hashes[i], hashes[2 * i], hashes[2 * i + 1]);
        }
    }
    memcpy(ret, hashes[0], MERKLE_HASH);
}

/* Below level 8: from the leaves of one group. */
static int node_in_group(struct core_view *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH],
                         struct err *err) {
    uint8_t hashes[EVENT_GROUP][MERKLE_HASH];
    uint64_t first = index << level;
    uint64_t g = first / EVENT_GROUP;
    size_t n = (size_t)1 << level, at = (size_t)(first % EVENT_GROUP);
    if (view->group == NULL && (view->group = group_new()) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    if (!view->group_valid || view->group->index != g) {
        view->group_valid = false;
        int rc = core_group_load(view->txn, &view->head, g, view->group, NULL, err);
        if (rc != 0) return rc;
        view->group_valid = true;
    }
    if (at + n > view->group->n) {
        return err_set(err, ERR_CORRUPT, "tree node %u/%llu is beyond the head", level, (unsigned long long)index);
    }
    for (size_t i = 0; i < n; i++) {
        memcpy(hashes[i], view->group->event[at + i].leaf, MERKLE_HASH);
    }
    fold(hashes, n, ret);
    return 0;
}

/* Level 8 and up: from one row of a tile of level L >= 1, whose hashes are nodes of tree level 8 * L. */
static int node_in_tile(struct core_view *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    uint8_t hashes[EVENT_GROUP][MERKLE_HASH], key[8];
    struct bytes record;
    unsigned tile_level = level / 8, up = level % 8;
    uint64_t first = index << up;
    size_t n = (size_t)1 << up, at = (size_t)(first % 256);
    be64_put(key, first / 256);
    key[0] = (uint8_t)tile_level;
    int rc = db_get(view->txn, T_TILE, (struct bytes){key, sizeof(key)}, &record, err);
    if (rc == ERR_NOTFOUND || (rc == 0 && record.n < (at + n) * MERKLE_HASH)) {
        return err_set(err, ERR_CORRUPT, "tile %u/%llu is missing or too short", tile_level,
                       (unsigned long long)(first / 256));
    }
    if (rc != 0) return rc;
    memcpy(hashes, record.p + at * MERKLE_HASH, n * MERKLE_HASH);
    fold(hashes, n, ret);
    return 0;
}

int core_node(void *view, unsigned level, uint64_t index, uint8_t ret[MERKLE_HASH], struct err *err) {
    return level < 8 ? node_in_group(view, level, index, ret, err) : node_in_tile(view, level, index, ret, err);
}
