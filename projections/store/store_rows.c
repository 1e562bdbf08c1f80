/* Rows by slot, table, key and version: finding, putting, walking, sweeping. */
#include <stdlib.h>
#include <string.h>

#include "projections/store/store.h"

#define FRONT      5 /* slot and table before the row's key */
#define BACK       9 /* a 0 and the version after it */
#define SWEEP_ROWS 32768
#define SLOTS_MAX  (4 * PROJECTIONS_MAX)

/* ---- keys ---- */

struct key {
    uint8_t p[FRONT + KEY_MAX + BACK];
    size_t n;
};

static void put_front(uint8_t *p, uint32_t slot, size_t table) {
    be32_put(p, slot);
    p[4] = (uint8_t)table;
}

static int key_of(struct key *ret, uint32_t slot, size_t table, struct bytes key, uint64_t version, struct err *err) {
    if (key.n > KEY_MAX) {
        return err_set(err, ERR_LIMIT, "a row's key of %zu bytes is longer than %d", key.n, KEY_MAX);
    }
    put_front(ret->p, slot, table);
    if (key.n > 0) {
        memcpy(ret->p + FRONT, key.p, key.n);
    }
    ret->p[FRONT + key.n] = 0;
    be64_put(ret->p + FRONT + key.n + 1, ~version);
    ret->n = FRONT + key.n + BACK;
    return 0;
}

static struct bytes bytes_of_key(const struct key *key) {
    return (struct bytes){key->p, key->n};
}

/* Another version of the same row. */
static bool same_row(const struct key *key, struct bytes other) {
    return other.n == key->n && memcmp(other.p, key->p, key->n - 8) == 0;
}

/* ---- one row ---- */

/* ERR_NOTFOUND: no version up to the key's. An empty row is found. */
static int newest(struct db_cursor *cursor, const struct key *key, struct bytes *ret, struct err *err) {
    struct bytes found, value;
    int rc = db_cursor_seek(cursor, bytes_of_key(key), &found, &value, err);
    if (rc != 0 || !same_row(key, found)) return rc < 0 ? rc : ERR_NOTFOUND;
    *ret = value;
    return 0;
}

int store_row(struct db_txn *txn, uint32_t slot, size_t table, struct bytes key, uint64_t bound, struct bytes *ret,
              struct err *err) {
    struct key full;
    struct db_cursor *cursor = NULL;
    struct bytes value = {0};
    int rc = key_of(&full, slot, table, key, bound, err);
    if (rc == 0) rc = db_cursor_open(txn, DERIVED_ROW, &cursor, err);
    if (rc == 0) rc = newest(cursor, &full, &value, err);
    db_cursor_close(cursor);
    if (rc == 0 && value.n == 0) rc = ERR_NOTFOUND;
    if (rc == 0) {
        *ret = value;
    }
    return rc;
}

/* ---- putting ---- */

static int put_one(struct db_txn *txn, struct db_cursor *cursor, uint32_t slot, uint64_t version, bool older,
                   const struct rows_entry *entry, struct err *err) {
    struct key key;
    struct bytes before = {0};
    int rc = 0;
    if (older) {
        rc = key_of(&key, slot, entry->table, entry->key, version - 1, err);
        if (rc == 0) rc = newest(cursor, &key, &before, err);
    }
    rc = rc == ERR_NOTFOUND ? 0 : rc;
    if (rc == 0) rc = key_of(&key, slot, entry->table, entry->key, version, err);
    if (rc != 0) return rc;
    return bytes_eq(before, entry->bytes) ? db_del(txn, DERIVED_ROW, bytes_of_key(&key), err)
                                          : db_put(txn, DERIVED_ROW, bytes_of_key(&key), entry->bytes, DB_PUT, err);
}

int store_rows_put(struct db_txn *txn, uint32_t slot, uint64_t version, uint64_t segment,
                   const struct rows_entry *const *entries, size_t n, struct err *err) {
    struct db_cursor *cursor = NULL;
    int rc = db_cursor_open(txn, DERIVED_ROW, &cursor, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = put_one(txn, cursor, slot, version, version > segment, entries[i], err);
    }
    db_cursor_close(cursor);
    return rc;
}

/* ---- walking ---- */

int store_scan_open(struct store_scan *scan, struct db_txn *txn, uint32_t slot, size_t table, struct bytes prefix,
                    uint64_t bound, struct err *err) {
    uint8_t front[FRONT];
    *scan = (struct store_scan){.bound = bound, .prefix = FRONT + prefix.n};
    buf_init(&scan->seek, FRONT + 2 * KEY_MAX + BACK);
    put_front(front, slot, table);
    buf_put(&scan->seek, front, FRONT);
    buf_put_bytes(&scan->seek, prefix);
    int rc = buf_check(&scan->seek, "a key", err);
    if (rc == 0) rc = db_cursor_open(txn, DERIVED_ROW, &scan->cursor, err);
    return rc;
}

