/* The LMDB door, second part: transactions, and how they move on to the generation that is valid. */
#include <stdlib.h>

#include "ledger/store/db.h"
#include "ledger/store/db_env.h"

#define DB_PATH_PAGES 32 /* pages on the way to what a commit changes, in all tables, that it may write anew */
#define DB_LOOK_AFTER ((uint64_t)16 << 20) /* bytes of growth after which a writer looks for dead readers */

static int begin_in(struct db_env *e, unsigned flags, MDB_txn **ret, struct err *err) {
    int dead;
    int rc = DB_CALL(e, mdb_txn_begin(e->env, NULL, flags, ret));
    if (rc == MDB_READERS_FULL) {
        mdb_reader_check(e->env, &dead);
        rc = DB_CALL(e, mdb_txn_begin(e->env, NULL, flags, ret));
    }
    return rc == 0 ? 0 : db_fail(e, rc, "beginning a transaction", err);
}

/* ---- writing ---- */

/* LMDB takes the number of the newest commit, and with it the pages that it may write over, from its table of locks. What
 * the two meta pages of the file say decides. 1: the table is wrong. */
static int begin_write(const struct db *db, struct db_env *e, MDB_txn **ret, struct err *err) {
    MDB_envinfo info;
    int rc = db_lock_write(db, e, err);
    if (rc != 0) return rc;
    rc = begin_in(e, 0, ret, err);
    if (rc == 0 && (mdb_env_info(e->env, &info) != 0 || mdb_txn_id(*ret) != info.me_last_txnid + 1)) {
        mdb_txn_abort(*ret);
        rc = 1;
    }
    if (rc != 0) {
        db_write_lock_give(&e->write_lock);
    }
    return rc;
}

/* What a killed process left in the table of readers keeps every page that was freed since from being used again, and
 * nobody else looks. With the write lock held. */
static void look_for_dead(struct db_env *e) {
    MDB_envinfo info;
    int dead;
    if (mdb_env_info(e->env, &info) == 0 && info.me_last_pgno >= e->look_at) {
        uint64_t step = e->map_bytes / 16 < DB_LOOK_AFTER ? e->map_bytes / 16 : DB_LOOK_AFTER;
        e->look_at = info.me_last_pgno + step / DB_PAGE;
        mdb_reader_check(e->env, &dead);
    }
}

/* Nothing can be committed after that mark, for it is written under the write lock. */
static bool is_superseded(const struct db *db, const struct db_env *e, MDB_txn *txn) {
    static char mark[] = DB_SUPERSEDED;
    MDB_val k = {sizeof(mark) - 1, mark}, v;
    return db->options.generations && DB_CALL(e, mdb_get(txn, e->dbi[0], &k, &v)) == 0;
}

static int move_on(struct db *db, const struct db_env *from, struct err *err) {
    struct db_env *next = NULL, *old = NULL;
    pthread_mutex_lock(&db->lock);
    int rc = db->now == from ? db_open_generation(db, from->generation + 1, false, &next, err) : 0;
    if (next != NULL) {
        old = db->now;
        db->now = next;
    }
    pthread_mutex_unlock(&db->lock);
    if (rc == ERR_NOTFOUND) {
        rc = err_set(err, ERR_CORRUPT, "'%s' was superseded, and its replacement is missing", from->path);
    }
    if (old != NULL) {
        db_let_go(db, old);
    }
    return rc;
}

static int fail_gone(struct db *db, struct err *err) {
    pthread_mutex_lock(&db->lock);
    bool retired = db->retired;
    pthread_mutex_unlock(&db->lock);
    return retired ? err_set(err, ERR_NOTFOUND, "'%s' was replaced", db->base)
                   : err_set(err, ERR_BUSY, "'%s': its table of locks was damaged: open it again", db->base);
}

/* The table of locks is damaged: by a program that was ended while it opened the database, and that took no lock of ours.
 */
static int mend_table(struct db *db, struct db_env *e, bool again, struct err *err) {
    if (!again) return db_open_again(db, e, err);
    int rc = err_set(err, ERR_BUSY,
                     "'%s': its table of locks (lock.mdb) is damaged, nothing was written: end all processes that have it "
                     "open, then try again",
                     e->path);
    db_let_go(db, e);
    return rc;
}

/* Into the environment that is valid now. */
static int enter(struct db_txn *txn, struct err *err) {
    struct db *db = txn->db;
    for (bool again = false;;) {
        MDB_txn *in;
        struct db_env *e = db_hold(db);
        if (e == NULL) return fail_gone(db, err);
        int rc = txn->write ? begin_write(db, e, &in, err) : begin_in(e, MDB_RDONLY, &in, err);
        if (rc == 0 && !is_superseded(db, e, in)) {
            txn->env = e;
            txn->txn = in;
            return 0;
        }
        if (rc == 1) {
            rc = mend_table(db, e, again, err); /* lets go of e */
            again = true;
        } else {
            if (rc == 0) {
                mdb_txn_abort(in);
                if (txn->write) {
                    db_write_lock_give(&e->write_lock);
                }
                rc = move_on(db, e, err);
            }
            db_let_go(db, e);
        }
        if (rc != 0) return rc;
    }
}

