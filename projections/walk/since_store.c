/* Records are not trusted: one that does not parse, or is of another log, counts as absent. */
#include "projections/walk/since_store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"
#include "ledger/derived/derived.h"

#define RULES      2 /* raised when judges decide differently and no version of a projection or of the program shows it */
#define CHECK      8
#define NAME_ROOM  96
#define RECORD_MAX ((size_t)64 << 20)

static void name_of(char ret[NAME_ROOM], const struct state_table *table, uint64_t segment, bool newest) {
    if (newest) {
        snprintf(ret, NAME_ROOM, "since/%.40s", table->name);
    } else {
        snprintf(ret, NAME_ROOM, "since/%.40s/%016" PRIx64, table->name, segment);
    }
}

static void rules_of(const struct state_view *view, uint8_t ret[HASH_LEN]) {
    struct buf text = {.max = 65536};
    buf_printf(&text, "%d %s", RULES, LEDGER_VERSION);
    for (size_t i = 0; i < view->n; i++) {
        buf_printf(&text, " %s %u", view->projection[i].projection->name, view->projection[i].projection->version);
    }
    const struct bytes all = bytes_of_buf(&text);
    hash_parts(ret, &all, 1);
    buf_done(&text);
}

static void check_of(const char *name, struct bytes value, uint8_t ret[HASH_LEN]) {
    const struct bytes parts[] = {bytes_of(name), {(const uint8_t *)"", 1}, value};
    hash_parts(ret, parts, 3);
}

void since_record_done(struct since_record *record) {
    free(record->rows);
    if (record->own.max != 0) {
        buf_done(&record->own);
    }
    *record = (struct since_record){0};
}

/* ---- reading ---- */

static bool take_row(struct mp_reader *r, struct walk_known *ret) {
    struct mp_item key, hash, seq, at;
    if (!mp_take_array(r, 4) || !mp_take(r, MP_BIN, &key) || !mp_take(r, MP_BIN, &hash) || hash.data.n != WALK_HASH ||
        mp_next(r, &seq, NULL) != 0 || (seq.type != MP_UINT && seq.type != MP_NIL) || !mp_take(r, MP_UINT, &at)) {
        return false;
    }
    *ret = (struct walk_known){key.data, {0}, {true, seq.type == MP_UINT ? seq.uint : LOG_NO_SEQ, at.uint}};
    memcpy(ret->hash, hash.data.p, WALK_HASH);
    return true;
}

static bool parse(const struct state_view *view, struct since_record *ret, uint8_t leaf[LOG_HASH]) {
    struct mp_reader r;
    struct mp_item item, rules, position, now, hash, rows;
    uint8_t ours[HASH_LEN];
    const struct bytes whole = bytes_of_buf(&ret->own);
    rules_of(view, ours);
    mp_reader_init(&r, (struct bytes){whole.p + CHECK, whole.n - CHECK});
    if (!mp_take_array(&r, 6) || !mp_take(&r, MP_UINT, &item) || item.uint != 1 || !mp_take(&r, MP_BIN, &rules) ||
        rules.data.n != HASH_LEN || memcmp(rules.data.p, ours, HASH_LEN) != 0 || !mp_take(&r, MP_UINT, &position) ||
        !mp_take(&r, MP_UINT, &now) || !mp_take(&r, MP_BIN, &hash) || hash.data.n != LOG_HASH ||
        !mp_take(&r, MP_ARRAY, &rows) || rows.count > whole.n) {
        return false;
    }
    memcpy(leaf, hash.data.p, LOG_HASH);
    ret->position = position.uint;
    ret->now = now.uint;
    ret->rows = calloc((size_t)rows.count + 1, sizeof(*ret->rows));
    for (; ret->rows != NULL && ret->n < rows.count; ret->n++) {
        if (!take_row(&r, &ret->rows[ret->n])) return false;
    }
    return ret->rows != NULL;
}

