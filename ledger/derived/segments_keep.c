/* The only place where idempotency keys and derived data meet; no append ever comes here. */
#include "ledger/derived/segments_keep.h"

#include "ledger/dedup/keeper.h"
#include "ledger/dedup/keyproof.h"
#include "ledger/dedup/segments.h"
#include "ledger/derived/derived.h"

/* Removes segments that do not parse; if even that is impossible, the whole environment is replaced. */
static int start_over(struct ledger *ledger, struct db **db, struct err *err) {
    int rc = segments_drop(*db, err);
    if (rc == ERR_CORRUPT) {
        rc = derived_renew(ledger, err);
        if (rc == 0) rc = derived_open(ledger, true, db, err);
    }
    return rc;
}

static int open_segments(struct ledger *ledger, struct db **ret, struct err *err) {
    struct db *db = ledger->segments;
    if (db != NULL) {
        *ret = db;
        return 0;
    }
    int rc = derived_open(ledger, false, &db, err);
    if (rc == ERR_NOTFOUND || rc == ERR_CORRUPT || rc == ERR_VERSION) {
        rc = derived_open(ledger, true, &db, err);
    }
    if (rc == 0) rc = segments_settle(ledger, db, err);
    if (db != NULL && (rc == ERR_CORRUPT || rc == ERR_VERSION)) rc = start_over(ledger, &db, err);
    if (rc != 0) return rc;
    derived_publish(ledger, db);
    *ret = db;
    return 0;
}

int segments_keep(struct ledger *ledger, bool last) {
    struct log_head head;
    struct db *db;
    uint64_t covered = 0, before = UINT64_MAX;
    int rc = open_segments(ledger, &db, NULL);
    if (rc == 0 && ledger->keys_doubted) {
        rc = segments_drop(db, NULL);
        ledger->keys_doubted = rc != 0;
    }
    if (rc == 0) rc = log_head(ledger, &head, NULL);
    if (rc == 0) rc = segments_covered(db, &covered, NULL);
    while (rc == 0 && covered + CORE_SEGMENT <= head.size && covered != before && !ledger->closing) {
        before = covered;
        keeper_step(ledger);
        rc = segments_build(ledger, db, covered + CORE_SEGMENT, &covered, NULL);
    }
    if (rc == 0 && last && ledger->runs_due) {
        keyproof_vouch(ledger, db);
    }
    return rc;
}
