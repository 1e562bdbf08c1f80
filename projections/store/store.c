/* The records of projections in table state: which generation is read, its position, and how to interpret its rows. */
#include "projections/store/store.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mp.h"

#define RECORD_VERSION 1
#define RECORD_MAX     65536
#define CHECK          8
#define NAME_MAX_      96
#define SLOTS          "projections"

/* ---- records with a check ---- */

static void check_of(struct bytes name, struct bytes value, uint8_t ret[HASH_LEN]) {
    static const uint8_t nul = 0;
    const struct bytes parts[] = {name, {&nul, 1}, value};
    hash_parts(ret, parts, 3);
}

/* `value` begins with room for the check. */
static int put_checked(struct db_txn *txn, const char *name, struct buf *value, struct err *err) {
    uint8_t check[HASH_LEN];
    int rc = buf_check(value, name, err);
    if (rc != 0) return rc;
    check_of(bytes_of(name), (struct bytes){value->p + CHECK, value->n - CHECK}, check);
    memcpy(value->p, check, CHECK);
    return db_put(txn, DERIVED_STATE, bytes_of(name), bytes_of_buf(value), DB_PUT, err);
}

/* ERR_NOTFOUND: absent or damaged. */
static int get_checked(struct db_txn *txn, struct bytes name, struct bytes *ret, struct err *err) {
    uint8_t check[HASH_LEN];
    struct bytes record;
    int rc = db_get(txn, DERIVED_STATE, name, &record, err);
    if (rc != 0 || record.n < CHECK) {
        if (rc == 0) rc = ERR_NOTFOUND;
        return rc;
    }
    struct bytes value = {record.p + CHECK, record.n - CHECK};
    check_of(name, value, check);
    *ret = value;
    return memcmp(check, record.p, CHECK) == 0 ? 0 : ERR_NOTFOUND;
}

static void begin_value(struct buf *value) {
    static const uint8_t nothing[CHECK] = {0};
    buf_init(value, RECORD_MAX);
    buf_put(value, nothing, CHECK);
}

static const char *name_of(char ret[NAME_MAX_], const char *projection) {
    snprintf(ret, NAME_MAX_, "projection/%.64s", projection);
    return ret;
}

/* ---- generations ---- */

static size_t stored_columns(const struct state_table *table) {
    size_t n = 0;
    for (size_t i = 0; i < table->n_columns; i++) {
        n += (table->columns[i].flags & COLUMN_JUDGED) == 0;
    }
    return n;
}

void store_generation_init(struct store_generation *ret, const struct projection *projection, uint64_t segment) {
    *ret = (struct store_generation){.there = true,
                                     .version = projection->version,
                                     .segment = segment,
                                     .failed_seq = LOG_NO_SEQ,
                                     .n_tables = projection->n_tables};
    for (size_t i = 0; i < projection->n_tables; i++) {
        ret->columns[i] = (uint8_t)stored_columns(&projection->tables[i]);
    }
}

bool store_generation_fits(const struct store_generation *generation, const struct projection *projection) {
    bool fits =
        generation->there && generation->version == projection->version && generation->n_tables == projection->n_tables;
    for (size_t i = 0; i < projection->n_tables && fits; i++) {
        fits = generation->columns[i] == stored_columns(&projection->tables[i]);
    }
    return fits;
}

static void put_generation(struct buf *out, const struct store_generation *g) {
    if (!g->there) {
        mp_put_nil(out);
        return;
    }
    mp_put_array(out, 8);
    mp_put_uint(out, g->version);
    mp_put_uint(out, g->slot);
    mp_put_uint(out, g->segment);
    mp_put_uint(out, g->position);
    mp_put_bin(out, (struct bytes){g->leaf, LOG_HASH});
    if (g->failed_seq == LOG_NO_SEQ) {
        mp_put_nil(out);
    } else {
        mp_put_uint(out, g->failed_seq);
    }
    mp_put_bin(out, bytes_of(g->failed));
    mp_put_array(out, (uint32_t)g->n_tables);
    for (size_t i = 0; i < g->n_tables; i++) {
        mp_put_uint(out, g->columns[i]);
    }
}

