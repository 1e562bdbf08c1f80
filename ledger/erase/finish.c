/* Content that was erased from the tables is still in pages that the database no longer uses, in the unused parts of pages
 * in use, and in derived data. It is removed with the generation that has them:
 *
 *   write lock · remove unfinished copies · copy all records but "erasing" to "evidence.<n+1>.new" · sync ·
 *   rename to "evidence.<n+1>", sync · put "superseded" into the old one and commit: from here on the new one is valid
 *   every process moves on when its next transaction begins; derived data starts afresh beside the new generation
 *   when nobody has the old files open: overwrite and remove them
 *
 * Until then nobody answers from derived data: the record "erasing" forbids it (erase_is_done).
 * A crash before that commit leaves the old generation valid and a copy that the next run removes; a crash after it leaves
 * the new generation valid and old files that the next run removes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ledger/core/headfile.h"
#include "ledger/core/place.h"
#include "ledger/derived/derived.h"
#include "ledger/erase/erase.h"
#include "ledger/store/burial.h"
#include "ledger/store/generation.h"
#include "ledger/write/artifact.h"
#include "ledger/write/commit.h"

#define POLL_NS (CLOCK_NS_PER_S / 50)

/* The copy can be opened and has the right head. */
static int check_copy(struct ledger *ledger, struct db_txn *txn, const char *tmp, struct err *err) {
    struct db_options options = {
        .tables = core_table_names, .n_tables = CORE_TABLES, .map_bytes = ledger->config.map_bytes, .read_only = true};
    struct db *copy = NULL;
    struct db_txn *in = NULL;
    struct bytes want, got;
    int rc = db_open(tmp, &options, &copy, err);
    if (rc == 0) rc = db_begin(copy, false, &in, err);
    if (rc == 0) rc = db_get(txn, T_META, bytes_of("head"), &want, err);
    if (rc == 0) rc = db_get(in, T_META, bytes_of("head"), &got, err);
    if (rc == 0 && !bytes_eq(want, got)) {
        rc = err_set(err, ERR_CORRUPT, "the copy '%s' has another head", tmp);
    }
    db_abort(in);
    db_close(copy);
    return rc == ERR_NOTFOUND ? err_set(err, ERR_CORRUPT, "the copy '%s' has no head", tmp) : rc;
}

static int make_copy(struct ledger *ledger, struct db_txn *txn, const char *base, uint64_t next, struct err *err) {
    char tmp[FILE_PATH_MAX], path[FILE_PATH_MAX];
    int rc = generation_tmp(base, next, tmp, err);
    if (rc == 0) rc = generation_path(base, next, path, err);
    if (rc == 0) rc = db_copy(txn, tmp, CORE_ERASING, err);
    if (rc == 0) rc = place_carry(ledger, txn, tmp, err);
    if (rc == 0) rc = check_copy(ledger, txn, tmp, err);
    if (rc == 0 && rename(tmp, path) != 0) rc = err_errno(err, errno, "'%s'", path);
    if (rc == 0) rc = file_sync_dir(ledger->dir, err);
    return rc;
}

/* ---- artifacts ---- */

static int wipe_erased(struct ledger *ledger, struct db_txn *txn, struct err *err) {
    struct db_cursor *cursor;
    struct bytes key, record;
    int rc = db_cursor_open(txn, T_ARTIFACT, &cursor, err);
    if (rc != 0) return rc;
    rc = db_cursor_seek(cursor, (struct bytes){NULL, 0}, &key, &record, err);
    while (rc == 0) {
        rc = artifact_wipe(ledger, key, record, err);
        if (rc == 0) rc = db_cursor_next(cursor, &key, &record, err);
    }
    db_cursor_close(cursor);
    return rc < 0 ? rc : 0;
}

int erase_artifacts(struct ledger *ledger, struct err *err) {
    struct db_txn *txn;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    rc = wipe_erased(ledger, txn, err);
    db_abort(txn);
    if (rc == 0) rc = artifact_sweep(ledger, err);
    return rc;
}

/* ---- the next generation ---- */

/* 1: this generation holds nothing that was erased. Under `write.lock`. */
static int switch_over(struct ledger *ledger, struct err *err) {
    char base[FILE_PATH_MAX];
    struct db_txn *txn = NULL;
    struct bytes erasing;
    uint8_t mark[8];
    int rc = core_path(ledger, "evidence", base, err);
    if (rc == 0) rc = db_begin_reserved(ledger->evidence, &txn, err);
    if (rc == 0) rc = db_get(txn, T_META, bytes_of(CORE_ERASING), &erasing, err);
    if (rc != 0) {
        db_abort(txn);
        return rc == ERR_NOTFOUND && txn != NULL ? 1 : rc;
    }
    uint64_t now = db_txn_generation(txn);
    be64_put(mark, now + 1);
    rc = generation_sweep(base, now, err);
    if (rc == 0) rc = wipe_erased(ledger, txn, err); /* also what was erased just now: its record "erasing" goes too */
    if (rc == 0) rc = make_copy(ledger, txn, base, now + 1, err);
    if (rc == 0) rc = db_put(txn, T_META, bytes_of(DB_SUPERSEDED), (struct bytes){mark, sizeof(mark)}, DB_PUT, err);
    if (rc == 0) return db_commit(txn, err);
    generation_sweep(base, now, NULL); /* while nobody else can make one */
    db_abort(txn);
    return rc;
}

