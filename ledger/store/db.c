/* The LMDB door: handles, which stand for a database through all its generations. db_env.c opens environments, db_txn.c has
 * transactions, db_records.c what is in them. */
#include "ledger/store/db.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/store/db_env.h"

bool db_is_of_parent(const struct db *db) {
    return db->forks != db_forks();
}

int db_check_process(const struct db *db, struct err *err) {
    return !db_is_of_parent(db)
               ? 0
               : err_set(err, ERR_INVALID, "'%s' was opened before this process was forked: open it again in this process",
                         db->base);
}

int db_open(const char *dir, const struct db_options *options, struct db **ret, struct err *err) {
    if (options->n_tables > DB_TABLES_MAX || strlen(dir) >= FILE_PATH_MAX) {
        return err_set(err, ERR_LIMIT, "'%s': too many tables or too long a path", dir);
    }
    struct db *db = calloc(1, sizeof(*db));
    if (db == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    memcpy(db->base, dir, strlen(dir) + 1);
    pthread_mutex_init(&db->lock, NULL);
    db->options = *options;
    db->forks = db_forks();
    int rc = options->generations ? db_open_generation(db, 0, options->create, &db->now, err)
                                  : db_open_env(db, 0, options->create, &db->now, err);
    if (rc != 0) {
        db_close(db);
        return rc;
    }
    *ret = db;
    return 0;
}

void db_park(struct db *db) {
    if (db->now != NULL) {
        db_env_forget(db->now);
    }
}

void db_retire(struct db *db) {
    pthread_mutex_lock(&db->lock);
    struct db_env *e = db->now;
    db->now = NULL;
    db->retired = true;
    pthread_mutex_unlock(&db->lock);
    if (e != NULL) {
        db_let_go(db, e);
    }
}

void db_close(struct db *db) {
    if (db != NULL && !db_is_of_parent(db)) {
        db_retire(db);
        pthread_mutex_destroy(&db->lock);
        free(db);
    }
}

uint64_t db_newest(struct db *db) {
    struct db_env *e = db_hold(db);
    uint64_t newest = e == NULL ? 0 : db_newest_of(e);
    if (e != NULL) {
        db_let_go(db, e);
    }
    return newest;
}

uint64_t db_generation(struct db *db) {
    struct db_env *e = db_hold(db);
    uint64_t generation = e == NULL ? 0 : e->generation;
    if (e != NULL) {
        db_let_go(db, e);
    }
    return generation;
}