/* *ret stays zeroed when it is absent or not a record of this log. */
static int load_one(struct state_view *view, const char *name, struct replay *replay, uint64_t at, struct since_record *ret,
                    struct err *err) {
    struct bytes value;
    uint8_t check[HASH_LEN], leaf[LOG_HASH];
    bool same = false;
    int rc = db_get(view->txn, DERIVED_STATE, bytes_of(name), &value, err);
    if (rc != 0 || value.n <= CHECK) return rc == ERR_NOTFOUND || rc == ERR_CORRUPT ? 0 : rc;
    buf_init(&ret->own, RECORD_MAX);
    buf_put_bytes(&ret->own, value);
    rc = buf_check(&ret->own, "a record", err);
    check_of(name, (struct bytes){value.p + CHECK, value.n - CHECK}, check);
    bool good = rc == 0 && memcmp(check, value.p, CHECK) == 0 && parse(view, ret, leaf) && ret->position <= at;
    rc = rc == 0 && good ? replay_same(replay, ret->position, leaf, &same, err) : rc;
    if (rc != 0 || !same) {
        since_record_done(ret);
    }
    return err_is_damage(rc) ? 0 : rc;
}

int since_load(struct state_view *view, const struct state_table *table, uint64_t at, struct since_record *ret,
               struct err *err) {
    char name[NAME_ROOM];
    struct replay *replay = NULL;
    uint64_t segment = state_tuning()->segment;
    *ret = (struct since_record){0};
    if (view->txn == NULL || view->options.base != STATE_STORED) return 0;
    int rc = replay_open(view->ledger, NULL, &replay, err);
    name_of(name, table, 0, true);
    if (rc == 0) rc = load_one(view, name, replay, at, ret, err);
    for (uint64_t k = at / segment; rc == 0 && ret->rows == NULL && k > 0; k--) {
        name_of(name, table, k, false);
        rc = load_one(view, name, replay, at, ret, err);
    }
    replay_close(replay);
    return rc;
}

/* ---- writing ---- */

static int put_row(void *ctx, const struct walk_known *row) {
    struct buf *out = ctx;
    mp_put_array(out, 4);
    mp_put_bin(out, row->key);
    mp_put_bin(out, (struct bytes){row->hash, WALK_HASH});
    if (row->cause.seq == LOG_NO_SEQ) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, row->cause.seq);
    }
    mp_put_uint(out, row->cause.at);
    return 0;
}

static int encode(struct state_view *view, const char *name, const struct state_table *table, const struct walk *walk,
                  struct buf *out, struct err *err) {
    uint8_t rules[HASH_LEN], check[HASH_LEN], leaf[LOG_HASH];
    uint64_t position, now;
    int rc = walk_where(walk, &position, &now, leaf, err);
    rules_of(view, rules);
    buf_put(out, "\0\0\0\0\0\0\0", CHECK);
    mp_put_array(out, 6);
    mp_put_uint(out, 1);
    mp_put_bin(out, (struct bytes){rules, HASH_LEN});
    mp_put_uint(out, position);
    mp_put_uint(out, now);
    mp_put_bin(out, (struct bytes){leaf, LOG_HASH});
    mp_put_array(out, (uint32_t)walk_each(walk, table, NULL, NULL));
    walk_each(walk, table, put_row, out);
    if (rc == 0) rc = buf_check(out, "a record", err);
    if (rc == 0) {
        check_of(name, (struct bytes){out->p + CHECK, out->n - CHECK}, check);
        memcpy(out->p, check, CHECK);
    }
    return rc;
}

void since_save(struct state_view *view, const struct state_table *table, const struct walk *walk, bool newest,
                uint64_t generation) {
    char name[NAME_ROOM];
    uint8_t leaf[LOG_HASH];
    uint64_t position = 0, now;
    struct db *db;
    struct db_txn *txn = NULL;
    struct buf record = {.max = RECORD_MAX};
    if (view->options.no_write || view->options.base != STATE_STORED || view->txn == NULL ||
        (!newest && walk_each(walk, table, NULL, NULL) > SINCE_ROWS_MAX) ||
        walk_where(walk, &position, &now, leaf, NULL) != 0) {
        return;
    }
    name_of(name, table, position / state_tuning()->segment, newest);
    int rc = encode(view, name, table, walk, &record, NULL);
    if (rc == 0) rc = derived_open_of(view->ledger, generation, &db, NULL);
    if (rc == 0) rc = db_begin(db, true, &txn, NULL);
    if (rc == 0) rc = db_put(txn, DERIVED_STATE, bytes_of(name), bytes_of_buf(&record), DB_PUT, NULL);
    if (rc == 0) {
        db_commit(txn, NULL);
    } else {
        db_abort(txn);
    }
    buf_done(&record);
}