/* ---- all of it ---- */

static int bury(struct ledger *ledger, uint64_t now, uint64_t *ret_pid, struct err *err) {
    static const char *const names[] = {"evidence", "derived"};
    char base[FILE_PATH_MAX];
    struct err later = {0};
    int busy = 0;
    for (size_t i = 0; i < 2; i++) {
        int rc = core_path(ledger, names[i], base, err);
        if (rc == 0) rc = burial_run(base, i == 1, now, ret_pid, &later);
        if (rc != 0 && rc != ERR_BUSY) return err_set(err, rc, "%s", later.msg);
        busy = rc != 0 ? rc : busy;
    }
    return busy == 0 ? 0 : err_set(err, busy, "%s", later.msg);
}

int log_erase_finish(struct ledger *ledger, uint64_t wait_ns, uint64_t *ret_pid, struct err *err) {
    const struct timespec pause = {0, (long)POLL_NS};
    uint64_t began = clock_monotonic_ns(), pid = 0;
    struct db_txn *txn = NULL;
    if (ledger->read_only) {
        return err_set(err, ERR_INVALID, "the ledger was opened for reading only");
    }
    int rc = headfile_check_now(ledger, err); /* an older database would not know all artifacts */
    if (rc == 0) rc = erase_artifacts(ledger, err);
    if (rc != 0) return rc;
    pthread_mutex_lock(&ledger->write.lock);
    rc = switch_over(ledger, err);
    rc = rc < 0 ? rc : db_begin(ledger->evidence, false, &txn, err); /* moves this handle on */
    uint64_t now = rc == 0 ? db_txn_generation(txn) : 0;
    db_abort(txn);
    if (rc == 0) {
        ledger->write.built.whole = false;
        ledger->write.lookup_valid = false;
    }
    pthread_mutex_unlock(&ledger->write.lock);
    derived_follow(ledger);
    while (rc == 0 && (rc = bury(ledger, now, &pid, err)) == ERR_BUSY && clock_monotonic_ns() - began < wait_ns) {
        nanosleep(&pause, NULL);
        derived_follow(ledger); /* another thread may have been opening it */
        rc = 0;
    }
    if (rc == ERR_BUSY && ret_pid != NULL) {
        *ret_pid = pid;
    }
    return rc;
}

void erase_tidy(struct ledger *ledger) {
    char base[FILE_PATH_MAX];
    uint64_t now = db_generation(ledger->evidence), pid;
    if (now > 0) {
        bury(ledger, now, &pid, NULL);
    } else if (core_path(ledger, "evidence", base, NULL) == 0) {
        burial_run(base, false, now, &pid, NULL); /* what was begun to be removed */
    }
}

bool erase_left(struct ledger *ledger, uint64_t *ret_pid) {
    static const char *const names[] = {"derived", "evidence"};
    char base[FILE_PATH_MAX];
    uint64_t pid = 0, now = db_generation(ledger->evidence);
    bool any = false;
    *ret_pid = 0;
    for (size_t i = 0; i < 2; i++) {
        any = (core_path(ledger, names[i], base, NULL) == 0 && burial_left(base, now, &pid)) || any;
        *ret_pid = pid != 0 ? pid : *ret_pid;
    }
    return any;
}

/* What cannot be looked up is as if it were there. */
bool erase_is_done(struct db_txn *evidence, uint64_t generation) {
    struct bytes erasing;
    return db_txn_generation(evidence) == generation &&
           db_get(evidence, T_META, bytes_of(CORE_ERASING), &erasing, NULL) == ERR_NOTFOUND;
}

int erase_excuses(struct ledger *ledger, uint64_t generation, bool *ret, struct err *err) {
    struct db_txn *txn = NULL;
    struct bytes erasing;
    int rc = db_begin(ledger->evidence, false, &txn, err);
    if (rc != 0) return rc;
    if (db_txn_generation(txn) == generation) {
        *ret = db_get(txn, T_META, bytes_of(CORE_ERASING), &erasing, NULL) == 0;
    } else {
        rc = err_set(err, ERR_BUSY, "something was erased since derived data was read");
    }
    db_abort(txn);
    return rc;
}
