/* A database is copied record by record. A copy of its pages would include their old content: LMDB reuses a page without
 * clearing it and writes it whole, so the space after a record, or between two, may hold a record that was deleted long ago
 * or belonged to another table. The pages of a new environment have no such history. */
#include "base/text.h"
#include "ledger/store/db.h"
#include "ledger/store/db_env.h"

#define COPY_COMMIT ((uint64_t)32 << 20) /* bytes of pages that one commit may hold in memory */

static int put(struct db *to, struct db_txn **txn, size_t table, struct bytes key, struct bytes value, struct err *err) {
    int rc = 0;
    if ((*txn)->growth >= COPY_COMMIT) {
        rc = db_commit(*txn, err);
        *txn = NULL;
        if (rc == 0) rc = db_begin(to, true, txn, err);
    }
    if (rc == 0) rc = db_put(*txn, table, key, value, DB_APPEND, err);
    return rc == ERR_CONFLICT ? err_set(err, ERR_CORRUPT, "table %s: its keys are not in order", to->options.tables[table])
                              : rc;
}

/* Records that a damaged page hides from the cursor would otherwise be lost. */
static int check_count(struct db_txn *from, size_t table, uint64_t n, struct err *err) {
    uint64_t want = 0;
    int rc = db_count(from, table, &want, err);
    return rc == 0 && n != want
               ? err_set(err, ERR_CORRUPT, "table %s: %llu of its %llu record%s can be read",
                         from->db->options.tables[table], (unsigned long long)n, (unsigned long long)want, text_s(want))
               : rc;
}

static int copy_table(struct db_txn *from, struct db *to, struct db_txn **txn, size_t table, const char *without,
                      struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, value;
    uint64_t n = 0;
    int rc = db_cursor_open(from, table, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &value, err);
    for (; rc == 0; n++) {
        bool left_out = table == 0 && without != NULL && bytes_is(key, without);
        rc = left_out ? 0 : put(to, txn, table, key, value, err);
        if (rc == 0) rc = db_cursor_next(cursor, &key, &value, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : check_count(from, table, n, err);
}

static int copy_tables(struct db_txn *from, struct db *to, const char *without, struct err *err) {
    struct db_txn *txn = NULL;
    int rc = db_begin(to, true, &txn, err);
    for (size_t table = 0; table < from->db->options.n_tables && rc == 0; table++) {
        rc = copy_table(from, to, &txn, table, without, err);
    }
    rc = db_end(txn, rc, err);
    if (rc == 0) rc = db_sync(to, err);
    return rc;
}

int db_copy(struct db_txn *from, const char *dir, const char *without, struct err *err) {
    uint64_t map_bytes = from->env->map_bytes;
    struct db_options options = {
        .tables = from->db->options.tables,
        .n_tables = from->db->options.n_tables,
        .map_bytes = map_bytes + map_bytes / 8, /* room for the overhead of copying */
        .create = true,
        .unsynced = true,
    };
    struct db *to = NULL;
    int rc = file_make_dirs(dir, err);
    if (rc == 0) rc = db_open(dir, &options, &to, err);
    if (rc == 0) rc = copy_tables(from, to, without, err);
    db_close(to);
    if (rc == 0) rc = file_sync_dir(dir, err);
    return rc;
}