static bool take_tables(struct mp_reader *r, struct store_generation *g) {
    struct mp_item item;
    uint64_t columns;
    if (!mp_take(r, MP_ARRAY, &item) || item.count > STORE_TABLES_MAX) return false;
    g->n_tables = item.count;
    for (size_t i = 0; i < g->n_tables; i++) {
        if (!mp_take_uint(r, ROW_COLUMNS_MAX, &columns)) return false;
        g->columns[i] = (uint8_t)columns;
    }
    return true;
}

static bool take_generation(struct mp_reader *r, struct store_generation *ret) {
    struct store_generation g = {.there = true, .failed_seq = LOG_NO_SEQ};
    struct mp_item item, failed;
    uint64_t version, slot;
    if (mp_next(r, &item, NULL) != 0 || (item.type == MP_ARRAY && item.count != 8)) return false;
    if (item.type != MP_ARRAY) return item.type == MP_NIL;
    if (!mp_take_uint(r, UINT32_MAX, &version) || !mp_take_uint(r, UINT32_MAX, &slot) ||
        !mp_take_uint(r, MP_INT_MAX, &g.segment) || g.segment == 0 || !mp_take_uint(r, MP_INT_MAX, &g.position) ||
        !mp_take_bin(r, g.leaf, LOG_HASH) || mp_next(r, &item, NULL) != 0 ||
        (item.type != MP_NIL && item.type != MP_UINT) || !mp_take(r, MP_BIN, &failed) ||
        failed.data.n >= sizeof(g.failed) || !take_tables(r, &g)) {
        return false;
    }
    g.version = (uint32_t)version;
    g.slot = (uint32_t)slot;
    g.failed_seq = item.type == MP_UINT ? item.uint : LOG_NO_SEQ;
    memcpy(g.failed, failed.data.p, failed.data.n);
    *ret = g;
    return true;
}

static bool take_record(struct bytes value, struct store_record *ret) {
    struct mp_reader r;
    uint64_t version;
    mp_reader_init(&r, value);
    return mp_take_array(&r, 3) && mp_take_uint(&r, MP_INT_MAX, &version) && version == RECORD_VERSION &&
           take_generation(&r, &ret->current) && take_generation(&r, &ret->shadow) && r.p == r.end;
}

int store_get(struct db_txn *txn, const char *projection, struct store_record *ret, struct err *err) {
    char name[NAME_MAX_];
    struct bytes value;
    int rc = get_checked(txn, bytes_of(name_of(name, projection)), &value, err);
    *ret = (struct store_record){0};
    if (rc == 0 && !take_record(value, ret)) {
        *ret = (struct store_record){0};
    }
    return rc == ERR_NOTFOUND ? 0 : rc;
}

int store_put(struct db_txn *txn, const char *projection, const struct store_record *record, struct err *err) {
    char name[NAME_MAX_];
    struct buf value;
    begin_value(&value);
    mp_put_array(&value, 3);
    mp_put_uint(&value, RECORD_VERSION);
    put_generation(&value, &record->current);
    put_generation(&value, &record->shadow);
    int rc = put_checked(txn, name_of(name, projection), &value, err);
    buf_done(&value);
    return rc;
}

/* ---- slots ---- */

static const char *slot_name(char ret[NAME_MAX_], uint32_t slot) {
    snprintf(ret, NAME_MAX_, "slot/%08x", slot);
    return ret;
}

