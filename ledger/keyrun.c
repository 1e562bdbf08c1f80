/* Idempotency keys of recent events: hashes, runs, and the table in memory (open addressing, no deletion). */
#include "ledger/keyrun.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define KEYS_SLOTS_MIN 1024
#define KEYS_CROWDED   (4 * CORE_SEGMENT) /* more than this: what segments cover goes */

struct slot {
    uint64_t hash, seq1; /* seq + 1; 0: free */
};

struct keys_memory {
    struct slot *slots;
    size_t n_slots, used;
    bool loaded;
    uint64_t from, to; /* pairs of events [from, to) are in */
};

static uint64_t hash_pair(const char *domain, struct bytes a, struct bytes b, struct bytes c) {
    uint8_t len[8], digest[HASH_LEN];
    be32_put(len, (uint32_t)a.n);
    be32_put(len + 4, (uint32_t)b.n);
    const struct bytes parts[] = {bytes_of(domain), {len, sizeof(len)}, a, b, c};
    hash_parts(digest, parts, 5);
    return be64_get(digest);
}

uint64_t keyrun_hash(struct bytes source, struct bytes key) {
    return hash_pair("source key", source, (struct bytes){NULL, 0}, key);
}

uint64_t keyrun_author_hash(struct bytes author, const uint8_t id[NOTE_KEY_ID_LEN], struct bytes key) {
    return hash_pair("author key", author, (struct bytes){id, NOTE_KEY_ID_LEN}, key);
}

int keyrun_of_decoded(const struct event_header *h, const struct event_author *author, keyrun_put_fn *put, void *ctx,
                      struct err *err) {
    if (h->key.n == 0) {
        return 0;
    }
    int rc = put(ctx, keyrun_hash(h->source, h->key), h->seq, err);
    if (rc == 0 && author->name.n > 0) {
        rc = put(ctx, keyrun_author_hash(author->name, author->id, h->key), h->seq, err);
    }
    return rc;
}

int keyrun_of_event(struct bytes header, struct bytes payload, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct event_header h;
    struct event_author author = {0};
    struct bytes body;
    int rc = event_header_decode(header, &h, err);
    if (rc == 0 && h.key.n > 0 && payload.n > 0) {
        rc = event_payload_decode(payload, &body, &author, err);
    }
    return rc != 0 ? rc : keyrun_of_decoded(&h, &author, put, ctx, err);
}

int keyrun_of_group(struct db_txn *txn, const struct group *group, keyrun_put_fn *put, void *ctx, struct err *err) {
    struct buf external;
    int rc = 0;
    buf_init(&external, EVENT_PAYLOAD_MAX);
    for (size_t i = 0; i < group->n && rc == 0; i++) {
        const struct group_event *e = &group->event[i];
        struct bytes payload = e->payload;
        if (e->where == GROUP_EXTERNAL) {
            buf_clear(&external);
            rc = core_payload_get(txn, group->index * EVENT_GROUP + i, &external, err);
            payload = bytes_of_buf(&external);
        }
        rc = rc != 0 ? rc : keyrun_of_event(e->header, payload, put, ctx, err);
    }
    buf_done(&external);
    return rc;
}

