/* Groups as they fill up: the tail's records, the bundle of a full group, its key run, and the tiles above it. */
#include <string.h>

#include "ledger/dedup/keyrun.h"
#include "ledger/write/commit.h"
#include "ledger/write/packer.h"

static int put_pair(void *ctx, uint64_t hash, uint64_t seq, struct err *err) {
    struct buf *out = ctx;
    (void)err;
    buf_put_u8(out, (uint8_t)(seq % EVENT_GROUP));
    return buf_put_be64(out, hash);
}

void commit_group_key(struct commit *c, uint64_t hash) {
    put_pair(&c->ledger->write.built.keyrun, hash, c->head.size, NULL);
}

int commit_group_begin(struct commit *c, size_t n, struct err *err) {
    struct ledger *ledger = c->ledger;
    size_t have = (size_t)(c->head.size % EVENT_GROUP);
    if (have + n >= EVENT_GROUP && ledger->write.packer == NULL && (ledger->write.packer = packer_new()) == NULL) {
        return err_set(err, ERR_NOMEM, "out of memory");
    }
    if (have + n >= 2 * EVENT_GROUP) {
        packer_start(ledger->write.packer);
    }
    struct built *built = &ledger->write.built;
    bool whole =
        have > 0 && built->whole && built->size == c->head.size && memcmp(built->leaf, c->head.prev, EVENT_HASH) == 0;
    built->whole = false;
    c->base = c->head.size;
    c->stored = 0;
    if (whole) {
        c->base -= have;
        c->stored = have;
        return 0;
    }
    buf_clear(&built->keyrun);
    if (have > 0 && have + n >= EVENT_GROUP) {
        size_t bad;
        c->base -= have;
        c->stored = have;
        int rc = core_group_load(c->txn, &c->head, c->head.size / EVENT_GROUP, ledger->write.build, &bad, err);
        if (rc == 0) rc = keyrun_of_group(c->txn, ledger->write.build, put_pair, &built->keyrun, err);
        return rc;
    }
    group_reset(ledger->write.build, c->head.size / EVENT_GROUP, c->head.seed, c->head.prev);
    return 0;
}

void commit_group_keep(struct commit *c) {
    struct built *built = &c->ledger->write.built;
    built->whole = c->base % EVENT_GROUP == 0;
    built->size = c->head.size;
    memcpy(built->leaf, c->head.prev, EVENT_HASH);
}

/* ---- tiles ---- */

/* Node `hash` of tree level 8 * tile_level at `index` becomes the next hash of its tile. */
static int put_tile(struct commit *c, unsigned tile_level, uint64_t index, const uint8_t hash[EVENT_HASH],
                    struct err *err) {
    uint8_t key[8];
    struct bytes record = {NULL, 0};
    size_t at = (size_t)(index % 256) * MERKLE_HASH;
    be64_put(key, index / 256);
    key[0] = (uint8_t)tile_level;
    int rc = at == 0 ? ERR_NOTFOUND : db_get(c->txn, T_TILE, (struct bytes){key, sizeof(key)}, &record, err);
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    if (record.n != at) {
        return err_set(err, ERR_CORRUPT, "tile %u/%llu has %zu bytes where %zu are due", tile_level,
                       (unsigned long long)(index / 256), record.n, at);
    }
    buf_clear(&c->record);
    buf_put_bytes(&c->record, record);
    buf_put(&c->record, hash, MERKLE_HASH);
    rc = buf_check(&c->record, "a tile", err);
    if (rc == 0) rc = db_put(c->txn, T_TILE, (struct bytes){key, sizeof(key)}, bytes_of_buf(&c->record), DB_PUT, err);
    return rc;
}

/* ---- sealing a full group ---- */

static int put_key_run(struct commit *c, struct err *err) {
    int rc = buf_check(&c->ledger->write.built.keyrun, "a key run", err);
    if (rc == 0 && c->ledger->write.built.keyrun.n > 0) {
        rc = db_put_u64(c->txn, T_KEYRUN, c->ledger->write.build->index * EVENT_GROUP,
                        bytes_of_buf(&c->ledger->write.built.keyrun), DB_APPEND, err);
    }
    buf_clear(&c->ledger->write.built.keyrun);
    return rc;
}

