/* The LMDB door, third part: records, cursors, and questions about a whole database. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ledger/store/db.h"
#include "ledger/store/db_env.h"
#include "ledger/store/db_pages.h"

#define CHECK_TRIES 1000

/* ---- records ---- */

static MDB_val val_of(struct bytes b) {
    union {
        const uint8_t *in;
        void *out;
    } p = {.in = b.p}; /* LMDB's values are not const, it does not write through them */
    return (MDB_val){b.n, p.out};
}

static struct bytes bytes_of_val(MDB_val v) {
    return (struct bytes){v.mv_data, v.mv_size};
}

int db_get(struct db_txn *txn, size_t table, struct bytes key, struct bytes *ret, struct err *err) {
    MDB_val k = val_of(key), v;
    int rc = db_check_process(txn->db, err); /* a parent's snapshot is not held for its child */
    if (rc != 0) return rc;
    rc = DB_CALL(txn->env, mdb_get(txn->txn, txn->env->dbi[table], &k, &v));
    if (rc == MDB_NOTFOUND) return ERR_NOTFOUND;
    if (rc != 0) return db_fail(txn->env, rc, txn->db->options.tables[table], err);
    *ret = bytes_of_val(v);
    return 0;
}

int db_put(struct db_txn *txn, size_t table, struct bytes key, struct bytes value, enum db_put_flag flag, struct err *err) {
    MDB_val k = val_of(key), v = val_of(value);
    unsigned flags = flag == DB_APPEND ? MDB_APPEND : flag == DB_NEW ? MDB_NOOVERWRITE : 0;
    int rc = DB_CALL(txn->env, mdb_put(txn->txn, txn->env->dbi[table], &k, &v, flags));
    size_t n = key.n + value.n;
    txn->growth += n < DB_OVERFLOW ? 2 * n : n + 2 * DB_PAGE; /* splits leave half pages; long values have their own */
    txn->full = txn->full || rc == MDB_MAP_FULL;
    return rc == 0 ? 0 : db_fail(txn->env, rc, txn->db->options.tables[table], err);
}

int db_del(struct db_txn *txn, size_t table, struct bytes key, struct err *err) {
    MDB_val k = val_of(key);
    int rc = DB_CALL(txn->env, mdb_del(txn->txn, txn->env->dbi[table], &k, NULL));
    return rc == 0 || rc == MDB_NOTFOUND ? 0 : db_fail(txn->env, rc, txn->db->options.tables[table], err);
}

int db_get_u64(struct db_txn *txn, size_t table, uint64_t key, struct bytes *ret, struct err *err) {
    uint8_t be[8];
    be64_put(be, key);
    return db_get(txn, table, (struct bytes){be, sizeof(be)}, ret, err);
}

int db_put_u64(struct db_txn *txn, size_t table, uint64_t key, struct bytes value, enum db_put_flag flag, struct err *err) {
    uint8_t be[8];
    be64_put(be, key);
    return db_put(txn, table, (struct bytes){be, sizeof(be)}, value, flag, err);
}

int db_del_u64(struct db_txn *txn, size_t table, uint64_t key, struct err *err) {
    uint8_t be[8];
    be64_put(be, key);
    return db_del(txn, table, (struct bytes){be, sizeof(be)}, err);
}

/* ---- cursors ---- */