int keyrun_decode(uint64_t index, struct bytes record, keyrun_put_fn *put, void *ctx, struct err *err) {
    if (record.n == 0 || record.n % KEYRUN_ENTRY != 0 || record.n > 2 * EVENT_GROUP * KEYRUN_ENTRY) {
        return err_set(err, ERR_CORRUPT, "the key run of group %llu does not parse", (unsigned long long)index);
    }
    for (size_t at = 0; at < record.n; at += KEYRUN_ENTRY) {
        int rc = put(ctx, be64_get(record.p + at + 1), index * EVENT_GROUP + record.p[at], err);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- memory ---- */

struct keys_memory *keys_new(void) {
    return calloc(1, sizeof(struct keys_memory));
}

void keys_free(struct keys_memory *keys) {
    if (keys != NULL) {
        free(keys->slots);
        free(keys);
    }
}

void keys_forget(struct keys_memory *keys) {
    if (keys->slots != NULL) {
        memset(keys->slots, 0, keys->n_slots * sizeof(*keys->slots));
    }
    keys->used = 0;
    keys->loaded = false;
}

static void place(struct slot *slots, size_t n_slots, struct slot slot) {
    size_t i = slot.hash & (n_slots - 1);
    while (slots[i].seq1 != 0) {
        i = (i + 1) & (n_slots - 1);
    }
    slots[i] = slot;
}

int keys_put(struct keys_memory *keys, uint64_t hash, uint64_t seq, struct err *err) {
    if (2 * (keys->used + 1) > keys->n_slots) {
        size_t n = keys->n_slots == 0 ? KEYS_SLOTS_MIN : 2 * keys->n_slots;
        struct slot *slots = calloc(n, sizeof(*slots));
        if (slots == NULL) {
            return err_set(err, ERR_NOMEM, "out of memory for idempotency keys");
        }
        for (size_t i = 0; i < keys->n_slots; i++) {
            if (keys->slots[i].seq1 != 0) {
                place(slots, n, keys->slots[i]);
            }
        }
        free(keys->slots);
        keys->slots = slots;
        keys->n_slots = n;
    }
    place(keys->slots, keys->n_slots, (struct slot){hash, seq + 1});
    keys->used++;
    return 0;
}

int keys_next(const struct keys_memory *keys, uint64_t hash, size_t *state, uint64_t *ret_seq) {
    while (keys->n_slots > 0 && *state < keys->n_slots) {
        const struct slot *slot = &keys->slots[(hash + *state) & (keys->n_slots - 1)];
        (*state)++;
        if (slot->seq1 == 0) {
            return 1;
        }
        if (slot->hash == hash) {
            *ret_seq = slot->seq1 - 1;
            return 0;
        }
    }
    return 1;
}

void keys_committed(struct keys_memory *keys, uint64_t size) {
    if (keys->loaded) {
        keys->to = size;
    }
}

static int put_memory(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct keys_memory *keys = ctx;
    return seq < keys->to ? 0 : keys_put(keys, hash, seq, err);
}

static int load_runs(struct keys_memory *keys, struct db_txn *txn, uint64_t from, uint64_t to, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, record;
    uint8_t be[8];
    int rc = db_cursor_open(txn, T_KEYRUN, &cursor, err);
    if (rc != 0) {
        return rc;
    }
    be64_put(be, from / EVENT_GROUP * EVENT_GROUP);
    rc = db_cursor_seek(cursor, (struct bytes){be, sizeof(be)}, &key, &record, err);
    while (rc == 0) {
        uint64_t first = key.n == 8 ? be64_get(key.p) : 1;
        if (first % EVENT_GROUP != 0) {
            rc = err_set(err, ERR_CORRUPT, "a key run has a wrong key");
        } else if (first >= to) {
            break;
        } else {
            rc = keyrun_decode(first / EVENT_GROUP, record, put_memory, keys, err);
        }
        rc = rc != 0 ? rc : db_cursor_next(cursor, &key, &record, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

static int load_tail(struct keys_memory *keys, struct db_txn *txn, uint64_t from, uint64_t to, struct err *err) {
    struct buf external;
    int rc = 0;
    buf_init(&external, EVENT_PAYLOAD_MAX);
    for (uint64_t seq = from; seq < to && rc == 0; seq++) {
        struct bytes record, header, payload;
        enum group_payload where;
        rc = db_get_u64(txn, T_TAIL, seq, &record, err);
        if (rc == ERR_NOTFOUND) {
            rc = err_set(err, ERR_CORRUPT, "the record of event %llu is missing", (unsigned long long)seq);
        }
        rc = rc != 0 ? rc : group_tail_decode(record, &header, &payload, &where, err);
        if (rc == 0 && where == GROUP_EXTERNAL) {
            buf_clear(&external);
            rc = core_payload_get(txn, seq, &external, err);
            payload = bytes_of_buf(&external);
        }
        rc = rc != 0 ? rc : keyrun_of_event(header, payload, put_memory, keys, err);
    }
    buf_done(&external);
    return rc;
}

bool keys_crowded(const struct keys_memory *keys) {
    return keys->used > KEYS_CROWDED;
}

int keys_update(struct keys_memory *keys, struct db_txn *txn, const struct head *head, uint64_t covered, struct err *err) {
    uint64_t from = covered > head->keyed_from ? covered : head->keyed_from;
    if (keys->loaded && keys->to > head->size) {
        keys_forget(keys); /* a commit that was thought good is not there */
    }
    if (!keys->loaded || keys->to < from || keys->from > from || (keys_crowded(keys) && keys->from < from)) {
        keys_forget(keys);
        keys->from = keys->to = from;
        keys->loaded = true;
    }
    if (keys->to == head->size) {
        return 0;
    }
    uint64_t full = head->size / EVENT_GROUP * EVENT_GROUP;
    int rc = keys->to < full ? load_runs(keys, txn, keys->to, full, err) : 0;
    rc = rc != 0 ? rc : load_tail(keys, txn, keys->to > full ? keys->to : full, head->size, err);
    if (rc != 0) {
        keys_forget(keys);
        return rc;
    }
    keys->to = head->size;
    return 0;
}