static int begin_any(struct db *db, bool write, bool reserved, struct db_txn **ret, struct err *err) {
    if (db_check_process(db, err) != 0) return ERR_INVALID;
    struct db_txn *txn = calloc(1, sizeof(*txn));
    if (txn == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    txn->db = db;
    txn->write = write;
    txn->reserved = reserved;
    int rc = enter(txn, err);
    if (rc != 0) {
        free(txn);
        return rc;
    }
    if (write) {
        look_for_dead(txn->env);
    }
    *ret = txn;
    return 0;
}

int db_begin(struct db *db, bool write, struct db_txn **ret, struct err *err) {
    return begin_any(db, write, false, ret, err);
}

int db_begin_reserved(struct db *db, struct db_txn **ret, struct err *err) {
    return begin_any(db, true, true, ret, err);
}

/* An empty write transaction keeps everybody else from writing. */
int db_look(struct db *db, struct db_txn **ret, struct err *err) {
    struct db_txn *txn = calloc(1, sizeof(*txn));
    if (txn == NULL) return err_set(err, ERR_NOMEM, "out of memory");
    txn->db = db;
    int rc = begin_any(db, true, true, &txn->under, err);
    if (rc == 0) rc = db_open_loose(db, txn->under->env, &txn->env, err);
    if (rc == 0) rc = begin_in(txn->env, MDB_RDONLY, &txn->txn, err);
    if (rc == 0 && mdb_txn_id(txn->txn) + 1 != mdb_txn_id(txn->under->txn)) {
        rc = err_set(err, ERR_IO, "'%s': its newest commit is %llu, not %llu", txn->env->path,
                     (unsigned long long)mdb_txn_id(txn->txn), (unsigned long long)mdb_txn_id(txn->under->txn) - 1);
    }
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    *ret = txn;
    return 0;
}

/* The last part of the map is reserved for control events: they must still fit when the quota is used up. */
static int check_reserve(struct db_txn *txn, struct err *err) {
    MDB_envinfo info;
    MDB_stat st;
    if (txn->reserved || txn->db->options.reserve_bytes == 0) return 0;
    mdb_env_info(txn->env->env, &info);
    mdb_env_stat(txn->env->env, &st);
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize; /* before this transaction: LMDB does not say more */
    uint64_t may = txn->growth + DB_PATH_PAGES * st.ms_psize;
    if (used + may + txn->db->options.reserve_bytes <= txn->db->options.map_bytes) return 0;
    return db_fail(txn->env, MDB_MAP_FULL, "committing", err);
}

static int after_commit(struct db_env *e, int rc, struct err *err) {
    MDB_txn *probe;
    if (rc == 0) return 0;
    int state = mdb_txn_begin(e->env, NULL, MDB_RDONLY, &probe);
    if (state == 0) {
        mdb_txn_abort(probe);
    } else if (state == MDB_PANIC) {
        /* It failed at the meta page: after reopening it may turn out to be stored, even on a full disk. */
        return err_set(err, ERR_IO, "'%s': committing: %s; whether it is stored shows when it is opened again", e->path,
                       mdb_strerror(rc));
    }
    return db_fail(e, rc, "committing", err);
}

/* The transaction itself is over. */
static void leave(struct db_txn *txn) {
    if (txn->under != NULL) { /* of db_look */
        if (txn->env != NULL) {
            db_close_env(txn->env);
        }
        db_abort(txn->under);
    } else {
        if (txn->write) {
            db_write_lock_give(&txn->env->write_lock);
        }
        db_let_go(txn->db, txn->env);
    }
    free(txn);
}

int db_commit(struct db_txn *txn, struct err *err) {
    struct db_env *e = txn->env;
    if (db_check_process(txn->db, err) != 0) return ERR_INVALID;
    int rc = txn->write ? check_reserve(txn, err) : 0;
    if (rc != 0) {
        db_abort(txn);
        return rc;
    }
    rc = DB_CALL(e, mdb_txn_commit(txn->txn));
    if (rc == 0 && txn->write) {
        db_make_whole(e);
    }
    rc = after_commit(e, rc, err);
    leave(txn);
    return rc;
}

void db_abort(struct db_txn *txn) {
    if (txn != NULL && !db_is_of_parent(txn->db)) {
        mdb_txn_abort(txn->txn);
        if (txn->full) { /* a full map is also what a dead reader looks like */
            int dead;
            mdb_reader_check(txn->env->env, &dead);
        }
        leave(txn);
    }
}

int db_end(struct db_txn *txn, int rc, struct err *err) {
    if (rc == 0) return db_commit(txn, err);
    db_abort(txn);
    return rc;
}

void db_rest(struct db_txn *txn) {
    if (txn->txn != NULL && !db_is_of_parent(txn->db)) {
        mdb_txn_reset(txn->txn);
    }
}

int db_renew(struct db_txn *txn, struct err *err) {
    if (txn->txn == NULL) {
        return err_set(err, ERR_IO, "'%s': its snapshot could not be renewed before", txn->env->path);
    }
    int rc = db_check_process(txn->db, err);
    if (rc != 0) return rc;
    mdb_txn_reset(txn->txn);
    rc = DB_CALL(txn->env, mdb_txn_renew(txn->txn));
    if (rc != 0) return db_fail(txn->env, rc, "renewing a snapshot", err);
    if (!is_superseded(txn->db, txn->env, txn->txn)) return 0;
    struct db_env *old = txn->env;
    mdb_txn_abort(txn->txn);
    txn->txn = NULL;
    rc = move_on(txn->db, old, err);
    if (rc == 0) rc = enter(txn, err);
    if (rc == 0) {
        db_let_go(txn->db, old);
    }
    return rc;
}

uint64_t db_txn_generation(const struct db_txn *txn) {
    return txn->env->generation;
}

bool db_is_unheld(const struct db_txn *txn) {
    return txn->env->unheld && (txn->txn == NULL || db_newest_of(txn->env) != mdb_txn_id(txn->txn));
}