void store_scan_done(struct store_scan *scan) {
    db_cursor_close(scan->cursor);
    buf_done(&scan->seek);
    *scan = (struct store_scan){0};
}

/* The first key of this row's versions that are not above the bound. */
static int seek_bound(struct store_scan *scan, struct bytes *key, struct bytes *value, struct err *err) {
    buf_clear(&scan->seek);
    buf_put(&scan->seek, key->p, key->n - 8);
    buf_put_be64(&scan->seek, ~scan->bound);
    int rc = buf_check(&scan->seek, "a key", err);
    if (rc == 0) rc = db_cursor_seek(scan->cursor, bytes_of_buf(&scan->seek), key, value, err);
    return rc;
}

/* The first key after all versions of the row returned last, which scan->seek holds up to its 0. */
static int seek_behind(struct store_scan *scan, struct bytes *key, struct bytes *value, struct err *err) {
    size_t n = scan->seek.n;
    int rc = db_cursor_next(scan->cursor, key, value, err);
    if (rc != 0 || key->n < n || memcmp(key->p, scan->seek.p, n) != 0) return rc;
    scan->seek.p[n - 1] = 1;
    return db_cursor_seek(scan->cursor, bytes_of_buf(&scan->seek), key, value, err);
}

int store_scan_next(struct store_scan *scan, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err) {
    struct bytes key, value;
    size_t n = scan->prefix; /* these bytes of scan->seek stay, whatever follows them */
    int rc = scan->started ? seek_behind(scan, &key, &value, err)
                           : db_cursor_seek(scan->cursor, bytes_of_buf(&scan->seek), &key, &value, err);
    scan->started = true;
    while (rc == 0) {
        if (key.n < n || memcmp(key.p, scan->seek.p, n) != 0) return 1;
        if (key.n < FRONT + BACK || key.p[key.n - BACK] != 0) {
            return err_set(err, ERR_CORRUPT, "the key of a stored row does not parse");
        }
        if (~be64_get(key.p + key.n - 8) > scan->bound) {
            rc = seek_bound(scan, &key, &value, err);
            if (rc != 0 || key.n != scan->seek.n || memcmp(key.p, scan->seek.p, key.n - 8) != 0) {
                continue; /* the row did not exist yet */
            }
        }
        buf_clear(&scan->seek);
        buf_put(&scan->seek, key.p, key.n - 8);
        rc = buf_check(&scan->seek, "a key", err);
        if (rc == 0 && value.n > 0) {
            *ret_key = (struct bytes){key.p + FRONT, key.n - FRONT - BACK};
            *ret_bytes = value;
            return 0;
        }
        if (rc == 0) rc = seek_behind(scan, &key, &value, err);
    }
    return rc;
}

/* ---- a whole slot ---- */

int store_dump_open(struct store_dump *dump, struct db_txn *txn, uint32_t slot, struct err *err) {
    *dump = (struct store_dump){0};
    be32_put(dump->slot, slot);
    return db_cursor_open(txn, DERIVED_ROW, &dump->cursor, err);
}

int store_dump_next(struct store_dump *dump, struct bytes *ret_key, struct bytes *ret_bytes, struct err *err) {
    struct bytes key, value, front = {dump->slot, sizeof(dump->slot)};
    int rc = dump->started ? db_cursor_next(dump->cursor, &key, &value, err)
                           : db_cursor_seek(dump->cursor, front, &key, &value, err);
    dump->started = true;
    if (rc == 0 && (key.n < front.n || memcmp(key.p, front.p, front.n) != 0)) rc = 1;
    if (rc == 0) {
        *ret_key = (struct bytes){key.p + front.n, key.n - front.n};
        *ret_bytes = value;
    }
    return rc;
}

void store_dump_done(struct store_dump *dump) {
    db_cursor_close(dump->cursor);
    *dump = (struct store_dump){0};
}

/* ---- sweeping ---- */

struct named {
    uint32_t slot[SLOTS_MAX];
    size_t n;
};

static bool is_named(const struct named *named, uint32_t slot) {
    for (size_t i = 0; i < named->n; i++) {
        if (named->slot[i] == slot) return true;
    }
    return false;
}

