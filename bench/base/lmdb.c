/* LMDB with nothing around it: the minimum cost of the ledger's storage. */
#include <lmdb.h>
#include <stdlib.h>

#include "base/file.h"
#include "bench/base/base.h"
#include "bench/metric.h"

#define MAP_BYTES ((size_t)64 << 30)

struct base_lmdb {
    MDB_env *env;
    MDB_dbi dbi;
    uint64_t next;
};

static int failed(int code, const char *what, struct err *err) {
    return err_set(err, ERR_IO, "LMDB: %s: %s", what, mdb_strerror(code));
}

int base_lmdb_open(const char *dir, struct base_lmdb **ret, struct err *err) {
    MDB_txn *txn = NULL;
    struct base_lmdb *base = calloc(1, sizeof(*base));
    if (base == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    int rc = file_make_dirs(dir, err);
    if (rc != 0) {
        goto out;
    }
    int code = mdb_env_create(&base->env);
    if (code == 0) code = mdb_env_set_mapsize(base->env, MAP_BYTES);
    if (code == 0) code = mdb_env_open(base->env, dir, MDB_NOTLS, 0600);
    if (code == 0) code = mdb_txn_begin(base->env, NULL, 0, &txn);
    if (code == 0) code = mdb_dbi_open(txn, NULL, MDB_CREATE, &base->dbi);
    if (code == 0) code = mdb_txn_commit(txn);
    rc = code != 0 ? failed(code, "open", err) : 0;
out:
    if (rc != 0) {
        base_lmdb_close(base);
        return rc;
    }
    *ret = base;
    return 0;
}

static int put(struct base_lmdb *base, MDB_txn *txn, struct bytes value) {
    uint8_t key[8];
    be64_put(key, base->next);
    MDB_val k = {sizeof(key), key}, v = {value.n, (void *)(uintptr_t)value.p};
    int rc = mdb_put(txn, base->dbi, &k, &v, MDB_APPEND);
    base->next += rc == 0;
    return rc;
}

int base_lmdb_put(struct base_lmdb *base, const struct wire *wire, double *ret_s, struct err *err) {
    MDB_txn *txn = NULL;
    int rc = 0;
    double start = metric_now();
    for (size_t i = 0; i < wire->n && rc == 0; i++) {
        rc = txn != NULL ? 0 : mdb_txn_begin(base->env, NULL, 0, &txn);
        if (rc == 0) rc = put(base, txn, wire_at(wire, i));
        if (rc == 0 && ((i + 1) % LOAD_COMMIT == 0 || i + 1 == wire->n)) {
            rc = mdb_txn_commit(txn);
            txn = NULL;
        }
    }
    if (rc != 0) {
        mdb_txn_abort(txn);
        return failed(rc, "append", err);
    }
    *ret_s = metric_now() - start;
    return 0;
}

int base_lmdb_one(struct base_lmdb *base, struct bytes value, double *ret_s, struct err *err) {
    MDB_txn *txn = NULL;
    double start = metric_now();
    int rc = mdb_txn_begin(base->env, NULL, 0, &txn);
    if (rc == 0 && (rc = put(base, txn, value)) != 0) {
        mdb_txn_abort(txn);
    } else if (rc == 0) {
        rc = mdb_txn_commit(txn);
    }
    if (rc != 0) return failed(rc, "append", err);
    *ret_s = metric_now() - start;
    return 0;
}

void base_lmdb_close(struct base_lmdb *base) {
    if (base != NULL && base->env != NULL) {
        mdb_env_close(base->env);
    }
    free(base);
}