int db_cursor_open(struct db_txn *txn, size_t table, struct db_cursor **ret, struct err *err) {
    int rc = db_check_process(txn->db, err);
    if (rc != 0) return rc;
    struct db_cursor *cursor = calloc(1, sizeof(*cursor));
    if (cursor == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    cursor->txn = txn;
    rc = DB_CALL(txn->env, mdb_cursor_open(txn->txn, txn->env->dbi[table], &cursor->cur));
    if (rc != 0) {
        free(cursor);
        return db_fail(txn->env, rc, txn->db->options.tables[table], err);
    }
    *ret = cursor;
    return 0;
}

static int cursor_get(struct db_cursor *cursor, MDB_val k, MDB_cursor_op op, struct bytes *ret_key, struct bytes *ret_value,
                      struct err *err) {
    MDB_val v;
    int rc = db_check_process(cursor->txn->db, err);
    if (rc != 0) return rc;
    rc = DB_CALL(cursor->txn->env, mdb_cursor_get(cursor->cur, &k, &v, op));
    if (rc == MDB_NOTFOUND) return 1;
    if (rc != 0) return db_fail(cursor->txn->env, rc, "reading on", err);
    *ret_key = bytes_of_val(k);
    *ret_value = bytes_of_val(v);
    return 0;
}

int db_cursor_seek(struct db_cursor *cursor, struct bytes key, struct bytes *ret_key, struct bytes *ret_value,
                   struct err *err) {
    return cursor_get(cursor, val_of(key), key.n == 0 ? MDB_FIRST : MDB_SET_RANGE, ret_key, ret_value, err);
}

int db_cursor_next(struct db_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err) {
    return cursor_get(cursor, (MDB_val){0, NULL}, MDB_NEXT, ret_key, ret_value, err);
}

int db_cursor_last(struct db_cursor *cursor, struct bytes *ret_key, struct bytes *ret_value, struct err *err) {
    return cursor_get(cursor, (MDB_val){0, NULL}, MDB_LAST, ret_key, ret_value, err);
}

void db_cursor_close(struct db_cursor *cursor) {
    if (cursor != NULL) {
        mdb_cursor_close(cursor->cur);
        free(cursor);
    }
}

int db_clear_prefix(struct db_txn *txn, size_t table, struct bytes prefix, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key = {NULL, 0}, value;
    uint8_t copy[DB_KEY_MAX];
    size_t n = 0;
    int rc = db_cursor_open(txn, table, &cursor, err);
    if (rc != 0) return rc;
    while (rc == 0) {
        rc = db_cursor_seek(cursor, prefix, &key, &value, err);
        if (rc != 0 || key.n < prefix.n || key.n > sizeof(copy) || memcmp(key.p, prefix.p, prefix.n) != 0) {
            break;
        }
        if (bytes_eq(key, (struct bytes){copy, n})) { /* the loop would never end */
            rc = err_set(err, ERR_CORRUPT, "'%s': a removed record is still there", txn->env->path);
            break;
        }
        n = key.n;
        memcpy(copy, key.p, n);
        rc = db_del(txn, table, (struct bytes){copy, n}, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

/* ---- the whole ---- */

int db_strangers(struct db_txn *txn, void (*found)(void *ctx, struct bytes name), void *ctx, struct err *err) {
    MDB_dbi root;
    MDB_cursor *cur = NULL;
    MDB_val k, v;
    int rc = DB_CALL(txn->env, mdb_dbi_open(txn->txn, NULL, 0, &root));
    if (rc == 0) rc = DB_CALL(txn->env, mdb_cursor_open(txn->txn, root, &cur));
    if (rc != 0) return db_fail(txn->env, rc, "listing tables", err);
    while ((rc = DB_CALL(txn->env, mdb_cursor_get(cur, &k, &v, MDB_NEXT))) == 0) {
        bool known = false;
        for (size_t i = 0; i < txn->db->options.n_tables; i++) {
            known = known || bytes_is(bytes_of_val(k), txn->db->options.tables[i]);
        }
        if (!known) {
            found(ctx, bytes_of_val(k));
        }
    }
    mdb_cursor_close(cur);
    return rc == MDB_NOTFOUND ? 0 : db_fail(txn->env, rc, "listing tables", err);
}

int db_clear(struct db_txn *txn, size_t table, struct err *err) {
    int rc = DB_CALL(txn->env, mdb_drop(txn->txn, txn->env->dbi[table], 0));
    return rc == 0 ? 0 : db_fail(txn->env, rc, "emptying a table", err);
}

int db_count(struct db_txn *txn, size_t table, uint64_t *ret, struct err *err) {
    MDB_stat st;
    int rc = DB_CALL(txn->env, mdb_stat(txn->txn, txn->env->dbi[table], &st));
    if (rc != 0) return db_fail(txn->env, rc, txn->db->options.tables[table], err);
    *ret = st.ms_entries;
    return 0;
}

/* The second commit after a snapshot overwrites its meta page. */
int db_check(struct db *db, struct err *err) {
    struct db_txn *txn;
    MDB_stat st;
    int rc = 1, fd = -1;
    for (int tries = 0; rc == 1 && tries < CHECK_TRIES; tries++) {
        rc = db_begin(db, false, &txn, err);
        if (rc != 0) return rc;
        rc = mdb_env_stat(txn->env->env, &st) != 0 || mdb_env_get_fd(txn->env->env, &fd) != 0
                 ? db_fail(txn->env, MDB_INVALID, "reading its state", err)
                 : db_pages_check(fd, st.ms_psize, mdb_txn_id(txn->txn), err);
        db_abort(txn);
    }
    return rc == 1 ? err_set(err, ERR_BUSY, "'%s' is written to so fast that its pages cannot be checked", db->base) : rc;
}

int db_sync(struct db *db, struct err *err) {
    struct db_env *e = db_hold(db);
    if (e == NULL) return err_set(err, ERR_NOTFOUND, "'%s' was replaced", db->base);
    int rc = mdb_env_sync(e->env, 1);
    rc = rc == 0 ? 0 : db_fail(e, rc, "syncing", err);
    db_let_go(db, e);
    return rc;
}

static int take_stats(struct db_env *e, struct db_stats *ret, struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    struct stat file;
    struct db_readers readers;
    uint64_t commits = 0;
    int dead = 0, fd;
    int rc = mdb_reader_check(e->env, &dead);
    if (rc == 0) rc = db_list_readers(e, &readers, &commits);
    if (rc == 0) rc = mdb_env_info(e->env, &info);
    if (rc == 0) rc = mdb_env_stat(e->env, &st);
    if (rc == 0) rc = mdb_env_get_fd(e->env, &fd);
    if (rc != 0) return db_fail(e, rc, "reading its state", err);
    if (fstat(fd, &file) != 0) return err_errno(err, errno, "'%s/data.mdb'", e->path);
    ret->file_bytes = (uint64_t)file.st_size;
    ret->map_bytes = info.me_mapsize;
    ret->used_bytes = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize;
    ret->readers = readers.n;
    ret->dead_readers = (uint64_t)dead;
    ret->oldest_reader_pid = commits == 0 ? 0 : readers.pid;
    ret->oldest_reader_commits = commits;
    return 0;
}

int db_stats(struct db *db, struct db_stats *ret, struct err *err) {
    struct db_env *e = db_hold(db);
    if (e == NULL) return err_set(err, ERR_NOTFOUND, "'%s' was replaced", db->base);
    int rc = take_stats(e, ret, err);
    uint64_t reserve = db->options.reserve_bytes;
    if (rc == 0) ret->usable_bytes = ret->map_bytes - (reserve < ret->map_bytes ? reserve : ret->map_bytes);
    db_let_go(db, e);
    return rc;
}
