/* The insides of the LMDB door, for its two files (db.c, db_records.c). Nobody else includes this. */
#ifndef LEDGER_DB_ENV_H
#define LEDGER_DB_ENV_H

#include <lmdb.h>
#include <sys/types.h>

#include "base/file.h"
#include "ledger/db.h"

#define DB_TABLES_MAX 16
#define DB_PAGE       4096
#define DB_OVERFLOW   2000 /* values from about this size have pages of their own */

struct db {
    MDB_env *env;
    MDB_dbi dbi[DB_TABLES_MAX];
    const char *const *names;
    size_t n;
    uint64_t map_bytes, reserve_bytes;
    uint64_t look_at; /* page number; under the write lock: see look_for_dead */
    char path[FILE_PATH_MAX];
    dev_t dev;
    ino_t ino;
    struct db *next_open; /* list of environments open in this process */
};

struct db_txn {
    struct db *db;
    MDB_txn *txn;
    bool write, reserved, full;
    uint64_t growth; /* bytes of pages that its puts may take at most */
};

struct db_cursor {
    struct db_txn *txn;
    MDB_cursor *cur;
};

/* Translates LMDB's code; the words say what was being done. Gives the ERR_*. */
int db_fail(struct db *db, int rc, const char *doing, struct err *err);

#endif
