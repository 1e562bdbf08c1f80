/* Who reads the databases of a ledger, as LMDB's tables say. */
#include "ledger/core/core.h"
#include "ledger/derived/derived.h"

/* *ret is NULL where there is no derived data. */
static int find(struct ledger *ledger, enum log_database which, struct db **ret, struct err *err) {
    struct err why = {0};
    *ret = ledger->evidence;
    int rc = which == LOG_EVIDENCE ? 0 : derived_look(ledger, ret, &why);
    if (rc == ERR_NOTFOUND) {
        *ret = NULL;
        return 0;
    }
    return rc == 0 ? 0 : err_set(err, rc, "%s", why.msg);
}

int log_readers_look(struct ledger *ledger, enum log_database which, struct log_readers *ret, struct err *err) {
    struct db_reader_counts counts = {0};
    struct db *db = NULL;
    int rc = find(ledger, which, &db, err);
    if (rc == 0 && db != NULL) rc = db_look_at_readers(db, &counts, err);
    if (rc == 0) {
        *ret = (struct log_readers){counts.live, counts.dead, counts.oldest_commits, counts.oldest_pid};
    }
    return rc;
}

int log_readers_clear(struct ledger *ledger, enum log_database which, uint64_t *ret_dead, struct err *err) {
    uint64_t dead = 0;
    struct db *db = NULL;
    int rc = find(ledger, which, &db, err);
    if (rc == 0 && db != NULL) rc = db_clear_readers(db, &dead, err);
    if (rc == 0) {
        *ret_dead = dead;
    }
    return rc;
}