static int collect_named(struct db_txn *txn, struct named *ret, struct err *err) {
    static const char prefix[] = "projection/";
    struct db_cursor *cursor;
    struct bytes key, value;
    ret->n = 0;
    int rc = db_cursor_open(txn, DERIVED_STATE, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, bytes_of(prefix), &key, &value, err);
    while (rc == 0 && bytes_has_prefix(key, prefix)) {
        char name[DB_KEY_MAX + 1] = "";
        struct store_record record;
        memcpy(name, key.p + sizeof(prefix) - 1, key.n - (sizeof(prefix) - 1));
        rc = store_get(txn, name, &record, err);
        const struct store_generation *both[] = {&record.current, &record.shadow};
        for (size_t i = 0; i < 2 && rc == 0; i++) {
            if (both[i]->there && ret->n < SLOTS_MAX) {
                ret->slot[ret->n++] = both[i]->slot;
            }
        }
        if (rc == 0) rc = db_cursor_next(cursor, &key, &value, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

/* The first slot with rows that no record names. 1: there is none. */
static int first_garbage(struct db_txn *txn, const struct named *named, uint32_t *ret, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    uint8_t front[4] = {0};
    int rc = named->n == SLOTS_MAX ? 1 : db_cursor_open(txn, DERIVED_ROW, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){front, sizeof(front)}, &key, &value, err);
    while (rc == 0 && key.n >= sizeof(front) && is_named(named, be32_get(key.p))) {
        uint32_t slot = be32_get(key.p);
        be32_put(front, slot + 1);
        rc = slot == UINT32_MAX ? 1 : db_cursor_seek(cursor, (struct bytes){front, sizeof(front)}, &key, &value, err);
    }
    if (rc == 0 && key.n < sizeof(front)) {
        rc = 1; /* not written by this program */
    } else if (rc == 0) {
        *ret = be32_get(key.p);
    }
    db_cursor_close(cursor);
    return rc;
}

/* Keys that return after their removal, or are found in one way but not another, come from a damaged tree: continuing would
 * never end. */
static int not_removed(struct err *err) {
    return err_set(err, ERR_CORRUPT, "unused rows cannot be removed: the derived data is damaged");
}

static int remove_rows(struct db_txn *txn, uint32_t slot, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    uint8_t front[4], copy[DB_KEY_MAX];
    size_t n = 0;
    be32_put(front, slot);
    int rc = db_cursor_open(txn, DERIVED_ROW, &cursor, err);
    if (rc != 0) return rc;
    for (size_t i = 0; i < SWEEP_ROWS && rc == 0; i++) {
        rc = db_cursor_seek(cursor, (struct bytes){front, sizeof(front)}, &key, &value, err);
        if (rc != 0 || key.n < sizeof(front) || key.n > sizeof(copy) || memcmp(key.p, front, sizeof(front)) != 0) {
            break;
        }
        if (bytes_eq(key, (struct bytes){copy, n})) {
            rc = not_removed(err);
            break;
        }
        n = key.n;
        memcpy(copy, key.p, n);
        rc = db_del(txn, DERIVED_ROW, (struct bytes){copy, n}, err);
    }
    db_cursor_close(cursor);
    return rc == ERR_NOTFOUND || n == 0 ? not_removed(err) : rc < 0 ? rc : 0;
}

/* Columns of slots that no longer exist. */
static int remove_columns(struct db_txn *txn, const struct named *named, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    char copy[DB_KEY_MAX + 1] = "slot/";
    int rc = 0;
    while (rc == 0) {
        rc = db_cursor_open(txn, DERIVED_STATE, &cursor, err);
        if (rc != 0) return rc;
        rc = db_cursor_seek(cursor, bytes_of(copy), &key, &value, err);
        bool ours = rc == 0 && bytes_has_prefix(key, "slot/");
        if (ours) {
            memcpy(copy, key.p, key.n);
            copy[key.n] = '\0';
        }
        db_cursor_close(cursor);
        if (!ours) break;
        if (!is_named(named, (uint32_t)strtoul(copy + 5, NULL, 16))) {
            rc = db_del(txn, DERIVED_STATE, bytes_of(copy), err);
        }
        size_t n = strlen(copy);
        copy[n] = '!'; /* after it, before the next slot */
        copy[n + 1] = '\0';
        rc = n > 64 ? 1 : rc;
    }
    return rc < 0 ? rc : 0;
}

/* *ret_found: there was garbage. */
static int sweep_some(struct db *db, bool write, bool *ret_found, struct err *err) {
    struct db_txn *txn = NULL;
    struct named named;
    uint32_t slot = 0;
    int rc = db_begin(db, write, &txn, err);
    if (rc != 0) return rc;
    rc = collect_named(txn, &named, err);
    if (rc == 0) rc = first_garbage(txn, &named, &slot, err);
    *ret_found = rc == 0;
    rc = rc == 1 ? 0 : rc != 0 || !write ? rc : remove_rows(txn, slot, err);
    if (rc == 0 && write && !*ret_found) rc = remove_columns(txn, &named, err);
    if (rc != 0 || !write) {
        db_abort(txn);
        return rc;
    }
    return db_commit(txn, err);
}

int store_sweep(struct db *db, const volatile int *stop, struct err *err) {
    bool found = false;
    int rc = sweep_some(db, false, &found, err);
    while (rc == 0 && found && (stop == NULL || *stop == 0)) {
        rc = sweep_some(db, true, &found, err);
    }
    return rc;
}