/* Puts the oldest group that is encoded or being encoded. */
static int put_bundle(struct commit *c, struct err *err) {
    struct bytes record;
    uint64_t index;
    struct ledger *ledger = c->ledger;
    int rc = packer_take(ledger->write.packer, &index, &record, err);
    if (rc == 0) rc = db_put_u64(c->txn, T_BUNDLE, index, record, DB_APPEND, err);
    if (rc == 0 && ledger->watch != NULL) {
        ledger->watch->group(ledger->watch, packer_taken(ledger->write.packer));
    }
    return rc;
}

int commit_group_drain(struct commit *c, struct err *err) {
    int rc = 0;
    while (rc == 0 && packer_pending(c->ledger->write.packer)) {
        rc = put_bundle(c, err);
    }
    return rc;
}

static int seal_group(struct commit *c, struct err *err) {
    struct ledger *ledger = c->ledger;
    uint64_t index = ledger->write.build->index;
    int rc = 0;
    for (size_t i = 0; i < c->stored && rc == 0; i++) {
        rc = db_del_u64(c->txn, T_TAIL, index * EVENT_GROUP + i, err);
    }
    if (rc == 0) rc = put_key_run(c, err);
    while (rc == 0 && (packer_ready(ledger->write.packer) || !packer_has_room(ledger->write.packer))) {
        rc = put_bundle(c, err);
    }
    if (rc != 0) return rc;
    packer_put(ledger->write.packer, &ledger->write.build);
    memset(c->head.seed, 0, EVENT_HASH);
    c->base = c->head.size;
    c->stored = 0;
    group_reset(ledger->write.build, index + 1, c->head.seed, c->head.prev);
    return 0;
}

/* ---- events ---- */

int commit_group_add(struct commit *c, struct bytes header, const struct group_facts *facts, struct bytes payload,
                     enum group_payload where, const uint8_t leaf[EVENT_HASH], struct err *err) {
    struct group *group = c->ledger->write.build;
    uint8_t done[MERKLE_DEPTH_MAX][MERKLE_HASH];
    uint64_t seq = c->head.size;
    if (seq % EVENT_GROUP == 0) { /* the seed was just made */
        group_reset(group, seq / EVENT_GROUP, c->head.seed, c->head.prev);
    }
    int rc = group_add(group, header, facts, payload, where, leaf, err);
    if (rc != 0) return rc;
    unsigned levels = merkle_edge_push(&c->head.edge, leaf, done);
    c->head.size++;
    memcpy(c->head.prev, leaf, EVENT_HASH);
    for (unsigned level = 8; level <= levels && rc == 0; level += 8) {
        rc = put_tile(c, level / 8, seq >> level, done[level], err);
    }
    if (rc == 0 && c->head.size % EVENT_GROUP == 0) rc = seal_group(c, err);
    return rc;
}

int commit_group_tail(struct commit *c, const struct group_event *e, uint64_t seq, enum db_put_flag flag, struct err *err) {
    buf_clear(&c->record);
    group_tail_encode(&c->record, e->header, e->payload, e->where, e->salted ? e->salt : NULL);
    int rc = buf_check(&c->record, "a tail record", err);
    if (rc == 0) rc = db_put_u64(c->txn, T_TAIL, seq, bytes_of_buf(&c->record), flag, err);
    return rc;
}

int commit_group_end(struct commit *c, struct err *err) {
    struct group *group = c->ledger->write.build;
    int rc = commit_group_drain(c, err);
    if (rc != 0) return rc;
    group_views(group);
    for (size_t i = c->stored; i < group->n && rc == 0; i++) {
        rc = commit_group_tail(c, &group->event[i], c->base + i, DB_APPEND, err);
    }
    return rc;
}