/* Above every slot that has rows or columns, in case the counter is damaged. */
static int slot_above_all(struct db_txn *txn, uint32_t *ret, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    uint32_t least = 1;
    int rc = db_cursor_open(txn, DERIVED_ROW, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_last(cursor, &key, &value, err);
    if (rc == 0 && key.n >= 4 && be32_get(key.p) >= least) {
        least = be32_get(key.p) + 1;
    }
    db_cursor_close(cursor);
    rc = rc < 0 ? rc : db_cursor_open(txn, DERIVED_STATE, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, bytes_of("slot/"), &key, &value, err);
    while (rc == 0 && bytes_has_prefix(key, "slot/")) {
        uint32_t slot = 0;
        for (size_t i = 5; i < key.n && i < 13; i++) {
            uint32_t digit = key.p[i] >= 'a' ? (uint32_t)(key.p[i] - 'a' + 10) : (uint32_t)(key.p[i] - '0');
            slot = slot << 4 | (digit & 15U);
        }
        least = slot >= least ? slot + 1 : least;
        rc = db_cursor_next(cursor, &key, &value, err);
    }
    db_cursor_close(cursor);
    *ret = least;
    return rc < 0 ? rc : 0;
}

static int put_columns(struct db_txn *txn, uint32_t slot, const struct projection *projection, struct err *err) {
    char name[NAME_MAX_];
    struct buf value;
    begin_value(&value);
    mp_put_array(&value, 3);
    mp_put_str(&value, bytes_of(projection->name));
    mp_put_uint(&value, projection->version);
    mp_put_array(&value, (uint32_t)projection->n_tables);
    for (size_t t = 0; t < projection->n_tables; t++) {
        const struct state_table *table = &projection->tables[t];
        mp_put_array(&value, 2);
        mp_put_str(&value, bytes_of(table->name));
        mp_put_array(&value, (uint32_t)stored_columns(table));
        for (size_t i = 0; i < table->n_columns; i++) {
            if ((table->columns[i].flags & COLUMN_JUDGED) == 0) {
                mp_put_str(&value, bytes_of(table->columns[i].name));
            }
        }
    }
    int rc = put_checked(txn, slot_name(name, slot), &value, err);
    buf_done(&value);
    return rc;
}

int store_slot_new(struct db_txn *txn, const struct projection *projection, uint32_t *ret, struct err *err) {
    struct bytes record;
    uint8_t be[4];
    uint32_t slot = 0, least;
    int rc = db_get(txn, DERIVED_STATE, bytes_of(SLOTS), &record, err);
    if (rc == 0 && record.n == 4) {
        slot = be32_get(record.p);
    }
    rc = rc == 0 || rc == ERR_NOTFOUND ? slot_above_all(txn, &least, err) : rc;
    if (rc != 0) return rc;
    slot = slot < least ? least : slot;
    be32_put(be, slot + 1);
    rc = db_put(txn, DERIVED_STATE, bytes_of(SLOTS), (struct bytes){be, sizeof(be)}, DB_PUT, err);
    if (rc == 0) rc = put_columns(txn, slot, projection, err);
    if (rc == 0) {
        *ret = slot;
    }
    return rc;
}

/* ---- columns ---- */

static size_t column_named(const struct state_table *table, struct bytes name) {
    for (size_t i = 0; i < table->n_columns; i++) {
        if (bytes_is(name, table->columns[i].name) && (table->columns[i].flags & COLUMN_JUDGED) == 0) {
            return i;
        }
    }
    return SIZE_MAX;
}

static bool take_map(struct mp_reader *r, size_t number, const struct projection *projection, struct store_map *maps) {
    struct mp_item name, columns, column;
    struct store_map *map = NULL;
    size_t t = 0;
    if (!mp_take_array(r, 2) || !mp_take(r, MP_STR, &name) || !mp_take(r, MP_ARRAY, &columns) ||
        columns.count > ROW_COLUMNS_MAX) {
        return false;
    }
    while (t < projection->n_tables && !bytes_is(name.data, projection->tables[t].name)) {
        t++;
    }
    if (t < projection->n_tables) {
        map = &maps[t];
        map->table = number;
        map->n = columns.count;
    }
    for (size_t i = 0; i < columns.count; i++) {
        if (!mp_take(r, MP_STR, &column)) return false;
        if (map != NULL) {
            map->column[i] = column_named(&projection->tables[t], column.data);
        }
    }
    return true;
}

int store_maps(struct db_txn *txn, uint32_t slot, const struct projection *projection, struct store_map *ret,
               struct err *err) {
    char name[NAME_MAX_];
    struct bytes value;
    struct mp_reader r;
    struct mp_item of, version, tables = {0};
    for (size_t t = 0; t < projection->n_tables; t++) {
        ret[t] = (struct store_map){.table = SIZE_MAX};
    }
    int rc = get_checked(txn, bytes_of(slot_name(name, slot)), &value, err);
    if (rc != 0 && rc != ERR_NOTFOUND) return rc;
    bool good = rc == 0;
    if (good) {
        mp_reader_init(&r, value);
        good = mp_take_array(&r, 3) && mp_take(&r, MP_STR, &of) && bytes_is(of.data, projection->name) &&
               mp_take(&r, MP_UINT, &version) && mp_take(&r, MP_ARRAY, &tables);
    }
    for (size_t t = 0; good && t < tables.count; t++) {
        good = t < STORE_TABLES_MAX && take_map(&r, t, projection, ret);
    }
    return good ? 0
                : err_set(err, ERR_CORRUPT, "the form in which the rows of '%s' are stored is unknown", projection->name);
}
